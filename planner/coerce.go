package planner

import (
	"slices"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// cast returns e as type to, in a context that allows casts of kind ctx; nil if there is no such cast. Untyped literals
// are read, untyped parameters take the type. Errors are those of reading a literal.
func (b *binder) cast(e *plan.Expr, to types.Type, ctx funcs.CastContext) (*plan.Expr, error) {
	if e.Type == to {
		return e, nil
	}
	if e.Type.ID == types.IDUnknown && (e.Op == plan.OpConst || e.Op == plan.OpParam) {
		if ctx == funcs.CastExplicit && to.HasLength() && e.Op == plan.OpConst && !e.Value.Null {
			s, err := types.FitString(to, e.Value.Str, true)
			return constAt(to, types.StrDatum(s), e.Pos), err
		}
		if ctx == funcs.CastExplicit && to.IsArray() && to.Element().HasLength() && e.Op == plan.OpConst {
			plain, err := b.coerceUnknown(e, to.Base())
			if err != nil {
				return nil, err
			}
			return b.cast(plain, to, ctx)
		}
		return b.coerceUnknown(e, to)
	}
	id, ok := funcs.Cast(e.Type, to, ctx)
	if !ok {
		return nil, nil
	}
	if id == "" {
		return e, nil
	}
	if c, err := convertConst(e, to); c != nil || err != nil {
		return c, at(err, e.Pos)
	}
	return &plan.Expr{Op: plan.OpCall, Func: id, Args: []*plan.Expr{e}, Type: to, Pos: e.Pos}, nil
}

// coerceUnknown reads the untyped literal e as type to, or gives the untyped parameter e that type.
func (b *binder) coerceUnknown(e *plan.Expr, to types.Type) (*plan.Expr, error) {
	if e.Op == plan.OpParam {
		p := b.params.decide(e, to)
		if p.Type.ID == types.IDUnknown {
			return p, nil
		}
		if p.Type != to {
			return b.mustCast(p, to, funcs.CastAssignment)
		}
		return p, nil
	}
	if e.Op != plan.OpConst {
		return b.mustCast(e, to, funcs.CastExplicit)
	}
	if e.Value.Null {
		return constAt(to, types.NullDatum, e.Pos), nil
	}
	if x, err := b.specialTime(e.Value.Str, to, e.Pos); x != nil || err != nil {
		return x, err
	}
	d, err := types.ParseText(to, e.Value.Str, b.env.scope())
	if err != nil {
		if pgerr.From(err).Code == pgerr.StringDataRightTruncation { // PostgreSQL fits it to the length only when it runs
			return nil, err
		}
		return nil, at(err, e.Pos)
	}
	if to.ID == types.IDEnum || to.IsOID() && to.ID != types.IDOID {
		d.Str = e.Value.Str // for EXPLAIN, which has no catalog
	}
	return constAt(to, d, e.Pos), nil
}

func constAt(t types.Type, d types.Datum, pos int) *plan.Expr {
	c := &struct { // one allocation: INSERT makes many
		expr  plan.Expr
		datum types.Datum
	}{datum: d}
	c.expr = plan.Expr{Op: plan.OpConst, Type: t, Value: &c.datum, Pos: pos}
	return &c.expr
}

// mustCast is cast, with the error of CAST where there is none: 42846.
func (b *binder) mustCast(e *plan.Expr, to types.Type, ctx funcs.CastContext) (*plan.Expr, error) {
	c, err := b.cast(e, to, ctx)
	if err == nil && c == nil {
		err = pgerr.New(pgerr.CannotCoerce, "cannot cast type %s to %s", e.Type, to).At(e.Pos)
	}
	return c, err
}

// castTo is an implicit cast to a type that was found to be common.
func (b *binder) castTo(e *plan.Expr, to types.Type) (*plan.Expr, error) {
	return b.mustCast(e, to, funcs.CastImplicit)
}

// coerceClause is an assignment cast of a clause's argument. Error: 42804.
func (b *binder) coerceClause(e *plan.Expr, to types.Type, clause string, pos int) (*plan.Expr, error) {
	c, err := b.cast(e, to, funcs.CastAssignment)
	if err == nil && c == nil {
		err = pgerr.New(pgerr.DatatypeMismatch, "argument of %s must be type %s, not type %s", clause, to, e.Type).At(pos)
	}
	return c, err
}

// coerceColumn is the cast of a value that is stored in a column. Error: 42804.
func (b *binder) coerceColumn(e *plan.Expr, name string, to types.Type, pos int) (*plan.Expr, error) {
	c, err := b.cast(e, to, funcs.CastAssignment)
	if err == nil && c == nil {
		err = pgerr.New(pgerr.DatatypeMismatch, "column %q is of type %s but expression is of type %s", name, to, e.Type).
			WithHint("You will need to rewrite or cast the expression.").At(pos)
	}
	return c, err
}

// commonType is the type that all of ts can be seen as. Error: 42804 in PostgreSQL's words for clause.
func commonType(ts []types.Type, clause string) (types.Type, error) {
	t, err := funcs.CommonType(ts)
	if err == nil {
		return t, nil
	}
	for i := 2; i <= len(ts); i++ {
		if _, err := funcs.CommonType(ts[:i]); err != nil {
			if e := pgerr.From(err); e.Code == pgerr.CannotCoerce {
				return t, pgerr.New(e.Code, "%s %s", clause, e.Message)
			}
			before, _ := funcs.CommonType(ts[:i-1])
			return t, pgerr.New(pgerr.DatatypeMismatch, "%s types %s and %s cannot be matched", clause, before, ts[i-1])
		}
	}
	return t, err
}

// castAll casts all of list to their common type.
func (b *binder) castAll(list []*plan.Expr, clause string) ([]*plan.Expr, types.Type, error) {
	ts := make([]types.Type, len(list))
	for i, e := range list {
		ts[i] = e.Type
	}
	t, err := commonType(ts, clause)
	if err != nil {
		return nil, t, err
	}
	if slices.Contains(ts, types.Unknown) {
		t = t.Base() // an untyped literal is not cut to the scale of what it stands beside
	}
	out := make([]*plan.Expr, len(list))
	for i, e := range list {
		if out[i], err = b.castTo(e, t); err != nil {
			return nil, t, err
		}
	}
	return out, t, nil
}

// convertConst returns the constant of a number as another type of number, nil if it takes evaluation.
func convertConst(e *plan.Expr, to types.Type) (*plan.Expr, error) {
	switch {
	case e.Op != plan.OpConst:
		return nil, nil
	case e.Value.Null:
		return constAt(to, types.NullDatum, e.Pos), nil
	case isInteger(e.Type):
		return convertInteger(e, to), nil
	case e.Type.ID == types.IDNumeric && (to.ID == types.IDNumeric || to.ID == types.IDFloat8):
		// These casts go by the number's text.
		d, err := types.ParseText(to, string(types.FormatText(nil, e.Type, *e.Value, types.Scope{})), types.Scope{})
		return constAt(to, d, e.Pos), err
	}
	return nil, nil
}

// convertInteger is convertConst of an integer; nil if it is out of range.
func convertInteger(e *plan.Expr, to types.Type) *plan.Expr {
	v := e.Value.Int
	switch to {
	case types.Int2:
		if v != int64(int16(v)) {
			return nil
		}
		return constAt(to, types.Datum{Int: v}, e.Pos)
	case types.Int4:
		if v != int64(int32(v)) {
			return nil
		}
		return constAt(to, types.Datum{Int: v}, e.Pos)
	case types.Int8:
		return constAt(to, types.Datum{Int: v}, e.Pos)
	case types.Float4:
		return constAt(to, types.Datum{Float: float64(float32(v))}, e.Pos)
	case types.Float8:
		return constAt(to, types.Datum{Float: float64(v)}, e.Pos)
	case types.Numeric:
		return constAt(to, types.Datum{Dec: apd.New(v, 0)}, e.Pos)
	}
	return nil
}

func isInteger(t types.Type) bool {
	return t.ID == types.IDInt2 || t.ID == types.IDInt4 || t.ID == types.IDInt8
}
