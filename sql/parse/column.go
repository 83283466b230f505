package parse

import (
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// columnDef parses name type constraint ….
func (p *parser) columnDef(stmt *ast.CreateRelation) {
	at := p.pos()
	stmt.Columns = append(stmt.Columns, ast.ColumnDef{Pos: at, Name: p.colID()})
	n := len(stmt.Columns) - 1
	stmt.Columns[n].Type = p.typeName()
	column := func() *ast.ColumnDef { return &stmt.Columns[n] }
	given := map[string]bool{}
	for p.columnConstraint(column, given) {
	}
}

// columnConstraint parses one constraint of a column; false if there is none here. column gives the column, whose
// place in memory changes as columns are added; given has what was said of it already.
func (p *parser) columnConstraint(column func() *ast.ColumnDef, given map[string]bool) bool {
	name := p.constraintName()
	t := p.tok()
	if t.kind != tIdent {
		return false
	}
	c := column()
	switch t.text {
	case "collate":
		p.next()
		c.Collation = p.name()
		c.Collation.Pos = int(t.pos)
	case "key":
		p.next()
		c.Key = true
	case "primary":
		p.next()
		p.expectWord("key")
		c.PrimaryKey, c.KeyName = true, name
	case "not":
		p.next()
		p.expectWord("null")
		c.NotNull = true
		p.onlyOneOf(t, given, "NOT NULL", "NULL", c)
	case "null":
		p.next()
		p.onlyOneOf(t, given, "NULL", "NOT NULL", c)
	case "unique":
		p.next()
		c.Unique = &ast.Unique{Name: name, Columns: []ast.NamedPos{{Word: c.Name, Pos: c.Pos}}, Pos: int(t.pos)}
		p.nullsDistinct()
	case "default":
		if given["default"] {
			p.failAt(t, "multiple default values specified for column %q", c.Name)
		}
		given["default"] = true
		p.next()
		p.constraintExpr(func(e ast.Expr) { column().Default = e })
	case "check":
		n := len(c.Checks)
		c.Checks = append(c.Checks, ast.Check{})
		p.check(name, func() *ast.Check { return &column().Checks[n] })
	case "references":
		p.next()
		fk := ast.ForeignKey{Name: name, Columns: []ast.NamedPos{{Word: c.Name, Pos: c.Pos}}, Pos: int(t.pos)}
		p.references(&fk)
		c.References = &fk
	case "generated":
		p.generated(c)
	default:
		return p.refusedConstraint(t)
	}
	return true
}

// onlyOneOf notes what a column is said to be, and fails if it has been said to be the other, or to be a serial, which is not
// NULL.
func (p *parser) onlyOneOf(t *token, given map[string]bool, what, other string, c *ast.ColumnDef) {
	given[what] = true
	if given[other] || what == "NULL" && strings.Contains(c.Type.Name, "serial") {
		p.failAt(t, "conflicting NULL/NOT NULL declarations for column %q", c.Name)
	}
}

// constraintName reads CONSTRAINT name, "" if it does not stand here.
func (p *parser) constraintName() string {
	if p.acceptWord("constraint") {
		return p.colID()
	}
	return ""
}

// check parses CHECK (expr) [NO INHERIT] into what into gives, whose place in memory changes as others are added.
func (p *parser) check(name string, into func() *ast.Check) {
	pos := p.pos()
	p.next()
	p.expectPunct("(")
	first := p.i
	p.exprSlot(func(e ast.Expr) { into().Expr = e })
	c := into()
	c.Name, c.Pos, c.Text = name, pos, p.textFrom(first)
	p.expectPunct(")")
	p.acceptWords("no", "inherit")
}

// constraintExpr parses DEFAULT's expression, which ends before NOT NULL and the like (PostgreSQL's b_expr).
func (p *parser) constraintExpr(set func(ast.Expr)) {
	if e := p.literal(); e != nil {
		set(e)
		return
	}
	p.openSlot("expr", slot{expr: set})
	p.climb(precCompare)
	p.closeCall()
}

// generated reads GENERATED …: an identity, or an expression as it is written.
func (p *parser) generated(c *ast.ColumnDef) {
	first := p.i
	p.next()
	when := "always"
	if !p.acceptWord("always") {
		p.expectWord("by", "default")
		when = "by default"
	}
	p.expectWord("as")
	if p.acceptWord("identity") {
		c.Identity = when
		if p.acceptPunct("(") {
			p.sequenceOptions(&c.Sequence)
			p.expectPunct(")")
		}
		return
	}
	p.skipParens()
	p.expectWord("stored")
	c.Generated = strings.ToLower(p.textFrom(first))
}

// refusedConstraint refuses by name what else PostgreSQL allows in a column definition.
func (p *parser) refusedConstraint(t *token) bool {
	switch t.text {
	case "compression", "storage":
		p.unsupported(t, "%s in a column definition", upper(t.text))
	case "deferrable", "initially":
		p.unsupported(t, "%s constraints", upper(t.text))
	}
	return false
}
