package exec

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// The two sides of a join, and the numbers of their stores.
const (
	left  = 0
	right = 1
)

// joinState is an equi-join over changes. Each side is kept as a multiset of rows by join key:
//
//	store 0 (left), 1 (right):  key codec of the join key, row codec of the row  →  varint multiplicity
//
// For one key let L and R be the multisets and m(R) the number of rows of R. The join's output is the function
//
//	f(L, R) = L × R            (inner)
//	f(L, R) = L × R + [m(R) ≤ 0] · (L × NULL)   (left)
//
// and a round emits f(after) − f(before), from ΔL × R, L' × ΔR and the change of the padded rows. As the sum of all rounds is
// f of the present state, the order in which changes of the two sides (or a − and its +) arrive does not matter.
//
// Both sides are the task's own, written in its commits only: a lookup is as of the task's frontier by construction.
type joinState struct {
	spec   plan.JoinSpec
	keys   [2][]int
	prefix [2][]byte
	types  [2][]types.Type
}

func newJoinState(spec plan.JoinSpec, leftTypes, rightTypes []types.Type, query catalog.RelationID, node uint16, partition uint32) *joinState {
	j := &joinState{spec: spec, keys: [2][]int{spec.LeftKey, spec.RightKey}, types: [2][]types.Type{leftTypes, rightTypes}}
	for side := range j.prefix {
		j.prefix[side] = state.TaskPrefix(query, partition, node, byte(side))
	}
	return j
}

// joinRow is a row of one side under one key: its place in the round's rows of that side, its multiplicity before the
// round, and the change.
type joinRow struct {
	at            int
	before, delta int64
}

// joinKey is what a round touches under one key.
type joinKey struct {
	key  []byte
	rows [2]map[string]*joinRow
	list [2][]*joinRow
	enc  [2][]string // encoded rows, as in list
}

// joinRound is one round of a join.
type joinRound struct {
	*joinState
	store   state.Reader
	rows    [2]*types.Batch // all rows met, by side; joinRow.at points here
	touched []*joinKey
	// the output, as pairs of places in rows; -1 is a padded side
	outLeft, outRight []int
	diffs             []int64
}

// apply runs the changes of both sides through the join, adds the new state to c and returns the changes of the output.
func (j *joinState) apply(in [2]*types.Batch, store state.Reader, c *Commit) (*types.Batch, error) {
	r := &joinRound{joinState: j, store: store}
	var out []*types.Batch
	byKey := map[string]*joinKey{}
	for side := range in {
		r.rows[side] = types.NewBatch(j.types[side], in[side].Len)
		if pass := r.collect(side, in[side], byKey); pass != nil {
			out = append(out, pass)
		}
	}
	for _, k := range r.touched {
		if err := r.join(k); err != nil {
			return nil, err
		}
		r.save(k, c)
	}
	result := r.output()
	for _, b := range out {
		appendBatch(result, b)
	}
	return result, nil
}

// collect groups the changes of one side by join key. Rows with a NULL in the key match nothing: on the left of a left
// join they are returned as padded output, else dropped.
func (r *joinRound) collect(side int, b *types.Batch, byKey map[string]*joinKey) *types.Batch {
	var padded *types.Batch
	var kbuf, rbuf []byte
	for i := range b.Len {
		if anyNull(b, r.keys[side], i) {
			if side == left && r.spec.Kind == plan.JoinLeft {
				padded = r.pad(padded, b, i)
			}
			continue
		}
		kbuf = types.EncodeKey(kbuf[:0], b, r.keys[side], i)
		k := byKey[string(kbuf)]
		if k == nil {
			k = &joinKey{key: append([]byte{}, kbuf...)}
			byKey[string(kbuf)] = k
			r.touched = append(r.touched, k)
		}
		rbuf = types.EncodeRow(rbuf[:0], b, i)
		row := k.rows[side][string(rbuf)]
		if row == nil {
			r.rows[side].AppendFrom(b, i, 1)
			row = k.add(side, string(rbuf), r.rows[side].Len-1)
		}
		row.delta += b.Diff(i)
	}
	return padded
}

func anyNull(b *types.Batch, cols []int, i int) bool {
	for _, c := range cols {
		if b.Cols[c].IsNull(i) {
			return true
		}
	}
	return false
}

// pad appends left row i of b with NULLs for the right side to out.
func (r *joinRound) pad(out, b *types.Batch, i int) *types.Batch {
	if out == nil {
		out = types.NewBatch(append(append([]types.Type(nil), r.types[left]...), r.types[right]...), 0)
	}
	row := b.Row(i)
	for range r.types[right] {
		row = append(row, types.NullDatum)
	}
	out.AppendRow(row, b.Diff(i))
	return out
}

