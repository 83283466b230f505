package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// operator applies op to bound operands; l is nil for an operator before its operand. Errors: 42883, 42725.
func (b *binder) operator(op string, l, r *plan.Expr, pos int) (*plan.Expr, error) {
	args, left := []*plan.Expr{r}, types.Type{}
	if l != nil {
		args, left = []*plan.Expr{l, r}, l.Type
	}
	if (op == "=" || op == "<>") && (left.IsVector() || r.Type.IsVector()) {
		return b.compareVectors(op, l, r, pos)
	}
	sig, err := funcs.ResolveOperator(op, left, r.Type)
	if err != nil {
		return nil, at(err, pos)
	}
	return b.call(sig, args, pos)
}

// compareVectors compares an oidvector or int2vector with another one or with a literal, by their text.
func (b *binder) compareVectors(op string, l, r *plan.Expr, pos int) (*plan.Expr, error) {
	if l.Type.ID != types.IDUnknown && r.Type.ID != types.IDUnknown && l.Type != r.Type {
		return nil, pgerr.Unsupported("comparing %s with %s is", l.Type, r.Type).At(pos)
	}
	l, err := b.mustCast(l, types.Text, funcs.CastExplicit)
	if err != nil {
		return nil, err
	}
	if r, err = b.mustCast(r, types.Text, funcs.CastExplicit); err != nil {
		return nil, err
	}
	return b.operator(op, l, r, pos)
}

// call applies a function or operator, casting the arguments to what it takes.
func (b *binder) call(sig *funcs.Signature, args []*plan.Expr, pos int) (*plan.Expr, error) {
	cast, err := b.castArgs(sig, args)
	if err != nil {
		return nil, err
	}
	return &plan.Expr{Op: plan.OpCall, Type: sig.Result, Func: sig.ID, Args: cast, Pos: pos}, nil
}

