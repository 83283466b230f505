package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/types"
)

// PlanQuery plans a query. It fills in env.ParamTypes. Errors are *pgerr.Error with the place in the text.
func PlanQuery(sel *ast.Select, env *Env) (*plan.Query, error) {
	if sel.Emit != "" {
		return planChanges(sel, env)
	}
	b := newBinder(env)
	b.lazy, b.clock = true, true
	q, err := b.bindQuery(sel, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	return b.finish(q)
}

// finish makes the plan of a bound query.
func (b *binder) finish(q *bound) (*plan.Query, error) {
	ts, err := b.finishParams()
	if err != nil {
		return nil, err
	}
	root := b.optimize(unshare(mapNodeExprs(q.node, b.params.typed)))
	if err := b.checkRefused(root); err != nil && !b.env.Unoptimized {
		return nil, err
	}
	return &plan.Query{Root: root, Fields: q.fields(), Params: ts, Reads: b.reads, Locks: b.strongestLock()}, nil
}

// finishParams returns the types of the parameters and tells them to the caller's Env.
func (b *binder) finishParams() ([]types.Type, error) {
	ts, err := b.params.finish()
	if err != nil {
		return nil, err
	}
	b.env.ParamTypes = append([]types.Type(nil), ts...)
	return ts, nil
}
