package exec

import (
	"bytes"
	"context"
	"slices"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// foreignKeys sees to it, through one statement, that what the rows of a table refer to is there. A key that is gets locked, so that it
// stays, and a check goes into the write: at its commit the key is there. What is not there is looked for again at the end.
type foreignKeys struct {
	env  *Env
	rel  *catalog.Relation
	list []*foreignKey
}

// foreignKey is one of them.
type foreignKey struct {
	def     *catalog.ForeignKey
	parent  *catalog.Relation
	key     *catalog.Relation     // where keys are rows: parent, or its unique index
	columns []catalog.IndexColumn // of the key: places in rows of the table
	env     *Env
	rel     *catalog.Relation
	locks   rowLocker
	w       *rowWriter
	checked *keySet      // keys that are there
	missing *types.Batch // rows whose keys were not
	mixed   *types.Batch // a row of which MATCH FULL does not allow the NULLs
	mem     account
	buf     []byte
}

func newForeignKeys(rel *catalog.Relation, env *Env, tx Tx) *foreignKeys {
	k := &foreignKeys{env: env, rel: rel}
	for i := range rel.ForeignKeys {
		def := &rel.ForeignKeys[i]
		f := &foreignKey{def: def, parent: env.Catalog.ByID(def.Table), env: env, rel: rel, checked: newKeySet(env), mem: env.account("check of a foreign key")}
		f.key, f.columns = def.Key(env.Catalog)
		for j := range f.columns {
			f.columns[j].Column = def.Columns[f.columns[j].Column]
		}
		f.locks = rowLocker{env: env, rel: f.parent}
		f.w = newRowWriter(f.key, tx)
		f.w.check = true
		f.missing, f.mixed = types.NewBatch(rel.Types(), 0), types.NewBatch(rel.Types(), 0)
		k.list = append(k.list, f)
	}
	return k
}

// keyOf returns the key that row i of b refers to, in the memory of buf, and how many of its columns are NULL.
func (f *foreignKey) keyOf(b *types.Batch, i int) (key []byte, nulls int) {
	key = f.buf[:0]
	for _, c := range f.columns {
		v := b.Cols[c.Column]
		if v.IsNull(i) {
			nulls++
		}
		if f.def.Index != 0 {
			key = types.EncodeOrder(key, v, i, c.Desc, c.NullsFirst)
		} else {
			key = types.EncodeKeyValue(key, v, i)
		}
	}
	f.buf = key
	return key, nulls
}

// check looks at rows of b, which are written. Those that were there before, as rows of the same numbers of before, count only if they refer to
// something else now.
func (k *foreignKeys) check(ctx context.Context, b *types.Batch, rows []int, before *types.Batch) error {
	for _, f := range k.list {
		if err := f.check(ctx, b, rows, before); err != nil {
			return err
		}
	}
	return nil
}

func (f *foreignKey) check(ctx context.Context, b *types.Batch, rows []int, before *types.Batch) error {
	var keys [][]byte
	var at []int
	here := map[string]bool{}
	for _, i := range rows {
		if before != nil {
			old := bytes.Clone(f.keyBytes(before, i))
			if bytes.Equal(old, f.keyBytes(b, i)) {
				continue
			}
		}
		key, nulls := f.keyOf(b, i)
		switch {
		case f.def.Full && nulls > 0 && nulls < len(f.columns):
			if f.mixed.Len == 0 {
				f.mixed.AppendFrom(b, i, 1)
			}
		case nulls == 0 && !f.checked.has(key) && !here[string(key)]:
			here[string(key)] = true
			keys, at = append(keys, bytes.Clone(key)), append(at, i)
		}
	}
	return f.require(ctx, f.env.Reader, b, at, keys)
}

func (f *foreignKey) keyBytes(b *types.Batch, i int) []byte {
	key, _ := f.keyOf(b, i)
	return key
}

// require locks and checks those of keys that are in r, and notes the rows, at, of the others.
func (f *foreignKey) require(ctx context.Context, r Reader, b *types.Batch, at []int, keys [][]byte) error {
	there := make([]bool, len(keys))
	for i, key := range keys {
		row, err := readRow(r, f.key, key)
		if err != nil {
			return err
		}
		if there[i] = row.row != nil; !there[i] {
			continue
		}
		if err := f.locks.lockEntry(ctx, f.key, key, LockKeyShare); err != nil {
			return err
		}
	}
	latest, newer, err := f.locks.settle(ctx)
	if err != nil {
		return err
	}
	defer f.locks.done()
	for i, key := range keys {
		if there[i] && newer {
			if there[i], err = f.stays(latest, key); err != nil {
				return err
			}
		}
		if err := f.note(ctx, b, at[i], key, there[i]); err != nil {
			return err
		}
	}
	return nil
}

// stays reports whether a key that was in a snapshot is in the newest one. Error: 40001 if it is not and the snapshot is the transaction's.
func (f *foreignKey) stays(latest Reader, key []byte) (bool, error) {
	now, err := readRow(latest, f.key, key)
	if err == nil && now.row == nil && f.env.Locking.Frozen {
		err = concurrentUpdate("update")
	}
	return now.row != nil, err
}

// note puts a check of a key that is there into the write, once, and a row whose key is not among the missing.
func (f *foreignKey) note(ctx context.Context, b *types.Batch, i int, key []byte, there bool) error {
	if !there {
		f.missing.AppendFrom(b, i, 1)
		return f.mem.grow(batchBytes(b, i, i+1))
	}
	if fresh, err := f.checked.add(key); err != nil || !fresh {
		return err
	}
	return f.w.write(ctx, f.w.partition(key), WriteRow{Key: key, Guard: GuardPresent})
}

// finish looks once more for what was missing. Of a foreign key to the table itself that is left to Env.References. Error: 23503.
func (k *foreignKeys) finish(ctx context.Context) error {
	for _, f := range k.list {
		if f.mixed.Len > 0 {
			return RefersToNothing(f.rel, f.def, f.mixed, f.env)
		}
		if f.missing.Len > 0 && f.def.Self(f.rel) && k.env.References != nil {
			k.env.References.pending = append(k.env.References.pending, pendingRows{f.rel, f.missing})
			f.missing = types.NewBatch(f.rel.Types(), 0)
		}
		if err := f.again(ctx); err != nil {
			return err
		}
		if err := f.w.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// again looks for what was missing as it is now: it may have come since the statement began.
func (f *foreignKey) again(ctx context.Context) error {
	rows := f.missing
	if rows.Len == 0 {
		return nil
	}
	if f.locks.needed() && !f.env.Locking.Frozen {
		latest, err := f.env.Locking.Latest(ctx, f.parent)
		if err != nil {
			return err
		}
		defer latest.Close()
		f.missing = types.NewBatch(f.rel.Types(), 0)
		keys := make([][]byte, rows.Len)
		for i := range keys {
			keys[i] = bytes.Clone(f.keyBytes(rows, i))
		}
		if err := f.require(ctx, latest, rows, numbers(rows.Len), keys); err != nil {
			return err
		}
	}
	if f.missing.Len == 0 {
		return nil
	}
	return RefersToNothing(f.rel, f.def, f.missing, f.env)
}

// RefersToNothing is 23503 for the first of rows of a table, by its foreign key f.
func RefersToNothing(rel *catalog.Relation, f *catalog.ForeignKey, rows *types.Batch, env *Env) error {
	err := pgerr.New(pgerr.ForeignKeyViolation, "insert or update on table %q violates foreign key constraint %q", rel.Name, f.Name)
	err.Schema, err.Table, err.Constraint = rel.Schema, rel.Name, f.Name
	if slices.ContainsFunc(f.Columns, func(c int) bool { return rows.Cols[c].IsNull(0) }) {
		return err.WithDetail("MATCH FULL does not allow mixing of null and nonnull key values.")
	}
	return err.WithDetail("Key %s is not present in table %q.", describeKey(rel, f.Columns, rows, 0, env), env.Catalog.ByID(f.Table).Name)
}
