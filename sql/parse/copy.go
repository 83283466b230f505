package parse

import (
	"github.com/millracedb/millrace/sql/ast"
)

// copy parses what is behind COPY.
func (p *parser) copy(*token) ast.Statement {
	stmt := &ast.Copy{}
	if p.isWord("binary") && !p.at(1).isOneOf("from", "to") && !p.at(1).isPunct("(") { // PostgreSQL's form before 7.3
		stmt.Options = append(stmt.Options, p.oldCopyOption())
	}
	if p.isPunct("(") {
		p.copyQuery(stmt)
	} else {
		stmt.Table = p.name()
		if p.isPunct("(") {
			stmt.Columns = p.namedPosList()
		}
		stmt.From = p.isWord("from")
		if !stmt.From && !p.isWord("to") {
			p.syntaxError()
		}
		p.next()
	}
	p.copyEnd(stmt)
	p.copyOptions(stmt)
	if t := p.tok(); t.isWord("where") {
		p.unsupported(t, "COPY … WHERE")
	}
	return stmt
}

// copyQuery parses ( query ) TO.
func (p *parser) copyQuery(stmt *ast.Copy) {
	p.expectPunct("(")
	if t := p.tok(); t.isOneOf("insert", "update", "delete") {
		p.unsupported(t, "COPY of %s", upper(t.text))
	}
	p.emittingQuery(func(q *ast.Select) { stmt.Query = q })
	p.expectPunct(")")
	p.expectWord("to")
}

// copyEnd parses STDIN or STDOUT, which PostgreSQL takes for one another.
func (p *parser) copyEnd(stmt *ast.Copy) {
	switch t := p.tok(); {
	case t.isOneOf("stdin", "stdout"):
		p.next()
	case t.isWord("program"):
		p.unsupported(t, "COPY … PROGRAM")
	case t.kind == tString && stmt.From:
		p.unsupported(t, "COPY FROM a file")
	case t.kind == tString:
		p.unsupported(t, "COPY TO a file")
	default:
		p.syntaxError()
	}
}

// copyOptions parses [WITH] ( name value, … ), or the words of PostgreSQL before 9.0.
func (p *parser) copyOptions(stmt *ast.Copy) {
	if t := p.tok(); t.isWord("using") && p.at(1).isWord("delimiters") {
		p.unsupported(t, "USING DELIMITERS")
	}
	p.acceptWord("with")
	if p.isPunct("(") {
		stmt.Options = append(stmt.Options, p.optionList(p.label, false)...)
		return
	}
	for !p.atEnd() && !p.isWord("where") {
		stmt.Options = append(stmt.Options, p.oldCopyOption())
	}
}

// oldCopyOption parses one of CSV, HEADER, FREEZE, DELIMITER [AS] ',', NULL [AS] ”, QUOTE, ESCAPE, ENCODING, FORCE ….
func (p *parser) oldCopyOption() ast.Option {
	t := p.next()
	o := ast.Option{Name: t.text, Pos: int(t.pos)}
	switch {
	case t.isOneOf("csv", "binary"):
		o.Name = "format"
		o.Value = p.newLiteral(ast.LitString, t.text, t)
	case t.isOneOf("header", "freeze"):
		o.Value = p.newLiteral(ast.LitTrue, "true", t)
	case t.isOneOf("delimiter", "null", "quote", "escape", "encoding"):
		if t.text != "encoding" {
			p.acceptWord("as")
		}
		v := p.next()
		if v.kind != tString {
			p.syntaxErrorAt(v)
		}
		o.Value = p.constant(v)
	case t.isWord("force"):
		p.forceOption(&o)
	default:
		p.syntaxErrorAt(t)
	}
	return o
}

// forceOption parses FORCE QUOTE columns|*, FORCE NOT NULL columns and FORCE NULL columns.
func (p *parser) forceOption(o *ast.Option) {
	switch {
	case p.acceptWord("quote"):
		o.Name = "force_quote"
	case p.acceptWords("not", "null"):
		o.Name = "force_not_null"
	case p.acceptWord("null"):
		o.Name = "force_null"
	default:
		p.syntaxError()
	}
	t := p.tok()
	if o.Name == "force_quote" && p.acceptOp("*") {
		o.Value = &ast.Star{P: ast.P{Pos: int(t.pos)}}
		return
	}
	row := &ast.Row{P: ast.P{Pos: int(t.pos)}}
	for {
		w := p.namedPos()
		row.Elems = append(row.Elems, &ast.ColumnRef{P: ast.P{Pos: w.Pos}, Parts: []string{w.Word}})
		if !p.acceptPunct(",") {
			break
		}
	}
	o.Value = row
}
