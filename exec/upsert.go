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
	set   []*expr.Compiled
	where *expr.Compiled
}

func newUpsert(p *plan.Insert, in *Inserter) (*upsert, error) {
	u := &upsert{Inserter: in}
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
	keys := make([][]byte, b.Len)
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
		old, err := readRow(u.reader, u.rel, keys[i])
		if err == nil {
			err = u.unchanged(keys[i], old)
		}
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

// lockTargets finds the keys of rows and locks them as rows that are changed, which is as good for one that is inserted.
func (u *upsert) lockTargets(ctx context.Context, rows checkedRows, keys [][]byte) error {
	for i := range keys {
		keys[i] = types.EncodeKey(nil, rows.batch, u.rel.Key, i)
	}
	for i := 0; i < len(keys) && rows.check(i) == nil; i++ {
		if _, err := u.locks.lock(ctx, u.w.partition(keys[i]), keys[i], LockChange); err != nil {
			return err
		}
	}
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
	cols, err := u.env.evalAll(ctx, u.set, in)
	return &types.Batch{Len: in.Len, Cols: cols}, err
}

// apply writes row by row, in the source's order.
func (u *upsert) apply(ctx context.Context, b *types.Batch, keys [][]byte, updated *types.Batch, conflicts []conflict) (*types.Batch, error) {
	out := types.NewBatch(u.rel.Types(), b.Len)
	after, err := u.rules.over(ctx, updated)
	if err != nil {
		return nil, err
	}
	for i := range b.Len {
		conflicting := len(conflicts) > 0 && conflicts[0].row == i
		if conflicting && conflicts[0].at < 0 && !u.keys.has(keys[i]) {
			conflicts = conflicts[1:]
			continue
		}
		fresh, err := u.keys.add(keys[i])
		if err != nil {
			return nil, err
		}
		if !fresh {
			return nil, secondHit()
		}
		if !conflicting {
			out.AppendFrom(b, i, 1)
			err = u.insert(ctx, keys[i], b, i)
		} else {
			c := conflicts[0]
			conflicts = conflicts[1:]
			out.AppendFrom(updated, c.at, 1)
			err = u.update(ctx, keys[i], c.old, after, c.at)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// update replaces the row old of key by row i of rows.
func (u *upsert) update(ctx context.Context, key []byte, old storedRow, rows checkedRows, i int) error {
	if err := rows.check(i); err != nil {
		return err
	}
	b := rows.batch
	u.count++
	newKey := u.key(b, i)
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
