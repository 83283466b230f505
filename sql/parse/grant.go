package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// grantKinds are the kinds of objects that GRANT and REVOKE name, but for relations, which need no word.
var grantKinds = []string{"table", "sequence", "schema", "database", "function", "procedure", "routine", "type", "domain", "language",
	"tablespace", "parameter"}

// grant parses what is behind GRANT.
func (p *parser) grant(t *token) ast.Statement { return p.grantOrRevoke(t, false) }

// revoke parses what is behind REVOKE.
func (p *parser) revoke(t *token) ast.Statement { return p.grantOrRevoke(t, true) }

func (p *parser) grantOrRevoke(t *token, revoke bool) ast.Statement {
	adminFor := revoke && p.acceptWords("admin", "option", "for")
	stmt := &ast.Grant{Revoke: revoke, Pos: int(t.pos), Kind: "table"}
	stmt.Option = revoke && p.acceptWords("grant", "option", "for")
	if p.acceptWord("all") {
		p.acceptWord("privileges")
		if p.isPunct("(") {
			p.refuseColumns()
		}
	} else {
		stmt.Privileges = p.privileges()
	}
	if !p.acceptWord("on") {
		return p.grantRole(stmt, adminFor)
	}
	p.grantObjects(stmt)
	p.expectWord(toOrFrom(revoke))
	stmt.To = p.grantees()
	if !revoke && p.acceptWords("with", "grant", "option") {
		stmt.Option = true
	}
	p.grantedBy()
	stmt.Cascade = revoke && p.cascade()
	return stmt
}

// refuseColumns refuses privileges of columns, whose list is at hand.
func (p *parser) refuseColumns() {
	p.fail(pgerr.Unsupported("column privileges are").At(int(p.tok().pos)).
		WithHint("Use a view that has these columns, and GRANT on it."))
}

func toOrFrom(revoke bool) string {
	if revoke {
		return "from"
	}
	return "to"
}

// privileges reads words, which may turn out to be the names of roles.
func (p *parser) privileges() []ast.NamedPos {
	var all []ast.NamedPos
	for {
		t := p.tok()
		if !t.isColID() && !t.isOneOf("select", "references", "create", "grant", "analyze") {
			p.syntaxError()
		}
		p.next()
		all = append(all, ast.NamedPos{Word: t.text, Pos: int(t.pos)})
		if p.isPunct("(") {
			p.refuseColumns()
		}
		if !p.acceptPunct(",") {
			return all
		}
	}
}

// grantRole goes on where GRANT turns out to be one of memberships.
func (p *parser) grantRole(read *ast.Grant, adminFor bool) ast.Statement {
	if read.Privileges == nil || read.Option {
		p.syntaxError()
	}
	stmt := &ast.GrantRole{Revoke: read.Revoke, Roles: read.Privileges, Admin: adminFor}
	p.expectWord(toOrFrom(read.Revoke))
	stmt.To = p.roleSpecs()
	if !read.Revoke && p.acceptWords("with", "admin", "option") {
		stmt.Admin = true
	}
	p.grantedBy()
	if read.Revoke {
		p.cascade()
	}
	return stmt
}

func (p *parser) grantedBy() {
	if p.acceptWords("granted", "by") {
		p.roleSpec()
	}
}

// grantObjects reads [kind] names, or ALL kinds IN SCHEMA names.
func (p *parser) grantObjects(stmt *ast.Grant) {
	t := p.tok()
	if p.acceptWord("all") {
		stmt.AllIn = true
		switch kind := p.tok(); {
		case p.acceptWord("tables"):
		case p.acceptWord("sequences"):
			stmt.Kind = "sequence"
		case kind.isOneOf("functions", "procedures", "routines"):
			p.next()
			stmt.Kind = "function"
		default:
			p.syntaxError()
		}
		p.expectWord("in", "schema")
		stmt.Names = p.names()
		return
	}
	switch {
	case t.isOneOf(grantKinds...) && p.at(1).isColID():
		stmt.Kind = p.next().text
	case p.aheadWords(0, "large", "object"), p.aheadWords(0, "foreign", "server"), p.aheadWords(0, "foreign", "data"):
		p.unsupported(t, "GRANT ON %s", upper(t.text))
	}
	if stmt.Kind == "function" || stmt.Kind == "procedure" || stmt.Kind == "routine" {
		p.unsupported(t, "privileges of functions")
	}
	stmt.Names = p.names()
}

// grantees reads roles, each with the noise word GROUP if it is there.
func (p *parser) grantees() []ast.RoleSpec {
	var all []ast.RoleSpec
	for {
		if p.isWord("group") && p.at(1).isColID() {
			p.next()
		}
		all = append(all, p.roleSpec())
		if !p.acceptPunct(",") {
			return all
		}
	}
}

// reassign parses what is behind REASSIGN.
func (p *parser) reassign(*token) ast.Statement {
	p.expectWord("owned", "by")
	stmt := &ast.OwnedBy{By: p.roleSpecs()}
	p.expectWord("to")
	stmt.To = p.roleSpec()
	return stmt
}

// dropOwned parses what is behind DROP, from OWNED on.
func (p *parser) dropOwned() ast.Statement {
	p.expectWord("owned", "by")
	stmt := &ast.OwnedBy{Drop: true, By: p.roleSpecs()}
	stmt.Cascade = p.cascade()
	return stmt
}
