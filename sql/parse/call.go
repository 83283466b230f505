package parse

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
)

// nameOrCall translates a column, t.*, a function call, or a constant with a type's name before it.
func (p *parser) nameOrCall() frag {
	first := p.tok()
	parts := []string{p.next().text}
	for p.isPunct(".") {
		p.next()
		if p.tok().isOp("*") {
			p.next()
			return p.starOf(first, parts)
		}
		parts = append(parts, p.label())
	}
	t := p.tok()
	callable := len(parts) > 1 && first.isColID() || first.isTypeFunc()
	switch {
	case t.isPunct("(") && callable:
		return p.callOrTyped(p.checkName(first, parts))
	case t.kind == tString && callable:
		n := p.checkName(first, parts)
		return p.typedLiteral(ast.TypeName{Schema: n.Schema(), Name: n.Last(), Pos: n.Pos})
	case !first.isColID():
		p.syntaxError()
	}
	return p.subscripts(p.column(first, parts))
}

func (p *parser) checkName(first *token, parts []string) ast.Name {
	if len(parts) > maxNameParts {
		p.failAt(first, "improper qualified name (too many dotted names): %s", clip(strings.Join(parts, ".")))
	}
	return ast.Name{Parts: parts, Pos: int(first.pos)}
}

// column writes a column: its qualifiers, and itself with the number of its node.
func (p *parser) column(first *token, parts []string) frag {
	p.checkName(first, parts)
	node := &ast.ColumnRef{P: ast.P{Pos: int(first.pos)}, Parts: parts}
	return frag{p.dotted(parts, node), 1}
}

// dotted writes a name whose last part carries the node's number, and returns its first piece.
func (p *parser) dotted(parts []string, node any) int32 {
	start := int32(0)
	for _, part := range parts[:len(parts)-1] {
		n := p.out.put(pieceIdent, part, 0)
		if start == 0 {
			start = n
		}
		p.out.raw(".")
	}
	n := p.out.put(pieceMarked, parts[len(parts)-1], p.add(node))
	if start == 0 {
		start = n
	}
	return start
}

// starOf translates t.* and s.t.*.
func (p *parser) starOf(first *token, parts []string) frag {
	n := p.checkName(first, parts)
	if len(parts) > 2 {
		p.unsupported(first, "a catalog's name before .*")
	}
	return p.leaf(strings.Join(parts, ".")+".*",
		&ast.Star{P: ast.P{Pos: n.Pos}, Schema: n.Schema(), Table: n.Last()})
}

// callOrTyped translates name(…), or name(…) 'text', a constant of a type with modifiers.
func (p *parser) callOrTyped(n ast.Name) frag {
	if open := p.tok(); open.match > 0 && p.toks[open.match+1].kind == tString {
		to := ast.TypeName{Schema: n.Schema(), Name: n.Last(), Pos: n.Pos, Mods: p.modifiers()}
		return p.typedLiteral(to)
	}
	return p.callRest(n)
}

// typedLiteral translates the string of a constant whose type has been read.
func (p *parser) typedLiteral(to ast.TypeName) frag {
	t := p.next()
	if t.kind != tString {
		p.syntaxErrorAt(t)
	}
	return p.leaf(to.Name+" "+t.text, &ast.TypedLiteral{P: ast.P{Pos: int(t.pos)}, Type: to, Text: t.text})
}

// typedConstant translates a constant whose type is a key word: timestamp '…', double precision '…'.
func (p *parser) typedConstant(t *token) (frag, bool) {
	if !p.isTypeWord(t) {
		return frag{}, false
	}
	start := p.i
	if t.class == kwColName && p.at(1).isPunct("(") {
		if m := p.at(1).match; m == 0 {
			return frag{}, false
		}
	}
	to := p.typeName()
	if p.tok().kind != tString || to.Array {
		p.i = start
		return frag{}, false
	}
	return p.typedLiteral(to), true
}

// isTypeWord reports whether t starts a type that is written with key words.
func (p *parser) isTypeWord(t *token) bool {
	switch t.text {
	case "double":
		return p.at(1).isWord("precision")
	case "national":
		return p.at(1).isOneOf("character", "char")
	case "int", "integer", "smallint", "bigint", "real", "float", "decimal", "dec", "numeric", "boolean", "bit",
		"character", "char", "varchar", "nchar", "timestamp", "time":
		return true
	}
	return false
}

// intervalUnits are the fields that an interval may be limited to, each with those that TO may name after it.
var intervalUnits = map[string][]string{"year": {"month"}, "month": nil, "day": {"hour", "minute", "second"}, "hour": {"minute", "second"},
	"minute": {"second"}, "second": nil}

// intervalFields reads the fields of an interval, and makes them part of its name: interval day to second.
func (p *parser) intervalFields(out *ast.TypeName) {
	first := p.tok()
	after, ok := intervalUnits[first.text]
	if !ok || first.kind != tIdent {
		return
	}
	p.next()
	out.Name += " " + first.text
	last := first
	if p.acceptWord("to") {
		if last = p.next(); !last.isOneOf(after...) {
			p.syntaxErrorAt(last)
		}
		out.Name += " to " + last.text
	}
	if last.text == "second" {
		p.optDigits(out)
	}
}

