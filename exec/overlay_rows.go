package exec

import (
	"bytes"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// tableWrites is what a block has written to one partition of a table.
type tableWrites struct {
	partition catalog.PartitionID
	epoch     uint64               // the lowest with which one was planned
	rows      map[string]*WriteRow // by key: guard and before of the first write, value of the last
	order     []*WriteRow          // by first write
	// store holds what readers see, by store key: a stored value, or an empty one for a row that was deleted.
	store *state.Memory
}

func newTableWrites(p catalog.PartitionID) *tableWrites {
	return &tableWrites{partition: p, rows: map[string]*WriteRow{}, store: state.NewMemory()}
}

// record adds writes: what the first one of a key found in the snapshot stays, the value is the newest.
func (t *tableWrites) record(rows []WriteRow) error {
	var b state.Batch
	for _, r := range rows {
		first := t.rows[string(r.Key)]
		if first == nil {
			first = &r
			t.rows[string(r.Key)] = first
			t.order = append(t.order, first)
		}
		first.Value = r.Value
		b.Put(state.RowKey(t.partition, r.Key), first.stored())
	}
	return t.store.Write(&b)
}

// stored returns the value that the store would have, empty if there would be none. The offset is that of the row below,
// which stays the one to guard.
func (r *WriteRow) stored() []byte {
	if r.Value == nil {
		return nil
	}
	return state.StoredRows{Offset: r.GuardOffset, Rows: []state.StoredRow{{Count: 1, Row: r.Value}}}.Append(nil)
}

// collapsed returns one write a key; none for a row that the block made and took away again.
func (t *tableWrites) collapsed() []WriteRow {
	out := make([]WriteRow, 0, len(t.order))
	for _, r := range t.order {
		if r.Value != nil || r.Before != nil || r.Pin {
			out = append(out, *r)
		}
	}
	return out
}

// overlayRows is a partition's store with a block's writes over it.
type overlayRows struct {
	below, written state.Reader
}

// Get implements state.Reader.
func (o overlayRows) Get(key []byte) ([]byte, error) {
	value, err := o.written.Get(key)
	switch {
	case err != nil:
		return nil, err
	case value == nil:
		return o.below.Get(key)
	case len(value) == 0:
		return nil, nil
	}
	return value, nil
}

// Scan implements state.Reader.
func (o overlayRows) Scan(from, to []byte) state.Iterator {
	return &overlayIterator{below: peekIterator{it: o.below.Scan(from, to)}, written: peekIterator{it: o.written.Scan(from, to)}}
}

// ScanBack implements state.Reader.
func (o overlayRows) ScanBack(from, to []byte) state.Iterator {
	return &overlayIterator{back: true, below: peekIterator{it: o.below.ScanBack(from, to)}, written: peekIterator{it: o.written.ScanBack(from, to)}}
}

// overlayIterator merges a snapshot's keys with those written, which hide equal ones.
type overlayIterator struct {
	back           bool
	below, written peekIterator
	at             state.Iterator
}

// Next implements state.Iterator.
func (o *overlayIterator) Next() bool {
	for {
		below, written := o.below.ready(), o.written.ready()
		if !below && !written {
			return false
		}
		order := 0
		switch {
		case !written:
			order = -1
		case !below:
			order = 1
		default:
			order = bytes.Compare(o.below.it.Key(), o.written.it.Key())
			if o.back {
				order = -order
			}
		}
		if order < 0 {
			o.below.taken, o.at = true, o.below.it
			return true
		}
		o.written.taken, o.at = true, o.written.it
		if order == 0 {
			o.below.taken = true
		}
		if len(o.at.Value()) > 0 {
			return true
		}
	}
}

// Key implements state.Iterator.
func (o *overlayIterator) Key() []byte { return o.at.Key() }

// Value implements state.Iterator.
func (o *overlayIterator) Value() []byte { return o.at.Value() }

// Close implements state.Iterator.
func (o *overlayIterator) Close() error {
	err := o.below.it.Close()
	if second := o.written.it.Close(); err == nil {
		err = second
	}
	return err
}

// peekIterator is an iterator that stands on a key until it is taken.
type peekIterator struct {
	it        state.Iterator
	on, taken bool // stands on a key; that key was taken
	end       bool
}

// ready makes the iterator stand on a key that was not taken; false at the end.
func (p *peekIterator) ready() bool {
	if p.on && !p.taken {
		return true
	}
	p.on = !p.end && p.it.Next()
	p.end, p.taken = !p.on, false
	return p.on
}
