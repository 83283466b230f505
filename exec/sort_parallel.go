package exec

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
)

// sortSpine returns the spine below a sort, nil if there is none.
func sortSpine(n *plan.Sort, env *Env) *spine {
	var exprs []*plan.Expr
	for _, k := range n.Keys {
		exprs = append(exprs, k.Expr)
	}
	return spineOf(n.Input, exprs, env)
}

// readParallel sorts each partition apart and has them merged, of equal rows those of an earlier partition first, as in a single
// pass. After an error nothing is kept. Errors: errSerial.
func (s *sortOp) readParallel(ctx context.Context) error {
	s.parts = make([]*sortOp, s.spine.scan.Relation.Partitions())
	err := s.spine.run(ctx, s.env, func(ctx context.Context, env *Env, partition int) error {
		part, err := newSort(s.node, env)
		if err != nil {
			return err
		}
		part.first = s.first
		s.parts[partition] = part
		return part.readInput(ctx)
	})
	var runs []Operator
	for _, p := range s.parts {
		if p != nil {
			runs = append(runs, p.run())
		}
	}
	if err == nil {
		return s.mergeRuns(ctx, runs)
	}
	s.closeParts()
	if pgerr.Code(err) == pgerr.OutOfMemory {
		return errors.Join(errSerial, err)
	}
	return err
}

func (s *sortOp) closeParts() {
	for _, p := range s.parts {
		if p != nil {
			p.Close()
		}
	}
	s.parts = nil
}
