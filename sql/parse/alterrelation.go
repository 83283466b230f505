package parse

import "github.com/millracedb/millrace/sql/ast"

// alterRelation parses kind [IF EXISTS] [ONLY] name RENAME …, RESUME, SET SCHEMA … or action, …; nil if what stands there is something else, which
// the caller refuses by name.
func (p *parser) alterRelation() ast.Statement {
	stmt := &ast.AlterRelation{}
	switch t := p.tok(); {
	case p.aheadWords(0, "materialized", "view"):
		p.i += 2
		stmt.Kind = "materialized view"
	case t.isOneOf("stream", "table", "topic", "view", "sequence", "index"):
		stmt.Kind = p.next().text
	default:
		return nil
	}
	stmt.IfExists = p.acceptWords("if", "exists")
	p.acceptWord("only")
	if !p.tok().isColID() {
		return nil
	}
	stmt.Name = p.name()
	p.acceptOp("*")
	if p.acceptWord("rename") {
		return p.rename(stmt)
	}
	if p.isWord("resume") {
		stmt.Actions = append(stmt.Actions, ast.AlterAction{Verb: "resume", Pos: int(p.next().pos)})
		return stmt
	}
	if p.aheadWords(0, "set", "schema") {
		p.i += 2
		stmt.Actions = append(stmt.Actions, ast.AlterAction{Verb: "set schema", Pos: p.pos(), NewName: p.colID()})
		return stmt
	}
	for {
		if !p.alterAction(stmt) {
			return nil
		}
		if !p.acceptPunct(",") {
			return stmt
		}
	}
}

// rename parses [COLUMN] a TO b, or TO b.
func (p *parser) rename(stmt *ast.AlterRelation) ast.Statement {
	a := ast.AlterAction{Verb: "rename to"}
	switch {
	case p.acceptWord("constraint"):
		a.Verb, a.Pos, a.Name = "rename constraint", p.pos(), p.colID()
	case !p.isWord("to"):
		p.acceptWord("column")
		a.Verb, a.Pos, a.Name = "rename column", p.pos(), p.colID()
	}
	p.expectWord("to")
	a.NewName = p.colID()
	stmt.Actions = append(stmt.Actions, a)
	return stmt
}

// alterAction parses one action; false if it is none of those that are known.
func (p *parser) alterAction(stmt *ast.AlterRelation) bool {
	a := ast.AlterAction{Pos: p.pos()}
	switch {
	case p.acceptWord("add"):
		if !p.alterAdd(&a) {
			return false
		}
	case p.acceptWords("owner", "to"):
		owner := p.roleSpec()
		a.Verb, a.Role = "owner to", &owner
	case p.acceptWords("drop", "constraint"):
		a.Verb, a.IfExists = "drop constraint", p.acceptWords("if", "exists")
		a.Name, a.Cascade = p.colID(), p.cascade()
	case p.acceptWord("drop"):
		p.acceptWord("column")
		a.Verb, a.IfExists = "drop column", p.acceptWords("if", "exists")
		a.Pos = p.pos()
		a.Name, a.Cascade = p.colID(), p.cascade()
	case p.acceptWord("alter"):
		p.acceptWord("column")
		a.Pos, a.Name = p.pos(), p.colID()
		return p.alterColumn(stmt, a)
	default:
		return false
	}
	stmt.Actions = append(stmt.Actions, a)
	return true
}

// alterAdd parses what is behind ADD: a column, or a constraint.
func (p *parser) alterAdd(a *ast.AlterAction) bool {
	switch t := p.tok(); {
	case t.isWord("check"), t.isWord("constraint") && p.at(2).isWord("check"):
		name := p.constraintName()
		a.Verb, a.Check = "add check", &ast.Check{}
		p.check(name, func() *ast.Check { return a.Check })
		return true
	case t.isWord("unique") && p.at(1).isPunct("("), t.isWord("unique") && p.at(1).isWord("nulls"),
		t.isWord("constraint") && p.at(2).isWord("unique") && !p.at(3).isWord("using"):
		u := p.unique(p.constraintName())
		a.Verb, a.Unique = "add unique", &u
		return true
	case t.isWord("foreign"), t.isWord("constraint") && p.at(2).isWord("foreign"):
		fk := p.foreignKey(p.constraintName())
		a.Verb, a.ForeignKey = "add foreign key", &fk
		return true
	case t.isOneOf("constraint", "primary", "unique", "foreign", "exclude"):
		return false
	}
	p.acceptWord("column")
	a.Verb, a.IfExists = "add column", p.acceptWords("if", "not", "exists")
	one := &ast.CreateRelation{}
	p.columnDef(one)
	a.Def = &one.Columns[0]
	a.Name = a.Def.Name
	return true
}

// alterColumn parses what is behind ALTER COLUMN name.
func (p *parser) alterColumn(stmt *ast.AlterRelation, a ast.AlterAction) bool {
	n := len(stmt.Actions)
	switch {
	case p.acceptWords("set", "default"):
		a.Verb = "set default"
		stmt.Actions = append(stmt.Actions, a)
		p.exprSlot(func(e ast.Expr) { stmt.Actions[n].Default = e })
		return true
	case p.acceptWords("drop", "default"):
		a.Verb = "drop default"
	case p.acceptWords("set", "not", "null"):
		a.Verb = "set not null"
	case p.acceptWords("drop", "not", "null"):
		a.Verb = "drop not null"
	default:
		return false
	}
	stmt.Actions = append(stmt.Actions, a)
	return true
}
