package parse

import "github.com/millracedb/millrace/sql/ast"

// commented are the kinds that COMMENT ON takes by a plain name.
var commented = []string{"table", "view", "stream", "topic", "sequence", "index", "column", "schema", "role", "type"}

// comment parses ON kind name IS text behind COMMENT.
func (p *parser) comment(t *token) ast.Statement {
	p.expectWord("on")
	stmt := &ast.Comment{Kind: p.tok().text}
	switch w := p.tok(); {
	case p.acceptWords("materialized", "view"):
		stmt.Kind = "materialized view"
	case w.isOneOf(commented...):
		p.next()
	case w.isWord("constraint") && p.at(2).isWord("on") && !p.at(3).isWord("domain"):
		p.next()
		stmt.Constraint = p.colID()
		p.next()
	case w.kind == tIdent && w.isOneOf(alteredObjects...), w.isOneOf("constraint", "cast", "access", "transform"):
		return p.refuse("COMMENT ON "+objectWords(p, 0), t)
	default:
		p.syntaxError()
	}
	stmt.Name = p.name()
	p.expectWord("is")
	switch text := p.next(); {
	case text.kind == tString:
		stmt.Text = text.text
	case !text.isWord("null"):
		p.syntaxErrorAt(text)
	}
	return stmt
}
