package exec

import (
	"context"

	"github.com/millracedb/millrace/sql/types"
)

// keyMoves holds the rows of an UPDATE whose keys change until all are known: a key that one row leaves another may take.
type keyMoves struct {
	rows *types.Batch // new rows
	left []leftKey    // by row
	mem  account
}

// leftKey is a key that a row leaves.
type leftKey struct {
	key   []byte
	old   storedRow
	taken bool // by another row of the statement
}

// add notes that the row old, at key, becomes row i of after.
func (m *keyMoves) add(key []byte, old storedRow, after *types.Batch, i int) error {
	m.rows.AppendFrom(after, i, 1)
	m.left = append(m.left, leftKey{key: append([]byte(nil), key...), old: old})
	return m.mem.grow(int64(2*len(key)+len(old.row)) + hashEntryBytes + batchBytes(after, i, i+1))
}

// write writes the new rows and deletes those whose key nobody took. Errors: 23505.
func (m *keyMoves) write(ctx context.Context, u *updater) error {
	if m.rows.Len == 0 {
		return nil
	}
	left := make(map[string]*leftKey, len(m.left))
	for i := range m.left {
		left[string(m.left[i].key)] = &m.left[i]
	}
	come := newKeySet(u.env)
	reader, err := m.lock(ctx, u)
	if err != nil {
		return err
	}
	defer u.locks.done()
	for i := range m.rows.Len {
		if err := m.writeRow(ctx, u, reader, left, come, i); err != nil {
			return err
		}
	}
	for _, l := range m.left {
		if l.taken {
			continue
		}
		if err := u.w.write(ctx, u.w.partition(l.key), l.old.replace(l.key, nil)); err != nil {
			return err
		}
	}
	return nil
}

// lock locks the keys to which rows move and returns where to look for others that have them.
func (m *keyMoves) lock(ctx context.Context, u *updater) (Reader, error) {
	for i := 0; i < m.rows.Len && u.locks.needed(); i++ {
		u.newBuf = u.w.key(u.newBuf, m.rows, i)
		if _, err := u.locks.lock(ctx, u.w.partition(u.newBuf), u.newBuf, LockInsert); err != nil {
			return nil, err
		}
	}
	r, _, err := u.locks.settle(ctx)
	return r, err
}

func (m *keyMoves) writeRow(ctx context.Context, u *updater, reader Reader, left map[string]*leftKey, come *keySet, i int) error {
	key := u.w.key(u.newBuf, m.rows, i)
	u.newBuf = key
	fresh, err := come.add(key)
	if err != nil {
		return err
	}
	if !fresh {
		return uniqueViolation(u.rel, m.rows, i, u.env)
	}
	p, value := u.w.partition(key), u.w.value(m.rows, i)
	if l := left[string(key)]; l != nil {
		l.taken = true
		return u.w.write(ctx, p, l.old.replace(key, value))
	}
	there, err := readRow(reader, u.rel, key)
	if err != nil {
		return err
	}
	if there.row != nil {
		return uniqueViolation(u.rel, m.rows, i, u.env)
	}
	return u.w.write(ctx, p, WriteRow{Key: key, Value: value, Guard: GuardAbsent})
}
