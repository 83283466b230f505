package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

func (b *binder) bindIn(e *ast.In, c *exprContext) (*plan.Expr, error) {
	x, err := b.inListOrQuery(e, c)
	if err == nil && e.Not {
		return not(x), nil
	}
	return x, err
}

func (b *binder) inListOrQuery(e *ast.In, c *exprContext) (*plan.Expr, error) {
	if e.Query != nil {
		return b.inQuery(e.Arg, "=", e.Query, e.Pos, c)
	}
	if _, ok := e.Arg.(*ast.Row); ok {
		return b.anyOf(e.P, "=", e.Arg, e.List, c)
	}
	arg, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	list, err := b.bindList(e.List, c)
	if err != nil {
		return nil, err
	}
	return b.in(arg, list, e.Pos)
}

func (b *binder) bindList(es []ast.Expr, c *exprContext) ([]*plan.Expr, error) {
	out := make([]*plan.Expr, len(es))
	for i, e := range es {
		var err error
		if out[i], err = b.bindExpr(e, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// in makes arg IN (list): one test if all have a type in common under which = compares them, else a chain of
// comparisons.
func (b *binder) in(arg *plan.Expr, list []*plan.Expr, pos int) (*plan.Expr, error) {
	ts := []types.Type{arg.Type}
	for _, x := range list {
		ts = append(ts, x.Type)
	}
	t, err := funcs.CommonType(ts)
	if err != nil {
		return b.anyEqual(arg, list, pos)
	}
	if _, err := funcs.ResolveOperator("=", t, t); err != nil {
		return nil, at(err, pos)
	}
	all, _, err := b.castAll(append([]*plan.Expr{arg}, list...), "IN")
	if err != nil {
		return nil, at(err, pos)
	}
	return &plan.Expr{Op: plan.OpIn, Type: types.Bool, Args: all, Pos: pos}, nil
}

func (b *binder) anyEqual(arg *plan.Expr, list []*plan.Expr, pos int) (*plan.Expr, error) {
	var tests []*plan.Expr
	for _, x := range list {
		eq, err := b.operator("=", arg, x, pos)
		if err != nil {
			return nil, err
		}
		tests = append(tests, eq)
	}
	return disjunction(tests, pos), nil
}

func disjunction(list []*plan.Expr, pos int) *plan.Expr {
	if len(list) == 1 {
		return list[0]
	}
	return &plan.Expr{Op: plan.OpOr, Type: types.Bool, Args: list, Pos: pos}
}

// anyOf makes arg op x for some x of list.
func (b *binder) anyOf(p ast.P, op string, arg ast.Expr, list []ast.Expr, c *exprContext) (*plan.Expr, error) {
	var tests []*plan.Expr
	for _, x := range list {
		t, err := b.bindBinary(&ast.Binary{P: p, Op: op, Left: arg, Right: x}, c)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	if len(tests) == 0 {
		return constAt(types.Bool, types.Datum{Int: 0}, p.Pos), nil
	}
	return disjunction(tests, p.Pos), nil
}
