package exec

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// lockRows locks the rows that its input's rows come from, and gives those of them that are still wanted.
type lockRows struct {
	env   *Env
	node  *plan.LockRows
	input Operator
	rest  *types.Batch // of the input, not locked yet
	key   []byte
}

func newLockRows(n *plan.LockRows, env *Env) (Operator, error) {
	input, err := build(n.Input, env)
	return &lockRows{env: env, node: n, input: input}, err
}

// Next implements Operator.
func (l *lockRows) Next(ctx context.Context) (*types.Batch, error) {
	if l.env.Locking.Rows == nil {
		return l.input.Next(ctx)
	}
	for {
		b, err := l.take(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		if b, err = l.locked(ctx, b); err != nil || b.Len > 0 {
			return b, err
		}
	}
}

// take returns rows to be locked together: one below a LIMIT, so that not more are locked than are given.
func (l *lockRows) take(ctx context.Context) (*types.Batch, error) {
	if l.rest == nil {
		var err error
		if l.rest, err = l.input.Next(ctx); err != nil || l.rest == nil {
			return nil, err
		}
	}
	b := l.rest
	l.rest = nil
	if l.node.OneByOne && b.Len > 1 {
		l.rest = b.Slice(1, b.Len)
		b = b.Slice(0, 1)
	}
	return b, nil
}

// locked locks the rows of b and returns them as they are then.
func (l *lockRows) locked(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	var rows []int
	for i := range b.Len {
		ok, err := l.lockRow(ctx, b, i)
		if err != nil {
			return nil, err
		}
		if ok {
			rows = append(rows, i)
		}
	}
	readers, err := l.latest(ctx)
	defer closeAll(readers)
	if err != nil {
		return nil, err
	}
	out := types.NewBatch(l.node.Types(), len(rows))
	for _, i := range rows {
		if err := l.current(ctx, b, i, readers, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// lockRow locks all that row i of b comes from; false if it is to be skipped.
func (l *lockRows) lockRow(ctx context.Context, b *types.Batch, i int) (bool, error) {
	for at := range l.node.Locks {
		k := &l.node.Locks[at]
		key := l.keyOf(k, b, i)
		if k.Strength == 0 || key == nil {
			continue
		}
		wait := LockWaits
		if k.Wait != plan.LockWaits {
			wait = LockNoWait
		}
		p := types.Partition(key, k.Relation.Partitions())
		_, err := l.env.Locking.Rows.Lock(ctx, k.Relation, p, key, LockMode(k.Strength-1), wait)
		switch {
		case errors.Is(err, ErrLockNotAvailable) && k.Wait == plan.LockSkip:
			return false, nil
		case errors.Is(err, ErrLockNotAvailable):
			return false, pgerr.New(codeLockNotAvailable, "could not obtain lock on row in relation %q", k.Relation.Name)
		case err != nil:
			return false, err
		}
	}
	return true, nil
}

// keyShare is RowLock.Strength of FOR KEY SHARE.
const keyShare = 1

// codeLockNotAvailable is 55P03.
const codeLockNotAvailable = "55P03"

// keyOf returns the encoded key of the row of k's table that row i of b comes from; nil: it comes from none.
func (l *lockRows) keyOf(k *plan.RowLock, b *types.Batch, i int) []byte {
	l.key = l.key[:0]
	for _, x := range k.Key {
		v := b.Cols[x.Column]
		if v.IsNull(i) {
			return nil
		}
		l.key = types.EncodeKeyDatum(l.key, x.Type, v.Datum(i))
	}
	return l.key
}

// latest returns a snapshot of now for each table that is locked.
func (l *lockRows) latest(ctx context.Context) ([]Reader, error) {
	readers := make([]Reader, len(l.node.Locks))
	for i, k := range l.node.Locks {
		if k.Strength == 0 {
			continue
		}
		var err error
		if readers[i], err = l.env.Locking.Latest(ctx, k.Relation); err != nil {
			return readers, err
		}
	}
	return readers, nil
}

func closeAll(readers []Reader) {
	for _, r := range readers {
		if r != nil {
			r.Close()
		}
	}
}

// current adds row i of b to out, anew from the input's plan if a row that it comes from has changed.
func (l *lockRows) current(ctx context.Context, b *types.Batch, i int, readers []Reader, out *types.Batch) error {
	pins, changed := map[int]pinnedRow{}, false
	for at := range l.node.Locks {
		k := &l.node.Locks[at]
		key := l.keyOf(k, b, i)
		if key == nil {
			pins[k.Mark] = pinnedRow{}
			continue
		}
		seen, err := readRow(l.env.Reader, k.Relation, key)
		if err != nil {
			return err
		}
		now := seen
		if readers[at] != nil {
			if now, err = readRow(readers[at], k.Relation, key); err != nil {
				return err
			}
		}
		if now.row != nil && k.Strength == keyShare {
			now = seen // it keeps the key only, which is the same
		}
		pins[k.Mark] = pinnedRow{now.row}
		switch {
		case now.row != nil && now.offset == seen.offset:
		case l.env.Locking.Frozen:
			return concurrentUpdate("update")
		case now.row == nil:
			return nil
		default:
			changed = true
		}
	}
	if changed {
		row, err := l.env.reevaluate(ctx, l.node.Input, pins)
		if err != nil || row == nil {
			return err
		}
		b, i = row, 0
	}
	out.AppendFrom(b, i, 1)
	return nil
}

// Close implements Operator.
func (l *lockRows) Close() { l.input.Close() }
