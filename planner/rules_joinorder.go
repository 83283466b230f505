package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
)

// maxOrderedJoins bounds the inputs of inner joins that are put in order; more are joined as they are written.
const maxOrderedJoins = 64

// orderJoins puts the inputs of inner joins in order, where sizes are known: the largest is streamed, the others are kept, and first
// come those that leave the fewest of its rows. Outer and lateral joins are fences, and so is what locks rows.
func (b *binder) orderJoins(n plan.Node) plan.Node {
	if b.env.Records == nil {
		return n
	}
	switch n := n.(type) {
	case *plan.LockRows, *plan.Recursive:
		return n
	case *plan.Join:
		if n.Kind == plan.JoinInner {
			return b.orderTree(n)
		}
	}
	return withInputs(n, b.orderJoins)
}

// orderTree orders the inner joins that begin with n.
func (b *binder) orderTree(n plan.Node) plan.Node {
	n = b.orderLeaves(n)
	t := &joinTree{types: len(n.Types())}
	if t.collect(n, 0) && len(t.leaves) <= maxOrderedJoins {
		if ordered := t.ordered(b.env); ordered != nil && joinCost(ordered.Input, b.env) < joinCost(n, b.env) {
			return ordered
		}
	}
	return n
}

// orderLeaves orders the joins within the inputs of inner joins.
func (b *binder) orderLeaves(n plan.Node) plan.Node {
	if j, ok := n.(*plan.Join); ok && j.Kind == plan.JoinInner {
		return withInputs(n, b.orderLeaves)
	}
	return b.orderJoins(n)
}

// joinTree is the inner joins of several inputs; expressions are over the columns of all of them.
type joinTree struct {
	leaves []joinLeaf
	keys   [][2]*plan.Expr // that are equal
	conds  []*plan.Expr
	types  int // columns
}

type joinLeaf struct {
	node  plan.Node
	start int // of its columns
	rows  float64
	share float64 // of the rows that its relation has
}

// collect adds the inputs of n, whose columns begin at start; false if n cannot be taken apart.
func (t *joinTree) collect(n plan.Node, start int) bool {
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.JoinInner {
		if readsSystem(n) {
			return false
		}
		t.leaves = append(t.leaves, joinLeaf{node: n, start: start})
		return true
	}
	nl := len(j.Left.Types())
	for i := range j.LeftKeys {
		if !movable(j.LeftKeys[i]) || !movable(j.RightKeys[i]) {
			return false
		}
		t.keys = append(t.keys, [2]*plan.Expr{shift(j.LeftKeys[i], start), shift(j.RightKeys[i], start+nl)})
	}
	for _, c := range conjuncts(j.Cond) {
		if !movable(c) {
			return false
		}
		t.conds = append(t.conds, shift(c, start))
	}
	return t.collect(j.Left, start) && t.collect(j.Right, start+nl)
}

// readsSystem reports whether n reads a relation whose size nobody knows, and which is small.
func readsSystem(n plan.Node) bool {
	found := false
	walkNodes(n, func(n plan.Node) {
		_, ok := n.(*plan.SystemScan)
		found = found || ok
	})
	return found
}

// leafOf returns the input that has a column.
func (t *joinTree) leafOf(column int) int {
	leaf := 0
	for i := range t.leaves {
		if t.leaves[i].start <= column {
			leaf = i
		}
	}
	return leaf
}

// set is which inputs an expression uses, or which are joined.
type set uint64

func (s set) has(i int) bool    { return s&(1<<i) != 0 }
func (s set) within(o set) bool { return s&^o == 0 }
func (t *joinTree) of(e *plan.Expr) (s set) {
	columnsOf(e, func(c int) { s |= 1 << t.leafOf(c) })
	return s
}

// ordered returns the joins in their order, nil if they are in it, or if an equality could not be said otherwise.
func (t *joinTree) ordered(env *Env) *plan.Project {
	for i := range t.leaves {
		leaf := &t.leaves[i]
		leaf.rows, leaf.share = estimate(leaf.node, env)
	}
	order := t.order()
	if slices.IsSorted(order) {
		return nil
	}
	return t.build(order)
}

// order lists the inputs: the largest one first, then, of those with a key to what is joined, the one that leaves the smallest share.
func (t *joinTree) order() []int {
	first := 0
	for i, l := range t.leaves {
		if l.rows > t.leaves[first].rows {
			first = i
		}
	}
	order, joined := []int{first}, set(1)<<first
	for len(order) < len(t.leaves) {
		next := -1
		for i := range t.leaves {
			if !joined.has(i) && (next < 0 || t.before(i, next, joined)) {
				next = i
			}
		}
		order, joined = append(order, next), joined|1<<next
	}
	return order
}

// before reports whether input a is to be joined before b.
func (t *joinTree) before(a, b int, joined set) bool {
	ka, kb := t.connected(a, joined), t.connected(b, joined)
	la, lb := t.leaves[a], t.leaves[b]
	switch {
	case ka != kb:
		return ka
	case ka && la.share != lb.share:
		return la.share < lb.share
	}
	return la.rows < lb.rows
}

// connected reports whether there is a key between input i and what is joined.
func (t *joinTree) connected(i int, joined set) bool {
	for _, k := range t.keys {
		if l, r := t.of(k[0]), t.of(k[1]); l == 1<<i && r.within(joined) || r == 1<<i && l.within(joined) {
			return true
		}
	}
	return false
}

// build joins the inputs in an order, from left to right, and puts the columns back into theirs.
func (t *joinTree) build(order []int) *plan.Project {
	moved := make([]*plan.Expr, t.types)
	at := 0
	starts := make([]int, len(order))
	for step, i := range order {
		starts[step] = at
		for c, typ := range t.leaves[i].node.Types() {
			moved[t.leaves[i].start+c] = plan.Column(at, typ)
			at++
		}
	}
	var out plan.Node
	joined, done, asked := set(0), make([]bool, len(t.keys)), make([]bool, len(t.conds))
	for step, i := range order {
		before := joined
		if joined |= 1 << i; step == 0 {
			out = t.leaves[i].node
			continue
		}
		j := &plan.Join{Kind: plan.JoinInner, Left: out, Right: t.leaves[i].node}
		var conds []*plan.Expr
		for k, key := range t.keys {
			l, r := t.of(key[0]), t.of(key[1])
			if done[k] || !(l | r).within(joined) {
				continue
			}
			done[k] = true
			a, b := substitute(key[0], moved), substitute(key[1], moved)
			switch {
			case l.within(before) && r == 1<<i:
				j.LeftKeys, j.RightKeys = append(j.LeftKeys, a), append(j.RightKeys, shift(b, -starts[step]))
			case r.within(before) && l == 1<<i:
				j.LeftKeys, j.RightKeys = append(j.LeftKeys, b), append(j.RightKeys, shift(a, -starts[step]))
			default:
				sig, err := funcs.ResolveOperator("=", a.Type, b.Type)
				if err != nil || sig.Args[0] != a.Type || sig.Args[1] != b.Type {
					return nil
				}
				conds = append(conds, &plan.Expr{Op: plan.OpCall, Func: sig.ID, Type: sig.Result, Args: []*plan.Expr{a, b}})
			}
		}
		for c, cond := range t.conds {
			if !asked[c] && t.of(cond).within(joined) {
				asked[c] = true
				conds = append(conds, substitute(cond, moved))
			}
		}
		j.Cond = conjunction(conds)
		out = j
	}
	return &plan.Project{Input: out, Exprs: moved}
}
