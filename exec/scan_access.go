package exec

import (
	"bytes"
	"container/heap"
	"context"
	"errors"
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// accessScan reads the rows that a plan.Access says: one range of keys after another, each in all partitions that may have
// some, one after the other or, where their order is wanted, merged.
type accessScan struct {
	env  *Env
	node *plan.Scan
	rows *rowReader
	size int // of the next batch
	path accessPath

	started bool
	ranges  []keyRange   // still to be read
	open    accessHeap   // the present range's partitions that have rows left
	closing []*keyCursor // all that were opened for it
	waiting storedQueue
}

func (s *accessScan) Next(ctx context.Context) (*types.Batch, error) {
	if !s.started {
		s.started = true
		var err error
		if s.ranges, err = s.env.rangesOf(ctx, s.node); err != nil {
			return nil, fmt.Errorf("scan of relation %q: %w", s.node.Relation.Name, err)
		}
	}
	return s.rows.next(ctx, s.node.Relation, &s.size, s.fill)
}

// fill adds the next row, if any; false at the end.
func (s *accessScan) fill(b *types.Batch) (bool, error) {
	for {
		if row := s.waiting.take(); row != nil {
			return true, s.rows.add(b, row)
		}
		cursor, err := s.next()
		if cursor == nil || err != nil {
			return false, err
		}
		rows, err := s.path.rows(cursor)
		if err != nil {
			return false, err
		}
		s.waiting.set(rows)
		if err := s.advance(); err != nil {
			return false, err
		}
	}
}

// next returns the cursor that stands on the next key, nil at the end.
func (s *accessScan) next() (*keyCursor, error) {
	for len(s.open) == 0 {
		if err := s.closeCursors(); err != nil || len(s.ranges) == 0 {
			return nil, err
		}
		r := s.ranges[0]
		s.ranges = s.ranges[1:]
		if err := s.openRange(r); err != nil {
			return nil, err
		}
	}
	return s.open[0], nil
}

// openRange makes a cursor for each partition in which there are keys of r.
func (s *accessScan) openRange(r keyRange) error {
	n := s.path.partitions()
	open, first, last := s.cursor, 0, n-1
	if r.whole != nil && s.path.placed() {
		first = int(types.Partition(r.whole, n))
		open, last = s.lookUp, first
	}
	for p := first; p <= last; p++ {
		c, err := open(p, r)
		if err != nil {
			return err
		}
		s.closing = append(s.closing, c)
		if c.step() {
			s.open = append(s.open, c)
		}
	}
	if s.node.Access.Ordered {
		heap.Init(&s.open)
	}
	return nil
}

// cursor opens the range of keys in partition p.
func (s *accessScan) cursor(p int, r keyRange) (*keyCursor, error) {
	store, prefix, err := s.path.open(p)
	if err != nil {
		return nil, err
	}
	from, to := r.within(prefix)
	c := &keyCursor{partition: p, prefix: len(prefix), back: s.node.Access.Reverse}
	if c.back {
		c.it = store.ScanBack(from, to)
	} else {
		c.it = store.Scan(from, to)
	}
	return c, nil
}

// lookUp is cursor for a range of one key: to get it costs less than an iterator, and a Bloom filter may know that it is not there.
func (s *accessScan) lookUp(p int, r keyRange) (*keyCursor, error) {
	store, prefix, err := s.path.open(p)
	if err != nil {
		return nil, err
	}
	key := append(bytes.Clone(prefix), r.whole...)
	value, err := store.Get(key)
	if err != nil {
		return nil, err
	}
	return &keyCursor{partition: p, prefix: len(prefix), it: &oneEntry{key: key, value: value, left: value != nil}}, nil
}

// oneEntry is an iterator over one entry, or none.
type oneEntry struct {
	key, value []byte
	left       bool
}

// Next implements state.Iterator.
func (e *oneEntry) Next() bool {
	left := e.left
	e.left = false
	return left
}

// Key implements state.Iterator.
func (e *oneEntry) Key() []byte { return e.key }

// Value implements state.Iterator.
func (e *oneEntry) Value() []byte { return e.value }

// Close implements state.Iterator.
func (e *oneEntry) Close() error { return nil }

// advance moves the first cursor on. Without an order it stays the first until it ends.
func (s *accessScan) advance() error {
	more := s.open[0].step()
	switch {
	case more && s.node.Access.Ordered:
		heap.Fix(&s.open, 0)
	case !more && s.node.Access.Ordered:
		heap.Pop(&s.open)
	case !more:
		s.open = s.open[1:]
	}
	return nil
}

func (s *accessScan) closeCursors() error {
	var err error
	for _, c := range s.closing {
		err = errors.Join(err, c.it.Close())
	}
	s.closing, s.open = nil, nil
	return err
}

func (s *accessScan) Close() { _ = s.closeCursors() }

// keyCursor stands on a key of one partition.
type keyCursor struct {
	it        state.Iterator
	partition int
	prefix    int // bytes of the key that tell the partition
	back      bool
}

func (c *keyCursor) step() bool { return c.it.Next() }

func (c *keyCursor) key() []byte { return c.it.Key()[c.prefix:] }

// accessHeap has the cursor with the next key first.
type accessHeap []*keyCursor

func (h accessHeap) Len() int { return len(h) }

func (h accessHeap) Less(i, j int) bool {
	a, b := h[i].key(), h[j].key()
	if h[i].back {
		a, b = b, a
	}
	return string(a) < string(b)
}

func (h accessHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *accessHeap) Push(c any) { *h = append(*h, c.(*keyCursor)) }

// Pop implements heap.Interface.
func (h *accessHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}
