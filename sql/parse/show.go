package parse

import (
	"fmt"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

var kindNames = [...]string{"eof", "ident", "quoted", "string", "national", "bits", "integer", "number", "param", "op",
	"punct", "error"}

// Tokens prints the tokens of sql for people, one a line: its position, its kind ("word" is a key word), and its text, which of
// a constant is its value. Behind an error, which it returns, there are none; notices are warnings such as cut identifiers.
func Tokens(sql string) (text string, notices []*pgerr.Error, err error) {
	var l lexer
	l.run(sql)
	var b strings.Builder
	for _, t := range l.toks {
		switch {
		case t.kind == tError:
			fmt.Fprintf(&b, "%d error\n", t.pos)
		case t.class != kwNone:
			fmt.Fprintf(&b, "%d word %s\n", t.pos, t.text)
		case t.kind != tEOF:
			fmt.Fprintf(&b, "%d %s %q\n", t.pos, kindNames[t.kind], t.text)
		}
	}
	if l.err != nil {
		err = l.err
	}
	return b.String(), l.notices, err
}

// ErrorText prints an error, or a notice, about sql in the manner of psql: severity, SQLSTATE and message, then the line of
// the text with its place marked, then detail and hint.
func ErrorText(severity, sql string, err error) string {
	e := pgerr.From(err)
	var b strings.Builder
	fmt.Fprintf(&b, "%s:  %s: %s\n", severity, e.Code, e.Message)
	if e.Position > 0 {
		b.WriteString(placeText(sql, e.Position))
	}
	if e.Detail != "" {
		b.WriteString("DETAIL:  " + e.Detail + "\n")
	}
	if e.Hint != "" {
		b.WriteString("HINT:  " + e.Hint + "\n")
	}
	return b.String()
}

// placeText prints the line of sql that has character pos, and a mark below it.
func placeText(sql string, pos int) string {
	chars := []rune(sql)
	before := string(chars[:min(pos-1, len(chars))])
	start := strings.LastIndexByte(before, '\n') + 1
	line, _, _ := strings.Cut(sql[start:], "\n")
	head := fmt.Sprintf("LINE %d: ", strings.Count(before, "\n")+1)
	// Tabs stay in the line of the mark, so that both lines are equally wide.
	indent := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, head+before[start:])
	return head + strings.TrimRight(line, "\r") + "\n" + indent + "^\n"
}
