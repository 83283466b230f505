package exec

import (
	"bytes"
	"context"
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// uniqueIndexes keeps the unique indexes of a table through one statement: an entry is a row of the index's own relation,
// guarded as other rows are. Rows that are inserted are looked up and written at once. What an UPDATE takes from entries and
// gives to others is known at its end only: until then it is held.
type uniqueIndexes struct {
	env   *Env
	rel   *catalog.Relation
	list  []*uniqueIndex
	locks rowLocker
	// newer says that rows were read in a newer snapshot than the statement's, and so must be their entries.
	newer bool
}

// uniqueIndex is one of them.
type uniqueIndex struct {
	index *catalog.Relation
	keys  *state.Indexer
	w     *rowWriter
	come  *keySet // entries of rows that were inserted

	changes map[string]*entryChange
	order   []*entryChange // by first change
	rows    *types.Batch   // new rows, for messages
	mem     account
	buf     []byte
}

// entryChange is what a statement does to an entry: it takes it from the row leaves, and gives it to the row comes; nil: none.
type entryChange struct {
	key           []byte
	leaves, comes []byte
	row           int // of comes, in rows
}

func newUniqueIndexes(rel *catalog.Relation, env *Env, tx Tx) *uniqueIndexes {
	u := &uniqueIndexes{env: env, rel: rel, locks: rowLocker{env: env, rel: rel}}
	for _, x := range rel.Indexes {
		if x.Index.Unique {
			u.list = append(u.list, &uniqueIndex{index: x, keys: state.NewIndexDef(rel, x.Index).Indexer(), w: newRowWriter(x, tx),
				come: newKeySet(env), changes: map[string]*entryChange{}, rows: types.NewBatch(rel.Types(), 0), mem: env.account("changes of unique indexes")})
		}
	}
	return u
}

// entry returns the key of the entry of row i of b, whose own key is rowKey, in the memory of buf. A row with a NULL in the
// columns has an entry of its own.
func (x *uniqueIndex) entry(b *types.Batch, i int, rowKey []byte) (key []byte, null bool) {
	key = x.buf[:0]
	for _, c := range x.index.Index.Columns {
		v := b.Cols[c.Column]
		null = null || v.IsNull(i)
		key = types.EncodeOrder(key, v, i, c.Desc, c.NullsFirst)
	}
	if null {
		key = append(key, rowKey...)
	}
	x.buf = key
	return key, null
}

// holder returns the key of the row that an entry is of.
func holder(entry storedRow) ([]byte, error) {
	b := types.NewBatch([]types.Type{types.Bytea}, 1)
	if err := types.DecodeRow(entry.row, b); err != nil {
		return nil, fmt.Errorf("entry of an index: %w", err)
	}
	return []byte(b.Cols[0].Str[0]), nil
}

// entryRow is what is stored of an entry.
func entryRow(rowKey []byte) []byte {
	b := types.NewBatch([]types.Type{types.Bytea}, 1)
	b.AppendRow([]types.Datum{types.StrDatum(string(rowKey))}, 1)
	return types.EncodeRow(nil, b, 0)
}

// holderOf returns the key of the row that has the columns of row i of b, nil if none has.
func (x *uniqueIndex) holderOf(r Reader, b *types.Batch, i int) ([]byte, error) {
	key, null := x.entry(b, i, nil)
	if null {
		return nil, nil
	}
	there, err := readRow(r, x.index, key)
	if err != nil || there.row == nil {
		return nil, err
	}
	return holder(there)
}

// lock locks the entries of row i of b through l, as ones that are inserted.
func (u *uniqueIndexes) lock(ctx context.Context, l *rowLocker, b *types.Batch, i int) error {
	for _, x := range u.list {
		if key, null := x.entry(b, i, nil); !null {
			if err := l.lockEntry(ctx, x.index, key, LockInsert); err != nil {
				return err
			}
		}
	}
	return nil
}

// lockEntry locks the entry of a unique index.
func (l *rowLocker) lockEntry(ctx context.Context, index *catalog.Relation, key []byte, mode LockMode) error {
	if !l.needed() {
		return nil
	}
	g, err := l.env.Locking.Rows.Lock(ctx, index, types.Partition(key, index.Partitions()), key, mode, LockWaits)
	l.waited = l.waited || g.Waited
	return err
}

// taken reports whether a row has the columns of row i of b in the index, or was inserted with them by this statement.
func (x *uniqueIndex) taken(r Reader, b *types.Batch, i int) (bool, error) {
	key, null := x.entry(b, i, nil)
	switch {
	case null:
		return false, nil
	case x.come.has(key):
		return true, nil
	}
	there, err := readRow(r, x.index, key)
	return there.row != nil, err
}

// insert writes the entries of row i of b, which is new. Errors: 23505.
func (u *uniqueIndexes) insert(ctx context.Context, r Reader, rowKey []byte, b *types.Batch, i int) error {
	for _, x := range u.list {
		taken, err := x.taken(r, b, i)
		if err != nil {
			return err
		}
		if taken {
			return u.violation(x, b, i)
		}
		key, null := x.entry(b, i, rowKey)
		if !null {
			if _, err := x.come.add(key); err != nil {
				return err
			}
		}
		if err := x.w.write(ctx, x.w.partition(key), WriteRow{Key: key, Value: entryRow(rowKey), Guard: GuardAbsent}); err != nil {
			return err
		}
	}
	return nil
}

func (u *uniqueIndexes) violation(x *uniqueIndex, b *types.Batch, i int) error {
	columns := make([]int, len(x.index.Index.Columns))
	for k, c := range x.index.Index.Columns {
		columns[k] = c.Column
	}
	return duplicate(u.rel, x.index.Name, columns, b, i, u.env)
}

// change notes that the row old, under oldKey, becomes row i of b, under newKey. An old without row: it is new; b nil: it goes.
// Errors: 23505.
func (u *uniqueIndexes) change(oldKey []byte, old storedRow, newKey []byte, b *types.Batch, i int) error {
	for _, x := range u.list {
		var before, after []byte
		if old.row != nil {
			key, null, err := x.keys.Key(nil, old.row)
			if err != nil {
				return err
			}
			if before = key; null {
				before = append(before, oldKey...)
			}
		}
		if b != nil {
			after, _ = x.entry(b, i, newKey)
		}
		if before != nil && after != nil && bytes.Equal(before, after) && bytes.Equal(oldKey, newKey) {
			continue
		}
		if err := u.note(x, before, oldKey, after, newKey, b, i); err != nil {
			return err
		}
	}
	return nil
}

func (u *uniqueIndexes) note(x *uniqueIndex, before, oldKey, after, newKey []byte, b *types.Batch, i int) error {
	if before != nil {
		c, err := x.changed(before)
		if err != nil {
			return err
		}
		c.leaves = bytes.Clone(oldKey)
	}
	if after == nil {
		return nil
	}
	c, err := x.changed(after)
	if err != nil {
		return err
	}
	if c.comes != nil {
		return u.violation(x, b, i)
	}
	c.comes, c.row = bytes.Clone(newKey), x.rows.Len
	x.rows.AppendFrom(b, i, 1)
	return x.mem.grow(batchBytes(b, i, i+1))
}

func (x *uniqueIndex) changed(key []byte) (*entryChange, error) {
	if c := x.changes[string(key)]; c != nil {
		return c, nil
	}
	c := &entryChange{key: bytes.Clone(key)}
	x.changes[string(c.key)] = c
	x.order = append(x.order, c)
	return c, x.mem.grow(int64(3*len(key)) + hashEntryBytes)
}

// finish writes what was noted. Errors: 23505.
func (u *uniqueIndexes) finish(ctx context.Context) error {
	pending := false
	for _, x := range u.list {
		for _, c := range x.order {
			mode := LockRemove
			if c.comes != nil {
				mode = LockInsert
			}
			if err := u.locks.lockEntry(ctx, x.index, c.key, mode); err != nil {
				return err
			}
			pending = true
		}
	}
	if pending {
		if err := u.writeChanges(ctx); err != nil {
			return err
		}
	}
	for _, x := range u.list {
		if err := x.w.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (u *uniqueIndexes) writeChanges(ctx context.Context) error {
	u.locks.waited = u.locks.waited || u.newer
	r, _, err := u.locks.settle(ctx)
	if err != nil {
		return err
	}
	defer u.locks.done()
	for _, x := range u.list {
		for _, c := range x.order {
			if err := u.write(ctx, r, x, c); err != nil {
				return err
			}
		}
		x.order, x.rows = nil, types.NewBatch(u.rel.Types(), 0)
		clear(x.changes)
		x.mem.release()
	}
	return nil
}

// write writes one change.
func (u *uniqueIndexes) write(ctx context.Context, r Reader, x *uniqueIndex, c *entryChange) error {
	there, err := readRow(r, x.index, c.key)
	if err != nil {
		return err
	}
	ours := false
	if there.row != nil {
		of, err := holder(there)
		if err != nil {
			return err
		}
		ours = c.leaves != nil && bytes.Equal(of, c.leaves)
	}
	p := x.w.partition(c.key)
	switch {
	case c.comes != nil && there.row != nil && !ours:
		return u.violation(x, x.rows, c.row)
	case c.comes != nil && there.row == nil:
		return x.w.write(ctx, p, WriteRow{Key: c.key, Value: entryRow(c.comes), Guard: GuardAbsent})
	case c.comes != nil:
		return x.w.write(ctx, p, there.replace(c.key, entryRow(c.comes)))
	case ours:
		return x.w.write(ctx, p, there.replace(c.key, nil))
	case x.index.Index.Building:
		return x.w.write(ctx, p, unbuilt(c.key, there))
	}
	return &ConflictError{Partition: x.index.Partition(int(p)), Key: c.key, Guard: GuardAtOffset}
}

// unbuilt is what a row leaves that has no entry yet, as the index is being built: none, or that of a row with the same values.
// It must stay so: else whoever builds gives the row an entry at this moment, which nobody would take away.
func unbuilt(key []byte, there storedRow) WriteRow {
	if there.row == nil {
		return WriteRow{Key: key, Guard: GuardAbsent, Pin: true}
	}
	return there.replace(key, there.row)
}
