package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
)

// inputs returns the nodes that n reads.
func inputs(n plan.Node) []plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return []plan.Node{n.Input}
	case *plan.Project:
		return []plan.Node{n.Input}
	case *plan.Join:
		return []plan.Node{n.Left, n.Right}
	case *plan.Aggregate:
		return []plan.Node{n.Input}
	case *plan.Sort:
		return []plan.Node{n.Input}
	case *plan.Limit:
		return []plan.Node{n.Input}
	case *plan.Union:
		return n.Inputs
	case *plan.SetOp:
		return []plan.Node{n.Left, n.Right}
	case *plan.Unique:
		return []plan.Node{n.Input}
	case *plan.LockRows:
		return []plan.Node{n.Input}
	case *plan.Window:
		return []plan.Node{n.Input}
	case *plan.Lateral:
		return []plan.Node{n.Input}
	case *plan.WithItem:
		return []plan.Node{n.Input}
	case *plan.Recursive:
		return []plan.Node{n.Base, n.Step}
	}
	return nil
}

// withInputs returns a copy of n that reads f of what n reads. It is the one place that copies nodes.
func withInputs(n plan.Node, f func(plan.Node) plan.Node) plan.Node {
	switch n := n.(type) {
	case *plan.Filter:
		return &plan.Filter{Input: f(n.Input), Pred: n.Pred}
	case *plan.Project:
		return &plan.Project{Input: f(n.Input), Exprs: n.Exprs}
	case *plan.Join:
		c := *n
		c.Left, c.Right = f(n.Left), f(n.Right)
		return &c
	case *plan.Aggregate:
		return &plan.Aggregate{Input: f(n.Input), GroupBy: n.GroupBy, Aggs: n.Aggs, Sets: n.Sets}
	case *plan.Sort:
		return &plan.Sort{Input: f(n.Input), Keys: n.Keys}
	case *plan.Limit:
		return &plan.Limit{Input: f(n.Input), Count: n.Count, Offset: n.Offset, Ties: n.Ties}
	case *plan.Union:
		c := &plan.Union{Inputs: make([]plan.Node, len(n.Inputs))}
		for i, in := range n.Inputs {
			c.Inputs[i] = f(in)
		}
		return c
	case *plan.SetOp:
		return &plan.SetOp{Kind: n.Kind, All: n.All, Left: f(n.Left), Right: f(n.Right)}
	case *plan.Unique:
		return &plan.Unique{Input: f(n.Input), Keys: n.Keys}
	case *plan.LockRows:
		return &plan.LockRows{Input: f(n.Input), Locks: n.Locks, OneByOne: n.OneByOne}
	case *plan.Lateral:
		return &plan.Lateral{Input: f(n.Input), Sub: n.Sub, Outer: n.Outer, Single: n.Single}
	case *plan.WithItem:
		return &plan.WithItem{Item: n.Item, Input: f(n.Input)}
	case *plan.Recursive:
		c := *n
		c.Base, c.Step = f(n.Base), f(n.Step)
		return &c
	case *plan.Window:
		c := *n
		c.Input = f(n.Input)
		return &c
	}
	return n
}

// withExprs returns a copy of n, its inputs kept, with f applied to its own expressions.
func withExprs(n plan.Node, f func(*plan.Expr) *plan.Expr) plan.Node {
	opt := func(e *plan.Expr) *plan.Expr {
		if e == nil {
			return nil
		}
		return f(e)
	}
	switch n := n.(type) {
	case *plan.Scan:
		return &plan.Scan{Relation: n.Relation, Columns: n.Columns, Key: mapList(n.Key, f), Access: n.Access.Map(f), Log: n.Log.Map(f), Mark: n.Mark}
	case *plan.FuncScan:
		c := &plan.FuncScan{Calls: slices.Clone(n.Calls), Ordinality: n.Ordinality}
		for i := range c.Calls {
			c.Calls[i].Args = mapList(c.Calls[i].Args, f)
		}
		return c
	case *plan.Values:
		return &plan.Values{ColumnTypes: n.ColumnTypes, Rows: mapRows(n.Rows, f)}
	case *plan.Filter:
		return &plan.Filter{Input: n.Input, Pred: f(n.Pred)}
	case *plan.Project:
		return &plan.Project{Input: n.Input, Exprs: mapList(n.Exprs, f)}
	case *plan.Join:
		return &plan.Join{Kind: n.Kind, Left: n.Left, Right: n.Right,
			LeftKeys: mapList(n.LeftKeys, f), RightKeys: mapList(n.RightKeys, f), Cond: opt(n.Cond)}
	case *plan.Aggregate:
		return &plan.Aggregate{Input: n.Input, GroupBy: mapList(n.GroupBy, f), Aggs: mapAggs(n.Aggs, f), Sets: n.Sets}
	case *plan.Sort:
		return &plan.Sort{Input: n.Input, Keys: mapSortKeys(n.Keys, f)}
	case *plan.Limit:
		return &plan.Limit{Input: n.Input, Count: opt(n.Count), Offset: opt(n.Offset), Ties: mapList(n.Ties, f)}
	case *plan.Unique:
		return &plan.Unique{Input: n.Input, Keys: mapList(n.Keys, f)}
	case *plan.LockRows:
		locks := slices.Clone(n.Locks)
		for i := range locks {
			locks[i].Key = mapList(locks[i].Key, f)
		}
		return &plan.LockRows{Input: n.Input, Locks: locks, OneByOne: n.OneByOne}
	case *plan.Lateral:
		return &plan.Lateral{Input: n.Input, Sub: f(n.Sub), Outer: n.Outer, Single: n.Single}
	case *plan.Window:
		return &plan.Window{Input: n.Input, PartitionBy: mapList(n.PartitionBy, f), OrderBy: mapSortKeys(n.OrderBy, f),
			Calls: mapCalls(n.Calls, f)}
	}
	return n
}