func (k *joinKey) add(side int, enc string, at int) *joinRow {
	if k.rows[side] == nil {
		k.rows[side] = map[string]*joinRow{}
	}
	row := &joinRow{at: at}
	k.rows[side][enc] = row
	k.list[side] = append(k.list[side], row)
	k.enc[side] = append(k.enc[side], enc)
	return row
}

func (k *joinKey) changed(side int) bool {
	for _, row := range k.list[side] {
		if row.delta != 0 {
			return true
		}
	}
	return false
}

// join computes the output changes of one key.
func (r *joinRound) join(k *joinKey) error {
	changedLeft, changedRight := k.changed(left), k.changed(right)
	padded := r.spec.Kind == plan.JoinLeft
	if err := r.load(k, right, changedLeft || padded && changedRight); err != nil {
		return err
	}
	if err := r.load(k, left, changedRight); err != nil {
		return err
	}
	for _, a := range k.list[left] {
		for _, b := range k.list[right] {
			// ΔL × R + L' × ΔR
			r.emit(a.at, b.at, a.delta*b.before+(a.before+a.delta)*b.delta)
		}
	}
	if padded {
		r.joinPadded(k)
	}
	return nil
}

// joinPadded emits the change of the rows of the left that have no match.
func (r *joinRound) joinPadded(k *joinKey) {
	var before, after int64
	for _, b := range k.list[right] {
		before += b.before
		after += b.before + b.delta
	}
	for _, a := range k.list[left] {
		var n int64
		if after <= 0 {
			n += a.before + a.delta
		}
		if before <= 0 {
			n -= a.before
		}
		r.emit(a.at, -1, n)
	}
}

func (r *joinRound) emit(l, rt int, diff int64) {
	if diff == 0 {
		return
	}
	r.outLeft = append(r.outLeft, l)
	r.outRight = append(r.outRight, rt)
	r.diffs = append(r.diffs, diff)
}

// load reads what is stored of one side under the key: all rows, or only those that change.
func (r *joinRound) load(k *joinKey, side int, all bool) error {
	prefix := append(append([]byte{}, r.prefix[side]...), k.key...)
	if !all {
		return r.loadChanged(k, side, prefix)
	}
	it := r.store.Scan(prefix, state.PrefixEnd(prefix))
	defer it.Close()
	for it.Next() {
		count, n := binary.Varint(it.Value())
		if n <= 0 {
			return fmt.Errorf("join state: multiplicity: %w", state.ErrCorrupt)
		}
		enc := it.Key()[len(prefix):]
		row := k.rows[side][string(enc)]
		if row == nil {
			if err := types.DecodeRow(enc, r.rows[side]); err != nil {
				return fmt.Errorf("join state: %w", err)
			}
			row = k.add(side, string(enc), r.rows[side].Len-1)
		}
		row.before = count
	}
	return it.Close()
}

func (r *joinRound) loadChanged(k *joinKey, side int, prefix []byte) error {
	for i, row := range k.list[side] {
		value, err := r.store.Get(append(prefix[:len(prefix):len(prefix)], k.enc[side][i]...))
		if err != nil {
			return err
		}
		if value == nil {
			continue
		}
		count, n := binary.Varint(value)
		if n <= 0 {
			return fmt.Errorf("join state: multiplicity: %w", state.ErrCorrupt)
		}
		row.before = count
	}
	return nil
}

// save adds the new multiplicities of the key's changed rows to c.
func (r *joinRound) save(k *joinKey, c *Commit) {
	for side := range k.list {
		for i, row := range k.list[side] {
			if row.delta == 0 {
				continue
			}
			key := append(append(append([]byte{}, r.prefix[side]...), k.key...), k.enc[side][i]...)
			if n := row.before + row.delta; n != 0 {
				c.State.Put(key, binary.AppendVarint(nil, n))
			} else {
				c.State.Delete(key)
			}
		}
	}
}

func (r *joinRound) output() *types.Batch {
	out := &types.Batch{Len: len(r.diffs), Diffs: r.diffs}
	for _, v := range r.rows[left].Cols {
		out.Cols = append(out.Cols, v.Gather(r.outLeft))
	}
	for _, v := range r.rows[right].Cols {
		out.Cols = append(out.Cols, v.Gather(r.outRight))
	}
	return out
}
