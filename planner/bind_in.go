package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
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

// negated maps a comparison to the one that is true where it is false: x op ALL (…) is NOT x negated ANY (…).
var negated = map[string]string{"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "~": "!~", "!~": "~",
	"like": "not like", "not like": "like", "ilike": "not ilike", "not ilike": "ilike"}

func (b *binder) bindQuantified(e *ast.Quantified, c *exprContext) (*plan.Expr, error) {
	op := e.Op
	if e.All {
		n, ok := negated[op]
		if !ok {
			return nil, pgerr.Unsupported("%s ALL is", op).At(e.Pos)
		}
		op = n
	}
	x, err := b.quantifiedAny(e, op, c)
	if err == nil && e.All {
		return not(x), nil
	}
	return x, err
}

func (b *binder) quantifiedAny(e *ast.Quantified, op string, c *exprContext) (*plan.Expr, error) {
	if e.Query != nil {
		return b.inQuery(e.Arg, op, e.Query, e.Pos, c)
	}
	list, err := arrayElements(e.Array)
	if err != nil {
		return nil, err
	}
	if list == nil {
		return b.anyOfArray(e, op, c)
	}
	if op != "=" || len(list) == 0 {
		return b.anyOf(e.P, op, e.Arg, list, c)
	}
	return b.inListOrQuery(&ast.In{P: e.P, Arg: e.Arg, List: list}, c)
}

// anyOfArray is x = ANY (array) for an array that is not known at planning.
func (b *binder) anyOfArray(e *ast.Quantified, op string, c *exprContext) (*plan.Expr, error) {
	for _, x := range []ast.Expr{e.Arg, e.Array} {
		if _, err := b.bindExpr(x, c); err != nil {
			return nil, err
		}
	}
	return b.refusal(pgerr.Unsupported("%s ANY with an array that is not written out is", op), types.Bool, e.Pos)
}

// arrayElements returns the elements of an array that stands in the text, with or without a cast; nil if it does not.
func arrayElements(e ast.Expr) ([]ast.Expr, error) {
	switch e := e.(type) {
	case *ast.Array:
		return append([]ast.Expr{}, e.Elems...), nil
	case *ast.Cast:
		list, err := arrayElements(e.Arg)
		if err != nil || !e.Type.Array {
			return nil, err
		}
		elem := e.Type
		elem.Array = false
		for i := range list {
			list[i] = &ast.Cast{P: e.P, Arg: list[i], Type: elem}
		}
		return list, nil
	case *ast.Literal:
		if e.Kind == ast.LitString {
			return literalElements(e)
		}
	}
	return nil, nil
}

func literalElements(e *ast.Literal) ([]ast.Expr, error) {
	elems, err := types.ParseArray(e.Text)
	if err != nil {
		return nil, at(err, e.Pos)
	}
	list := make([]ast.Expr, len(elems))
	for i, x := range elems {
		kind := ast.LitString
		if x.Null {
			kind = ast.LitNull
		}
		list[i] = &ast.Literal{P: e.P, Kind: kind, Text: x.Text}
	}
	return list, nil
}
