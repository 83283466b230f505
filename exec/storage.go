// Package exec runs plans: queries over a snapshot, and the tasks and forwarders of continuous queries. It declares here
// what it needs of the storage below; cluster implements it. Exec knows nothing of raft, files or clients.
package exec

import (
	"context"
	"errors"
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// Reader reads the committed contents of partitions as of one moment. It may be used by several goroutines. Close frees
// what it pins.
type Reader interface {
	// Rows returns the store of a table or view partition. Its keys are whole, as made by state.RowKey.
	Rows(p catalog.PartitionID) state.Reader
	// ReadLog returns whole record batches of p from the one that holds offset from, at least one and at most maxBytes when
	// more than one; empty at EndOffset. buf may be reused for the result.
	ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error)
	// StartOffset and EndOffset bound the records of p: [start, end).
	StartOffset(p catalog.PartitionID) log.Offset
	EndOffset(p catalog.PartitionID) log.Offset
	// OffsetForTime returns an offset in [start, end] below which all records were stored before millis (ms since 1970).
	OffsetForTime(p catalog.PartitionID, millis int64) (log.Offset, error)
	Close()
}

// Guard is a condition on a row of a table under which a write applies.
type Guard uint8

// The guards.
const (
	GuardNone     Guard = iota
	GuardAbsent         // no row has the key
	GuardAtOffset       // the row was last written at GuardOffset
	GuardPresent        // a row has the key; of checks only
)

// WriteRow is one row of a write. Key is in the key codec (nil: a stream's record without key), Value in the row codec
// (nil: delete), both of a stream in its format, Before the row as it stood (nil: none; tables only; it must be what the guard pins).
type WriteRow struct {
	Key, Value, Before []byte
	Guard              Guard
	GuardOffset        log.Offset
	Pin                bool // a delete of what is not there, for its guard
}

// PartitionWrite is the rows that a statement writes to one partition of a table or stream, in order.
//
// Epoch is the relation's as the statement was planned: if its writers have to keep more by now, nothing is written. With Check
// nothing is written to the partition: the guards of the rows' keys must hold, that is all. With Freeze, which has no rows, nobody
// else writes to the partition before the end of the transaction, and nobody with a lower Epoch after its commit.
type PartitionWrite struct {
	Partition catalog.PartitionID
	Table     bool
	Check     bool
	Freeze    bool
	Epoch     uint64
	Rows      []WriteRow
}

// Tx is one atomic write: all of it, on all partitions, or nothing. Not for concurrent use.
type Tx interface {
	// Write adds rows; beyond a bound they are staged on their shards. Rows are owned by the Tx after the call.
	Write(ctx context.Context, ws []PartitionWrite) error
	// BeforeCommit has f run in Commit, when nothing of what the transaction has guarded, written, checked or frozen can change any more
	// before its end; with an error of f nothing is written.
	BeforeCommit(f func(context.Context) error)
	// Commit returns when all is durable and visible. Errors: *ConflictError (nothing was written; evaluate again),
	// catalog.ErrStale (nothing was written; plan again), an
	// error with SQLSTATE 08007 if the outcome cannot be known, others: nothing was written.
	Commit(ctx context.Context) error
	// Abort gives up; harmless after Commit.
	Abort()
}

// ConflictError says that a guard did not hold: the row Key of Partition is not as the statement had read it.
type ConflictError struct {
	Partition catalog.PartitionID
	Key       []byte
	Guard     Guard
}

// Error implements error.
func (e *ConflictError) Error() string {
	return fmt.Sprintf("row of %v changed since it was read", e.Partition)
}

// Frontier says how much of a source partition a consumer has included: all records below Offset; while Backfilling, of
// a table's rows only those with keys up to Cursor, exactly as of Offset (Cursor empty: none yet).
type Frontier struct {
	Offset      log.Offset
	Backfilling bool
	Cursor      []byte
}

// ConsumerID names a consumer of source partitions: a task (Query, Node, Partition), or one of a forwarder's streams into
// one target partition (Query, Node, target Partition, Source partition). Its frontiers are stored on the shard of Partition.
type ConsumerID struct {
	Query     catalog.RelationID
	Node      uint16 // plan.Task.ID or plan.Forwarder.ID
	Partition uint32
	Source    uint32 // forwarders: the source partition; tasks: 0
}

// String returns query/node-partition<source.
func (c ConsumerID) String() string {
	return fmt.Sprintf("%d/%d-%d<%d", c.Query, c.Node, c.Partition, c.Source)
}

// Append is one record batch (base offset 0) to append to a partition.
type Append struct {
	Partition catalog.PartitionID
	Batch     []byte
}

// Commit is what a consumer does in one raft entry: it applies only if the consumer's stored frontiers equal Before, and,
// if Term is not 0, the entry's term is Term. A consumer that never committed has no stored frontiers: Before is nil.
type Commit struct {
	Consumer      ConsumerID
	Term          uint64
	Before, After []Frontier  // one per input; a forwarder has one
	State         state.Batch // keys as made by state.TaskKey and state.RowKey
	Appends       []Append
}

// Errors of Commit.
var (
	// ErrFenced: the shard has another leader or term; the consumer must stop and be started again.
	ErrFenced = errors.New("fenced: another term owns the shard")
	// ErrDropped: the query or the target topic is no more.
	ErrDropped = errors.New("relation was dropped")
	// ErrUnavailable: the shard does not answer now; try again.
	ErrUnavailable = errors.New("shard is not available")
)

// FrontierError is the answer to a commit whose Before is not the stored frontier: Stored is. Nothing was applied.
type FrontierError struct{ Stored []Frontier }

// Error implements error.
func (e *FrontierError) Error() string { return "frontier is not the stored one" }

// Host is what tasks and forwarders need of the node, for one shard that it leads in one term. Safe for concurrent use.
type Host interface {
	// Term is the term in which the shard is led here.
	Term() uint64
	// Snapshot returns a reader of this shard's partitions as of now: rows, log ends and task state of one moment.
	Snapshot() Reader
	// State returns the shard's whole store as of now (full keys, as made by state.TaskPrefix and state.RowKey); reads see all
	// commits answered before.
	State() state.Reader
	// Frontiers returns the stored frontiers of c on this shard, nil if it never committed.
	Frontiers(c ConsumerID) ([]Frontier, error)
	// RemoteFrontiers is Frontiers of a consumer on the shard that holds partition p (p may be on this shard).
	RemoteFrontiers(ctx context.Context, p catalog.PartitionID, c ConsumerID) ([]Frontier, error)
	// Commit proposes c on this shard, and waits. Errors: *FrontierError, ErrFenced, ErrDropped, ErrUnavailable.
	Commit(ctx context.Context, c *Commit) error
	// Send proposes c on the shard that holds partition p: a forwarder's append. Errors as Commit.
	Send(ctx context.Context, p catalog.PartitionID, c *Commit) error
	// Wait returns when partition p of this shard has an end offset above end, or ctx ends (its error).
	Wait(ctx context.Context, p catalog.PartitionID, end log.Offset) error
}
