package planner

import (
	"fmt"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// Explain returns the plan of a query as a tree, one line a node or property, in the manner of PostgreSQL's EXPLAIN.
func Explain(q *plan.Query) string {
	if q.Changes != nil {
		return explainChanges(q.Changes)
	}
	return ExplainNode(q.Root)
}

// ExplainNode returns a plan as Explain does.
func ExplainNode(n plan.Node) string {
	x := &explainer{}
	x.node(n, 0, nil)
	return x.b.String()
}

// explainer writes a tree; each level is six columns to the right of the one above, behind an arrow.
type explainer struct {
	b        strings.Builder
	subplans int
}

// head writes the line of a node, prop one of its properties.
func (x *explainer) head(level int, format string, args ...any) {
	if level > 0 {
		x.b.WriteString(strings.Repeat(" ", level*6-4) + "->  ")
	}
	fmt.Fprintf(&x.b, format+"\n", args...)
}

func (x *explainer) prop(level int, name, value string) {
	fmt.Fprintf(&x.b, "%s%s: %s\n", strings.Repeat(" ", level*6+2), name, value)
}

// node writes n and what is below. outer names the columns of the queries around, the nearest first.
func (x *explainer) node(n plan.Node, level int, outer []names) {
	switch n := n.(type) {
	case *plan.Filter:
		x.filter(n, level, outer)
		return
	case *plan.Project:
		x.head(level, "Project")
		x.list(level, "Output", n.Exprs, x.in(n.Input, outer))
	case *plan.Scan:
		x.scan(n, level, outer)
	case *plan.SystemScan:
		x.head(level, "System Scan on %s.%s", n.Schema, n.Name)
	case *plan.Values:
		x.head(level, "%s", valuesHead(n))
	case *plan.Join:
		x.join(n, level, outer)
	case *plan.Aggregate:
		x.aggregate(n, level, outer)
	case *plan.Sort:
		x.head(level, "Sort")
		x.prop(level, "Sort Key", sortText(n.Keys, x.in(n.Input, outer)))
	case *plan.Limit:
		x.limit(n, level, outer)
	case *plan.Union:
		x.head(level, "Append")
	case *plan.SetOp:
		x.head(level, "%s", setOpHead(n))
	case *plan.Window:
		x.window(n, level, outer)
	case *plan.FuncScan:
		x.head(level, "Function Scan on %s", funcScanText(n, textContext{outer: outer}))
	case *plan.Lateral:
		x.head(level, "%s", map[bool]string{false: "Lateral Join (Inner)", true: "Lateral Join (Left)"}[n.Outer])
	case *plan.WithItem:
		x.head(level, "CTE Scan on %s", n.Item.Name)
	case *plan.Recursive:
		x.head(level, "Recursive Union %s", n.Name)
	case *plan.WorkTable:
		x.head(level, "WorkTable Scan on %s", n.Name)
	case *plan.LockRows:
		x.head(level, "LockRows")
	case *plan.Unique:
		x.head(level, "Unique")
		x.list(level, "Key", n.Keys, x.in(n.Input, outer))
	}
	x.below(n, level, outer)
}

func (x *explainer) below(n plan.Node, level int, outer []names) {
	for _, in := range inputs(n) {
		x.node(in, level+1, outer)
	}
	withExprs(n, func(e *plan.Expr) *plan.Expr {
		for _, sub := range subqueriesOf(e) {
			x.subplans++
			x.head(level+1, "SubPlan %d", x.subplans)
			x.node(sub.Root, level+2, append([]names{rowNames(n)}, outer...))
		}
		return e
	})
}

// filter writes a filter as a property of the scan below it, as PostgreSQL does.
func (x *explainer) filter(n *plan.Filter, level int, outer []names) {
	cond := exprText(n.Pred, x.in(n.Input, outer))
	scan, ok := n.Input.(*plan.Scan)
	if !ok || hasSubquery(n.Pred) {
		x.head(level, "Filter")
		x.prop(level, "Cond", cond)
		x.below(n, level, outer)
		return
	}
	x.scan(scan, level, outer)
	x.prop(level, "Filter", cond)
}

func (x *explainer) scan(n *plan.Scan, level int, outer []names) {
	head := "Seq Scan"
	switch {
	case n.Key != nil:
		head = "Key Lookup"
	case n.Access != nil:
		head = accessHead(n)
	case n.Log != nil && n.Log.Reverse:
		head = "Log Scan Backward"
	case n.Log != nil:
		head = "Log Scan"
	}
	x.head(level, "%s on %s %s", head, n.Relation.Kind, n.Relation.Name)
	columns := "none"
	if len(n.Columns) > 0 {
		columns = strings.Join(nodeNames(n), ", ")
	}
	x.prop(level, "Columns", columns)
	switch {
	case n.Key != nil:
		x.list(level, "Key", n.Key, textContext{outer: outer})
	case n.Access != nil:
		x.access(n, level, textContext{outer: outer})
	case n.Log != nil:
		x.logRange(n, level, textContext{outer: outer})
	}
}

func (x *explainer) join(n *plan.Join, level int, outer []names) {
	kind := strings.ToUpper(string(n.Kind[0])) + string(n.Kind[1:])
	if len(n.LeftKeys) > 0 {
		x.head(level, "Hash Join (%s)", kind)
		l, r := x.in(n.Left, outer), x.in(n.Right, outer)
		var conds []string
		for i := range n.LeftKeys {
			conds = append(conds, exprText(n.LeftKeys[i], l)+" = "+exprText(n.RightKeys[i], r))
		}
		x.prop(level, "Hash Cond", strings.Join(conds, " AND "))
	} else {
		x.head(level, "Nested Loop (%s)", kind)
	}
	if n.Cond != nil {
		x.prop(level, "Join Filter", exprText(n.Cond, textContext{rowNames(n), outer}))
	}
}

func (x *explainer) aggregate(n *plan.Aggregate, level int, outer []names) {
	in := x.in(n.Input, outer)
	if len(n.GroupBy) == 0 {
		x.head(level, "Aggregate")
	} else {
		x.head(level, "HashAggregate")
		x.list(level, "Group Key", n.GroupBy, in)
	}
	if n.Sets != nil {
		x.prop(level, "Grouping Sets", setsText(n, in))
	}
	for _, a := range n.Aggs {
		x.prop(level, "Aggregate", aggText(a, in))
	}
}

// setsText writes grouping sets as lists of their columns.
func setsText(n *plan.Aggregate, c textContext) string {
	var out []string
	for _, set := range n.Sets {
		out = append(out, "("+listText(pick(n.GroupBy, set), c)+")")
	}
	return strings.Join(out, ", ")
}

func (x *explainer) limit(n *plan.Limit, level int, outer []names) {
	x.head(level, "Limit")
	if n.Count != nil {
		x.prop(level, "Count", exprText(n.Count, textContext{outer: outer}))
	}
	if n.Offset != nil {
		x.prop(level, "Offset", exprText(n.Offset, textContext{outer: outer}))
	}
	if n.Ties != nil {
		x.list(level, "Ties", n.Ties, x.in(n.Input, outer))
	}
}

func (x *explainer) list(level int, name string, es []*plan.Expr, c textContext) {
	x.prop(level, name, listText(es, c))
}

func (x *explainer) in(n plan.Node, outer []names) textContext {
	return textContext{nodeNames(n), outer}
}

func (x *explainer) window(n *plan.Window, level int, outer []names) {
	in := x.in(n.Input, outer)
	x.head(level, "WindowAgg")
	if len(n.PartitionBy) > 0 {
		x.list(level, "Partition By", n.PartitionBy, in)
	}
	if len(n.OrderBy) > 0 {
		x.prop(level, "Order By", sortText(n.OrderBy, in))
	}
	for _, c := range n.Calls {
		x.prop(level, "Function", windowText(c, in))
	}
}

func setOpHead(n *plan.SetOp) string {
	head := "HashSetOp " + strings.ToUpper(string(n.Kind[0])) + string(n.Kind[1:])
	if n.All {
		head += " All"
	}
	return head
}

func valuesHead(n *plan.Values) string {
	if len(n.ColumnTypes) == 0 && len(n.Rows) == 1 {
		return "Result"
	}
	rows := "rows"
	if len(n.Rows) == 1 {
		rows = "row"
	}
	return fmt.Sprintf("Values Scan (%d %s)", len(n.Rows), rows)
}

func sortText(keys []plan.SortKey, c textContext) string {
	var out []string
	for _, k := range keys {
		s := exprText(k.Expr, c)
		if k.Desc {
			s += " DESC"
		}
		if k.NullsFirst != k.Desc {
			s += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[k.NullsFirst]
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// names are what the columns of some rows are called in a text.
type names []string

// nodeNames names n's output columns.
func nodeNames(n plan.Node) names {
	switch n := n.(type) {
	case *plan.Scan:
		cols := plan.ScanColumns(n.Relation)
		var out names
		for _, c := range n.Columns {
			out = append(out, n.Relation.Name+"."+cols[c].Name)
		}
		return out
	case *plan.SystemScan:
		return systemNames(n)
	case *plan.Project:
		return exprNames(n.Exprs, textContext{rows: nodeNames(n.Input)})
	case *plan.Join:
		return append(append(names{}, nodeNames(n.Left)...), nodeNames(n.Right)...)
	case *plan.Aggregate:
		in := textContext{rows: nodeNames(n.Input)}
		out := exprNames(n.GroupBy, in)
		for _, a := range n.Aggs {
			out = append(out, aggText(a, in))
		}
		if n.Sets != nil {
			out = append(out, "set")
		}
		return out
	case *plan.Values:
		return valueNames(n.ColumnTypes)
	case *plan.Recursive, *plan.WithItem:
		return valueNames(n.Types())
	case *plan.Lateral:
		return append(append(names{}, nodeNames(n.Input)...), nodeNames(n.Sub.Sub.Root)...)
	case *plan.Window:
		in := nodeNames(n.Input)
		out := append(names{}, in...)
		for _, c := range n.Calls {
			out = append(out, windowText(c, textContext{rows: in})+" OVER …")
		}
		return out
	}
	if in := inputs(n); len(in) > 0 {
		return nodeNames(in[0])
	}
	return valueNames(n.Types())
}

// rowNames names the columns over which n's own expressions are.
func rowNames(n plan.Node) names {
	var out names
	for _, in := range inputs(n) {
		out = append(out, nodeNames(in)...)
	}
	return out
}

func valueNames(ts []types.Type) names {
	var out names
	for i := range ts {
		out = append(out, fmt.Sprintf("column%d", i+1))
	}
	return out
}

func exprNames(es []*plan.Expr, c textContext) names {
	var out names
	for _, e := range es {
		out = append(out, exprText(e, c))
	}
	return out
}
