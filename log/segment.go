package log

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/log/vfs"
)

const (
	segmentSuffix = ".log"
	indexSuffix   = ".index"
)

// segment is what the appender keeps of a segment that is active, or sealed but not synced yet. Its fields are guarded
// by Partition.mu, except the immutable ones above the line.
type segment struct {
	base  Offset
	path  string
	index string // path of the index file

	f       vfs.File // nil when sealed and synced
	w       indexWriter
	next    Offset
	size    int64
	sparse  []indexEntry // only ever appended to, so views may share it
	unsaved int          // sparse[unsaved:] is not in the index file yet
	synced  int64        // bytes
	sealed  bool
}

func newSegment(dir string, base Offset) *segment {
	name := filepath.Join(dir, fmt.Sprintf("%020d", int64(base)))
	return &segment{base: base, path: name + segmentSuffix, index: name + indexSuffix, next: base, w: indexWriter{base: base}}
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

// create makes the files of an empty segment. The directory is not synced.
func (s *segment) create(fs vfs.FS) error {
	var err error
	if s.f, err = fs.Create(s.path); err != nil {
		return fmt.Errorf("create segment: %w", err)
	}
	if s.w.f, err = fs.Create(s.index); err != nil {
		return fmt.Errorf("create index: %w", err)
	}
	if _, err = s.w.f.WriteAt(appendIndexHeader(nil, s.base), 0); err != nil {
		return fmt.Errorf("create index: %w", err)
	}
	return nil
}

// add notes a batch that was written at the segment's end.
func (s *segment) add(base, next Offset, sizeBytes int, intervalBytes int64) {
	if s.size-s.lastIndexed() >= intervalBytes {
		s.sparse = append(s.sparse, indexEntry{off: base, pos: s.size})
	}
	s.size += int64(sizeBytes)
	s.next = next
}

// lastIndexed is the position of the last sparse entry; a segment begins with an implied one.
func (s *segment) lastIndexed() int64 {
	if len(s.sparse) == 0 {
		return 0
	}
	return s.sparse[len(s.sparse)-1].pos
}

func (s *segment) view() segmentView {
	return segmentView{seg: s, next: s.next, size: s.size, sparse: s.sparse}
}

// close closes the appender's handles.
func (s *segment) close() {
	if s.f != nil {
		s.f.Close()
	}
	if s.w.f != nil {
		s.w.f.Close()
	}
	s.f, s.w.f = nil, nil
}

// remove unlinks the index, then the segment: without an index a segment is only read anew, without a segment an index
// is refuse.
func (s *segment) remove(fs vfs.FS, dir string) error {
	s.close()
	if err := removeIfThere(fs, s.index); err != nil {
		return err
	}
	if err := removeIfThere(fs, s.path); err != nil {
		return err
	}
	return fs.SyncDir(dir)
}
