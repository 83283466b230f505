package log

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/millracedb/millrace/log/vfs"
)

const (
	// DefaultSegmentBytes is the size at which a segment is sealed.
	DefaultSegmentBytes = 64 << 20
	// DefaultIndexIntervalBytes is the least distance of two index entries: what a read scans at most in vain.
	DefaultIndexIntervalBytes = 32 << 10
	// maxUnsyncedSealed bounds sealed segments whose files stay open because nobody called Sync; Append then does.
	maxUnsyncedSealed = 4
)

// Options of a partition. The zero value has the defaults.
type Options struct {
	// SegmentBytes: a segment that would grow beyond this is sealed.
	SegmentBytes int64
	// SegmentMillis: a segment is sealed before a batch that is newer than its first one by more than this, by their
	// greatest timestamps. 0: no limit.
	SegmentMillis int64
	// IndexIntervalBytes is the least distance of index entries.
	IndexIntervalBytes int64
	// SyncedOffset is the owner's own record of how far Sync has succeeded: batches below it were stored. If they do
	// not verify at open, that is ErrCorrupt, whatever the index says.
	SyncedOffset Offset
}

func (o Options) withDefaults() Options {
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.IndexIntervalBytes <= 0 {
		o.IndexIntervalBytes = DefaultIndexIntervalBytes
	}
	return o
}

// Partition is one partition's log: a directory of segments.
//
// Append, TruncateTo, DropBefore and Close may be called by one goroutine at a time or by many, they exclude each
// other; Sync runs beside Append; Read and the accessors run beside everything.
//
// Readers work on an immutable view that a writer replaces after its bytes are in the file. A reader with an old view
// may find that its bytes were truncated meanwhile: then the view's generation is not the present one, and it reads
// again with the new view.
type Partition struct {
	fs  vfs.FS
	dir string
	opt Options

	view    atomic.Pointer[view]
	handles handleCache
	pending atomic.Int32 // sealed segments that are not synced

	compactMu   sync.Mutex // one Compact at a time; taken before syncMu
	compactedTo Offset     // up to where the last Compact came, if cuts was compactedAt; both guarded by compactMu
	compactedAt uint64
	cuts        atomic.Uint64 // truncations

	syncMu sync.Mutex // one Sync, truncation or close at a time; taken before mu

	mu       sync.Mutex
	unsynced []*segment // sealed, not synced, oldest first
	active   *segment
	newNames bool  // the directory has entries that are not synced
	failed   error // set once by a failed write or sync
	closed   bool
}

// view is the immutable state that readers use. Segments are in ascending order and contiguous.
type view struct {
	sealed     []segmentView
	active     segmentView
	generation uint64 // goes up when bytes go away
	closed     bool
}

// segmentView is a segment as far as it was written when the view was made.
type segmentView struct {
	seg    *segment
	next   Offset
	size   int64
	sparse []indexEntry // nil: in the index file
	stamps []indexEntry // nil: in the time index file

	maxTime int64 // greatest timestamp; unknownTime if the time index could not be made, as the segment is damaged
}

// OpenPartition opens the partition in dir and creates it if there is none. It recovers from a crash as FORMAT.md
// says: an unstored tail is cut, durably. ErrCorrupt (a *CorruptError) if stored batches do not verify; then nothing was
// changed.
func OpenPartition(fs vfs.FS, dir string, opt Options) (*Partition, error) {
	p := &Partition{fs: fs, dir: dir, opt: opt.withDefaults()}
	p.handles.init(fs)
	if err := fs.MkdirAll(dir); err != nil {
		return nil, fmt.Errorf("open partition %s: %w", dir, err)
	}
	sealed, err := p.recover()
	if err != nil {
		if p.active != nil {
			p.active.close()
		}
		return nil, fmt.Errorf("open partition %s: %w", dir, err)
	}
	p.view.Store(&view{sealed: sealed, active: p.active.view()})
	return p, nil
}

// StartOffset is the first offset that is held.
func (p *Partition) StartOffset() Offset { return p.view.Load().start() }

// NextOffset is the offset that the next appended record gets.
func (p *Partition) NextOffset() Offset { return p.view.Load().active.next }

// SizeBytes is the size of all segments, without indexes.
func (p *Partition) SizeBytes() int64 {
	v := p.view.Load()
	total := v.active.size
	for _, s := range v.sealed {
		total += s.size
	}
	return total
}

// SegmentInfo describes a segment's file: what a snapshot links (sealed) or copies by length (active).
type SegmentInfo struct {
	Base, Next Offset
	Path       string
	SizeBytes  int64
	Sealed     bool
	// MaxTimestampMillis is the greatest timestamp of its batches: the least int64 without one, the greatest when the
	// segment is damaged.
	MaxTimestampMillis int64
}

// Segments lists the segments, oldest first.
func (p *Partition) Segments() []SegmentInfo {
	v := p.view.Load()
	infos := make([]SegmentInfo, 0, len(v.sealed)+1)
	for _, s := range v.sealed {
		infos = append(infos, s.info(true))
	}
	return append(infos, v.active.info(false))
}

func (s segmentView) info(sealed bool) SegmentInfo {
	return SegmentInfo{
		Base: s.seg.base, Next: s.next, Path: s.seg.path, SizeBytes: s.size, Sealed: sealed, MaxTimestampMillis: s.maxTime,
	}
}

func (v *view) start() Offset {
	if len(v.sealed) > 0 {
		return v.sealed[0].seg.base
	}
	return v.active.seg.base
}

// find returns the segment that holds off, which must be below the next offset and not below the start.
func (v *view) find(off Offset) segmentView {
	i := sort.Search(len(v.sealed), func(i int) bool { return v.sealed[i].next > off })
	if i < len(v.sealed) {
		return v.sealed[i]
	}
	return v.active
}

// Close closes all files without a Sync. Reads that run finish; later calls return ErrClosed.
func (p *Partition) Close() error {
	p.syncMu.Lock()
	defer p.syncMu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	p.closed = true
	last := *p.view.Load()
	last.closed, last.generation = true, last.generation+1
	p.view.Store(&last)
	for _, s := range p.unsynced {
		s.close()
	}
	p.active.close()
	p.handles.close()
	return nil
}

// Remove closes the partition and deletes its directory, durably.
func (p *Partition) Remove() error {
	if err := p.Close(); err != nil {
		return err
	}
	if err := p.fs.RemoveAll(p.dir); err != nil {
		return fmt.Errorf("remove partition %s: %w", p.dir, err)
	}
	return p.fs.SyncDir(filepath.Dir(p.dir))
}

// usable is called under mu before every change.
func (p *Partition) usable() error {
	if p.closed {
		return ErrClosed
	}
	if p.failed != nil {
		return fmt.Errorf("partition %s: %w: %w", p.dir, ErrPoisoned, p.failed)
	}
	return nil
}

// poison notes that the files may differ from what we believe: no more writes. Called under mu.
func (p *Partition) poison(err error) error {
	if p.failed == nil {
		p.failed = err
	}
	return fmt.Errorf("partition %s: %w", p.dir, err)
}

func removeIfThere(fsys vfs.FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
