package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// pushDown moves conditions as near to the relations as they go, makes inner joins of cross joins with a condition, and
// takes the equalities out of join conditions as keys.
func pushDown(n plan.Node) plan.Node { return push(n, nil) }

// push returns n filtered by preds, which are over n's columns.
func push(n plan.Node, preds []*plan.Expr) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return push(n.Input, append(conjuncts(n.Pred), preds...))
	case *plan.Project:
		return pushProject(n, preds)
	case *plan.Join:
		return pushJoin(n, preds)
	case *plan.Aggregate:
		return pushAggregate(n, preds)
	case *plan.Sort:
		return &plan.Sort{Input: push(n.Input, preds), Keys: n.Keys}
	case *plan.LockRows:
		return &plan.LockRows{Input: push(n.Input, preds), Locks: n.Locks, OneByOne: n.OneByOne}
	case *plan.Union:
		return withInputs(n, func(in plan.Node) plan.Node { return push(in, preds) })
	}
	return filter(withInputs(n, pushDown), preds)
}

func filter(n plan.Node, preds []*plan.Expr) plan.Node {
	if len(preds) == 0 {
		return n
	}
	return &plan.Filter{Input: n, Pred: conjunction(preds)}
}

// movable reports whether e may be evaluated elsewhere, another number of times.
func movable(e *plan.Expr) bool { return !hasSubquery(e) && !isVolatile(e) }

func isVolatile(e *plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, _ int) {
		if x.Op == plan.OpCall {
			sig := funcs.ByID(x.Func)
			found = found || sig != nil && sig.Volatility == funcs.Volatile
		}
	})
	return found
}

func pushProject(n *plan.Project, preds []*plan.Expr) plan.Node {
	var below, above []*plan.Expr
	for _, p := range preds {
		if s := substitute(p, n.Exprs); movable(p) && movable(s) && exprSize(s) <= maxExprSize {
			below = append(below, s)
		} else {
			above = append(above, p)
		}
	}
	return filter(&plan.Project{Input: push(n.Input, below), Exprs: n.Exprs}, above)
}

// pushAggregate moves conditions on group columns below; a global aggregate gives a row whatever is below.
func pushAggregate(n *plan.Aggregate, preds []*plan.Expr) plan.Node {
	var below, above []*plan.Expr
	for _, p := range preds {
		if n.Sets == nil && len(n.GroupBy) > 0 && movable(p) && sideOf(p, len(n.GroupBy)) == sideLeft {
			below = append(below, substitute(p, n.GroupBy))
		} else {
			above = append(above, p)
		}
	}
	return filter(&plan.Aggregate{Input: push(n.Input, below), GroupBy: n.GroupBy, Aggs: n.Aggs, Sets: n.Sets}, above)
}

// side says which columns of a pair of rows an expression uses.
type side uint8

const (
	sideNone side = iota
	sideLeft
	sideRight
	sideBoth
)

// sideOf returns which columns e uses, of the first nl (left) and the others (right).
func sideOf(e *plan.Expr, nl int) side {
	s := sideNone
	columnsOf(e, func(c int) {
		if c < nl {
			s |= sideLeft
		} else {
			s |= sideRight
		}
	})
	return s
}

// joinPush sorts conditions around one join.
type joinPush struct {
	join               *plan.Join
	nl                 int
	left, right, above []*plan.Expr
	cond               []*plan.Expr
}

func pushJoin(n *plan.Join, preds []*plan.Expr) plan.Node {
	join := *n
	join.LeftKeys, join.RightKeys = append([]*plan.Expr(nil), n.LeftKeys...), append([]*plan.Expr(nil), n.RightKeys...)
	p := &joinPush{join: &join, nl: len(n.Left.Types())}
	for _, e := range conjuncts(n.Cond) {
		p.on(e)
	}
	for _, e := range preds {
		p.where(e)
	}
	join.Left, join.Right = push(n.Left, p.left), push(n.Right, p.right)
	join.Cond = conjunction(p.cond)
	return filter(&join, p.above)
}

// on places a conjunct of ON. A side whose unmatched rows are kept is not filtered by it.
func (p *joinPush) on(e *plan.Expr) {
	kind, s := p.join.Kind, sideOf(e, p.nl)
	switch {
	case !movable(e):
		p.cond = append(p.cond, e)
	case (s == sideLeft || s == sideNone) && (kind == plan.JoinInner || kind == plan.JoinRight || kind == plan.JoinSemi):
		p.left = append(p.left, e)
	case (s == sideRight || s == sideNone) && (kind == plan.JoinInner || kind == plan.JoinLeft || p.join.LeftOnly()):
		p.right = append(p.right, shift(e, -p.nl))
	case s == sideBoth && p.key(e):
	default:
		p.cond = append(p.cond, e)
	}
}

// where places a condition from above. A side that the join fills up with NULLs is not filtered below it.
func (p *joinPush) where(e *plan.Expr) {
	kind, s := p.join.Kind, sideOf(e, p.nl)
	switch {
	case !movable(e):
		p.above = append(p.above, e)
	case s == sideLeft && (kind == plan.JoinInner || kind == plan.JoinLeft || p.join.LeftOnly()):
		p.left = append(p.left, e)
	case s == sideRight && (kind == plan.JoinInner || kind == plan.JoinRight):
		p.right = append(p.right, shift(e, -p.nl))
	case s == sideBoth && kind == plan.JoinInner:
		if !p.key(e) {
			p.cond = append(p.cond, e)
		}
	default:
		p.above = append(p.above, e)
	}
}

// key makes e a pair of keys if it is an equality of the two sides.
func (p *joinPush) key(e *plan.Expr) bool {
	if !isEquality(e) {
		return false
	}
	l, r := e.Args[0], e.Args[1]
	if sideOf(l, p.nl) == sideRight {
		l, r = r, l
	}
	if sideOf(l, p.nl) != sideLeft || sideOf(r, p.nl) != sideRight {
		return false
	}
	l, r, ok := sameType(l, r)
	if ok {
		p.join.LeftKeys = append(p.join.LeftKeys, l)
		p.join.RightKeys = append(p.join.RightKeys, shift(r, -p.nl))
	}
	return ok
}

// sameType casts l and r to a common type, without modifier.
func sameType(l, r *plan.Expr) (*plan.Expr, *plan.Expr, bool) {
	if l.Type.Base() == r.Type.Base() {
		return l, r, true
	}
	t, err := funcs.CommonType([]types.Type{l.Type, r.Type})
	if err != nil {
		return l, r, false
	}
	l, okL := keyCast(l, t.Base())
	r, okR := keyCast(r, t.Base())
	return l, r, okL && okR
}

func keyCast(e *plan.Expr, t types.Type) (*plan.Expr, bool) {
	if e.Type.Base() == t {
		return e, true
	}
	id, ok := funcs.Cast(e.Type, t, funcs.CastImplicit)
	if id == "" {
		return e, ok
	}
	return &plan.Expr{Op: plan.OpCall, Func: id, Args: []*plan.Expr{e}, Type: t, Pos: e.Pos}, ok
}

// isEquality reports whether e is l = r.
func isEquality(e *plan.Expr) bool {
	return e.Op == plan.OpCall && len(e.Args) == 2 && funcs.Symbol(e.Func) == "="
}
