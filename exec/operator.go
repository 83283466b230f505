package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// BatchRows bounds the rows of a batch that an operator gives.
const BatchRows = 1024

// Operator is a running node of a query plan. It is pulled by one goroutine.
type Operator interface {
	// Next returns the next rows, at least one and at most BatchRows, or nil at the end. The batch is the caller's to keep
	// and must not be changed; its multiplicities are all 1. After an error the operator may only be closed. When ctx ends
	// Next returns its error between two batches.
	Next(ctx context.Context) (*types.Batch, error)
	// Close frees what the operator holds. It may be called at any time, also twice.
	Close()
}

// drain calls f with each batch of op until the end.
func drain(ctx context.Context, op Operator, f func(*types.Batch) error) error {
	for {
		b, err := op.Next(ctx)
		if err != nil || b == nil {
			return err
		}
		if err := f(b); err != nil {
			return err
		}
	}
}

// collect runs a plan and returns all rows. a accounts for them.
func collect(ctx context.Context, n plan.Node, env *Env, a *account) (*types.Batch, error) {
	op, err := Build(n, env)
	if err != nil {
		return nil, err
	}
	defer op.Close()
	all := types.NewBatch(n.Types(), 0)
	err = drain(ctx, op, func(b *types.Batch) error {
		if err := a.grow(batchBytes(b, 0, b.Len)); err != nil {
			return err
		}
		addRows(all, b)
		return nil
	})
	return all, err
}
