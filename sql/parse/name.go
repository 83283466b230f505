package parse

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// colID reads a name of a column, a relation or the like.
func (p *parser) colID() string {
	if !p.tok().isColID() {
		p.syntaxError()
	}
	return p.next().text
}

// label reads any word.
func (p *parser) label() string {
	if !p.tok().isLabel() {
		p.syntaxError()
	}
	return p.next().text
}

// namedPos reads a name and keeps its place.
func (p *parser) namedPos() ast.NamedPos {
	at := p.pos()
	return ast.NamedPos{Word: p.colID(), Pos: at}
}

// name reads a possibly qualified name.
func (p *parser) name() ast.Name {
	first := p.tok()
	n := ast.Name{Parts: []string{p.colID()}, Pos: int(first.pos)}
	for p.acceptPunct(".") {
		n.Parts = append(n.Parts, p.label())
	}
	if len(n.Parts) > maxNameParts {
		p.failAt(first, "improper qualified name (too many dotted names): %s", clip(strings.Join(n.Parts, ".")))
	}
	return n
}

// names reads a comma separated list of names.
func (p *parser) names() []ast.Name {
	all := []ast.Name{p.name()}
	for p.acceptPunct(",") {
		all = append(all, p.name())
	}
	return all
}

// columnList reads (a, b).
func (p *parser) columnList() []string {
	p.expectPunct("(")
	all := []string{p.colID()}
	for p.acceptPunct(",") {
		all = append(all, p.colID())
	}
	p.expectPunct(")")
	return all
}

// namedPosList reads (a, b), with places.
func (p *parser) namedPosList() []ast.NamedPos {
	p.expectPunct("(")
	all := []ast.NamedPos{p.namedPos()}
	for p.acceptPunct(",") {
		all = append(all, p.namedPos())
	}
	p.expectPunct(")")
	return all
}
