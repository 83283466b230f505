package plan

import "github.com/millracedb/millrace/sql/catalog"

// Insert writes the rows of Source. Source's columns are Relation.Columns in their order, with defaults, casts and NOT
// NULL left to the executor's check; the hidden row id (catalog.RowIDColumn) comes as NULL and is filled by the executor.
type Insert struct {
	Relation *catalog.Relation
	Source   *Query
	// Arbiter is the unique index whose columns ON CONFLICT names, nil for the key; AnyConflict: it names none, and all count.
	Arbiter     *catalog.Relation
	AnyConflict bool
	// OnConflictNothing skips rows whose key is there (ON CONFLICT [(key)] DO NOTHING).
	OnConflictNothing bool
	// OnConflictSet, if not nil, is ON CONFLICT (key) DO UPDATE: for each column of the relation its new value, over the old
	// row followed by the row that was to be inserted (EXCLUDED); OnConflictWhere over the same, or nil.
	OnConflictSet   []*Expr
	OnConflictWhere *Expr
	// KeysOnly says that no relation is read, but for looking up keys in Relation and its indexes.
	KeysOnly bool
	// Returning is over the relation's columns; nil if there is none.
	Returning []*Expr
	Fields    []Field // of Returning
}

// TargetMark is the Scan.Mark of the relation that an UPDATE or DELETE changes.
const TargetMark = 1

// Update replaces rows of a table. Input gives, for each row to be changed, the stored columns of the old row, then those
// of the new one, then those of other relations that Returning uses. A row that occurs twice is changed once (its first).
type Update struct {
	Relation *catalog.Relation
	Input    *Query
	// Assigned are the columns that SET names.
	Assigned  []int
	Returning []*Expr // over the new row and the columns of other relations
	Fields    []Field
}

// Delete deletes rows of a table. Input gives the stored columns of the rows to be deleted, then those of other
// relations that Returning uses.
type Delete struct {
	Relation  *catalog.Relation
	Input     *Query
	Returning []*Expr // over Input
	Fields    []Field
}
