package parse

import (
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// joined translates an item of FROM and the joins behind it. Each join is written in parentheses with an ON whose
// marker holds the join's node; FULL JOIN is written STRAIGHT_JOIN, and USING and NATURAL stay in the node. The second
// result says whether there is a join at all.
func (p *parser) joined() (frag, bool) {
	p.enter()
	left, isJoin := p.fromItem()
	for {
		node := p.joinHead()
		if node == nil {
			break
		}
		left, isJoin = p.join(left, node), true
	}
	p.leave()
	return left, isJoin
}

// joinHead reads up to JOIN; nil if no join starts here.
func (p *parser) joinHead() *ast.Join {
	node := &ast.Join{Pos: p.pos(), Kind: "inner"}
	if p.acceptWord("cross") {
		p.expectWord("join")
		node.Kind = "cross"
		return node
	}
	node.Natural = p.acceptWord("natural")
	switch t := p.tok(); {
	case t.isOneOf("left", "right", "full"):
		node.Kind = t.text
		p.next()
		p.acceptWord("outer")
	case t.isWord("inner"):
		p.next()
	case !t.isWord("join") && !node.Natural:
		return nil
	}
	p.expectWord("join")
	return node
}

// joinWords is how a kind of join is written for the TiDB parser.
var joinWords = map[string]string{
	"inner": " JOIN ", "cross": " JOIN ", "left": " LEFT JOIN ", "right": " RIGHT JOIN ", "full": " STRAIGHT_JOIN ",
}

// join translates the right side and the condition.
func (p *parser) join(left frag, node *ast.Join) frag {
	first := p.out.before(left.first, pieceRaw, "(", 0)
	p.out.raw(joinWords[node.Kind])
	qualified := !node.Natural && node.Kind != "cross"
	right := frag{}
	if qualified {
		right, _ = p.joined()
	} else {
		right, _ = p.fromItem()
	}
	p.out.raw(" ON ")
	f := p.over(first, left, right)
	switch {
	case !qualified:
		p.leaf(node.Kind, node)
	case p.acceptWord("on"):
		on := p.call(node.Kind, node)
		f = p.over(first, frag{first, f.depth - 1}, p.over(on, p.expr()))
		p.closeCall()
	case p.acceptWord("using"):
		node.Using = p.columnList()
		p.leaf(node.Kind+" using", node)
		if t := p.tok(); t.isWord("as") {
			p.unsupported(t, "an alias of JOIN … USING")
		}
	default:
		p.syntaxError()
	}
	p.out.raw(")")
	return f
}

// fromItem translates a relation, a subquery, a function or a join in parentheses; isJoin is true for the last.
func (p *parser) fromItem() (f frag, isJoin bool) {
	t := p.tok()
	switch {
	case t.isWord("lateral"):
		p.next()
		if !p.isPunct("(") {
			if !p.functionAhead(p.tok()) {
				p.syntaxError()
			}
			return p.tableFunction(), false
		}
		return p.derived(true), false
	case t.isPunct("(") && p.isQueryParen(p.i):
		return p.derived(false), false
	case t.isPunct("("):
		return p.parenJoin(), true
	case t.isWord("rows") && p.at(1).isWord("from") && p.at(2).isPunct("("):
		p.unsupported(t, "ROWS FROM")
	case t.isWord("xmltable"):
		p.unsupported(t, "XMLTABLE")
	}
	return p.relation(), false
}

// parenJoin translates ( a JOIN b … ): PostgreSQL has no parentheses around a single relation.
func (p *parser) parenJoin() frag {
	p.next()
	f, isJoin := p.joined()
	if !p.isPunct(")") || !isJoin {
		p.syntaxError()
	}
	p.next()
	if t := p.tok(); t.isWord("as") || t.isColID() && !p.emitAhead() {
		p.unsupported(t, "an alias of a join")
	}
	return f
}

// derived translates ( query ) [AS] alias [(columns)].
func (p *parser) derived(lateral bool) frag {
	node := &ast.Derived{Lateral: lateral, Pos: p.pos()}
	f := p.parenQuery()
	p.tableAlias(&node.Alias, &node.Columns)
	if node.Alias == "" {
		p.fail(pgerr.New(pgerr.SyntaxError, "subquery in FROM must have an alias").
			WithHint("For example, FROM (SELECT ...) [AS] foo.").At(node.Pos))
	}
	p.out.raw(" AS ")
	p.out.put(pieceMarked, node.Alias, p.add(node))
	return f
}

// tableAlias reads [AS] alias [(columns)].
func (p *parser) tableAlias(alias *string, columns *[]string) {
	if p.acceptWord("as") {
		if t := p.tok(); t.isPunct("(") {
			p.unsupported(t, "a column definition list")
		}
	} else if !p.tok().isColID() || p.emitAhead() {
		return
	}
	*alias = p.colID()
	if !p.isPunct("(") {
		return
	}
	p.next()
	for {
		*columns = append(*columns, p.colID())
		if t := p.tok(); !t.isPunct(",") && !t.isPunct(")") && (t.isLabel()) {
			p.unsupported(t, "a column definition list")
		}
		if !p.acceptPunct(",") {
			break
		}
	}
	p.expectPunct(")")
}

// relation translates a table's name or a function call, with its alias.
func (p *parser) relation() frag {
	parens := false
	if p.acceptWord("only") {
		parens = p.acceptPunct("(")
	}
	if first := p.tok(); p.functionAhead(first) {
		return p.tableFunction()
	}
	node := &ast.TableRef{Name: p.name()}
	if parens {
		p.expectPunct(")")
	}
	p.acceptOp("*")
	f := frag{p.relationName(node), 1}
	p.tableAlias(&node.Alias, &node.Columns)
	if node.Alias != "" {
		p.out.raw(" AS ")
		p.out.put(pieceIdent, node.Alias, 0)
	}
	if t := p.tok(); t.isWord("tablesample") {
		p.unsupported(t, "TABLESAMPLE")
	}
	return f
}

// relationName writes a relation's name, of which MySQL's grammar takes two parts.
func (p *parser) relationName(node *ast.TableRef) int32 {
	parts := node.Name.Parts
	return p.dotted(parts[max(0, len(parts)-2):], node)
}

// functionAhead reports whether a function call starts at t: a name with ( behind it, or one of the functions that are
// written without.
func (p *parser) functionAhead(t *token) bool {
	if t.isOneOf("current_date", "current_timestamp", "current_user", "session_user", "coalesce", "nullif",
		"greatest", "least", "cast") {
		return true
	}
	if !t.isLabel() {
		return false
	}
	n := 1
	for p.at(n).isPunct(".") && p.at(n+1).isLabel() {
		n += 2
	}
	return p.at(n).isPunct("(")
}

// tableFunction translates a function in FROM as a subquery with one field.
func (p *parser) tableFunction() frag {
	t := p.tok()
	if !t.isTypeFunc() && !(t.isColID() && p.at(1).isPunct(".")) {
		p.unsupported(t, `"%s" in FROM`, t.text)
	}
	node := &ast.FuncTable{}
	first := p.out.raw("(SELECT ")
	p.call("table", node)
	name := []string{p.next().text}
	for p.acceptPunct(".") {
		name = append(name, p.label())
	}
	f := p.callRest(p.checkName(t, name))
	p.closeCall()
	p.out.raw(") AS ")
	if t := p.tok(); t.isWord("with") && p.at(1).isWord("ordinality") {
		p.next()
		p.next()
		node.Ordinality = true
	}
	p.tableAlias(&node.Alias, &node.Columns)
	p.out.put(pieceIdent, name[len(name)-1], 0)
	return p.over(first, f)
}
