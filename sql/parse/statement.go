package parse

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// statements has a parser for each first word of a statement; the word is passed already.
var statements map[string]func(*parser, *token) ast.Statement

func init() {
	statements = map[string]func(*parser, *token) ast.Statement{
		"create": (*parser).create, "alter": (*parser).alter, "drop": (*parser).drop, "truncate": (*parser).truncate,
		"insert": (*parser).insert, "update": (*parser).update, "delete": (*parser).delete,
		"copy": (*parser).copy, "explain": (*parser).explain, "describe": (*parser).describe,
		"set": (*parser).set, "reset": (*parser).resetSetting, "show": (*parser).show, "discard": (*parser).discard,
		"begin": (*parser).begin, "start": (*parser).startTransaction, "commit": (*parser).commit,
		"end": (*parser).commit, "rollback": (*parser).rollback, "abort": (*parser).rollback,
		"savepoint": (*parser).savepoint, "release": (*parser).release,
		"prepare": (*parser).prepare, "execute": (*parser).execute, "deallocate": (*parser).deallocate,
		"declare": (*parser).declare, "fetch": (*parser).fetch, "move": (*parser).fetch, "close": (*parser).closeCursor,
		"unlisten": (*parser).unlisten, "comment": (*parser).comment,
		"grant": (*parser).grant, "revoke": (*parser).revoke,
		"vacuum": (*parser).vacuum, "analyze": (*parser).vacuum, "analyse": (*parser).vacuum, "refresh": (*parser).refreshView,
	}
}

// refused are the first words of PostgreSQL's other statements.
var refused = map[string]bool{
	"call": true, "checkpoint": true, "cluster": true, "do": true,
	"listen": true, "load": true, "lock": true, "merge": true, "notify": true, "reindex": true,
}

// refusedPairs are those that need a second word to be known.
var refusedPairs = map[string][]string{
	"import": {"foreign"}, "security": {"label"},
}

// statement parses the statement at hand.
func (p *parser) statement() ast.Statement {
	p.enter()
	defer p.leave()
	t := p.tok()
	if t.isOneOf("select", "with", "values", "table") || t.isPunct("(") {
		return p.selectStatement()
	}
	if t.kind != tIdent {
		p.syntaxError()
	}
	if p.aheadWords(0, "reassign", "owned") {
		p.next()
		return p.reassign(t)
	}
	if f := statements[t.text]; f != nil {
		p.next()
		return f(p, t)
	}
	if refused[t.text] {
		return p.refuse(upper(t.text), t)
	}
	if next := p.at(1); next.isOneOf(refusedPairs[t.text]...) {
		return p.refuse(upper(t.text)+" "+objectWords(p, 1), t)
	}
	if refusedPairs[t.text] != nil {
		p.next()
	}
	p.syntaxError()
	return nil
}

// refuse passes the rest of a statement that is known and not supported. Only a few are nothing but their name.
func (p *parser) refuse(what string, t *token) ast.Statement {
	first := p.i
	for p.toks[first].start > t.start {
		first--
	}
	p.skipRest()
	if p.i-first <= 1+strings.Count(what, " ") && !t.isOneOf("checkpoint", "cluster") {
		p.syntaxError()
	}
	return &ast.Unsupported{What: what, Pos: int(t.pos)}
}

// objectWords returns the kind of object named n tokens ahead, in capitals, of one word or two.
func objectWords(p *parser, n int) string {
	t := p.at(n)
	switch {
	case t.isOneOf("materialized", "foreign", "event", "text", "large", "default", "access", "unique", "user") &&
		p.at(n+1).isOneOf("view", "table", "schema", "data", "trigger", "search", "object", "privileges", "method",
			"index", "mapping"):
		return upper(t.text) + " " + upper(p.at(n+1).text)
	}
	return upper(t.text)
}

// selectStatement parses a query as a statement.
func (p *parser) selectStatement() ast.Statement {
	if t := p.behindWith(); t.isOneOf("insert", "update", "delete", "merge") {
		return p.writeWith(t)
	}
	stmt := &ast.SelectStmt{}
	p.emittingQuery(func(q *ast.Select) { stmt.Query = q })
	return stmt
}

// behindWith returns the first word of the statement behind the WITH clause that is here.
func (p *parser) behindWith() *token {
	t := p.tok()
	for n := 1; p.isWord("with") && t.kind != tEOF && t.kind != tError; n++ {
		t = p.at(n)
		switch {
		case t.isOneOf("insert", "update", "delete", "merge", "select", "values", "table") || t.isPunct(";"):
			return t
		case t.isPunct("(") && t.match > 0:
			n = int(t.match) - p.i
		}
	}
	return t
}

// writeWith parses WITH … before INSERT, UPDATE and DELETE, which begins at t.
func (p *parser) writeWith(t *token) ast.Statement {
	with := &ast.With{}
	p.openSlot("part", slot{query: func(q *ast.Select) { with.Items, with.Recursive = q.With, q.Recursive }})
	p.out.raw("(")
	p.with()
	p.out.raw("SELECT ")
	p.leaf("select", &ast.Select{Pos: int(t.pos)})
	p.out.raw("))")
	if p.tok() != t {
		p.syntaxError()
	}
	switch p.next(); t.text {
	case "insert":
		stmt := p.insert(t).(*ast.Insert)
		stmt.With = with
		return stmt
	case "update":
		stmt := p.update(t).(*ast.Update)
		stmt.With = with
		return stmt
	case "delete":
		stmt := p.delete(t).(*ast.Delete)
		stmt.With = with
		return stmt
	}
	p.unsupported(t, "MERGE")
	return nil
}

// emittingQuery parses a query and EMIT CHANGES | FINAL [WITH (options)] behind it.
func (p *parser) emittingQuery(set func(*ast.Select)) *ast.Select {
	emit := &ast.Select{}
	p.querySlot(func(q *ast.Select) {
		q.Emit, q.EmitPos, q.EmitOptions = emit.Emit, emit.EmitPos, emit.EmitOptions
		set(q)
	})
	p.emit(emit)
	return emit
}

// emit reads EMIT … into its fields of out.
func (p *parser) emit(out *ast.Select) {
	if out.Emit != "" || !p.emitAhead() {
		return
	}
	out.EmitPos = p.pos()
	p.next()
	out.Emit = p.next().text
	asOf := p.emitAsOf()
	if p.isWord("with") && p.at(1).isPunct("(") {
		out.EmitOptions = p.withOptions()
	}
	if asOf == nil {
		asOf = p.emitAsOf()
	}
	out.EmitOptions = append(out.EmitOptions, asOf...)
}

// emitAsOf reads AS OF FRONTIER | OFFSET | TIMESTAMP value, if it is there, as an option of these names.
func (p *parser) emitAsOf() []ast.Option {
	if !p.aheadWords(0, "as", "of") {
		return nil
	}
	o := ast.Option{Pos: p.pos()}
	p.i += 2
	if !p.tok().isOneOf("frontier", "offset", "timestamp") {
		p.syntaxError()
	}
	o.Name = "as of " + p.next().text
	o.Value = p.optionValue(false)
	return []ast.Option{o}
}
