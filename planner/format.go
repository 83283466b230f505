package planner

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// FormatExpr returns the SQL text of a DEFAULT expression, such as the catalog keeps. Error: 0A000 for what refers to
// columns, parameters or queries, which no default may.
func FormatExpr(e ast.Expr) (string, error) {
	f := &formatter{}
	f.expr(e)
	if f.err != nil {
		return "", f.err
	}
	return f.b.String(), nil
}

type formatter struct {
	b   strings.Builder
	err error
}

func (f *formatter) text(parts ...string) {
	for _, p := range parts {
		f.b.WriteString(p)
	}
}

func (f *formatter) expr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.Literal:
		f.literal(e)
	case *ast.TypedLiteral:
		f.text("(", quote(e.Text), ")::", typeText(e.Type))
	case *ast.Cast:
		f.text("(")
		f.expr(e.Arg)
		f.text(")::", typeText(e.Type))
	case *ast.Unary:
		f.text("(", e.Op, " ")
		f.expr(e.Arg)
		f.text(")")
	case *ast.Binary:
		f.binary(e)
	case *ast.Call:
		f.call(e)
	case *ast.Case:
		f.caseOf(e)
	case *ast.IsTest:
		f.isTest(e)
	default:
		f.refuse(e)
	}
}

func (f *formatter) refuse(e ast.Expr) {
	if f.err != nil {
		return
	}
	if ref, ok := e.(*ast.ColumnRef); ok {
		f.err = pgerr.New(pgerr.FeatureNotSupported, "cannot use column reference in DEFAULT expression").At(ref.Pos)
		return
	}
	f.err = pgerr.Unsupported("this expression in DEFAULT is").At(e.Position())
}

func (f *formatter) literal(e *ast.Literal) {
	switch e.Kind {
	case ast.LitNull:
		f.text("NULL")
	case ast.LitTrue:
		f.text("true")
	case ast.LitFalse:
		f.text("false")
	case ast.LitString:
		f.text(quote(e.Text))
	default:
		f.text(e.Text)
	}
}

// quote writes s as a literal that reads the same whatever standard_conforming_strings is.
func quote(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

func typeText(n ast.TypeName) string {
	t := n.Name
	if n.Schema != "" {
		t = n.Schema + "." + t
	}
	if len(n.Mods) > 0 {
		t += "(" + joinInts(n.Mods) + ")"
	}
	if n.Array {
		t += "[]"
	}
	return t
}

func (f *formatter) binary(e *ast.Binary) {
	if e.Escape != nil {
		f.refuse(e)
	}
	f.text("(")
	f.expr(e.Left)
	f.text(" ", e.Op, " ")
	f.expr(e.Right)
	f.text(")")
}

// keywordCalls are functions that are written without parentheses.
var keywordCalls = map[string]bool{"current_date": true, "current_timestamp": true, "localtimestamp": true, "localtime": true, "current_user": true,
	"session_user": true, "user": true, "current_role": true, "current_catalog": true}

func (f *formatter) call(e *ast.Call) {
	name := e.Name.Last()
	if e.Star || e.Names != nil || e.Variadic || e.Distinct || e.OrderBy != nil || e.Filter != nil || e.Over != nil {
		f.refuse(e)
		return
	}
	if len(e.Args) == 0 && keywordCalls[name] {
		f.text(name)
		return
	}
	f.text(QuoteIdent(name), "(")
	for i, a := range e.Args {
		if i > 0 {
			f.text(map[bool]string{true: " FROM ", false: ", "}[name == "extract"])
		}
		f.expr(a)
	}
	f.text(")")
}

func (f *formatter) caseOf(e *ast.Case) {
	f.text("CASE")
	if e.Arg != nil {
		f.text(" ")
		f.expr(e.Arg)
	}
	for _, w := range e.Whens {
		f.text(" WHEN ")
		f.expr(w.Cond)
		f.text(" THEN ")
		f.expr(w.Result)
	}
	if e.Else != nil {
		f.text(" ELSE ")
		f.expr(e.Else)
	}
	f.text(" END")
}

func (f *formatter) isTest(e *ast.IsTest) {
	f.text("(")
	f.expr(e.Arg)
	f.text(map[bool]string{true: " IS NOT ", false: " IS "}[e.Not], strings.ToUpper(e.Test), ")")
}

// QuoteIdent returns an identifier as it must be written: in double quotes unless it is plain lower case.
func QuoteIdent(s string) string {
	plain := s != "" && (s[0] < '0' || s[0] > '9')
	for _, r := range s {
		plain = plain && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_')
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func joinInts(ns []int) string {
	var parts []string
	for _, n := range ns {
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, ", ")
}
