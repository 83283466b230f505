package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// RunInsert evaluates an INSERT and writes its rows, with their guards, into tx; the commit is the caller's. It returns the
// number of rows inserted or updated and the rows of RETURNING (nil if there is none). Errors: *pgerr.Error, those of ctx
// and of the storage. After an error tx must be aborted.
func RunInsert(ctx context.Context, p *plan.Insert, env *Env, tx Tx) (int64, *types.Batch, error) {
	in := NewInserter(p.Relation, env, tx)
	ret, err := newReturning(p.Returning, env)
	if err != nil {
		return 0, nil, err
	}
	add, err := insertFunc(p, in)
	if err != nil {
		return 0, nil, err
	}
	source, err := Build(p.Source.Root, env)
	if err != nil {
		return 0, nil, err
	}
	defer source.Close()
	err = drain(ctx, source, func(b *types.Batch) error {
		written, err := add(ctx, b)
		if err != nil {
			return err
		}
		return ret.add(ctx, written)
	})
	if err != nil {
		return 0, nil, err
	}
	n, err := in.Close(ctx)
	return n, ret.result(), err
}

// insertFunc returns what takes the source's batches and returns the rows as written.
func insertFunc(p *plan.Insert, in *Inserter) (func(context.Context, *types.Batch) (*types.Batch, error), error) {
	switch {
	case in.keys == nil:
		return in.add, nil // no key that the user could give twice
	case p.OnConflictSet != nil:
		u, err := newUpsert(p, in)
		if err != nil {
			return nil, err
		}
		return u.add, nil
	case p.OnConflictNothing:
		return in.addNew, nil
	}
	return in.add, nil
}

// addNew inserts the rows of b whose key is not there: ON CONFLICT DO NOTHING. A key that is there is not kept locked.
func (in *Inserter) addNew(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	checked, err := in.rules.over(ctx, b)
	if err != nil {
		return nil, err
	}
	locked, err := in.lockNew(ctx, checked)
	if err != nil {
		return nil, err
	}
	defer in.unsettle()
	var rows []int
	for i := range b.Len {
		if err := checked.check(i); err != nil {
			return nil, err
		}
		key := in.key(b, i)
		taken, err := in.taken(key)
		if err != nil {
			return nil, err
		}
		if taken {
			if err := in.passOver(key, locked[i]); err != nil {
				return nil, err
			}
			continue
		}
		rows = append(rows, i)
		if err := in.insert(ctx, key, b, i); err != nil {
			return nil, err
		}
	}
	return b.Gather(rows), nil
}

// lockNew is lockKeys; it returns which locks are new, by row.
func (in *Inserter) lockNew(ctx context.Context, rows checkedRows) ([]bool, error) {
	fresh := make([]bool, rows.batch.Len)
	if !in.locks.needed() {
		return fresh, nil
	}
	for i := 0; i < rows.batch.Len && rows.check(i) == nil; i++ {
		key := in.key(rows.batch, i)
		g, err := in.locks.lock(ctx, in.w.partition(key), key, LockInsert)
		if err != nil {
			return nil, err
		}
		fresh[i] = g.New
	}
	return fresh, in.settle(ctx)
}

// passOver leaves out a row whose key is there.
func (in *Inserter) passOver(key []byte, locked bool) error {
	there, err := readRow(in.reader, in.rel, key)
	if err == nil {
		err = in.locks.unfrozen(key, there)
	}
	if locked && there.row != nil {
		in.env.Locking.Rows.Unlock(in.rel, in.w.partition(key), key, LockInsert)
	}
	return err
}
