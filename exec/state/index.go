package state

import (
	"encoding/json"
	"fmt"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// IndexDef says how an index's keys come from stored rows: a pure function of the bytes of a row, which every replica computes
// alike. It holds all that it depends on, so that a later change of the table does not change it.
type IndexDef struct {
	Version int                   `json:"version"`
	Columns []catalog.IndexColumn `json:"columns"`
	Types   []types.Type          `json:"types"`             // of the stored columns, up to the last one of the index
	Missing []types.Datum         `json:"missing,omitempty"` // in rows that are older than a column
}

// indexVersion is the version of the function: the order codec of the columns, one after another.
const indexVersion = 1

// NewIndexDef returns the definition of an index of table as that is now.
func NewIndexDef(table *catalog.Relation, x *catalog.Index) IndexDef {
	last := 0
	for _, c := range x.Columns {
		last = max(last, c.Column)
	}
	d := IndexDef{Version: indexVersion, Columns: x.Columns, Types: table.Types()[:last+1]}
	if m := table.Missing(); len(m) > 0 {
		d.Missing = m[:min(len(m), last+1)]
	}
	return d
}

// Append appends the encoded form of d.
func (d IndexDef) Append(dst []byte) ([]byte, error) {
	b, err := json.Marshal(d)
	return append(dst, b...), err
}

// DecodeIndexDef is the inverse of Append.
func DecodeIndexDef(b []byte) (IndexDef, error) {
	var d IndexDef
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("definition of an index: %w: %w", ErrCorrupt, err)
	}
	if d.Version != indexVersion {
		return d, fmt.Errorf("definition of an index has version %d, this program knows %d", d.Version, indexVersion)
	}
	for _, c := range d.Columns {
		if c.Column < 0 || c.Column >= len(d.Types) {
			return d, fmt.Errorf("definition of an index: column %d: %w", c.Column, ErrCorrupt)
		}
	}
	return d, nil
}

// Indexer computes keys of an index. It is for one goroutine.
type Indexer struct {
	def     IndexDef
	want    []int // for each stored column its place in scratch, or -1
	scratch *types.Batch
}

// Indexer returns what computes the keys.
func (d IndexDef) Indexer() *Indexer {
	x := &Indexer{def: d, want: make([]int, len(d.Types))}
	for i := range x.want {
		x.want[i] = -1
	}
	var ts []types.Type
	for _, c := range d.Columns {
		if x.want[c.Column] < 0 {
			x.want[c.Column] = len(ts)
			ts = append(ts, d.Types[c.Column])
		}
	}
	x.scratch = types.NewBatch(ts, 1)
	return x
}

// Key appends the key of a row, and reports whether one of its columns is NULL.
func (x *Indexer) Key(dst, row []byte) (key []byte, null bool, err error) {
	x.clear()
	if err := types.DecodeRowColumns(row, x.def.Types, x.want, x.def.Missing, x.scratch); err != nil {
		return nil, false, fmt.Errorf("row of an index: %w", err)
	}
	for _, c := range x.def.Columns {
		v := x.scratch.Cols[x.want[c.Column]]
		null = null || v.IsNull(0)
		dst = types.EncodeOrder(dst, v, 0, c.Desc, c.NullsFirst)
	}
	return dst, null, nil
}

func (x *Indexer) clear() {
	for _, v := range x.scratch.Cols {
		v.Int, v.Float, v.Str, v.Dec, v.Nulls = v.Int[:0], v.Float[:0], v.Str[:0], v.Dec[:0], nil
	}
	x.scratch.Len, x.scratch.Diffs = 0, nil
}

// IndexPrefix returns the prefix of an index's entries of one partition of its table. An entry's key is prefix, key of the index,
// key of the row; its value is the key of the row.
func IndexPrefix(index catalog.RelationID, partition uint32) []byte {
	return partitionPrefix(SpaceIndex, catalog.PartitionID{Topic: index.Topic(0), Partition: partition})
}

// SplitIndexKey takes the key of an entry apart; ok is false for another key. The rest aliases it.
func SplitIndexKey(key []byte) (index catalog.RelationID, partition uint32, rest []byte, ok bool) {
	if len(key) < partitionPrefixBytes || key[0] != SpaceIndex {
		return 0, 0, nil, false
	}
	p := partitionOf(key)
	return p.Topic.Relation(), p.Partition, key[partitionPrefixBytes:], true
}