// mapList applies f to all of list; the result is list itself if nothing changed.
func mapList(list []*plan.Expr, f func(*plan.Expr) *plan.Expr) []*plan.Expr {
	var out []*plan.Expr
	for i, e := range list {
		n := f(e)
		if n != e && out == nil {
			out = append([]*plan.Expr(nil), list...)
		}
		if out != nil {
			out[i] = n
		}
	}
	if out == nil {
		return list
	}
	return out
}

func mapRows(rows [][]*plan.Expr, f func(*plan.Expr) *plan.Expr) [][]*plan.Expr {
	var out [][]*plan.Expr
	for i, row := range rows {
		n := mapList(row, f)
		if len(n) > 0 && &n[0] != &row[0] && out == nil {
			out = append([][]*plan.Expr(nil), rows...)
		}
		if out != nil {
			out[i] = n
		}
	}
	if out == nil {
		return rows
	}
	return out
}

func mapAggs(aggs []plan.Agg, f func(*plan.Expr) *plan.Expr) []plan.Agg {
	out := append([]plan.Agg(nil), aggs...)
	for i := range out {
		out[i].Args = mapList(out[i].Args, f)
		if out[i].Filter != nil {
			out[i].Filter = f(out[i].Filter)
		}
		if out[i].OrderBy != nil {
			out[i].OrderBy = mapSortKeys(out[i].OrderBy, f)
		}
	}
	return out
}

func mapSortKeys(keys []plan.SortKey, f func(*plan.Expr) *plan.Expr) []plan.SortKey {
	out := append([]plan.SortKey(nil), keys...)
	for i := range out {
		out[i].Expr = f(out[i].Expr)
	}
	return out
}

// mapCalls applies f to the expressions of calls, their frames' offsets included.
func mapCalls(calls []plan.WindowCall, f func(*plan.Expr) *plan.Expr) []plan.WindowCall {
	out := append([]plan.WindowCall(nil), calls...)
	for i := range out {
		c := &out[i]
		c.Args = mapList(c.Args, f)
		for _, e := range []**plan.Expr{&c.Filter, &c.Frame.Start.Offset, &c.Frame.End.Offset, &c.Frame.Start.Limit, &c.Frame.End.Limit} {
			if *e != nil {
				*e = f(*e)
			}
		}
	}
	return out
}

// mapNodeExprs applies f to the expressions of n and of all nodes below.
func mapNodeExprs(n plan.Node, f func(*plan.Expr) *plan.Expr) plan.Node {
	return withExprs(withInputs(n, func(in plan.Node) plan.Node { return mapNodeExprs(in, f) }), f)
}

// walkNodeExprs calls f for the expressions of n and of all nodes below.
func walkNodeExprs(n plan.Node, f func(*plan.Expr)) {
	mapNodeExprs(n, func(e *plan.Expr) *plan.Expr {
		f(e)
		return e
	})
}

// walkNodes calls f for n and all nodes below, those of subqueries included.
func walkNodes(n plan.Node, f func(plan.Node)) {
	f(n)
	for _, in := range inputs(n) {
		walkNodes(in, f)
	}
	withExprs(n, func(e *plan.Expr) *plan.Expr {
		for _, sub := range subqueriesOf(e) {
			walkNodes(sub.Root, f)
		}
		return e
	})
}

// subqueriesOf returns the subqueries of e itself, not those inside them.
func subqueriesOf(e *plan.Expr) []*plan.Query {
	var out []*plan.Query
	walkExpr(e, func(x *plan.Expr, depth int) {
		if depth == 0 && x.Sub != nil {
			out = append(out, x.Sub)
		}
	})
	return out
}
