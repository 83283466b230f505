package parse

import "github.com/millracedb/millrace/sql/ast"

// createIndex parses [UNIQUE] INDEX [CONCURRENTLY] [[IF NOT EXISTS] name] ON table [USING btree] (columns).
func (p *parser) createIndex() ast.Statement {
	stmt := &ast.CreateIndex{Unique: p.acceptWord("unique")}
	p.expectWord("index")
	p.acceptWord("concurrently") // writes go on in any case
	if stmt.IfNotExists = p.acceptWords("if", "not", "exists"); stmt.IfNotExists || !p.isWord("on") {
		stmt.Name = p.colID()
	}
	p.expectWord("on")
	p.acceptWord("only")
	stmt.Pos = p.pos()
	stmt.Table = p.name()
	if p.acceptWord("using") {
		t := p.tok()
		if method := p.colID(); method != "btree" {
			p.unsupported(t, "indexes of access method %q", method)
		}
	}
	p.expectPunct("(")
	for {
		stmt.Columns = append(stmt.Columns, p.indexColumn())
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	if t := p.tok(); t.isWord("include") {
		p.unsupported(t, "INCLUDE in CREATE INDEX")
	}
	p.nullsDistinct()
	if t := p.tok(); t.isWord("with") || t.isWord("tablespace") {
		p.unsupported(t, "%s in CREATE INDEX", upper(t.text))
	}
	if t := p.tok(); t.isWord("where") {
		p.unsupported(t, "WHERE in CREATE INDEX")
	}
	return stmt
}

// indexColumn parses column [ASC | DESC] [NULLS FIRST | LAST].
func (p *parser) indexColumn() ast.IndexColumn {
	t := p.tok()
	if t.isPunct("(") || t.kind == tIdent && p.at(1).isPunct("(") {
		p.unsupported(t, "expressions in CREATE INDEX")
	}
	c := ast.IndexColumn{Pos: p.pos(), Name: p.colID()}
	if t := p.tok(); t.isWord("collate") {
		p.unsupported(t, "COLLATE in CREATE INDEX")
	}
	if t := p.tok(); t.kind == tIdent && !t.isOneOf("asc", "desc", "nulls") {
		p.unsupported(t, "operator classes in CREATE INDEX")
	}
	if !p.acceptWord("asc") {
		c.Desc = p.acceptWord("desc")
	}
	c.NullsFirst = c.Desc
	switch {
	case p.acceptWords("nulls", "first"):
		c.NullsFirst = true
	case p.acceptWords("nulls", "last"):
		c.NullsFirst = false
	}
	return c
}

// unique parses UNIQUE (columns).
func (p *parser) unique(name string) ast.Unique {
	u := ast.Unique{Name: name, Pos: p.pos()}
	p.expectWord("unique")
	p.nullsDistinct()
	p.expectPunct("(")
	for {
		u.Columns = append(u.Columns, ast.NamedPos{Pos: p.pos(), Word: p.colID()})
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	for _, word := range []string{"include", "with", "using", "deferrable", "initially"} {
		if t := p.tok(); t.isWord(word) {
			p.unsupported(t, "%s of UNIQUE constraints", upper(word))
		}
	}
	return u
}

// nullsDistinct reads [NULLS [NOT] DISTINCT], of which only the default is there.
func (p *parser) nullsDistinct() {
	if t := p.tok(); t.isWord("nulls") && p.at(1).isWord("not") {
		p.unsupported(t, "NULLS NOT DISTINCT")
	}
	p.acceptWords("nulls", "distinct")
}
