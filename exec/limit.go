package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/exec/expr"
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
	ties    []*expr.Compiled
	last    []byte // with ties, when all others are given: the encoded place of the last row
}

func newLimit(n *plan.Limit, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	if err != nil {
		return nil, err
	}
	l := &limitOp{env: env, node: n, input: input}
	l.ties, err = env.compileAll(n.Ties)
	return l, err
}

func (l *limitOp) Next(ctx context.Context) (*types.Batch, error) {
	if !l.started {
		if err := l.start(ctx); err != nil {
			return nil, err
		}
	}
	for l.left != 0 || l.last != nil {
		b, err := l.input.Next(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		if int64(b.Len) <= l.skip {
			l.skip -= int64(b.Len)
			continue
		}
		if len(l.ties) > 0 {
			if b, err = l.withTies(ctx, b); err != nil || b.Len == 0 {
				return nil, err
			}
			return b, nil
		}
		return l.cut(b), nil
	}
	return nil, nil
}

// withTies is cut for a limit that also gives the rows which are equal to the last one; none at the end of them.
func (l *limitOp) withTies(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	keys, err := l.env.evalAll(ctx, l.ties, b)
	if err != nil {
		return nil, err
	}
	from := int(l.skip)
	to := from
	l.skip = 0
	if l.left != 0 {
		to = b.Len
		if l.left > 0 {
			to = from + int(min(l.left, int64(b.Len-from)))
			l.left -= int64(to - from)
		}
		if l.left == 0 {
			l.last = appendPlace(nil, keys, to-1)
		}
	}
	var buf []byte
	for l.left == 0 && l.last != nil && to < b.Len {
		if buf = appendPlace(buf[:0], keys, to); !bytes.Equal(buf, l.last) {
			l.last = nil
			break
		}
		to++
	}
	return b.Slice(from, to), nil
}

func appendPlace(dst []byte, keys []*types.Vector, row int) []byte {
	for _, v := range keys {
		dst = types.EncodeKeyValue(dst, v, row)
	}
	return dst
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
	case err != nil:
		return err
	case d.Null && len(l.ties) > 0:
		return pgerr.New(pgerr.InvalidRowCountInLimit, "row count cannot be null in FETCH FIRST ... WITH TIES clause")
	case d.Null:
		return nil
	case d.Int < 0:
		return pgerr.New(pgerr.InvalidRowCountInLimit, "LIMIT must not be negative")
	}
	l.left = d.Int
	if len(l.ties) == 0 {
		boundSort(l.input, l.skip, l.left)
	}
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
