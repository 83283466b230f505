package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// maintainHead are the words that may stand between VACUUM or ANALYZE and the relations.
var maintainHead = []string{"full", "freeze", "verbose", "analyze", "analyse"}

// vacuumOptions are those that VACUUM and ANALYZE take in parentheses.
var vacuumOptions = map[string]bool{"full": true, "freeze": true, "verbose": true, "analyze": true, "disable_page_skipping": true,
	"skip_locked": true, "index_cleanup": true, "process_toast": true, "truncate": true, "parallel": true}

// vacuum parses what is behind VACUUM and ANALYZE: nothing of it but the names of relations has a meaning here.
func (p *parser) vacuum(t *token) ast.Statement {
	stmt := &ast.Maintain{What: "VACUUM", Pos: int(t.pos)}
	words := maintainHead
	if t.isOneOf("analyze", "analyse") {
		stmt.What, words = "ANALYZE", maintainHead[2:3]
	}
	if p.isPunct("(") {
		for _, o := range p.optionList(func() string { return p.label() }, false) {
			if !vacuumOptions[o.Name] {
				p.fail(pgerr.New(pgerr.SyntaxError, "unrecognized %s option %q", stmt.What, o.Name).At(o.Pos))
			}
		}
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
