package expr

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// subqueryNode is a scalar subquery, EXISTS, IN over a query, or ARRAY(query), run for each row.
type subqueryNode struct {
	e    *plan.Expr
	args []arg
}

func (n subqueryNode) eval(ev *evaluation, b *types.Batch) (column, error) {
	left := make([]column, len(n.args))
	for i, a := range n.args {
		var err error
		if left[i], err = a.eval(ev, b); err != nil {
			return column{}, err
		}
	}
	out := types.NewVector(n.e.Type, b.Len)
	for i := range b.Len {
		rows, err := ev.Subquery(ev.Context, n.e.Sub, b.Row(i))
		if err != nil {
			return column{}, err
		}
		d, err := n.value(left, i, rows)
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

func (n subqueryNode) value(left []column, i int, rows *types.Batch) (types.Datum, error) {
	switch n.e.Op {
	case plan.OpExists:
		return types.BoolDatum(rows.Len > 0), nil
	case plan.OpInQuery:
		return inRows(left, i, rows), nil
	case plan.OpArrayQuery:
		s, err := encodeArray(rows.Cols[0])
		return types.StrDatum(s), err
	}
	switch rows.Len {
	case 0:
		return types.NullDatum, nil
	case 1:
		return rows.Cols[0].Datum(0), nil
	}
	return types.Datum{}, pgerr.New(pgerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
}

// inRows is left[i] IN rows, three-valued: a row is equal if all its columns are, and not if one is not.
func inRows(left []column, i int, rows *types.Batch) types.Datum {
	result := types.BoolDatum(false)
	for r := range rows.Len {
		switch equal, known := rowEquals(left, i, rows, r); {
		case !known:
			result = types.NullDatum
		case equal:
			return types.BoolDatum(true)
		}
	}
	return result
}

func rowEquals(left []column, i int, rows *types.Batch, r int) (equal, known bool) {
	known = true
	for c, x := range left {
		switch {
		case x.null(i) || rows.Cols[c].IsNull(r):
			known = false
		case types.CompareValues(x.Vector, x.at(i), rows.Cols[c], r) != 0:
			return false, true
		}
	}
	return true, known
}
