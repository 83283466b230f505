package exec

import (
	"slices"
	"sync"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// tableWrites is what a block has written to one partition of a table, by store key.
type tableWrites struct {
	partition catalog.PartitionID
	rows      map[string]*WriteRow // guard and before of the first write, value of the last
	order     []*WriteRow          // by first write
	keys      []string             // of rows, sorted; nil when it must be made again
}

func newTableWrites(p catalog.PartitionID) *tableWrites {
	return &tableWrites{partition: p, rows: map[string]*WriteRow{}}
}

// record adds a write: what the first one of a key found in the snapshot stays, the value is the newest.
func (t *tableWrites) record(r WriteRow) {
	key := string(state.RowKey(t.partition, r.Key))
	if first := t.rows[key]; first != nil {
		first.Value = r.Value
		return
	}
	t.rows[key] = &r
	t.order = append(t.order, &r)
	t.keys = nil
}

// collapsed returns one write a key; none for a row that the block made and took away again.
func (t *tableWrites) collapsed() []WriteRow {
	out := make([]WriteRow, 0, len(t.order))
	for _, r := range t.order {
		if r.Value == nil && r.Before == nil {
			continue
		}
		out = append(out, *r)
	}
	return out
}

// stored returns the value that the store would have under the key of r, nil if there would be none. The offset is that of
// the row below, which stays the one to guard.
func (t *tableWrites) stored(r *WriteRow) []byte {
	if r.Value == nil {
		return nil
	}
	return state.StoredRows{Offset: r.GuardOffset, Rows: []state.StoredRow{{Count: 1, Row: r.Value}}}.Append(nil)
}

// between returns the sorted keys in [from, to); nil to is unbounded.
func (t *tableWrites) between(from, to []byte) []string {
	if t.keys == nil {
		t.keys = make([]string, 0, len(t.rows))
		for k := range t.rows {
			t.keys = append(t.keys, k)
		}
		slices.Sort(t.keys)
	}
	first, _ := slices.BinarySearch(t.keys, string(from))
	last := len(t.keys)
	if to != nil {
		last, _ = slices.BinarySearch(t.keys, string(to))
	}
	return t.keys[first:max(first, last)]
}

// overlayRows is a partition's store with a block's writes over it.
type overlayRows struct {
	base   state.Reader
	mu     *sync.RWMutex
	writes *tableWrites
}

// Get implements state.Reader.
func (o *overlayRows) Get(key []byte) ([]byte, error) {
	o.mu.RLock()
	if r := o.writes.rows[string(key)]; r != nil {
		defer o.mu.RUnlock()
		return o.writes.stored(r), nil
	}
	o.mu.RUnlock()
	return o.base.Get(key)
}

// Scan implements state.Reader. The iterator shows the writes as they are now; the values are made here, as later ones
// change them.
func (o *overlayRows) Scan(from, to []byte) state.Iterator {
	o.mu.Lock()
	defer o.mu.Unlock()
	keys := o.writes.between(from, to)
	it := &overlayIterator{base: o.base.Scan(from, to), keys: keys, values: make([][]byte, len(keys))}
	for i, k := range keys {
		it.values[i] = o.writes.stored(o.writes.rows[k])
	}
	return it
}

// overlayIterator merges the keys of a snapshot with those written.
type overlayIterator struct {
	base   state.Iterator
	keys   []string // written, still to be given
	values [][]byte // nil: deleted

	below      bool // base stands on a key that is still to be given
	end        bool // base is at its end
	key, value []byte
}

// Next implements state.Iterator.
func (it *overlayIterator) Next() bool {
	for {
		if !it.below && !it.end {
			it.below = it.base.Next()
			it.end = !it.below
		}
		switch {
		case !it.below && len(it.keys) == 0:
			return false
		case len(it.keys) == 0 || it.below && string(it.base.Key()) < it.keys[0]:
			it.key, it.value, it.below = it.base.Key(), it.base.Value(), false
			return true
		}
		if it.below && string(it.base.Key()) == it.keys[0] {
			it.below = false // hidden by what was written
		}
		it.key, it.value = []byte(it.keys[0]), it.values[0]
		it.keys, it.values = it.keys[1:], it.values[1:]
		if it.value != nil {
			return true
		}
	}
}

// Key implements state.Iterator.
func (it *overlayIterator) Key() []byte { return it.key }

// Value implements state.Iterator.
func (it *overlayIterator) Value() []byte { return it.value }

// Close implements state.Iterator.
func (it *overlayIterator) Close() error { return it.base.Close() }
