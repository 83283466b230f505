package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// aggregateArgs casts the arguments of an aggregate, and brings them to the form in which it takes them.
func (b *binder) aggregateArgs(sig *funcs.Signature, args []*plan.Expr, pos int) ([]*plan.Expr, error) {
	args, err := b.castArgs(sig, args)
	if err != nil {
		return nil, err
	}
	switch {
	case strings.HasSuffix(sig.Name, "_object_agg"):
		return b.objectArgs(args, pos)
	case strings.HasPrefix(sig.Name, "json"):
		args[0], err = b.plainJSON(args[0], pos)
	case funcs.IsPairAggregate(sig.Name):
		pair := types.ArrayOf(types.Float8)
		args = []*plan.Expr{{Op: plan.OpCall, Type: pair, Func: funcs.MakeArray, Args: args, Pos: pos}}
	}
	return args, err
}

// objectArgs makes the key of a member a text, or of a time, whose text in JSON is another one, JSON.
func (b *binder) objectArgs(args []*plan.Expr, pos int) ([]*plan.Expr, error) {
	key := args[0].Type
	if key.ID == types.IDJSON || key.ID == types.IDJSONB || key.IsArray() {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "key value must be scalar, not array, composite, or json").At(pos)
	}
	var err error
	switch key.ID {
	case types.IDTimestamp, types.IDTimestamptz:
		args[0], err = b.resolveCall("to_json", args[:1:1], pos)
	default:
		args[0], err = b.mustCast(args[0], types.Text, funcs.CastExplicit)
	}
	if err != nil {
		return nil, err
	}
	args[1], err = b.plainJSON(args[1], pos)
	return args, err
}

// plainJSON makes JSON of a value whose text depends on the session or the catalog.
func (b *binder) plainJSON(x *plan.Expr, pos int) (*plan.Expr, error) {
	if x.Type.ID != types.IDTimestamptz && x.Type.Enum == 0 && (!x.Type.IsOID() || x.Type == types.OID) {
		return x, nil
	}
	return b.resolveCall("to_json", []*plan.Expr{x}, pos)
}

// checkWithinGroup checks that an ordered-set aggregate, and nothing else, has WITHIN GROUP. Errors: 42809, 0A000.
func checkWithinGroup(e *ast.Call) error {
	name := e.Name.Last()
	_, window := windowFuncs[name]
	refuse := func(format string) error { return pgerr.New(pgerr.WrongObjectType, format, name).At(e.Pos) }
	switch {
	case funcs.IsOrderedSet(name) && e.Over != nil:
		return pgerr.New(pgerr.FeatureNotSupported, "OVER is not supported for ordered-set aggregate %s", name).At(e.Pos)
	case funcs.IsOrderedSet(name) && !e.WithinGroup:
		return refuse("WITHIN GROUP is required for ordered-set aggregate %s")
	case !e.WithinGroup || funcs.IsOrderedSet(name):
		return nil
	case window:
		return pgerr.Unsupported("hypothetical-set aggregate %s is", name).At(e.Pos)
	case funcs.IsAggregate(name):
		return refuse("%s is not an ordered-set aggregate, so it cannot have WITHIN GROUP")
	}
	return refuse("WITHIN GROUP specified, but %s is not an aggregate function")
}

// withinGroup returns the arguments of an ordered-set aggregate, with those of its ORDER BY behind the direct ones.
func (b *binder) withinGroup(e *ast.Call, direct []*plan.Expr, c *exprContext) ([]*plan.Expr, error) {
	for _, x := range direct {
		if hasColumns(x) {
			return nil, pgerr.Unsupported("a direct argument of %s that uses columns is", e.Name.Last()).At(x.Pos)
		}
	}
	inner := exprContext{scope: c.scope, clause: "ORDER BY", inAggregate: true}
	args := direct
	for _, item := range e.OrderBy {
		x, err := b.bindExpr(item.Expr, &inner)
		if err != nil {
			return nil, err
		}
		args = append(args, x)
	}
	return args, nil
}

// orderWithin sorts the rows of an ordered-set aggregate by its last argument.
func orderWithin(a *plan.Agg, e *ast.Call) error {
	x, item := a.Args[len(a.Args)-1], e.OrderBy[len(e.OrderBy)-1]
	a.OrderBy = []plan.SortKey{{Expr: x, Desc: item.Desc, NullsFirst: item.NullsFirst}}
	return needOrder(x.Type, item.Expr.Position())
}
