package session

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

func upper(s string) string { return strings.ToUpper(s) }

func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}

// optionText returns the value of an option as text; "" for a bare name.
func optionText(o ast.Option) string {
	switch v := o.Value.(type) {
	case *ast.Literal:
		switch v.Kind {
		case ast.LitTrue:
			return "true"
		case ast.LitFalse:
			return "false"
		}
		return v.Text
	case *ast.ColumnRef:
		return strings.Join(v.Parts, ".")
	}
	return ""
}
