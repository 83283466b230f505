package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// query is a query in the translation.
type query struct {
	frag
	// with, order, limit and offset say which clauses it has already.
	with, order, limit, offset bool
	// sorted says that ORDER BY is written, be it for marks only; limitAt is the piece of the LIMIT clause, or 0.
	sorted  bool
	limitAt int32
	// literals is a query that is nothing but a list of literals, or nil.
	literals *ast.Select
}

// query translates [WITH …] body [ORDER BY …] [LIMIT …] [OFFSET …].
func (p *parser) query() query {
	p.enter()
	with := p.tok()
	var list frag
	hasWith := with.isWord("with")
	if hasWith {
		list = p.with()
	}
	q := p.setOperation(false)
	if hasWith {
		if q.with {
			p.failAt(with, "multiple WITH clauses not allowed")
		}
		q.frag = p.over(list.first, list, q.frag)
		q.with, q.literals = true, nil
	}
	p.tail(&q)
	p.leave()
	return q
}

// with translates WITH [RECURSIVE] name [(columns)] AS (query), ….
func (p *parser) with() frag {
	p.next()
	f := frag{first: p.out.raw("WITH ")}
	if p.acceptWord("recursive") {
		p.out.raw("RECURSIVE ")
	}
	for {
		cte := &ast.CTE{Pos: p.pos(), Name: p.colID()}
		p.out.put(pieceMarked, cte.Name, p.add(cte))
		if p.isPunct("(") {
			cte.Columns = p.columnList()
			p.identList(cte.Columns)
		}
		p.expectWord("as")
		if p.acceptWord("not") {
			p.expectWord("materialized")
		} else {
			cte.Materialized = p.acceptWord("materialized")
		}
		p.out.raw(" AS ")
		if t := p.at(1); t.isOneOf("insert", "update", "delete") {
			p.unsupported(t, "%s in WITH", upper(t.text))
		}
		f = p.over(f.first, frag{f.first, max(f.depth-1, 0)}, p.parenQuery())
		if t := p.tok(); t.isOneOf("search", "cycle") {
			p.unsupported(t, "%s in WITH", upper(t.text))
		}
		if !p.acceptPunct(",") {
			break
		}
		p.comma()
	}
	p.out.raw(" ")
	return f
}

// identList writes (a, b).
func (p *parser) identList(names []string) {
	for i, name := range names {
		if i == 0 {
			p.out.raw(" (")
		} else {
			p.comma()
		}
		p.out.put(pieceIdent, name, 0)
	}
	p.out.raw(")")
}

// setOperation translates operands with UNION and EXCEPT between them, or with INTERSECT, which binds tighter. Every
// operand is written in parentheses, as MySQL's precedences are not PostgreSQL's.
func (p *parser) setOperation(intersect bool) query {
	left := p.setOperand(intersect)
	for {
		t := p.tok()
		if intersect != t.isWord("intersect") || !intersect && !t.isOneOf("union", "except") {
			return left
		}
		p.next()
		op := ") " + upper(t.text)
		if p.acceptWord("all") {
			op += " ALL"
		} else {
			p.acceptWord("distinct")
		}
		first := p.out.before(left.first, pieceRaw, "(", 0)
		p.out.raw(op + " (")
		right := p.setOperand(intersect)
		p.out.raw(")")
		left = query{frag: p.over(first, left.frag, right.frag)}
	}
}

func (p *parser) setOperand(intersect bool) query {
	if intersect {
		return p.queryBody()
	}
	return p.setOperation(true)
}

// queryBody translates SELECT, VALUES, TABLE or a query in parentheses.
func (p *parser) queryBody() query {
	switch t := p.tok(); {
	case t.isWord("select"):
		return p.selectBody()
	case t.isWord("values"):
		return p.values()
	case t.isWord("table"):
		return p.tableBody()
	case t.isPunct("("):
		p.next()
		q := p.query()
		p.expectPunct(")")
		return q
	}
	p.syntaxError()
	return query{}
}

// tableBody translates TABLE name: SELECT * FROM name.
func (p *parser) tableBody() query {
	t := p.next()
	node := &ast.Select{Pos: int(t.pos)}
	first := p.out.raw("SELECT ")
	p.leaf("select", node)
	p.comma()
	p.leaf("*", &ast.Star{P: ast.P{Pos: int(t.pos)}})
	p.out.raw(" FROM ")
	p.acceptWord("only")
	ref := &ast.TableRef{Name: p.name()}
	p.relationName(ref)
	p.acceptOp("*")
	return query{frag: frag{first, 2}}
}

