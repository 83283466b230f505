package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// opAggregate stands for aggregate number Column of the query until grouping replaces it; no plan has it.
const opAggregate plan.Op = "aggregate"

// grouping is what a query groups by and computes for each group.
type grouping struct {
	exprs []*plan.Expr // GROUP BY, and behind it columns that depend on it
	aggs  []plan.Agg
	// dependent is how many of exprs are such columns.
	dependent int
	sets      [][]int // GROUPING SETS: places in exprs; nil: one set of all
	used      bool    // there is a GROUP BY, a HAVING or an aggregate
	pos       int     // of the first aggregate
	keep      *plan.Expr
}

// add returns the placeholder of a.
func (g *grouping) add(a plan.Agg, pos int) *plan.Expr {
	g.used = true
	if g.aggs == nil {
		g.pos = pos
	}
	i := slices.IndexFunc(g.aggs, func(o plan.Agg) bool { return sameAgg(a, o) })
	if i < 0 {
		i = len(g.aggs)
		g.aggs = append(g.aggs, a)
	}
	return &plan.Expr{Op: opAggregate, Type: a.Type, Column: i, Pos: pos}
}

func sameAgg(a, b plan.Agg) bool {
	return a.Func == b.Func && a.Type == b.Type && a.Distinct == b.Distinct && sameExpr(a.Filter, b.Filter) && sameOrder(a.OrderBy, b.OrderBy) &&
		slices.EqualFunc(a.Args, b.Args, sameExpr)
}

// groupBy binds GROUP BY: an integer is a place in the select list, a name an input column or else one of the list.
func (s *selectBinder) groupBy() error {
	if s.sel.GroupBy == nil {
		return nil
	}
	s.group.used = true
	sets, err := s.groupingSets(s.sel.GroupBy)
	if err != nil {
		return err
	}
	if s.sel.GroupDistinct {
		sets = distinctSets(sets)
	}
	if slices.ContainsFunc(s.sel.GroupBy, isGroupingSet) {
		s.group.sets = sets
	}
	return nil
}

// groupPlace returns the place of an expression in the grouping.
func (s *selectBinder) groupPlace(e ast.Expr) (int, error) {
	x, err := s.groupExpr(e)
	if err == nil {
		err = needEquality(x)
	}
	if err != nil {
		return 0, err
	}
	i := indexOf(s.group.exprs, x)
	if i < 0 {
		i = len(s.group.exprs)
		s.group.exprs = append(s.group.exprs, x)
	}
	return i, nil
}

func (s *selectBinder) groupExpr(e ast.Expr) (*plan.Expr, error) {
	i, err := s.findOutput(e, "GROUP BY")
	if err != nil {
		return nil, err
	}
	if ref, ok := e.(*ast.ColumnRef); ok && len(ref.Parts) == 1 {
		if c, err := s.scope.find(columnName{name: ref.Parts[0]}); err != nil {
			return nil, at(err, ref.Pos)
		} else if c == nil {
			if i, err = s.outputNamed(ref, "GROUP BY"); err != nil {
				return nil, err
			}
		}
	}
	if i >= 0 {
		x := s.out[i].expr
		switch {
		case hasWindow(x):
			return nil, pgerr.New(pgerr.WindowingError, "window functions are not allowed in GROUP BY").At(x.Pos)
		case hasGrouping(x):
			return nil, pgerr.New(pgerr.GroupingError, "grouping operations are not allowed in GROUP BY").At(x.Pos)
		case !hasAggregate(x):
			return x, nil
		}
		return nil, pgerr.New(pgerr.GroupingError, "aggregate functions are not allowed in GROUP BY").At(s.out[i].expr.Pos)
	}
	x, err := s.bindExpr(e, &exprContext{scope: s.scope, clause: "GROUP BY"})
	if err != nil {
		return nil, err
	}
	cols := []outColumn{{expr: x}}
	err = s.resolveUnknown(cols, nil)
	return cols[0].expr, err
}

func hasAggregate(e *plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, depth int) { found = found || depth == 0 && x.Op == opAggregate })
	return found
}

// having binds HAVING; its predicate waits in keep, as the aggregates are not complete before.
func (s *selectBinder) having() (err error) {
	if s.sel.Having == nil {
		return nil
	}
	s.group.used = true
	s.group.keep, err = s.bindCondition(s.sel.Having, &exprContext{scope: s.scope, clause: "HAVING", aggs: &s.group})
	return err
}

// aggregate puts the grouping on the plan, and moves the select list, ORDER BY's columns and HAVING above it.
func (s *selectBinder) aggregate() error {
	if !s.group.used {
		return nil
	}
	if len(s.group.aggs) > 0 && slices.ContainsFunc(s.scope.tables, func(t scopeTable) bool { return t.work }) {
		return pgerr.New(pgerr.InvalidRecursion, "aggregate functions are not allowed in a recursive query's recursive term").At(s.group.pos)
	}
	r := &regroup{s: s, input: s.columnsByPosition()}
	for i := range s.out {
		e, err := r.above(s.out[i].expr)
		if err != nil {
			return err
		}
		s.out[i].expr = e
	}
	var keep *plan.Expr
	if s.group.keep != nil {
		var err error
		if keep, err = r.above(s.group.keep); err != nil {
			return err
		}
	}
	if err := s.windows.rewrite(r.above); err != nil {
		return err
	}
	// What depends on the key of a table may have added to the grouping: aggregates stand behind all of it.
	n := len(s.group.exprs)
	place := func(e *plan.Expr) *plan.Expr { return placeAggregates(e, n, s.group) }
	for i := range s.out {
		s.out[i].expr = place(s.out[i].expr)
	}
	if err := s.windows.rewrite(func(e *plan.Expr) (*plan.Expr, error) { return place(e), nil }); err != nil {
		return err
	}
	s.node = &plan.Aggregate{Input: s.node, GroupBy: s.group.exprs, Aggs: s.group.aggs, Sets: s.group.sets}
	if keep != nil {
		s.node = &plan.Filter{Input: s.node, Pred: place(keep)}
	}
	return nil
}

