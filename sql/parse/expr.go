package parse

import "github.com/millracedb/millrace/sql/ast"

// Precedences of operators, PostgreSQL 15 docs 4.1.6, from the loosest.
const (
	precOr = iota + 1
	precAnd
	precNot
	precIs
	precCompare // not associative
	precLike    // BETWEEN IN LIKE ILIKE SIMILAR; not associative
	precOther   // every operator that is not named here
	precAdd
	precMul
	precPower
	precAt
	precCollate
	precUnary
	precCast
)

// expr translates an expression.
func (p *parser) expr() frag { return p.climb(precOr) }

// climb translates an expression whose operators bind at least as tightly as min (precedence climbing).
func (p *parser) climb(min int) frag {
	p.enter()
	left := p.prefix()
	for {
		next, ok := p.infix(left, min)
		if !ok {
			break
		}
		left = next
	}
	p.leave()
	return left
}

// prefix translates an operand, with the operators before it.
func (p *parser) prefix() frag {
	t := p.tok()
	switch {
	case t.isWord("not"):
		return p.unary("not", precNot)
	case t.isOp("-"), t.isOp("+"):
		return p.unary(t.text, precUnary)
	case t.kind == tOp && operatorPrec(t.text) == precOther:
		return p.unary(t.text, precAdd)
	case t.isWord("operator") && p.at(1).isPunct("("):
		op := p.qualifiedOperator()
		return p.unaryRest(op, int(t.pos), precAdd)
	}
	return p.primary()
}

func (p *parser) unary(op string, min int) frag {
	at := p.pos()
	p.next()
	return p.unaryRest(op, at, min)
}

func (p *parser) unaryRest(op string, at, min int) frag {
	first := p.call(op, &ast.Unary{P: ast.P{Pos: at}, Op: op})
	arg := p.climb(min)
	p.closeCall()
	return p.over(first, arg)
}

// operatorPrec returns the precedence of an operator between two operands.
func operatorPrec(op string) int {
	switch op {
	case "<", ">", "=", "<=", ">=", "<>":
		return precCompare
	case "+", "-":
		return precAdd
	case "*", "/", "%":
		return precMul
	case "^":
		return precPower
	}
	return precOther
}

// infix translates the operator at hand and what follows it, if it binds at least as tightly as min.
func (p *parser) infix(left frag, min int) (frag, bool) {
	t := p.tok()
	switch t.kind {
	case tOp:
		prec := operatorPrec(t.text)
		if prec < min {
			return left, false
		}
		p.next()
		return p.operator(left, t.text, t, prec), true
	case tPunct:
		if t.text != "::" || precCast < min {
			return left, false
		}
		return p.castSuffix(left), true
	case tIdent:
		if t.class != kwNone {
			return p.infixWord(left, t, min)
		}
	}
	return left, false
}

// operator translates what is behind an operator: an operand, or ANY, SOME, ALL with an array or a query.
func (p *parser) operator(left frag, op string, t *token, prec int) frag {
	if p.tok().isOneOf("any", "some", "all") {
		return p.quantified(left, op, t)
	}
	f := p.binary(left, op, t, prec+1)
	if prec == precCompare && p.tok().kind == tOp && operatorPrec(p.tok().text) == precCompare {
		p.syntaxError() // a < b < c
	}
	return f
}

// binary translates the right operand, of operators that bind at least as tightly as rightMin.
func (p *parser) binary(left frag, op string, t *token, rightMin int) frag {
	first := p.wrap(left, op, &ast.Binary{P: ast.P{Pos: int(t.pos)}, Op: op})
	p.comma()
	right := p.climb(rightMin)
	p.closeCall()
	return p.over(first, left, right)
}

// infixWord is infix for operators that are words.
func (p *parser) infixWord(left frag, t *token, min int) (frag, bool) {
	prec, test := p.wordPrec(t)
	if prec == 0 || prec < min {
		return left, false
	}
	p.next()
	switch t.text {
	case "or", "and":
		return p.binary(left, t.text, t, prec+1), true
	case "is":
		return p.isTest(left, t), true
	case "isnull", "notnull":
		return p.postfixTest(left, t, "null", t.text == "notnull"), true
	case "at":
		p.expectWord("time", "zone")
		return p.binary(left, "at time zone", t, precCollate), true
	case "collate":
		first := p.wrap(left, "collate", &ast.Collate{P: ast.P{Pos: int(t.pos)}, Collation: p.name()})
		p.closeCall()
		return p.over(first, left), true
	case "operator":
		p.i--
		return p.operator(left, p.qualifiedOperator(), t, precOther), true
	}
	if test != t {
		p.next()
	}
	return p.likeTest(left, t, test), true
}

// wordPrec returns the precedence of the operator that starts with the word t, 0 if there is none, and its main word:
// that behind NOT in NOT LIKE.
func (p *parser) wordPrec(t *token) (int, *token) {
	switch t.text {
	case "or":
		return precOr, t
	case "and":
		return precAnd, t
	case "is", "isnull", "notnull":
		return precIs, t
	case "between", "in", "like", "ilike", "overlaps":
		return precLike, t
	case "similar":
		if p.at(1).isWord("to") {
			return precLike, t
		}
	case "not":
		if test := p.at(1); test.isOneOf("between", "in", "like", "ilike", "similar") {
			return precLike, test
		}
	case "at":
		if p.at(1).isWord("time") {
			return precAt, t
		}
	case "collate":
		return precCollate, t
	case "operator":
		if p.at(1).isPunct("(") {
			return precOther, t
		}
	}
	return 0, t
}

// qualifiedOperator reads OPERATOR(schema.op); only pg_catalog has operators.
func (p *parser) qualifiedOperator() string {
	p.expectWord("operator")
	p.expectPunct("(")
	if schema := p.tok(); schema.kind != tOp {
		if name := p.colID(); name != "pg_catalog" {
			p.unsupported(schema, `operators of schema "%s"`, name)
		}
		p.expectPunct(".")
	}
	t := p.next()
	if t.kind != tOp {
		p.syntaxErrorAt(t)
	}
	p.expectPunct(")")
	return t.text
}

// castSuffix translates ::type.
func (p *parser) castSuffix(left frag) frag {
	t := p.next()
	to := p.typeName()
	first := p.wrap(left, "::"+to.Name, &ast.Cast{P: ast.P{Pos: int(t.pos)}, Type: to})
	p.closeCall()
	return p.over(first, left)
}
