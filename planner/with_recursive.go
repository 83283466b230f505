package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// bindRecursive binds the query of a WITH item that reads itself: base UNION [ALL] step.
func (b *binder) bindRecursive(c *cte) (*bound, error) {
	sel := c.Query
	if b.continuous {
		return nil, pgerr.Unsupported("WITH RECURSIVE in a continuous query is").At(c.Pos)
	}
	if err := checkRecursive(c.CTE); err != nil {
		return nil, err
	}
	ctes, err := declare(sel, c.sees, c.parent)
	if err != nil {
		return nil, err
	}
	base, err := b.bindQuery(sel.Left, c.parent, ctes, nil)
	if err != nil {
		return nil, err
	}
	b.lastID++
	node := &plan.Recursive{ID: b.lastID, Name: c.Name, All: sel.All, Base: base.node}
	step, err := b.bindStep(c, sel.Right, ctes, base, node.ID)
	if err != nil {
		return nil, err
	}
	if len(step.columns) != len(base.columns) {
		return nil, pgerr.New(pgerr.SyntaxError, "each UNION query must have the same number of columns").At(operandPos(sel.Right))
	}
	before := base.node.Types()
	columns, err := b.matchOperands(base, step, "UNION")
	if err != nil {
		return nil, at(err, operandPos(sel.Right))
	}
	if err := sameTypes(c, before, columns, sel); err != nil {
		return nil, err
	}
	if err := hashable(columns, sel); err != nil {
		return nil, err
	}
	node.Step = step.node
	return &bound{node: node, columns: columns}, b.bindUnused(ctes, len(sel.With))
}

// bindStep binds the recursive term, in which the item's name stands for the rows that came last.
func (b *binder) bindStep(c *cte, sel *ast.Select, ctes *cte, base *bound, id int) (*bound, error) {
	work := &bound{node: &plan.WorkTable{ID: id, Name: c.Name, ColumnTypes: base.node.Types()}}
	for i, f := range base.columns {
		work.columns = append(work.columns, outColumn{name: f.name, expr: plan.Column(i, f.expr.Type)})
	}
	c.working = work
	b.steps++
	step, err := b.bindQuery(sel, c.parent, ctes, operandTargets(sel))
	b.steps--
	c.working = nil
	return step, err
}

// sameTypes checks that the recursive term leaves the types of the first term as they are. Error: 42804.
func sameTypes(c *cte, base []types.Type, columns []outColumn, sel *ast.Select) error {
	for i, col := range columns {
		if col.expr.Type != base[i] {
			return pgerr.New(pgerr.DatatypeMismatch, "recursive query %q column %d has type %s in non-recursive term but type %s overall",
				c.Name, i+1, base[i], col.expr.Type).
				WithHint("Cast the output of the non-recursive term to the correct type.").At(itemPosition(sel.Left, i))
		}
	}
	return nil
}

// hashable checks that the rows of a UNION compare for equality.
func hashable(columns []outColumn, sel *ast.Select) error {
	for i, col := range columns {
		if !sel.All && !comparable(col.expr.Type) {
			return at(needEquality(col.expr), itemPosition(sel.Left, i))
		}
	}
	return nil
}

// checkRecursive checks the form of an item that reads itself. Errors: 42P19, 0A000.
func checkRecursive(c ast.CTE) error {
	sel := c.Query
	if sel.SetOp != "union" {
		return pgerr.New(pgerr.InvalidRecursion, "recursive query %q does not have the form non-recursive-term UNION [ALL] recursive-term", c.Name).
			At(c.Pos)
	}
	check := func(node any, in string) error {
		r := references{in: in}
		r.read = r.selfRead(c.Name)
		ast.Walk(node, r.visit)
		return r.err
	}
	if err := check(sel.Left, "its non-recursive term"); err != nil {
		return err
	}
	if err := check(sel.Right, ""); err != nil {
		return err
	}
	for _, w := range sel.With {
		if err := check(w.Query, "a subquery"); err != nil {
			return err
		}
	}
	refuse := func(what string, pos int) error {
		return pgerr.New(pgerr.FeatureNotSupported, "%s in a recursive query is not implemented", what).At(pos)
	}
	switch {
	case len(sel.OrderBy) > 0:
		return refuse("ORDER BY", sel.OrderBy[0].Expr.Position())
	case sel.Offset != nil:
		return refuse("OFFSET", sel.Offset.Position())
	case sel.Limit != nil:
		return refuse("LIMIT", sel.Limit.Position())
	case len(sel.Locking) > 0:
		return refuse("FOR UPDATE/SHARE", sel.Locking[0].Pos)
	}
	return nil
}

