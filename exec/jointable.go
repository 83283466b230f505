package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// joinTable holds the rows of one side of a join, chained by key in the order in which they came.
type joinTable struct {
	rows    *types.Batch
	byKey   map[string]*joinChain // nil without keys: all rows are one chain
	next    []int32               // by row: the next of its chain, or -1
	matched []bool                // by row, for joins that give the rows without a match
	byInt   intCache              // what find has found for a key that is one integer
	buf     []byte
	mem     account // of all this
}

// joinChain is the rows of one key.
type joinChain struct{ first, last int32 }

func newJoinTable(ts []types.Type, keyed bool, mem account) joinTable {
	t := joinTable{rows: types.NewBatch(ts, 0), mem: mem}
	if keyed {
		t.byKey = map[string]*joinChain{}
	}
	return t
}

// readJoinTable reads the right side of a join. If it is too large and can be divided, the table is of no use, and the rows are in
// divided, which the caller closes.
func readJoinTable(ctx context.Context, n *plan.Join, env *Env, right Operator, level int) (t joinTable, divided *spillSet, err error) {
	t = newJoinTable(n.Right.Types(), len(n.RightKeys) > 0, env.account("hash join"))
	keys, err := env.compileAll(n.RightKeys)
	if err != nil {
		return t, nil, err
	}
	may := divides(n, env) && level < maxSpillLevel
	err = drain(ctx, right, func(b *types.Batch) error {
		values, err := env.evalAll(ctx, keys, b)
		if err != nil {
			return err
		}
		if divided == nil && may && t.rows.Len >= minSpillRows && t.mem.full(batchBytes(b, 0, b.Len)) {
			divided = &spillSet{temp: env.Temp, types: n.Right.Types(), level: level}
			if err := t.moveTo(ctx, divided, keys, env); err != nil {
				return err
			}
		}
		if divided != nil {
			return t.addTo(divided, b, values)
		}
		return t.add(b, values)
	})
	if err != nil {
		t.mem.release()
		divided.close()
	}
	return t, divided, err
}

// moveTo writes the rows to divided, and forgets them.
func (t *joinTable) moveTo(ctx context.Context, divided *spillSet, keys []*expr.Compiled, env *Env) error {
	for from := 0; from < t.rows.Len; from += BatchRows {
		b := t.rows.Slice(from, min(from+BatchRows, t.rows.Len))
		values, err := env.evalAll(ctx, keys, b)
		if err != nil {
			return err
		}
		if err := t.addTo(divided, b, values); err != nil {
			return err
		}
	}
	t.mem.release()
	t.rows, t.byKey, t.next = nil, nil, nil
	return nil
}

// addTo writes rows to divided.
func (t *joinTable) addTo(divided *spillSet, b *types.Batch, keys []*types.Vector) error {
	for i := range b.Len {
		t.buf, _ = appendJoinKey(t.buf[:0], keys, i)
		if err := divided.add(t.buf, b, i); err != nil {
			return err
		}
	}
	return nil
}

// reader returns the table for another one that looks rows up.
func (t joinTable) reader() joinTable {
	t.byInt, t.buf, t.mem = intCache{}, nil, account{}
	return t
}

// add takes rows with their keys. A row with a NULL in its key matches nothing and is in no chain.
func (t *joinTable) add(b *types.Batch, keys []*types.Vector) error {
	if err := t.mem.grow(batchBytes(b, 0, b.Len)); err != nil {
		return err
	}
	addRows(t.rows, b)
	t.byInt.clear()
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
		if err := t.mem.grow(int64(len(t.buf)) + hashEntryBytes); err != nil {
			return err
		}
		t.byKey[string(t.buf)] = &joinChain{row, row}
	}
	return t.mem.grow(4 * int64(b.Len))
}

// find appends, for each of n rows with the given keys, the first row of its chain, or -1.
func (t *joinTable) find(keys []*types.Vector, n int, out []int32) []int32 {
	if t.byKey != nil && len(keys) == 1 && keys[0].Type.Class() == types.ClassInt {
		return t.findInts(keys, n, out)
	}
	for i := range n {
		out = append(out, t.first(keys, i))
	}
	return out
}

// findInts is find for a key that is one integer. All calls are for keys of one type.
func (t *joinTable) findInts(keys []*types.Vector, n int, out []int32) []int32 {
	key := keys[0]
	for i := range n {
		if key.IsNull(i) {
			out = append(out, -1)
			continue
		}
		first, ok := t.byInt.get(key.Int[i])
		if !ok {
			first = t.first(keys, i)
			t.byInt.put(key.Int[i], first)
		}
		out = append(out, first)
	}
	return out
}

// first returns the first row of the chain of row i's key, -1 if there is none.
func (t *joinTable) first(keys []*types.Vector, i int) int32 {
	if t.byKey == nil {
		if t.rows.Len > 0 {
			return 0
		}
		return -1
	}
	var null bool
	if t.buf, null = appendJoinKey(t.buf[:0], keys, i); null {
		return -1
	}
	if chain := t.byKey[string(t.buf)]; chain != nil {
		return chain.first
	}
	return -1
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
