package parse

import "github.com/millracedb/millrace/sql/ast"

// createSchema parses [IF NOT EXISTS] [name] [AUTHORIZATION user] behind CREATE SCHEMA.
func (p *parser) createSchema() ast.Statement {
	stmt := &ast.CreateSchema{Pos: p.pos()}
	stmt.IfNotExists = p.acceptWords("if", "not", "exists")
	if !p.isWord("authorization") {
		stmt.Name = p.colID()
	}
	if p.acceptWord("authorization") {
		stmt.Pos = p.pos()
		owner := p.roleSpec()
		stmt.Owner = &owner
	}
	if !p.atEnd() {
		if t := p.tok(); t.isOneOf("create", "grant") {
			p.unsupported(t, "CREATE SCHEMA with other statements in it")
		}
		p.syntaxError()
	}
	return stmt
}

// alterSchema parses name RENAME TO name or OWNER TO role behind ALTER SCHEMA; nil if something else is to be done.
func (p *parser) alterSchema() ast.Statement {
	stmt := &ast.AlterSchema{Pos: p.pos(), Name: p.colID()}
	switch {
	case p.acceptWords("rename", "to"):
		stmt.NewName = p.colID()
	case p.acceptWords("owner", "to"):
		owner := p.roleSpec()
		stmt.Owner = &owner
	default:
		return nil
	}
	return stmt
}
