package exec

import "github.com/millracedb/millrace/sql/types"

// joinTable holds the rows of one side of a join, chained by key in the order in which they came.
type joinTable struct {
	rows    *types.Batch
	byKey   map[string]*joinChain // nil without keys: all rows are one chain
	next    []int32               // by row: the next of its chain, or -1
	matched []bool                // by row, for joins that give the rows without a match
	buf     []byte
}

// joinChain is the rows of one key.
type joinChain struct{ first, last int32 }

func newJoinTable(ts []types.Type, keyed bool) joinTable {
	t := joinTable{rows: types.NewBatch(ts, 0)}
	if keyed {
		t.byKey = map[string]*joinChain{}
	}
	return t
}

// add takes rows with their keys. A row with a NULL in its key matches nothing and is in no chain.
func (t *joinTable) add(b *types.Batch, keys []*types.Vector, mem *account) error {
	addRows(t.rows, b)
	for i := range b.Len {
		row := int32(len(t.next))
		t.next = append(t.next, -1)
		if t.byKey == nil {
			if row > 0 {
				t.next[row-1] = row
			}
			continue
		}
		var null bool
		if t.buf, null = appendJoinKey(t.buf[:0], keys, i); null {
			continue
		}
		if chain := t.byKey[string(t.buf)]; chain != nil {
			t.next[chain.last], chain.last = row, row
			continue
		}
		if err := mem.grow(int64(len(t.buf)) + hashEntryBytes); err != nil {
			return err
		}
		t.byKey[string(t.buf)] = &joinChain{row, row}
	}
	return mem.grow(4 * int64(b.Len))
}

// find appends, for each of n rows with the given keys, the first row of its chain, or -1.
func (t *joinTable) find(keys []*types.Vector, n int, out []int32) []int32 {
	for i := range n {
		first := int32(-1)
		if t.byKey == nil {
			if t.rows.Len > 0 {
				first = 0
			}
		} else {
			var null bool
			if t.buf, null = appendJoinKey(t.buf[:0], keys, i); !null {
				if chain := t.byKey[string(t.buf)]; chain != nil {
					first = chain.first
				}
			}
		}
		out = append(out, first)
	}
	return out
}

// appendJoinKey appends the encoded key of row i, and reports whether a part of it is NULL.
func appendJoinKey(dst []byte, keys []*types.Vector, i int) ([]byte, bool) {
	for _, v := range keys {
		if v.IsNull(i) {
			return dst, true
		}
		dst = types.EncodeKeyValue(dst, v, i)
	}
	return dst, false
}
