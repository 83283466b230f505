package state

import (
	"bytes"
	"runtime"

	"github.com/linxGnu/grocksdb"
)

// rocksIterator walks a store or a snapshot of it. RocksDB keeps a pointer to the upper bound, so that is pinned while
// the iterator lives.
type rocksIterator struct {
	r       *RocksDB
	s       *rocksSnapshot // nil: the store as it was when the iterator was made
	opts    *grocksdb.ReadOptions
	it      *grocksdb.Iterator
	pin     runtime.Pinner
	from    []byte
	back    bool
	started bool
	done    bool
	entries entries
}

func newRocksIterator(r *RocksDB, s *rocksSnapshot, from, to []byte, back bool) Iterator {
	if s == nil && !r.acquire() || s != nil && !s.acquire() {
		return failedIterator{ErrClosed}
	}
	i := &rocksIterator{r: r, s: s, opts: grocksdb.NewDefaultReadOptions(), from: bytes.Clone(from), back: back}
	if s != nil {
		i.opts.SetSnapshot(s.snap)
	}
	if to != nil {
		bound := append(make([]byte, 0, len(to)+1), to...) // never empty memory, so that there is something to pin
		i.pin.Pin(&bound[:1][0])
		i.opts.SetIterateUpperBound(bound)
		i.done = len(to) == 0
	}
	i.it = r.db.NewIterator(i.opts)
	return i
}

// Next implements Iterator.
func (i *rocksIterator) Next() bool {
	if i.done {
		return false
	}
	if !i.started {
		i.started = true
		i.seek()
	}
	i.done = !i.entries.next(i.it, i.back) || i.back && bytes.Compare(i.entries.key, i.from) < 0
	return !i.done
}

func (i *rocksIterator) seek() {
	switch {
	case i.back: // to the last key below the upper bound
		i.it.SeekToLast()
	case len(i.from) == 0:
		i.it.SeekToFirst()
	default:
		i.it.Seek(i.from)
	}
}

// Key implements Iterator.
func (i *rocksIterator) Key() []byte { return i.entries.key }

// Value implements Iterator.
func (i *rocksIterator) Value() []byte { return i.entries.value }

// Close implements Iterator.
func (i *rocksIterator) Close() error {
	if i.it == nil {
		return nil
	}
	err := i.it.Err()
	i.it.Close()
	i.it = nil
	i.done = true
	i.opts.Destroy()
	i.pin.Unpin()
	r := i.r
	if i.s != nil {
		i.s.unref()
	} else {
		i.r.release()
	}
	if err != nil {
		return r.failed("scan", err)
	}
	return nil
}

// failedIterator is empty and reports err.
type failedIterator struct{ err error }

func (failedIterator) Next() bool     { return false }
func (failedIterator) Key() []byte    { return nil }
func (failedIterator) Value() []byte  { return nil }
func (f failedIterator) Close() error { return f.err }
