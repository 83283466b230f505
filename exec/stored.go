package exec

import (
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// getStored reads what is stored under a key of a table or view; no rows if there is nothing.
func getStored(r Reader, p catalog.PartitionID, key []byte) (state.StoredRows, error) {
	value, err := r.Rows(p).Get(state.RowKey(p, key))
	if err != nil || value == nil {
		return state.StoredRows{}, err
	}
	return state.DecodeRows(value)
}

// storedRow is a row of a table as it is stored.
type storedRow struct {
	offset log.Offset
	row    []byte // nil: there is none
}

// readRow reads the row of a table under a key.
func readRow(r Reader, rel *catalog.Relation, key []byte) (storedRow, error) {
	stored, err := getStored(r, rel.Partition(int(types.Partition(key, rel.Partitions()))), key)
	switch {
	case err != nil:
		return storedRow{}, fmt.Errorf("row of table %q: %w", rel.Name, err)
	case len(stored.Rows) == 0:
		return storedRow{}, nil
	case len(stored.Rows) > 1 || stored.Rows[0].Count != 1:
		return storedRow{}, fmt.Errorf("table %q has several rows under one key: %w", rel.Name, state.ErrCorrupt)
	}
	return storedRow{offset: stored.Offset, row: stored.Rows[0].Row}, nil
}

// replace returns the write that puts value in the place of s (nil: deletes it).
func (s storedRow) replace(key, value []byte) WriteRow {
	return WriteRow{Key: key, Value: value, Before: s.row, Guard: GuardAtOffset, GuardOffset: s.offset}
}
