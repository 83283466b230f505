package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// hashJoin keeps the right input in memory, in a hash table by its keys, and streams the left one through. Without keys
// every row on the right is a candidate: nested loops.
//
// A row of the left can have any number of matches, so a batch of the left gives many batches: the cursor (row, candidate)
// stands where the next one goes on.
type hashJoin struct {
	env        *Env
	node       *plan.Join
	left       Operator
	leftKeys   []*expr.Compiled
	cond       *expr.Compiled
	leftTypes  []types.Type
	keepsLeft  bool // rows of the left without a match are given too
	keepsRight bool

	built bool
	table joinTable
	input Operator // of the left: j.left, or a part of it
	spill joinSpill
	rest  int // keepsRight: the next row of the right to look at, after the left is at its end

	// The batch of the left that is being joined.
	probe     *types.Batch
	candidate []int32 // by left row: the first candidate, or -1
	matched   []bool  // by left row: a match was found
	row       int
	next      int32 // the next candidate of row
	padded    bool  // all candidates are done: rows without a match are next
}

func newHashJoin(n *plan.Join, env *Env) (Operator, error) {
	j := &hashJoin{env: env, node: n, leftTypes: n.Left.Types()}
	j.keepsLeft = n.Kind == plan.JoinLeft || n.Kind == plan.JoinFull
	j.keepsRight = n.Kind == plan.JoinRight || n.Kind == plan.JoinFull
	var err error
	if j.left, err = build(n.Left, env); err != nil {
		return nil, err
	}
	if j.leftKeys, err = env.compileAll(n.LeftKeys); err != nil {
		return nil, err
	}
	if n.Cond != nil {
		j.cond, err = env.compile(n.Cond)
	}
	return j, err
}

