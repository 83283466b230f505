package exec

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// topState keeps the first rows of each group over changes. All rows are kept, as any may become one of the first:
//
//	store 0:  key codec of the group, sort key, row (row codec)  →  varint multiplicity, uvarint length of the sort key
//
// The output is the function "the rows at the places from Offset to Offset + Limit, in the order of the stored keys", of
// which those with a multiplicity of 0 or less take no place. A round emits its change: one pass over the places up to
// the last, with the multiplicities before and after.
type topState struct {
	spec   plan.TopSpec
	types  []types.Type
	prefix []byte
}

func newTopState(spec plan.TopSpec, in []types.Type, c ConsumerID) *topState {
	return &topState{spec: spec, types: in, prefix: state.TaskPrefix(c.Query, c.Partition, c.Node, 0)}
}

// topRow is a row that a round changes.
type topRow struct {
	key           string // sort key, row
	sortBytes     int
	at            int // its place in the round's rows
	before, delta int64
}

// topGroup is what a round changes in one group.
type topGroup struct {
	prefix []byte // of its rows in the store
	rows   map[string]*topRow
}

// topRound is one round: all rows met, and the output as places in them.
type topRound struct {
	*topState
	store state.Reader
	rows  *types.Batch
	out   []int
	diffs []int64
}

// apply runs changes through, adds the new state to c and returns the changes of the output.
func (t *topState) apply(b *types.Batch, store state.Reader, c *Commit) (*types.Batch, error) {
	r := &topRound{topState: t, store: store, rows: types.NewBatch(t.types, b.Len)}
	for _, g := range r.collect(b) {
		changed, err := r.save(g, c)
		if err != nil {
			return nil, err
		}
		if err := r.emit(g.prefix, changed); err != nil {
			return nil, err
		}
	}
	out := r.rows.Gather(r.out)
	out.Diffs = r.diffs
	return out, nil
}

// collect groups the changes, in order of first appearance.
func (r *topRound) collect(b *types.Batch) []*topGroup {
	byKey := map[string]*topGroup{}
	var groups []*topGroup
	var buf []byte
	for i := range b.Len {
		buf = types.EncodeKey(buf[:0], b, r.spec.GroupBy, i)
		g := byKey[string(buf)]
		if g == nil {
			g = &topGroup{prefix: append(slices.Clone(r.prefix), buf...), rows: map[string]*topRow{}}
			byKey[string(buf)] = g
			groups = append(groups, g)
		}
		buf = buf[:0]
		for _, k := range r.spec.Keys {
			buf = types.EncodeOrder(buf, b.Cols[k.Column], i, k.Desc, k.NullsFirst)
		}
		sortBytes := len(buf)
		buf = types.EncodeRow(buf, b, i)
		row := g.rows[string(buf)]
		if row == nil {
			r.rows.AppendFrom(b, i, 1)
			row = &topRow{key: string(buf), sortBytes: sortBytes, at: r.rows.Len - 1}
			g.rows[row.key] = row
		}
		row.delta += b.Diff(i)
	}
	return groups
}

// save writes the new multiplicities, and returns the rows that changed, in their order.
func (r *topRound) save(g *topGroup, c *Commit) ([]*topRow, error) {
	var changed []*topRow
	for _, row := range g.rows {
		if row.delta == 0 {
			continue
		}
		key := append(g.prefix[:len(g.prefix):len(g.prefix)], row.key...)
		stored, err := r.store.Get(key)
		if err != nil {
			return nil, err
		}
		if stored != nil {
			if row.before, _, err = decodeTopValue(stored); err != nil {
				return nil, err
			}
		}
		if n := row.before + row.delta; n != 0 {
			c.State.Put(key, binary.AppendUvarint(binary.AppendVarint(nil, n), uint64(row.sortBytes)))
		} else {
			c.State.Delete(key)
		}
		changed = append(changed, row)
	}
	slices.SortFunc(changed, func(a, b *topRow) int { return compareStrings(a.key, b.key) })
	return changed, nil
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func decodeTopValue(b []byte) (count int64, sortBytes int, err error) {
	count, n := binary.Varint(b)
	if n > 0 {
		size, m := binary.Uvarint(b[n:])
		if m > 0 {
			return count, int(size), nil
		}
	}
	return 0, 0, fmt.Errorf("top rows: %w", state.ErrCorrupt)
}

// emit walks the rows of a group in their order, the stored and the changed ones, and outputs what the change of
// multiplicities does to the places that are wanted.
func (r *topRound) emit(prefix []byte, changed []*topRow) error {
	it := r.store.Scan(prefix, state.PrefixEnd(prefix))
	defer it.Close()
	w := &topWindow{from: r.spec.Offset, to: r.spec.Offset + r.spec.Limit}
	more := it.Next()
	for !w.passed() && (more || len(changed) > 0) {
		stored := ""
		if more {
			stored = string(it.Key()[len(prefix):])
		}
		if len(changed) > 0 && (!more || changed[0].key <= stored) {
			row := changed[0]
			changed = changed[1:]
			if more && row.key == stored {
				more = it.Next()
			}
			r.output(row.at, w.take(row.before, row.before+row.delta))
			continue
		}
		if err := r.pass(w, stored, it.Value()); err != nil {
			return err
		}
		more = it.Next()
	}
	return it.Close()
}

// pass takes in a stored row that does not change itself.
func (r *topRound) pass(w *topWindow, key string, value []byte) error {
	count, sortBytes, err := decodeTopValue(value)
	if err != nil {
		return err
	}
	n := w.take(count, count)
	if n == 0 {
		return nil
	}
	if sortBytes > len(key) {
		return fmt.Errorf("top rows: %w", state.ErrCorrupt)
	}
	if err := types.DecodeRow([]byte(key[sortBytes:]), r.rows); err != nil {
		return fmt.Errorf("top rows: %w", err)
	}
	r.output(r.rows.Len-1, n)
	return nil
}

func (r *topRound) output(at int, diff int64) {
	if diff != 0 {
		r.out, r.diffs = append(r.out, at), append(r.diffs, diff)
	}
}

// topWindow counts places before and after a round.
type topWindow struct {
	from, to      int64 // the places that are wanted
	before, after int64 // taken so far
}

// passed reports whether no place to come is wanted.
func (w *topWindow) passed() bool { return w.before >= w.to && w.after >= w.to }

// take gives a row the next places, and returns by how many more of those wanted it has after than before.
func (w *topWindow) take(before, after int64) int64 {
	before, after = max(before, 0), max(after, 0)
	n := w.wanted(w.after, after) - w.wanted(w.before, before)
	w.before, w.after = w.before+before, w.after+after
	return n
}

// wanted returns how many of n places from place at are wanted.
func (w *topWindow) wanted(at, n int64) int64 {
	return max(min(at+n, w.to)-max(at, w.from), 0)
}
