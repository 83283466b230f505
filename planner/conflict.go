package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// conflict binds ON CONFLICT.
func (b *insertBinder) conflict(out *plan.Insert) error {
	oc := b.stmt.Conflict
	if oc == nil {
		return nil
	}
	if b.rel.Kind == catalog.KindStream {
		return pgerr.New(pgerr.WrongObjectType, "ON CONFLICT is not possible on stream %q", b.rel.Name).
			WithDetail("A stream has no unique key: it takes every row.").At(oc.Pos)
	}
	if err := b.conflictTarget(oc, out); err != nil {
		return err
	}
	if oc.Nothing {
		out.OnConflictNothing = true
		return nil
	}
	return b.conflictUpdate(oc, out)
}

// conflictTarget finds the primary key, or else the unique index, that has the columns named. Error: 42P10.
func (b *insertBinder) conflictTarget(oc *ast.OnConflict, out *plan.Insert) error {
	if len(oc.Columns) == 0 {
		if !oc.Nothing {
			return pgerr.New(pgerr.SyntaxError, "ON CONFLICT DO UPDATE requires inference specification or constraint name").
				WithHint("For example, ON CONFLICT (column_name).").At(oc.Pos)
		}
		out.AnyConflict = true
		return nil
	}
	var named []int
	for _, name := range oc.Columns {
		i, err := b.targetColumn(b.rel, name, oc.Pos, writeInsert)
		if err != nil {
			return pgerr.New(pgerr.UndefinedColumn, "column %q does not exist", name).At(oc.Pos)
		}
		named = append(named, i)
	}
	key := slices.Clone(b.rel.Key)
	slices.Sort(key)
	slices.Sort(named)
	named = slices.Compact(named)
	if b.rel.HasPrimaryKey && slices.Equal(named, key) {
		return nil
	}
	if out.Arbiter = uniqueIndexOf(b.rel, named); out.Arbiter == nil {
		return pgerr.New(pgerr.InvalidColumnReference, "there is no unique or exclusion constraint matching the ON CONFLICT specification").At(oc.Pos)
	}
	return nil
}

// uniqueIndexOf returns the first unique index over just these columns, which are in ascending order; nil if there is none.
func uniqueIndexOf(r *catalog.Relation, columns []int) *catalog.Relation {
	for _, x := range r.Indexes {
		var of []int
		for _, c := range x.Index.Columns {
			of = append(of, c.Column)
		}
		slices.Sort(of)
		if x.Index.Unique && !x.Index.Building && slices.Equal(slices.Compact(of), columns) {
			return x
		}
	}
	return nil
}

// conflictUpdate binds DO UPDATE SET … WHERE, over the old row and then EXCLUDED.
func (b *insertBinder) conflictUpdate(oc *ast.OnConflict, out *plan.Insert) error {
	s := b.targetScope(b.rel, b.stmt.Alias)
	s.ctes = b.ctes
	excluded := b.targetScope(b.rel, "excluded")
	for _, c := range excluded.columns {
		c.schema, c.expr = "", shift(c.expr, len(b.rel.Columns))
		s.columns = append(s.columns, c)
	}
	s.tables = append(s.tables, scopeTable{name: "excluded"})
	var err error
	if out.OnConflictSet, err = b.assignments(b.rel, oc.Set, s, "UPDATE"); err != nil {
		return err
	}
	if oc.Where != nil {
		out.OnConflictWhere, err = b.bindCondition(oc.Where, &exprContext{scope: s, clause: "WHERE"})
	}
	return err
}

// assignments binds SET: for each column of r its new value, over rows that begin with r's.
func (b *binder) assignments(r *catalog.Relation, set []ast.Assignment, s *scope, clause string) ([]*plan.Expr, error) {
	out := columnRefs(r.Types())
	seen := map[int]bool{}
	for _, a := range set {
		i, err := b.targetColumn(r, a.Column, a.Pos, writeUpdate)
		if err != nil {
			return nil, err
		}
		if seen[i] {
			return nil, pgerr.New(pgerr.SyntaxError, "multiple assignments to same column %q", a.Column).At(a.Pos)
		}
		seen[i] = true
		if _, ok := a.Value.(*ast.Default); ok {
			out[i], err = b.defaultOf(r, i)
		} else {
			if r.Columns[i].Identity == catalog.IdentityAlways {
				return nil, pgerr.New(codeGeneratedAlways, "column %q can only be updated to DEFAULT", a.Column).
					WithDetail("Column %q is an identity column defined as GENERATED ALWAYS.", a.Column).At(a.Pos)
			}
			out[i], err = b.assigned(r.Columns[i], a, &exprContext{scope: s, clause: clause})
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (b *binder) assigned(col catalog.Column, a ast.Assignment, c *exprContext) (*plan.Expr, error) {
	if a.Row != nil {
		row, ok := b.rowsOf[a.Row]
		if !ok {
			return nil, pgerr.Unsupported("ON CONFLICT DO UPDATE with an assignment of several columns from a subquery is").At(a.Row.Pos)
		}
		return b.coerceColumn(row[a.Item], col.Name, col.Type, a.Row.Pos)
	}
	x, err := b.bindExpr(a.Value, c)
	if err != nil {
		return nil, err
	}
	return b.coerceColumn(x, col.Name, col.Type, a.Value.Position())
}
