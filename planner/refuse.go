package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// PostgreSQL's tools ask its catalog for things that are not there (policies, publications), with constructs that are
// not there either. Since a query over what is always empty needs no evaluation, such a construct is refused only if it
// is still in the plan after rules took away what is empty: until then opRefused stands for it.
const opRefused plan.Op = "refused"

// refusal returns a stand-in of type t for what err refuses, or err where that must not wait.
func (b *binder) refusal(err *pgerr.Error, t types.Type, pos int) (*plan.Expr, error) {
	if !b.lazy {
		return nil, err.At(pos)
	}
	b.refused = append(b.refused, err.At(pos))
	return &plan.Expr{Op: opRefused, Type: t, Column: len(b.refused) - 1, Pos: pos}, nil
}

// checkRefused returns the first refusal that is left in a plan.
func (b *binder) checkRefused(n plan.Node) error {
	var err error
	note := func(e *plan.Expr) {
		if e.Op == opRefused && err == nil {
			err = b.refused[e.Column]
		}
	}
	walkNodeExprs(n, func(e *plan.Expr) { walkExpr(e, func(x *plan.Expr, _ int) { note(x) }) })
	return err
}
