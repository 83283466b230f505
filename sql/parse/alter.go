package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// alteredObjects are the kinds of objects that PostgreSQL or Millrace alters in some way.
var alteredObjects = []string{"table", "stream", "topic", "view", "materialized", "index", "schema", "role", "user", "group",
	"database", "function", "procedure", "routine", "aggregate", "trigger", "type", "domain", "sequence", "extension", "system",
	"default", "event", "foreign", "language", "large", "operator", "policy", "publication", "rule", "server", "statistics",
	"subscription", "tablespace", "text", "collation", "conversion"}

// alter parses what is behind ALTER: SET (…) and RESET (…) of a relation, RENAME, and what is done to columns
// and constraints; everything else is refused by name.
func (p *parser) alter(t *token) ast.Statement {
	if !p.tok().isOneOf(alteredObjects...) {
		p.syntaxError()
	}
	if !p.alterOptionsAhead() {
		what, first := "ALTER "+objectWords(p, 0), p.i
		parse := p.alterRelation
		if p.tok().isOneOf(roleWords...) && !p.aheadWords(0, "user", "mapping") {
			parse = p.alterRole
		}
		if stmt := parse(); stmt != nil {
			return stmt
		}
		if p.i = first; p.acceptWord("schema") {
			if stmt := p.alterSchema(); stmt != nil {
				return stmt
			}
		}
		if p.i = first; p.acceptWord("type") {
			if stmt := p.alterType(); stmt != nil {
				return stmt
			}
		}
		p.i = first
		return p.refuse(what+p.actionWords(), t)
	}
	stmt := &ast.AlterOptions{Kind: p.next().text}
	if stmt.Kind == "materialized" {
		p.expectWord("view")
		stmt.Kind = "materialized view"
	}
	stmt.IfExists = p.acceptWords("if", "exists")
	p.acceptWord("only")
	stmt.Name = p.name()
	stmt.Reset = p.next().isWord("reset")
	stmt.Options = p.alterOptions(stmt.Reset)
	return stmt
}

// actionWords returns the key words of what ALTER kind name is to do, so that a refusal tells what is not there: " … ALTER … TYPE".
func (p *parser) actionWords() string {
	i := p.i
	word := func() *token { return &p.toks[min(i, len(p.toks)-1)] }
	switch t := word(); {
	case !t.isOneOf("table", "view", "sequence", "index", "materialized", "stream", "topic"):
		return ""
	case t.isWord("materialized"):
		i++
	}
	for i++; word().isOneOf("if", "exists", "only") || word().isOp("*"); i++ {
	}
	for i++; word().isPunct("."); {
		i += 2
	}
	out := ""
	keyWords := func(n int) {
		for ; n > 0 && word().kind == tIdent && word().class != kwNone; n-- {
			out += " " + upper(word().text)
			i++
		}
	}
	if word().isWord("alter") {
		keyWords(1)
		if word().isWord("column") {
			i++
		}
		i++
		out += " …"
	}
	keyWords(2)
	if out == "" {
		return ""
	}
	return " …" + out
}

// alterOptionsAhead reports whether kind [IF EXISTS] [ONLY] name SET ( or RESET ( follows.
func (p *parser) alterOptionsAhead() bool {
	n := 1
	switch {
	case p.aheadWords(0, "materialized", "view"):
		n = 2
	case !p.tok().isOneOf("stream", "table", "topic"):
		return false
	}
	if p.aheadWords(n, "if", "exists") {
		n += 2
	}
	if p.aheadWords(n, "only") {
		n++
	}
	for n++; p.at(n).isPunct("."); {
		n += 2
	}
	return p.at(n).isOneOf("set", "reset") && p.at(n+1).isPunct("(")
}

// alterOptions reads ( name = value, … ), or ( name, … ) of RESET.
func (p *parser) alterOptions(reset bool) []ast.Option {
	options := p.optionList(func() string { return p.label() }, true)
	for _, o := range options {
		if reset && o.Value != nil {
			p.fail(pgerr.New(pgerr.SyntaxError, "RESET must not include values for parameters").At(o.Pos))
		}
	}
	return options
}
