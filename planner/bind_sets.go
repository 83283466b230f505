package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// setCalls are the set-returning functions of a select list. Their rows stand side by side (docs 38.5.9).
type setCalls struct {
	calls []plan.SetCall
	pos   int // of the first
}

// opSet stands for the value of set-returning function number Column until the list is bound.
const opSet plan.Op = "set"

// bindSetCall binds a set-returning function in a select list.
func (b *binder) bindSetCall(e *ast.Call, c *exprContext) (*plan.Expr, error) {
	name := e.Name.Last()
	if c.sets == nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "set-returning functions are not allowed in %s", c.clause).At(e.Pos)
	}
	if err := refuseAggregateClauses(e); err != nil {
		return nil, err
	}
	inner := *c
	inner.sets, inner.clause = nil, "arguments of set-returning functions"
	args, err := b.bindList(e.Args, &inner)
	if err != nil {
		return nil, err
	}
	if args, err = b.inPlace(e, args); err != nil {
		return nil, err
	}
	call, cols, err := b.setCall(name, args, e.Pos)
	switch {
	case err != nil:
		return nil, err
	case len(cols) > 1:
		return nil, pgerr.Unsupported("function %s in the select list is", name).WithHint("Call it in FROM.").At(e.Pos)
	}
	if c.sets.calls = append(c.sets.calls, call); len(c.sets.calls) == 1 {
		c.sets.pos = e.Pos
	}
	return &plan.Expr{Op: opSet, Type: cols[0].Type, Column: len(c.sets.calls) - 1, Pos: e.Pos}, nil
}

// besideSets pairs the rows of FROM with those of the list's set-returning functions.
func (s *selectBinder) besideSets() error {
	if len(s.sets.calls) == 0 {
		return nil
	}
	if len(s.sel.GroupBy) > 0 || s.sel.Having != nil || len(s.group.aggs) > 0 || len(s.windows.calls) > 0 {
		return pgerr.Unsupported("a set-returning function beside grouping, aggregates or window functions is").
			WithHint("Call it in FROM, or over a subquery.").At(s.sets.pos)
	}
	for _, c := range s.out {
		if err := refuseInCase(c.expr, false); err != nil {
			return err
		}
	}
	width := len(s.node.Types())
	scan := &plan.FuncScan{Calls: s.sets.calls}
	if values, ok := s.node.(*plan.Values); ok && width == 0 && len(values.Rows) == 1 {
		s.node = scan
	} else {
		for i, c := range scan.Calls {
			scan.Calls[i].Args = mapList(c.Args, func(e *plan.Expr) *plan.Expr { return lift(e, 1) })
		}
		sub := &plan.Expr{Op: plan.OpSubquery, Type: types.Bool, Sub: &plan.Query{Root: scan}}
		s.node = &plan.Lateral{Input: s.node, Sub: sub}
	}
	for i := range s.out {
		s.out[i].expr = mapExpr(s.out[i].expr, func(e *plan.Expr) *plan.Expr {
			if e.Op != opSet {
				return nil
			}
			c := plan.Column(width+e.Column, e.Type)
			c.Pos = e.Pos
			return c
		})
	}
	return nil
}

// refuseInCase refuses a set-returning function where only some rows need a value. Error: 0A000.
func refuseInCase(e *plan.Expr, inside bool) error {
	if e.Op == opSet && inside {
		return pgerr.New(pgerr.FeatureNotSupported, "set-returning functions are not allowed in CASE or COALESCE").At(e.Pos)
	}
	for _, a := range e.Args {
		if err := refuseInCase(a, inside || e.Op == plan.OpCase || e.Op == plan.OpCoalesce); err != nil {
			return err
		}
	}
	return nil
}