func (j *hashJoin) Next(ctx context.Context) (*types.Batch, error) {
	if !j.built {
		if err := j.build(ctx); err != nil {
			return nil, err
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if j.probe == nil {
			more, err := j.nextProbe(ctx)
			if err != nil {
				return nil, err
			}
			if !more {
				if b := j.unmatchedRight(); b != nil {
					return b, nil
				}
				if more, err = j.nextPart(ctx); err != nil || !more {
					return nil, err
				}
				continue
			}
		}
		b, err := j.join(ctx)
		if err != nil || b != nil {
			return b, err
		}
	}
}

// build reads the right input.
func (j *hashJoin) build(ctx context.Context) error {
	j.built = true
	if t, ok := j.env.joined[j.node]; ok {
		j.take(t.reader(), j.left)
		return nil
	}
	right, err := build(j.node.Right, j.env)
	if err != nil {
		return err
	}
	defer right.Close()
	t, divided, err := readJoinTable(ctx, j.node, j.env, right, 0)
	if err != nil {
		return err
	}
	if divided == nil {
		if !j.keepsRight && j.env.keeps && !readsOpenWork(j.node.Right) {
			j.env.joined[j.node] = t
			t = t.reader()
		}
		j.take(t, j.left)
		return nil
	}
	if err := j.divide(ctx, divided, j.left); err != nil {
		return err
	}
	j.take(newJoinTable(j.node.Right.Types(), true, j.env.account("hash join")), &unionOp{}) // parts follow
	return nil
}

// take has the rows of left joined with those of a table.
func (j *hashJoin) take(t joinTable, left Operator) {
	j.table, j.input, j.rest = t, left, 0
	if j.keepsRight {
		j.table.matched = make([]bool, j.table.rows.Len)
	}
}

// nextProbe takes the next batch of the left; false at the end.
func (j *hashJoin) nextProbe(ctx context.Context) (bool, error) {
	if j.table.rows.Len == 0 && !j.keepsLeft {
		return false, nil
	}
	b, err := j.input.Next(ctx)
	if err != nil || b == nil {
		return false, err
	}
	keys, err := j.env.evalAll(ctx, j.leftKeys, b)
	if err != nil {
		return false, err
	}
	j.probe, j.candidate = b, j.table.find(keys, b.Len, j.candidate[:0])
	j.matched = make([]bool, b.Len)
	j.row, j.next, j.padded = 0, j.candidate[0], false
	return true, nil
}

// join returns the next rows of the present batch of the left, or nil when it is done.
func (j *hashJoin) join(ctx context.Context) (*types.Batch, error) {
	for j.row < j.probe.Len {
		lefts, rights := j.pairs()
		if len(lefts) == 0 {
			break
		}
		b, err := j.matches(ctx, lefts, rights)
		if err != nil || b.Len > 0 {
			return b, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	b := j.unmatchedLeft()
	j.probe = nil
	return b, nil
}

// pairs collects the next candidates, as places on the left and on the right.
func (j *hashJoin) pairs() (lefts, rights []int) {
	for j.row < j.probe.Len && len(lefts) < BatchRows {
		if j.next < 0 {
			if j.row++; j.row < j.probe.Len {
				j.next = j.candidate[j.row]
			}
			continue
		}
		lefts, rights = append(lefts, j.row), append(rights, int(j.next))
		j.next = j.table.next[j.next]
	}
	return lefts, rights
}

// matches joins the pairs for which the condition is true.
func (j *hashJoin) matches(ctx context.Context, lefts, rights []int) (*types.Batch, error) {
	b := j.combine(lefts, rights)
	if j.cond != nil {
		rows, err := j.env.evalRows(ctx, j.cond, b)
		if err != nil {
			return nil, err
		}
		if len(rows) < b.Len {
			b = b.Gather(rows)
			for i, r := range rows {
				lefts[i], rights[i] = lefts[r], rights[r]
			}
			lefts, rights = lefts[:len(rows)], rights[:len(rows)]
		}
	}
	for i := range lefts {
		j.matched[lefts[i]] = true
		if j.keepsRight {
			j.table.matched[rights[i]] = true
		}
	}
	return b, nil
}

// combine puts rows of both sides side by side.
func (j *hashJoin) combine(lefts, rights []int) *types.Batch {
	b := &types.Batch{Len: len(lefts), Cols: make([]*types.Vector, 0, len(j.leftTypes)+len(j.table.rows.Cols))}
	for _, v := range j.probe.Cols {
		b.Cols = append(b.Cols, v.Gather(lefts))
	}
	for _, v := range j.table.rows.Cols {
		b.Cols = append(b.Cols, v.Gather(rights))
	}
	return b
}

// unmatchedLeft returns the rows of the present batch without a match, if they are wanted.
func (j *hashJoin) unmatchedLeft() *types.Batch {
	if !j.keepsLeft {
		return nil
	}
	var rows []int
	for i, m := range j.matched {
		if !m {
			rows = append(rows, i)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	b := j.probe.Gather(rows)
	for _, v := range j.table.rows.Cols {
		b.Cols = append(b.Cols, types.ConstVector(v.Type, types.NullDatum, len(rows)))
	}
	return b
}

// unmatchedRight returns, after the left is at its end, the next rows of the right without a match, or nil.
func (j *hashJoin) unmatchedRight() *types.Batch {
	if !j.keepsRight {
		return nil
	}
	var rows []int
	for ; j.rest < j.table.rows.Len && len(rows) < BatchRows; j.rest++ {
		if !j.table.matched[j.rest] {
			rows = append(rows, j.rest)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	b := &types.Batch{Len: len(rows)}
	for _, t := range j.leftTypes {
		b.Cols = append(b.Cols, types.ConstVector(t, types.NullDatum, len(rows)))
	}
	for _, v := range j.table.rows.Cols {
		b.Cols = append(b.Cols, v.Gather(rows))
	}
	return b
}

func (j *hashJoin) Close() {
	j.left.Close()
	j.table.mem.release()
	j.spill.close()
	j.table, j.probe = joinTable{}, nil
}
