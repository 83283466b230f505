package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
)

// cutJoin makes a task of a join: each side is partitioned by its keys.
func (c *cutter) cutJoin(n *plan.Join, need columnSet) (*flow, error) {
	if err := refuseJoin(n); err != nil {
		return nil, err
	}
	nl := len(n.Left.Types())
	all := append(columnSet(nil), need...)
	if n.Cond != nil {
		all.addExprs(n.Cond)
	}
	l, leftKey, err := c.cutSide(n.Left, n.LeftKeys, all[:nl:nl])
	if err != nil {
		return nil, err
	}
	r, rightKey, err := c.cutSide(n.Right, n.RightKeys, all[nl:])
	if err != nil {
		return nil, err
	}
	task := &plan.Task{Join: &plan.JoinSpec{Kind: n.Kind, LeftKey: leftKey, RightKey: rightKey}}
	task.Inputs = []plan.Input{c.input(l, leftKey), c.input(r, rightKey)}
	f := joined(task, l, r)
	if n.Cond != nil {
		f.filter(substitute(n.Cond, f.out))
	}
	return f, nil
}

func refuseJoin(n *plan.Join) error {
	switch {
	case n.Kind == plan.JoinRight || n.Kind == plan.JoinFull:
		return notContinuous("a " + string(n.Kind) + " join")
	case len(n.LeftKeys) == 0:
		return notContinuous("a join without an equality of both sides")
	case n.Kind == plan.JoinLeft && n.Cond != nil:
		return notContinuous("a left join with a condition other than equalities of both sides, or on the right side alone,")
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

// joined is the flow behind a join of l and r. Behind a left join a right key may be NULL where the left one is not.
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
		same := []int{k}
		if task.Join.Kind == plan.JoinInner {
			same = append(same, nl+task.Join.RightKey[i])
		}
		f.parts = append(f.parts, same)
	}
	return f
}
