package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// negated maps a comparison to the one that is true where it is false: x op ALL (query) is NOT x negated ANY (query).
var negated = map[string]string{"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "~": "!~", "!~": "~",
	"like": "not like", "not like": "like", "ilike": "not ilike", "not ilike": "ilike"}

// bindQuantified binds x op ANY (…) and x op ALL (…), over a query or an array.
func (b *binder) bindQuantified(e *ast.Quantified, c *exprContext) (*plan.Expr, error) {
	if e.Query == nil {
		return b.overArray(e, c)
	}
	if !e.All {
		return b.inQuery(e.Arg, e.Op, e.Query, e.Pos, c)
	}
	op, ok := negated[e.Op]
	if !ok {
		return nil, pgerr.Unsupported("%s ALL is", e.Op).At(e.Pos)
	}
	x, err := b.inQuery(e.Arg, op, e.Query, e.Pos, c)
	if err != nil {
		return nil, err
	}
	return not(x), nil
}

// overArray binds x op ANY (array): the operator for x and an element decides what both are converted to.
func (b *binder) overArray(e *ast.Quantified, c *exprContext) (*plan.Expr, error) {
	if row, ok := e.Arg.(*ast.Row); ok {
		return nil, pgerr.Unsupported("a comparison of rows with ANY or ALL of an array is").At(row.Pos)
	}
	x, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	array, err := b.bindExpr(e.Array, c)
	if err != nil {
		return nil, err
	}
	elem := types.Unknown
	switch {
	case array.Op == opRefused:
		return b.refusal(pgerr.From(b.refused[array.Column]), types.Bool, e.Pos)
	case array.Type.IsVector():
		elem = array.Type.VectorElement()
		if array, err = b.castTo(array, types.ArrayOf(elem)); err != nil {
			return nil, err
		}
	case array.Type.IsArray():
		elem = array.Type.Element()
	case array.Type.ID != types.IDUnknown:
		return nil, pgerr.New(pgerr.WrongObjectType, "op ANY/ALL (array) requires array on right side").At(e.Pos)
	}
	sig, err := funcs.ResolveOperator(e.Op, x.Type, elem)
	if err != nil {
		return nil, at(err, e.Pos)
	}
	if sig.Result.ID != types.IDBool {
		return nil, pgerr.New(pgerr.WrongObjectType, "op ANY/ALL (array) requires operator to yield boolean").At(e.Pos)
	}
	t := types.ArrayOf(sig.Arg(1).Base())
	if !t.IsArray() {
		return nil, pgerr.New(pgerr.UndefinedObject, "could not find array type for data type %s", sig.Arg(1)).At(e.Pos)
	}
	if x, err = b.castTo(x, sig.Arg(0)); err != nil {
		return nil, err
	}
	if array, err = b.mustCast(array, t, funcs.CastExplicit); err != nil {
		return nil, err
	}
	return quantified(x, array, sig, e), nil
}

// quantified makes x op ANY (array); = ANY and <> ALL over an array that is written out are IN and NOT IN.
func quantified(x, array *plan.Expr, sig *funcs.Signature, e *ast.Quantified) *plan.Expr {
	out := &plan.Expr{Op: plan.OpAny, Type: types.Bool, Func: sig.ID, Args: []*plan.Expr{x, array}, Pos: e.Pos}
	if e.All {
		out.Op = plan.OpAll
	}
	if e.All != (e.Op != "=") || e.Op != "=" && e.Op != "<>" || x.Type.Base() != array.Type.Element().Base() {
		return out
	}
	var in *plan.Expr
	switch {
	case array.Op == plan.OpCall && array.Func == funcs.MakeArray:
		in = &plan.Expr{Op: plan.OpIn, Type: types.Bool, Args: append([]*plan.Expr{x}, array.Args...), Pos: e.Pos}
	case array.Op == plan.OpConst && !array.Value.Null:
		elements := types.StoredArray(array.Type, array.Value.Str)
		if elements.Len() == 0 || elements.Len() > maxListed {
			return out
		}
		in = &plan.Expr{Op: plan.OpIn, Type: types.Bool, Args: []*plan.Expr{x}, Pos: e.Pos}
		for i := range elements.Len() {
			in.Args = append(in.Args, constAt(elements.Type, elements.Datum(i), array.Pos))
		}
	default:
		return out
	}
	if e.All {
		return not(in)
	}
	return in
}

// maxListed is the length up to which a constant array becomes a list, with an expression for each element.
const maxListed = 1000
