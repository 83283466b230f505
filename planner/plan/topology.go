package plan

import (
	"slices"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// TopologyVersion is the version of the topology format that this program writes.
const TopologyVersion = 1

// Topology is a continuous query cut where the key changes: forwarders carry records over an exchange into a repartition
// topic; tasks keep state and write to a topic of their own shard, with their state and frontier in one entry. All
// topics of one topology and its output have the output relation's number of partitions and placement, so task p and all
// that it reads and writes live on one shard; only forwarders cross.
type Topology struct {
	Version    int         `json:"version"`
	Forwarders []Forwarder `json:"forwarders,omitempty"`
	Tasks      []Task      `json:"tasks"`
}

// SourceKind says how the records of a topic decode.
type SourceKind string

// The kinds of sources.
const (
	// SourceStream: one row a record, value in the row codec; columns are the stream's stored ones, then system columns.
	SourceStream SourceKind = "stream"
	// SourceTable: the changelog of a table or view; a record holds the row after (none: tombstone) and the row before.
	// Backfilled from the store.
	SourceTable SourceKind = "table"
	// SourceChanges: an internal topic; a record is a columnar batch of changes.
	SourceChanges SourceKind = "changes"
)

// Source is a topic as an input: Columns are the types of its rows.
type Source struct {
	Kind SourceKind `json:"kind"`
	// Relation is the relation whose own topic is read; 0 for an internal topic of this query.
	Relation catalog.RelationID `json:"relation,omitempty"`
	// Topic is the local number of the internal topic (from 1) when Relation is 0.
	Topic   uint16       `json:"topic,omitempty"`
	Columns []types.Type `json:"columns"`
	// System names the system columns of a SourceStream, behind the stored ones; nil: defaultSystem.
	System []string `json:"system,omitempty"`
	// Missing are the values of a SourceTable's columns in rows that are older than those; nil or short: NULL.
	Missing []types.Datum `json:"missing,omitempty"`
	// Records says how the records of a SourceStream decode; nil: in native format, and nobody else writes the topic.
	Records *Records `json:"records,omitempty"`
}

// defaultSystem are the system columns of sources that name none.
var defaultSystem = []string{catalog.PartitionColumn, catalog.OffsetColumn, catalog.TimestampColumn}

// DeletedColumn is a system column of sources only, see Records.Deletes: boolean, whether the record deletes.
const DeletedColumn = "_deleted"

// SystemColumns returns the names of the system columns of a SourceStream.
func (s Source) SystemColumns() []string {
	if s.System == nil {
		return defaultSystem
	}
	return s.System
}

// SetSystem sets System.
func (s *Source) SetSystem(names []string) {
	if !slices.Equal(names, defaultSystem) {
		s.System = names
	}
}

// Records says how the records of a topic decode to the stored columns of a relation.
type Records struct {
	// Stream is the relation whose columns these are: a stream over a topic, or the topic itself.
	Stream catalog.RelationID `json:"stream"`
	Format catalog.Format     `json:"format"`
	Names  []string           `json:"names"` // of the stored columns
	// NotNull and Key list positions of columns: a record without a value for one of NotNull does not decode.
	NotNull []int `json:"not_null,omitempty"`
	Key     []int `json:"key,omitempty"`
	// Deletes says that a record without a value is a row too: it has the columns of Key, from the record's key, and NULL
	// for the others, and is told from others by DeletedColumn.
	Deletes bool `json:"deletes,omitempty"`
}

// StreamRecords returns how the records of stream or topic r decode, or of the topic that table r is made of; nil for a stream in native format that has its topic
// to itself.
func StreamRecords(r *catalog.Relation) *Records {
	rs := &Records{Stream: r.ID, Format: r.Format(), Key: r.Key}
	switch {
	case r.Source != nil:
		rs.Format, rs.Deletes = r.Source.Format, true
	case r.Kind == catalog.KindTopic:
		rs.Format = catalog.FormatRaw
	}
	if rs.Format == catalog.FormatNative && r.Over == 0 && r.Source == nil {
		return nil
	}
	for i, c := range r.Columns {
		rs.Names = append(rs.Names, c.Name)
		if c.NotNull {
			rs.NotNull = append(rs.NotNull, i)
		}
	}
	return rs
}

// TopicOf returns the id of the source's topic, for the query that keeps relation query.
func (s Source) TopicOf(query catalog.RelationID) catalog.TopicID {
	if s.Relation != 0 {
		return s.Relation.Topic(0)
	}
	return query.Topic(s.Topic)
}

// Step is a stateless operator: exactly one field is set. Steps pass multiplicities on.
type Step struct {
	Filter  *Expr   `json:"filter,omitempty"`
	Project []*Expr `json:"project,omitempty"`
	Pair    *Pair   `json:"pair,omitempty"`
}

// Pair pairs each row with constant rows of Types. Output: the row, the constant row, and as integer the number of the latter.
type Pair struct {
	Types []types.Type    `json:"types"`
	Rows  [][]types.Datum `json:"rows"`
}

// Output returns the types of what s gives of rows of types in.
func (s Step) Output(in []types.Type) []types.Type {
	switch {
	case s.Filter != nil:
		return in
	case s.Pair != nil:
		return append(append(slices.Clone(in), s.Pair.Types...), types.Int4)
	}
	return exprTypes(s.Project)
}

// Forwarder carries a topic's records to a repartition topic: decode, steps, partition by Key, send. Filters and
// projections are pure functions of logged records; nothing here reads state or the clock.
type Forwarder struct {
	ID     uint16 `json:"id"` // unique among forwarders and tasks of the topology; from 1
	Source Source `json:"source"`
	Steps  []Step `json:"steps,omitempty"`
	// Key lists the columns of the steps' output whose encoded values choose the partition; none: all to partition 0.
	Key []int `json:"key"`
	// Target is the local number of the repartition topic, SourceChanges format, columns as the steps give them.
	Target uint16 `json:"target"`
}

// Task is a stage of the topology; it runs once per partition. Inputs → each through its steps → Join, Aggregate, Top, Last or
// none, which gives the rows of all inputs → After → Sink.
type Task struct {
	ID        uint16         `json:"id"`
	Inputs    []Input        `json:"inputs"`
	Join      *JoinSpec      `json:"join,omitempty"`      // two inputs: left, right
	Aggregate *AggregateSpec `json:"aggregate,omitempty"` // one input
	Top       *TopSpec       `json:"top,omitempty"`       // one input
	Last      *LastSpec      `json:"last,omitempty"`      // one input
	After     []Step         `json:"after,omitempty"`
	Sink      Sink           `json:"sink"`
}

// Input is one input of a task: the partition of the source with the task's own number.
type Input struct {
	Source Source `json:"source"`
	Steps  []Step `json:"steps,omitempty"`
}

// JoinSpec is an equi-join of any kind. Output: left columns, right columns; of a semi or anti join the left columns. Rows
// with a NULL key match nothing. Cond, over left columns followed by right columns, must be true of a match too.
type JoinSpec struct {
	Kind     JoinKind `json:"kind"`
	LeftKey  []int    `json:"left_key"`
	RightKey []int    `json:"right_key"`
	Cond     *Expr    `json:"cond,omitempty"`
	// Events says that the left is a stream, whose rows are joined once, with the right as it is when they come: with all
	// writes to the table on the right that were acknowledged before the row of the left was. Kind is inner or left.
	Events bool `json:"events,omitempty"`
}

// AggregateSpec groups by input columns. Output: group columns, then aggregates. Without GroupBy there is one row,
// always, kept by partition 0.
type AggregateSpec struct {
	GroupBy []int `json:"group_by"`
	Aggs    []Agg `json:"aggs"`
}

// TopSpec keeps of each group of rows those at the places from Offset to Offset + Limit, in the order of Keys; rows that are
// equal in them have an order of their own. Output: the input's columns. Without GroupBy all rows, on partition 0, are one group.
type TopSpec struct {
	GroupBy []int        `json:"group_by"`
	Keys    []SortColumn `json:"keys"`
	Limit   int64        `json:"limit"`
	Offset  int64        `json:"offset,omitempty"`
}

// LastSpec keeps of each group the last row that is not Deleted. Only streams may be its input. Rows with one value of
// Partition come in their order, and of these the last one counts; of several the one with the greatest Timestamp, then
// Partition. Output: the input's columns.
type LastSpec struct {
	GroupBy   []int `json:"group_by"`
	Partition int   `json:"partition"`
	Timestamp int   `json:"timestamp"`
	Deleted   int   `json:"deleted"`
}

// SortColumn is a column to order by.
type SortColumn struct {
	Column     int  `json:"column"`
	Desc       bool `json:"desc,omitempty"`
	NullsFirst bool `json:"nulls_first,omitempty"`
}

// SinkKind says what a sink writes.
type SinkKind string

// The kinds of sinks.
const (
	SinkView    SinkKind = "view"    // the store and the changelog of the query's relation
	SinkChanges SinkKind = "changes" // an internal topic on the task's own shard
	SinkStream  SinkKind = "stream"  // the log of the query's relation, a stream: rows only come
)

// Sink is where a task's changes go.
type Sink struct {
	Kind SinkKind `json:"kind"`
	// Topic is the local number of the internal topic of SinkChanges.
	Topic uint16 `json:"topic,omitempty"`
	// Key lists the columns that are the view's key (SinkView); Columns are the types of the rows.
	Key     []int        `json:"key,omitempty"`
	Columns []types.Type `json:"columns"`
}
