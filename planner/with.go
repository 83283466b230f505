package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// cte is a list of WITH items in scope, the newest first.
type cte struct {
	ast.CTE
	next   *cte
	sees   *cte   // the items that its query sees: those behind it, or with RECURSIVE all of its list
	parent *scope // of the query that has the WITH
	level  int    // of that query
	steps  int    // binder.steps there
	used   bool

	recursive bool   // its query reads it
	working   *bound // its rows as they are read by its own recursive term, while that is being bound
	shared    *bound // its rows, if the query is run once wherever they are read
	cost      int    // queries that binding it took
}

func (c *cte) find(name string) *cte {
	for ; c != nil; c = c.next {
		if c.Name == name {
			c.used = true
			return c
		}
	}
	return nil
}

// declare puts the WITH items of sel before those in scope.
func declare(sel *ast.Select, ctes *cte, parent *scope) (*cte, error) {
	first := ctes
	for i, c := range sel.With {
		if slices.ContainsFunc(sel.With[:i], func(o ast.CTE) bool { return o.Name == c.Name }) {
			return nil, pgerr.New(pgerr.DuplicateAlias, "WITH query name %q specified more than once", c.Name).At(c.Pos)
		}
		ctes = &cte{CTE: c, next: ctes, sees: ctes, parent: parent, level: parent.level()}
	}
	if !sel.Recursive {
		return ctes, nil
	}
	recursive, err := recursiveItems(sel.With)
	if err != nil {
		return nil, err
	}
	for c := ctes; c != first; c = c.next {
		c.sees, c.recursive = ctes, recursive[c.Name]
	}
	return ctes, nil
}

// declareWrite takes the WITH clause before INSERT, UPDATE or DELETE.
func (b *binder) declareWrite(with *ast.With) (err error) {
	b.clock = true
	if with != nil {
		b.ctes, err = declare(&ast.Select{With: with.Items, Recursive: with.Recursive}, nil, nil)
	}
	return err
}

// declaredUnused is bindUnused for declareWrite.
func (b *binder) declaredUnused(with *ast.With) error {
	if with == nil {
		return nil
	}
	return b.bindUnused(b.ctes, len(with.Items))
}

// level is how many queries are around what is in s; nil is around a whole statement.
func (s *scope) level() int {
	n := 0
	for ; s != nil; s = s.parent {
		n++
	}
	return n
}

// enterLevel notes the level of a query that is going to be bound; the result puts back what was.
func (b *binder) enterLevel(parent *scope) (leave func()) {
	before := b.level
	b.level = parent.level()
	return func() { b.level = before }
}

// bindUnused binds those of the first n WITH items that nothing used, for their errors.
func (b *binder) bindUnused(ctes *cte, n int) error {
	for ; n > 0; n-- {
		if !ctes.used {
			if _, err := b.itemQuery(ctes); err != nil {
				return err
			}
		}
		ctes = ctes.next
	}
	return nil
}

// bindCTE binds a WITH item where it is used.
func (b *binder) bindCTE(c *cte, ref *ast.TableRef) (*fromItem, error) {
	q, err := b.withItem(c)
	if err != nil {
		return nil, err
	}
	item := q.item(c.Name)
	if c.working != nil {
		item.tables[0].work = true
	}
	if len(c.Columns) > len(q.columns) {
		return nil, pgerr.New(pgerr.InvalidColumnReference, "WITH query %q has %d columns available but %d columns specified",
			c.Name, len(q.columns), len(c.Columns)).At(c.Pos)
	}
	if err := item.rename(c.Columns, c.Name, c.Pos); err != nil {
		return nil, err
	}
	if ref.Alias != "" {
		item.retitle(ref.Alias)
	}
	return item, item.rename(ref.Columns, item.tables[0].name, ref.Name.Pos)
}

// withItem returns the rows of a WITH item for a place in which they are read. Its query is put in there, or, if it should not or
// need not be run again in another place, a WithItem that all places share.
func (b *binder) withItem(c *cte) (*bound, error) {
	switch {
	case c.working != nil:
		return c.working, nil
	case c.shared != nil:
		c.shared.node.(*plan.WithItem).Item.Again = true
		if b.queries += c.cost; b.queries > maxQueries {
			return nil, tooComplex("queries", maxQueries)
		}
		return c.shared, nil
	}
	before := b.queries
	q, err := b.itemQuery(c)
	if err != nil {
		return nil, err
	}
	if b.continuous || !isClosed(q.node) || !c.recursive && !c.Materialized && !computesVolatile(q.node) {
		q.node = deeper(q.node, b.level-c.level)
		return q, nil
	}
	q.node = &plan.WithItem{Item: &plan.Item{Name: c.Name, Again: b.level > c.level || b.steps > c.steps}, Input: q.node}
	c.shared, c.cost = q, b.queries-before
	return q, nil
}

// itemQuery binds the query of a WITH item, at the level of the query that has it.
func (b *binder) itemQuery(c *cte) (*bound, error) {
	if c.recursive {
		return b.bindRecursive(c)
	}
	return b.bindQuery(c.Query, c.parent, c.sees, nil)
}

// deeper moves a query levels down: what it uses of queries around is farther out there.
func deeper(n plan.Node, levels int) plan.Node {
	if levels == 0 {
		return n
	}
	return mapNodeExprs(n, func(e *plan.Expr) *plan.Expr { return liftAt(e, 1, levels) })
}

// isClosed reports whether a query uses nothing from around it: no row of an outer query, and no work table.
func isClosed(n plan.Node) bool {
	own := map[int]bool{}
	closed := true
	walkNodes(n, func(n plan.Node) {
		if r, ok := n.(*plan.Recursive); ok {
			own[r.ID] = true
		}
	})
	walkNodes(n, func(n plan.Node) {
		if w, ok := n.(*plan.WorkTable); ok && !own[w.ID] {
			closed = false
		}
	})
	walkNodeExprs(n, func(e *plan.Expr) {
		walkExpr(e, func(x *plan.Expr, depth int) { closed = closed && (x.Op != plan.OpOuter || x.Depth <= depth) })
	})
	return closed
}

func computesVolatile(n plan.Node) bool {
	found := false
	walkNodeExprs(n, func(e *plan.Expr) { found = found || isVolatile(e) })
	return found
}

// unshare puts the queries of WITH items that are read once in the place where they are.
func unshare(n plan.Node) plan.Node {
	n = withInputs(n, unshare)
	if w, ok := n.(*plan.WithItem); ok && !w.Item.Again {
		return w.Input
	}
	return n
}