func (b *binder) castArgs(sig *funcs.Signature, args []*plan.Expr) ([]*plan.Expr, error) {
	out := make([]*plan.Expr, len(args))
	for i, a := range args {
		want := sig.Arg(i)
		var err error
		switch {
		case want != funcs.Any:
			out[i], err = b.castTo(a, want)
		case a.Type.ID == types.IDUnknown:
			out[i], err = b.coerceUnknown(a, types.Text)
		default:
			out[i] = a
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *binder) bindBinary(e *ast.Binary, c *exprContext) (*plan.Expr, error) {
	if e.Op == "and" || e.Op == "or" {
		return b.bindLogic(e, c)
	}
	if e.Op == "overlaps" {
		return b.bindOverlaps(e, c)
	}
	if lr, ok := e.Left.(*ast.Row); ok {
		if rr, ok := e.Right.(*ast.Row); ok {
			return b.bindRows(e, lr, rr, c)
		}
	}
	l, err := b.bindExpr(e.Left, c)
	if err != nil {
		return nil, err
	}
	r, err := b.bindExpr(e.Right, c)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case "is distinct from", "is not distinct from":
		return b.distinctFrom(e, l, r)
	case "at time zone":
		return b.atTimeZone(l, r, e.Pos)
	case "like", "not like", "ilike", "not ilike", "similar to", "not similar to":
		return b.bindLike(e, l, r, c)
	}
	return b.operator(e.Op, l, r, e.Pos)
}

// bindLogic flattens chains of one operator.
func (b *binder) bindLogic(e *ast.Binary, c *exprContext) (*plan.Expr, error) {
	op := plan.OpAnd
	if e.Op == "or" {
		op = plan.OpOr
	}
	var args []*plan.Expr
	for _, side := range []ast.Expr{e.Left, e.Right} {
		x, err := b.bindExpr(side, c)
		if err != nil {
			return nil, err
		}
		if x, err = b.coerceClause(x, types.Bool, strings.ToUpper(e.Op), side.Position()); err != nil {
			return nil, err
		}
		if x.Op == op {
			args = append(args, x.Args...)
		} else {
			args = append(args, x)
		}
	}
	return &plan.Expr{Op: op, Type: types.Bool, Args: args, Pos: e.Pos}, nil
}

// atTimeZone is the function timezone, as far as there is one: timestamps without a zone are not there.
func (b *binder) atTimeZone(l, zone *plan.Expr, pos int) (*plan.Expr, error) {
	return b.resolveCall("timezone", []*plan.Expr{zone, l}, pos)
}

func (b *binder) distinctFrom(e *ast.Binary, l, r *plan.Expr) (*plan.Expr, error) {
	eq, err := b.operator("=", l, r, e.Pos)
	if err != nil {
		return nil, err
	}
	args, _, err := b.castAll(eq.Args, "IS DISTINCT FROM")
	if err != nil {
		return nil, at(err, e.Pos)
	}
	d := &plan.Expr{Op: plan.OpDistinct, Type: types.Bool, Args: args, Pos: e.Pos}
	if e.Op == "is not distinct from" {
		return not(d), nil
	}
	return d, nil
}

func (b *binder) bindIsTest(e *ast.IsTest, c *exprContext) (*plan.Expr, error) {
	if row, ok := e.Arg.(*ast.Row); ok && e.Test == "null" {
		return b.rowIsNull(e, row, c)
	}
	x, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	if e.Test != "null" {
		return b.bindTruth(e, x)
	}
	if x.Type.ID == types.IDUnknown && x.Op == plan.OpConst {
		if x, err = b.coerceUnknown(x, types.Text); err != nil {
			return nil, err
		}
	}
	test := &plan.Expr{Op: plan.OpIsNull, Type: types.Bool, Args: []*plan.Expr{x}, Pos: e.Pos}
	if e.Not {
		return not(test), nil
	}
	return test, nil
}

// bindTruth binds IS TRUE, FALSE and UNKNOWN, which are never NULL.
func (b *binder) bindTruth(e *ast.IsTest, x *plan.Expr) (*plan.Expr, error) {
	x, err := b.coerceClause(x, types.Bool, "IS "+strings.ToUpper(e.Test), e.Arg.Position())
	if err != nil {
		return nil, err
	}
	var test *plan.Expr
	if e.Test == "unknown" {
		test = &plan.Expr{Op: plan.OpIsNull, Type: types.Bool, Args: []*plan.Expr{x}, Pos: e.Pos}
	} else {
		want := types.Datum{Int: 0}
		if e.Test == "true" {
			want.Int = 1
		}
		test = not(&plan.Expr{Op: plan.OpDistinct, Type: types.Bool, Args: []*plan.Expr{x, plan.Const(types.Bool, want)}, Pos: e.Pos})
	}
	if e.Not {
		return not(test), nil
	}
	return test, nil
}

// bindBetween binds x BETWEEN a AND b as x >= a AND x <= b, SYMMETRIC as either way round.
func (b *binder) bindBetween(e *ast.Between, c *exprContext) (*plan.Expr, error) {
	x, err := b.within(e, e.Low, e.High, c)
	if err != nil {
		return nil, err
	}
	if e.Symmetric {
		y, err := b.within(e, e.High, e.Low, c)
		if err != nil {
			return nil, err
		}
		x = &plan.Expr{Op: plan.OpOr, Type: types.Bool, Args: []*plan.Expr{x, y}, Pos: e.Pos}
	}
	if e.Not {
		return not(x), nil
	}
	return x, nil
}

func (b *binder) within(e *ast.Between, low, high ast.Expr, c *exprContext) (*plan.Expr, error) {
	l, err := b.bindBinary(&ast.Binary{P: e.P, Op: ">=", Left: e.Arg, Right: low}, c)
	if err != nil {
		return nil, err
	}
	h, err := b.bindBinary(&ast.Binary{P: e.P, Op: "<=", Left: e.Arg, Right: high}, c)
	if err != nil {
		return nil, err
	}
	return &plan.Expr{Op: plan.OpAnd, Type: types.Bool, Args: []*plan.Expr{l, h}, Pos: e.Pos}, nil
}

// bindLike binds LIKE, ILIKE and SIMILAR TO; ESCAPE goes through like_escape, and a pattern of SIMILAR TO becomes a regular
// expression, as in PostgreSQL.
func (b *binder) bindLike(e *ast.Binary, l, r *plan.Expr, c *exprContext) (*plan.Expr, error) {
	op, escape, args := e.Op, "like_escape", []*plan.Expr{r}
	if similar, ok := similarTo[op]; ok {
		op, escape = similar, "similar_to_escape"
	} else if e.Escape == nil {
		return b.operator(op, l, r, e.Pos)
	}
	if e.Escape != nil {
		esc, err := b.bindExpr(e.Escape, c)
		if err != nil {
			return nil, err
		}
		args = append(args, esc)
	}
	r, err := b.resolveCall(escape, args, e.Pos)
	if err != nil {
		return nil, err
	}
	return b.operator(op, l, r, e.Pos)
}

// similarTo are the operators that SIMILAR TO stands for.
var similarTo = map[string]string{"similar to": "~", "not similar to": "!~"}
