package parse

import (
	tast "github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/millracedb/millrace/sql/ast"
)

// query converts a query of any kind.
func (c *converter) query(n tast.Node) *ast.Select {
	switch n := n.(type) {
	case *tast.SelectStmt:
		return c.selectStmt(n)
	case *tast.SetOprStmt:
		return c.setOperation(n.SelectList.Selects, n.With, n.OrderBy, n.Limit)
	case *tast.SetOprSelectList:
		if len(n.Selects) == 1 {
			return c.query(n.Selects[0])
		}
		return c.setOperation(n.Selects, n.With, n.OrderBy, n.Limit)
	case *tast.SubqueryExpr:
		return c.query(n.Query)
	}
	c.wrong(n)
	return nil
}

// setOperation converts a UNION b and the like: the translator writes two operands only.
func (c *converter) setOperation(operands []tast.Node, with *tast.WithClause, order *tast.OrderByClause,
	limit *tast.Limit) *ast.Select {
	if len(operands) != 2 {
		c.wrong(operands)
	}
	out := &ast.Select{}
	c.with(out, with)
	out.Left = c.query(operands[0])
	c.setOperator(out, operands[1])
	out.Right = c.query(operands[1])
	out.Pos = out.Left.Pos
	c.tail(out, order, limit)
	return out
}

func (c *converter) setOperator(out *ast.Select, right tast.Node) {
	list, ok := right.(*tast.SetOprSelectList)
	if !ok || list.AfterSetOperator == nil {
		c.wrong(right)
	}
	switch op := *list.AfterSetOperator; op {
	case tast.Union, tast.UnionAll:
		out.SetOp, out.All = "union", op == tast.UnionAll
	case tast.Except, tast.ExceptAll:
		out.SetOp, out.All = "except", op == tast.ExceptAll
	case tast.Intersect, tast.IntersectAll:
		out.SetOp, out.All = "intersect", op == tast.IntersectAll
	}
}

// selectStmt converts SELECT `select@1`(…), … and SELECT `values@1`(…).
func (c *converter) selectStmt(n *tast.SelectStmt) *ast.Select {
	if n.Kind != tast.SelectStmtKindSelect || len(n.Fields.Fields) == 0 {
		c.wrong(n)
	}
	head, node := c.call(n.Fields.Fields[0].Expr)
	switch node := node.(type) {
	case *valuesMark:
		c.with(node.query, n.With)
		c.fillValues(node.query, head.Args)
		c.tail(node.query, n.OrderBy, n.Limit)
		return node.query
	case *ast.Select:
		c.with(node, n.With)
		if node.Distinct != n.Distinct {
			c.wrong(n)
		}
		if len(head.Args) > 0 {
			node.DistinctOn = c.exprs(head.Args)
		}
		c.body(node, n)
		c.tail(node, n.OrderBy, n.Limit)
		return node
	}
	c.wrong(node)
	return nil
}

// fillValues puts the translated cells where nil holds their places.
func (c *converter) fillValues(out *ast.Select, args []tast.ExprNode) {
	for _, row := range out.Values {
		for i := range row {
			if row[i] == nil {
				c.need(args, 1)
				row[i] = c.expr(args[0])
				args = args[1:]
			}
		}
	}
}

func (c *converter) body(out *ast.Select, n *tast.SelectStmt) {
	for _, field := range n.Fields.Fields[1:] {
		item := ast.SelectItem{Expr: c.expr(field.Expr)}
		if field.AsName.O != "" {
			item.Alias = as[*aliasMark](c, c.entry(field.AsName.O)).name
		}
		out.Items = append(out.Items, item)
	}
	if n.From != nil {
		out.From = c.from(n.From.TableRefs, nil)
	}
	if n.Where != nil {
		out.Where = c.expr(n.Where)
	}
	if n.GroupBy != nil {
		for _, item := range n.GroupBy.Items {
			out.GroupBy = append(out.GroupBy, c.expr(item.Expr))
		}
	}
	if n.Having != nil {
		out.Having = c.expr(n.Having.Expr)
	}
}

func (c *converter) with(out *ast.Select, with *tast.WithClause) {
	if with == nil {
		return
	}
	out.Recursive = with.IsRecursive
	for _, item := range with.CTEs {
		cte := as[*ast.CTE](c, c.entry(item.Name.O))
		cte.Query = c.subquery(item.Query)
		out.With = append(out.With, *cte)
	}
}

