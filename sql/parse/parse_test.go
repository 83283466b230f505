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
			case "place":
				return showPlace(d.Input)
			case "error":
				return showErrors(d.Input)
			}
			t.Fatalf("unknown command %q", d.Cmd)
			return ""
		})
	})
}

func showTokens(sql string) string {
	text, notices, err := Tokens(sql)
	if err != nil {
		text += showError(err)
	}
	for _, n := range notices {
		text += "notice: " + showError(n)
	}
	return text
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

// showPlace shows the first error of a text as `millrace parse` does.
func showPlace(sql string) string {
	_, err := Parse(sql)
	if err == nil {
		return "accepted\n"
	}
	return ErrorText("ERROR", sql, err)
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
