package parse

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

func upper(s string) string { return strings.ToUpper(s) }

// primary translates an operand: a constant, a column, a call, a parenthesis, CASE and the like.
func (p *parser) primary() frag {
	t := p.tok()
	switch t.kind {
	case tInteger, tNumber, tString:
		p.next()
		return p.leaf(p.src[t.start:t.end], p.constant(t))
	case tNational:
		p.next()
		return p.leaf("N''", &ast.TypedLiteral{P: ast.P{Pos: int(t.pos)},
			Type: ast.TypeName{Name: "bpchar", Pos: int(t.pos)}, Text: t.text})
	case tBits:
		p.unsupported(t, "bit string constants")
	case tParam:
		return p.subscripts(p.param())
	case tPunct:
		if t.text == "(" {
			return p.paren()
		}
	case tQuoted:
		return p.nameOrCall()
	case tIdent:
		return p.word(t)
	}
	p.syntaxError()
	return frag{}
}

// constant returns the literal of a number or string token.
func (p *parser) constant(t *token) *ast.Literal {
	k := ast.LitString
	switch t.kind {
	case tInteger:
		k = ast.LitInteger
	case tNumber:
		k = ast.LitNumeric
	}
	return p.newLiteral(k, t.text, t)
}

// newLiteral cuts a literal from a block: lists of VALUES have many.
func (p *parser) newLiteral(k ast.LiteralKind, text string, t *token) *ast.Literal {
	if len(p.lits) == cap(p.lits) {
		p.lits = make([]ast.Literal, 0, min(max(4, 2*cap(p.lits)), 512))
	}
	p.lits = append(p.lits, ast.Literal{P: ast.P{Pos: int(t.pos)}, Kind: k, Text: text})
	return &p.lits[len(p.lits)-1]
}

