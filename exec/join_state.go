package exec

import (
	"encoding/binary"
	"fmt"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
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
// For one key let L and R be the multisets, C the condition beside the key (none: true), and m(a) the number of rows of R
// that match row a of L, m(b) of L that match row b of R. The join's output is the function
//
//	f(L, R) = [C] · (L × R)                        (inner)
//	        + [m(a) ≤ 0] · (L × NULL)              (left, full)
//	        + [m(b) ≤ 0] · (NULL × R)              (right, full)
//	f(L, R) = [m(a) > 0] · L                       (semi)
//	f(L, R) = [m(a) ≤ 0] · L                       (anti)
//
// and a round emits f(after) − f(before), from ΔL × R, L' × ΔR and the change of what is padded or kept. As the sum of all
// rounds is f of the present state, the order in which changes of the two sides (or a − and its +) arrive does not matter.
//
// Of events (JoinSpec.Events) the left is a stream whose rows meet the right as it is after the round, once: nothing is kept
// of them, so L is empty before each round, and with R' in the place of R a round emits f(ΔL, R'), which only comes.
//
// Both sides are the task's own, written in its commits only: a lookup is as of the task's frontier by construction.
type joinState struct {
	spec   plan.JoinSpec
	keys   [2][]int
	prefix [2][]byte
	types  [2][]types.Type
	cond   *joinCondition // nil: none
}

func newJoinState(spec plan.JoinSpec, in [][]types.Type, ctx expr.Context, c ConsumerID) (*joinState, error) {
	j := &joinState{spec: spec, keys: [2][]int{spec.LeftKey, spec.RightKey}, types: [2][]types.Type{in[left], in[right]}}
	for side := range j.prefix {
		j.prefix[side] = state.TaskPrefix(c.Query, c.Partition, c.Node, byte(side))
	}
	if spec.Cond == nil {
		return j, nil
	}
	compiled, err := expr.Compile(spec.Cond)
	j.cond = &joinCondition{compiled: compiled, pipeline: pipeline{ctx: ctx}}
	return j, err
}

// keeps reports whether rows of a side without a match are in the output.
func (j *joinState) keeps(side int) bool {
	switch j.spec.Kind {
	case plan.JoinFull:
		return true
	case plan.JoinLeft, plan.JoinAnti:
		return side == left
	case plan.JoinRight:
		return side == right
	}
	return false
}

// leftOnly reports whether the output has the columns of the left alone.
func (j *joinState) leftOnly() bool {
	return j.spec.Kind == plan.JoinSemi || j.spec.Kind == plan.JoinAnti
}

// joinRow is a row of one side under one key: its place in the round's rows of that side, its multiplicity before the
// round, the change, and how many rows of the other side match it, before and after the round.
type joinRow struct {
	at                  int
	before, delta       int64
	metBefore, metAfter int64
}

func (r *joinRow) after() int64 { return r.before + r.delta }

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
	pairs             []joinPair // whose condition is to be evaluated
}

// apply runs the changes of both sides through the join, adds the new state to c and returns the changes of the output.
func (j *joinState) apply(in [2]*types.Batch, store state.Reader, c *Commit) (*types.Batch, error) {
	r := &joinRound{joinState: j, store: store}
	byKey := map[string]*joinKey{}
	for side := range in {
		r.rows[side] = types.NewBatch(j.types[side], in[side].Len)
		r.collect(side, in[side], byKey)
	}
	for _, k := range r.touched {
		if err := r.join(k); err != nil {
			return nil, err
		}
		r.save(k, c)
	}
	return r.output(), nil
}

// collect groups the changes of one side by join key. Rows with a NULL in the key match nothing: on a side that is kept
// they are output, else dropped.
func (r *joinRound) collect(side int, b *types.Batch, byKey map[string]*joinKey) {
	var kbuf, rbuf []byte
	for i := range b.Len {
		if anyNull(b, r.keys[side], i) {
			if r.keeps(side) {
				r.rows[side].AppendFrom(b, i, 1)
				r.emitAlone(side, r.rows[side].Len-1, b.Diff(i))
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
}

func anyNull(b *types.Batch, cols []int, i int) bool {
	for _, c := range cols {
		if b.Cols[c].IsNull(i) {
			return true
		}
	}
	return false
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

// load reads what is stored of one side under the key: all rows, or only those that change.
func (r *joinRound) load(k *joinKey, side int, all bool) error {
	if side == left && r.spec.Events {
		return nil
	}
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
		if side == left && r.spec.Events {
			continue
		}
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
