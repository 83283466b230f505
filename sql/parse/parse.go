// Package parse turns PostgreSQL's text into sql/ast: its own tokenizer and statement heads, and the TiDB parser for
// the structure of queries, behind a translation. It resolves no name and no type, and holds no state but a counter: every
// function may be called from many goroutines. What it does not know is refused, 42601 or 0A000, with the place in the text.
// No type of the TiDB parser leaves the package. See DESIGN.md.
package parse

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Parsed is one statement of a text.
type Parsed struct {
	Stmt ast.Statement
	// Text is the user's text of the statement, without the semicolon and what surrounds it.
	Text string
	// Start is where Text starts, in characters from 0. Positions in Stmt and in errors count from 1, from the start
	// of the whole text, as PostgreSQL reports them.
	Start int
	// NumParams is the highest $n, that of PREPARE's statement included.
	NumParams int
	// Notices are warnings for the user, such as cut identifiers (42622).
	Notices []*pgerr.Error
}

// Parse splits sql at its semicolons and parses each statement; empty ones are left out, so that a text without any
// gives none. An error, always a *pgerr.Error, is for the whole text: PostgreSQL too parses all before it runs any.
func Parse(sql string) ([]Parsed, error) {
	var all []Parsed
	err := run(sql, func(p *parser) {
		for p.skipEmpty(); p.tok().kind != tEOF; p.skipEmpty() {
			all = append(all, p.parsed())
		}
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// ParseOne parses exactly one statement; a text without one gives ast.Empty. More are 42601, as for PostgreSQL's
// Parse message.
func ParseOne(sql string) (Parsed, error) {
	all, err := Parse(sql)
	switch {
	case err != nil:
		return Parsed{}, err
	case len(all) == 0:
		return Parsed{Stmt: &ast.Empty{}}, nil
	case len(all) > 1:
		return Parsed{}, pgerr.New(pgerr.SyntaxError, "cannot insert multiple commands into a prepared statement")
	}
	return all[0], nil
}

// ParseExpr parses one expression and nothing behind it.
func ParseExpr(sql string) (ast.Expr, error) {
	var out ast.Expr
	err := run(sql, func(p *parser) {
		p.reset()
		p.exprSlot(func(e ast.Expr) { out = e })
		p.expectEnd()
		p.finish()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Translate returns the MySQL-dialect text that the TiDB parser is given for sql, one line for each statement. A
// statement without queries and expressions, or with nothing but lists of literals, has an empty line.
func Translate(sql string) (string, error) {
	var b strings.Builder
	err := run(sql, func(p *parser) {
		for p.skipEmpty(); p.tok().kind != tEOF; p.skipEmpty() {
			p.parsed()
			b.WriteString(p.translated)
			b.WriteByte('\n')
		}
	})
	return b.String(), err
}

// Texts counts the texts parsed since the process started. A prepared statement is one, however often it is executed.
var Texts atomic.Int64

// run gives f a parser over the tokens of sql, and returns the error that f fails with.
func run(sql string, f func(*parser)) (err error) {
	Texts.Add(1)
	if len(sql) > MaxStatementBytes {
		return pgerr.New(pgerr.ProgramLimitExceeded, "statement is longer than %d bytes", MaxStatementBytes)
	}
	if !utf8.ValidString(sql) || strings.IndexByte(sql, 0) >= 0 {
		return pgerr.New(pgerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`)
	}
	p := getParser()
	defer putParser(p)
	defer func() {
		if r := recover(); r != nil {
			failed, ok := r.(failure)
			if !ok {
				panic(r)
			}
			err = failed.err
		}
	}()
	p.lex.run(sql)
	p.src, p.toks = sql, p.lex.toks
	f(p)
	return nil
}

// parsed parses the statement at hand.
func (p *parser) parsed() Parsed {
	p.reset()
	first := p.i
	start := p.tok()
	stmt := p.statement()
	p.expectEnd()
	p.finish()
	out := Parsed{Stmt: stmt, Text: p.textFrom(first), Start: int(start.pos) - 1, NumParams: p.maxParam}
	out.Notices = p.takeNotices()
	return out
}

// takeNotices returns the tokenizer's notices about what has been parsed.
func (p *parser) takeNotices() []*pgerr.Error {
	all, n := p.lex.notices, 0
	for n < len(all) && all[n].Position < p.pos() {
		n++
	}
	p.lex.notices = all[n:]
	return all[:n:n]
}

func (p *parser) skipEmpty() {
	for p.acceptPunct(";") {
	}
}
