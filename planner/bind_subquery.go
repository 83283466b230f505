package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// subquery binds a query inside an expression: it sees the scope that the expression stands in.
func (b *binder) subquery(sel *ast.Select, c *exprContext) (*bound, error) {
	return b.bindQuery(sel, c.scope, c.scope.ctes, nil)
}

// subplan returns q as the plan of a subquery. That of a continuous query stays as it is: it becomes a join, or is refused.
func (b *binder) subplan(q *bound) *plan.Query {
	if b.continuous {
		return &plan.Query{Root: q.node, Fields: q.fields()}
	}
	return &plan.Query{Root: b.optimize(q.node), Fields: q.fields()}
}

func (b *binder) bindScalar(e *ast.Subquery, c *exprContext) (*plan.Expr, error) {
	q, err := b.subquery(e.Query, c)
	if err != nil {
		return nil, err
	}
	if len(q.columns) != 1 {
		return nil, pgerr.New(pgerr.SyntaxError, "subquery must return only one column").At(e.Pos)
	}
	return &plan.Expr{Op: plan.OpSubquery, Type: q.columns[0].expr.Type, Sub: b.subplan(q), Pos: e.Pos}, nil
}

func (b *binder) bindExists(e *ast.Exists, c *exprContext) (*plan.Expr, error) {
	q, err := b.subquery(e.Query, c)
	if err != nil {
		return nil, err
	}
	if !b.continuous {
		q = &bound{node: whetherRows(q.node)}
	}
	return &plan.Expr{Op: plan.OpExists, Type: types.Bool, Sub: b.subplan(q), Pos: e.Pos}, nil
}

// whetherRows returns rows without columns where n has rows: neither the select list, which is not evaluated, nor an order
// matters.
func whetherRows(n plan.Node) plan.Node {
	switch top := n.(type) {
	case *plan.Project:
		return whetherRows(top.Input)
	case *plan.Sort:
		return whetherRows(top.Input)
	}
	return &plan.Project{Input: n}
}

// inQuery binds arg op ANY (query); = is IN, whose left side may be a row.
func (b *binder) inQuery(left ast.Expr, op string, sel *ast.Select, pos int, c *exprContext) (*plan.Expr, error) {
	lefts := []ast.Expr{left}
	if row, ok := left.(*ast.Row); ok {
		lefts = row.Elems
	}
	args, err := b.bindList(lefts, c)
	if err != nil {
		return nil, err
	}
	q, err := b.subquery(sel, c)
	switch {
	case err != nil:
		return nil, err
	case len(q.columns) > len(args):
		return nil, pgerr.New(pgerr.SyntaxError, "subquery has too many columns").At(pos)
	case len(q.columns) < len(args):
		return nil, pgerr.New(pgerr.SyntaxError, "subquery has too few columns").At(pos)
	case op != "=" && len(args) > 1:
		return nil, pgerr.Unsupported("a comparison of rows with ANY or ALL of a query, other than = ANY and <> ALL, is").At(pos)
	case op != "=":
		return b.anyOfQuery(args[0], op, q, pos)
	}
	values := columnRefs(q.node.Types())
	for i := range args {
		eq, err := b.operator("=", args[i], values[i], pos)
		if err != nil {
			return nil, err
		}
		sides, _, err := b.castAll(eq.Args, "IN")
		if err != nil {
			return nil, at(err, pos)
		}
		args[i], values[i] = sides[0], sides[1]
	}
	q.node = project(q.node, values)
	return &plan.Expr{Op: plan.OpInQuery, Type: types.Bool, Args: args, Sub: b.subplan(q), Pos: pos}, nil
}

// anyOfQuery makes a scalar subquery over the comparisons with all rows: true if one is, else NULL if one is, else false.
func (b *binder) anyOfQuery(arg *plan.Expr, op string, q *bound, pos int) (*plan.Expr, error) {
	test, err := b.operator(op, lift(arg, 1), plan.Column(0, q.columns[0].expr.Type), pos)
	if err != nil {
		return nil, err
	}
	if test.Type.ID != types.IDBool {
		return nil, pgerr.New(pgerr.WrongObjectType, "op ANY/ALL (array) requires operator to yield boolean").At(pos)
	}
	sig, err := funcs.Resolve("bool_or", []types.Type{types.Bool})
	if err != nil {
		return nil, at(err, pos)
	}
	column := func(i int) *plan.Expr { return plan.Column(i, types.Bool) }
	unknown := &plan.Expr{Op: plan.OpIsNull, Type: types.Bool, Args: []*plan.Expr{column(0)}, Pos: pos}
	tests := &plan.Aggregate{Input: &plan.Project{Input: q.node, Exprs: []*plan.Expr{test}}, Aggs: []plan.Agg{
		{Func: sig.ID, Type: types.Bool, Args: []*plan.Expr{column(0)}}, {Func: sig.ID, Type: types.Bool, Args: []*plan.Expr{unknown}}}}
	result := caseOf([]*plan.Expr{column(0), column(1)}, []*plan.Expr{boolConst(true, pos), plan.Const(types.Bool, types.NullDatum)},
		boolConst(false, pos), types.Bool, pos)
	q = &bound{node: &plan.Project{Input: tests, Exprs: []*plan.Expr{result}}, columns: []outColumn{{name: "any", expr: column(0)}}}
	return &plan.Expr{Op: plan.OpSubquery, Type: types.Bool, Sub: b.subplan(q), Pos: pos}, nil
}
