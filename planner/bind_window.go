package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// windowFunc is a window function that is no aggregate: its result, the zero type for that of the first argument, and how
// many arguments it takes.
type windowFunc struct {
	result      types.Type
	least, most int
}

// windowFuncs are the window functions of PostgreSQL 15 ("docs 9.22").
var windowFuncs = map[string]windowFunc{
	"row_number": {types.Int8, 0, 0}, "rank": {types.Int8, 0, 0}, "dense_rank": {types.Int8, 0, 0},
	"percent_rank": {types.Float8, 0, 0}, "cume_dist": {types.Float8, 0, 0}, "ntile": {types.Int4, 1, 1},
	"lag": {least: 1, most: 3}, "lead": {least: 1, most: 3},
	"first_value": {least: 1, most: 1}, "last_value": {least: 1, most: 1}, "nth_value": {least: 2, most: 2},
}

// bindWindowCall adds a call with OVER to the query's window functions and returns its placeholder.
func (b *binder) bindWindowCall(e *ast.Call, c *exprContext) (*plan.Expr, error) {
	switch {
	case c.inAggregate:
		return nil, pgerr.New(pgerr.GroupingError, "aggregate function calls cannot contain window function calls").At(e.Pos)
	case c.inWindow:
		return nil, pgerr.New(pgerr.WindowingError, "window function calls cannot be nested").At(e.Pos)
	}
	inner := *c
	inner.windows, inner.inWindow = nil, true
	if e.Names != nil || e.Variadic {
		return nil, pgerr.Unsupported("names of arguments and VARIADIC in a call of a window function are").At(e.Pos)
	}
	args, err := b.bindList(e.Args, &inner)
	if err != nil {
		return nil, err
	}
	call, err := b.windowFunction(e, args)
	if err != nil {
		return nil, err
	}
	if e.Filter != nil {
		filter := exprContext{scope: c.scope, clause: "FILTER", aggs: c.aggs, inWindow: true}
		if call.Filter, err = b.bindCondition(e.Filter, &filter); err != nil {
			return nil, err
		}
	}
	if c.windows == nil {
		return nil, pgerr.New(pgerr.WindowingError, "window functions are not allowed in %s", c.clause).At(e.Pos)
	}
	def, err := c.windows.bind(e.Over, len(c.windows.named))
	if err != nil {
		return nil, err
	}
	call.Frame = def.frame
	c.windows.calls = append(c.windows.calls, windowCall{def, call})
	return &plan.Expr{Op: opWindow, Type: call.Type, Column: len(c.windows.calls) - 1, Pos: e.Pos}, nil
}

// windowFunction chooses the function, and casts its arguments.
func (b *binder) windowFunction(e *ast.Call, args []*plan.Expr) (plan.WindowCall, error) {
	name := e.Name.Last()
	f, own := windowFuncs[name]
	switch {
	case !own && !funcs.IsAggregate(name):
		if _, err := funcs.Resolve(name, typesOf(args)); err != nil {
			return plan.WindowCall{}, at(err, e.Pos)
		}
		return plan.WindowCall{}, pgerr.New(pgerr.WrongObjectType, "OVER specified, but %s is not a window function nor an aggregate function", name).At(e.Pos)
	case e.Distinct:
		return plan.WindowCall{}, pgerr.New(pgerr.FeatureNotSupported, "DISTINCT is not implemented for window functions").At(e.Pos)
	case e.OrderBy != nil:
		return plan.WindowCall{}, pgerr.New(pgerr.FeatureNotSupported, "aggregate ORDER BY is not implemented for window functions").At(e.Pos)
	case own && e.Filter != nil:
		return plan.WindowCall{}, pgerr.New(pgerr.FeatureNotSupported, "FILTER is not implemented for non-aggregate window functions").At(e.Pos)
	case own:
		return b.ownWindowFunction(f, name, args, e.Pos)
	}
	sig, err := funcs.Resolve(name, typesOf(args))
	if err != nil {
		return plan.WindowCall{}, at(err, e.Pos)
	}
	if len(args) == 0 && !e.Star {
		return plan.WindowCall{}, pgerr.New(pgerr.WrongObjectType, "%s(*) must be used to call a parameterless aggregate function", name).At(e.Pos)
	}
	args, err = b.aggregateArgs(sig, args, e.Pos)
	return plan.WindowCall{Func: sig.ID, Type: sig.Result, Args: args}, err
}

func (b *binder) ownWindowFunction(f windowFunc, name string, args []*plan.Expr, pos int) (plan.WindowCall, error) {
	call := plan.WindowCall{Func: name, Type: f.result, Args: args}
	ts := typesOf(args)
	ok := len(args) >= f.least && len(args) <= f.most
	var err error
	number := 1 // the argument that is an integer
	if name == "ntile" {
		number = 0
	}
	if ok && number < len(args) {
		call.Args[number], err = b.cast(args[number], types.Int4, funcs.CastImplicit)
		ok = call.Args[number] != nil
	}
	if !ok || err != nil {
		return call, noWindowFunction(name, ts, err, pos)
	}
	if f.result != (types.Type{}) {
		return call, nil
	}
	values := []*plan.Expr{call.Args[0]}
	if len(call.Args) == 3 {
		values = append(values, call.Args[2])
	}
	if len(values) == 1 && ts[0].ID == types.IDUnknown {
		return call, pgerr.New(pgerr.DatatypeMismatch, "could not determine polymorphic type because input has type unknown").At(pos)
	}
	values, call.Type, err = b.castAll(values, name)
	if pgerr.Code(err) == pgerr.DatatypeMismatch {
		err = noWindowFunction(name, ts, nil, pos)
	}
	if err != nil {
		return call, at(err, pos)
	}
	call.Args[0] = values[0]
	if len(values) == 2 {
		call.Args[2] = values[1]
	}
	return call, nil
}

func noWindowFunction(name string, args []types.Type, err error, pos int) error {
	if err != nil {
		return at(err, pos)
	}
	var names []string
	for _, t := range args {
		names = append(names, t.String())
	}
	return pgerr.New(pgerr.UndefinedFunction, "function %s(%s) does not exist", name, strings.Join(names, ", ")).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(pos)
}
