package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// bindSetOp binds UNION, INTERSECT and EXCEPT. The names are the left side's.
func (b *binder) bindSetOp(sel *ast.Select, parent *scope, ctes *cte) (*bound, error) {
	l, err := b.bindQuery(sel.Left, parent, ctes, operandTargets(sel.Left))
	if err != nil {
		return nil, err
	}
	r, err := b.bindQuery(sel.Right, parent, ctes, operandTargets(sel.Right))
	if err != nil {
		return nil, err
	}
	name := strings.ToUpper(sel.SetOp)
	if len(l.columns) != len(r.columns) {
		return nil, pgerr.New(pgerr.SyntaxError, "each %s query must have the same number of columns", name).At(operandPos(sel.Right))
	}
	columns, err := b.matchOperands(l, r, name)
	if err != nil {
		return nil, at(err, operandPos(sel.Right))
	}
	q := &bound{columns: columns}
	for i, c := range columns {
		if sel.SetOp == "union" && sel.All {
			break
		}
		if !comparable(c.expr.Type) {
			return nil, at(needEquality(c.expr), l.columns[i].expr.Pos)
		}
	}
	switch {
	case sel.SetOp != "union":
		q.node = &plan.SetOp{Kind: plan.SetOpKind(sel.SetOp), All: sel.All, Left: l.node, Right: r.node}
	default:
		q.node = &plan.Union{Inputs: append(unionInputs(l.node), unionInputs(r.node)...)}
		if !sel.All {
			q.node = distinct(q.node)
		}
	}
	if err := b.orderResult(q, sel.OrderBy, "UNION/INTERSECT/EXCEPT"); err != nil {
		return nil, err
	}
	return b.limit(q, sel, parent)
}

// operandPos is where PostgreSQL sees an operand: at its first column.
func operandPos(sel *ast.Select) int {
	if len(sel.Items) > 0 {
		return sel.Items[0].Expr.Position()
	}
	return sel.Pos
}

// untyped are targets that leave untyped literals and parameters as they are.
var untyped = func() []types.Type {
	ts := make([]types.Type, maxColumns)
	for i := range ts {
		ts[i] = types.Unknown
	}
	return ts
}()

// operandTargets returns untyped for an operand whose literals may still take the type of the other side's column: a
// plain SELECT, whose plan is a projection then.
func operandTargets(sel *ast.Select) []types.Type {
	if sel.SetOp != "" || sel.Values != nil || sel.Distinct || sel.DistinctOn != nil || sel.OrderBy != nil || sel.Limit != nil || sel.Offset != nil {
		return nil
	}
	return untyped
}

// matchOperands gives the columns of both sides their common types.
func (b *binder) matchOperands(l, r *bound, name string) ([]outColumn, error) {
	le, re := operandExprs(l), operandExprs(r)
	columns := make([]outColumn, len(le))
	for i := range le {
		pair, t, err := b.castAll([]*plan.Expr{le[i], re[i]}, name)
		if err != nil {
			return nil, err
		}
		le[i], re[i] = pair[0], pair[1]
		columns[i] = outColumn{name: l.columns[i].name, expr: plan.Column(i, t)}
	}
	l.node, r.node = operand(l.node, le), operand(r.node, re)
	return columns, nil
}

// operandExprs returns the columns of a query; untyped ones are the expressions of its projection.
func operandExprs(q *bound) []*plan.Expr {
	out := columnRefs(q.node.Types())
	if p, ok := q.node.(*plan.Project); ok {
		for i, e := range p.Exprs {
			if e.Type.ID == types.IDUnknown {
				out[i] = e
			}
		}
	}
	return out
}

