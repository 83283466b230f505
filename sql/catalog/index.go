package catalog

import (
	"slices"

	"github.com/millracedb/millrace/sql/types"
)

// Index is what a relation of KindIndex is. It is a relation for its name and its number, and, if it is unique, for its
// entries, which are rows: key is the index's columns in the order codec, with the row's key behind them if one of them is
// NULL, and the one column is the row's key. Entries of others lie beside the rows, without a log (package exec/state).
type Index struct {
	Table   RelationID    `json:"table"`
	Columns []IndexColumn `json:"columns"`
	Unique  bool          `json:"unique,omitempty"`
	// Constraint says that the index is that of a UNIQUE constraint of its name.
	Constraint bool `json:"constraint,omitempty"`
	// Building says that not all rows have entries yet: writers keep it, and nobody reads it.
	Building bool `json:"building,omitempty"`
}

// IndexColumn is a column of an index in its order: Column is the place of the table's.
type IndexColumn struct {
	Column     int  `json:"column"`
	Desc       bool `json:"desc,omitempty"`
	NullsFirst bool `json:"nulls_first,omitempty"`
}

// EntryColumns are the columns of a unique index's own rows.
var EntryColumns = []Column{{Name: "row", Type: types.Bytea, NotNull: true}}

// MaxIndexes bounds the indexes of a relation: each write keeps them all.
const MaxIndexes = 64

// KeyColumns are the columns in whose order the rows of a table or view lie within a partition.
func (r *Relation) KeyColumns() []IndexColumn {
	out := make([]IndexColumn, len(r.Key))
	for i, k := range r.Key {
		out[i].Column = k
	}
	return out
}

// Uses reports whether column c of the table is one of the index.
func (x *Index) Uses(c int) bool {
	return slices.ContainsFunc(x.Columns, func(i IndexColumn) bool { return i.Column == c })
}

// IndexNamed returns the index of r with a name, nil if there is none.
func (r *Relation) IndexNamed(name string) *Relation {
	for _, x := range r.Indexes {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Shown lists the relations that there are for users: without indexes, which belong to their tables, types, and views that are to replace others.
func (c *Catalog) Shown() []*Relation {
	return slices.DeleteFunc(c.Relations(), func(r *Relation) bool { return r.Index != nil || r.Enum != nil || r.Replaces != 0 })
}

// link gives tables and views their indexes, in the order of their numbers; those of what is gone go too, and what was to replace it. Nobody else sees c yet.
func (c *Catalog) link() {
	lists := map[RelationID][]*Relation{}
	for id, r := range c.byID {
		switch {
		case r.Replaces != 0 && c.byID[r.Replaces] == nil:
			c.remove(id)
			c.forget(id)
		case r.Index == nil:
		case c.byID[r.Index.Table] == nil:
			c.remove(id)
		default:
			lists[r.Index.Table] = append(lists[r.Index.Table], r)
		}
	}
	for id, r := range c.byID {
		list := lists[id]
		slices.SortFunc(list, func(a, b *Relation) int { return int(a.ID) - int(b.ID) })
		if slices.Equal(list, r.Indexes) {
			continue
		}
		n := *r
		n.Indexes = list
		c.put(&n)
	}
	c.linkReferences()
}
