package exec

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// accessPath is where the keys of an access lie, and which rows they are of.
type accessPath interface {
	// partitions is how many there are; placed: a whole key tells its own.
	partitions() int
	placed() bool
	// open returns a store in which the keys of partition p are, behind prefix.
	open(p int) (store state.Reader, prefix []byte, err error)
	// rows returns what there is under the key that c stands on.
	rows(c *keyCursor) ([]state.StoredRow, error)
}

func newAccessPath(n *plan.Scan, env *Env) accessPath {
	x := n.Access.Index
	switch {
	case x == nil:
		return keyPath{n.Relation, env}
	case x.Index.Unique:
		return uniquePath{n.Relation, x, env}
	}
	return &localPath{n.Relation, x, env, state.NewIndexDef(n.Relation, x.Index).Indexer()}
}

// keyPath is the key: the rows themselves.
type keyPath struct {
	rel *catalog.Relation
	env *Env
}

func (k keyPath) partitions() int { return k.rel.Partitions() }

func (k keyPath) placed() bool { return slices.Equal(k.rel.Key, k.rel.PartitionBy) }

func (k keyPath) open(p int) (state.Reader, []byte, error) {
	part := k.rel.Partition(p)
	return k.env.Reader.Rows(part), state.RowPrefix(part), nil
}

func (k keyPath) rows(c *keyCursor) ([]state.StoredRow, error) {
	stored, err := state.DecodeRows(c.it.Value())
	return stored.Rows, err
}

// uniquePath is a unique index: rows of its own relation, placed by their keys, that hold the keys of the table's rows.
type uniquePath struct {
	rel, index *catalog.Relation
	env        *Env
}

func (u uniquePath) partitions() int { return u.index.Partitions() }

func (u uniquePath) placed() bool { return true }

func (u uniquePath) open(p int) (state.Reader, []byte, error) {
	part := u.index.Partition(p)
	return u.env.Reader.Rows(part), state.RowPrefix(part), nil
}

func (u uniquePath) rows(c *keyCursor) ([]state.StoredRow, error) {
	entry, err := state.DecodeRows(c.it.Value())
	if err != nil || len(entry.Rows) == 0 {
		return nil, err
	}
	key, err := holder(storedRow{row: entry.Rows[0].Row})
	if err != nil {
		return nil, err
	}
	stored, err := getStored(u.env.Reader, u.rel.Partition(int(types.Partition(key, u.rel.Partitions()))), key)
	if err == nil && len(stored.Rows) == 0 {
		err = fmt.Errorf("index %q has an entry of a row that is not there: %w", u.index.Name, state.ErrCorrupt)
	}
	return stored.Rows, err
}

// localPath is another index: entries beside the rows, in their partitions.
type localPath struct {
	rel, index *catalog.Relation
	env        *Env
	keys       *state.Indexer
}

func (l *localPath) partitions() int { return l.rel.Partitions() }

func (l *localPath) placed() bool { return false }

// open returns the store of the partition. What a block has written has no entries yet: they are made for it here, of all rows
// of the partition.
func (l *localPath) open(p int) (state.Reader, []byte, error) {
	part, prefix := l.rel.Partition(p), state.IndexPrefix(l.index.ID, uint32(p))
	if o, ok := l.env.Reader.(*Overlay); !ok || !o.wrote(part) {
		return l.env.Reader.Rows(part), prefix, nil
	}
	entries := state.NewMemory()
	rows := state.RowPrefix(part)
	it := l.env.Reader.Rows(part).Scan(rows, state.PrefixEnd(rows))
	defer it.Close()
	mem := l.env.account("index of a block's rows")
	for it.Next() {
		row := onlyRow(it.Value())
		if row == nil {
			continue
		}
		entry, _, err := l.keys.Key(bytes.Clone(prefix), row)
		if err != nil {
			return nil, nil, err
		}
		key := it.Key()[len(rows):]
		if err := mem.grow(int64(len(entry)+2*len(key)) + hashEntryBytes); err != nil {
			return nil, nil, err
		}
		var b state.Batch
		b.Put(append(entry, key...), key)
		if err := entries.Write(&b); err != nil {
			return nil, nil, err
		}
	}
	return entries, prefix, nil
}

// rows returns the rows of an entry. A view may have, for a moment, several under one key: those count that the entry is of.
func (l *localPath) rows(c *keyCursor) ([]state.StoredRow, error) {
	stored, err := getStored(l.env.Reader, l.rel.Partition(c.partition), c.it.Value())
	if err != nil || len(stored.Rows) == 1 {
		return stored.Rows, err
	}
	var out []state.StoredRow
	for _, r := range stored.Rows {
		key, _, err := l.keys.Key(nil, r.Row)
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(c.key(), key) {
			out = append(out, r)
		}
	}
	if len(stored.Rows) == 0 {
		err = fmt.Errorf("index %q has an entry of a row that is not there: %w", l.index.Name, state.ErrCorrupt)
	}
	return out, err
}