// operand computes exprs over n. Untyped columns of its projection are gone from there: exprs have them with their types.
func operand(n plan.Node, exprs []*plan.Expr) plan.Node {
	p, ok := n.(*plan.Project)
	if !ok || !slices.ContainsFunc(p.Exprs, func(e *plan.Expr) bool { return e.Type.ID == types.IDUnknown }) {
		return project(n, exprs)
	}
	return &plan.Project{Input: p.Input, Exprs: mapList(exprs, func(e *plan.Expr) *plan.Expr { return substitute(e, p.Exprs) })}
}

// unionInputs flattens a UNION ALL below.
func unionInputs(n plan.Node) []plan.Node {
	if u, ok := n.(*plan.Union); ok {
		return u.Inputs
	}
	return []plan.Node{n}
}

// project computes exprs over n, unless they are n's columns as they are.
func project(n plan.Node, exprs []*plan.Expr) plan.Node {
	if isIdentity(exprs, len(n.Types())) {
		return n
	}
	return &plan.Project{Input: n, Exprs: exprs}
}

// orderResult sorts the result of VALUES or a set operation, whose columns ORDER BY may name, by name or number.
func (b *binder) orderResult(q *bound, order []ast.OrderItem, what string) error {
	var keys []plan.SortKey
	for _, item := range order {
		i, err := q.resultColumn(item.Expr, what)
		if err != nil {
			return err
		}
		if err := needOrder(q.columns[i].expr.Type, item.Expr.Position()); err != nil {
			return err
		}
		keys = append(keys, sortKey(i, q.columns[i].expr.Type, item))
	}
	if keys != nil {
		q.node = &plan.Sort{Input: q.node, Keys: keys}
	}
	return nil
}

func (q *bound) resultColumn(e ast.Expr, what string) (int, error) {
	switch e := e.(type) {
	case *ast.Literal:
		return ordinal(e, len(q.columns), "ORDER BY")
	case *ast.ColumnRef:
		for i, c := range q.columns {
			if len(e.Parts) == 1 && c.name == e.Parts[0] {
				return i, nil
			}
		}
		return 0, pgerr.New(pgerr.UndefinedColumn, "column %s does not exist", splitColumnName(e.Parts)).At(e.Pos)
	}
	return 0, pgerr.New(pgerr.FeatureNotSupported, "invalid %s ORDER BY clause", what).
		WithDetail("Only result column names can be used, not expressions or functions.").
		WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.").At(e.Position())
}

// bindValues binds VALUES (…), … as a query.
func (b *binder) bindValues(sel *ast.Select, parent *scope, ctes *cte, targets []types.Type) (*bound, error) {
	rows, err := b.valuesRows(sel, &exprContext{scope: &scope{parent: parent, ctes: ctes}, clause: "VALUES"})
	if err != nil {
		return nil, err
	}
	values := &plan.Values{Rows: rows, ColumnTypes: make([]types.Type, len(rows[0]))}
	q := &bound{node: values, columns: make([]outColumn, len(rows[0]))}
	for c := range rows[0] {
		column := make([]*plan.Expr, len(rows))
		for r := range rows {
			column[r] = rows[r][c]
		}
		column, t, err := b.castAll(column, "VALUES")
		if err != nil {
			return nil, at(err, sel.Pos)
		}
		for r := range rows {
			rows[r][c] = column[r]
		}
		values.ColumnTypes[c] = t
		q.columns[c] = outColumn{name: fmt.Sprintf("column%d", c+1), expr: plan.Column(c, t)}
	}
	if err := b.orderResult(q, sel.OrderBy, "VALUES"); err != nil {
		return nil, err
	}
	return b.limit(q, sel, parent)
}

func (b *binder) valuesRows(sel *ast.Select, c *exprContext) ([][]*plan.Expr, error) {
	var rows [][]*plan.Expr
	for _, row := range sel.Values {
		if len(row) != len(sel.Values[0]) {
			return nil, pgerr.New(pgerr.SyntaxError, "VALUES lists must all be the same length").At(row[0].Position())
		}
		exprs, err := b.bindList(row, c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, exprs)
	}
	return rows, nil
}
