package expr

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// subqueryNode is a scalar subquery, EXISTS, or IN over a query, run for each row.
type subqueryNode struct {
	e    *plan.Expr
	args []arg
}

func (n subqueryNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	var x column
	if n.e.Op == plan.OpInQuery {
		var err error
		if x, err = n.args[0].eval(ev, b); err != nil {
			return column{}, err
		}
	}
	out := types.NewVector(n.e.Type, b.Len)
	for i := range b.Len {
		rows, err := ev.Subquery(ev.Context, n.e.Sub, b.Row(i))
		if err != nil {
			return column{}, err
		}
		d, err := n.value(x, i, rows)
		if err != nil {
			if err = ev.fail(i, err); err != nil {
				return column{}, err
			}
			d = types.NullDatum
		}
		out.Append(d)
	}
	return perRow(out), nil
}

func (n subqueryNode) value(x column, i int, rows *types.Batch) (types.Datum, error) {
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
func inRows(x column, i int, rows *types.Batch) types.Datum {
	if rows.Len == 0 {
		return types.BoolDatum(false)
	}
	if x.null(i) {
		return types.NullDatum
	}
	result := types.BoolDatum(false)
	for r := range rows.Len {
		switch {
		case rows.Cols[0].IsNull(r):
			result = types.NullDatum
		case types.CompareValues(x.Vector, x.at(i), rows.Cols[0], r) == 0:
			return types.BoolDatum(true)
		}
	}
	return result
}
