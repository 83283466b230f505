package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// subquery runs q for the row outer of the query in which it stands. A subquery that uses nothing from outside is run once
// for the statement, and always answered with the same batch.
func (e *Env) subquery(ctx context.Context, c *expr.Context, q *plan.Query, outer []types.Datum) (*types.Batch, error) {
	correlated, known := e.run.correlated[q]
	if !known {
		correlated = usesOuter(q.Root, 0) || readsOpenWork(q.Root)
		e.run.correlated[q] = correlated
	}
	if b := e.run.results[q]; b != nil {
		return b, nil
	}
	child := *e
	child.joined, child.keeps = nil, false
	child.Expr = *c
	child.Expr.Outer = append([][]types.Datum{outer}, c.Outer...)
	mem := e.account("subquery")
	b, err := collect(ctx, q.Root, &child, &mem)
	if err != nil || correlated {
		mem.release()
		return b, err
	}
	e.run.results[q] = b
	return b, nil
}

// usesOuter reports whether a plan, depth levels inside a subquery's root, uses a row from outside of that subquery.
func usesOuter(n plan.Node, depth int) bool {
	found := false
	walkPlan(n, func(x *plan.Expr) {
		switch {
		case found:
		case x.Op == plan.OpOuter && x.Depth > depth:
			found = true
		case x.Sub != nil && x.Sub.Root != nil:
			found = usesOuter(x.Sub.Root, depth+1)
		}
	})
	return found
}

// walkPlan calls f with each expression of a plan, subexpressions too, but not those within subqueries.
func walkPlan(n plan.Node, f func(*plan.Expr)) {
	exprs, inputs := planParts(n)
	for _, x := range exprs {
		walkExpr(x, f)
	}
	for _, in := range inputs {
		walkPlan(in, f)
	}
}

func walkExpr(x *plan.Expr, f func(*plan.Expr)) {
	if x == nil {
		return
	}
	f(x)
	for _, a := range x.Args {
		walkExpr(a, f)
	}
}

// planParts returns the expressions of a node and its inputs.
func planParts(n plan.Node) (exprs []*plan.Expr, inputs []plan.Node) {
	switch n := n.(type) {
	case *plan.Scan:
		exprs = n.Key
	case *plan.FuncScan:
		for _, c := range n.Calls {
			exprs = append(exprs, c.Args...)
		}
	case *plan.Values:
		for _, row := range n.Rows {
			exprs = append(exprs, row...)
		}
	case *plan.Filter:
		return []*plan.Expr{n.Pred}, []plan.Node{n.Input}
	case *plan.Project:
		return n.Exprs, []plan.Node{n.Input}
	case *plan.Join:
		exprs = append(append(append(exprs, n.LeftKeys...), n.RightKeys...), n.Cond)
		inputs = []plan.Node{n.Left, n.Right}
	case *plan.Aggregate:
		exprs = append(exprs, n.GroupBy...)
		for _, a := range n.Aggs {
			exprs = append(append(exprs, a.Args...), a.Filter)
			for _, k := range a.OrderBy {
				exprs = append(exprs, k.Expr)
			}
		}
		inputs = []plan.Node{n.Input}
	case *plan.Sort:
		for _, k := range n.Keys {
			exprs = append(exprs, k.Expr)
		}
		inputs = []plan.Node{n.Input}
	case *plan.Limit:
		return append([]*plan.Expr{n.Count, n.Offset}, n.Ties...), []plan.Node{n.Input}
	case *plan.Union:
		inputs = n.Inputs
	case *plan.SetOp:
		inputs = []plan.Node{n.Left, n.Right}
	case *plan.Lateral:
		return []*plan.Expr{n.Sub}, []plan.Node{n.Input}
	case *plan.Window:
		exprs = append(exprs, n.PartitionBy...)
		for _, k := range n.OrderBy {
			exprs = append(exprs, k.Expr)
		}
		for _, c := range n.Calls {
			exprs = append(append(exprs, c.Args...), c.Filter, c.Frame.Start.Offset, c.Frame.End.Offset, c.Frame.Start.Limit, c.Frame.End.Limit)
		}
		inputs = []plan.Node{n.Input}
	case *plan.LockRows:
		for _, l := range n.Locks {
			exprs = append(exprs, l.Key...)
		}
		inputs = []plan.Node{n.Input}
	case *plan.WithItem:
		inputs = []plan.Node{n.Input}
	case *plan.Recursive:
		inputs = []plan.Node{n.Base, n.Step}
	case *plan.Unique:
		return n.Keys, []plan.Node{n.Input}
	}
	return exprs, inputs
}
