package parse

import "github.com/millracedb/millrace/sql/ast"

// dropKinds are the kinds whose DROP is a plain list of names.
var dropKinds = []string{"stream", "table", "topic", "view", "index", "schema", "sequence", "type", "domain",
	"extension", "collation", "conversion", "statistics"}

// drop parses what is behind DROP.
func (p *parser) drop(t *token) ast.Statement {
	stmt := &ast.Drop{}
	switch w := p.tok(); {
	case p.acceptWord("materialized"):
		p.expectWord("view")
		stmt.Kind = "materialized view"
	case w.isOneOf(dropKinds...):
		stmt.Kind = p.next().text
	case w.isOneOf(roleWords...) && !p.aheadWords(0, "user", "mapping"):
		return p.dropRole()
	case w.isWord("owned"):
		return p.dropOwned()
	case w.isOneOf(refusedObjects...):
		return p.refuse("DROP "+objectWords(p, 0), t)
	default:
		p.syntaxError()
	}
	if p.isWord("concurrently") {
		p.unsupported(p.tok(), "CONCURRENTLY")
	}
	stmt.IfExists = p.acceptWords("if", "exists")
	stmt.Names = p.names()
	stmt.Cascade = p.cascade()
	return stmt
}

// cascade reads [CASCADE|RESTRICT].
func (p *parser) cascade() bool {
	if p.acceptWord("cascade") {
		return true
	}
	p.acceptWord("restrict")
	return false
}

// truncate parses what is behind TRUNCATE.
func (p *parser) truncate(*token) ast.Statement {
	p.acceptWord("table")
	p.acceptWord("only")
	stmt := &ast.Truncate{}
	for {
		stmt.Tables = append(stmt.Tables, p.name())
		p.acceptOp("*")
		if !p.acceptPunct(",") {
			break
		}
	}
	if stmt.Restart = p.acceptWords("restart", "identity"); !stmt.Restart {
		p.acceptWords("continue", "identity")
	}
	stmt.Cascade = p.cascade()
	return stmt
}
