package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/types"
)

func (b *binder) bindCase(e *ast.Case, c *exprContext) (*plan.Expr, error) {
	var conds, results []*plan.Expr
	for _, w := range e.Whens {
		cond, err := b.caseCondition(e, w, c)
		if err != nil {
			return nil, err
		}
		result, err := b.bindExpr(w.Result, c)
		if err != nil {
			return nil, err
		}
		conds, results = append(conds, cond), append(results, result)
	}
	last := constAt(types.Unknown, types.NullDatum, e.Pos)
	if e.Else != nil {
		var err error
		if last, err = b.bindExpr(e.Else, c); err != nil {
			return nil, err
		}
	}
	results, t, err := b.castAll(append([]*plan.Expr{last}, results...), "CASE")
	if err != nil {
		return nil, at(err, e.Pos)
	}
	return caseOf(conds, results[1:], results[0], t, e.Pos), nil
}

func caseOf(conds, results []*plan.Expr, last *plan.Expr, t types.Type, pos int) *plan.Expr {
	x := &plan.Expr{Op: plan.OpCase, Type: t, Pos: pos}
	for i := range conds {
		x.Args = append(x.Args, conds[i], results[i])
	}
	x.Args = append(x.Args, last)
	return x
}

func (b *binder) caseCondition(e *ast.Case, w ast.When, c *exprContext) (*plan.Expr, error) {
	cond := w.Cond
	if e.Arg != nil {
		cond = &ast.Binary{P: ast.P{Pos: w.Cond.Position()}, Op: "=", Left: e.Arg, Right: w.Cond}
	}
	x, err := b.bindExpr(cond, c)
	if err != nil {
		return nil, err
	}
	return b.coerceClause(x, types.Bool, "CASE/WHEN", w.Cond.Position())
}

func (b *binder) bindCoalesce(args []*plan.Expr, name string, pos int) (*plan.Expr, error) {
	args, t, err := b.castAll(args, strings.ToUpper(name))
	if err != nil {
		return nil, at(err, pos)
	}
	return &plan.Expr{Op: plan.OpCoalesce, Type: t, Args: args, Pos: pos}, nil
}

// bindNullif binds NULLIF(a, b) as CASE WHEN a = b THEN NULL ELSE a END, where a is as the operator takes it: nullif(1, 1.0)
// is numeric.
func (b *binder) bindNullif(args []*plan.Expr, pos int) (*plan.Expr, error) {
	eq, err := b.operator("=", args[0], args[1], pos)
	if err != nil {
		return nil, err
	}
	a := args[0]
	if a.Type.ID == types.IDUnknown || eq.Op == plan.OpCall && eq.Args[0].Type.ID != a.Type.ID {
		a = eq.Args[0]
	}
	null := constAt(a.Type, types.NullDatum, pos)
	return caseOf([]*plan.Expr{eq}, []*plan.Expr{null}, a, a.Type, pos), nil
}
