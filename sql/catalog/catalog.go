// Package catalog holds the descriptors of relations and continuous queries, and the immutable snapshot of all of
// them that a statement is planned against. It is pure data: the meta group replicates commands, Apply is their
// deterministic meaning. It knows nothing of plans: a topology is kept as the planner's bytes.
package catalog

import (
	"encoding/json"
	"fmt"

	"github.com/millracedb/millrace/sql/types"
)

// RelationID names a relation for ever: ids are never used again.
type RelationID uint32

// FirstRelationID is the first id given; PostgreSQL too keeps numbers below 16384 for itself, so that relation ids serve
// as pg_class.oid.
const FirstRelationID RelationID = 16384

// ShardID names a raft group that holds partitions; the shards are numbered from 0.
type ShardID uint32

// TopicID names a topic: a relation's own (local number 0) or an internal one of a relation's query (from 1).
type TopicID uint64

// Topic returns the id of topic number local of the relation.
func (id RelationID) Topic(local uint16) TopicID { return TopicID(id)<<16 | TopicID(local) }

// Relation returns the relation that the topic belongs to.
func (t TopicID) Relation() RelationID { return RelationID(t >> 16) }

// Local returns the topic's number within its relation.
func (t TopicID) Local() uint16 { return uint16(t) }

// String returns relation.local.
func (t TopicID) String() string { return fmt.Sprintf("%d.%d", t.Relation(), t.Local()) }

// PartitionID names one partition of a topic.
type PartitionID struct {
	Topic     TopicID
	Partition uint32
}

// String returns relation.local-partition.
func (p PartitionID) String() string { return fmt.Sprintf("%v-%d", p.Topic, p.Partition) }

// Kind says what a relation is.
type Kind string

// The kinds of relations.
const (
	KindStream Kind = "stream" // append-only, over a topic
	KindTable  Kind = "table"  // keyed, over a compacted topic, written by DML; over another's topic kept by a query
	KindView   Kind = "view"   // keyed, over a compacted topic, kept by a query
	KindTopic  Kind = "topic"  // a log of records, for streams over it; its own columns are TopicColumns
	// KindPlainView is a name for a query, which stores nothing.
	KindPlainView Kind = "plain view"
	// KindSequence gives numbers. It has no rows.
	KindSequence Kind = "sequence"
	// KindIndex is an index of a table or view.
	KindIndex Kind = "index"
	// KindType is an enum type: it has a place among relations for its number, its name and who owns it. It has no rows, and no
	// statement on relations finds it.
	KindType Kind = "type"
)

// Column is a column of a relation.
type Column struct {
	Name    string     `json:"name"`
	Type    types.Type `json:"type"`
	NotNull bool       `json:"not_null,omitempty"`
	// Hidden columns are stored but not part of SELECT *, for example the row id of a table without primary key.
	Hidden bool `json:"hidden,omitempty"`
	// Default is the SQL text of the DEFAULT expression, or "".
	Default string `json:"default,omitempty"`
	// Sequence is the sequence whose next value is the column's default: of serial and identity columns, which have no
	// Default. Of a column with a Default it is the one that the text names, or 0.
	Sequence RelationID `json:"sequence,omitempty"`
	// Missing is the column's value in rows that are older than it; nil: NULL.
	Missing *types.Datum `json:"missing,omitempty"`
	// Dropped columns are still stored, hidden, and NULL in new rows: the places of the others do not change.
	Dropped bool `json:"dropped,omitempty"`
	// Identity says that the column is GENERATED … AS IDENTITY.
	Identity Identity `json:"identity,omitempty"`
	// Comment is what COMMENT ON says of it.
	Comment string `json:"comment,omitempty"`
}

// RowIDColumn is the name of the hidden column that is the key of a table without PRIMARY KEY: a random bigint.
const RowIDColumn = "_row_id"

// Names of system columns. Their values are the log's: they are not stored in the row.
const (
	PartitionColumn = "_partition"
	OffsetColumn    = "_offset"
	TimestampColumn = "_timestamp"
	KeyColumn       = "_key"     // the record's key, see TopicColumns
	HeadersColumn   = "_headers" // a JSON array of objects with key and value; NULL without headers
)

