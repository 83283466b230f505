package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// lateralOp runs a query for each row of its input, and pairs the row with what it gives.
type lateralOp struct {
	env   *Env
	node  *plan.Lateral
	input Operator
	right []types.Type

	probe *types.Batch // of the input
	row   int          // of probe: the next to run the query for
	found *types.Batch // what the query gave for the row before
	given int          // rows of found that are given
}

func newLateral(n *plan.Lateral, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	return &lateralOp{env: env, node: n, input: input, right: n.Sub.Sub.Root.Types()}, err
}

func (l *lateralOp) Next(ctx context.Context) (*types.Batch, error) {
	for {
		if l.probe == nil {
			b, err := l.input.Next(ctx)
			if err != nil || b == nil {
				return nil, err
			}
			l.probe, l.row, l.found, l.given = b, 0, nil, 0
		}
		b, err := l.pairs(ctx)
		if err != nil || b.Len > 0 {
			return b, err
		}
		l.probe = nil
	}
}

// pairs returns the next rows of the present batch, none at its end.
func (l *lateralOp) pairs(ctx context.Context) (*types.Batch, error) {
	var lefts []int
	right := types.NewBatch(l.right, 0)
	for len(lefts) < BatchRows {
		if l.found == nil || l.given == l.found.Len {
			if l.row == l.probe.Len {
				break
			}
			if err := l.run(ctx); err != nil {
				return nil, err
			}
			continue
		}
		n := min(l.found.Len-l.given, BatchRows-len(lefts))
		addRows(right, l.found.Slice(l.given, l.given+n))
		l.given += n
		for range n {
			lefts = append(lefts, l.row-1)
		}
	}
	out := l.probe.Gather(lefts)
	out.Cols = append(out.Cols, right.Cols...)
	return out, nil
}

// run runs the query for the next row.
func (l *lateralOp) run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := l.env.subquery(ctx, l.env.context(ctx), l.node.Sub.Sub, l.probe.Row(l.row))
	if err != nil {
		return err
	}
	if found.Len > 1 && l.node.Single {
		return pgerr.New(pgerr.CardinalityViolation, "more than one row returned by a subquery used as an expression")
	}
	if found.Len == 0 && l.node.Outer {
		found = types.NewBatch(l.right, 1)
		row := make([]types.Datum, len(l.right))
		for i := range row {
			row[i] = types.NullDatum
		}
		found.AppendRow(row, 1)
	}
	l.row++
	l.found, l.given = found, 0
	return nil
}

func (l *lateralOp) Close() {
	l.input.Close()
	l.probe, l.found = nil, nil
}
