package planner

import "github.com/millracedb/millrace/planner/plan"

// rule rewrites a plan into an equal one. Rules are pure.
type rule struct {
	name  string
	apply func(plan.Node) plan.Node
}

// logical are the rules for all queries, in their order: simplification first, as it splits
// conditions that pushDown then moves apart; mergeProjects last, as pushDown goes through projections.
var logical = []rule{
	{"simplify", simplifyNode},
	{"drop what is empty", dropEmpty},
	{"push down", pushDown},
	{"merge projections", mergeProjects},
}

// continuous are the rules for continuous queries: logical but for one, because what has no rows has no relation to
// read, and so no task. Joins are made of subqueries before conditions move.
var continuous = []rule{
	{"simplify", simplifyNode},
	{"semi joins", semiJoins},
	{"push down", pushDown},
	{"merge projections", mergeProjects},
}

// physical are the rules for queries alone. How rows are read comes first: a sort that is dropped for it needs no columns.
var physical = []rule{
	{"work table first", workTableFirst},
	{"key lookup", keyLookups},
	{"index access", indexAccess},
	{"log range", logRanges},
	{"index order", indexOrder},
	{"prune columns", pruneAll},
	{"merge projections", mergeProjects},
}

func applyRules(n plan.Node, rules []rule) plan.Node {
	for _, r := range rules {
		n = r.apply(n)
	}
	return n
}

// optimize is optimize, with joins in an order between logical and physical rules, unless the plan is asked for as it was bound.
func (b *binder) optimize(n plan.Node) plan.Node {
	if b.env.Unoptimized {
		return n
	}
	return applyRules(b.orderJoins(applyRules(n, logical)), physical)
}

// optimize applies all rules to the plan of a query.
func optimize(n plan.Node) plan.Node {
	return applyRules(applyRules(n, logical), physical)
}
