package planner

import (
	"math"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// bindArray binds ARRAY[…] and ARRAY(query).
func (b *binder) bindArray(e *ast.Array, c *exprContext) (*plan.Expr, error) {
	if e.Query != nil {
		return b.bindArrayQuery(e, c)
	}
	if len(e.Elems) == 0 {
		return nil, pgerr.New(pgerr.IndeterminateDatatype, "cannot determine type of empty array").
			WithHint("Explicitly cast to the desired type, for example ARRAY[]::integer[].").At(e.Pos)
	}
	list, err := b.bindList(e.Elems, c)
	if err != nil {
		return nil, err
	}
	list, t, err := b.castAll(list, "ARRAY")
	if err != nil {
		return nil, at(err, e.Pos)
	}
	return b.makeArray(list, types.ArrayOf(t), e.Pos)
}

// bindArrayOf binds ARRAY[…]::t, in which the cast is each element's.
func (b *binder) bindArrayOf(e *ast.Array, t types.Type, c *exprContext) (*plan.Expr, error) {
	list, err := b.bindList(e.Elems, c)
	if err != nil {
		return nil, err
	}
	for i, x := range list {
		if x.Type.IsArray() {
			return nil, errDimensions().At(e.Pos)
		}
		if list[i], err = b.mustCast(x, t.Element(), funcs.CastExplicit); err != nil {
			return nil, err
		}
	}
	return b.makeArray(list, t, e.Pos)
}

func errDimensions() *pgerr.Error { return pgerr.Unsupported("multidimensional arrays are") }

// makeArray makes an array of list, whose expressions have the type of t's elements.
func (b *binder) makeArray(list []*plan.Expr, t types.Type, pos int) (*plan.Expr, error) {
	if !t.IsArray() {
		if list[0].Type.IsArray() {
			return nil, errDimensions().At(pos)
		}
		return nil, pgerr.New(pgerr.UndefinedObject, "could not find array type for data type %s", list[0].Type).At(pos)
	}
	v := types.NewVector(t.Element(), len(list))
	for _, x := range list {
		if x.Op != plan.OpConst {
			return &plan.Expr{Op: plan.OpCall, Type: t, Func: funcs.MakeArray, Args: list, Pos: pos}, nil
		}
		v.Append(*x.Value)
	}
	return constAt(t, types.StrDatum(types.EncodeArray(v)), pos), nil
}

// bindArrayQuery binds ARRAY(query).
func (b *binder) bindArrayQuery(e *ast.Array, c *exprContext) (*plan.Expr, error) {
	q, err := b.subquery(e.Query, c)
	if err != nil {
		return nil, err
	}
	if len(q.columns) != 1 {
		return nil, pgerr.New(pgerr.SyntaxError, "subquery must return only one column").At(e.Pos)
	}
	elem := q.columns[0].expr.Type
	t := types.ArrayOf(elem)
	switch {
	case elem.IsArray():
		return nil, errDimensions().At(e.Pos)
	case !t.IsArray():
		return nil, pgerr.New(pgerr.UndefinedObject, "could not find array type for data type %s", elem).At(e.Pos)
	}
	if isEmpty(optimize(q.node)) {
		return constAt(t, types.StrDatum(types.EncodeArray(types.NewVector(elem, 0))), e.Pos), nil
	}
	return &plan.Expr{Op: plan.OpArrayQuery, Type: t, Sub: b.subplan(q), Pos: e.Pos}, nil
}

// bindSubscript binds a[i] and a[i:j].
func (b *binder) bindSubscript(e *ast.Subscript, c *exprContext) (*plan.Expr, error) {
	arg, err := b.bindExpr(e.Arg, c)
	if err != nil {
		return nil, err
	}
	inner, nested := e.Arg.(*ast.Subscript)
	switch {
	case arg.Op == opRefused:
		return b.refusal(pgerr.Unsupported("array subscripts are"), types.Int2, e.Pos)
	case arg.Type.ID == types.IDJSONB && !e.Slice:
		return b.bindJSONSubscript(e, arg, c)
	case arg.Type.IsVector():
		return b.bindVectorSubscript(e, arg, c)
	case nested && (inner.Slice || e.Slice):
		return nil, errDimensions().At(e.Pos)
	case nested: // there is but one dimension, so there is no such element
		return constAt(arg.Type, types.NullDatum, e.Pos), nil
	case !arg.Type.IsArray():
		return nil, pgerr.New(pgerr.DatatypeMismatch, "cannot subscript type %s because it does not support subscripting", arg.Type).At(arg.Pos)
	}
	low, err := b.bindBound(e.Index, math.MinInt32, c)
	if err != nil || !e.Slice {
		return &plan.Expr{Op: plan.OpCall, Type: arg.Type.Element(), Func: funcs.Subscript, Args: []*plan.Expr{arg, low}, Pos: e.Pos}, err
	}
	high, err := b.bindBound(e.Upper, math.MaxInt32, c)
	return &plan.Expr{Op: plan.OpCall, Type: arg.Type, Func: funcs.Slice, Args: []*plan.Expr{arg, low, high}, Pos: e.Pos}, err
}

// bindVectorSubscript binds v[i] of a vector, whose first element is number 0.
func (b *binder) bindVectorSubscript(e *ast.Subscript, arg *plan.Expr, c *exprContext) (*plan.Expr, error) {
	if e.Slice {
		return nil, pgerr.Unsupported("slices of %s are", arg.Type).At(e.Pos)
	}
	i, err := b.bindBound(e.Index, 0, c)
	if err != nil {
		return nil, err
	}
	if i, err = b.operator("+", i, constAt(types.Int4, types.IntDatum(1), e.Pos), e.Pos); err != nil {
		return nil, err
	}
	array, err := b.castTo(arg, types.ArrayOf(arg.Type.VectorElement()))
	return &plan.Expr{Op: plan.OpCall, Type: arg.Type.VectorElement(), Func: funcs.Subscript, Args: []*plan.Expr{array, i}, Pos: e.Pos}, err
}

// bindBound binds a subscript; value stands for one that was left out.
func (b *binder) bindBound(e ast.Expr, value int64, c *exprContext) (*plan.Expr, error) {
	if e == nil {
		return plan.Const(types.Int4, types.IntDatum(value)), nil
	}
	x, err := b.bindExpr(e, c)
	if err != nil {
		return nil, err
	}
	i, err := b.cast(x, types.Int4, funcs.CastAssignment)
	if err == nil && i == nil {
		err = pgerr.New(pgerr.DatatypeMismatch, "array subscript must have type integer").At(x.Pos)
	}
	return i, err
}

// bindJSONSubscript binds j[i] for a jsonb: the member or the element, NULL if there is none.
func (b *binder) bindJSONSubscript(e *ast.Subscript, arg *plan.Expr, c *exprContext) (*plan.Expr, error) {
	x, err := b.bindExpr(e.Index, c)
	if err != nil {
		return nil, err
	}
	if !isInteger(x.Type) && !x.Type.IsString() {
		return nil, pgerr.New(pgerr.DatatypeMismatch, "subscript type %s is not supported", x.Type).
			WithHint("jsonb subscript must be coercible to either integer or text.").At(x.Pos)
	}
	if x, err = b.mustCast(x, types.Text, funcs.CastExplicit); err != nil {
		return nil, err
	}
	return b.resolveCall("jsonb_extract_path", []*plan.Expr{arg, x}, e.Pos)
}
