package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// literal reads a constant, a signed number, a parameter or NULL, if that is all there is up to the next comma,
// closing parenthesis or end. It is the fast path of lists of rows: nothing of it is translated. Otherwise it returns
// nil and stays.
func (p *parser) literal() ast.Expr {
	t := p.tok()
	if t.isOp("-") || t.isOp("+") {
		n := p.at(1)
		if n.kind != tInteger && n.kind != tNumber || !p.endsAt(2) {
			return nil
		}
		p.i += 2
		return &ast.Unary{P: ast.P{Pos: int(t.pos)}, Op: t.text, Arg: p.constant(n)}
	}
	if !p.endsAt(1) {
		return nil
	}
	switch t.kind {
	case tInteger, tNumber, tString:
		p.i++
		return p.constant(t)
	case tParam:
		return p.paramNode()
	case tIdent:
		if t.isOneOf("null", "true", "false") {
			p.i++
			return p.newLiteral(wordLiteral(t.text), t.text, t)
		}
	}
	return nil
}

// endsAt reports whether the expression at hand ends n tokens ahead.
func (p *parser) endsAt(n int) bool {
	t := p.at(n)
	return t.kind == tEOF || t.kind == tPunct && (t.text == "," || t.text == ")" || t.text == ";")
}

// value reads a literal or DEFAULT, nil if it is neither.
func (p *parser) value() ast.Expr {
	if t := p.tok(); t.isWord("default") && p.endsAt(1) {
		p.i++
		return &ast.Default{P: ast.P{Pos: int(t.pos)}}
	}
	return p.literal()
}

// values translates VALUES (…), (…): the cells that are not literals become arguments of one marker.
func (p *parser) values() query {
	t := p.next()
	node := &ast.Select{Pos: int(t.pos)}
	first := p.out.raw("SELECT ")
	args := &argList{p: p, f: frag{p.call("values", &valuesMark{node}), 1}}
	for {
		at := p.at(1)
		node.Values = append(node.Values, p.row1(args, node.Values))
		if row := node.Values[len(node.Values)-1]; len(row) != len(node.Values[0]) {
			p.fail(pgerr.New(pgerr.SyntaxError, "VALUES lists must all be the same length").At(int(at.pos)))
		}
		if !p.acceptPunct(",") {
			break
		}
	}
	p.closeCall()
	q := query{frag: p.over(first, args.f)}
	if !args.some {
		q.literals = node
	}
	return q
}

// row1 reads one row of VALUES; cells that are translated are nil in it.
func (p *parser) row1(args *argList, before [][]ast.Expr) []ast.Expr {
	p.expectPunct("(")
	width := 8
	if len(before) > 0 {
		width = len(before[0])
	}
	row := p.newRow(width)
	for {
		cell := p.value()
		if cell == nil {
			args.start()
			args.took(p.expr())
		}
		row = append(row, cell)
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return row
}

// newRow cuts an empty row with room for width cells from a block.
func (p *parser) newRow(width int) []ast.Expr {
	if cap(p.cells)-len(p.cells) < width {
		p.cells = make([]ast.Expr, 0, max(width, min(2*cap(p.cells), 1024)))
	}
	n := len(p.cells)
	p.cells = p.cells[:n+width]
	return p.cells[n:n:(n + width)]
}
