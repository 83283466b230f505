package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
)

// maxTopPlaces bounds LIMIT and OFFSET of a continuous query together: a change may walk over so many rows.
const maxTopPlaces = 10_000

// cutLimit makes a task of ORDER BY … LIMIT: the first of all rows, on one partition.
func (c *cutter) cutLimit(n *plan.Limit, need columnSet) (*flow, error) {
	if n.Ties != nil {
		return nil, notContinuous("FETCH … WITH TIES")
	}
	switch in := n.Input.(type) {
	case *plan.Project: // of the columns that are there for the order only
		return c.cutProject(&plan.Project{Input: &plan.Limit{Input: in.Input, Count: n.Count, Offset: n.Offset}, Exprs: in.Exprs}, need)
	case *plan.Sort:
		limit, offset, err := limits(n)
		if err != nil {
			return nil, err
		}
		return c.cutTop(in, nil, plan.TopSpec{Limit: limit, Offset: offset}, need)
	}
	return nil, notContinuous("LIMIT or OFFSET without ORDER BY")
}

// limits returns the constants of LIMIT and OFFSET.
func limits(n *plan.Limit) (limit, offset int64, err error) {
	limit, ok := constantInteger(n.Count)
	if !ok {
		return 0, 0, notContinuous("OFFSET without LIMIT, or a LIMIT that is not a constant,")
	}
	if n.Offset != nil {
		if offset, ok = constantInteger(n.Offset); !ok {
			return 0, 0, notContinuous("an OFFSET that is not a constant")
		}
	}
	if limit > maxTopPlaces || offset > maxTopPlaces-limit {
		return 0, 0, notContinuous("LIMIT with OFFSET above 10000")
	}
	return limit, offset, nil
}

// constantInteger returns the value of an integer that stands in the text, cast or not.
func constantInteger(e *plan.Expr) (int64, bool) {
	for e != nil && e.Op == plan.OpCall && strings.HasPrefix(e.Func, "cast(") {
		e = e.Args[0]
	}
	if e == nil || e.Op != plan.OpConst || e.Value.Null || !isInteger(e.Type) {
		return 0, false
	}
	return e.Value.Int, true
}

// cutUnique makes a task of DISTINCT ON: the first row of each group.
func (c *cutter) cutUnique(n *plan.Unique, need columnSet) (*flow, error) {
	in, ok := n.Input.(*plan.Sort)
	if !ok {
		return nil, notContinuous(nodeWord(n))
	}
	return c.cutTop(in, n.Keys, plan.TopSpec{Limit: 1}, need)
}

// cutTop makes a task that keeps the first rows of n's input for each value of group.
func (c *cutter) cutTop(n *plan.Sort, group []*plan.Expr, spec plan.TopSpec, need columnSet) (*flow, error) {
	exprs := append([]*plan.Expr(nil), group...)
	for _, k := range n.Keys {
		exprs = append(exprs, k.Expr)
	}
	f, at, err := c.cutSide(n.Input, exprs, need)
	if err != nil {
		return nil, err
	}
	spec.GroupBy = noNil(at[:len(group)])
	for i, k := range n.Keys {
		spec.Keys = append(spec.Keys, plan.SortColumn{Column: at[len(group)+i], Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	task := &plan.Task{Top: &spec, Inputs: []plan.Input{c.input(f, spec.GroupBy)}}
	top := &flow{task: task, types: f.types, out: f.out, key: f.key, parts: columnParts(spec.GroupBy)}
	if len(group) > 0 && spec.Limit == 1 {
		top.key = spec.GroupBy
	}
	return top, nil
}
