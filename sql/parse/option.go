package parse

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// withOptions reads WITH (name = value, …).
func (p *parser) withOptions() []ast.Option {
	p.expectWord("with")
	return p.optionList(func() string {
		name := p.label()
		for p.acceptPunct(".") {
			name += "." + p.label()
		}
		return name
	}, true)
}

// optionList reads ( name [=] value, … ); a value may be missing.
func (p *parser) optionList(name func() string, equals bool) []ast.Option {
	p.expectPunct("(")
	var list []ast.Option
	for {
		o := ast.Option{Pos: p.pos()}
		o.Name = strings.ToLower(name())
		if !equals || p.acceptOp("=") {
			o.Value = p.optionValue(!equals)
		}
		list = append(list, o)
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return list
}

// optionValue reads a constant, a bare word, * or a list of words; optional says that there may be none.
func (p *parser) optionValue(optional bool) ast.Expr {
	t := p.tok()
	switch {
	case optional && (t.isPunct(",") || t.isPunct(")")):
		return nil
	case t.isOp("-"), t.isOp("+"):
		return p.signedNumber()
	case t.kind == tInteger, t.kind == tNumber, t.kind == tString:
		p.next()
		return p.constant(t)
	case t.isOneOf("true", "false", "null"):
		p.next()
		return p.newLiteral(wordLiteral(t.text), t.text, t)
	case t.isWord("interval") && p.at(1).kind == tString:
		p.i += 2
		return p.newLiteral(ast.LitString, p.at(-1).text, t)
	case t.isLabel():
		p.next()
		return &ast.ColumnRef{P: ast.P{Pos: int(t.pos)}, Parts: []string{t.text}}
	case optional && t.isOp("*"):
		p.next()
		return &ast.Star{P: ast.P{Pos: int(t.pos)}}
	case optional && t.isPunct("("):
		return p.wordRow(t)
	}
	p.syntaxError()
	return nil
}

// signedNumber reads -n as one literal.
func (p *parser) signedNumber() ast.Expr {
	sign := p.next()
	t := p.next()
	if t.kind != tInteger && t.kind != tNumber {
		p.syntaxErrorAt(t)
	}
	lit := p.constant(t)
	lit.Pos = int(sign.pos)
	if sign.text == "-" {
		lit.Text = "-" + lit.Text
	}
	return lit
}

// wordRow reads (a, b, …) as a row of columns.
func (p *parser) wordRow(t *token) ast.Expr {
	row := &ast.Row{P: ast.P{Pos: int(t.pos)}}
	for _, w := range p.namedPosList() {
		row.Elems = append(row.Elems, &ast.ColumnRef{P: ast.P{Pos: w.Pos}, Parts: []string{w.Word}})
	}
	return row
}