// recursiveItems tells which items of a WITH RECURSIVE read themselves. Error: 0A000 for such that read each other.
func recursiveItems(items []ast.CTE) (map[string]bool, error) {
	recursive := map[string]bool{}
	needs := make([][]string, len(items))
	for i, c := range items {
		r := references{}
		r.read = func(ref *ast.TableRef) {
			switch name := ref.Name.Last(); {
			case name == c.Name:
				recursive[name] = true
			case slices.ContainsFunc(items, func(o ast.CTE) bool { return o.Name == name }):
				needs[i] = append(needs[i], name)
			}
		}
		ast.Walk(c.Query, r.visit)
	}
	left := make([]int, len(items))
	for i := range left {
		left[i] = i
	}
	for len(left) > 0 {
		ready := slices.IndexFunc(left, func(i int) bool {
			return !slices.ContainsFunc(left, func(o int) bool { return slices.Contains(needs[i], items[o].Name) })
		})
		if ready < 0 {
			return nil, pgerr.New(pgerr.FeatureNotSupported, "mutual recursion between WITH items is not implemented").At(items[left[0]].Pos)
		}
		left = slices.Delete(left, ready, ready+1)
	}
	return recursive, nil
}

// references walks a query and tells of the names without a schema in its FROM lists that are not those of WITH items inside of it.
type references struct {
	read  func(*ast.TableRef)
	inner []string // names of WITH items inside
	in    string   // what the present place is in, where the recursive term may not be read; "": it may
	found int
	err   error
}

// selfRead checks that the item name is read in one place in which that can be. Error: 42P19.
func (r *references) selfRead(name string) func(*ast.TableRef) {
	return func(ref *ast.TableRef) {
		if ref.Name.Last() != name || r.err != nil {
			return
		}
		where := "more than once"
		if r.in != "" {
			where = "within " + r.in
		} else if r.found++; r.found == 1 {
			return
		}
		r.err = pgerr.New(pgerr.InvalidRecursion, "recursive reference to query %q must not appear %s", name, where).At(ref.Name.Pos)
	}
}

func (r *references) visit(node any) bool {
	switch n := node.(type) {
	case *ast.TableRef:
		if len(n.Name.Parts) == 1 && !slices.Contains(r.inner, n.Name.Last()) {
			r.read(n)
		}
	case *ast.Select:
		r.query(n)
		return false
	case *ast.Join:
		r.join(n)
		return false
	case *ast.Derived:
		ast.Walk(n.Query, r.visit)
		return false
	case *ast.Subquery, *ast.Exists:
		return r.subquery(node)
	case *ast.In:
		return n.Query == nil || r.subquery(node)
	case *ast.Quantified:
		return n.Query == nil || r.subquery(node)
	case *ast.Array:
		return n.Query == nil || r.subquery(node)
	}
	return true
}

// within walks nodes in a place that is in something.
func (r *references) within(in string, nodes ...any) {
	before := r.in
	if r.in == "" || in == "a subquery" { // a subquery counts whatever it is in
		r.in = in
	}
	for _, n := range nodes {
		ast.Walk(n, r.visit)
	}
	r.in = before
}

