package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// cutJoin makes a task of a join: each side is partitioned by its keys.
func (c *cutter) cutJoin(n *plan.Join, need columnSet) (*flow, error) {
	if rows, ok := pairedRows(n); ok {
		return c.cutPair(n, rows, need)
	}
	if err := refuseJoin(n); err != nil {
		return nil, err
	}
	leftKeys, rightKeys := joinKeys(n)
	nl := len(n.Left.Types())
	all := newColumnSet(nl + len(n.Right.Types()))
	copy(all, need)
	if n.Cond != nil {
		all.addExprs(n.Cond)
	}
	l, leftKey, err := c.cutSide(n.Left, leftKeys, all[:nl:nl])
	if err != nil {
		return nil, err
	}
	r, rightKey, err := c.cutSide(n.Right, rightKeys, all[nl:])
	if err != nil {
		return nil, err
	}
	task := &plan.Task{Join: &plan.JoinSpec{Kind: n.Kind, LeftKey: leftKey, RightKey: rightKey, Events: c.kind == catalog.KindStream}}
	task.Inputs = []plan.Input{c.input(l, leftKey), c.input(r, rightKey)}
	f := joined(task, l, r)
	switch {
	case n.Cond == nil:
	case n.Kind == plan.JoinInner:
		f.filter(substitute(n.Cond, f.out))
	default:
		task.Join.Cond = substitute(n.Cond, f.out)
	}
	if n.LeftOnly() {
		f.leftOnly(l)
	}
	return f, nil
}

// joinKeys returns the keys of both sides. A semi or anti join without has one that is the same for all rows.
func joinKeys(n *plan.Join) (left, right []*plan.Expr) {
	if len(n.LeftKeys) > 0 {
		return n.LeftKeys, n.RightKeys
	}
	one := []*plan.Expr{plan.Const(types.Int4, types.Datum{Int: 1})}
	return one, one
}

func refuseJoin(n *plan.Join) error {
	switch {
	case len(n.LeftKeys) > 0:
		return nil
	case !n.LeftOnly():
		return notContinuous("a join without an equality of both sides")
	case n.Cond != nil:
		return notContinuous("a subquery that depends on the outer query, but not by an equality,")
	}
	return nil
}

// cutSide makes one side of a join: the keys, then what is needed. It returns the places of the keys.
func (c *cutter) cutSide(n plan.Node, keys []*plan.Expr, need columnSet) (*flow, []int, error) {
	below := append(columnSet(nil), need...)
	below.addExprs(keys...)
	f, err := c.cut(n, below)
	if err != nil {
		return nil, nil, err
	}
	if !mergeableInto(keys, f.out) {
		f.settle()
	}
	exprs := mapList(keys, func(e *plan.Expr) *plan.Expr { return substitute(e, f.out) })
	columns := need.list()
	for _, i := range columns {
		exprs = append(exprs, f.out[i])
	}
	at := f.project(exprs)
	out := make([]*plan.Expr, len(f.out))
	for i, column := range columns {
		p := at[len(keys)+i]
		out[column] = plan.Column(p, f.types[p])
	}
	f.out = out
	return f, at[:len(keys):len(keys)], nil
}

// joined is the flow behind a join of l and r. Where a side is padded, its keys are NULL though the other side's are not.
func joined(task *plan.Task, l, r *flow) *flow {
	nl := len(l.types)
	f := &flow{task: task, types: append(slices.Clone(l.types), r.types...), key: slices.Clone(l.key)}
	for _, k := range r.key {
		f.key = append(f.key, nl+k)
	}
	f.out = append(f.out, l.out...)
	for _, e := range r.out {
		if e != nil {
			e = shift(e, nl)
		}
		f.out = append(f.out, e)
	}
	for i, k := range task.Join.LeftKey {
		other := nl + task.Join.RightKey[i]
		switch task.Join.Kind {
		case plan.JoinInner:
			f.parts = append(f.parts, []int{k, other})
		case plan.JoinRight:
			f.parts = append(f.parts, []int{other})
		case plan.JoinFull: // by the one or the other
		default:
			f.parts = append(f.parts, []int{k})
		}
	}
	return f
}

// leftOnly makes f, which is behind a join of l and another, one of l's columns.
func (f *flow) leftOnly(l *flow) { f.types, f.key, f.out = l.types, l.key, l.out }
