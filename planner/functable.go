package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// bindFunctionTable binds a function in FROM; its arguments see parent, as a subquery would. One that gives no rows gives one, its value.
func (b *binder) bindFunctionTable(f *ast.FuncTable, parent *scope, ctes *cte) (*fromItem, error) {
	name, table := f.Call.Name.Last(), f.Alias
	if table == "" {
		table = name
	}
	if !funcs.IsSet(name) {
		x, err := b.bindCall(f.Call, &exprContext{scope: &scope{parent: parent, ctes: ctes}, clause: "functions in FROM"})
		if err != nil {
			return nil, err
		}
		one := &plan.Project{Input: &plan.Values{Rows: [][]*plan.Expr{{}}}, Exprs: []*plan.Expr{x}}
		if f.Ordinality {
			one.Exprs = append(one.Exprs, plan.Const(types.Int8, types.IntDatum(1)))
		}
		return functionItem(f, one, []catalog.Column{{Name: table, Type: x.Type}}, table)
	}
	if err := refuseAggregateClauses(f.Call); err != nil {
		return nil, err
	}
	args, err := b.bindList(f.Call.Args, &exprContext{scope: &scope{parent: parent, ctes: ctes}, clause: "functions in FROM"})
	if err != nil {
		return nil, err
	}
	if args, err = b.inPlace(f.Call, args); err != nil {
		return nil, err
	}
	scan := &plan.FuncScan{Ordinality: f.Ordinality}
	var cols []catalog.Column
	for _, list := range callsOf(name, args) {
		call, named, err := b.setCall(name, list, f.Call.Pos)
		if err != nil {
			return nil, err
		}
		scan.Calls = append(scan.Calls, call)
		cols = append(cols, named...)
	}
	if len(scan.Calls) == 1 && cols[0].Name == "" {
		cols[0].Name = table
	}
	for i := range cols {
		if cols[i].Name == "" {
			cols[i].Name = name
		}
	}
	return functionItem(f, scan, cols, table)
}

// functionItem names the rows of a function in FROM.
func functionItem(f *ast.FuncTable, n plan.Node, cols []catalog.Column, table string) (*fromItem, error) {
	single := len(cols) == 1 && !f.Ordinality
	if f.Ordinality {
		cols = append(cols, catalog.Column{Name: "ordinality", Type: types.Int8})
	}
	item := &fromItem{node: n, tables: []scopeTable{{name: table}}}
	item.addColumns("", table, cols)
	if err := item.rename(f.Columns, table, f.Call.Pos); err != nil {
		return nil, err
	}
	if single && item.columns[0].name != table { // the whole row of one value is that value
		row := item.columns[0]
		row.name, row.hidden = table, true
		item.columns = append(item.columns, row)
	}
	return item, nil
}

// callsOf returns the arguments of each call that a function in FROM stands for: unnest of several arrays is one of each.
func callsOf(name string, args []*plan.Expr) [][]*plan.Expr {
	if name != "unnest" || len(args) < 2 {
		return [][]*plan.Expr{args}
	}
	var out [][]*plan.Expr
	for _, a := range args {
		out = append(out, []*plan.Expr{a})
	}
	return out
}

// setCall calls a set-returning function, and returns its columns; one without a name of its own has "".
func (b *binder) setCall(name string, args []*plan.Expr, pos int) (plan.SetCall, []catalog.Column, error) {
	sig, err := funcs.Resolve(name, typesOf(args))
	if err != nil {
		return plan.SetCall{}, nil, at(err, pos)
	}
	call := plan.SetCall{Func: sig.ID, Strict: sig.Strict}
	if call.Args, err = b.castArgs(sig, args); err != nil {
		return call, nil, err
	}
	cols := []catalog.Column{{Type: sig.Result}}
	if sig.Columns != nil {
		cols = nil
		for _, c := range sig.Columns {
			cols = append(cols, catalog.Column{Name: c.Name, Type: c.Type})
		}
	}
	for _, c := range cols {
		call.Types = append(call.Types, c.Type)
	}
	return call, cols, nil
}

func funcScanText(n *plan.FuncScan, c textContext) string {
	var out []string
	for _, call := range n.Calls {
		out = append(out, funcName(call.Func)+"("+listText(call.Args, c)+")")
	}
	text := strings.Join(out, ", ")
	if n.Ordinality {
		text += " WITH ORDINALITY"
	}
	return text
}
