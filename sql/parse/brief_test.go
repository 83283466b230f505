package parse

import (
	"fmt"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// brief writes an expression on one line, every operator in parentheses, so that precedence can be read off.
func brief(e ast.Expr) string {
	switch e := e.(type) {
	case nil:
		return "nil"
	case *ast.ColumnRef:
		return strings.Join(e.Parts, ".")
	case *ast.Literal:
		if e.Kind == ast.LitString {
			return fmt.Sprintf("%q", e.Text)
		}
		return e.Text
	case *ast.TypedLiteral:
		return fmt.Sprintf("%s%q", briefType(e.Type), e.Text)
	case *ast.Param:
		return fmt.Sprintf("$%d", e.Index)
	case *ast.Unary:
		return "(" + e.Op + " " + brief(e.Arg) + ")"
	case *ast.Binary:
		s := "(" + brief(e.Left) + " " + e.Op + " " + brief(e.Right)
		if e.Escape != nil {
			s += " escape " + brief(e.Escape)
		}
		return s + ")"
	case *ast.IsTest:
		return "(" + brief(e.Arg) + " is" + briefNot(e.Not) + " " + e.Test + ")"
	case *ast.Between:
		return fmt.Sprintf("(%s%s between %s and %s sym=%v)", brief(e.Arg), briefNot(e.Not), brief(e.Low),
			brief(e.High), e.Symmetric)
	case *ast.In:
		if e.Query != nil {
			return "(" + brief(e.Arg) + briefNot(e.Not) + " in query)"
		}
		return "(" + brief(e.Arg) + briefNot(e.Not) + " in " + briefList(e.List) + ")"
	case *ast.Quantified:
		return fmt.Sprintf("(%s %s all=%v query=%v %s)", brief(e.Arg), e.Op, e.All, e.Query != nil, brief(e.Array))
	case *ast.Cast:
		return "(" + brief(e.Arg) + "::" + briefType(e.Type) + ")"
	case *ast.Collate:
		return "(" + brief(e.Arg) + " collate " + strings.Join(e.Collation.Parts, ".") + ")"
	case *ast.Subscript:
		return brief(e.Arg) + "[" + brief(e.Index) + "]"
	case *ast.Row:
		return "row" + briefList(e.Elems)
	case *ast.Array:
		return fmt.Sprintf("array%s query=%v", briefList(e.Elems), e.Query != nil)
	case *ast.Call:
		return briefCall(e)
	case *ast.Case:
		return briefCase(e)
	}
	return fmt.Sprintf("%T", e)
}

func briefNot(not bool) string {
	if not {
		return " not"
	}
	return ""
}

func briefType(t ast.TypeName) string { return strings.TrimPrefix(typeText(t), "type ") }

func briefList(list []ast.Expr) string {
	var s []string
	for _, e := range list {
		s = append(s, brief(e))
	}
	return "(" + strings.Join(s, ", ") + ")"
}

func briefCall(e *ast.Call) string {
	s := strings.Join(e.Name.Parts, ".") + briefList(e.Args)
	if e.Star {
		s += "*"
	}
	if e.Distinct {
		s += " distinct"
	}
	for _, o := range e.OrderBy {
		s += fmt.Sprintf(" order %s desc=%v nullsFirst=%v", brief(o.Expr), o.Desc, o.NullsFirst)
	}
	if e.Filter != nil {
		s += " filter " + brief(e.Filter)
	}
	if e.Over != nil {
		s += " over " + briefList(e.Over.PartitionBy)
		for _, o := range e.Over.OrderBy {
			s += " order " + brief(o.Expr)
		}
	}
	return s
}

func briefCase(e *ast.Case) string {
	s := "case " + brief(e.Arg)
	for _, w := range e.Whens {
		s += " when " + brief(w.Cond) + " then " + brief(w.Result)
	}
	return s + " else " + brief(e.Else)
}
