package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// IndexBuild gives the rows of a table their entries in a unique index, some at a time, while others write: each entry comes in one
// write with the check that its row is as it was read. Writers keep the index already.
//
//	Step, with a new snapshot and a new Tx, again until its commit succeeds → Advance → Step …
type IndexBuild struct {
	table *catalog.Relation
	index *uniqueIndex
	env   *Env

	partition int
	cursor    []byte // key of the last row of the partition that is done; nil: none
	next      []byte // of the step that is being committed; nil: the partition ends there
}

// buildStepRows is how many rows get their entries in one write.
const buildStepRows = 512

// NewIndexBuild begins at the first row.
func NewIndexBuild(table, index *catalog.Relation, env *Env) *IndexBuild {
	env.begin()
	return &IndexBuild{table: table, env: env,
		index: &uniqueIndex{index: index, keys: state.NewIndexDef(table, index.Index).Indexer()}}
}

// Step writes the entries of the next rows into tx. done says that there are no more rows; there is nothing to commit then. Error: 23505.
func (b *IndexBuild) Step(ctx context.Context, r Reader, tx Tx) (done bool, err error) {
	if b.partition == b.table.Partitions() {
		return true, nil
	}
	part := b.table.Partition(b.partition)
	prefix := state.RowPrefix(part)
	from := prefix
	if b.cursor != nil {
		from = append(append(bytes.Clone(prefix), b.cursor...), 0)
	}
	b.next = nil
	entries := newRowWriter(b.index.index, tx)
	checks := PartitionWrite{Partition: part, Table: true, Check: true, Epoch: b.table.Epoch}
	here := newKeySet(b.env)
	it := r.Rows(part).Scan(from, state.PrefixEnd(prefix))
	defer it.Close()
	for n := 0; n < buildStepRows && it.Next(); n++ {
		key := bytes.Clone(it.Key()[len(prefix):])
		b.next = key
		if err := b.add(ctx, r, entries, &checks, here, key, it.Value()); err != nil {
			return false, err
		}
	}
	if err := it.Close(); err != nil {
		return false, err
	}
	if err := entries.flush(ctx); err != nil || len(checks.Rows) == 0 {
		return false, err
	}
	return false, tx.Write(ctx, []PartitionWrite{checks})
}

// Advance goes on behind the rows of the last step.
func (b *IndexBuild) Advance() {
	b.cursor = b.next
	if b.next == nil {
		b.partition++
	}
}

// add writes the entry of a row that has none.
func (b *IndexBuild) add(ctx context.Context, r Reader, entries *rowWriter, checks *PartitionWrite, here *keySet, key, value []byte) error {
	stored, err := state.DecodeRows(bytes.Clone(value))
	if err != nil || len(stored.Rows) == 0 {
		return err
	}
	row := stored.Rows[0].Row
	entry, null, err := b.index.keys.Key(nil, row)
	if err != nil {
		return err
	}
	if null {
		entry = append(entry, key...)
	}
	there, err := readRow(r, b.index.index, entry)
	if err != nil {
		return err
	}
	if there.row != nil {
		of, err := holder(there)
		if err == nil && !bytes.Equal(of, key) {
			err = b.duplicated(row)
		}
		return err
	}
	fresh, err := here.add(entry)
	if err != nil {
		return err
	}
	if !fresh {
		return b.duplicated(row)
	}
	checks.Rows = append(checks.Rows, WriteRow{Key: key, Guard: GuardAtOffset, GuardOffset: stored.Offset})
	return entries.write(ctx, entries.partition(entry), WriteRow{Key: entry, Value: entryRow(key), Guard: GuardAbsent})
}

// duplicated is 23505 for a row whose values another one has.
func (b *IndexBuild) duplicated(row []byte) error {
	rows := types.NewBatch(b.table.Types(), 1)
	if err := types.DecodeRowMissing(row, b.table.Missing(), rows); err != nil {
		return err
	}
	columns := make([]int, len(b.index.index.Index.Columns))
	for i, c := range b.index.index.Index.Columns {
		columns[i] = c.Column
	}
	err := pgerr.New(pgerr.UniqueViolation, "could not create unique index %q", b.index.index.Name).
		WithDetail("Key %s is duplicated.", describeKey(b.table, columns, rows, 0, b.env))
	err.Schema, err.Table, err.Constraint = b.table.Schema, b.table.Name, b.index.index.Name
	return err
}
