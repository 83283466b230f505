package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// insert parses what is behind INSERT.
func (p *parser) insert(*token) ast.Statement {
	p.expectWord("into")
	stmt := &ast.Insert{Table: p.name()}
	if p.acceptWord("as") {
		stmt.Alias = p.colID()
	}
	if p.isPunct("(") && !p.isQueryParen(p.i) && !p.at(1).isPunct("(") {
		stmt.Columns = p.targetColumns()
	}
	if p.acceptWord("overriding") {
		t := p.next()
		if !t.isOneOf("system", "user") {
			p.syntaxErrorAt(t)
		}
		stmt.Overriding = t.text
		p.expectWord("value")
	}
	switch t := p.tok(); {
	case p.acceptWords("default", "values"):
	case t.isOneOf("select", "with", "values", "table") || t.isPunct("("):
		p.querySlot(func(q *ast.Select) { stmt.Query = q })
	default:
		p.syntaxError()
	}
	if p.acceptWord("on") {
		p.expectWord("conflict")
		stmt.Conflict = p.onConflict()
	}
	p.returning(&stmt.Returning)
	return stmt
}

// targetColumns reads INSERT's columns.
func (p *parser) targetColumns() []ast.NamedPos {
	p.expectPunct("(")
	var list []ast.NamedPos
	for {
		list = append(list, p.namedPos())
		if t := p.tok(); t.isPunct(".") || t.isPunct("[") {
			p.unsupported(t, "assignment to a part of a column")
		}
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	return list
}

// onConflict parses [(columns)] DO NOTHING | DO UPDATE SET … [WHERE …].
func (p *parser) onConflict() *ast.OnConflict {
	out := &ast.OnConflict{Pos: int(p.at(-2).pos)}
	if t := p.tok(); t.isWord("on") {
		p.unsupported(t, "ON CONFLICT ON CONSTRAINT")
	}
	if p.isPunct("(") {
		out.Columns = p.conflictTarget()
	}
	p.expectWord("do")
	if p.acceptWord("nothing") {
		out.Nothing = true
		return out
	}
	p.expectWord("update", "set")
	p.assignments(&out.Set)
	p.where(&out.Where)
	return out
}

// conflictTarget reads the columns of a unique key; expressions and predicates are refused.
func (p *parser) conflictTarget() []string {
	p.expectPunct("(")
	var list []string
	for {
		t := p.tok()
		if !t.isColID() || p.at(1).isPunct("(") {
			p.unsupported(t, "expressions in ON CONFLICT")
		}
		list = append(list, p.colID())
		if t := p.tok(); !t.isPunct(",") && !t.isPunct(")") {
			p.unsupported(t, "collations and operator classes in ON CONFLICT")
		}
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	if t := p.tok(); t.isWord("where") {
		p.unsupported(t, "ON CONFLICT … WHERE before DO")
	}
	return list
}

// where parses an optional WHERE.
func (p *parser) where(to *ast.Expr) {
	if !p.acceptWord("where") {
		return
	}
	if t := p.tok(); t.isWord("current") && p.at(1).isWord("of") {
		p.unsupported(t, "WHERE CURRENT OF")
	}
	p.exprSlot(func(e ast.Expr) { *to = e })
}

// returning parses an optional RETURNING.
func (p *parser) returning(to *[]ast.SelectItem) {
	t := p.tok()
	if !p.acceptWord("returning") {
		return
	}
	if p.atEnd() {
		p.syntaxError()
	}
	p.bodySlot(t, func(q *ast.Select) { *to = q.Items }, func() { p.items() })
}

// bodySlot translates parts of a query whose other parts belong to the head.
func (p *parser) bodySlot(t *token, set func(*ast.Select), body func()) {
	p.openSlot("part", slot{query: set})
	p.out.raw("(") // as querySlot does: finish takes it away
	p.out.raw("SELECT ")
	p.leaf("select", &ast.Select{Pos: int(t.pos)})
	body()
	p.out.raw("))")
}

// fromSlot parses the list of UPDATE … FROM and DELETE … USING.
func (p *parser) fromSlot(word string, to *[]ast.TableExpr) {
	t := p.tok()
	if !p.acceptWord(word) {
		return
	}
	p.bodySlot(t, func(q *ast.Select) { *to = q.From }, func() {
		p.out.raw(" FROM ")
		p.fromList(func(frag) {})
	})
}

// target reads [ONLY] name [*] [[AS] alias].
func (p *parser) target(name *ast.Name, alias *string) {
	p.acceptWord("only")
	*name = p.name()
	p.acceptOp("*")
	if p.acceptWord("as") || p.tok().isColID() && !p.isWord("set") {
		*alias = p.colID()
	}
}

// update parses what is behind UPDATE.
func (p *parser) update(*token) ast.Statement {
	stmt := &ast.Update{}
	p.target(&stmt.Table, &stmt.Alias)
	p.expectWord("set")
	p.assignments(&stmt.Set)
	p.fromSlot("from", &stmt.From)
	p.where(&stmt.Where)
	p.returning(&stmt.Returning)
	return stmt
}

// delete parses what is behind DELETE.
func (p *parser) delete(*token) ast.Statement {
	p.expectWord("from")
	stmt := &ast.Delete{}
	p.target(&stmt.Table, &stmt.Alias)
	p.fromSlot("using", &stmt.Using)
	p.where(&stmt.Where)
	p.returning(&stmt.Returning)
	return stmt
}

// assignments parses column = expr, (a, b) = (x, y), ….
func (p *parser) assignments(to *[]ast.Assignment) {
	for {
		if p.isPunct("(") {
			p.assignRow(to)
		} else {
			p.assignTarget(to)
			p.expectAssign()
			p.assignValue(to, len(*to)-1)
		}
		if !p.acceptPunct(",") {
			return
		}
	}
}

func (p *parser) expectAssign() {
	if !p.acceptOp("=") {
		p.syntaxError()
	}
}

func (p *parser) assignTarget(to *[]ast.Assignment) {
	at := p.pos()
	*to = append(*to, ast.Assignment{Column: p.colID(), Pos: at})
	if t := p.tok(); t.isPunct(".") || t.isPunct("[") {
		p.unsupported(t, "assignment to a part of a column")
	}
}

// assignValue parses the value of assignment n, DEFAULT included.
func (p *parser) assignValue(to *[]ast.Assignment, n int) {
	if t := p.tok(); t.isWord("default") {
		p.next()
		(*to)[n].Value = &ast.Default{P: ast.P{Pos: int(t.pos)}}
		return
	}
	p.exprSlot(func(e ast.Expr) { (*to)[n].Value = e })
}

// assignRow parses (a, b) = [ROW] (x, y) | (SELECT …).
func (p *parser) assignRow(to *[]ast.Assignment) {
	p.next()
	first := len(*to)
	for {
		p.assignTarget(to)
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
	p.expectAssign()
	source := p.tok()
	if source.isPunct("(") && p.isQueryParen(p.i) {
		p.assignQuery((*to)[first:])
		return
	}
	isRow := p.acceptWord("row")
	if t := p.tok(); !isRow && !t.isPunct("(") && t.kind != tEOF {
		p.notRow(t)
	}
	p.expectPunct("(")
	value, behind := p.tok(), len(*to)
	for n := first; n < behind; n++ {
		if n > first && !p.acceptPunct(",") {
			p.failAt(source, "number of columns does not match number of values")
		}
		p.assignValue(to, n)
	}
	switch {
	case p.isPunct(","):
		p.failAt(source, "number of columns does not match number of values")
	case !isRow && behind-first == 1:
		p.notRow(value)
	}
	p.expectPunct(")")
}

// notRow refuses what (a, b) cannot be assigned from, as PostgreSQL does: one value in parentheses is no row.
func (p *parser) notRow(value *token) {
	p.fail(pgerr.New(pgerr.FeatureNotSupported, "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression").At(int(value.pos)))
}

// assignQuery parses the query of (a, b) = (SELECT …).
func (p *parser) assignQuery(to []ast.Assignment) {
	row := &ast.Subquery{P: ast.P{Pos: p.pos()}}
	p.expectPunct("(")
	p.querySlot(func(q *ast.Select) { row.Query = q })
	p.expectPunct(")")
	for i := range to {
		to[i].Row, to[i].Item = row, i
	}
}
