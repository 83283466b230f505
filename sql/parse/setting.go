package parse

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// set parses what is behind SET.
func (p *parser) set(t *token) ast.Statement {
	if p.isWord("constraints") {
		return p.refuse("SET CONSTRAINTS", t)
	}
	stmt := &ast.Set{}
	switch {
	case p.acceptWords("session", "characteristics"):
		p.expectWord("as", "transaction")
		return &ast.Transaction{Verb: "set session characteristics", Modes: p.modes(true)}
	case p.isWord("session") && !p.at(1).isWord("authorization") && !p.setNameEnds():
		p.next()
	case p.isWord("local") && !p.setNameEnds():
		p.next()
		stmt.Local = true
	}
	if p.isWord("transaction") && !p.setNameEnds() {
		p.next()
		if w := p.tok(); w.isWord("snapshot") {
			p.unsupported(w, "SET TRANSACTION SNAPSHOT")
		}
		return &ast.Transaction{Verb: "set transaction", Modes: p.modes(true)}
	}
	if !p.setSpecial(stmt) {
		p.setPlain(stmt)
	}
	return stmt
}

// setNameEnds reports whether the word at hand is the setting's name.
func (p *parser) setNameEnds() bool {
	t := p.at(1)
	return t.isOp("=") || t.isWord("to") || t.isPunct(".")
}

// setSpecial parses the settings with a grammar of their own; false if there is none here.
func (p *parser) setSpecial(stmt *ast.Set) bool {
	t := p.tok()
	if p.setNameEnds() {
		return false
	}
	switch {
	case p.acceptWords("time", "zone"):
		stmt.Name = "timezone"
		p.timeZoneValue(stmt)
	case p.acceptWord("names"):
		stmt.Name = "client_encoding"
		if !p.atEnd() {
			p.setValue(stmt)
		}
	case p.acceptWord("schema"):
		stmt.Name = "search_path"
		p.setValue(stmt)
	case p.acceptWord("role"):
		stmt.Name = "role"
		p.setValue(stmt)
	case p.acceptWords("session", "authorization"):
		stmt.Name = "session_authorization"
		p.setValue(stmt)
	case t.isOneOf("xml", "catalog"):
		p.unsupported(t, "SET %s", upper(t.text))
	default:
		return false
	}
	return true
}

// timeZoneValue parses a zone, LOCAL, DEFAULT, hours, or INTERVAL '…'.
func (p *parser) timeZoneValue(stmt *ast.Set) {
	if p.acceptWord("local") {
		return
	}
	if t := p.tok(); t.isWord("interval") {
		if p.at(1).kind != tString {
			p.unsupported(t, "SET TIME ZONE INTERVAL(p)")
		}
		p.next()
		stmt.Values = []string{"interval '" + p.next().text + "'"}
		if p.isWord("hour") {
			p.next()
			if p.acceptWord("to") {
				p.expectWord("minute")
			}
		}
		return
	}
	p.setValue(stmt)
}

// setPlain parses name TO|= value, ….
func (p *parser) setPlain(stmt *ast.Set) {
	stmt.Name = p.settingName()
	if t := p.tok(); t.isWord("from") && p.at(1).isWord("current") {
		p.unsupported(t, "SET … FROM CURRENT")
	}
	if !p.acceptWord("to") && !p.acceptOp("=") {
		p.syntaxError()
	}
	p.setValue(stmt)
	for stmt.Values != nil && p.acceptPunct(",") {
		p.setValue(stmt)
	}
}

// settingName reads a.b, in lower case as settings are.
func (p *parser) settingName() string {
	name := p.colID()
	for p.acceptPunct(".") {
		name += "." + p.colID()
	}
	return strings.ToLower(name)
}

// setValue reads one value; DEFAULT leaves the values nil.
func (p *parser) setValue(stmt *ast.Set) {
	t := p.tok()
	switch {
	case t.isWord("default") && stmt.Values == nil:
		p.next()
		return
	case t.isOp("-"), t.isOp("+"):
		stmt.Values = append(stmt.Values, p.signedNumber().(*ast.Literal).Text)
		return
	case t.kind == tInteger, t.kind == tNumber, t.kind == tString, t.kind == tQuoted:
	case t.kind == tIdent && (t.class != kwReserved || t.isOneOf("true", "false", "on")):
	default:
		p.syntaxError()
	}
	p.next()
	stmt.Values = append(stmt.Values, t.text)
}

// resetSetting parses what is behind RESET.
func (p *parser) resetSetting(*token) ast.Statement {
	switch {
	case p.acceptWord("all"):
		return &ast.Set{All: true}
	case p.acceptWords("time", "zone"):
		return &ast.Set{Name: "timezone"}
	case p.acceptWords("session", "authorization"):
		return &ast.Set{Name: "session_authorization"}
	case p.acceptWords("transaction", "isolation", "level"):
		return &ast.Set{Name: "transaction_isolation"}
	}
	return &ast.Set{Name: p.settingName()}
}

// show parses what is behind SHOW.
func (p *parser) show(*token) ast.Statement {
	switch {
	case p.acceptWord("all"):
		return &ast.Show{Name: "all"}
	case p.acceptWords("time", "zone"):
		return &ast.Show{Name: "timezone"}
	case p.acceptWords("session", "authorization"):
		return &ast.Show{Name: "session_authorization"}
	case p.acceptWords("transaction", "isolation", "level"):
		return &ast.Show{Name: "transaction_isolation"}
	}
	return &ast.Show{Name: p.settingName()}
}

// describe parses what is behind DESCRIBE.
func (p *parser) describe(*token) ast.Statement { return &ast.Describe{Name: p.name()} }

// discard parses what is behind DISCARD.
func (p *parser) discard(*token) ast.Statement {
	t := p.next()
	if !t.isOneOf("all", "plans", "sequences", "temp", "temporary") {
		p.syntaxErrorAt(t)
	}
	what := t.text
	if what == "temporary" {
		what = "temp"
	}
	return &ast.Discard{What: what}
}

// unlisten parses what is behind UNLISTEN: a channel, or * for all.
func (p *parser) unlisten(*token) ast.Statement {
	if p.acceptOp("*") {
		return &ast.Unlisten{}
	}
	return &ast.Unlisten{Channel: p.colID()}
}
