package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// pairedRows returns the constant rows that a join pairs each row of its left with.
func pairedRows(n *plan.Join) (*plan.Pair, bool) {
	values, ok := n.Right.(*plan.Values)
	if !ok || n.Kind != plan.JoinInner || len(n.LeftKeys) > 0 || len(values.Rows) > maxWindows {
		return nil, false
	}
	out := &plan.Pair{Types: values.ColumnTypes}
	for _, row := range values.Rows {
		var datums []types.Datum
		for _, e := range row {
			if e.Op != plan.OpConst {
				return nil, false
			}
			datums = append(datums, *e.Value)
		}
		out.Rows = append(out.Rows, datums)
	}
	return out, len(out.Rows) > 0
}

// cutPair makes a step of a join with constant rows; their number is part of the key of what comes out.
func (c *cutter) cutPair(n *plan.Join, pair *plan.Pair, need columnSet) (*flow, error) {
	nl := len(n.Left.Types())
	all := newColumnSet(nl + len(pair.Types))
	copy(all, need)
	if n.Cond != nil {
		all.addExprs(n.Cond)
	}
	f, err := c.cut(n.Left, all[:nl:nl])
	if err != nil {
		return nil, err
	}
	width := len(f.types)
	step := plan.Step{Pair: pair}
	f.steps, f.types = append(f.steps, step), step.Output(f.types)
	for i, t := range pair.Types {
		f.out = append(f.out, plan.Column(width+i, t))
	}
	f.key = append(f.key[:len(f.key):len(f.key)], len(f.types)-1)
	if n.Cond != nil {
		f.filter(substitute(n.Cond, f.out))
	}
	return f, nil
}
