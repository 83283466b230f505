package log

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/log/vfs"
)

const (
	segmentSuffix = ".log"
	indexSuffix   = ".index"
	timesSuffix   = ".timeindex"
)

// segment is what the appender keeps of a segment that is active, or sealed but not synced yet. Its fields are guarded
// by Partition.mu, except the immutable ones above the line.
type segment struct {
	base  Offset
	path  string
	index string // path of the index file
	times string // path of the time index file

	f       vfs.File // nil when sealed and synced
	w       indexWriter
	tw      indexWriter
	next    Offset
	size    int64
	sparse  []indexEntry // only ever appended to, so views may share it
	stamps  []indexEntry // of the time index, one for each of sparse
	unsaved int          // sparse[unsaved:] is not in the index file yet, nor stamps[unsaved:]
	synced  int64        // bytes
	sealed  bool

	firstTime int64 // greatest timestamp of the first batch
	maxTime   int64 // greatest timestamp of all; noTime if there is no batch
}

// noTime is older than every time.
const noTime = math.MinInt64

func newSegment(dir string, base Offset) *segment {
	name := filepath.Join(dir, fmt.Sprintf("%020d", int64(base)))
	return &segment{
		base: base, path: name + segmentSuffix, index: name + indexSuffix, times: name + timesSuffix, next: base, maxTime: noTime,
		w: indexWriter{kind: offsetIndex, base: base}, tw: indexWriter{kind: timeIndex, base: base},
	}
}

// parseSegmentName returns the base offset in "<20 digits><suffix>".
func parseSegmentName(name, suffix string) (Offset, bool) {
	digits, ok := strings.CutSuffix(name, suffix)
	if !ok || len(digits) != 20 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return Offset(n), err == nil
}

// parseIndexName is parseSegmentName for both kinds of index.
func parseIndexName(name string) (Offset, bool) {
	if base, ok := parseSegmentName(name, indexSuffix); ok {
		return base, true
	}
	return parseSegmentName(name, timesSuffix)
}

// create makes the files of an empty segment. The directory is not synced.
func (s *segment) create(fs vfs.FS) error {
	var err error
	if s.f, err = fs.Create(s.path); err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	if err := s.w.create(fs, s.index); err != nil {
		return err
	}
	return s.tw.create(fs, s.times)
}

func (w *indexWriter) create(fs vfs.FS, path string) (err error) {
	if w.f, err = fs.Create(path); err != nil {
		return fmt.Errorf("create index: %w", err)
	}
	if _, err = w.f.WriteAt(w.kind.appendHeader(nil, w.base), 0); err != nil {
		return fmt.Errorf("create index: %w", err)
	}
	return nil
}

// add notes a batch that was written at the segment's end.
func (s *segment) add(b Batch, intervalBytes int64) {
	if s.size-s.lastIndexed() >= intervalBytes {
		s.sparse = append(s.sparse, indexEntry{off: b.BaseOffset(), pos: s.size})
		s.stamps = append(s.stamps, indexEntry{off: b.BaseOffset(), pos: s.maxTime})
	}
	if s.size == 0 {
		s.firstTime = b.MaxTimestamp()
	}
	s.maxTime = max(s.maxTime, b.MaxTimestamp())
	s.size += int64(len(b.b))
	s.next = b.LastOffset() + 1
}

// lastIndexed is the position of the last sparse entry; a segment begins with an implied one.
func (s *segment) lastIndexed() int64 {
	if len(s.sparse) == 0 {
		return 0
	}
	return s.sparse[len(s.sparse)-1].pos
}

func (s *segment) view() segmentView {
	return segmentView{seg: s, next: s.next, size: s.size, sparse: s.sparse, stamps: s.stamps, maxTime: s.maxTime}
}

// close closes the appender's handles.
func (s *segment) close() {
	if s.f != nil {
		s.f.Close()
	}
	if s.w.f != nil {
		s.w.f.Close()
	}
	if s.tw.f != nil {
		s.tw.f.Close()
	}
	s.f, s.w.f, s.tw.f = nil, nil, nil
}

// remove unlinks the indexes, then the segment: without an index a segment is only read anew, without a segment an index
// is refuse.
func (s *segment) remove(fs vfs.FS, dir string) error {
	s.close()
	for _, index := range []string{s.index, s.times} {
		if err := removeIfThere(fs, index); err != nil {
			return err
		}
	}
	if err := removeIfThere(fs, s.path); err != nil {
		return err
	}
	return fs.SyncDir(dir)
}
