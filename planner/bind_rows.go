package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// strictly maps a comparison of rows to that of all columns but the last.
var strictly = map[string]string{"<": "<", "<=": "<", ">": ">", ">=": ">"}

// bindRows compares (a, b) with (c, d), as PostgreSQL does ("docs 9.24.5").
func (b *binder) bindRows(e *ast.Binary, l, r *ast.Row, c *exprContext) (*plan.Expr, error) {
	switch {
	case len(l.Elems) != len(r.Elems):
		return nil, pgerr.New(pgerr.SyntaxError, "unequal number of entries in row expressions").At(e.Pos)
	case len(l.Elems) == 0:
		return nil, pgerr.New(pgerr.FeatureNotSupported, "cannot compare rows of zero length").At(e.Pos)
	case strictly[e.Op] != "":
		return b.rowOrder(e, l.Elems, r.Elems, c)
	}
	op := e.Op
	switch op {
	case "<>":
		op = "="
	case "is not distinct from":
		op = "is distinct from"
	case "=", "is distinct from":
	default:
		return nil, pgerr.Unsupported("comparing rows by %s is", op).At(e.Pos)
	}
	var list []*plan.Expr
	for i := range l.Elems {
		x, err := b.bindBinary(&ast.Binary{P: e.P, Op: op, Left: l.Elems[i], Right: r.Elems[i]}, c)
		if err != nil {
			return nil, err
		}
		list = append(list, x)
	}
	switch e.Op {
	case "<>":
		return not(conjunction(list)), nil
	case "is distinct from":
		return disjunction(list, e.Pos), nil
	case "is not distinct from":
		return not(disjunction(list, e.Pos)), nil
	}
	return conjunction(list), nil
}

// rowOrder makes CASE WHEN a = c THEN (the rest) ELSE a op c END: the first pair that is not equal, or unknown, decides.
func (b *binder) rowOrder(e *ast.Binary, l, r []ast.Expr, c *exprContext) (*plan.Expr, error) {
	if len(l) == 1 {
		return b.bindBinary(&ast.Binary{P: e.P, Op: e.Op, Left: l[0], Right: r[0]}, c)
	}
	same, err := b.bindBinary(&ast.Binary{P: e.P, Op: "=", Left: l[0], Right: r[0]}, c)
	if err != nil {
		return nil, err
	}
	differs, err := b.bindBinary(&ast.Binary{P: e.P, Op: strictly[e.Op], Left: l[0], Right: r[0]}, c)
	if err != nil {
		return nil, err
	}
	rest, err := b.rowOrder(e, l[1:], r[1:], c)
	if err != nil {
		return nil, err
	}
	return caseOf([]*plan.Expr{same}, []*plan.Expr{rest}, differs, types.Bool, e.Pos), nil
}

// rowIsNull binds (a, b) IS NULL, which all columns must be, and IS NOT NULL, which none may be.
func (b *binder) rowIsNull(e *ast.IsTest, row *ast.Row, c *exprContext) (*plan.Expr, error) {
	list := []*plan.Expr{boolConst(true, e.Pos)}
	for _, x := range row.Elems {
		test, err := b.bindIsTest(&ast.IsTest{P: e.P, Arg: x, Test: e.Test, Not: e.Not}, c)
		if err != nil {
			return nil, err
		}
		list = append(list, test)
	}
	return conjunction(list), nil
}
