package exec

import (
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// joinPairRows bounds how many pairs of rows are put side by side to evaluate a condition.
const joinPairRows = 1024

// joinCondition is the condition of a join beside the equality of the keys. A pair for which it fails does not match, and is
// reported when it comes and when it goes.
type joinCondition struct {
	pipeline // of no steps: it collects the failures
	compiled *expr.Compiled
}

// joinPair is a row of each side.
type joinPair struct{ left, right *joinRow }

// change is what the round adds to the number of times that the pair is there: ΔL × R + L' × ΔR.
func (p joinPair) change() int64 { return p.left.delta*p.right.before + p.left.after()*p.right.delta }

// join computes the output changes of one key.
func (r *joinRound) join(k *joinKey) error {
	changedLeft, changedRight := k.changed(left), k.changed(right)
	countsRight := r.keeps(left) || r.leftOnly() // the number of matches of a row of the left matters
	if err := r.load(k, right, changedLeft || countsRight && changedRight); err != nil {
		return err
	}
	if err := r.load(k, left, changedRight || r.keeps(right) && changedLeft); err != nil {
		return err
	}
	for _, a := range k.list[left] {
		for _, b := range k.list[right] {
			if err := r.pair(joinPair{a, b}); err != nil {
				return err
			}
		}
	}
	if err := r.evaluate(); err != nil {
		return err
	}
	for side := range k.list {
		if r.keeps(side) || side == left && r.leftOnly() {
			r.joinAlone(side, k.list[side])
		}
	}
	return nil
}

// pair takes in a pair of rows with one key: at once, or when there are enough to evaluate the condition.
func (r *joinRound) pair(p joinPair) error {
	if r.cond == nil {
		r.match(p)
		return nil
	}
	if r.pairs = append(r.pairs, p); len(r.pairs) < joinPairRows {
		return nil
	}
	return r.evaluate()
}

// evaluate takes in the pairs that wait for the condition.
func (r *joinRound) evaluate() error {
	if len(r.pairs) == 0 {
		return nil
	}
	b := r.sideBySide(r.pairs)
	bad := map[int]bool{}
	v, err := r.cond.compiled.Eval(r.cond.context(b, bad), b)
	if err != nil {
		return err
	}
	for i, p := range r.pairs {
		if !bad[i] && !v.IsNull(i) && v.Int[i] != 0 {
			r.match(p)
		}
	}
	r.pairs = r.pairs[:0]
	return nil
}

// sideBySide makes rows of pairs. Their multiplicities are the changes of the pairs.
func (r *joinRound) sideBySide(pairs []joinPair) *types.Batch {
	var at [2][]int
	b := &types.Batch{Len: len(pairs)}
	for _, p := range pairs {
		at[left], at[right] = append(at[left], p.left.at), append(at[right], p.right.at)
		b.Diffs = append(b.Diffs, p.change())
	}
	for side, rows := range r.rows {
		for _, v := range rows.Cols {
			b.Cols = append(b.Cols, v.Gather(at[side]))
		}
	}
	return b
}

// match takes in a pair that matches.
func (r *joinRound) match(p joinPair) {
	p.left.metBefore += p.right.before
	p.left.metAfter += p.right.after()
	p.right.metBefore += p.left.before
	p.right.metAfter += p.left.after()
	if r.spec.Events && p.right.after() < 0 {
		return // what is stored is ahead of the frontiers that this round began from: its commit will be refused
	}
	if !r.leftOnly() {
		r.emit(p.left.at, p.right.at, p.change())
	}
}

// joinAlone emits the change of the rows of a side that are output by whether they have a match.
func (r *joinRound) joinAlone(side int, rows []*joinRow) {
	matched := r.spec.Kind == plan.JoinSemi
	for _, row := range rows {
		var n int64
		if (row.metAfter > 0) == matched {
			n += row.after()
		}
		if (row.metBefore > 0) == matched {
			n -= row.before
		}
		r.emitAlone(side, row.at, n)
	}
}

// emitAlone outputs a row of a side with NULLs for the other one.
func (r *joinRound) emitAlone(side, at int, diff int64) {
	if side == left {
		r.emit(at, -1, diff)
	} else {
		r.emit(-1, at, diff)
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

func (r *joinRound) output() *types.Batch {
	out := &types.Batch{Len: len(r.diffs), Diffs: r.diffs}
	for _, v := range r.rows[left].Cols {
		out.Cols = append(out.Cols, v.Gather(r.outLeft))
	}
	if r.leftOnly() {
		return out
	}
	for _, v := range r.rows[right].Cols {
		out.Cols = append(out.Cols, v.Gather(r.outRight))
	}
	return out
}
