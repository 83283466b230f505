package parse

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/sql/pgerr"
)

// TestGolden runs the files of testdata: tokens, the text for the TiDB parser, the tree, and errors with their place.
func TestGolden(t *testing.T) {
	datadriven.Walk(t, "testdata/golden", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "tokens":
				return showTokens(d.Input)
			case "translate":
				return showTranslation(d.Input)
			case "tree":
				return showTrees(d.Input)
			case "both":
				return showTranslation(d.Input) + showTrees(d.Input)
			case "expr":
				return showExpr(d.Input)
			case "error":
				return showErrors(d.Input)
			}
			t.Fatalf("unknown command %q", d.Cmd)
			return ""
		})
	})
}

var kindNames = [...]string{"eof", "ident", "quoted", "string", "national", "bits", "integer", "number", "param", "op",
	"punct", "error"}

func showTokens(sql string) string {
	var l lexer
	l.run(sql)
	var b strings.Builder
	for _, t := range l.toks {
		switch {
		case t.kind == tError:
			fmt.Fprintf(&b, "%d ", t.pos)
		case t.class != kwNone:
			fmt.Fprintf(&b, "%d word %s\n", t.pos, t.text)
		case t.kind != tEOF:
			fmt.Fprintf(&b, "%d %s %q\n", t.pos, kindNames[t.kind], t.text)
		}
	}
	if l.err != nil {
		b.WriteString(showError(l.err))
	}
	for _, n := range l.notices {
		b.WriteString("notice: " + showError(n))
	}
	return b.String()
}

func showTranslation(sql string) string {
	text, err := Translate(sql)
	if err != nil {
		return showError(err)
	}
	return strings.TrimLeft(strings.ReplaceAll(text, "\n\n", "\n"), "\n")
}

func showTrees(sql string) string {
	all, err := Parse(sql)
	if err != nil {
		return showError(err)
	}
	var b strings.Builder
	for _, p := range all {
		b.WriteString(Dump(p.Stmt))
	}
	return b.String()
}

// showExpr prints an expression with every operator in parentheses.
func showExpr(lines string) string {
	var b strings.Builder
	for _, line := range strings.Split(lines, "\n") {
		e, err := ParseExpr(line)
		if err != nil {
			b.WriteString(showError(err))
			continue
		}
		b.WriteString(brief(e) + "\n")
	}
	return b.String()
}

// showErrors parses each line for itself.
func showErrors(lines string) string {
	var b strings.Builder
	for _, line := range strings.Split(lines, "\n") {
		_, err := Parse(line)
		if err == nil {
			fmt.Fprintf(&b, "accepted: %s\n", line)
			continue
		}
		b.WriteString(showError(err))
	}
	return b.String()
}

func showError(err error) string {
	e := pgerr.From(err)
	s := fmt.Sprintf("%s %s", e.Code, e.Message)
	if e.Position > 0 {
		s += fmt.Sprintf(" [at %d]", e.Position)
	}
	if e.Hint != "" {
		s += " hint: " + e.Hint
	}
	if e.Cause != nil {
		s += " cause: " + e.Cause.Error()
	}
	return s + "\n"
}
