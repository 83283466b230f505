package exec

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Inserter inserts rows into a table or stream, or records into a topic: INSERT and COPY. It checks NOT NULL and the key, fills the hidden row id,
// and writes in chunks, so it holds little of what it inserts. It is for one goroutine.
type Inserter struct {
	env   *Env
	rel   *catalog.Relation
	w     *rowWriter
	rules rowRules
	rowID int     // the hidden row id, or -1
	keys  *keySet // written by this statement; nil where keys need no check
	locks rowLocker
	// unique are the table's other unique keys, refs what it refers to, gone who refers to it.
	unique *uniqueIndexes
	refs   *foreignKeys
	gone   goneKeys
	// reader is where keys are looked up: the statement's snapshot, or a newer one after a wait for a lock.
	reader Reader
	count  int64
	buf    []byte
}

// NewInserter returns an inserter of rows into rel, through tx. Env.Reader must cover rel if it is a table.
func NewInserter(rel *catalog.Relation, env *Env, tx Tx) *Inserter {
	env.begin()
	in := &Inserter{env: env, rel: rel, w: newRowWriter(rel, tx), rowID: -1, rules: newRowRules(rel, env),
		locks: rowLocker{env: env, rel: rel}, unique: newUniqueIndexes(rel, env, tx),
		refs: newForeignKeys(rel, env, tx), gone: newGoneKeys(rel, env), reader: env.Reader}
	for c, col := range rel.Columns {
		if col.Name == catalog.RowIDColumn && col.Hidden {
			in.rowID = c
		}
	}
	if rel.Keyed() && in.rowID < 0 {
		in.keys = newKeySet(env)
	}
	return in
}

// Add inserts the rows of b, which has the relation's stored columns in their order; the hidden row id may be NULL. Errors:
// 23502, 23505, 53200, those of the Tx.
func (in *Inserter) Add(ctx context.Context, b *types.Batch) error {
	_, err := in.add(ctx, b)
	return err
}

// Close writes what is left and returns the number of rows inserted.
func (in *Inserter) Close(ctx context.Context) (int64, error) {
	if err := in.unique.finish(ctx); err != nil {
		return in.count, err
	}
	if err := in.refs.finish(ctx); err != nil {
		return in.count, err
	}
	return in.count, in.w.flush(ctx)
}

// add inserts rows and returns them as they are stored.
func (in *Inserter) add(ctx context.Context, b *types.Batch) (*types.Batch, error) {
	b = in.fillRowIDs(b)
	rows, err := in.rules.over(ctx, b)
	if err != nil {
		return nil, err
	}
	if in.rel.Kind == catalog.KindTopic {
		return b, in.addRecords(ctx, b)
	}
	if err := in.lockKeys(ctx, rows); err != nil {
		return nil, err
	}
	defer in.unsettle()
	for i := range b.Len {
		if err := rows.check(i); err != nil {
			return nil, err
		}
		key := in.key(b, i)
		taken, err := in.taken(key)
		if err != nil {
			return nil, err
		}
		if taken {
			return nil, uniqueViolation(in.rel, b, i, in.env)
		}
		if err := in.insertNew(ctx, key, b, i); err != nil {
			return nil, err
		}
	}
	return b, in.refs.check(ctx, b, numbers(b.Len), nil)
}

// addRecords writes records of a topic: their keys and values as they are, see catalog.TopicColumns. One with a key and
// without a value is a tombstone.
func (in *Inserter) addRecords(ctx context.Context, b *types.Batch) error {
	for i := range b.Len {
		key, err := rawBytes(b.Cols[0].Datum(i))
		if err != nil {
			return err
		}
		value, err := rawBytes(b.Cols[1].Datum(i))
		if err != nil {
			return err
		}
		if key == nil && value == nil {
			return pgerr.New(pgerr.NotNullViolation, "a record of topic %q has neither key nor value", in.rel.Name)
		}
		in.count++
		if err := in.w.write(ctx, in.w.partition(key), WriteRow{Key: key, Value: value}); err != nil {
			return err
		}
	}
	return nil
}

// lockKeys locks the keys of rows, up to one that may not be written, and looks from then on where they stay as they are.
func (in *Inserter) lockKeys(ctx context.Context, rows checkedRows) error {
	if in.keys == nil && len(in.unique.list) == 0 || !in.locks.needed() {
		return nil
	}
	for i := 0; i < rows.batch.Len && rows.check(i) == nil; i++ {
		if in.keys != nil {
			key := in.key(rows.batch, i)
			if _, err := in.locks.lock(ctx, in.w.partition(key), key, LockInsert); err != nil {
				return err
			}
		}
		if err := in.unique.lock(ctx, &in.locks, rows.batch, i); err != nil {
			return err
		}
	}
	return in.settle(ctx)
}

// settle is to be called when the keys of a batch are locked, unsettle when its rows are written.
func (in *Inserter) settle(ctx context.Context) (err error) {
	var newer bool
	in.reader, newer, err = in.locks.settle(ctx)
	in.unique.newer = in.unique.newer || newer
	return err
}

func (in *Inserter) unsettle() {
	in.locks.done()
	in.reader = in.env.Reader
}

// key returns the encoded key of row i of b, valid until the next call.
func (in *Inserter) key(b *types.Batch, i int) []byte {
	key := in.w.key(in.buf, b, i)
	if key != nil {
		in.buf = key
	}
	return key
}

// taken reports whether a row with the key is there, or was inserted by this statement; if not, it now counts as inserted.
func (in *Inserter) taken(key []byte) (bool, error) {
	if in.keys == nil {
		return false, nil
	}
	fresh, err := in.keys.add(key)
	if err != nil || !fresh {
		return true, err
	}
	stored, err := getStored(in.reader, in.rel.Partition(int(in.w.partition(key))), key)
	return len(stored.Rows) > 0, err
}

// insertNew writes row i of b and its entries in unique indexes. Errors: 23505.
func (in *Inserter) insertNew(ctx context.Context, key []byte, b *types.Batch, i int) error {
	if err := in.unique.insert(ctx, in.reader, key, b, i); err != nil {
		return err
	}
	return in.insert(ctx, key, b, i)
}

// insert writes row i of b.
func (in *Inserter) insert(ctx context.Context, key []byte, b *types.Batch, i int) error {
	row := WriteRow{Key: key, Value: in.w.value(b, i)}
	if in.rel.Keyed() {
		row.Guard = GuardAbsent
	}
	in.count++
	return in.w.write(ctx, in.w.partition(key), row)
}

// fillRowIDs gives rows without a row id one. They are random: a row of another client with the same one would make the
// guard fail, and the statement be evaluated again.
func (in *Inserter) fillRowIDs(b *types.Batch) *types.Batch {
	if in.rowID < 0 {
		return b
	}
	given := b.Cols[in.rowID]
	ids := types.MakeVector(given.Type, b.Len)
	for i := range ids.Int {
		if given.IsNull(i) {
			ids.Int[i] = 1 + rand.Int64N(math.MaxInt64)
		} else {
			ids.Int[i] = given.Int[i]
		}
	}
	out := *b
	out.Cols = append([]*types.Vector(nil), b.Cols...)
	out.Cols[in.rowID] = ids
	return &out
}
