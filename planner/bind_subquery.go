package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// subquery binds a query inside an expression: it sees the scope that the expression stands in.
func (b *binder) subquery(sel *ast.Select, c *exprContext) (*bound, error) {
	return b.bindQuery(sel, c.scope, c.scope.ctes, nil)
}

// plan returns q as the plan of a subquery.
func (q *bound) plan() *plan.Query {
	return &plan.Query{Root: optimize(q.node), Fields: q.fields()}
}

// subplan returns q as the plan of a subquery. That of a continuous query stays as it is: it becomes a join, or is refused.
func (b *binder) subplan(q *bound) *plan.Query {
	if b.continuous {
		return &plan.Query{Root: q.node, Fields: q.fields()}
	}
	return q.plan()
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
	return &plan.Expr{Op: plan.OpExists, Type: types.Bool, Sub: b.subplan(q), Pos: e.Pos}, nil
}

// inQuery binds arg op ANY (query); op must be =, or <> as in NOT (x <> ANY …), which is x = ALL ….
func (b *binder) inQuery(left ast.Expr, op string, sel *ast.Select, pos int, c *exprContext) (*plan.Expr, error) {
	if op != "=" {
		return nil, pgerr.Unsupported("a comparison with ANY or ALL of a query, other than = ANY and <> ALL, is").At(pos)
	}
	if _, ok := left.(*ast.Row); ok {
		return nil, pgerr.Unsupported("IN with rows and a query is").At(pos)
	}
	arg, err := b.bindExpr(left, c)
	if err != nil {
		return nil, err
	}
	q, err := b.subquery(sel, c)
	if err != nil {
		return nil, err
	}
	if len(q.columns) != 1 {
		return nil, pgerr.New(pgerr.SyntaxError, "subquery has too many columns").At(pos)
	}
	eq, err := b.operator("=", arg, plan.Column(0, q.columns[0].expr.Type), pos)
	if err != nil {
		return nil, err
	}
	sides, _, err := b.castAll(eq.Args, "IN")
	if err != nil {
		return nil, at(err, pos)
	}
	if sides[1].Op != plan.OpColumn {
		q.node = &plan.Project{Input: q.node, Exprs: sides[1:]}
	}
	return &plan.Expr{Op: plan.OpInQuery, Type: types.Bool, Args: sides[:1], Sub: b.subplan(q), Pos: pos}, nil
}
