package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func (b *binder) bindCall(e *ast.Call, c *exprContext) (*plan.Expr, error) {
	name := e.Name.Last()
	if s := e.Name.Schema(); s != "" && s != schemaCatalog {
		return nil, pgerr.New(pgerr.UndefinedFunction, "function %s.%s does not exist", s, name).
			WithHint("Functions are in the schema pg_catalog.").At(e.Pos)
	}
	if name == "grouping" && len(e.Name.Parts) == 1 {
		return b.bindGrouping(e, c)
	}
	if err := checkWithinGroup(e); err != nil {
		return nil, err
	}
	if e.Over != nil {
		return b.bindWindowCall(e, c)
	}
	if _, ok := windowFuncs[name]; ok {
		return nil, pgerr.New(pgerr.WrongObjectType, "window function %s requires an OVER clause", name).At(e.Pos)
	}
	inner := *c
	if funcs.IsAggregate(name) {
		inner.aggs, inner.windows, inner.sets, inner.inAggregate = nil, nil, nil, true
		if c.inAggregate {
			return nil, pgerr.New(pgerr.GroupingError, "aggregate function calls cannot be nested").At(e.Pos)
		}
	}
	if funcs.IsSet(name) {
		return b.bindSetCall(e, c)
	}
	args, err := b.bindList(e.Args, &inner)
	if err != nil {
		return nil, err
	}
	if funcs.IsAggregate(name) {
		if e.Names != nil || e.Variadic {
			return nil, pgerr.Unsupported("names of arguments and VARIADIC in a call of an aggregate are").At(e.Pos)
		}
		return b.bindAggregate(e, args, c)
	}
	if e.Star {
		return nil, pgerr.New(pgerr.UndefinedFunction, "function %s() does not exist", name).At(e.Pos)
	}
	if e.Variadic {
		return b.bindVariadic(e, args)
	}
	if args, err = b.inPlace(e, args); err != nil {
		return nil, err
	}
	x, err := b.bindFunction(name, args, e.Pos)
	if err == nil {
		err = refuseAggregateClauses(e)
	}
	return x, err
}

// refuseAggregateClauses refuses on a plain function what only aggregates have.
func refuseAggregateClauses(e *ast.Call) error {
	name, what := e.Name.Last(), ""
	switch {
	case e.Distinct:
		what = "DISTINCT"
	case e.OrderBy != nil:
		what = "ORDER BY"
	case e.Filter != nil:
		what = "FILTER"
	default:
		return nil
	}
	return pgerr.New(pgerr.WrongObjectType, "%s specified, but %s is not an aggregate function", what, name).At(e.Pos)
}

func (b *binder) bindFunction(name string, args []*plan.Expr, pos int) (*plan.Expr, error) {
	switch {
	case name == "coalesce" && len(args) > 0:
		return b.bindCoalesce(args, name, pos)
	case name == "nullif" && len(args) == 2:
		return b.bindNullif(args, pos)
	case name == "current_time":
		return nil, pgerr.Unsupported("type time with time zone is").WithHint("Use localtime.").At(pos)
	case len(args) == 1 && (name == "current_timestamp" || name == "localtimestamp" || name == "localtime"):
		return b.bindRounded(name, args[0], pos)
	}
	if name == "pg_typeof" && len(args) == 1 && args[0].Type.ID == types.IDUnknown && args[0].Op == plan.OpConst {
		return constAt(types.Regtype, types.Datum{Int: int64(types.Unknown.OID())}, pos), nil
	}
	x, err := b.resolveCall(name, args, pos)
	if code := pgerr.Code(err); len(args) == 1 && (code == pgerr.UndefinedFunction || code == pgerr.AmbiguousFunction && args[0].Type.ID == types.IDUnknown) {
		if t, ok := types.ByName(name); ok {
			return b.mustCast(args[0], t, funcs.CastExplicit)
		}
	}
	return x, err
}

// bindRounded binds current_timestamp(n) and its like, whose argument the parser knows to be a number.
func (b *binder) bindRounded(name string, digits *plan.Expr, pos int) (*plan.Expr, error) {
	now, err := b.resolveCall(name, nil, pos)
	if err != nil {
		return nil, err
	}
	if digits.Type != types.Int4 || digits.Op != plan.OpConst {
		return nil, pgerr.New(pgerr.SyntaxError, "the precision of %s is no integer", name).At(pos)
	}
	return b.mustCast(now, now.Type.WithSeconds(int(digits.Value.Int)), funcs.CastExplicit)
}

