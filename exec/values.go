package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// valuesOp computes the rows of a VALUES list, or the one row of a SELECT without FROM.
type valuesOp struct {
	node *plan.Values
	env  *Env
	next int
}

func (v *valuesOp) Next(ctx context.Context) (*types.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n := min(len(v.node.Rows)-v.next, BatchRows)
	if n <= 0 {
		return nil, nil
	}
	b := types.NewBatch(v.node.ColumnTypes, n)
	for _, row := range v.node.Rows[v.next : v.next+n] {
		for c, x := range row {
			d, err := v.env.evalOne(ctx, x)
			if err != nil {
				return nil, err
			}
			b.Cols[c].Append(d)
		}
	}
	b.Len = n
	v.next += n
	return b, nil
}

func (v *valuesOp) Close() {}