// tail translates the clauses behind a query. Behind a query in parentheses they belong to it, so that it must not
// have them already.
func (p *parser) tail(q *query) {
	if t := p.tok(); t.isWord("order") {
		if q.order {
			p.failAt(p.at(2), "multiple ORDER BY clauses not allowed")
		}
		start := p.sortStart(q)
		p.orderBy(q)
		p.sortEnd(q, start)
	}
	own := limits{}
	for p.limitClause(q, &own) || p.locking(q) {
		q.literals = nil
	}
}

// sortStart and sortEnd bracket items of ORDER BY, which must end up before LIMIT.
func (p *parser) sortStart(q *query) int32 {
	if q.sorted {
		return p.out.raw(", ")
	}
	q.sorted = true
	return p.out.raw(" ORDER BY ")
}

func (p *parser) sortEnd(q *query, start int32) {
	if q.limitAt != 0 {
		p.out.moveBefore(start, q.limitAt)
	}
}

// orderBy translates ORDER BY's items.
func (p *parser) orderBy(q *query) {
	p.expectWord("order", "by")
	q.order, q.literals = true, nil
	for {
		f := p.expr()
		q.frag = p.over(q.first, frag{q.first, q.depth - 1}, f)
		mark, nulls := p.direction()
		if nulls {
			p.wrap(f, "nulls", &mark)
			p.closeCall()
		}
		if mark.desc {
			p.out.raw(" DESC")
		}
		if !p.acceptPunct(",") {
			return
		}
		p.comma()
	}
}

// direction reads [ASC|DESC|USING operator] [NULLS FIRST|LAST]; nulls says whether the latter is there.
func (p *parser) direction() (mark orderMark, nulls bool) {
	switch t := p.tok(); {
	case t.isWord("desc"):
		mark.desc = true
		p.next()
	case t.isWord("asc"):
		p.next()
	case t.isWord("using"):
		p.next()
		mark.desc = p.orderingOperator()
	}
	mark.nullsFirst = mark.desc
	if p.acceptWord("nulls") {
		nulls = true
		mark.nullsFirst = p.isWord("first")
		if !mark.nullsFirst && !p.isWord("last") {
			p.syntaxError()
		}
		p.next()
	}
	return mark, nulls
}

// orderingOperator reads the operator of ORDER BY … USING, and returns whether it is that of DESC.
func (p *parser) orderingOperator() (desc bool) {
	t := p.tok()
	switch {
	case p.acceptOp("<"):
	case p.acceptOp(">"):
		return true
	case t.isOneOf("operator"), t.isOp("~<~"), t.isOp("~>~"):
		p.unsupported(t, "ORDER BY … USING %s", upper(t.text))
	case t.kind == tOp:
		p.fail(pgerr.New(pgerr.WrongObjectType, "operator %s is not a valid ordering operator", t.text).
			WithHint(`Ordering operators must be "<" or ">" members of btree operator families.`).At(int(t.pos)))
	default:
		p.syntaxError()
	}
	return false
}

// locking translates FOR UPDATE and the like; false if none is here. It travels among the items of ORDER BY.
func (p *parser) locking(q *query) bool {
	t := p.tok()
	if !t.isWord("for") {
		return false
	}
	p.next()
	clause := ast.Locking{Pos: int(t.pos)}
	switch {
	case p.acceptWord("update"):
		clause.Strength = "FOR UPDATE"
	case p.acceptWord("share"):
		clause.Strength = "FOR SHARE"
	case p.acceptWord("no"):
		p.expectWord("key", "update")
		clause.Strength = "FOR NO KEY UPDATE"
	case p.acceptWord("key"):
		p.expectWord("share")
		clause.Strength = "FOR KEY SHARE"
	case p.acceptWord("read"):
		p.expectWord("only")
		return true // it says nothing
	default:
		p.syntaxError()
	}
	if p.acceptWord("of") {
		clause.Of = append(clause.Of, p.name())
		for p.acceptPunct(",") {
			clause.Of = append(clause.Of, p.name())
		}
	}
	switch {
	case p.acceptWord("nowait"):
		clause.Wait = "NOWAIT"
	case p.acceptWord("skip"):
		p.expectWord("locked")
		clause.Wait = "SKIP LOCKED"
	}
	start := p.sortStart(q)
	f := p.leaf("lock", &lockMark{clause})
	q.frag = p.over(q.first, q.frag, f)
	p.sortEnd(q, start)
	return true
}
