package parse

import (
	"github.com/millracedb/millrace/sql/ast"
)

// selectBody translates SELECT … HAVING. The first field of the translation is a marker with what MySQL's grammar has
// no place for: the node with its position, and DISTINCT ON as arguments.
func (p *parser) selectBody() query {
	t := p.next()
	node := &ast.Select{Pos: int(t.pos)}
	f := frag{first: p.out.raw("SELECT "), depth: 1}
	deepen := func(g frag) { f = p.over(f.first, frag{f.first, f.depth - 1}, g) }

	distinct := false
	if p.acceptWord("distinct") {
		distinct = true
	} else {
		p.acceptWord("all")
	}
	if distinct && !p.isWord("on") {
		node.Distinct = true
		p.out.raw("DISTINCT ")
	}
	p.call("select", node)
	if distinct && p.acceptWord("on") {
		p.expectPunct("(")
		deepen(p.exprList())
		p.expectPunct(")")
	}
	p.closeCall()

	if distinct && p.selectEnds() {
		p.syntaxError()
	}
	deepen(p.items())
	if t := p.tok(); t.isWord("into") {
		p.unsupported(t, "SELECT INTO")
	}
	p.from(deepen)
	if p.acceptWord("where") {
		p.out.raw(" WHERE ")
		deepen(p.expr())
	}
	p.groupBy(node, deepen)
	if p.acceptWord("having") {
		p.out.raw(" HAVING ")
		deepen(p.expr())
	}
	q := query{frag: f}
	p.windowClause(node, &q)
	return q
}

// selectEnds reports whether an empty select list ends here.
func (p *parser) selectEnds() bool {
	return p.endsAt(0) || p.tok().isOneOf("from", "where", "group", "having", "order", "limit", "offset", "fetch",
		"union", "intersect", "except", "for", "window", "into")
}

// items translates a select list, which may be empty.
func (p *parser) items() frag {
	f := frag{}
	if p.selectEnds() {
		return f
	}
	for {
		p.comma()
		if t := p.tok(); t.isOp("*") {
			p.next()
			f.depth = max(f.depth, p.leaf("*", &ast.Star{P: ast.P{Pos: int(t.pos)}}).depth)
		} else {
			f.depth = max(f.depth, p.expr().depth)
			p.itemAlias()
		}
		if !p.acceptPunct(",") {
			return f
		}
	}
}

// itemAlias translates [AS] name behind an item.
func (p *parser) itemAlias() {
	name := ""
	switch {
	case p.acceptWord("as"):
		name = p.label()
	case p.tok().isBareLabel() && !p.emitAhead():
		name = p.next().text
	default:
		return
	}
	p.out.raw(" AS ")
	p.out.put(pieceMarked, name, p.add(&aliasMark{name}))
}

// emitAhead reports whether EMIT CHANGES or EMIT FINAL starts here: the words are no key words, so elsewhere they may
// be names.
func (p *parser) emitAhead() bool {
	return p.isWord("emit") && p.at(1).isOneOf("changes", "final")
}

// from translates FROM …. MySQL's grammar has no WHERE, GROUP BY or HAVING without it.
func (p *parser) from(deepen func(frag)) {
	if !p.acceptWord("from") {
		if p.tok().isOneOf("where", "group", "having") {
			p.out.raw(" FROM ")
			p.out.put(pieceMarked, "dual", p.add(&dualMark{}))
		}
		return
	}
	p.out.raw(" FROM ")
	p.fromList(deepen)
}

func (p *parser) fromList(deepen func(frag)) {
	for {
		f, _ := p.joined()
		deepen(f)
		if !p.acceptPunct(",") {
			return
		}
		p.comma()
	}
}

func (p *parser) groupBy(node *ast.Select, deepen func(frag)) {
	if !p.acceptWord("group") {
		return
	}
	p.expectWord("by")
	if p.acceptWord("distinct") {
		node.GroupDistinct = true
	} else {
		p.acceptWord("all")
	}
	p.out.raw(" GROUP BY ")
	for {
		deepen(p.groupItem())
		if !p.acceptPunct(",") {
			return
		}
		p.comma()
	}
}

// groupItem translates an expression, or a grouping set as a call whose arguments are items.
func (p *parser) groupItem() frag {
	t := p.tok()
	node := &ast.GroupingSet{P: ast.P{Pos: int(t.pos)}}
	switch {
	case t.isWord("grouping") && p.at(1).isWord("sets"):
		p.next()
		node.Kind = "sets"
	case t.isOneOf("rollup", "cube") && p.at(1).isPunct("("):
		node.Kind = t.text
	case t.isPunct("(") && p.at(1).isPunct(")"):
		p.next()
		p.next()
		node.Kind = "empty"
		return p.leaf("()", node)
	default:
		return p.expr()
	}
	p.next()
	p.expectPunct("(")
	p.enter()
	args := &argList{p: p, f: frag{p.call(node.Kind, node), 1}}
	for {
		args.start()
		if node.Kind == "sets" {
			args.took(p.groupItem())
		} else {
			args.took(p.expr())
		}
		if !p.acceptPunct(",") {
			break
		}
	}
	p.leave()
	p.expectPunct(")")
	p.closeCall()
	return args.f
}
