package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// Expressions are never changed once they are made: what follows returns copies of what differs. A column reference of
// the rows that an expression is evaluated on is OpColumn in the expression itself, and OpOuter with Depth n inside the
// plan of a subquery n levels down; all functions here treat both alike.

// mapExpr replaces, from the top down, each part of e for which f returns another; below a replaced part it does not
// look. It does not enter subqueries.
func mapExpr(e *plan.Expr, f func(*plan.Expr) *plan.Expr) *plan.Expr {
	if e == nil {
		return nil
	}
	if r := f(e); r != nil {
		return r
	}
	return withArgs(e, func(a *plan.Expr) *plan.Expr { return mapExpr(a, f) })
}

// withArgs returns e with f applied to its arguments; e itself if none changed.
func withArgs(e *plan.Expr, f func(*plan.Expr) *plan.Expr) *plan.Expr {
	args := mapList(e.Args, f)
	if len(args) == 0 || &args[0] == &e.Args[0] {
		return e
	}
	c := *e
	c.Args = args
	return &c
}

// mapColumns replaces each column of e's rows by what f gives for it, also where a subquery refers to it.
func mapColumns(e *plan.Expr, f func(*plan.Expr) *plan.Expr) *plan.Expr {
	return mapColumnsAt(e, 0, f)
}

func mapColumnsAt(e *plan.Expr, depth int, f func(*plan.Expr) *plan.Expr) *plan.Expr {
	if e == nil {
		return nil
	}
	if isColumnAt(e, depth) {
		return lift(f(columnAt(e)), depth)
	}
	n := withArgs(e, func(a *plan.Expr) *plan.Expr { return mapColumnsAt(a, depth, f) })
	if e.Sub == nil {
		return n
	}
	return withSub(n, func(x *plan.Expr) *plan.Expr { return mapColumnsAt(x, depth+1, f) })
}

// isColumnAt reports whether e, which stands depth subqueries down, refers to a column of the outermost rows.
func isColumnAt(e *plan.Expr, depth int) bool {
	if depth == 0 {
		return e.Op == plan.OpColumn
	}
	return e.Op == plan.OpOuter && e.Depth == depth
}

func columnAt(e *plan.Expr) *plan.Expr {
	return &plan.Expr{Op: plan.OpColumn, Type: e.Type, Column: e.Column, Pos: e.Pos}
}

// withSub returns e with f applied to all expressions of its subquery's plan.
func withSub(e *plan.Expr, f func(*plan.Expr) *plan.Expr) *plan.Expr {
	c, q := *e, *e.Sub
	q.Root = mapNodeExprs(q.Root, f)
	c.Sub = &q
	return &c
}

// lift moves e, an expression over some rows, into the plan of a subquery depth levels down.
func lift(e *plan.Expr, depth int) *plan.Expr {
	if depth == 0 {
		return e
	}
	return liftAt(e, 0, depth)
}

func liftAt(e *plan.Expr, level, depth int) *plan.Expr {
	switch {
	case e == nil:
		return nil
	case e.Op == plan.OpColumn && level == 0:
		c := *e
		c.Op, c.Depth = plan.OpOuter, depth
		return &c
	case e.Op == plan.OpOuter && e.Depth >= level && e.Depth > 0:
		c := *e
		c.Depth += depth
		return &c
	}
	n := withArgs(e, func(a *plan.Expr) *plan.Expr { return liftAt(a, level, depth) })
	if e.Sub == nil {
		return n
	}
	return withSub(n, func(x *plan.Expr) *plan.Expr { return liftAt(x, level+1, depth) })
}

// walkExpr calls f for e and all its parts, those of subqueries' plans included, with the number of subqueries between.
func walkExpr(e *plan.Expr, f func(e *plan.Expr, depth int)) { walkExprAt(e, 0, f) }

func walkExprAt(e *plan.Expr, depth int, f func(*plan.Expr, int)) {
	if e == nil {
		return
	}
	f(e, depth)
	for _, a := range e.Args {
		walkExprAt(a, depth, f)
	}
	if e.Sub != nil {
		walkNodeExprs(e.Sub.Root, func(x *plan.Expr) { walkExprAt(x, depth+1, f) })
	}
}

// columnsOf calls f for each reference of e to a column of its rows.
func columnsOf(e *plan.Expr, f func(column int)) {
	walkExpr(e, func(x *plan.Expr, depth int) {
		if isColumnAt(x, depth) {
			f(x.Column)
		}
	})
}

// shift moves all column references of e by n.
func shift(e *plan.Expr, n int) *plan.Expr {
	return mapColumns(e, func(c *plan.Expr) *plan.Expr {
		c.Column += n
		return c
	})
}

// substitute replaces column i of e by exprs[i].
func substitute(e *plan.Expr, exprs []*plan.Expr) *plan.Expr {
	return mapColumns(e, func(c *plan.Expr) *plan.Expr { return exprs[c.Column] })
}

// exprSize counts the parts of e, without those of subqueries' plans.
func exprSize(e *plan.Expr) int {
	n := 1
	for _, a := range e.Args {
		n += exprSize(a)
	}
	return n
}

func hasSubquery(e *plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, _ int) { found = found || x.Sub != nil })
	return found
}

func hasColumns(e *plan.Expr) bool {
	found := false
	columnsOf(e, func(int) { found = true })
	return found
}

// sameExpr reports whether a and b are the same expression; places in the text do not count. Subqueries are the same
// only if they are one.
func sameExpr(a, b *plan.Expr) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Op != b.Op || a.Type != b.Type || a.Func != b.Func || a.Column != b.Column || a.Depth != b.Depth ||
		a.Sub != b.Sub || len(a.Args) != len(b.Args) || !sameValue(a.Type, a.Value, b.Value) {
		return false
	}
	for i := range a.Args {
		if !sameExpr(a.Args[i], b.Args[i]) {
			return false
		}
	}
	return true
}

func sameValue(t types.Type, a, b *types.Datum) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Null || b.Null {
		return a.Null == b.Null
	}
	if a.Dec != nil && b.Dec != nil {
		return a.Dec.String() == b.Dec.String()
	}
	return a.Int == b.Int && a.Float == b.Float && a.Str == b.Str && a.Dec == b.Dec
}

// indexOf returns the place of e in list, or -1.
func indexOf(list []*plan.Expr, e *plan.Expr) int {
	for i, x := range list {
		if sameExpr(x, e) {
			return i
		}
	}
	return -1
}

// columnRefs returns references to columns 0 … of the given types.
func columnRefs(ts []types.Type) []*plan.Expr {
	out := make([]*plan.Expr, len(ts))
	for i, t := range ts {
		out[i] = plan.Column(i, t)
	}
	return out
}

// isIdentity reports whether exprs are columns 0 … width-1 in order.
func isIdentity(exprs []*plan.Expr, width int) bool {
	if len(exprs) != width {
		return false
	}
	for i, e := range exprs {
		if e.Op != plan.OpColumn || e.Column != i {
			return false
		}
	}
	return true
}

// conjuncts splits e at its ANDs; nil gives none.
func conjuncts(e *plan.Expr) []*plan.Expr {
	if e == nil {
		return nil
	}
	if e.Op != plan.OpAnd {
		return []*plan.Expr{e}
	}
	var out []*plan.Expr
	for _, a := range e.Args {
		out = append(out, conjuncts(a)...)
	}
	return out
}

// conjunction is the inverse of conjuncts.
func conjunction(list []*plan.Expr) *plan.Expr {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return &plan.Expr{Op: plan.OpAnd, Type: types.Bool, Args: list, Pos: list[0].Pos}
}
