package parse

import (
	"sort"
	"strconv"
	"strings"

	tast "github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/test_driver"

	"github.com/millracedb/millrace/sql/ast"
)

// converter turns the TiDB parser's tree into sql/ast. It takes the structure from there and every node from the side
// table; each entry must be met exactly once. What it does not expect is a bug, never passed on.
type converter struct {
	side   []any
	used   []bool
	params []paramAt
}

func (c *converter) wrong(n any) { panic(failure{bug("unexpected %T in the translated statement", n)}) }

// mark notes that entry id has been met, and returns it.
func (c *converter) mark(id int) any {
	if id < 1 || id > len(c.side) || c.used[id-1] {
		panic(failure{bug("entry %d of the translated statement is used twice or unknown", id)})
	}
	c.used[id-1] = true
	return c.side[id-1]
}

func (c *converter) allUsed() {
	for i, used := range c.used {
		if !used {
			panic(failure{bug("entry %d of the translated statement is lost", i+1)})
		}
	}
}

// id returns the number in a name `text@id`.
func (c *converter) id(name string) int {
	id, err := strconv.Atoi(name[strings.LastIndexByte(name, '@')+1:])
	if err != nil {
		panic(failure{bug("a name of the translated statement has no number")})
	}
	return id
}

// entry returns the side table's entry that a name stands for.
func (c *converter) entry(name string) any { return c.mark(c.id(name)) }

// peek is entry without noting it.
func (c *converter) peek(name string) any {
	if id := c.id(name); 0 < id && id <= len(c.side) {
		return c.side[id-1]
	}
	return nil
}

// as returns a node as the type that it must be here.
func as[T any](c *converter, node any) T {
	t, ok := node.(T)
	if !ok {
		c.wrong(node)
	}
	return t
}

// need checks that a node has operands enough.
func (c *converter) need(args []tast.ExprNode, n int) {
	if len(args) < n {
		panic(failure{bug("the translated statement lacks an operand")})
	}
}

// only returns the one argument of a marker.
func (c *converter) only(call *tast.FuncCallExpr) tast.ExprNode {
	c.need(call.Args, 1)
	return call.Args[0]
}

// call returns a marker's call and entry.
func (c *converter) call(n tast.ExprNode) (*tast.FuncCallExpr, any) {
	call, ok := n.(*tast.FuncCallExpr)
	if !ok {
		c.wrong(n)
	}
	return call, c.entry(call.FnName.O)
}

func (c *converter) param(offset int) ast.Expr {
	i := sort.Search(len(c.params), func(i int) bool { return c.params[i].offset >= offset })
	if i == len(c.params) || c.params[i].offset != offset {
		panic(failure{bug("a parameter of the translated statement is unknown")})
	}
	return as[ast.Expr](c, c.mark(int(c.params[i].id)))
}

// expr converts an expression.
func (c *converter) expr(n tast.ExprNode) ast.Expr {
	switch n := n.(type) {
	case *tast.FuncCallExpr:
		return c.fill(c.entry(n.FnName.O), n.Args)
	case *tast.ColumnNameExpr:
		if leaf, ok := fillLeaf(c.entry(n.Name.Name.O)); ok {
			return leaf
		}
	case *test_driver.ParamMarkerExpr:
		return c.param(n.Offset)
	}
	c.wrong(n)
	return nil
}

func (c *converter) exprs(args []tast.ExprNode) []ast.Expr {
	out := make([]ast.Expr, len(args))
	for i, a := range args {
		out[i] = c.expr(a)
	}
	return out
}

// subquery converts ( query ).
func (c *converter) subquery(n tast.ExprNode) *ast.Select {
	sub, ok := n.(*tast.SubqueryExpr)
	if !ok {
		c.wrong(n)
	}
	return c.query(sub.Query)
}

// fill gives a node of the side table its operands.
func (c *converter) fill(node any, args []tast.ExprNode) ast.Expr {
	switch node := node.(type) {
	case *ast.Call:
		c.fillCall(node, args)
		return node
	case *swapped:
		c.fillCall(node.Call, args)
		c.need(args, 2)
		last := len(node.Args) - 1
		node.Args[last-1], node.Args[last] = node.Args[last], node.Args[last-1]
		return node.Call
	case *ast.Array:
		if len(args) == 1 && isSubquery(args[0]) {
			node.Query = c.subquery(args[0])
		} else {
			node.Elems = c.exprs(args)
		}
		return node
	case *ast.GroupingSet:
		node.Elems = c.exprs(args)
		return node
	case *ast.Row:
		node.Elems = c.exprs(args)
		return node
	case *ast.Case:
		c.need(args, 2*len(node.Whens))
		c.fillCase(node, c.exprs(args))
		return node
	}
	c.need(args, 1)
	return c.fillOperator(node, args)
}

