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
	case in.keys == nil && len(in.unique.list) == 0:
		return in.add, nil // no key that the user could give twice
	case p.OnConflictSet != nil:
		u, err := newUpsert(p, in)
		if err != nil {
			return nil, err
		}
		return u.add, nil
	case p.OnConflictNothing:
		return (&newInserter{in, arbitersOf(p, in)}).add, nil
	}
	return in.add, nil
}

// newInserter is INSERT … ON CONFLICT DO NOTHING.
type newInserter struct {
	*Inserter
	arbiters
}

// add inserts the rows of b that are in nobody's way. A key that is there is not kept locked.
func (in *newInserter) add(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	b = in.fillRowIDs(b)
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
		added, err := in.addOne(ctx, b, i, locked[i])
		if err != nil {
			return nil, err
		}
		if added {
			rows = append(rows, i)
		}
	}
	return b.Gather(rows), in.refs.check(ctx, b, rows, nil)
}

// addOne inserts row i of b unless it is in somebody's way.
func (in *newInserter) addOne(ctx context.Context, b *types.Batch, i int, locked bool) (bool, error) {
	for _, x := range in.indexes {
		if taken, err := x.taken(in.reader, b, i); taken || err != nil {
			return false, err
		}
	}
	key := in.key(b, i)
	taken, err := in.taken(key)
	switch {
	case err != nil:
		return false, err
	case taken && !in.primary:
		return false, uniqueViolation(in.rel, b, i, in.env)
	case taken:
		return false, in.passOver(key, locked)
	}
	return true, in.insertNew(ctx, key, b, i)
}

// arbiters are the keys at which ON CONFLICT looks: the primary key, and unique indexes.
type arbiters struct {
	primary bool
	indexes []*uniqueIndex
}

func arbitersOf(p *plan.Insert, in *Inserter) arbiters {
	a := arbiters{primary: p.Arbiter == nil}
	for _, x := range in.unique.list {
		if p.AnyConflict || x.index == p.Arbiter {
			a.indexes = append(a.indexes, x)
		}
	}
	return a
}

// lockNew is lockKeys; it returns which locks of primary keys are new, by row.
func (in *newInserter) lockNew(ctx context.Context, rows checkedRows) ([]bool, error) {
	fresh := make([]bool, rows.batch.Len)
	if !in.locks.needed() {
		return fresh, nil
	}
	for i := 0; i < rows.batch.Len && rows.check(i) == nil; i++ {
		if in.keys != nil {
			key := in.key(rows.batch, i)
			g, err := in.locks.lock(ctx, in.w.partition(key), key, LockInsert)
			if err != nil {
				return nil, err
			}
			fresh[i] = g.New
		}
		if err := in.unique.lock(ctx, &in.locks, rows.batch, i); err != nil {
			return nil, err
		}
	}
	return fresh, in.settle(ctx)
}

// passOver leaves out a row whose key is there.
func (in *newInserter) passOver(key []byte, locked bool) error {
	there, err := readRow(in.reader, in.rel, key)
	if err == nil {
		err = in.locks.unfrozen(key, there)
	}
	if locked && there.row != nil {
		in.env.Locking.Rows.Unlock(in.rel, in.w.partition(key), key, LockInsert)
	}
	return err
}
