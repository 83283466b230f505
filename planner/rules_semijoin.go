package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// semiJoins makes joins of the conditions EXISTS, NOT EXISTS, IN and NOT IN with a query, as far as they are conjuncts of a
// filter: a continuous query cannot run a query for each row. What it cannot take apart stays, and is refused later.
func semiJoins(n plan.Node) plan.Node {
	n = withInputs(n, semiJoins)
	f, ok := n.(*plan.Filter)
	if !ok {
		return n
	}
	in := f.Input
	var rest []*plan.Expr
	for _, e := range conjuncts(f.Pred) {
		if j := semiJoin(in, e); j != nil {
			in = j
		} else {
			rest = append(rest, e)
		}
	}
	return filter(in, rest)
}

// semiJoin returns left filtered by e as a join, nil if e is not such a condition.
func semiJoin(left plan.Node, e *plan.Expr) plan.Node {
	join := &plan.Join{Kind: plan.JoinSemi, Left: left}
	if e.Op == plan.OpNot {
		join.Kind, e = plan.JoinAnti, e.Args[0]
	}
	if e.Op != plan.OpExists && (e.Op != plan.OpInQuery || len(e.Args) != 1) {
		return nil
	}
	root := simplifyNode(e.Sub.Root)
	if e.Op == plan.OpExists {
		root = rowsOf(root)
	}
	right, preds := pullOuter(root)
	if usesOuter(right) {
		return nil
	}
	nl := len(left.Types())
	conds := mapList(preds, func(p *plan.Expr) *plan.Expr { return besideOuter(p, nl) })
	if e.Op == plan.OpInQuery {
		value := plan.Column(0, right.Types()[0])
		if join.Kind == plan.JoinAnti && !(neverNull(e.Args[0], left) && neverNull(value, right)) {
			return nil // NULL would make NOT IN unknown
		}
		eq := equal(e.Args[0], shift(value, nl))
		if eq == nil {
			return nil
		}
		conds = append(conds[:len(conds):len(conds)], eq)
	}
	join.Right, join.Cond = semiJoins(right), conjunction(conds)
	return join
}

// equal returns l = r, which have one type; nil if it has no equality.
func equal(l, r *plan.Expr) *plan.Expr {
	sig, err := funcs.ResolveOperator("=", l.Type, r.Type)
	if err != nil {
		return nil
	}
	return &plan.Expr{Op: plan.OpCall, Func: sig.ID, Type: types.Bool, Args: []*plan.Expr{l, r}, Pos: l.Pos}
}

// rowsOf drops what does not change how many rows n has, or their order.
func rowsOf(n plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Project:
		return rowsOf(n.Input)
	case *plan.Sort:
		return rowsOf(n.Input)
	}
	return n
}

// pullOuter takes the conditions that use the outer query's rows out of n. It returns n without them, which may have more
// columns behind its own, and the conditions, over its columns.
func pullOuter(n plan.Node) (plan.Node, []*plan.Expr) {
	switch n := n.(type) {
	case *plan.Filter:
		in, pulled := pullOuter(n.Input)
		preds, rest := splitOuter(n.Pred)
		return filter(in, rest), append(pulled, preds...)
	case *plan.Sort:
		return pullOuter(n.Input)
	case *plan.Project:
		in, pulled := pullOuter(n.Input)
		if len(pulled) == 0 {
			return n, nil
		}
		width := len(n.Exprs)
		exprs := append(n.Exprs[:width:width], columnRefs(in.Types())...)
		return &plan.Project{Input: in, Exprs: exprs}, mapList(pulled, func(p *plan.Expr) *plan.Expr { return shift(p, width) })
	case *plan.Join:
		return pullOuterOfJoin(n)
	}
	return n, nil
}

func pullOuterOfJoin(n *plan.Join) (plan.Node, []*plan.Expr) {
	if n.Kind != plan.JoinInner {
		return n, nil
	}
	nl := len(n.Left.Types())
	l, pulled := pullOuter(n.Left)
	r, right := pullOuter(n.Right)
	if len(l.Types()) != nl {
		return n, nil
	}
	preds, rest := splitOuter(n.Cond)
	for _, p := range right {
		preds = append(preds, shift(p, nl))
	}
	j := *n
	j.Left, j.Right, j.Cond = l, r, conjunction(rest)
	return &j, append(pulled, preds...)
}

// splitOuter splits a condition into conjuncts that use the outer query's rows, and others.
func splitOuter(pred *plan.Expr) (outer, rest []*plan.Expr) {
	for _, e := range conjuncts(pred) {
		if movable(e) && exprUsesOuter(e) {
			outer = append(outer, e)
		} else {
			rest = append(rest, e)
		}
	}
	return outer, rest
}

// exprUsesOuter reports whether e refers to rows outside the query that it stands in.
func exprUsesOuter(e *plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, depth int) { found = found || x.Op == plan.OpOuter && x.Depth > depth })
	return found
}

func usesOuter(n plan.Node) bool {
	found := false
	walkNodeExprs(n, func(e *plan.Expr) { found = found || exprUsesOuter(e) })
	return found
}

// besideOuter makes of e, over the rows of a subquery, an expression over nl columns of the outer query followed by those.
func besideOuter(e *plan.Expr, nl int) *plan.Expr {
	return mapExpr(e, func(x *plan.Expr) *plan.Expr {
		c := *x
		switch {
		case x.Op == plan.OpColumn:
			c.Column += nl
		case x.Op == plan.OpOuter && x.Depth == 1:
			c.Op, c.Depth = plan.OpColumn, 0
		case x.Op == plan.OpOuter:
			c.Depth--
		default:
			return nil
		}
		return &c
	})
}

// neverNull reports whether e, over the rows of n, is a column that is declared NOT NULL, or a cast of it.
func neverNull(e *plan.Expr, n plan.Node) bool {
	switch {
	case e.Op == plan.OpConst:
		return !e.Value.Null
	case e.Op == plan.OpCall && strings.HasPrefix(e.Func, "cast("):
		return neverNull(e.Args[0], n)
	case e.Op != plan.OpColumn:
		return false
	}
	switch n := n.(type) {
	case *plan.Filter:
		return neverNull(e, n.Input)
	case *plan.Project:
		return neverNull(n.Exprs[e.Column], n.Input)
	case *plan.Scan:
		cols := plan.ScanColumns(n.Relation)
		return n.Relation.Kind != catalog.KindView && cols[n.Columns[e.Column]].NotNull
	case *plan.Join:
		nl := len(n.Left.Types())
		switch {
		case e.Column < nl:
			return n.Kind != plan.JoinRight && n.Kind != plan.JoinFull && neverNull(e, n.Left)
		case n.Kind == plan.JoinInner || n.Kind == plan.JoinRight:
			return neverNull(shift(e, -nl), n.Right)
		}
	}
	return false
}