// tail converts ORDER BY and LIMIT. Expressions of LIMIT and OFFSET travel among the items of ORDER BY.
func (c *converter) tail(out *ast.Select, order *tast.OrderByClause, limit *tast.Limit) {
	if order != nil {
		for _, item := range order.Items {
			c.sortItem(out, item)
		}
	}
	if limit != nil {
		count := c.limit(limit.Count)
		out.Limit, out.WithTies = count.expr, count.ties
		out.Offset = c.limit(limit.Offset).expr
	}
}

func (c *converter) sortItem(out *ast.Select, item *tast.ByItem) {
	call, ok := item.Expr.(*tast.FuncCallExpr)
	if !ok {
		out.OrderBy = append(out.OrderBy, ast.OrderItem{Expr: c.expr(item.Expr), Desc: item.Desc, NullsFirst: item.Desc})
		return
	}
	switch mark := c.entry(call.FnName.O).(type) {
	case *limitMark:
		mark.expr = c.expr(c.only(call))
		c.used[c.id(call.FnName.O)-1] = false // LIMIT names it again
	case *lockMark:
		out.Locking = append(out.Locking, mark.clause)
	case *windowMark:
		c.fillWindow(&mark.overMark, call.Args)
	case *orderMark:
		if mark.desc != item.Desc {
			c.wrong(mark)
		}
		out.OrderBy = append(out.OrderBy, c.orderItem(mark, call))
	default:
		expr := c.fill(mark, call.Args)
		out.OrderBy = append(out.OrderBy, ast.OrderItem{Expr: expr, Desc: item.Desc, NullsFirst: item.Desc})
	}
}

// limit returns the mark that the number of LIMIT or OFFSET stands for; 0 is none.
func (c *converter) limit(n tast.ExprNode) *limitMark {
	value, ok := n.(tast.ValueExpr)
	if !ok {
		c.wrong(n)
	}
	id, ok := value.GetValue().(uint64)
	if !ok {
		c.wrong(value.GetValue())
	}
	if id == 0 {
		return &limitMark{}
	}
	return as[*limitMark](c, c.mark(int(id)))
}

// from converts a comma separated list: a join without ON.
func (c *converter) from(n tast.ResultSetNode, list []ast.TableExpr) []ast.TableExpr {
	if j, ok := n.(*tast.Join); ok && j.On == nil {
		list = c.from(j.Left, list)
		if j.Right != nil {
			list = c.from(j.Right, list)
		}
		return list
	}
	if t := c.tableExpr(n); t != nil {
		list = append(list, t)
	}
	return list
}

func (c *converter) tableExpr(n tast.ResultSetNode) ast.TableExpr {
	switch n := n.(type) {
	case *tast.Join:
		if n.On == nil && n.Right == nil {
			return c.tableExpr(n.Left)
		}
		return c.join(n)
	case *tast.TableSource:
		return c.source(n)
	}
	c.wrong(n)
	return nil
}

// source converts a relation, a subquery or a function; nil is the relation that is not there.
func (c *converter) source(n *tast.TableSource) ast.TableExpr {
	if name, ok := n.Source.(*tast.TableName); ok {
		switch node := c.entry(name.Name.O).(type) {
		case *ast.TableRef:
			return node
		case *dualMark:
			return nil
		}
		c.wrong(n)
	}
	if sel, ok := n.Source.(*tast.SelectStmt); ok && len(sel.Fields.Fields) == 1 {
		if call, ok := sel.Fields.Fields[0].Expr.(*tast.FuncCallExpr); ok {
			if node, ok := c.peek(call.FnName.O).(*ast.FuncTable); ok {
				c.entry(call.FnName.O)
				node.Call = as[*ast.Call](c, c.expr(c.only(call)))
				return node
			}
		}
	}
	node := as[*ast.Derived](c, c.entry(n.AsName.O))
	node.Query = c.query(n.Source)
	return node
}

// join converts a join, and checks that the TiDB parser saw the kind that was meant.
func (c *converter) join(n *tast.Join) ast.TableExpr {
	if n.Right == nil || n.Using != nil || n.NaturalJoin {
		c.wrong(n)
	}
	left, right := c.tableExpr(n.Left), c.tableExpr(n.Right)
	on, node := c.call(n.On.Expr)
	out, ok := node.(*ast.Join)
	if !ok || !sameKind(out.Kind, n) {
		c.wrong(n)
	}
	out.Left, out.Right = left, right
	if len(on.Args) > 0 {
		out.On = c.expr(on.Args[0])
	}
	return out
}

func sameKind(kind string, n *tast.Join) bool {
	switch kind {
	case "full":
		return n.StraightJoin
	case "left":
		return n.Tp == tast.LeftJoin && !n.StraightJoin
	case "right":
		return n.Tp == tast.RightJoin && !n.StraightJoin
	}
	return n.Tp == tast.CrossJoin && !n.StraightJoin
}
