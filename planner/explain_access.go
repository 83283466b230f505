package planner

import (
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
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
	conds := conditions{relation: n.Relation.Name, context: c}
	name := func(at int) string { return n.Relation.Columns[a.Columns[at].Column].Name }
	for i, e := range a.Equal {
		conds.add(name(i), "=", exprText(e, c))
	}
	if next := len(a.Equal); next < len(a.Columns) {
		conds.list(name(next), a.In)
		conds.bounds(name(next), a.Low, a.High)
	}
	if len(conds.texts) > 0 {
		x.prop(level, "Index Cond", strings.Join(conds.texts, " AND "))
	}
	if a.Ordered {
		x.prop(level, "Order", "partitions merged")
	}
}

// logRange writes which records are read.
func (x *explainer) logRange(n *plan.Scan, level int, c textContext) {
	r := n.Log
	conds := conditions{relation: n.Relation.Name, context: c}
	conds.list(catalog.PartitionColumn, r.Partitions)
	conds.list(catalog.OffsetColumn, r.Offsets)
	conds.bounds(catalog.OffsetColumn, r.OffsetLow, r.OffsetHigh)
	conds.bounds(catalog.TimestampColumn, r.TimeLow, r.TimeHigh)
	if len(conds.texts) > 0 {
		x.prop(level, "Log Cond", strings.Join(conds.texts, " AND "))
	}
}

// conditions are the texts of what is said of columns of a relation.
type conditions struct {
	relation string
	context  textContext
	texts    []string
}

func (c *conditions) add(column, op, value string) {
	c.texts = append(c.texts, "("+c.relation+"."+column+" "+op+" "+value+")")
}

func (c *conditions) list(column string, l *plan.List) {
	switch {
	case l == nil:
	case l.Array != nil:
		c.add(column, "=", "ANY ("+exprText(l.Array, c.context)+")")
	case len(l.Values) == 1:
		c.add(column, "=", exprText(l.Values[0], c.context))
	default:
		c.add(column, "IN", "("+listText(l.Values, c.context)+")")
	}
}

func (c *conditions) bounds(column string, low, high *plan.Bound) {
	for _, b := range []struct {
		bound *plan.Bound
		op    string
	}{{low, ">"}, {high, "<"}} {
		switch {
		case b.bound == nil:
		case b.bound.Inclusive:
			c.add(column, b.op+"=", exprText(b.bound.Value, c.context))
		default:
			c.add(column, b.op, exprText(b.bound.Value, c.context))
		}
	}
}
