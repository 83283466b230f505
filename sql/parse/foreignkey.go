package parse

import "github.com/millracedb/millrace/sql/ast"

// foreignKey parses FOREIGN KEY (columns) REFERENCES ….
func (p *parser) foreignKey(name string) ast.ForeignKey {
	fk := ast.ForeignKey{Name: name, Pos: p.pos()}
	p.expectWord("foreign", "key")
	fk.Columns = p.namedColumns()
	p.expectWord("references")
	p.references(&fk)
	return fk
}

// namedColumns parses (column, …).
func (p *parser) namedColumns() (out []ast.NamedPos) {
	p.expectPunct("(")
	for {
		out = append(out, ast.NamedPos{Pos: p.pos(), Word: p.colID()})
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return out
}

// references parses what is behind REFERENCES.
func (p *parser) references(fk *ast.ForeignKey) {
	fk.Table = p.name()
	if p.isPunct("(") {
		fk.Referenced = p.namedColumns()
	}
	if p.acceptWord("match") {
		t := p.next()
		if !t.isOneOf("full", "partial", "simple") {
			p.syntaxErrorAt(t)
		}
		fk.Match = t.text
	}
	for p.isWord("on") && p.at(1).isOneOf("delete", "update") {
		p.next()
		if p.next().text == "update" {
			fk.OnUpdate = p.referenceAction(nil)
		} else {
			fk.OnDelete = p.referenceAction(&fk.SetColumns)
		}
	}
	p.constraintTime()
}

// referenceAction parses NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT, the latter with columns behind them if they may be set.
func (p *parser) referenceAction(columns *[]ast.NamedPos) string {
	switch {
	case p.acceptWords("no", "action"):
		return "no action"
	case p.acceptWord("restrict"):
		return "restrict"
	case p.acceptWord("cascade"):
		return "cascade"
	}
	action := "set null"
	if !p.acceptWords("set", "null") {
		p.expectWord("set", "default")
		action = "set default"
	}
	if columns != nil && p.isPunct("(") {
		*columns = p.namedColumns()
	}
	return action
}

// constraintTime passes NOT DEFERRABLE and INITIALLY IMMEDIATE, which is what all constraints are, and refuses the others.
func (p *parser) constraintTime() {
	for {
		switch t := p.tok(); {
		case p.acceptWords("not", "deferrable"), p.acceptWords("initially", "immediate"):
		case t.isOneOf("deferrable", "initially"):
			p.unsupported(t, "%s constraints", upper(t.text))
		case t.isWord("not") && p.at(1).isWord("valid"):
			p.unsupported(t, "NOT VALID constraints")
		default:
			return
		}
	}
}
