package parse

import (
	"sync"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// parser reads tokens and, for one statement at a time, writes the translation of its queries and expressions, with a
// side table of the syntax nodes that the translation names by number. Its methods fail by panicking with failure,
// which run turns into an error.
type parser struct {
	lex  lexer
	src  string
	toks []token
	i    int // next token
	// level is how deep the parser has recursed.
	level int

	out      emitter
	side     []any // side[id-1]: what a marker stands for; see marker.go
	slots    []slot
	done     []func() // called when the whole statement has been read
	maxParam int
	// translated is the text given to the TiDB parser for the last statement.
	translated string

	// lits and cells are blocks that literals and rows of VALUES are cut from.
	lits  []ast.Literal
	cells []ast.Expr
}

// failure is the panic that carries an error to run.
type failure struct{ err *pgerr.Error }

var parsers = sync.Pool{New: func() any { return new(parser) }}

func getParser() *parser { return parsers.Get().(*parser) }

// putParser keeps the buffers for the next statement, but nothing that they pointed to, and no large ones.
func putParser(p *parser) {
	p.reset()
	toks, out, side := p.lex.toks, p.out, p.side
	*p = parser{}
	if cap(toks) <= maxKeptTokens && cap(out.pieces) <= maxKeptTokens && cap(out.buf) <= maxKeptText && cap(side) <= maxKeptTokens {
		clear(toks)
		p.lex.toks, p.out, p.side = toks[:0], out, side
	}
	parsers.Put(p)
}

// reset prepares for the next statement.
func (p *parser) reset() {
	p.out.reset()
	p.dropSide(0)
	p.slots, p.done = nil, nil
	p.maxParam = 0
	p.translated = ""
}

func (p *parser) fail(err *pgerr.Error) { panic(failure{err}) }

// unsupported fails with 0A000 at t.
func (p *parser) unsupported(t *token, format string, args ...any) {
	p.fail(pgerr.Unsupported(format, args...).At(int(t.pos)))
}

// syntaxError fails at the token at hand.
func (p *parser) syntaxError() { p.syntaxErrorAt(p.tok()) }

func (p *parser) syntaxErrorAt(t *token) {
	if t.kind == tError {
		p.fail(p.lex.err)
	}
	if t.kind == tEOF {
		p.fail(pgerr.New(pgerr.SyntaxError, "syntax error at end of input").At(int(t.pos)))
	}
	p.fail(pgerr.New(pgerr.SyntaxError, `syntax error at or near "%s"`, clip(p.src[t.start:t.end])).At(int(t.pos)))
}

// failAt fails with 42601 and a message of its own at t.
func (p *parser) failAt(t *token, format string, args ...any) {
	p.fail(pgerr.New(pgerr.SyntaxError, format, args...).At(int(t.pos)))
}

// enter and leave bracket recursion.
func (p *parser) enter() {
	p.level++
	p.checkDepth(p.level)
}

func (p *parser) leave() { p.level-- }

func (p *parser) checkDepth(depth int) {
	if depth > MaxDepth {
		p.fail(pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded").
			WithDetail("The statement is nested more than %d levels deep.", MaxDepth).At(int(p.at(0).pos)))
	}
}

// tok returns the token at hand.
func (p *parser) tok() *token {
	t := &p.toks[p.i]
	if t.kind == tError {
		p.fail(p.lex.err)
	}
	return t
}

// at looks n tokens ahead; behind the end it returns the last token.
func (p *parser) at(n int) *token {
	if i := p.i + n; i < len(p.toks) {
		return &p.toks[i]
	}
	return &p.toks[len(p.toks)-1]
}

// next returns the token at hand and moves on; it stays at the end.
func (p *parser) next() *token {
	t := p.tok()
	if t.kind != tEOF {
		p.i++
	}
	return t
}

func (p *parser) isWord(word string) bool   { return p.tok().isWord(word) }
func (p *parser) isPunct(punct string) bool { return p.tok().isPunct(punct) }
func (p *parser) pos() int                  { return int(p.tok().pos) }
func (p *parser) textFrom(first int) string { return p.textOf(first, p.i) }
func (p *parser) textOf(first, behind int) string {
	return p.src[p.toks[first].start:p.toks[behind-1].end]
}

func (p *parser) acceptWord(word string) bool {
	if p.isWord(word) {
		p.i++
		return true
	}
	return false
}

// acceptWords passes all of the words, or none.
func (p *parser) acceptWords(words ...string) bool {
	p.tok()
	if !p.aheadWords(0, words...) {
		return false
	}
	p.i += len(words)
	return true
}

// aheadWords reports whether the words stand n tokens ahead.
func (p *parser) aheadWords(n int, words ...string) bool {
	for i, w := range words {
		if !p.at(n + i).isWord(w) {
			return false
		}
	}
	return true
}

func (p *parser) expectWord(words ...string) {
	for _, w := range words {
		if !p.acceptWord(w) {
			p.syntaxError()
		}
	}
}

func (p *parser) acceptPunct(punct string) bool {
	if p.isPunct(punct) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expectPunct(punct string) {
	if !p.acceptPunct(punct) {
		p.syntaxError()
	}
}

func (p *parser) acceptOp(op string) bool {
	if p.tok().isOp(op) {
		p.i++
		return true
	}
	return false
}

// atEnd reports whether the statement ends here.
func (p *parser) atEnd() bool { return p.tok().kind == tEOF || p.isPunct(";") }

func (p *parser) expectEnd() {
	if !p.atEnd() {
		p.syntaxError()
	}
}

// skipRest passes everything up to the end of the statement.
func (p *parser) skipRest() {
	for !p.atEnd() {
		p.i++
	}
}

// skipParens passes a balanced ( … ).
func (p *parser) skipParens() {
	p.expectPunct("(")
	for depth := 1; depth > 0; {
		switch t := p.next(); {
		case t.kind == tEOF || t.isPunct(";"):
			p.syntaxErrorAt(t)
		case t.isPunct("("):
			depth++
		case t.isPunct(")"):
			depth--
		}
	}
}