// paramNode reads $n.
func (p *parser) paramNode() *ast.Param {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if err != nil || n < 1 || n > MaxParams {
		p.fail(pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%s", clip(t.text)).At(int(t.pos)))
	}
	p.maxParam = max(p.maxParam, n)
	return &ast.Param{P: ast.P{Pos: int(t.pos)}, Index: n}
}

func (p *parser) param() frag {
	node := p.paramNode()
	return frag{p.out.put(pieceParam, "", p.add(node)), 1}
}

// paren translates ( … ): a scalar subquery, a row, or an expression.
func (p *parser) paren() frag {
	t := p.tok()
	if p.isQueryParen(p.i) {
		first := p.call("subquery", &ast.Subquery{P: ast.P{Pos: int(t.pos)}})
		f := p.over(first, p.parenQuery())
		p.closeCall()
		return p.subscripts(f)
	}
	p.next()
	f := p.expr()
	if p.isPunct(",") {
		first := p.wrap(f, "row", &ast.Row{P: ast.P{Pos: int(t.pos)}})
		p.next()
		p.comma()
		f = p.over(first, f, p.exprList())
		p.closeCall()
	}
	p.expectPunct(")")
	if p.isPunct(".") {
		p.unsupported(p.tok(), "fields of composite values")
	}
	return p.subscripts(f)
}

// subscripts translates [i] and [i:j] behind a column, a parameter or a parenthesis.
func (p *parser) subscripts(f frag) frag {
	for p.isPunct("[") {
		t := p.next()
		node := &ast.Subscript{P: ast.P{Pos: int(t.pos)}}
		first := p.wrap(f, "[]", node)
		f = p.over(first, f, p.bound(&node.Index, ":"))
		if p.acceptPunct(":") {
			node.Slice = true
			f = p.over(first, frag{first, f.depth - 1}, p.bound(&node.Upper, "]"))
		}
		p.expectPunct("]")
		p.closeCall()
	}
	return f
}

// bound translates a bound of a slice in front of end. If it is left out, NULL stands for it; else the node says that there
// is one.
func (p *parser) bound(node *ast.Expr, end string) frag {
	p.comma()
	if t := p.tok(); t.isPunct(end) {
		return p.leaf("null", p.newLiteral(ast.LitNull, "null", t))
	}
	*node = caseOperand
	return p.expr()
}

// word translates an operand that starts with a bare word.
func (p *parser) word(t *token) frag {
	if t.class == kwNone {
		return p.nameOrCall()
	}
	if f, ok := p.specialWord(t); ok {
		return f
	}
	if f, ok := p.typedConstant(t); ok {
		return f
	}
	if t.class == kwColName && !p.at(1).isPunct("(") || t.class == kwUnreserved {
		return p.nameOrCall()
	}
	if t.class == kwTypeFunc && (p.at(1).isPunct("(") || p.at(1).kind == tString) {
		return p.nameOrCall()
	}
	if t.class == kwColName || t.class == kwTypeFunc { // what has a form of its own was found above
		p.next()
	}
	p.syntaxError()
	return frag{}
}

// specialWord translates the forms that a key word starts.
func (p *parser) specialWord(t *token) (frag, bool) {
	switch t.text {
	case "null", "true", "false":
		p.next()
		return p.leaf(t.text, p.newLiteral(wordLiteral(t.text), t.text, t)), true
	case "case":
		return p.caseExpr(), true
	case "cast":
		return p.cast(), true
	case "array":
		return p.array(), true
	case "exists":
		if p.at(1).isPunct("(") {
			p.next()
			first := p.call("exists", &ast.Exists{P: ast.P{Pos: int(t.pos)}})
			f := p.over(first, p.parenQuery())
			p.closeCall()
			return f, true
		}
	case "row":
		if p.at(1).isPunct("(") {
			return p.row(), true
		}
	case "interval":
		if f, ok := p.interval(); ok {
			return f, true
		}
	case "default":
		p.failAt(t, "DEFAULT is not allowed in this context")
	}
	return p.specialCall(t)
}

func wordLiteral(word string) ast.LiteralKind {
	switch word {
	case "true":
		return ast.LitTrue
	case "false":
		return ast.LitFalse
	}
	return ast.LitNull
}

// caseOperand stands for an operand that may be left out until it is converted: it says that there is one.
var caseOperand ast.Expr = &ast.Default{}

func (p *parser) caseExpr() frag {
	node := &ast.Case{P: ast.P{Pos: p.pos()}}
	p.next()
	f := frag{first: p.call("case", node)}
	sep := false
	operand := func() {
		if sep {
			p.comma()
		}
		sep = true
		f = p.over(f.first, frag{f.first, max(f.depth-1, 0)}, p.expr())
	}
	if !p.isWord("when") {
		node.Arg = caseOperand
		operand()
	}
	for p.acceptWord("when") {
		operand()
		p.expectWord("then")
		operand()
		node.Whens = append(node.Whens, ast.When{})
	}
	if len(node.Whens) == 0 {
		p.syntaxError()
	}
	if p.acceptWord("else") {
		node.Else = caseOperand
		operand()
	}
	p.expectWord("end")
	p.closeCall()
	return f
}

func (p *parser) cast() frag {
	at := p.pos()
	p.next()
	p.expectPunct("(")
	node := &ast.Cast{P: ast.P{Pos: at}}
	first := p.call("cast", node)
	arg := p.expr()
	p.expectWord("as")
	node.Type = p.typeName()
	p.expectPunct(")")
	p.closeCall()
	return p.over(first, arg)
}

// array translates ARRAY[…] and ARRAY(query).
func (p *parser) array() frag {
	t := p.next()
	if p.isPunct("(") {
		first := p.call("array", &ast.Array{P: ast.P{Pos: int(t.pos)}})
		f := p.over(first, p.parenQuery())
		p.closeCall()
		return f
	}
	return p.arrayElems(t)
}

// arrayElems translates […], which may hold further […].
func (p *parser) arrayElems(t *token) frag {
	p.enter()
	p.expectPunct("[")
	f := frag{first: p.call("array", &ast.Array{P: ast.P{Pos: int(t.pos)}}), depth: 1}
	for n := 0; !p.isPunct("]"); n++ {
		if n > 0 {
			p.expectPunct(",")
			p.comma()
		}
		elem := frag{}
		if p.isPunct("[") {
			elem = p.arrayElems(p.tok())
		} else {
			elem = p.expr()
		}
		f = p.over(f.first, frag{f.first, f.depth - 1}, elem)
	}
	p.expectPunct("]")
	p.closeCall()
	p.leave()
	return f
}

// row translates ROW(…).
func (p *parser) row() frag {
	first := p.call("row", &ast.Row{P: ast.P{Pos: p.pos()}})
	p.next()
	p.expectPunct("(")
	f := frag{first, 1}
	if !p.isPunct(")") {
		f = p.over(first, p.exprList())
	}
	p.expectPunct(")")
	p.closeCall()
	return f
}
