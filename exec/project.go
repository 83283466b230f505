package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// projectOp computes expressions over each row.
type projectOp struct {
	env   *Env
	input Operator
	exprs []*expr.Compiled
}

func newProject(n *plan.Project, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	exprs, err := env.compileAll(n.Exprs)
	return &projectOp{env: env, input: input, exprs: exprs}, err
}

func (p *projectOp) Next(ctx context.Context) (*types.Batch, error) {
	b, err := p.input.Next(ctx)
	if err != nil || b == nil {
		return nil, err
	}
	cols, err := p.env.evalAll(ctx, p.exprs, b)
	if err != nil {
		return nil, err
	}
	return &types.Batch{Cols: cols, Len: b.Len}, nil
}

func (p *projectOp) Close() { p.input.Close() }
