package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// filterOp keeps the rows for which the predicate is true.
type filterOp struct {
	env   *Env
	input Operator
	pred  *expr.Compiled
}

func newFilter(n *plan.Filter, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	pred, err := env.compile(n.Pred)
	return &filterOp{env: env, input: input, pred: pred}, err
}

func (f *filterOp) Next(ctx context.Context) (*types.Batch, error) {
	for {
		b, err := f.input.Next(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		rows, err := f.env.evalRows(ctx, f.pred, b)
		if err != nil {
			return nil, err
		}
		switch len(rows) {
		case 0:
		case b.Len:
			return b, nil
		default:
			return b.Gather(rows), nil
		}
	}
}

func (f *filterOp) Close() { f.input.Close() }
