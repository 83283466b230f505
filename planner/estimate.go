package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
)

// What is assumed where nothing is known: rows of what is no relation, and shares of rows that meet a condition.
const (
	unknownRows   = 1000
	equalShare    = 0.01
	orderShare    = 0.33
	conditionHalf = 0.5
	groupShare    = 0.1
)

// estimate guesses how many rows n gives, and which share these are of the rows of its relations.
func estimate(n plan.Node, env *Env) (rows, share float64) {
	switch n := n.(type) {
	case *plan.Scan:
		return max(float64(env.Records(n.Relation)), 1), 1
	case *plan.Values:
		return max(float64(len(n.Rows)), 1), 1
	case *plan.Filter:
		rows, share = estimate(n.Input, env)
		preds := conjuncts(n.Pred)
		if scan, ok := n.Input.(*plan.Scan); ok && hasLookup(scan.Relation) && fixedKey(scan, preds) != nil {
			return 1, 1 / rows
		}
		for _, p := range preds {
			s := selectivity(p)
			rows, share = rows*s, share*s
		}
		return max(rows, 1), share
	case *plan.Project:
		return estimate(n.Input, env)
	case *plan.Sort:
		return estimate(n.Input, env)
	case *plan.Window:
		return estimate(n.Input, env)
	case *plan.Aggregate:
		if rows, _ = estimate(n.Input, env); len(n.GroupBy) == 0 {
			return 1, 1
		}
		return max(rows*groupShare, 1), 1
	case *plan.Limit:
		rows, share = estimate(n.Input, env)
		if n.Count != nil && n.Count.Op == plan.OpConst && !n.Count.Value.Null && float64(n.Count.Value.Int) < rows {
			return max(float64(n.Count.Value.Int), 1), share * float64(n.Count.Value.Int) / rows
		}
		return rows, share
	case *plan.Union:
		for _, in := range n.Inputs {
			more, _ := estimate(in, env)
			rows += more
		}
		return rows, 1
	case *plan.Join:
		l, ls := estimate(n.Left, env)
		r, rs := estimate(n.Right, env)
		if len(n.LeftKeys) == 0 {
			return l * r, ls * rs
		}
		return max(l*rs, r*ls, 1), ls * rs
	}
	return unknownRows, 1
}

// keptCost is what a row costs that a join keeps, where one that it streams costs 1.
const keptCost = 2

// joinCost guesses what the inner joins that begin with n cost.
func joinCost(n plan.Node, env *Env) float64 {
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.JoinInner {
		return 0
	}
	l, _ := estimate(j.Left, env)
	r, _ := estimate(j.Right, env)
	cost := joinCost(j.Left, env) + joinCost(j.Right, env) + keptCost*r
	if len(j.LeftKeys) == 0 {
		return cost + l*r
	}
	return cost + l
}

// selectivity guesses the share of rows that meet p.
func selectivity(p *plan.Expr) float64 {
	switch funcs.Symbol(p.Func) {
	case "=":
		return equalShare
	case "<", "<=", ">", ">=":
		return orderShare
	}
	return conditionHalf
}
