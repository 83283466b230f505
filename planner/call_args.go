package planner

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// inPlace returns the arguments of a call in their places: those written by name go where the function has the name, and
// what is left out before the last one given has its default (docs 4.3). Error: 42883.
func (b *binder) inPlace(e *ast.Call, args []*plan.Expr) ([]*plan.Expr, error) {
	if e.Variadic {
		return nil, pgerr.Unsupported("VARIADIC in a call of %s is", e.Name.Last()).At(e.Pos)
	}
	if e.Names == nil && (funcs.Takes(e.Name.Last(), len(args)) || funcs.Params(e.Name.Last()) == nil) {
		return args, nil
	}
	if out, ok := inPlaces(funcs.Params(e.Name.Last()), e.Names, args); ok {
		return out, nil
	}
	if e.Names == nil {
		return args, nil
	}
	return nil, noSuchCall(e, args)
}

// inPlaces puts arguments, the last of which have names, into the places of the parameters; ok is false if they do not fit.
func inPlaces(params []funcs.Param, names []string, args []*plan.Expr) (out []*plan.Expr, ok bool) {
	plain := len(args) - len(names)
	if len(args) > len(params) {
		return nil, false
	}
	out = make([]*plan.Expr, len(params))
	copy(out, args[:plain])
	last := plain
	for i, name := range names {
		at := slices.IndexFunc(params, func(p funcs.Param) bool { return p.Name == name })
		if at < plain {
			return nil, false
		}
		out[at] = args[plain+i]
		last = max(last, at+1)
	}
	for i, p := range params {
		switch {
		case out[i] != nil:
		case p.Default == "" && i < last, p.Default == "" && p.Needed:
			return nil, false
		case p.Default != "":
			out[i] = plan.Const(types.Unknown, types.StrDatum(p.Default))
		}
	}
	return slices.DeleteFunc(out, func(x *plan.Expr) bool { return x == nil }), true
}

// noSuchCall is the error for a call by names that no function fits.
func noSuchCall(e *ast.Call, args []*plan.Expr) error {
	plain := len(args) - len(e.Names)
	var shown []string
	for i, a := range args {
		name := ""
		if i >= plain {
			name = e.Names[i-plain] + " => "
		}
		shown = append(shown, name+a.Type.Base().String())
	}
	return pgerr.New(pgerr.UndefinedFunction, "function %s(%s) does not exist", e.Name.Last(), strings.Join(shown, ", ")).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.").At(e.Pos)
}

// variadicCalls are what functions give for an array of arguments: the function of that array, and of the arguments before it.
var variadicCalls = map[string]string{
	"concat": "array_to_string", "concat_ws": "array_to_string", "jsonb_extract_path": "#>", "jsonb_extract_path_text": "#>>",
	"json_extract_path": "#>", "json_extract_path_text": "#>>", "jsonb_build_array": "to_jsonb",
}

// bindVariadic binds f(…, VARIADIC array).
func (b *binder) bindVariadic(e *ast.Call, args []*plan.Expr) (*plan.Expr, error) {
	name, last := e.Name.Last(), len(args)-1
	array := args[last]
	other, ok := variadicCalls[name]
	switch {
	case e.Names != nil:
		return nil, pgerr.Unsupported("VARIADIC beside names of arguments is").At(e.Pos)
	case !ok && funcs.Exists(name) && variadicName[name]:
		return nil, pgerr.Unsupported("VARIADIC in a call of %s is", name).At(e.Pos)
	case !ok, len(args) > 1+variadicBefore[name]:
		return nil, noSuchCall(e, args)
	case !array.Type.IsArray() && array.Type.ID != types.IDUnknown:
		return nil, pgerr.New(pgerr.DatatypeMismatch, "VARIADIC argument must be an array").At(array.Pos)
	}
	switch name {
	case "concat":
		args = []*plan.Expr{array, plan.Const(types.Text, types.StrDatum(""))}
	case "concat_ws":
		args[0], args[1] = array, args[0]
	}
	if !strings.HasPrefix(other, "#") {
		return b.resolveCall(other, args, e.Pos)
	}
	t := types.JSON
	if strings.HasPrefix(name, "jsonb") {
		t = types.JSONB
	}
	doc, err := b.castTo(args[0], t)
	if err != nil {
		return nil, err
	}
	return b.operator(other, doc, array, e.Pos)
}

// variadicBefore is how many arguments stand before the array.
var variadicBefore = map[string]int{"concat_ws": 1, "jsonb_extract_path": 1, "jsonb_extract_path_text": 1, "json_extract_path": 1,
	"json_extract_path_text": 1}

// variadicName are the functions that take any number of arguments, but no array of them here.
var variadicName = map[string]bool{"json_build_array": true, "format": true, "num_nulls": true, "num_nonnulls": true, "json_build_object": true, "jsonb_build_object": true}

// bindOverlaps binds (a, b) OVERLAPS (c, d); an end may be given as an interval from its start.
func (b *binder) bindOverlaps(e *ast.Binary, c *exprContext) (*plan.Expr, error) {
	var args []*plan.Expr
	for i, x := range []ast.Expr{e.Left, e.Right} {
		row, ok := x.(*ast.Row)
		if !ok {
			return nil, pgerr.New(pgerr.SyntaxError, "syntax error at or near \"OVERLAPS\"").At(e.Pos)
		}
		if len(row.Elems) != 2 {
			return nil, pgerr.New(pgerr.SyntaxError, "wrong number of parameters on %s side of OVERLAPS expression",
				[]string{"left", "right"}[i]).At(row.Pos)
		}
		pair, err := b.bindList(row.Elems, c)
		if err != nil {
			return nil, err
		}
		if pair[1].Type == types.Interval && pair[0].Type.ID != types.IDUnknown {
			if pair[1], err = b.operator("+", pair[0], pair[1], e.Pos); err != nil {
				return nil, err
			}
		}
		args = append(args, pair...)
	}
	return b.resolveCall("overlaps", args, e.Pos)
}