// StreamSystemColumns are the system columns of streams. They follow Relation.Columns in the rows that a scan or a source
// of a topology can deliver, in this order. Those of topics lack KeyColumn, as it is a column.
var (
	StreamSystemColumns = append(logColumns[:3:3], Column{Name: KeyColumn, Type: types.Text, Hidden: true}, logColumns[3])
	logColumns          = []Column{
		{Name: PartitionColumn, Type: types.Int4, NotNull: true, Hidden: true},
		{Name: OffsetColumn, Type: types.Int8, NotNull: true, Hidden: true},
		{Name: TimestampColumn, Type: types.Timestamptz, NotNull: true, Hidden: true},
		{Name: HeadersColumn, Type: types.JSON, Hidden: true},
	}
)

// SystemColumns returns the system columns of r: none, unless it is a stream or a topic.
func (r *Relation) SystemColumns() []Column {
	switch r.Kind {
	case KindStream:
		return StreamSystemColumns
	case KindTopic:
		return logColumns
	}
	return nil
}

// TopicColumns are the columns of a topic: the bytes of a record's key and value as text. What is no text, or begins with
// \x, is written as PostgreSQL writes bytea: \x and hexadecimal digits. System columns follow as those of streams do.
var TopicColumns = []Column{{Name: "_key", Type: types.Text}, {Name: "_value", Type: types.Text}}

// Relation describes a topic, stream, table or view. It is immutable.
type Relation struct {
	ID      RelationID `json:"id"`
	Schema  string     `json:"schema"`
	Name    string     `json:"name"`
	Kind    Kind       `json:"kind"`
	Columns []Column   `json:"columns"`
	// Key lists the positions of the key columns: PRIMARY KEY, KEY of a stream (may be empty), or a view's key.
	Key []int `json:"key,omitempty"`
	// HasPrimaryKey reports whether the user declared the key of a table (otherwise it is the hidden row id).
	HasPrimaryKey bool `json:"has_primary_key,omitempty"`
	// KeyName is the name of the primary key as a constraint and as an index, if it is not the name of the relation and _pkey.
	KeyName string `json:"key_name,omitempty"`
	// Checks are the CHECK constraints, in the order of their names, which is the one in which they are evaluated.
	Checks []Check `json:"checks,omitempty"`
	// ForeignKeys are the FOREIGN KEY constraints, in the order in which they were made. ReferencedBy are the tables that have some to
	// this one, by their numbers, found when the catalog is made.
	ForeignKeys  []ForeignKey `json:"foreign_keys,omitempty"`
	ReferencedBy []RelationID `json:"-"`
	// PartitionBy lists the positions of the columns by whose encoded values rows were partitioned; nil when the
	// partitioning is not a function of the row's columns, as in a stream over a topic that others write, or one whose
	// keys are JSON. For tables and other keyed streams it equals Key.
	PartitionBy []int `json:"partition_by,omitempty"`
	// Placement gives the shard of each partition of the relation's own topic and of the internal topics of its query;
	// its length is the number of partitions. That of a stream over a topic is the topic's.
	Placement []ShardID `json:"placement"`
	// Over is the topic that a stream was created over, WITH (topic = …); 0: the relation has a topic of its own.
	Over RelationID `json:"over,omitempty"`
	// Config says how the topic is stored. Of a relation over another's topic it holds Format and nothing else.
	Config TopicConfig `json:"config,omitzero"`
	// Template is the columns of CREATE TOPIC t (…), which streams over it take unless they name their own; or nil.
	Template *Template `json:"template,omitempty"`
	// Query is what keeps a view, a stream AS a query, or a table over a topic; nil otherwise.
	Query *Query `json:"query,omitempty"`
	// Replaces is the view whose place this one takes when it has caught up, and with which it goes. Until then it has no name that
	// anybody can say. 0: none.
	Replaces RelationID `json:"replaces,omitempty"`
	// Source is what a table over a topic is made of; nil of other relations.
	Source *TopicSource `json:"source,omitempty"`
	// View is what a plain view shows; nil otherwise.
	View *View `json:"view,omitempty"`
	// Sequence is how a sequence counts; nil of other relations. Where it stands is the catalog's SequenceState.
	Sequence *Sequence `json:"sequence,omitempty"`
	// Enum is what an enum type is; nil of relations.
	Enum *Enum `json:"enum,omitempty"`
	// Comment is what COMMENT ON says of it, KeyComments what it says of the primary key.
	Comment     string      `json:"comment,omitempty"`
	KeyComments KeyComments `json:"key_comments,omitzero"`
	// Index is what an index is; nil of other relations.
	Index *Index `json:"index,omitempty"`
	// Indexes are those of a table or view, in the order of their numbers. They are found when the catalog is made, not kept.
	Indexes []*Relation `json:"-"`
	// Epoch grows when writers of the table have to know of something new that they keep, as a unique index: a write of one
	// who does not is refused.
	Epoch uint64 `json:"epoch,omitempty"`
	// Options are the WITH options as given, for display.
	Options map[string]string `json:"options,omitempty"`
	// Owner is the role that owns the relation; 0: the bootstrap role. See OwnerID.
	Owner RoleID `json:"owner,omitempty"`
	// Grants are what roles may do with it; nil: see Access.
	Grants []Grant `json:"grants,omitempty"`
	// CreatedAtMicros is the time of creation, µs since 1970.
	CreatedAtMicros int64 `json:"created_at_micros"`
}