// resolveCall calls the function name. Errors: 42883, 42725.
func (b *binder) resolveCall(name string, args []*plan.Expr, pos int) (*plan.Expr, error) {
	sig, err := funcs.Resolve(name, typesOf(args))
	if err != nil {
		return nil, at(err, pos)
	}
	return b.call(sig, args, pos)
}

func typesOf(args []*plan.Expr) []types.Type {
	ts := make([]types.Type, len(args))
	for i, a := range args {
		ts[i] = a.Type
	}
	return ts
}

// bindAggregate adds the aggregate to the query's and returns its placeholder.
func (b *binder) bindAggregate(e *ast.Call, args []*plan.Expr, c *exprContext) (*plan.Expr, error) {
	if c.aggs == nil {
		return nil, pgerr.New(pgerr.GroupingError, "aggregate functions are not allowed in %s", c.clause).At(e.Pos)
	}
	if e.WithinGroup {
		var err error
		if args, err = b.withinGroup(e, args, c); err != nil {
			return nil, err
		}
	}
	sig, err := funcs.Resolve(e.Name.Last(), typesOf(args))
	if err != nil {
		return nil, at(err, e.Pos)
	}
	if len(args) == 0 && !e.Star {
		return nil, pgerr.New(pgerr.WrongObjectType, "%s(*) must be used to call a parameterless aggregate function", sig.Name).At(e.Pos)
	}
	a := plan.Agg{Func: sig.ID, Type: sig.Result, Distinct: e.Distinct}
	if a.Args, err = b.aggregateArgs(sig, args, e.Pos); err != nil {
		return nil, err
	}
	if e.Distinct {
		if err := needEquality(a.Args...); err != nil {
			return nil, err
		}
	}
	if e.Filter != nil {
		inner := exprContext{scope: c.scope, clause: "FILTER", inAggregate: true}
		if a.Filter, err = b.bindCondition(e.Filter, &inner); err != nil {
			return nil, err
		}
	}
	if err := b.aggregateOrder(&a, e, c); err != nil {
		return nil, err
	}
	if err := refuseOuterAggregate(a, e); err != nil {
		return nil, err
	}
	return c.aggs.add(a, e.Pos), nil
}

// ordered are the aggregates to which the order of rows matters.
var ordered = map[string]bool{"string_agg": true, "json_agg": true, "jsonb_agg": true, "array_agg": true,
	"json_object_agg": true, "jsonb_object_agg": true}

// aggregateOrder binds ORDER BY in an aggregate. With DISTINCT the rows come sorted by the arguments, as in PostgreSQL, so
// ORDER BY may name those only. It is dropped where it makes no difference.
func (b *binder) aggregateOrder(a *plan.Agg, e *ast.Call, c *exprContext) error {
	if e.WithinGroup {
		return orderWithin(a, e)
	}
	inner := exprContext{scope: c.scope, clause: "ORDER BY", inAggregate: true}
	for _, item := range e.OrderBy {
		x, err := b.bindExpr(item.Expr, &inner)
		if err != nil {
			return err
		}
		col := []outColumn{{expr: x}}
		if err := b.resolveUnknown(col, nil); err != nil {
			return err
		}
		if a.Distinct && indexOf(a.Args, col[0].expr) < 0 {
			return pgerr.New(pgerr.InvalidColumnReference, "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list").
				At(item.Expr.Position())
		}
		a.OrderBy = append(a.OrderBy, plan.SortKey{Expr: col[0].expr, Desc: item.Desc, NullsFirst: item.NullsFirst})
	}
	if !ordered[e.Name.Last()] {
		a.OrderBy = nil
		return nil
	}
	for _, x := range a.Args {
		if a.Distinct && !b.continuous && !slices.ContainsFunc(a.OrderBy, func(k plan.SortKey) bool { return sameExpr(k.Expr, x) }) {
			a.OrderBy = append(a.OrderBy, plan.SortKey{Expr: x})
		}
	}
	return nil
}

// refuseOuterAggregate refuses an aggregate over columns of an outer query alone: in SQL it is the outer query's.
func refuseOuterAggregate(a plan.Agg, e *ast.Call) error {
	own, outer := false, false
	for _, x := range append(append([]*plan.Expr{}, a.Args...), a.Filter) {
		if x == nil {
			continue
		}
		walkExpr(x, func(p *plan.Expr, depth int) {
			own = own || isColumnAt(p, depth)
			outer = outer || p.Op == plan.OpOuter && p.Depth > depth
		})
	}
	if outer && !own {
		return pgerr.Unsupported("an aggregate over columns of an outer query is").At(e.Pos)
	}
	return nil
}
