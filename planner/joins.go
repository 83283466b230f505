package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

var joinKinds = map[string]plan.JoinKind{
	"inner": plan.JoinInner, "cross": plan.JoinInner, "left": plan.JoinLeft, "right": plan.JoinRight, "full": plan.JoinFull,
}

// bindJoin binds a JOIN. Its condition stays whole in Cond; a rule takes keys out of it.
func (b *binder) bindJoin(j *ast.Join, parent *scope, ctes *cte) (*fromItem, error) {
	kind, ok := joinKinds[j.Kind]
	if !ok {
		return nil, pgerr.Unsupported("%s join is", j.Kind).At(j.Pos)
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	l, err := b.bindTable(j.Left, parent, ctes)
	if err != nil {
		return nil, err
	}
	return b.joinTo(l, nil, j, kind, parent, ctes)
}

// bindJoinBehind binds a chain of joins in which a lateral item may see before, the items of FROM in front of it: the chain
// starts from the pairs with those, which inner and left joins keep.
func (b *binder) bindJoinBehind(before *fromItem, j *ast.Join, parent *scope, ctes *cte) (*fromItem, error) {
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	var l *fromItem
	var err error
	if left, ok := j.Left.(*ast.Join); ok {
		l, err = b.bindJoinBehind(before, left, parent, ctes)
	} else if isLateral(j.Left) {
		l, err = b.lateralCross(j.Left, before, parent, ctes)
	} else if l, err = b.bindTable(j.Left, parent, ctes); err == nil {
		l, err = crossJoin(before, l)
	}
	if err != nil {
		return nil, err
	}
	return b.joinTo(l, before, j, joinKinds[j.Kind], parent, ctes)
}

// joinTo joins l with the right side of j. The condition does not see before, with which l starts, if there is one.
func (b *binder) joinTo(l, before *fromItem, j *ast.Join, kind plan.JoinKind, parent *scope, ctes *cte) (*fromItem, error) {
	var r *fromItem
	var err error
	lateral := isLateral(j.Right)
	if lateral {
		if err := refuseLateralKind(kind, j.Right); err != nil {
			return nil, err
		}
		if r, lateral, err = b.besides(j.Right, l, parent, ctes); err == nil && lateral && kind != plan.JoinInner && kind != plan.JoinLeft {
			return nil, errLateralKind().At(j.Pos)
		}
	} else {
		r, err = b.bindTable(j.Right, parent, ctes)
	}
	if err != nil {
		return nil, err
	}
	item, err := crossJoin(l, r)
	if err != nil {
		return nil, at(err, j.Pos)
	}
	item.padded(kind, len(l.tables))
	if err := b.joinOn(item, j, kind, len(l.columns), before, parent, ctes); err != nil {
		return nil, err
	}
	if lateral {
		return b.makeLateral(item), nil
	}
	return item, nil
}

// padded notes which tables of a join, of which the first nl are on the left, may be padded with NULLs.
func (f *fromItem) padded(kind plan.JoinKind, nl int) {
	for i := range f.tables {
		other := plan.JoinRight
		if i >= nl {
			other = plan.JoinLeft
		}
		f.tables[i].nullable = f.tables[i].nullable || kind == other || kind == plan.JoinFull
	}
}

// joinOn gives the join item.node its kind and condition; the first nl columns are the left side's.
func (b *binder) joinOn(item *fromItem, j *ast.Join, kind plan.JoinKind, nl int, before *fromItem, parent *scope, ctes *cte) error {
	join := item.node.(*plan.Join)
	join.Kind = kind
	names := j.Using
	if j.Natural {
		names = commonNames(item.columns[:nl], item.columns[nl:])
	}
	if len(names) > 0 {
		return b.joinUsing(item, join, names, nl, j.Pos)
	}
	if j.On == nil {
		return nil
	}
	s := &scope{parent: parent, columns: item.columns, tables: item.tables, ctes: ctes}
	if before != nil {
		s.columns, s.tables = s.columns[len(before.columns):], s.tables[len(before.tables):]
	}
	cond, err := b.bindCondition(j.On, &exprContext{scope: s, clause: "JOIN conditions", word: "JOIN/ON"})
	join.Cond = cond
	return err
}

// commonNames lists the names that NATURAL joins by, in the left side's order.
func commonNames(l, r []scopeColumn) []string {
	var out []string
	for _, c := range l {
		if c.hidden || c.qualifiedOnly || slices.Contains(out, c.name) {
			continue
		}
		if slices.ContainsFunc(r, func(o scopeColumn) bool { return o.name == c.name && !o.hidden && !o.qualifiedOnly }) {
			out = append(out, c.name)
		}
	}
	return out
}

// joinUsing joins by columns of one name, and merges each pair into one column in front.
func (b *binder) joinUsing(item *fromItem, join *plan.Join, names []string, nl, pos int) error {
	left, right := item.columns[:nl], item.columns[nl:]
	var merged []scopeColumn
	var conds []*plan.Expr
	for _, name := range names {
		l, err := usingColumn(left, name, "left")
		if err != nil {
			return at(err, pos)
		}
		r, err := usingColumn(right, name, "right")
		if err != nil {
			return at(err, pos)
		}
		m, err := b.mergeColumns(join.Kind, l, r)
		if err != nil {
			return at(err, pos)
		}
		merged = append(merged, m)
		cond, err := b.operator("=", l.expr, r.expr, pos)
		if err != nil {
			return err
		}
		conds = append(conds, cond)
		l.qualifiedOnly, r.qualifiedOnly = true, true
	}
	join.Cond = conjunction(conds)
	item.columns = append(merged, item.columns...)
	return nil
}

func usingColumn(cols []scopeColumn, name, side string) (*scopeColumn, error) {
	s := scope{columns: cols}
	for i := range cols {
		if cols[i].hidden && cols[i].name == name {
			return nil, pgerr.Unsupported("USING system column %q is", name)
		}
	}
	c, err := s.find(columnName{name: name})
	if err != nil {
		return nil, pgerr.New(pgerr.AmbiguousColumn, "common column name %q appears more than once in %s table", name, side)
	}
	if c == nil {
		return nil, pgerr.New(pgerr.UndefinedColumn, "column %q specified in USING clause does not exist in %s table", name, side)
	}
	return c, nil
}

// mergeColumns makes the column that USING shows for l and r: the side that always has a value.
func (b *binder) mergeColumns(kind plan.JoinKind, l, r *scopeColumn) (scopeColumn, error) {
	m := scopeColumn{name: l.name}
	t, err := commonType([]types.Type{l.expr.Type, r.expr.Type}, "JOIN/USING")
	if err != nil {
		return m, err
	}
	le, err := b.castTo(l.expr, t)
	if err != nil {
		return m, err
	}
	re, err := b.castTo(r.expr, t)
	if err != nil {
		return m, err
	}
	switch {
	case kind == plan.JoinRight:
		m.expr = re
	case kind == plan.JoinFull:
		m.expr = &plan.Expr{Op: plan.OpCoalesce, Type: t, Args: []*plan.Expr{le, re}}
	case kind == plan.JoinInner && l.expr.Type != t && r.expr.Type == t: // as PostgreSQL, the one that needs no cast
		m.expr = re
	default:
		m.expr = le
	}
	if m.expr == l.expr {
		m.origin = l.origin
	}
	return m, nil
}