// interval translates INTERVAL '…' [fields]; false if interval is a column here.
func (p *parser) interval() (frag, bool) {
	t := p.tok()
	to := ast.TypeName{Name: "interval", Pos: int(t.pos)}
	switch next := p.at(1); {
	case next.kind == tString:
		p.next()
	case next.isPunct("(") && next.match > 0 && p.toks[next.match+1].kind == tString:
		p.next()
		to.Mods = p.modifiers()
	default:
		return frag{}, false
	}
	text := p.next()
	if to.Mods == nil {
		p.intervalFields(&to)
	}
	return p.leaf("interval "+text.text, &ast.TypedLiteral{P: ast.P{Pos: int(text.pos)}, Type: to, Text: text.text}), true
}

// callRest translates ( arguments ) and what may follow it.
func (p *parser) callRest(n ast.Name) frag {
	node := &ast.Call{P: ast.P{Pos: n.Pos}, Name: n}
	f := frag{p.call(strings.Join(n.Parts, "."), node), 1}
	p.expectPunct("(")
	args := &argList{p: p, f: f}
	switch {
	case p.isPunct(")"):
	case p.tok().isOp("*"):
		p.next()
		node.Star = true
	default:
		if p.acceptWord("distinct") {
			node.Distinct = true
		} else {
			p.acceptWord("all")
		}
		p.callArgs(args)
		node.Names, node.Variadic = args.names, args.variadic
		if p.isWord("order") {
			p.orderArgs(args)
			args.ordered = true
		}
	}
	p.expectPunct(")")
	p.callSuffix(node, args)
	p.closeCall()
	return args.f
}

// argList writes commas between the arguments of a call and keeps its depth.
type argList struct {
	p    *parser
	f    frag
	some bool
	// ordered: there is an ORDER BY among them.
	ordered bool
	// names are those of the last arguments, variadic that the last is an array of them; only callRest takes such.
	names    []string
	variadic bool
}

// start is called before an argument.
func (a *argList) start() {
	if a.some {
		a.p.comma()
	}
	a.some = true
}

// took is called with an argument.
func (a *argList) took(arg frag) {
	a.f = a.p.over(a.f.first, frag{a.f.first, a.f.depth - 1}, arg)
}

func (p *parser) callArgs(args *argList) {
	for !args.variadic {
		args.variadic = p.acceptWord("variadic")
		p.argName(args)
		args.start()
		args.took(p.expr())
		if !p.acceptPunct(",") {
			return
		}
	}
	p.i--
	p.syntaxError()
}

// argName reads the name of an argument: name => value.
func (p *parser) argName(args *argList) {
	t := p.tok()
	switch {
	case t.isLabel() && (p.at(1).isPunct("=>") || p.at(1).isPunct(":=")):
		p.next()
		p.next()
		if slices.Contains(args.names, t.text) {
			p.failAt(t, "argument name \"%s\" used more than once", clip(t.text))
		}
		args.names = append(args.names, t.text)
	case len(args.names) > 0:
		p.failAt(t, "positional argument cannot follow named argument")
	}
}

// onlyPlaces refuses names and VARIADIC in calls that have a grammar of their own.
func (p *parser) onlyPlaces(t *token, args *argList) {
	if args.variadic || args.names != nil {
		p.unsupported(t, "names of arguments and VARIADIC in %s", upper(t.text))
	}
}

// orderArgs translates ORDER BY inside a call or a window, as marked arguments.
func (p *parser) orderArgs(args *argList) {
	p.expectWord("order", "by")
	for {
		args.start()
		first := p.call("order", nil)
		id := len(p.side) - 1
		args.took(p.over(first, p.expr()))
		mark, _ := p.direction()
		p.side[id] = &mark
		p.closeCall()
		if !p.acceptPunct(",") {
			return
		}
	}
}

// withinGroup translates WITHIN GROUP (ORDER BY …).
func (p *parser) withinGroup(t *token, node *ast.Call, args *argList) {
	switch {
	case node.Distinct:
		p.failAt(t, "cannot use DISTINCT with WITHIN GROUP")
	case args.ordered:
		p.failAt(t, "cannot use multiple ORDER BY clauses with WITHIN GROUP")
	}
	p.next()
	p.next()
	node.WithinGroup = true
	p.expectPunct("(")
	p.orderArgs(args)
	p.expectPunct(")")
}

// callSuffix translates WITHIN GROUP, FILTER and OVER.
func (p *parser) callSuffix(node *ast.Call, args *argList) {
	if t := p.tok(); t.isWord("within") && p.at(1).isWord("group") {
		p.withinGroup(t, node, args)
	}
	if p.isWord("filter") && p.at(1).isPunct("(") {
		p.next()
		p.next()
		p.expectWord("where")
		args.start()
		first := p.call("filter", &filterMark{})
		args.took(p.over(first, p.expr()))
		p.closeCall()
		p.expectPunct(")")
	}
	if p.acceptWord("over") {
		node.Over = &ast.Window{P: ast.P{Pos: p.pos()}}
		p.overClause(node.Over, args)
	}
}
