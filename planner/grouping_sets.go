package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// opGrouping stands for GROUPING(Args) until grouping replaces it; no plan has it. Above the grouping, Args are group
// columns.
const opGrouping plan.Op = "grouping"

// Bounds of PostgreSQL 15 (parse_agg.c).
const (
	maxGroupingSets = 4096
	maxCube         = 12
	maxGroupingArgs = 31
)

func isGroupingSet(e ast.Expr) bool {
	_, ok := e.(*ast.GroupingSet)
	return ok
}

// groupingSets returns the sets that a list of items of GROUP BY stands for: each item has sets of its own, and all
// combinations count. Sets are places in the grouping.
func (s *selectBinder) groupingSets(items []ast.Expr) ([][]int, error) {
	all := [][]int{{}}
	for _, item := range items {
		sets, err := s.itemSets(item)
		if err != nil {
			return nil, err
		}
		if len(all)*len(sets) > maxGroupingSets {
			return nil, pgerr.New(pgerr.StatementTooComplex, "too many grouping sets present (maximum %d)", maxGroupingSets).At(item.Position())
		}
		var next [][]int
		for _, a := range all {
			for _, b := range sets {
				next = append(next, unite(a, b))
			}
		}
		all = next
	}
	return all, nil
}

// unite returns the places of all sets, each once.
func unite(sets ...[]int) []int {
	out := []int{}
	for _, set := range sets {
		for _, p := range set {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// itemSets returns the sets of one item.
func (s *selectBinder) itemSets(item ast.Expr) ([][]int, error) {
	set, ok := item.(*ast.GroupingSet)
	switch {
	case !ok:
		places, err := s.groupPlaces(item)
		return [][]int{places}, err
	case set.Kind == "sets":
		var out [][]int
		for _, e := range set.Elems {
			sets, err := s.itemSets(e)
			if err != nil {
				return nil, err
			}
			if out = append(out, sets...); len(out) > maxGroupingSets {
				return nil, pgerr.New(pgerr.StatementTooComplex, "too many grouping sets present (maximum %d)", maxGroupingSets).At(set.Pos)
			}
		}
		return out, nil
	case set.Kind == "cube" && len(set.Elems) > maxCube:
		return nil, pgerr.New(pgerr.TooManyColumns, "CUBE is limited to %d elements", maxCube).At(set.Pos)
	}
	var elems [][]int
	for _, e := range set.Elems {
		places, err := s.groupPlaces(e)
		if err != nil {
			return nil, err
		}
		elems = append(elems, places)
	}
	if set.Kind == "cube" {
		return cube(elems), nil
	}
	return rollup(elems), nil
}

// groupPlaces returns the places of an expression, or of all of (a, b).
func (s *selectBinder) groupPlaces(e ast.Expr) ([]int, error) {
	list := []ast.Expr{e}
	if row, ok := e.(*ast.Row); ok {
		list = row.Elems
	}
	var out []int
	for _, x := range list {
		i, err := s.groupPlace(x)
		if err != nil {
			return nil, err
		}
		out = unite(out, []int{i})
	}
	return out, nil
}

// rollup returns all beginnings of elems, the longest first; of none, the empty set.
func rollup(elems [][]int) [][]int {
	var out [][]int
	for n := len(elems); n >= 0; n-- {
		out = append(out, unite(elems[:n]...))
	}
	return out
}

// cube returns all selections from elems.
func cube(elems [][]int) [][]int {
	var out [][]int
	for bits := 1<<len(elems) - 1; bits >= 0; bits-- {
		var chosen [][]int
		for i, e := range elems {
			if bits>>(len(elems)-1-i)&1 == 1 {
				chosen = append(chosen, e)
			}
		}
		out = append(out, unite(chosen...))
	}
	return out
}

// distinctSets drops sets that are there before, in whatever order.
func distinctSets(sets [][]int) [][]int {
	var out [][]int
	for _, set := range sets {
		same := func(o []int) bool { return len(o) == len(set) && len(unite(o, set)) == len(set) }
		if !slices.ContainsFunc(out, same) {
			out = append(out, set)
		}
	}
	return out
}

// inAllSets reports whether group column i has its value in every group.
func (g *grouping) inAllSets(i int) bool {
	return !slices.ContainsFunc(g.sets, func(set []int) bool { return !slices.Contains(set, i) })
}

// bindGrouping binds GROUPING(…).
func (b *binder) bindGrouping(e *ast.Call, c *exprContext) (*plan.Expr, error) {
	switch {
	case c.aggs == nil && c.inAggregate:
		return nil, pgerr.New(pgerr.GroupingError, "aggregate function calls cannot contain grouping operations").At(e.Pos)
	case c.aggs == nil:
		return nil, pgerr.New(pgerr.GroupingError, "grouping operations are not allowed in %s", c.clause).At(e.Pos)
	case len(e.Args) > maxGroupingArgs:
		return nil, pgerr.New(pgerr.TooManyArguments, "GROUPING must have fewer than %d arguments", maxGroupingArgs+1).At(e.Pos)
	}
	args, err := b.bindList(e.Args, c)
	if err != nil {
		return nil, err
	}
	c.aggs.used = true
	return &plan.Expr{Op: opGrouping, Type: types.Int4, Args: args, Pos: e.Pos}, nil
}

func hasGrouping(e *plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, depth int) { found = found || depth == 0 && x.Op == opGrouping })
	return found
}

// grouping returns x over the group columns. Error: 42803.
func (r *regroup) grouping(x *plan.Expr, failed *error) *plan.Expr {
	c := *x
	c.Args = nil
	for _, a := range x.Args {
		i := indexOf(r.s.group.exprs[:len(r.s.group.exprs)-r.s.group.dependent], a)
		if i < 0 {
			if *failed == nil {
				*failed = pgerr.New(pgerr.GroupingError, "arguments to GROUPING must be grouping expressions of the associated query level").At(a.Pos)
			}
			i = 0
		}
		c.Args = append(c.Args, plan.Column(i, a.Type))
	}
	return &c
}

// value returns what a GROUPING is, by the number of the set: a bit for each argument, 1 if the set is without it.
func (g *grouping) value(x *plan.Expr) *plan.Expr {
	number := func(n int) *plan.Expr { return plan.Const(types.Int4, types.IntDatum(int64(n))) }
	set := &plan.Expr{Op: plan.OpColumn, Type: types.Int4, Column: len(g.exprs) + len(g.aggs), Pos: x.Pos}
	out := &plan.Expr{Op: plan.OpCase, Type: types.Int4, Pos: x.Pos}
	for i, columns := range g.sets {
		bits := 0
		for _, a := range x.Args {
			bits <<= 1
			if !slices.Contains(columns, a.Column) {
				bits |= 1
			}
		}
		if bits != 0 {
			out.Args = append(out.Args, &plan.Expr{Op: plan.OpIn, Type: types.Bool, Args: []*plan.Expr{set, number(i)}}, number(bits))
		}
	}
	if out.Args == nil {
		return number(0)
	}
	out.Args = append(out.Args, number(0))
	return out
}
