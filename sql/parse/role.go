package parse

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// roleWords are the words for a role in CREATE, ALTER and DROP.
var roleWords = []string{"role", "user", "group"}

// roleSpec reads a role's name, or one of the words that stand for one.
func (p *parser) roleSpec() ast.RoleSpec {
	t := p.tok()
	spec := ast.RoleSpec{Pos: int(t.pos)}
	switch {
	case t.isOneOf("current_user", "current_role"):
		spec.Keyword = "current_user"
	case t.isWord("session_user"):
		spec.Keyword = "session_user"
	case t.isWord("public"):
		spec.Keyword = "public"
	case t.kind == tIdent && t.text == "none":
		p.fail(pgerr.New(pgerr.ReservedName, `role name "none" is reserved`).At(int(t.pos)))
	case t.isColID():
		spec.Name = t.text
	default:
		p.syntaxError()
	}
	p.next()
	return spec
}

func (p *parser) roleSpecs() []ast.RoleSpec {
	all := []ast.RoleSpec{p.roleSpec()}
	for p.acceptPunct(",") {
		all = append(all, p.roleSpec())
	}
	return all
}

// createRole parses what is behind CREATE, from ROLE, USER or GROUP on.
func (p *parser) createRole() ast.Statement {
	login := p.next().isWord("user")
	stmt := &ast.CreateRole{Name: p.namedRole()}
	if login {
		stmt.Options = append(stmt.Options, ast.RoleOption{Name: "login", On: true, Pos: -1})
	}
	p.acceptWord("with")
	for !p.atEnd() {
		t := p.tok()
		switch {
		case p.acceptWords("in", "role"), p.acceptWords("in", "group"):
			stmt.InRoles = p.rolesOnce(t, stmt.InRoles)
		case p.acceptWord("role"), p.acceptWord("user"):
			stmt.Members = p.rolesOnce(t, stmt.Members)
		case p.acceptWord("admin"):
			stmt.Admins = p.rolesOnce(t, stmt.Admins)
		case p.acceptWord("sysid"):
			p.unsupported(t, "SYSID")
		default:
			stmt.Options = p.roleOption(stmt.Options)
		}
	}
	return stmt
}

// rolesOnce reads a list of roles that may be there once.
func (p *parser) rolesOnce(t *token, before []ast.RoleSpec) []ast.RoleSpec {
	if before != nil {
		p.failAt(t, "conflicting or redundant options")
	}
	return p.roleSpecs()
}

// namedRole reads the name of a role that is made.
func (p *parser) namedRole() ast.RoleSpec {
	spec := p.roleSpec()
	switch spec.Keyword {
	case "":
	case "public":
		p.fail(pgerr.New(pgerr.ReservedName, `role name "public" is reserved`).At(spec.Pos))
	default:
		p.fail(pgerr.New(pgerr.ReservedName, "%s cannot be used as a role name here", upper(spec.Keyword)).At(spec.Pos))
	}
	return spec
}

// roleFlags are the options that are a word, or NO and the word together.
var roleFlags = []string{"superuser", "createdb", "createrole", "inherit", "login", "replication", "bypassrls"}

// roleOption reads one option and adds it.
func (p *parser) roleOption(to []ast.RoleOption) []ast.RoleOption {
	t := p.next()
	o := ast.RoleOption{Pos: int(t.pos), On: true}
	switch word := strings.TrimPrefix(t.text, "no"); {
	case t.kind != tIdent:
		p.syntaxErrorAt(t)
	case isOneOf(t.text, roleFlags):
		o.Name = t.text
	case word != t.text && isOneOf(word, roleFlags):
		o.Name, o.On = word, false
	case t.isWord("connection"):
		p.expectWord("limit")
		o.Name, o.Limit = "connection limit", p.smallNumber()
	case t.isWord("encrypted") && p.isWord("password"), t.isWord("password"):
		if t.isWord("encrypted") {
			p.next()
		}
		o.Name = "password"
		if o.Null = p.acceptWord("null"); !o.Null {
			o.Text = p.stringText()
		}
	case t.isWord("valid"):
		p.expectWord("until")
		o.Name, o.Text = "valid until", p.stringText()
	case t.isWord("unencrypted"):
		p.unsupported(t, "UNENCRYPTED PASSWORD")
	default:
		p.failAt(t, "unrecognized role option \"%s\"", clip(t.text))
	}
	for _, before := range to {
		if before.Name == o.Name && before.Pos >= 0 {
			p.failAt(t, "conflicting or redundant options")
		}
	}
	return append(to, o)
}

func isOneOf(word string, words []string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// stringText reads a string literal.
func (p *parser) stringText() string {
	if p.tok().kind != tString {
		p.syntaxError()
	}
	return p.next().text
}

// smallNumber reads an integer of 32 bits with its sign.
func (p *parser) smallNumber() int {
	at := p.tok()
	text := at.text
	if at.isOp("-") || at.isOp("+") {
		text = p.signedNumber().(*ast.Literal).Text
	} else if at.kind != tInteger {
		p.syntaxError()
	} else {
		p.next()
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		p.syntaxErrorAt(at)
	}
	return int(n)
}

// alterRole parses what is behind ALTER, from ROLE, USER or GROUP on; nil if it is none of the forms that are there.
func (p *parser) alterRole() ast.Statement {
	group := p.next().isWord("group")
	if p.isWord("all") {
		return nil
	}
	stmt := &ast.AlterRole{Name: p.roleSpec(), Group: group}
	if p.acceptWords("rename", "to") {
		stmt.Pos = p.pos()
		stmt.NewName = p.namedRole().Name
		return stmt
	}
	if t := p.tok(); group && t.isOneOf("add", "drop") {
		return p.alterGroup(stmt.Name)
	}
	if group || p.tok().isOneOf("set", "reset", "in") {
		return nil
	}
	p.acceptWord("with")
	for !p.atEnd() {
		stmt.Options = p.roleOption(stmt.Options)
	}
	return stmt
}

// alterGroup reads ADD USER or DROP USER: old names for GRANT and REVOKE.
func (p *parser) alterGroup(name ast.RoleSpec) ast.Statement {
	revoke := p.next().isWord("drop")
	p.expectWord("user")
	return &ast.GrantRole{Revoke: revoke, Roles: []ast.NamedPos{{Word: name.Name, Pos: name.Pos}}, To: p.roleSpecs()}
}

// dropRole parses what is behind DROP, from ROLE, USER or GROUP on.
func (p *parser) dropRole() ast.Statement {
	p.next()
	return &ast.DropRole{IfExists: p.acceptWords("if", "exists"), Names: p.roleSpecs()}
}
