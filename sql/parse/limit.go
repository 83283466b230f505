package parse

import (
	"strconv"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// limits says which clauses stand behind one query, those of a query inside its parentheses apart.
type limits struct{ limit, offset bool }

// limitClause translates one of LIMIT, OFFSET and FETCH, in any order; false if none is here.
func (p *parser) limitClause(q *query, own *limits) bool {
	t := p.tok()
	switch {
	case t.isWord("limit"):
		p.once("LIMIT", &own.limit, &q.limit)
		p.next()
		if p.acceptWord("all") {
			return true
		}
		p.limitExpr(q, true, false)
		if p.isPunct(",") { // as MySQL writes it
			p.fail(pgerr.New(pgerr.SyntaxError, "LIMIT #,# syntax is not supported").
				WithHint("Use separate LIMIT and OFFSET clauses.").At(int(t.pos)))
		}
	case t.isWord("offset"):
		p.once("OFFSET", &own.offset, &q.offset)
		p.next()
		p.limitExpr(q, false, false)
		if p.tok().isOneOf("row", "rows") {
			p.next()
		}
	case t.isWord("fetch"):
		p.once("LIMIT", &own.limit, &q.limit)
		p.next()
		p.fetchFirst(q)
	default:
		return false
	}
	return true
}

// once refuses a second clause of its kind.
func (p *parser) once(what string, own, has *bool) {
	switch {
	case *own:
		p.syntaxError()
	case *has:
		p.failAt(p.at(1), "multiple %s clauses not allowed", what)
	}
	*own, *has = true, true
}

// fetchFirst translates FIRST|NEXT [n] ROW|ROWS ONLY.
func (p *parser) fetchFirst(q *query) {
	if !p.tok().isOneOf("first", "next") {
		p.syntaxError()
	}
	t := p.next()
	var mark *limitMark
	if p.tok().isOneOf("row", "rows") {
		mark = p.limitNode(q, true, p.newLiteral(ast.LitInteger, "1", t))
	} else {
		mark = p.limitExpr(q, true, true)
	}
	if !p.tok().isOneOf("row", "rows") {
		p.syntaxError()
	}
	p.next()
	if mark.ties = p.acceptWords("with", "ties"); !mark.ties {
		p.expectWord("only")
	}
}

// limitExpr translates the number of LIMIT or OFFSET. A constant or parameter waits in the side table; anything else
// travels as an item of ORDER BY, as MySQL allows no expressions here. primary reads a lone operand only, so that
// FETCH FIRST's ROWS is not taken for more.
func (p *parser) limitExpr(q *query, isLimit, primary bool) *limitMark {
	if t := p.tok(); t.kind == tInteger && (primary || p.limitEndsAt(1)) {
		p.next()
		return p.limitNode(q, isLimit, p.constant(t))
	}
	if p.tok().kind == tParam && (primary || p.limitEndsAt(1)) {
		return p.limitNode(q, isLimit, p.paramNode())
	}
	mark := &limitMark{}
	id := p.add(mark)
	start := p.sortStart(q)
	first := p.out.put(pieceOpen, "limit", id)
	f := frag{}
	if primary {
		f = p.primary()
	} else {
		f = p.expr()
	}
	p.closeCall()
	q.frag = p.over(q.first, q.frag, p.over(first, f))
	p.sortEnd(q, start)
	p.limitID(q, isLimit, id)
	return mark
}

// limitEndsAt reports whether the number of LIMIT ends n tokens ahead.
func (p *parser) limitEndsAt(n int) bool {
	return p.endsAt(n) || p.at(n).isOneOf("limit", "offset", "fetch", "for", "emit", "with", "union", "except",
		"intersect", "row", "rows", "on", "returning")
}

func (p *parser) limitNode(q *query, isLimit bool, node ast.Expr) *limitMark {
	mark := &limitMark{expr: node}
	p.limitID(q, isLimit, p.add(mark))
	return mark
}

// noID is the number of a LIMIT or OFFSET that is not there.
const noID = "0"

// limitID writes LIMIT n OFFSET m, where n and m are the numbers of their marks, or fills in the one that is missing.
func (p *parser) limitID(q *query, isLimit bool, id int32) {
	limit, offset := noID, noID
	number := strconv.Itoa(int(id))
	if q.limitAt != 0 {
		at := q.limitAt
		if !isLimit {
			at = p.out.pieces[p.out.pieces[at].next].next
		}
		p.out.pieces[p.out.pieces[at].next].text = number
		return
	}
	if isLimit {
		limit = number
	} else {
		offset = number
	}
	q.limitAt = p.out.raw(" LIMIT ")
	p.out.raw(limit)
	p.out.raw(" OFFSET ")
	p.out.raw(offset)
}
