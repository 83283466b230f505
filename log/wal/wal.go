package wal

import (
	"fmt"
	"slices"
	"sync"

	"github.com/millracedb/millrace/log/vfs"
)

// Limits (FORMAT.md).
const (
	// DefaultFileBytes is the size at which the next file begins.
	DefaultFileBytes = 64 << 20
	// DefaultMaxFrameBytes bounds an entry's data and extensions.
	DefaultMaxFrameBytes = 64 << 20
	// DefaultCacheBytes bounds the recent entries that a group keeps in memory.
	DefaultCacheBytes = 4 << 20

	maxFileBytes      = 1 << 30   // positions in a file have 32 bits
	maxAppendBytes    = 256 << 20 // frames of one Append
	maxGroups         = 4096
	maxMetaKeys       = 16 // of one group
	maxMetaKeyBytes   = 255
	maxMetaValueBytes = 4096

	// maxWriteBytes bounds what one write takes from the queue, if that is more than one request.
	maxWriteBytes = 8 << 20
)

// Options of a WAL. The zero value has the defaults.
type Options struct {
	FileBytes     int64 // size at which the next file begins; at most 1 GiB
	MaxFrameBytes int   // data and extensions of an entry
	CacheBytes    int   // recent entries in memory, per group; negative: none

	salt func() uint64 // of a new file; tests make it predictable
}

func (o Options) withDefaults() Options {
	if o.FileBytes <= 0 {
		o.FileBytes = DefaultFileBytes
	}
	o.FileBytes = min(o.FileBytes, maxFileBytes)
	if o.MaxFrameBytes <= 0 {
		o.MaxFrameBytes = DefaultMaxFrameBytes
	}
	o.MaxFrameBytes = min(o.MaxFrameBytes, maxAppendBytes-frameHeaderBytes)
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.salt == nil {
		o.salt = randomSalt
	}
	return o
}

// WAL is a node's write-ahead log. Its methods may be called by many goroutines at once.
type WAL struct {
	fs  vfs.FS
	dir string
	opt Options

	mu      sync.Mutex
	wake    sync.Cond // the queue is not empty, or closing
	queue   []*request
	groups  map[uint32]*Group
	err     error // set once, by the first failure
	closing bool
	failed  chan struct{} // closed when err is set
	done    chan struct{} // closed when the writer is gone

	writer writer

	filesMu sync.Mutex
	files   map[uint64]*walFile
	oldest  uint64
	newest  uint64
}

// Open opens the log in dir, or begins one. It reads all files, verifies all frames and cuts a torn, never acknowledged
// end. Where stored frames do not verify it changes nothing and returns a *CorruptError.
func Open(fs vfs.FS, dir string, opt Options) (*WAL, error) {
	w := &WAL{
		fs: fs, dir: dir, opt: opt.withDefaults(),
		groups: map[uint32]*Group{}, files: map[uint64]*walFile{},
		failed: make(chan struct{}), done: make(chan struct{}),
	}
	w.wake.L = &w.mu
	w.writer.w = w
	if err := w.open(); err != nil {
		w.closeFiles()
		return nil, fmt.Errorf("open write-ahead log: %w", err)
	}
	go w.writer.run()
	return w, nil
}

// Group returns the group with that number; an unknown one is empty. It panics beyond 4,096 groups.
func (w *WAL) Group(id uint32) *Group {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, err := w.group(id)
	if err != nil {
		panic("BUG: write-ahead log: " + err.Error())
	}
	return g
}

// group is called under mu, or by Open.
func (w *WAL) group(id uint32) (*Group, error) {
	if g := w.groups[id]; g != nil {
		return g, nil
	}
	if len(w.groups) >= maxGroups {
		return nil, fmt.Errorf("more than %d groups", maxGroups)
	}
	g := &Group{w: w, id: id, queuedKeys: map[string]struct{}{}}
	g.state.cache.limitBytes = max(w.opt.CacheBytes, 0)
	w.groups[id] = g
	return g, nil
}

// Groups lists the groups that hold entries or metadata, in ascending order.
func (w *WAL) Groups() []uint32 {
	var ids []uint32
	for _, g := range w.allGroups() {
		g.mu.RLock()
		if !g.state.empty() || len(g.state.meta) > 0 {
			ids = append(ids, g.id)
		}
		g.mu.RUnlock()
	}
	return ids
}

// allGroups lists the groups by number.
func (w *WAL) allGroups() []*Group {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]*Group, 0, len(w.groups))
	for _, g := range w.groups {
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b *Group) int { return int(int64(a.id) - int64(b.id)) })
	return all
}

// OldestPins returns the size of all files, and the groups whose first entry keeps the oldest file from being deleted;
// none while there is only one file. Who wants the space back has these groups truncate their prefix.
func (w *WAL) OldestPins() (fileBytesTotal int64, groups []uint32) {
	w.filesMu.Lock()
	for _, f := range w.files {
		fileBytesTotal += f.size
	}
	oldest, newest := w.oldest, w.newest
	w.filesMu.Unlock()
	if oldest == newest {
		return fileBytesTotal, nil
	}
	for _, g := range w.allGroups() {
		g.mu.RLock()
		if file, pinned := g.state.pin(); pinned && file <= oldest {
			groups = append(groups, g.id)
		}
		g.mu.RUnlock()
	}
	return fileBytesTotal, groups
}

// Failed is closed when a write or sync has failed. The node must stop then: nothing is written any more.
func (w *WAL) Failed() <-chan struct{} { return w.failed }

// Err is the failure, nil while there is none.
func (w *WAL) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Close stores what is queued, then closes the files. Later calls return ErrClosed.
func (w *WAL) Close() error {
	w.mu.Lock()
	w.closing = true
	w.wake.Broadcast()
	w.mu.Unlock()
	<-w.done
	w.closeFiles()
	return w.Err()
}

// fail poisons the log and returns the error that callers get from now on. The first failure stays.
func (w *WAL) fail(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = fmt.Errorf("%w: %w", ErrFailed, err)
		close(w.failed)
	}
	return w.err
}

// acquire returns a file for reading, or nil if it was deleted.
func (w *WAL) acquire(seq uint64) (*walFile, error) {
	w.filesMu.Lock()
	defer w.filesMu.Unlock()
	if w.files == nil {
		return nil, ErrClosed
	}
	f := w.files[seq]
	if f != nil {
		f.refs++
	}
	return f, nil
}

func (w *WAL) release(f *walFile) {
	w.filesMu.Lock()
	defer w.filesMu.Unlock()
	if f.refs--; f.refs == 0 {
		f.f.Close()
	}
}

func (w *WAL) addFile(f *walFile) {
	w.filesMu.Lock()
	defer w.filesMu.Unlock()
	w.files[f.seq] = f
	w.newest = max(w.newest, f.seq)
	if w.oldest == 0 {
		w.oldest = f.seq
	}
}

// forgetFile takes the oldest file out of the readers' sight; it is closed when the last of them is done.
func (w *WAL) forgetFile(seq uint64) {
	w.filesMu.Lock()
	f := w.files[seq]
	delete(w.files, seq)
	w.oldest = seq + 1
	w.filesMu.Unlock()
	if f != nil {
		w.release(f)
	}
}

func (w *WAL) closeFiles() {
	w.filesMu.Lock()
	files := w.files
	w.files = nil
	w.filesMu.Unlock()
	for _, f := range files {
		w.release(f)
	}
}
