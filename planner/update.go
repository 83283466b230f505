package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// PlanUpdate plans UPDATE. It fills in env.ParamTypes.
func PlanUpdate(stmt *ast.Update, env *Env) (*plan.Update, error) {
	b := newBinder(env)
	if err := b.declareWrite(stmt.With); err != nil {
		return nil, err
	}
	rel, err := b.target(stmt.Table, writeUpdate)
	if err != nil {
		return nil, err
	}
	if err := b.readsTarget(rel, stmt.Where != nil || len(stmt.Returning) > 0); err != nil {
		return nil, err
	}
	node, s, err := b.changed(rel, stmt.Table, stmt.Alias, stmt.From, stmt.Where)
	if err != nil {
		return nil, err
	}
	if node, err = b.assignedRows(node, stmt.Set, s); err != nil {
		return nil, err
	}
	set, err := b.assignments(rel, stmt.Set, s, "UPDATE")
	if err != nil {
		return nil, err
	}
	out := &plan.Update{Relation: rel, Assigned: assigned(set)}
	var others []*plan.Expr
	if others, out.Returning, out.Fields, err = b.returningOf(rel, stmt.Returning, stmt.Alias, stmt.From, s); err != nil {
		return nil, err
	}
	if err := b.declaredUnused(stmt.With); err != nil {
		return nil, err
	}
	exprs := slices.Concat(columnRefs(rel.Types()), set, others)
	if out.Input, err = b.finish(asBound(&plan.Project{Input: node, Exprs: exprs})); err != nil {
		return nil, err
	}
	out.Returning = mapList(out.Returning, b.params.typed)
	return out, nil
}

// assignedRows binds the queries of (a, b) = (SELECT …), each of which is run once for a row of node, and puts what they give behind
// node's columns.
func (b *binder) assignedRows(node plan.Node, set []ast.Assignment, s *scope) (plan.Node, error) {
	b.rowsOf = map[*ast.Subquery][]*plan.Expr{}
	for i, a := range set {
		if a.Row == nil || a.Item > 0 {
			continue
		}
		q, err := b.subquery(a.Row.Query, &exprContext{scope: s, clause: "UPDATE"})
		if err != nil {
			return nil, err
		}
		last := i + len(q.columns) - 1
		if last >= len(set) || set[last].Row != a.Row || last+1 < len(set) && set[last+1].Row == a.Row {
			return nil, pgerr.New(pgerr.SyntaxError, "number of columns does not match number of values").At(a.Row.Pos)
		}
		width := len(node.Types())
		sub := &plan.Expr{Op: plan.OpSubquery, Type: types.Bool, Sub: b.subplan(q), Pos: a.Row.Pos}
		node = &plan.Lateral{Input: node, Sub: sub, Outer: true, Single: true}
		b.rowsOf[a.Row] = columnRefs(node.Types())[width:]
	}
	return node, nil
}

// assigned returns the columns that are not left as they are.
func assigned(set []*plan.Expr) (out []int) {
	for i, x := range set {
		if x.Op != plan.OpColumn || x.Column != i {
			out = append(out, i)
		}
	}
	return out
}

// PlanDelete plans DELETE. It fills in env.ParamTypes.
func PlanDelete(stmt *ast.Delete, env *Env) (*plan.Delete, error) {
	b := newBinder(env)
	if err := b.declareWrite(stmt.With); err != nil {
		return nil, err
	}
	rel, err := b.target(stmt.Table, writeDelete)
	if err != nil {
		return nil, err
	}
	if err := b.readsTarget(rel, stmt.Where != nil || len(stmt.Returning) > 0); err != nil {
		return nil, err
	}
	node, s, err := b.changed(rel, stmt.Table, stmt.Alias, stmt.Using, stmt.Where)
	if err != nil {
		return nil, err
	}
	out := &plan.Delete{Relation: rel}
	var others []*plan.Expr
	if others, out.Returning, out.Fields, err = b.returningOf(rel, stmt.Returning, stmt.Alias, stmt.Using, s); err != nil {
		return nil, err
	}
	if err := b.declaredUnused(stmt.With); err != nil {
		return nil, err
	}
	if out.Input, err = b.finish(asBound(&plan.Project{Input: node, Exprs: append(columnRefs(rel.Types()), others...)})); err != nil {
		return nil, err
	}
	out.Returning = mapList(out.Returning, b.params.typed)
	return out, nil
}

// returningOf binds RETURNING of a statement that changes rows of rel, and reads the items from beside it; all are the names of both. It
// returns the columns of those items that RETURNING uses too: it is over the columns of rel and behind them these.
func (b *binder) returningOf(rel *catalog.Relation, items []ast.SelectItem, alias string, from []ast.TableExpr, all *scope) (
	others, exprs []*plan.Expr, fields []plan.Field, err error) {
	if len(from) == 0 {
		exprs, fields, err = b.returning(items, b.targetScope(rel, alias))
		return nil, exprs, fields, err
	}
	if exprs, fields, err = b.returning(items, all); err != nil {
		return nil, nil, nil, err
	}
	places := map[int]int{}
	exprs = mapList(exprs, func(x *plan.Expr) *plan.Expr {
		return mapColumns(x, func(c *plan.Expr) *plan.Expr {
			if c.Column < len(rel.Columns) {
				return c
			}
			place, there := places[c.Column]
			if !there {
				place = len(rel.Columns) + len(others)
				places[c.Column] = place
				others = append(others, plan.Column(c.Column, c.Type))
			}
			return plan.Column(place, c.Type)
		})
	})
	return others, exprs, fields, nil
}

// changed returns the rows of rel that a statement changes: its stored columns, then those of the other items, and the
// names for them.
func (b *binder) changed(rel *catalog.Relation, name ast.Name, alias string, others []ast.TableExpr, where ast.Expr) (plan.Node, *scope, error) {
	if alias == "" {
		alias = name.Last()
	}
	item := b.targetItem(rel, alias)
	if len(others) > 0 {
		more, err := b.bindFrom(others, nil, b.ctes)
		if err != nil {
			return nil, nil, err
		}
		if item, err = crossJoin(item, more); err != nil {
			return nil, nil, at(err, name.Pos)
		}
	}
	s := &scope{columns: item.columns, tables: item.tables, ctes: b.ctes}
	if where == nil {
		return item.node, s, nil
	}
	pred, err := b.bindCondition(where, &exprContext{scope: s, clause: "WHERE"})
	return &plan.Filter{Input: item.node, Pred: pred}, s, err
}

// asBound gives a node's columns no names.
func asBound(n plan.Node) *bound {
	return &bound{node: n, columns: unnamedColumns(n.Types())}
}

func unnamedColumns(ts []types.Type) []outColumn {
	out := make([]outColumn, len(ts))
	for i, t := range ts {
		out[i] = outColumn{name: unnamed, expr: plan.Column(i, t)}
	}
	return out
}
