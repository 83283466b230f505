package parse

import "github.com/millracedb/millrace/sql/ast"

// maintainHead are the words that may stand between VACUUM or ANALYZE and the relations.
var maintainHead = []string{"full", "freeze", "verbose", "analyze", "analyse"}

// vacuum parses what is behind VACUUM and ANALYZE: nothing of it but the names of relations has a meaning here.
func (p *parser) vacuum(t *token) ast.Statement {
	stmt := &ast.Maintain{What: "VACUUM", Pos: int(t.pos)}
	words := maintainHead
	if t.isOneOf("analyze", "analyse") {
		stmt.What, words = "ANALYZE", maintainHead[2:3]
	}
	if p.isPunct("(") {
		p.optionList(func() string { return p.label() }, false)
	} else {
		for p.tok().isOneOf(words...) {
			p.next()
		}
	}
	for !p.atEnd() {
		stmt.Relations = append(stmt.Relations, p.name())
		if p.isPunct("(") {
			p.columnList()
		}
		if !p.acceptPunct(",") {
			break
		}
		if p.atEnd() {
			p.syntaxError()
		}
	}
	return stmt
}

// refreshView parses what is behind REFRESH.
func (p *parser) refreshView(t *token) ast.Statement {
	p.expectWord("materialized", "view")
	p.acceptWord("concurrently")
	stmt := &ast.Maintain{What: "REFRESH MATERIALIZED VIEW", Pos: int(t.pos), Relations: []ast.Name{p.name()}}
	if at := p.tok(); at.isWord("with") && !*p.withData() {
		p.unsupported(at, "WITH NO DATA")
	}
	return stmt
}
