package parse

import (
	"slices"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// refusedObjects are the kinds of objects that PostgreSQL creates and drops and Millrace does not.
var refusedObjects = []string{"index", "unique", "schema", "role", "user", "group", "database", "function", "procedure",
	"routine", "aggregate", "trigger", "constraint", "type", "domain", "sequence", "extension", "event", "foreign",
	"language", "trusted", "procedural", "operator", "policy", "publication", "rule", "server", "statistics",
	"subscription", "tablespace", "text", "collation", "conversion", "cast", "access", "transform", "recursive",
	"default", "owned"}

// createHead is what stands between CREATE and a relation's name.
type createHead struct {
	kind                              string // as in ast.CreateRelation
	orReplace, temporary, ifNotExists bool
	materialized                      bool
	name                              ast.Name
	nameTok                           *token
}

// create parses what is behind CREATE.
func (p *parser) create(t *token) ast.Statement {
	h := createHead{}
	if p.acceptWord("or") {
		p.expectWord("replace")
		h.orReplace = true
	}
	switch w := p.tok(); {
	case w.isOneOf("temp", "temporary"):
		h.temporary = true
		p.next()
	case w.isOneOf("local", "global") && p.at(1).isOneOf("temp", "temporary"):
		h.temporary = true
		p.i += 2
	case w.isWord("unlogged"):
		p.fail(pgerr.Unsupported("UNLOGGED tables are").At(int(w.pos)).
			WithHint("A table WITH (durability = 'async') answers a write before it is on disk."))
	}
	w := p.tok()
	switch {
	case p.acceptWord("materialized"):
		p.expectWord("view")
		h.kind, h.materialized = "table", true
	case w.isOneOf("stream", "table", "topic", "view"):
		h.kind = p.next().text
	case p.acceptWord("sequence"):
		if h.temporary {
			p.unsupported(w, "temporary sequences")
		}
		return p.createSequence()
	case w.isOneOf(roleWords...) && !p.aheadWords(0, "user", "mapping"):
		return p.createRole()
	case w.isWord("schema") && !h.orReplace && !h.temporary:
		p.next()
		return p.createSchema()
	case w.isWord("type") && !h.orReplace && !h.temporary:
		p.next()
		return p.createType(t)
	case w.isWord("index"), w.isWord("unique") && p.at(1).isWord("index"):
		return p.createIndex()
	case w.isOneOf(refusedObjects...):
		return p.refuse("CREATE "+objectWords(p, 0), t)
	default:
		p.syntaxError()
	}
	h.ifNotExists = p.acceptWords("if", "not", "exists")
	h.nameTok = p.tok()
	h.name = p.name()
	return p.createRest(&h)
}

// createRest tells CREATE … AS from a relation with columns.
func (p *parser) createRest(h *createHead) ast.Statement {
	if h.kind == "view" || h.materialized || p.asAhead() {
		return p.createQuery(h)
	}
	if h.orReplace {
		p.unsupported(h.nameTok, "CREATE OR REPLACE %s without AS", upper(h.kind))
	}
	return p.createRelation(h)
}

// asAhead reports whether AS and a query follow, behind column names and options.
func (p *parser) asAhead() bool {
	n := 0
	if t := p.at(n); t.isPunct("(") && t.match > 0 {
		if next := p.at(2); !next.isPunct(",") && !next.isPunct(")") {
			return false // a name and a type
		}
		n = int(t.match) - p.i + 1
	}
	if t := p.at(n + 1); p.at(n).isWord("with") && t.isPunct("(") && t.match > 0 {
		n = int(t.match) - p.i + 1
	}
	return p.at(n).isWord("as")
}

// createQuery parses [(columns)] [WITH (…)] AS query [WITH [NO] DATA] [EMIT …].
func (p *parser) createQuery(h *createHead) ast.Statement {
	stmt := &ast.CreateQuery{Kind: h.kind, Name: h.name, OrReplace: h.orReplace, IfNotExists: h.ifNotExists}
	if h.temporary {
		p.fail(pgerr.Unsupported("temporary relations are").At(int(h.nameTok.pos)).
			WithHint("Use a query in WITH, or a relation that is dropped at the end."))
	}
	if p.isPunct("(") {
		stmt.Columns = p.columnList()
	}
	if p.isWord("with") {
		stmt.Options = p.withOptions()
	}
	p.relationSuffix()
	p.expectWord("as")
	if t := p.tok(); t.isWord("execute") {
		p.unsupported(t, "CREATE TABLE AS EXECUTE")
	}
	first, behind := p.i, 0
	emit := p.emittingQueryAt(&behind, func(q *ast.Select) { stmt.Query = q })
	stmt.QueryText = p.textOf(first, behind)
	if p.isWord("with") {
		stmt.WithData = p.withData()
	}
	if emit.Emit == "" {
		at := p.i
		if p.emit(emit); emit.Emit != "" {
			stmt.QueryText += " " + p.textFrom(at)
		}
	}
	return stmt
}

// emittingQueryAt is emittingQuery that also tells where the text of query and EMIT ends.
func (p *parser) emittingQueryAt(behind *int, set func(*ast.Select)) *ast.Select {
	emit := p.emittingQuery(set)
	*behind = p.i
	return emit
}

// withData reads WITH [NO] DATA.
func (p *parser) withData() *bool {
	p.expectWord("with")
	yes := !p.acceptWord("no")
	if t := p.tok(); t.isOneOf("cascaded", "local", "check") {
		p.unsupported(t, "WITH CHECK OPTION")
	}
	p.expectWord("data")
	return &yes
}

// createRelation parses [( columns )] [WITH (…)].
func (p *parser) createRelation(h *createHead) ast.Statement {
	stmt := &ast.CreateRelation{Kind: h.kind, Name: h.name, IfNotExists: h.ifNotExists, Temporary: h.temporary}
	first := p.tok()
	switch {
	case first.isOneOf("of", "partition"):
		p.unsupported(first, "CREATE TABLE … %s", upper(first.text))
	case first.isPunct("("):
		p.columnDefs(stmt)
	case h.kind == "table" && !first.isWord("with"):
		p.syntaxError()
	}
	p.relationSuffix()
	if p.isWord("with") {
		stmt.Options = p.withOptions()
	}
	if h.kind == "table" && !first.isPunct("(") && !overTopic(stmt.Options) { // a topic may have columns for it
		p.syntaxErrorAt(first)
	}
	p.relationSuffix()
	return stmt
}

func overTopic(options []ast.Option) bool {
	return slices.ContainsFunc(options, func(o ast.Option) bool { return o.Name == "topic" })
}

// relationSuffix refuses by name what PostgreSQL allows behind a table's columns.
func (p *parser) relationSuffix() {
	switch t := p.tok(); {
	case t.isOneOf("inherits", "tablespace", "using"):
		p.unsupported(t, "%s", upper(t.text))
	case t.isWord("partition"):
		p.unsupported(t, "PARTITION BY")
	case t.isWord("on"):
		p.unsupported(t, "ON COMMIT")
	case t.isWord("without") && p.at(1).isWord("oids"):
		p.i += 2
	}
}

// columnDefs parses ( column, constraint, WATERMARK …, … ).
func (p *parser) columnDefs(stmt *ast.CreateRelation) {
	p.expectPunct("(")
	if p.acceptPunct(")") {
		return
	}
	for {
		switch t := p.tok(); {
		case t.isWord("watermark") && p.at(1).isWord("for"):
			p.watermark(stmt)
		case t.isOneOf("constraint", "primary", "unique", "check", "foreign", "exclude", "like"):
			p.tableConstraint(stmt)
		default:
			p.columnDef(stmt)
		}
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
}

// watermark parses WATERMARK FOR column AS expr.
func (p *parser) watermark(stmt *ast.CreateRelation) {
	t := p.tok()
	if stmt.Watermark != nil {
		p.failAt(t, "multiple WATERMARK clauses not allowed")
	}
	p.i += 2
	w := &ast.Watermark{Column: p.colID(), Pos: int(t.pos)}
	p.expectWord("as")
	p.exprSlot(func(e ast.Expr) { w.Expr = e })
	stmt.Watermark = w
}

// tableConstraint parses a constraint of its own; EXCLUDE is noted by name for the planner to refuse.
func (p *parser) tableConstraint(stmt *ast.CreateRelation) {
	name := p.constraintName()
	t := p.next()
	switch {
	case t.isWord("check"):
		p.i--
		n := len(stmt.Checks)
		stmt.Checks = append(stmt.Checks, ast.Check{})
		p.check(name, func() *ast.Check { return &stmt.Checks[n] })
		return
	case t.isWord("like"):
		p.unsupported(t, "LIKE in CREATE TABLE")
	case t.isWord("primary"):
		p.expectWord("key")
		if stmt.PrimaryKey != nil {
			p.failAt(t, `multiple primary keys for table "%s" are not allowed`, stmt.Name.Last())
		}
		stmt.PrimaryKey, stmt.KeyName = p.columnList(), name
	case t.isWord("unique"):
		p.i--
		stmt.Uniques = append(stmt.Uniques, p.unique(name))
		return
	case t.isWord("foreign"):
		p.i--
		stmt.ForeignKeys = append(stmt.ForeignKeys, p.foreignKey(name))
		return
	case t.isWord("exclude"):
		stmt.Constraints = append(stmt.Constraints, ast.NamedPos{Word: t.text, Pos: int(t.pos)})
	default:
		p.syntaxErrorAt(t)
	}
	p.skipElement()
}

// skipElement passes the rest of an element of CREATE TABLE.
func (p *parser) skipElement() {
	for !p.isPunct(",") && !p.isPunct(")") {
		switch {
		case p.isPunct("("):
			p.skipParens()
		case p.atEnd():
			p.syntaxError()
		default:
			p.next()
		}
	}
}
