package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// returning computes RETURNING. Nil where there is none.
type returning struct {
	env   *Env
	exprs []*expr.Compiled
	rows  *types.Batch
	mem   account
}

func newReturning(exprs []*plan.Expr, env *Env) (*returning, error) {
	if exprs == nil {
		return nil, nil
	}
	compiled, err := env.compileAll(exprs)
	if err != nil {
		return nil, err
	}
	ts := make([]types.Type, len(exprs))
	for i, x := range exprs {
		ts[i] = x.Type
	}
	return &returning{env: env, exprs: compiled, rows: types.NewBatch(ts, 0), mem: env.account("result of RETURNING")}, nil
}

// add takes rows of the relation.
func (r *returning) add(ctx context.Context, b *types.Batch) error {
	if r == nil || b.Len == 0 {
		return nil
	}
	cols, err := r.env.evalAll(ctx, r.exprs, b)
	if err != nil {
		return err
	}
	out := &types.Batch{Cols: cols, Len: b.Len}
	if err := r.mem.grow(batchBytes(out, 0, out.Len)); err != nil {
		return err
	}
	addRows(r.rows, out)
	return nil
}

// result is nil if there is no RETURNING.
func (r *returning) result() *types.Batch {
	if r == nil {
		return nil
	}
	return r.rows
}
