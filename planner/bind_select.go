package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// selectBinder binds one SELECT … FROM …: from bottom to top FROM, WHERE, grouping, HAVING, select list, DISTINCT, ORDER BY,
// LIMIT.
type selectBinder struct {
	*binder
	sel   *ast.Select
	scope *scope
	node  plan.Node
	items []ast.SelectItem // without stars; parallel to out
	out   []outColumn      // select list, then hidden columns of ORDER BY
	group grouping
	// windows are the window functions of the select list and ORDER BY.
	windows windowing
	sets    setCalls       // of the select list
	order   []plan.SortKey // Expr is a column of out
	on      []*plan.Expr   // of DISTINCT ON: columns of out
	locks   []plan.RowLock // of FOR UPDATE and the like: their keys are columns of out
}

func (b *binder) bindSelect(sel *ast.Select, parent *scope, ctes *cte, targets []types.Type) (*bound, error) {
	from, err := b.bindFrom(b.passLocking(sel), parent, ctes)
	if err != nil {
		return nil, err
	}
	s := &selectBinder{binder: b, sel: sel, node: from.node,
		scope: &scope{parent: parent, columns: from.columns, tables: from.tables, ctes: ctes}}
	for _, step := range []func() error{s.where, s.namedWindows, func() error { return s.list(targets) }, s.besideSets, s.groupBy, s.orderBy, s.distinctOn,
		s.having, s.unusedWindows, s.aggregate, s.window, s.checkLocked, s.locking} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if err := s.project(); err != nil {
		return nil, err
	}
	return b.limit(s.finish(), sel, parent)
}

func (s *selectBinder) where() error {
	if s.sel.Where == nil {
		return nil
	}
	pred, err := s.bindCondition(s.sel.Where, &exprContext{scope: s.scope, clause: "WHERE"})
	if err == nil {
		s.node = &plan.Filter{Input: s.node, Pred: pred}
	}
	return err
}

// list binds the select list; an aggregate in it stays a placeholder until aggregate.
func (s *selectBinder) list(targets []types.Type) error {
	return s.listIn(&exprContext{scope: s.scope, clause: "the select list", aggs: &s.group, windows: &s.windows, sets: &s.sets}, targets)
}

func (s *selectBinder) listIn(c *exprContext, targets []types.Type) error {
	for _, item := range s.sel.Items {
		if star, ok := item.Expr.(*ast.Star); ok {
			if err := s.star(star); err != nil {
				return err
			}
			continue
		}
		e, o, err := s.bindItem(item.Expr, c)
		if err != nil {
			return err
		}
		name := item.Alias
		if name == "" {
			name = columnNameOf(item.Expr)
		}
		s.items = append(s.items, item)
		s.out = append(s.out, outColumn{name: name, expr: e, origin: o})
	}
	if len(s.out) > maxColumns {
		return pgerr.New(pgerr.TooManyColumns, "target lists can have at most %d entries", maxColumns)
	}
	return s.resolveUnknown(s.out, targets)
}

// star adds the columns of * or t.*.
func (s *selectBinder) star(star *ast.Star) error {
	if star.Table == "" && len(s.scope.tables) == 0 {
		return pgerr.New(pgerr.SyntaxError, "SELECT * with no tables specified is not valid").At(star.Pos)
	}
	if star.Table != "" && s.scope.table(star.Schema, star.Table) == nil {
		return pgerr.New(pgerr.UndefinedTable, "missing FROM-clause entry for table %q", star.Table).At(star.Pos)
	}
	for _, c := range s.scope.visible(star.Schema, star.Table) {
		e := *c.expr
		e.Pos = star.Pos
		s.items = append(s.items, ast.SelectItem{Expr: star})
		s.out = append(s.out, outColumn{name: c.name, expr: &e, origin: c.origin})
	}
	return nil
}

// bindItem binds an expression, and says which relation's column it is if it is one and no more.
func (b *binder) bindItem(e ast.Expr, c *exprContext) (*plan.Expr, origin, error) {
	if ref, ok := e.(*ast.ColumnRef); ok {
		x, o, err := c.scope.resolve(ref)
		return x, o, at(err, ref.Pos)
	}
	x, err := b.bindExpr(e, c)
	return x, origin{}, err
}

