package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
)

// accessHead names the index and the direction in which it is read, as PostgreSQL does. The key of a view is no index.
func accessHead(n *plan.Scan) string {
	head, index := "Index Scan", n.Relation.PrimaryKeyName()
	switch {
	case n.Access.Index != nil:
		index = n.Access.Index.Name
	case !n.Relation.HasPrimaryKey:
		head, index = "Key Scan", ""
	}
	if n.Access.Reverse {
		head += " Backward"
	}
	if index != "" {
		head += " using " + index
	}
	return head
}

// access writes which part of the index is read, and whether the partitions' rows are merged into one order.
func (x *explainer) access(n *plan.Scan, level int, c textContext) {
	a := n.Access
	var conds []string
	cond := func(at int, op, value string) {
		name := n.Relation.Name + "." + n.Relation.Columns[a.Columns[at].Column].Name
		conds = append(conds, "("+name+" "+op+" "+value+")")
	}
	for i, e := range a.Equal {
		cond(i, "=", exprText(e, c))
	}
	next := len(a.Equal)
	if a.In != nil {
		cond(next, "IN", "("+listText(a.In, c)+")")
	}
	for _, b := range []struct {
		bound *plan.Bound
		op    string
	}{{a.Low, ">"}, {a.High, "<"}} {
		switch {
		case b.bound == nil:
		case b.bound.Inclusive:
			cond(next, b.op+"=", exprText(b.bound.Value, c))
		default:
			cond(next, b.op, exprText(b.bound.Value, c))
		}
	}
	if len(conds) > 0 {
		x.prop(level, "Index Cond", strings.Join(conds, " AND "))
	}
	if a.Ordered {
		x.prop(level, "Order", "partitions merged")
	}
}