// TopicSource is the topic whose last record of each key a table holds, and the format of its records.
type TopicSource struct {
	Topic  RelationID `json:"topic"`
	Format Format     `json:"format"`
}

// Reads returns the topic that r reads as its own, and the format in which it does: that which a stream is over, or a table
// is made of; 0 of other relations.
func (r *Relation) Reads() (RelationID, Format) {
	if r.Source != nil {
		return r.Source.Topic, r.Source.Format
	}
	return r.Over, r.Format()
}

// Check is a CHECK constraint: a row for which Expr is false is refused.
type Check struct {
	Name string          `json:"name"`
	SQL  string          `json:"sql"`  // the user's text of the expression
	Expr json.RawMessage `json:"expr"` // planner/plan.Expr over the stored columns
	// Comment is what COMMENT ON says of it.
	Comment string `json:"comment,omitempty"`
}

// Template is a list of columns, with the positions of KEY columns.
type Template struct {
	Columns []Column `json:"columns"`
	Key     []int    `json:"key,omitempty"`
}

// Query is a continuous query as the catalog keeps it: an upgrade never replans a running one.
type Query struct {
	SQL       string            `json:"sql"`      // the user's text of the SELECT
	Settings  map[string]string `json:"settings"` // TimeZone, search_path … at CREATE
	Topology  json.RawMessage   `json:"topology"` // planner/plan.Topology
	DependsOn []RelationID      `json:"depends_on"`
	// Through are the plain views and the types that the text names: they were put into the topology, and it does not follow them.
	Through []RelationID `json:"through,omitempty"`
	State   QueryState   `json:"state"`
	Reason  string       `json:"reason,omitempty"` // why it failed
}

// QueryState is the life of a continuous query.
type QueryState string

// The states of a query. Backfill is not a state here: frontiers tell.
const (
	QueryRunning QueryState = "running"
	QueryFailed  QueryState = "failed"
)

// NeedsRebuild begins the reason of a query that failed because it was too far behind: what it has not read may be gone.
const NeedsRebuild = "needs rebuild: "

// Partitions returns the number of partitions.
func (r *Relation) Partitions() int { return len(r.Placement) }

// Topic returns the relation's topic: its records, or the changelog of a table or view. It belongs to TopicRelation.
func (r *Relation) Topic() TopicID { return r.TopicRelation().Topic(0) }

// TopicRelation returns the relation that the topic belongs to: r's own id, or Over.
func (r *Relation) TopicRelation() RelationID {
	if r.Over != 0 {
		return r.Over
	}
	return r.ID
}

// Partition returns the id of partition p of the relation's topic.
func (r *Relation) Partition(p int) PartitionID {
	return PartitionID{Topic: r.Topic(), Partition: uint32(p)}
}

// Types returns the types of the stored columns.
func (r *Relation) Types() []types.Type {
	ts := make([]types.Type, len(r.Columns))
	for i := range r.Columns {
		ts[i] = r.Columns[i].Type
	}
	return ts
}

// Missing returns, by stored column, the values in rows that are older than the column; nil: NULL for all.
func (r *Relation) Missing() []types.Datum {
	var out []types.Datum
	for i, c := range r.Columns {
		if c.Missing == nil {
			continue
		}
		for len(out) < i {
			out = append(out, types.NullDatum)
		}
		out = append(out, *c.Missing)
	}
	return out
}

// Keyed reports whether the relation is a table or a view, or a unique index: it has a store of rows by key.
func (r *Relation) Keyed() bool {
	return r.Kind == KindTable || r.Kind == KindView || r.Index != nil && r.Index.Unique
}

// Format is how the values of the relation's records, and those of streams their keys, are encoded.
func (r *Relation) Format() Format {
	if r.Config.Format == "" {
		return FormatNative
	}
	return r.Config.Format
}
