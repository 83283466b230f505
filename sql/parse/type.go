package parse

import "github.com/millracedb/millrace/sql/ast"

// createType parses name AS ENUM (label, …) behind CREATE TYPE; types of other kinds are refused by name.
func (p *parser) createType(t *token) ast.Statement {
	stmt := &ast.CreateType{Name: p.name()}
	if !p.acceptWord("as") {
		p.unsupported(t, "CREATE TYPE without AS ENUM")
	}
	switch w := p.tok(); {
	case w.isPunct("("):
		return p.refuse("a composite type", t)
	case w.isWord("range"):
		return p.refuse("a range type", t)
	}
	p.expectWord("enum")
	p.expectPunct("(")
	if p.acceptPunct(")") {
		return stmt
	}
	for {
		stmt.Labels = append(stmt.Labels, p.stringText())
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return stmt
}

// alterType parses what is behind ALTER TYPE; nil if something else is to be done than what there is of enums.
func (p *parser) alterType() ast.Statement {
	stmt := &ast.AlterType{Name: p.name(), Pos: p.pos()}
	switch {
	case p.acceptWords("add", "value"):
		stmt.Verb = "add value"
		stmt.IfNotExists = p.acceptWords("if", "not", "exists")
		stmt.Value = p.stringText()
		if stmt.Before = p.acceptWord("before"); stmt.Before || p.acceptWord("after") {
			stmt.Neighbor = p.stringText()
		}
	case p.acceptWords("rename", "value"):
		stmt.Verb, stmt.Value = "rename value", p.stringText()
		p.expectWord("to")
		stmt.NewValue = p.stringText()
	case p.acceptWords("rename", "to"):
		stmt.Verb, stmt.NewName = "rename to", p.colID()
	case p.acceptWords("set", "schema"):
		stmt.Verb, stmt.NewName = "set schema", p.colID()
	case p.acceptWords("owner", "to"):
		owner := p.roleSpec()
		stmt.Verb, stmt.Role = "owner to", &owner
	default:
		return nil
	}
	return stmt
}
