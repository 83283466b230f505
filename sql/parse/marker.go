package parse

import "github.com/millracedb/millrace/sql/ast"

// The translation names syntax nodes by number: `text@7` is side[6], and the text is there for the reader only. Most
// nodes are those of sql/ast, filled with their operands when the TiDB parser has found them. The types here are
// markers for what has no node of its own.
type (
	// orderMark is an item of ORDER BY in a call, or one with NULLS FIRST or LAST.
	orderMark struct{ desc, nullsFirst bool }
	// filterMark is FILTER (WHERE …) of a call.
	filterMark struct{}
	// overMark is OVER (…) of a call: the first parts arguments are PARTITION BY, then come order items.
	overMark struct {
		window *ast.Window
		parts  int
	}
	// windowMark is an item of the WINDOW clause. It travels among the items of ORDER BY.
	windowMark struct{ overMark }
	// boundMark is the offset of a frame's bound.
	boundMark struct{ bound *ast.FrameBound }
	// swapped is a call written with its last two arguments in the other order: POSITION(b IN a), TRIM(b FROM a),
	// SUBSTRING(x FOR n FROM a).
	swapped struct{ *ast.Call }
	// valuesMark is VALUES; the arguments are the cells that are nil.
	valuesMark struct{ query *ast.Select }
	// aliasMark is an alias in a select list.
	aliasMark struct{ name string }
	// limitMark is the number or expression of LIMIT or OFFSET.
	limitMark struct {
		expr ast.Expr
		ties bool
	}
	// lockMark is FOR UPDATE and the like.
	lockMark struct{ clause ast.Locking }
	// dualMark is a relation that is not there: TiDB's grammar wants FROM before WHERE.
	dualMark struct{}
	// slotMark is a place of the statement's head that an expression or a query goes to.
	slotMark struct{ index int }
)

// frag is an expression or query in the translation.
type frag struct {
	first int32 // its first piece
	depth int32 // the height of its tree
}

// slot says what is done with an expression or a query of a statement when it has been converted; one of the two.
type slot struct {
	expr  func(ast.Expr)
	query func(*ast.Select)
}

// add puts a node into the side table.
func (p *parser) add(node any) int32 {
	p.side = append(p.side, node)
	return int32(len(p.side))
}

// dropSide drops the nodes from number n on.
func (p *parser) dropSide(n int) {
	clear(p.side[n:])
	p.side = p.side[:n]
}

// leaf writes a node without operands. What can have none is written as a column, which the TiDB parser reads faster
// than a call.
func (p *parser) leaf(text string, node any) frag {
	kind := pieceLeaf
	if _, ok := fillLeaf(node); ok {
		kind = pieceConst
	}
	return frag{p.out.put(kind, text, p.add(node)), 1}
}

// call writes the start of a node; its operands and ")" follow.
func (p *parser) call(text string, node any) int32 {
	return p.out.put(pieceOpen, text, p.add(node))
}

// wrap writes the start of a node whose first operand is there already.
func (p *parser) wrap(left frag, text string, node any) int32 {
	return p.out.before(left.first, pieceOpen, text, p.add(node))
}

func (p *parser) comma()     { p.out.raw(", ") }
func (p *parser) closeCall() { p.out.raw(")") }

// over returns the fragment of a node that starts at first and has these operands.
func (p *parser) over(first int32, operands ...frag) frag {
	depth := int32(0)
	for _, f := range operands {
		depth = max(depth, f.depth)
	}
	p.checkDepth(int(depth) + 1)
	return frag{first, depth + 1}
}

// exprSlot translates an expression of the statement's head; set is called with it before the statement is returned.
func (p *parser) exprSlot(set func(ast.Expr)) {
	if e := p.literal(); e != nil {
		set(e)
		return
	}
	p.openSlot("expr", slot{expr: set})
	p.expr()
	p.closeCall()
}

// openSlot starts a slot; what it holds and ")" follow.
func (p *parser) openSlot(text string, s slot) {
	p.slots = append(p.slots, s)
	if len(p.slots) > 1 {
		p.comma()
	}
	p.call(text, &slotMark{len(p.slots) - 1})
}

// querySlot translates a query; set is called with it when the whole statement has been read. A list of literals does not
// meet the TiDB parser.
func (p *parser) querySlot(set func(*ast.Select)) {
	pieces, side, slots := p.out.mark(), len(p.side), len(p.slots)
	p.openSlot("query", slot{query: set})
	p.out.raw("(")
	q := p.query()
	p.out.raw("))")
	if q.literals != nil {
		p.out.cut(pieces)
		p.dropSide(side)
		p.slots = p.slots[:slots]
		p.done = append(p.done, func() { set(q.literals) })
	}
}
