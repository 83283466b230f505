package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// dropEmpty replaces what never has rows by no rows: filters that are false, system relations of what Millrace does not
// have, and what is over them.
func dropEmpty(n plan.Node) plan.Node {
	n = withInputs(n, dropEmpty)
	switch n := n.(type) {
	case *plan.SystemScan:
		if sys := catalog.SystemRelation(n.Schema, n.Name); sys != nil && sys.Empty {
			return noRows(n.Types())
		}
	case *plan.Filter:
		if isBool(n.Pred, false) || n.Pred.Op == plan.OpConst && n.Pred.Value.Null || isEmpty(n.Input) {
			return noRows(n.Types())
		}
	case *plan.Project, *plan.Sort, *plan.Limit, *plan.Unique, *plan.Window, *plan.Lateral:
		if isEmpty(inputs(n)[0]) {
			return noRows(n.Types())
		}
	case *plan.Aggregate:
		if n.Sets == nil && len(n.GroupBy) > 0 && isEmpty(n.Input) {
			return noRows(n.Types())
		}
	case *plan.Join:
		return dropEmptyJoin(n)
	case *plan.Union:
		return dropEmptyUnion(n)
	}
	return n
}

func noRows(ts []types.Type) plan.Node { return &plan.Values{ColumnTypes: ts} }

// isEmpty reports whether n is known to have no rows.
func isEmpty(n plan.Node) bool {
	v, ok := n.(*plan.Values)
	return ok && len(v.Rows) == 0
}

// dropEmptyJoin keeps of a join with an empty side the other, with NULLs, if the join keeps its rows.
func dropEmptyJoin(n *plan.Join) plan.Node {
	l, r := isEmpty(n.Left), isEmpty(n.Right)
	lt, rt := n.Left.Types(), n.Right.Types()
	switch {
	case l && r, l && (n.Kind == plan.JoinInner || n.Kind == plan.JoinLeft), r && (n.Kind == plan.JoinInner || n.Kind == plan.JoinRight):
		return noRows(n.Types())
	case r:
		return &plan.Project{Input: n.Left, Exprs: append(columnRefs(lt), nulls(rt)...)}
	case l:
		return &plan.Project{Input: n.Right, Exprs: append(nulls(lt), columnRefs(rt)...)}
	}
	return n
}

func nulls(ts []types.Type) []*plan.Expr {
	out := make([]*plan.Expr, len(ts))
	for i, t := range ts {
		out[i] = plan.Const(t, types.NullDatum)
	}
	return out
}

func dropEmptyUnion(n *plan.Union) plan.Node {
	var rest []plan.Node
	for _, in := range n.Inputs {
		if !isEmpty(in) {
			rest = append(rest, in)
		}
	}
	switch len(rest) {
	case 0:
		return noRows(n.Types())
	case 1:
		return rest[0]
	}
	return &plan.Union{Inputs: rest}
}
