package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// upsert is INSERT … ON CONFLICT (key) DO UPDATE.
type upsert struct {
	*Inserter
	arbiter *uniqueIndex // nil: the key
	hit     *keySet      // what rows of the statement have in the arbiter
	set     []*expr.Compiled
	where   *expr.Compiled
	before  *types.Batch // of the rows that evaluate gave last, as they were
}

func newUpsert(p *plan.Insert, in *Inserter) (*upsert, error) {
	u := &upsert{Inserter: in, hit: newKeySet(in.env)}
	if a := arbitersOf(p, in); !a.primary {
		u.arbiter = a.indexes[0]
	}
	var err error
	if u.set, err = in.env.compileAll(p.OnConflictSet); err != nil {
		return nil, err
	}
	if p.OnConflictWhere != nil {
		u.where, err = in.env.compile(p.OnConflictWhere)
	}
	return u, err
}

// conflict is a row of the source whose key is there.
type conflict struct {
	row int // of the source's batch
	old storedRow
	at  int // of the updated rows; -1: WHERE says no
}

// add inserts or updates, and returns the rows as they are then.
func (u *upsert) add(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	b = u.fillRowIDs(b)
	keys := make([]conflictTarget, b.Len)
	var conflicts []conflict
	rows, err := u.rules.over(ctx, b)
	if err != nil {
		return nil, err
	}
	if err := u.lockTargets(ctx, rows, keys); err != nil {
		return nil, err
	}
	defer u.unsettle()
	for i := range b.Len {
		if err := rows.check(i); err != nil {
			return nil, err
		}
		old, err := u.find(ctx, b, i, &keys[i])
		if err != nil {
			return nil, err
		}
		if old.row != nil {
			conflicts = append(conflicts, conflict{row: i, old: old, at: -1})
		}
	}
	updated, err := u.evaluate(ctx, b, conflicts)
	if err != nil {
		return nil, err
	}
	return u.apply(ctx, b, keys, updated, conflicts)
}

// conflictTarget is where a row of the source goes.
type conflictTarget struct {
	id  []byte // its key in the arbiter; nil: it has a NULL there, and conflicts with nothing
	key []byte // of the row that is there, or else of the new one
}

// lockTargets finds the keys of rows and locks them as rows that are changed, which is as good for one that is inserted.
func (u *upsert) lockTargets(ctx context.Context, rows checkedRows, keys []conflictTarget) error {
	for i := range keys {
		keys[i].key = types.EncodeKey(nil, rows.batch, u.rel.Key, i)
		keys[i].id = keys[i].key
		if u.arbiter == nil {
			continue
		}
		if id, null := u.arbiter.entry(rows.batch, i, nil); null {
			keys[i].id = nil
		} else {
			keys[i].id = bytes.Clone(id)
		}
	}
	for i := 0; i < len(keys) && rows.check(i) == nil; i++ {
		if err := u.unique.lock(ctx, &u.locks, rows.batch, i); err != nil {
			return err
		}
		if u.arbiter != nil {
			continue
		}
		if _, err := u.locks.lock(ctx, u.w.partition(keys[i].key), keys[i].key, LockChange); err != nil {
			return err
		}
	}
	return u.settle(ctx)
}

// find returns the row that row i of b conflicts with, locked.
func (u *upsert) find(ctx context.Context, b *types.Batch, i int, t *conflictTarget) (storedRow, error) {
	if u.arbiter != nil {
		key, err := u.arbiter.holderOf(u.reader, b, i)
		if err != nil || key == nil {
			return storedRow{}, err
		}
		t.key = key
		if err := u.lockHolder(ctx, key); err != nil {
			return storedRow{}, err
		}
	}
	old, err := readRow(u.reader, u.rel, t.key)
	if err != nil {
		return old, err
	}
	if u.arbiter != nil && old.row == nil { // it has moved or gone while it was waited for
		return old, &ConflictError{Partition: u.rel.Partition(int(u.w.partition(t.key))), Key: t.key, Guard: GuardAtOffset}
	}
	return old, u.unchanged(t.key, old)
}

// lockHolder locks the row that has the arbiter's key.
func (u *upsert) lockHolder(ctx context.Context, key []byte) error {
	g, err := u.locks.lock(ctx, u.w.partition(key), key, LockChange)
	if err != nil || !g.Waited {
		return err
	}
	u.locks.done()
	return u.settle(ctx)
}

// unchanged refuses a row that is there but not as in the transaction's snapshot.
func (u *upsert) unchanged(key []byte, old storedRow) error {
	if old.row == nil {
		return nil
	}
	return u.locks.unfrozen(key, old)
}

