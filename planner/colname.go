package planner

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/funcs"
)

// unnamed is PostgreSQL's name of a column whose expression suggests none.
const unnamed = "?column?"

// columnNameOf returns the name of a result column without alias, as PostgreSQL's FigureColname.
func columnNameOf(e ast.Expr) string {
	if name, _ := suggestName(e); name != "" {
		return name
	}
	return unnamed
}

// suggestName returns a name and how well it fits: 2 a name, 1 a type's or CASE, 0 none.
func suggestName(e ast.Expr) (string, int) {
	switch e := e.(type) {
	case *ast.ColumnRef:
		return e.Parts[len(e.Parts)-1], 2
	case *ast.Call:
		return e.Name.Last(), 2
	case *ast.Cast:
		return castName(e.Arg, e.Type)
	case *ast.TypedLiteral:
		return castName(nil, e.Type)
	case *ast.Collate:
		return suggestName(e.Arg)
	case *ast.Subscript:
		return suggestName(e.Arg)
	case *ast.Binary:
		if e.Op == "at time zone" {
			return "timezone", 2
		}
		if e.Op == "overlaps" {
			return e.Op, 2
		}
	case *ast.Exists:
		return "exists", 2
	case *ast.Array:
		return "array", 2
	case *ast.Row:
		return "row", 2
	case *ast.Case:
		if e.Else != nil {
			if name, fit := suggestName(e.Else); fit > 1 {
				return name, fit
			}
		}
		return "case", 1
	case *ast.Subquery:
		return subqueryName(e.Query)
	}
	return "", 0
}

func castName(arg ast.Expr, t ast.TypeName) (string, int) {
	if arg != nil {
		if name, fit := suggestName(arg); fit > 1 {
			return name, fit
		}
	}
	typ, err := funcs.ParseTypeName(t.Schema, t.Name, t.Mods, t.Array)
	if err != nil {
		return t.Name, 1
	}
	if typ.IsArray() {
		typ = typ.Element()
	}
	return typ.ShortName(), 1
}

func subqueryName(q *ast.Select) (string, int) {
	for q.SetOp != "" {
		q = q.Left
	}
	if q.Values != nil {
		return "column1", 2
	}
	if len(q.Items) == 0 {
		return "", 0
	}
	if q.Items[0].Alias != "" {
		return q.Items[0].Alias, 2
	}
	return suggestName(q.Items[0].Expr)
}
