package planner

import (
	"github.com/millracedb/millrace/planner/plan"
)

// pruneAll makes every node compute only the columns that something above uses. The result's columns stay.
func pruneAll(n plan.Node) plan.Node {
	need := newColumnSet(len(n.Types()))
	need.addAll()
	return pruneTo(n, need)
}

// columnSet is a set of column positions.
type columnSet []bool

func newColumnSet(n int) columnSet { return make(columnSet, n) }

func (s columnSet) addAll() {
	for i := range s {
		s[i] = true
	}
}

func (s columnSet) addExprs(es ...*plan.Expr) {
	for _, e := range es {
		columnsOf(e, func(c int) { s[c] = true })
	}
}

func (s columnSet) list() []int {
	out := []int{}
	for i, in := range s {
		if in {
			out = append(out, i)
		}
	}
	return out
}

// places says where the columns of a pruned node went; -1: gone.
type places []int

func (p places) move(e *plan.Expr) *plan.Expr {
	return mapColumns(e, func(c *plan.Expr) *plan.Expr {
		c.Column = p[c.Column]
		return c
	})
}

// identity are the places of n columns that stayed.
func identity(n int) places {
	p := make(places, n)
	for i := range p {
		p[i] = i
	}
	return p
}

// kept are the places of n columns of which those in list stayed, in this order.
func kept(n int, list []int) places {
	p := make(places, n)
	for i := range p {
		p[i] = -1
	}
	for to, from := range list {
		p[from] = to
	}
	return p
}

// pruneTo returns n with exactly the columns in need.
func pruneTo(n plan.Node, need columnSet) plan.Node {
	ts := n.Types()
	out, at := prune(n, need)
	var exprs []*plan.Expr
	for _, c := range need.list() {
		exprs = append(exprs, plan.Column(at[c], ts[c]))
	}
	return project(out, exprs)
}

// prune returns n with at least the columns in need, and where they are.
func prune(n plan.Node, need columnSet) (plan.Node, places) {
	switch n := n.(type) {
	case *plan.Scan:
		list := need.list()
		return &plan.Scan{Relation: n.Relation, Columns: pick(n.Columns, list), Key: n.Key, Access: n.Access, Log: n.Log, Mark: n.Mark}, kept(len(need), list)
	case *plan.SystemScan:
		list := need.list()
		return plan.NewSystemScan(n.Schema, n.Name, pick(n.Columns, list), pick(n.Types(), list)), kept(len(need), list)
	case *plan.Project:
		return pruneProject(n, need)
	case *plan.Join:
		return pruneJoin(n, need)
	case *plan.Aggregate:
		return pruneAggregate(n, need)
	case *plan.Union:
		out := withInputs(n, func(in plan.Node) plan.Node { return pruneTo(in, need) })
		return out, kept(len(need), need.list())
	case *plan.Window:
		return pruneWindow(n, need)
	case *plan.Lateral:
		return pruneLateral(n, need)
	case *plan.SetOp, *plan.Recursive, *plan.WithItem: // whole rows are compared, or read elsewhere
		return withInputs(n, pruneAll), identity(len(need))
	}
	if len(inputs(n)) == 0 {
		return n, identity(len(need))
	}
	return pruneThrough(n, need)
}

// pruneThrough prunes below a node that passes its input's columns on.
func pruneThrough(n plan.Node, need columnSet) (plan.Node, places) {
	below := append(columnSet(nil), need...)
	withExprs(n, func(e *plan.Expr) *plan.Expr {
		below.addExprs(e)
		return e
	})
	var at places
	out := withInputs(n, func(in plan.Node) plan.Node {
		in, at = prune(in, below)
		return in
	})
	return withExprs(out, at.move), at
}

func pruneProject(n *plan.Project, need columnSet) (plan.Node, places) {
	list := need.list()
	exprs := pick(n.Exprs, list)
	below := newColumnSet(len(n.Input.Types()))
	below.addExprs(exprs...)
	in, at := prune(n.Input, below)
	return &plan.Project{Input: in, Exprs: mapList(exprs, at.move)}, kept(len(need), list)
}

func pruneJoin(n *plan.Join, need columnSet) (plan.Node, places) {
	nl := len(n.Left.Types())
	all := append(columnSet(nil), need...)
	if n.Cond != nil {
		all.addExprs(n.Cond)
	}
	left, right := all[:nl:nl], all[nl:]
	left.addExprs(n.LeftKeys...)
	right.addExprs(n.RightKeys...)
	l, atL := prune(n.Left, left)
	r, atR := prune(n.Right, right)
	width := len(l.Types())
	at := append(places(nil), atL...)
	for _, p := range atR {
		if p >= 0 {
			p += width
		}
		at = append(at, p)
	}
	out := &plan.Join{Kind: n.Kind, Left: l, Right: r, LeftKeys: mapList(n.LeftKeys, atL.move), RightKeys: mapList(n.RightKeys, atR.move)}
	if n.Cond != nil {
		out.Cond = at.move(n.Cond)
	}
	return out, at
}