// evaluate computes the new rows of the conflicts that pass WHERE.
func (u *upsert) evaluate(ctx context.Context, b *types.Batch, conflicts []conflict) (*types.Batch, error) {
	old := types.NewBatch(u.rel.Types(), len(conflicts))
	excluded := make([]int, len(conflicts))
	for i, c := range conflicts {
		if err := types.DecodeRowMissing(c.old.row, u.rel.Missing(), old); err != nil {
			return nil, err
		}
		excluded[i] = c.row
	}
	in := &types.Batch{Len: old.Len, Cols: append(old.Cols, b.Gather(excluded).Cols...)}
	rows := numbers(in.Len)
	if u.where != nil {
		var err error
		if rows, err = u.env.evalRows(ctx, u.where, in); err != nil {
			return nil, err
		}
		in = in.Gather(rows)
	}
	for at, r := range rows {
		conflicts[r].at = at
	}
	u.before = &types.Batch{Len: in.Len, Cols: in.Cols[:len(u.rel.Columns)]}
	cols, err := u.env.evalAll(ctx, u.set, in)
	return &types.Batch{Len: in.Len, Cols: cols}, err
}

// apply writes row by row, in the source's order.
func (u *upsert) apply(ctx context.Context, b *types.Batch, keys []conflictTarget, updated *types.Batch, conflicts []conflict) (*types.Batch, error) {
	out := types.NewBatch(u.rel.Types(), b.Len)
	after, err := u.rules.over(ctx, updated)
	if err != nil {
		return nil, err
	}
	var inserted, changed []int
	for i := range b.Len {
		conflicting := len(conflicts) > 0 && conflicts[0].row == i
		if conflicting && conflicts[0].at < 0 && !u.hit.has(keys[i].id) {
			conflicts = conflicts[1:]
			continue
		}
		if err := u.hits(keys[i]); err != nil {
			return nil, err
		}
		if !conflicting {
			out.AppendFrom(b, i, 1)
			inserted = append(inserted, i)
			err = u.insertRow(ctx, keys[i].key, b, i)
		} else {
			c := conflicts[0]
			conflicts = conflicts[1:]
			out.AppendFrom(updated, c.at, 1)
			changed = append(changed, c.at)
			err = u.update(ctx, keys[i].key, c.old, after, c.at)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := u.refs.check(ctx, b, inserted, nil); err != nil {
		return nil, err
	}
	return out, u.refs.check(ctx, updated, changed, u.before)
}

// hits notes that the statement writes the target. Error: 21000 if it has before.
func (u *upsert) hits(t conflictTarget) error {
	if t.id == nil {
		return nil
	}
	fresh, err := u.hit.add(t.id)
	if err == nil && !fresh {
		err = secondHit()
	}
	return err
}

// insertRow inserts row i of b, which conflicts with nothing in the arbiter.
func (u *upsert) insertRow(ctx context.Context, key []byte, b *types.Batch, i int) error {
	if u.arbiter == nil {
		if _, err := u.keys.add(key); err != nil {
			return err
		}
	} else if taken, err := u.taken(key); err != nil {
		return err
	} else if taken {
		return uniqueViolation(u.rel, b, i, u.env)
	}
	if err := u.unique.change(nil, storedRow{}, key, b, i); err != nil {
		return err
	}
	return u.insert(ctx, key, b, i)
}

// update replaces the row old of key by row i of rows.
func (u *upsert) update(ctx context.Context, key []byte, old storedRow, rows checkedRows, i int) error {
	if err := rows.check(i); err != nil {
		return err
	}
	b := rows.batch
	u.count++
	if err := u.gone.changed(u.before, b, i); err != nil {
		return err
	}
	newKey := u.key(b, i)
	if err := u.unique.change(key, old, newKey, b, i); err != nil {
		return err
	}
	if bytes.Equal(key, newKey) {
		return u.w.write(ctx, u.w.partition(key), old.replace(key, u.w.value(b, i)))
	}
	if err := u.lockMoved(ctx, key, newKey); err != nil {
		return err
	}
	taken, err := u.taken(newKey)
	if err != nil {
		return err
	}
	if taken {
		return uniqueViolation(u.rel, b, i, u.env)
	}
	row := WriteRow{Key: newKey, Value: u.w.value(b, i), Guard: GuardAbsent}
	if err := u.w.write(ctx, u.w.partition(newKey), row); err != nil {
		return err
	}
	return u.w.write(ctx, u.w.partition(key), old.replace(key, nil))
}

// lockMoved locks what an update of the key touches.
func (u *upsert) lockMoved(ctx context.Context, key, newKey []byte) error {
	if _, err := u.locks.lock(ctx, u.w.partition(key), key, LockRemove); err != nil {
		return err
	}
	if _, err := u.locks.lock(ctx, u.w.partition(newKey), newKey, LockInsert); err != nil {
		return err
	}
	u.locks.done()
	return u.settle(ctx)
}
