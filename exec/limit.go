package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// limitOp skips rows, then gives some.
type limitOp struct {
	env     *Env
	node    *plan.Limit
	input   Operator
	started bool
	skip    int64
	left    int64 // negative: all
}

func newLimit(n *plan.Limit, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	return &limitOp{env: env, node: n, input: input}, err
}

func (l *limitOp) Next(ctx context.Context) (*types.Batch, error) {
	if !l.started {
		if err := l.start(ctx); err != nil {
			return nil, err
		}
	}
	for l.left != 0 {
		b, err := l.input.Next(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		if int64(b.Len) <= l.skip {
			l.skip -= int64(b.Len)
			continue
		}
		return l.cut(b), nil
	}
	return nil, nil
}

// cut returns the rows of b that are wanted, at least one.
func (l *limitOp) cut(b *types.Batch) *types.Batch {
	from, to := int(l.skip), b.Len
	if l.left >= 0 && int64(to-from) > l.left {
		to = from + int(l.left)
	}
	l.skip = 0
	if l.left > 0 {
		l.left -= int64(to - from)
	}
	if from == 0 && to == b.Len {
		return b
	}
	return b.Slice(from, to)
}

// start evaluates the bounds, once, as PostgreSQL does: OFFSET NULL is 0, LIMIT NULL is none.
func (l *limitOp) start(ctx context.Context) error {
	l.started, l.left = true, -1
	if l.node.Offset != nil {
		d, err := l.env.evalOne(ctx, l.node.Offset)
		switch {
		case err != nil:
			return err
		case d.Null:
		case d.Int < 0:
			return pgerr.New(pgerr.InvalidRowCountInOffset, "OFFSET must not be negative")
		default:
			l.skip = d.Int
		}
	}
	if l.node.Count == nil {
		return nil
	}
	d, err := l.env.evalOne(ctx, l.node.Count)
	switch {
	case err != nil || d.Null:
		return err
	case d.Int < 0:
		return pgerr.New(pgerr.InvalidRowCountInLimit, "LIMIT must not be negative")
	}
	l.left = d.Int
	boundSort(l.input, l.skip, l.left)
	return nil
}

// boundSort tells a sort, below projections, how many of its first rows are wanted.
func boundSort(op Operator, skip, count int64) {
	for {
		switch o := op.(type) {
		case *projectOp:
			op = o.input
			continue
		case *sortOp:
			if n := skip + count; n > 0 && n < maxTopRows {
				o.first = int(n)
			}
		}
		return
	}
}

func (l *limitOp) Close() { l.input.Close() }