// resolveUnknown gives untyped literals and parameters of a result the type of their target, or text.
func (b *binder) resolveUnknown(cols []outColumn, targets []types.Type) error {
	for i := range cols {
		if cols[i].expr.Type.ID != types.IDUnknown {
			continue
		}
		t := types.Text
		if i < len(targets) {
			t = targets[i]
		}
		if t.ID == types.IDUnknown {
			continue
		}
		e, err := b.coerceUnknown(cols[i].expr, t)
		if err != nil {
			return err
		}
		cols[i].expr = e
	}
	return nil
}

// project puts the select list, and for DISTINCT its grouping, on top.
func (s *selectBinder) project() error {
	exprs := make([]*plan.Expr, len(s.out))
	for i, c := range s.out {
		exprs[i] = c.expr
	}
	s.node = &plan.Project{Input: s.node, Exprs: exprs}
	if !s.sel.Distinct {
		return nil
	}
	for _, c := range s.out {
		if c.hidden {
			return pgerr.New(pgerr.InvalidColumnReference, "for SELECT DISTINCT, ORDER BY expressions must appear in select list").At(c.expr.Pos)
		}
	}
	if err := needEquality(exprs...); err != nil {
		return err
	}
	s.node = distinct(s.node)
	return nil
}

// distinct keeps one of equal rows.
func distinct(n plan.Node) plan.Node {
	return &plan.Aggregate{Input: n, GroupBy: columnRefs(n.Types())}
}

// finish sorts, and drops the columns that were there for sorting only.
func (s *selectBinder) finish() *bound {
	if len(s.order) > 0 {
		s.node = &plan.Sort{Input: s.node, Keys: s.order}
	}
	s.lockRows()
	if s.on != nil {
		s.node = &plan.Unique{Input: s.node, Keys: s.on}
	}
	q := &bound{node: s.node}
	var visible []*plan.Expr
	for i, c := range s.out {
		if !c.hidden {
			q.columns = append(q.columns, c)
			visible = append(visible, plan.Column(i, c.expr.Type))
		}
	}
	if len(visible) < len(s.out) {
		q.node = &plan.Project{Input: q.node, Exprs: visible}
	}
	return q
}

// limit puts LIMIT and OFFSET on top.
func (b *binder) limit(q *bound, sel *ast.Select, parent *scope) (*bound, error) {
	count, err := b.bindLimit(sel.Limit, "LIMIT", parent)
	if err != nil {
		return nil, err
	}
	offset, err := b.bindLimit(sel.Offset, "OFFSET", parent)
	if err != nil {
		return nil, err
	}
	if count != nil || offset != nil {
		oneByOne(q.node)
		limit := &plan.Limit{Input: q.node, Count: count, Offset: offset}
		if sel.WithTies {
			return q, q.ties(limit)
		}
		q.node = limit
	}
	return q, nil
}

// ties puts a LIMIT that keeps rows which are equal in the order on top of what is sorted, below columns that are dropped.
func (q *bound) ties(limit *plan.Limit) error {
	above, dropping := q.node.(*plan.Project)
	if dropping {
		limit.Input = above.Input
	}
	for n := limit.Input; ; n = inputs(n)[0] {
		switch n := n.(type) {
		case *plan.Sort:
			for _, k := range n.Keys {
				limit.Ties = append(limit.Ties, k.Expr)
			}
		case *plan.Unique, *plan.LockRows:
			continue
		}
		break
	}
	switch {
	case limit.Ties == nil:
		return pgerr.New(pgerr.SyntaxError, "WITH TIES cannot be specified without ORDER BY clause")
	case dropping:
		q.node = &plan.Project{Input: limit, Exprs: above.Exprs}
	default:
		q.node = limit
	}
	return nil
}

func (b *binder) bindLimit(e ast.Expr, clause string, parent *scope) (*plan.Expr, error) {
	if e == nil {
		return nil, nil
	}
	x, err := b.bindExpr(e, &exprContext{scope: &scope{parent: parent}, clause: clause})
	if pgerr.Code(err) == pgerr.UndefinedColumn || pgerr.Code(err) == pgerr.UndefinedTable {
		return nil, pgerr.New(pgerr.InvalidColumnReference, "argument of %s must not contain variables", clause).At(e.Position())
	}
	if err != nil {
		return nil, err
	}
	return b.coerceClause(x, types.Int8, clause, e.Position())
}
