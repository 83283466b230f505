package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// simplifyNode simplifies all boolean expressions, and drops filters that keep everything.
func simplifyNode(n plan.Node) plan.Node {
	n = withInputs(n, simplifyNode)
	if j, ok := n.(*plan.Join); ok && j.Cond != nil {
		return simplifyJoin(j)
	}
	n = withExprs(n, simplify)
	if f, ok := n.(*plan.Filter); ok && isBool(f.Pred, true) {
		return f.Input
	}
	return n
}

// simplifyJoin simplifies each condition of a join by itself: one that is false leaves the equalities there, which a
// continuous query needs.
func simplifyJoin(n *plan.Join) plan.Node {
	var conds []*plan.Expr
	for _, e := range conjuncts(n.Cond) {
		if e = simplify(e); !isBool(e, true) {
			conds = append(conds, conjuncts(e)...)
		}
	}
	j := withExprs(n, simplify).(*plan.Join)
	j.Cond = conjunction(conds)
	return j
}

// simplify applies the laws of three-valued logic where an operand is constant; nothing is evaluated.
func simplify(e *plan.Expr) *plan.Expr {
	e = withArgs(e, simplify)
	switch e.Op {
	case plan.OpAnd:
		return simplifyChain(e, false)
	case plan.OpOr:
		return simplifyChain(e, true)
	case plan.OpNot:
		return simplifyNot(e)
	case plan.OpIsNull:
		if a := e.Args[0]; a.Op == plan.OpConst {
			return boolConst(a.Value.Null, e.Pos)
		}
	case plan.OpCase:
		return simplifyCase(e)
	}
	return e
}

// simplifyChain flattens AND (absorbing is false) or OR (true), drops neutral constants and stops at absorbing ones.
func simplifyChain(e *plan.Expr, absorbing bool) *plan.Expr {
	var args []*plan.Expr
	for _, a := range e.Args {
		switch {
		case isBool(a, absorbing):
			return a
		case isBool(a, !absorbing):
		case a.Op == e.Op:
			args = append(args, a.Args...)
		default:
			args = append(args, a)
		}
	}
	switch len(args) {
	case 0:
		return boolConst(!absorbing, e.Pos)
	case 1:
		return args[0]
	}
	c := *e
	c.Args = args
	return &c
}

func simplifyNot(e *plan.Expr) *plan.Expr {
	a := e.Args[0]
	switch {
	case a.Op == plan.OpNot:
		return a.Args[0]
	case isBool(a, true):
		return boolConst(false, e.Pos)
	case isBool(a, false):
		return boolConst(true, e.Pos)
	case a.Op == plan.OpConst && a.Value.Null:
		return a
	}
	return e
}

// simplifyCase drops branches whose condition is constant.
func simplifyCase(e *plan.Expr) *plan.Expr {
	last := len(e.Args) - 1
	var args []*plan.Expr
	for i := 0; i < last; i += 2 {
		if isBool(e.Args[i], true) {
			args = append(args, e.Args[i+1])
			break
		}
		if e.Args[i].Op == plan.OpConst {
			continue
		}
		args = append(args, e.Args[i], e.Args[i+1])
	}
	if len(args)%2 == 0 {
		args = append(args, e.Args[last])
	}
	if len(args) == 1 {
		return args[0]
	}
	c := *e
	c.Args = args
	return &c
}

func isBool(e *plan.Expr, v bool) bool {
	return e.Op == plan.OpConst && e.Type == types.Bool && !e.Value.Null && (e.Value.Int != 0) == v
}

func boolConst(v bool, pos int) *plan.Expr {
	d := types.Datum{}
	if v {
		d.Int = 1
	}
	return constAt(types.Bool, d, pos)
}