func placeAggregates(e *plan.Expr, groups int, g grouping) *plan.Expr {
	return mapExpr(e, func(x *plan.Expr) *plan.Expr {
		if x.Op == opGrouping {
			return g.value(x)
		}
		if x.Op != opAggregate {
			return nil
		}
		return &plan.Expr{Op: plan.OpColumn, Type: x.Type, Column: groups + x.Column, Pos: x.Pos}
	})
}

// columnsByPosition returns what the columns below the grouping are called.
func (s *selectBinder) columnsByPosition() map[int]*scopeColumn {
	out := map[int]*scopeColumn{}
	for i := range s.scope.columns {
		c := &s.scope.columns[i]
		if c.expr.Op == plan.OpColumn && (out[c.expr.Column] == nil || c.table != "") {
			out[c.expr.Column] = c
		}
	}
	return out
}

// regroup rewrites expressions over the rows below the grouping to be over those above.
type regroup struct {
	s     *selectBinder
	input map[int]*scopeColumn
}

// above returns e over the group columns; aggregates stay placeholders. Error: 42803.
func (r *regroup) above(e *plan.Expr) (*plan.Expr, error) {
	var failed error
	var rewrite func(x *plan.Expr) *plan.Expr
	group := func(x *plan.Expr) *plan.Expr {
		g, err := r.column(x)
		if err != nil && failed == nil {
			failed = err
		}
		return g
	}
	rewrite = func(x *plan.Expr) *plan.Expr {
		if i := indexOf(r.s.group.exprs, x); i >= 0 && x.Op != plan.OpConst {
			return &plan.Expr{Op: plan.OpColumn, Type: x.Type, Column: i, Pos: x.Pos}
		}
		switch {
		case x.Op == plan.OpColumn:
			return group(x)
		case x.Op == opGrouping:
			return r.grouping(x, &failed)
		case x.Op == opAggregate || x.Op == opWindow:
			return x
		case x.Sub != nil:
			args := withArgs(x, func(a *plan.Expr) *plan.Expr { return mapExpr(a, rewrite) })
			return withSub(args, func(y *plan.Expr) *plan.Expr { return mapColumnsAt(y, 1, group) })
		}
		return nil
	}
	out := mapExpr(e, rewrite)
	return out, failed
}

// column returns the group column that x is. A column of a table whose whole primary key is grouped by depends on it,
// and joins the grouping. Error: 42803.
func (r *regroup) column(x *plan.Expr) (*plan.Expr, error) {
	if i := indexOf(r.s.group.exprs, x); i >= 0 {
		return &plan.Expr{Op: plan.OpColumn, Type: x.Type, Column: i, Pos: x.Pos}, nil
	}
	c := r.input[x.Column]
	if c != nil && r.dependsOnKey(c) {
		r.s.group.exprs = append(r.s.group.exprs, x)
		r.s.group.dependent++
		for i := range r.s.group.sets {
			r.s.group.sets[i] = append(r.s.group.sets[i], len(r.s.group.exprs)-1)
		}
		return &plan.Expr{Op: plan.OpColumn, Type: x.Type, Column: len(r.s.group.exprs) - 1, Pos: x.Pos}, nil
	}
	name := "?column?"
	if c != nil {
		name = columnName{table: c.table, name: c.name}.String()
	}
	return x, pgerr.New(pgerr.GroupingError, "column %q must appear in the GROUP BY clause or be used in an aggregate function", unquote(name)).At(x.Pos)
}

func unquote(name string) string {
	if len(name) > 1 && name[0] == '"' {
		return name[1 : len(name)-1]
	}
	return name
}

// dependsOnKey reports whether c's table has a primary key that is grouped by.
func (r *regroup) dependsOnKey(c *scopeColumn) bool {
	rel := c.origin.relation
	if rel == nil || rel.Kind != catalog.KindTable || !rel.HasPrimaryKey {
		return false
	}
	for _, k := range rel.Key {
		if !r.grouped(c, int16(k+1)) {
			return false
		}
	}
	return true
}

// grouped reports whether the column attribute of c's table is grouped by.
func (r *regroup) grouped(c *scopeColumn, attribute int16) bool {
	for i, g := range r.s.group.exprs {
		if g.Op != plan.OpColumn || !r.s.group.inAllSets(i) {
			continue
		}
		o := r.input[g.Column]
		if o != nil && o.table == c.table && o.origin == (origin{c.origin.relation, attribute}) {
			return true
		}
	}
	return false
}
