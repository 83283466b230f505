package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// isLateral reports whether an item of FROM sees the items before it: a function does, with or without the word.
func isLateral(item ast.TableExpr) bool {
	switch item := item.(type) {
	case *ast.Derived:
		return item.Lateral
	case *ast.FuncTable:
		return !isWindowed(item)
	}
	return false
}

// bindLateral binds the query of a lateral item behind left. Its references to left are those of a subquery.
func (b *binder) bindLateral(item ast.TableExpr, left *fromItem, parent *scope, ctes *cte) (*fromItem, error) {
	seen := &scope{parent: parent, columns: left.columns, tables: left.tables, ctes: ctes}
	if f, ok := item.(*ast.FuncTable); ok {
		return b.bindFunctionTable(f, seen, ctes)
	}
	plain := *item.(*ast.Derived)
	plain.Lateral = false
	return b.bindDerived(&plain, seen, ctes)
}

// lateralCross pairs the rows of left with those that a lateral item gives for each.
func (b *binder) lateralCross(d ast.TableExpr, left *fromItem, parent *scope, ctes *cte) (*fromItem, error) {
	right, lateral, err := b.besides(d, left, parent, ctes)
	if err != nil {
		return nil, err
	}
	item, err := crossJoin(left, right)
	if err != nil || !lateral {
		return item, err
	}
	return b.makeLateral(item), nil
}

// besides binds an item of FROM that may see left. lateral is false for a function that does not use it: its rows are the
// same for all rows of left.
func (b *binder) besides(d ast.TableExpr, left *fromItem, parent *scope, ctes *cte) (right *fromItem, lateral bool, err error) {
	if right, err = b.bindLateral(d, left, parent, ctes); err != nil {
		return nil, false, err
	}
	f, ok := d.(*ast.FuncTable)
	if !ok || usesOuterRow(right.node) {
		return right, true, nil
	}
	right, err = b.bindFunctionTable(f, parent, ctes)
	return right, false, err
}

// usesOuterRow reports whether a node uses a row of the query just around it.
func usesOuterRow(n plan.Node) bool {
	found := false
	walkNodeExprs(n, func(e *plan.Expr) {
		walkExpr(e, func(x *plan.Expr, depth int) { found = found || x.Op == plan.OpOuter && x.Depth == depth+1 })
	})
	return found
}

// makeLateral makes a Lateral of item's join, whose right side is bound as a lateral query. The join's condition goes into
// the query.
func (b *binder) makeLateral(item *fromItem) *fromItem {
	join := item.node.(*plan.Join)
	root := join.Right
	if join.Cond != nil {
		root = &plan.Filter{Input: root, Pred: intoRight(lift(join.Cond, 1), 0, len(join.Left.Types()))}
	}
	q := &bound{node: root}
	sub := &plan.Expr{Op: plan.OpSubquery, Type: types.Bool, Sub: &plan.Query{Root: b.lateralRoot(q)}}
	item.node = &plan.Lateral{Input: join.Left, Sub: sub, Outer: join.Kind == plan.JoinLeft}
	return item
}

func (b *binder) lateralRoot(q *bound) plan.Node {
	if b.continuous {
		return q.node
	}
	return b.optimize(q.node)
}

// intoRight makes of e, a condition over pairs of rows that was lifted into the right side's query, one over the right
// side's rows: the columns behind the first nl are those.
func intoRight(e *plan.Expr, level, nl int) *plan.Expr {
	if e == nil {
		return nil
	}
	if e.Op == plan.OpOuter && e.Depth == level+1 && e.Column >= nl {
		c := *e
		c.Column, c.Depth = e.Column-nl, level
		if level == 0 {
			c.Op = plan.OpColumn
		}
		return &c
	}
	n := withArgs(e, func(a *plan.Expr) *plan.Expr { return intoRight(a, level, nl) })
	if e.Sub == nil {
		return n
	}
	return withSub(n, func(x *plan.Expr) *plan.Expr { return intoRight(x, level+1, nl) })
}

// refuseLateralKind refuses a lateral item on the right of a join that keeps its unmatched rows. Error: 42P10.
func refuseLateralKind(kind plan.JoinKind, item ast.TableExpr) error {
	d, ok := item.(*ast.Derived)
	if !ok || kind == plan.JoinInner || kind == plan.JoinLeft {
		return nil
	}
	return errLateralKind().At(d.Pos)
}

func errLateralKind() *pgerr.Error {
	return pgerr.New(pgerr.InvalidColumnReference, "a LATERAL item cannot be joined this way").
		WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
}

// hasLateral reports whether a chain of joins has a lateral item that may see what stands before the chain: on the
// right of inner and left joins by ON, all the way down.
func hasLateral(item ast.TableExpr) bool {
	j, ok := item.(*ast.Join)
	if !ok {
		return false
	}
	found := false
	for ; ok; j, ok = j.Left.(*ast.Join) {
		if k := joinKinds[j.Kind]; k != plan.JoinInner && k != plan.JoinLeft || j.Natural || j.Using != nil {
			return false
		}
		found = found || isLateral(j.Right)
	}
	return found
}