func isSubquery(n tast.ExprNode) bool {
	_, ok := n.(*tast.SubqueryExpr)
	return ok
}

// fillLeaf accepts the nodes that have no operands. They are columns of the translation.
func fillLeaf(node any) (ast.Expr, bool) {
	switch node := node.(type) {
	case *ast.ColumnRef:
		return node, true
	case *ast.Literal:
		return node, true
	case *ast.TypedLiteral:
		return node, true
	case *ast.Star:
		return node, true
	case *ast.GroupingSet:
		return node, true
	}
	return nil, false
}

// fillOperator gives a node its fixed number of operands, at least one.
func (c *converter) fillOperator(node any, args []tast.ExprNode) ast.Expr {
	switch node := node.(type) {
	case *ast.Exists:
		node.Query = c.subquery(args[0])
		return node
	case *ast.Subquery:
		node.Query = c.subquery(args[0])
		return node
	}
	first := c.expr(args[0])
	switch node := node.(type) {
	case *ast.Unary:
		node.Arg = first
		return node
	case *ast.Cast:
		node.Arg = first
		return node
	case *ast.Collate:
		node.Arg = first
		return node
	case *ast.IsTest:
		node.Arg = first
		return node
	}
	c.need(args, 2)
	return c.fillBinary(node, first, args[1:])
}

func (c *converter) fillBinary(node any, first ast.Expr, args []tast.ExprNode) ast.Expr {
	switch node := node.(type) {
	case *ast.Binary:
		node.Left, node.Right = first, c.expr(args[0])
		if len(args) > 1 {
			node.Escape = c.expr(args[1])
		}
		return node
	case *ast.Subscript:
		bounds := c.exprs(args)
		node.Arg = first
		if node.Index != nil {
			node.Index = bounds[0]
		}
		if node.Upper != nil {
			node.Upper = bounds[1]
		}
		return node
	case *ast.Between:
		c.need(args, 2)
		rest := c.exprs(args)
		node.Arg, node.Low, node.High = first, rest[0], rest[1]
		return node
	case *ast.In:
		node.Arg = first
		if isSubquery(args[0]) {
			node.Query = c.subquery(args[0])
		} else {
			node.List = c.exprs(args)
		}
		return node
	case *ast.Quantified:
		node.Arg = first
		if isSubquery(args[0]) {
			node.Query = c.subquery(args[0])
		} else {
			node.Array = c.expr(args[0])
		}
		return node
	}
	c.wrong(node)
	return nil
}

// fillCase deals out operands in the order in which they are written.
func (c *converter) fillCase(node *ast.Case, args []ast.Expr) {
	next := func() (e ast.Expr) { e, args = args[0], args[1:]; return e }
	if node.Arg != nil {
		node.Arg = next()
	}
	for i := range node.Whens {
		node.Whens[i].Cond = next()
		node.Whens[i].Result = next()
	}
	if node.Else != nil {
		node.Else = next()
	}
}

// fillCall takes ORDER BY, FILTER and OVER from among the arguments.
func (c *converter) fillCall(node *ast.Call, args []tast.ExprNode) {
	for _, a := range args {
		call, ok := a.(*tast.FuncCallExpr)
		if !ok {
			node.Args = append(node.Args, c.expr(a))
			continue
		}
		switch mark := c.entry(call.FnName.O).(type) {
		case *orderMark:
			node.OrderBy = append(node.OrderBy, c.orderItem(mark, call))
		case *filterMark:
			node.Filter = c.expr(c.only(call))
		case *overMark:
			c.fillWindow(mark, call.Args)
		default:
			node.Args = append(node.Args, c.fill(mark, call.Args))
		}
	}
}

func (c *converter) orderItem(mark *orderMark, call *tast.FuncCallExpr) ast.OrderItem {
	return ast.OrderItem{Expr: c.expr(c.only(call)), Desc: mark.desc, NullsFirst: mark.nullsFirst}
}

func (c *converter) fillWindow(mark *overMark, args []tast.ExprNode) {
	c.need(args, mark.parts)
	if mark.parts > 0 {
		mark.window.PartitionBy = c.exprs(args[:mark.parts])
	}
	for _, a := range args[mark.parts:] {
		switch call, node := c.call(a); node := node.(type) {
		case *orderMark:
			mark.window.OrderBy = append(mark.window.OrderBy, c.orderItem(node, call))
		case *boundMark:
			node.bound.Offset = c.expr(c.only(call))
		default:
			c.wrong(node)
		}
	}
}
