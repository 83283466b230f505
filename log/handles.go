package log

import (
	"slices"
	"sync"

	"github.com/millracedb/millrace/log/vfs"
)

// maxReadHandles bounds the files that a partition keeps open for its readers.
const maxReadHandles = 3

// handleCache keeps the segments that were read last open. It is keyed by segment, not by name: a segment that was
// truncated away and written anew under the same name is another one.
type handleCache struct {
	fs vfs.FS

	mu     sync.Mutex
	recent []*readHandle // least recently used first
	closed bool
}

// readHandle is an open segment. index is set for a segment whose index is on disk, when it is first needed.
type readHandle struct {
	seg *segment
	f   vfs.File

	once     sync.Once
	index    []indexEntry
	indexErr error

	timesOnce sync.Once
	times     []indexEntry
	timesErr  error

	refs int // guarded by handleCache.mu; the cache itself holds one
}

func (c *handleCache) init(fs vfs.FS) { c.fs = fs }

// acquire opens a segment or returns the open one. The caller releases it.
func (c *handleCache) acquire(s *segment) (*readHandle, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if i := slices.IndexFunc(c.recent, func(h *readHandle) bool { return h.seg == s }); i >= 0 {
		h := c.recent[i]
		h.refs++
		c.recent = append(slices.Delete(c.recent, i, i+1), h)
		return h, nil
	}
	f, err := c.fs.Open(s.path)
	if err != nil {
		return nil, err
	}
	h := &readHandle{seg: s, f: f, refs: 2}
	c.recent = append(c.recent, h)
	if len(c.recent) > maxReadHandles {
		c.drop(0)
	}
	return h, nil
}

func (c *handleCache) release(h *readHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unref(h)
}

// forget closes the handles of segments that go away, when their readers are done.
func (c *handleCache) forget(s *segment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetLocked(s)
}

func (c *handleCache) forgetLocked(s *segment) {
	if i := slices.IndexFunc(c.recent, func(h *readHandle) bool { return h.seg == s }); i >= 0 {
		c.drop(i)
	}
}

func (c *handleCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for len(c.recent) > 0 {
		c.drop(0)
	}
}

func (c *handleCache) drop(i int) {
	h := c.recent[i]
	c.recent = slices.Delete(c.recent, i, i+1)
	c.unref(h)
}

func (c *handleCache) unref(h *readHandle) {
	if h.refs--; h.refs == 0 {
		h.f.Close()
	}
}

// entries returns the index of a segment whose view has none: it is read from its file, once per handle.
func (h *readHandle) entries(fs vfs.FS) ([]indexEntry, error) {
	h.once.Do(func() {
		f, err := fs.Open(h.seg.index)
		if err != nil {
			h.indexErr = err
			return
		}
		defer f.Close()
		h.index, h.indexErr = readIndex(f, h.seg.base)
	})
	return h.index, h.indexErr
}

// stamps is the same for the time index. A file that is missing or damaged gives less, and the search is longer.
func (h *readHandle) stamps(fs vfs.FS) ([]indexEntry, error) {
	h.timesOnce.Do(func() { h.times, _, h.timesErr = timeIndex.readFile(fs, h.seg.times, h.seg.base) })
	return h.times, h.timesErr
}