// pruneAggregate drops aggregates; group columns decide what the groups are and stay.
func pruneAggregate(n *plan.Aggregate, need columnSet) (plan.Node, places) {
	ng := len(n.GroupBy)
	list := identity(ng)
	var aggs []plan.Agg
	below := newColumnSet(len(n.Input.Types()))
	below.addExprs(n.GroupBy...)
	for i, a := range n.Aggs {
		if !need[ng+i] {
			continue
		}
		aggs, list = append(aggs, a), append(list, ng+i)
		below.addExprs(a.Args...)
		if a.Filter != nil {
			below.addExprs(a.Filter)
		}
		for _, k := range a.OrderBy {
			below.addExprs(k.Expr)
		}
	}
	if n.Sets != nil {
		list = append(list, ng+len(n.Aggs))
	}
	in, at := prune(n.Input, below)
	out := &plan.Aggregate{Input: in, GroupBy: mapList(n.GroupBy, at.move), Aggs: mapAggs(aggs, at.move), Sets: n.Sets}
	return out, kept(len(need), list)
}

// pruneLateral passes on what is needed of the input, and all of the query's columns.
func pruneLateral(n *plan.Lateral, need columnSet) (plan.Node, places) {
	width := len(n.Input.Types())
	below := append(columnSet(nil), need[:width]...)
	below.addExprs(n.Sub)
	in, at := prune(n.Input, below)
	at = append(places(nil), at...)
	for i := width; i < len(need); i++ {
		at = append(at, len(in.Types())+i-width)
	}
	return &plan.Lateral{Input: in, Sub: at[:width].move(n.Sub), Outer: n.Outer, Single: n.Single}, at
}

// pruneWindow drops calls; the input's columns are passed on.
func pruneWindow(n *plan.Window, need columnSet) (plan.Node, places) {
	width := len(n.Input.Types())
	out := &plan.Window{Input: n.Input, PartitionBy: n.PartitionBy, OrderBy: n.OrderBy}
	at := make(places, len(need))
	for i, c := range n.Calls {
		at[width+i] = -1
		if need[width+i] {
			at[width+i] = len(out.Calls)
			out.Calls = append(out.Calls, c)
		}
	}
	if out.Calls == nil {
		in, below := prune(n.Input, need[:width:width])
		return in, append(below, at[width:]...)
	}
	below := append(columnSet(nil), need[:width]...)
	withExprs(out, func(e *plan.Expr) *plan.Expr {
		below.addExprs(e)
		return e
	})
	in, moved := prune(n.Input, below)
	copy(at, moved)
	for i := range n.Calls {
		if at[width+i] >= 0 {
			at[width+i] += len(in.Types())
		}
	}
	return withExprs(&plan.Window{Input: in, PartitionBy: out.PartitionBy, OrderBy: out.OrderBy, Calls: out.Calls}, moved.move), at
}

func pick[T any](all []T, list []int) []T {
	out := make([]T, len(list))
	for i, c := range list {
		out[i] = all[c]
	}
	return out
}

// mergeProjects makes one projection of two, where no computed column would be computed more than once for it, and
// drops those that pass all columns on.
func mergeProjects(n plan.Node) plan.Node {
	n = withInputs(n, mergeProjects)
	p, ok := n.(*plan.Project)
	if !ok {
		return n
	}
	if below, ok := p.Input.(*plan.Project); ok && mergeable(p.Exprs, below.Exprs) {
		p = &plan.Project{Input: below.Input, Exprs: mapList(p.Exprs, func(e *plan.Expr) *plan.Expr { return substitute(e, below.Exprs) })}
	}
	return project(p.Input, p.Exprs)
}

func mergeable(above, below []*plan.Expr) bool {
	uses := make([]int, len(below))
	for _, e := range above {
		if hasSubquery(e) {
			return false
		}
		columnsOf(e, func(c int) { uses[c]++ })
	}
	for i, e := range below {
		if uses[i] > 1 && !isTrivial(e) || uses[i] != 1 && isVolatile(e) {
			return false
		}
	}
	return true
}

// isTrivial reports whether computing e costs nothing.
func isTrivial(e *plan.Expr) bool {
	return e.Op == plan.OpColumn || e.Op == plan.OpConst || e.Op == plan.OpParam || e.Op == plan.OpOuter
}
