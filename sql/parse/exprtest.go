package parse

import "github.com/millracedb/millrace/sql/ast"

// isTest translates what is behind IS.
func (p *parser) isTest(left frag, is *token) frag {
	not := p.acceptWord("not")
	t := p.tok()
	switch {
	case t.isOneOf("null", "true", "false", "unknown"):
		p.next()
		return p.postfixTest(left, is, t.text, not)
	case p.acceptWord("distinct"):
		p.expectWord("from")
		op := "is distinct from"
		if not {
			op = "is not distinct from"
		}
		return p.binary(left, op, is, precCompare)
	case t.isOneOf("normalized") || t.isOneOf(normalForms...) && p.at(1).isWord("normalized"):
		return p.isNormalized(left, is, not)
	case t.isWord("document"):
		p.unsupported(t, "IS DOCUMENT")
	}
	p.syntaxError()
	return left
}

// isNormalized translates IS [NOT] [form] NORMALIZED as a call of is_normalized.
func (p *parser) isNormalized(left frag, is *token, not bool) frag {
	node := newCall(is)
	node.Name.Parts[0] = "is_normalized"
	first := p.wrap(left, "is_normalized", node)
	p.comma()
	form := p.next()
	f := p.over(first, left, p.normalForm(form))
	if !form.isWord("normalized") {
		p.expectWord("normalized")
	}
	p.closeCall()
	if !not {
		return f
	}
	first = p.wrap(f, "not", &ast.Unary{P: ast.P{Pos: int(is.pos)}, Op: "not"})
	p.closeCall()
	return p.over(first, f)
}

// postfixTest translates IS [NOT] test.
func (p *parser) postfixTest(left frag, t *token, test string, not bool) frag {
	shown := "is " + test
	if not {
		shown = "is not " + test
	}
	first := p.wrap(left, shown, &ast.IsTest{P: ast.P{Pos: int(t.pos)}, Test: test, Not: not})
	p.closeCall()
	return p.over(first, left)
}

// likeTest translates [NOT] BETWEEN, IN, LIKE, ILIKE, SIMILAR TO and OVERLAPS; t is the first word, test the main one.
func (p *parser) likeTest(left frag, t, test *token) frag {
	not := t != test
	switch test.text {
	case "between":
		return p.between(left, t, not)
	case "in":
		return p.in(left, t, not)
	case "overlaps":
		f := p.binary(left, "overlaps", t, precOther)
		p.notAssociative()
		return f
	}
	op := test.text
	if op == "similar" {
		p.expectWord("to")
		op = "similar to"
	}
	if not {
		op = "not " + op
	}
	if test.text != "similar" && p.tok().isOneOf("any", "some", "all") {
		return p.quantified(left, op, t)
	}
	return p.like(left, op, t)
}

// like translates the pattern, and ESCAPE.
func (p *parser) like(left frag, op string, t *token) frag {
	first := p.wrap(left, op, &ast.Binary{P: ast.P{Pos: int(t.pos)}, Op: op})
	p.comma()
	f := p.over(first, left, p.climb(precOther))
	if p.acceptWord("escape") {
		p.comma()
		f = p.over(first, f, p.climb(precOther))
	}
	p.closeCall()
	p.notAssociative()
	return f
}

// notAssociative refuses a LIKE b LIKE c.
func (p *parser) notAssociative() {
	t := p.tok()
	if t.kind != tIdent {
		return
	}
	if prec, _ := p.wordPrec(t); prec == precLike {
		p.syntaxError()
	}
}

func (p *parser) between(left frag, t *token, not bool) frag {
	node := &ast.Between{P: ast.P{Pos: int(t.pos)}, Not: not}
	if p.acceptWord("symmetric") {
		node.Symmetric = true
	} else {
		p.acceptWord("asymmetric")
	}
	first := p.wrap(left, "between", node)
	p.comma()
	low := p.climb(precOther)
	p.expectWord("and")
	p.comma()
	high := p.climb(precOther)
	p.closeCall()
	p.notAssociative()
	return p.over(first, left, low, high)
}

func (p *parser) in(left frag, t *token, not bool) frag {
	shown := "in"
	if not {
		shown = "not in"
	}
	first := p.wrap(left, shown, &ast.In{P: ast.P{Pos: int(t.pos)}, Not: not})
	p.comma()
	f := p.over(first, left, p.listOrQuery())
	p.closeCall()
	return f
}

// listOrQuery translates ( query ) or ( a, b, … ).
func (p *parser) listOrQuery() frag {
	if !p.isPunct("(") {
		p.syntaxError()
	}
	if p.isQueryParen(p.i) {
		return p.parenQuery()
	}
	p.next()
	f := p.exprList()
	p.expectPunct(")")
	return f
}

// exprList translates a, b, …; the fragment's depth is that of the deepest.
func (p *parser) exprList() frag {
	f := p.expr()
	for p.acceptPunct(",") {
		p.comma()
		f.depth = max(f.depth, p.expr().depth)
	}
	return f
}

// quantified translates op ANY|SOME|ALL ( query or array ).
func (p *parser) quantified(left frag, op string, t *token) frag {
	all := p.next().text == "all"
	shown := op + " any"
	if all {
		shown = op + " all"
	}
	first := p.wrap(left, shown, &ast.Quantified{P: ast.P{Pos: int(t.pos)}, Op: op, All: all})
	p.comma()
	if !p.isPunct("(") {
		p.syntaxError()
	}
	right := frag{}
	if p.isQueryParen(p.i) {
		right = p.parenQuery()
	} else {
		p.next()
		right = p.expr()
		p.expectPunct(")")
	}
	p.closeCall()
	return p.over(first, left, right)
}

// parenQuery translates ( query ) as an operand.
func (p *parser) parenQuery() frag {
	p.expectPunct("(")
	first := p.out.raw("(")
	q := p.query()
	p.expectPunct(")")
	p.out.raw(")")
	return p.over(first, q.frag)
}

// isQueryParen reports whether the ( at index i opens a query, and not an expression or a join that starts with one:
// in ((SELECT 1) UNION …) it does, in ((SELECT 1) + 1) it does not. Parentheses beyond MaxDepth are not looked into.
func (p *parser) isQueryParen(i int) bool {
	for last := i + MaxDepth; i < last; i++ {
		next := &p.toks[i+1]
		switch {
		case next.isOneOf("select", "with", "table"):
			return true
		case next.isWord("values"):
			return p.toks[i+2].isPunct("(")
		case !next.isPunct("(") || next.match == 0:
			return false
		}
		behind := &p.toks[next.match+1]
		if !behind.isPunct(")") && !behind.isOneOf("union", "intersect", "except", "order", "limit", "offset", "fetch",
			"for") {
			return false
		}
	}
	return false
}
