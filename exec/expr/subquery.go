package expr

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// subqueryNode is a scalar subquery, EXISTS, or IN over a query, run for each row.
type subqueryNode struct {
	e    *plan.Expr
	args []node
}

func (n subqueryNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	var x *types.Vector
	if n.e.Op == plan.OpInQuery {
		var err error
		if x, err = n.args[0].eval(c, b); err != nil {
			return nil, err
		}
	}
	out := types.NewVector(n.e.Type, b.Len)
	for i := range b.Len {
		rows, err := c.Subquery(c, n.e.Sub, b.Row(i))
		if err != nil {
			return nil, err
		}
		d, err := n.value(x, i, rows)
		if err != nil {
			if err = c.fail(i, err); err != nil {
				return nil, err
			}
			d = types.NullDatum
		}
		out.Append(d)
	}
	return out, nil
}

func (n subqueryNode) value(x *types.Vector, i int, rows *types.Batch) (types.Datum, error) {
	switch n.e.Op {
	case plan.OpExists:
		return types.BoolDatum(rows.Len > 0), nil
	case plan.OpInQuery:
		return inRows(x, i, rows), nil
	}
	switch rows.Len {
	case 0:
		return types.NullDatum, nil
	case 1:
		return rows.Cols[0].Datum(0), nil
	}
	return types.Datum{}, pgerr.New(pgerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
}

// inRows is x[i] IN rows, three-valued.
func inRows(x *types.Vector, i int, rows *types.Batch) types.Datum {
	if rows.Len == 0 {
		return types.BoolDatum(false)
	}
	if x.IsNull(i) {
		return types.NullDatum
	}
	result := types.BoolDatum(false)
	for r := range rows.Len {
		switch {
		case rows.Cols[0].IsNull(r):
			result = types.NullDatum
		case types.Compare(x.Type, x.Datum(i), rows.Cols[0].Datum(r)) == 0:
			return types.BoolDatum(true)
		}
	}
	return result
}