// subquery walks an expression that has a query.
func (r *references) subquery(node any) bool {
	switch n := node.(type) {
	case *ast.Subquery:
		r.within("a subquery", n.Query)
	case *ast.Exists:
		r.within("a subquery", n.Query)
	case *ast.In:
		r.within("a subquery", n.Query)
		ast.Walk(n.Arg, r.visit)
	case *ast.Quantified:
		r.within("a subquery", n.Query)
		ast.Walk(n.Arg, r.visit)
	case *ast.Array:
		r.within("a subquery", n.Query)
	}
	return false
}

// query walks a query with its WITH items, whose names hide others.
func (r *references) query(sel *ast.Select) {
	outside := len(r.inner)
	for _, c := range sel.With {
		if sel.Recursive {
			r.inner = append(r.inner, c.Name)
		}
	}
	for _, c := range sel.With {
		ast.Walk(c.Query, r.visit)
		if !sel.Recursive {
			r.inner = append(r.inner, c.Name)
		}
	}
	rest := *sel
	rest.With = nil
	switch {
	case sel.SetOp == "intersect" && sel.All:
		r.within("INTERSECT", sel.Left, sel.Right)
		rest.Left, rest.Right = nil, nil
	case sel.SetOp == "except":
		left := ""
		if sel.All {
			left = "EXCEPT"
		}
		r.within(left, sel.Left)
		r.within("EXCEPT", sel.Right)
		rest.Left, rest.Right = nil, nil
	}
	for _, part := range []any{rest.Left, rest.Right, rest.DistinctOn, rest.Items, rest.From, rest.Where, rest.GroupBy, rest.Having, rest.Windows,
		rest.Values, rest.OrderBy, rest.Limit, rest.Offset} {
		ast.Walk(part, r.visit)
	}
	r.inner = r.inner[:outside]
}

// join walks a join. Its sides are in an outer join if the join may leave the other side's rows without them.
func (r *references) join(j *ast.Join) {
	left, right := "", ""
	if j.Kind == "left" || j.Kind == "full" {
		right = "an outer join"
	}
	if j.Kind == "right" || j.Kind == "full" {
		left = "an outer join"
	}
	r.within(left, j.Left)
	r.within(right, j.Right)
	ast.Walk(j.On, r.visit)
}

// workTableFirst exchanges the sides of inner joins in recursive terms that keep the rows that came last and stream the others:
// what is kept is kept from step to step then.
func workTableFirst(n plan.Node) plan.Node {
	n = withInputs(n, workTableFirst)
	if r, ok := n.(*plan.Recursive); ok {
		return &plan.Recursive{ID: r.ID, Name: r.Name, All: r.All, Base: r.Base, Step: workFirst(r.Step, r.ID)}
	}
	return n
}

func workFirst(n plan.Node, id int) plan.Node {
	n = withInputs(n, func(in plan.Node) plan.Node { return workFirst(in, id) })
	j, ok := n.(*plan.Join)
	if !ok || j.Kind != plan.JoinInner || readsWorkTable(j.Left, id) || !readsWorkTable(j.Right, id) {
		return n
	}
	ts := j.Types()
	nl, nr := len(j.Left.Types()), len(j.Right.Types())
	moved := make([]*plan.Expr, len(ts))
	for i, t := range ts {
		to := i + nr
		if i >= nl {
			to = i - nl
		}
		moved[i] = plan.Column(to, t)
	}
	swapped := &plan.Join{Kind: j.Kind, Left: j.Right, Right: j.Left, LeftKeys: j.RightKeys, RightKeys: j.LeftKeys}
	if j.Cond != nil {
		swapped.Cond = substitute(j.Cond, moved)
	}
	return &plan.Project{Input: swapped, Exprs: moved}
}

func readsWorkTable(n plan.Node, id int) bool {
	found := false
	walkNodes(n, func(n plan.Node) {
		w, ok := n.(*plan.WorkTable)
		found = found || ok && w.ID == id
	})
	return found
}
