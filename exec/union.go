package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// unionOp gives the rows of its inputs one after another.
type unionOp struct{ inputs []Operator }

func newUnion(n *plan.Union, env *Env) (Operator, error) {
	u := &unionOp{}
	for _, in := range n.Inputs {
		op, err := build(in, env)
		if err != nil {
			return nil, err
		}
		u.inputs = append(u.inputs, op)
	}
	return u, nil
}

func (u *unionOp) Next(ctx context.Context) (*types.Batch, error) {
	for len(u.inputs) > 0 {
		b, err := u.inputs[0].Next(ctx)
		if err != nil || b != nil {
			return b, err
		}
		u.inputs[0].Close()
		u.inputs = u.inputs[1:]
	}
	return nil, nil
}

func (u *unionOp) Close() {
	for _, op := range u.inputs {
		op.Close()
	}
}
