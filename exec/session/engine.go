// Package session runs one client's statements: parsing, planning, portals, settings, the transaction state. It knows
// nothing of the wire's bytes above it, and of the storage below only Engine.
package session

import (
	"context"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// Engine is what sessions need of the node. Safe for concurrent use.
type Engine interface {
	// Catalog returns the newest catalog known here. What was applied through this node before is in it.
	Catalog() *catalog.Catalog
	// Apply replicates a catalog command and returns when it is durable and this node's catalog holds it. Errors:
	// catalog.ErrStale (plan again), *pgerr.Error.
	Apply(ctx context.Context, cmd catalog.Command) error
	// Placement returns the shards for a new relation of n partitions.
	Placement(partitions int) []catalog.ShardID
	// Begin starts an atomic write.
	Begin() exec.Tx
	// NewLocks returns what a session, known to clients by the number pid, locks: nothing yet.
	NewLocks(pid uint32) Locks
	// BeginWith starts an atomic write that changes the catalog too, with its rows or not at all; after is the catalog with the
	// batch. Its Commit fails with 40001 if the catalog has changed meanwhile.
	BeginWith(batch catalog.Batch, after *catalog.Catalog) exec.Tx
	// ListLocks says what all sessions have locked and wait for.
	ListLocks() []catalog.Lock
	// Snapshot returns a reader over the partitions of rels, as of one moment for all base relations: a write over several
	// partitions is in it whole or not at all. With Strong every write acknowledged before the call is in it, also in views,
	// for which it waits; notice is told when a view is still being backfilled. A failed view: 55000 with the reason.
	Snapshot(ctx context.Context, rels []*catalog.Relation, level Consistency, notice func(string)) (exec.Reader, error)
	// Rows returns a reader of r for look-ups of rows by one goroutine. Each row is as of some moment after the call, not all of
	// the same: it is for rows that are locked, or under guards. The reader must be closed.
	Rows(ctx context.Context, r *catalog.Relation) (exec.Reader, error)
	// Freeze returns a snapshot of all relations, as of one moment for base relations; with Strong every write acknowledged
	// before the call is in it, also in views, for all of which it waits.
	Freeze(ctx context.Context, level Consistency, notice func(string)) (Frozen, error)
	// NextValue gives the next value of a sequence: no value is given twice, whatever crashes. Errors: 42P01, 2200H.
	NextValue(ctx context.Context, id catalog.RelationID) (int64, error)
	// SetValue makes a sequence stand somewhere.
	SetValue(ctx context.Context, id catalog.RelationID, to catalog.SequenceState) error
	// SequenceState says where a sequence stands: what it gave last. The catalog's is ahead of it.
	SequenceState(id catalog.RelationID) catalog.SequenceState
	// Waiting says why the query of r, which runs, does not go on now: a shard that it needs is isolated. Empty: it goes on.
	Waiting(r *catalog.Relation) string
	// StateBytes estimates what the rows of a relation and the state of its query take, in memory or on disk.
	StateBytes(r *catalog.Relation) int64
	// Jobs says how the tasks and forwarders of the query of r stand, reading a record of each at most. Errors: exec.ErrDropped,
	// and what isolates a shard.
	Jobs(r *catalog.Relation) ([]exec.JobStatus, error)
	// StateSize counts what task node of the query of r keeps; node 0: the rows of r itself. It reads it all, up to a bound.
	StateSize(ctx context.Context, r *catalog.Relation, node uint16) (exec.StateSize, error)
	// NowMillis is the node's clock, ms since 1970.
	NowMillis() int64
	// WaitBackfill returns when the query of a relation has taken in what was there when it was created. Errors: exec.ErrDropped,
	// 55000 with the reason if the query has failed.
	WaitBackfill(ctx context.Context, id catalog.RelationID) error
	// BuildIndex makes the entries of an index that is not unique, for the rows of table that are there; from then on they are
	// kept with each change. Writes go on meanwhile. Errors: exec.ErrDropped.
	BuildIndex(ctx context.Context, table, index *catalog.Relation) error
	// Fence returns when no write to table can come any more that was planned with an epoch below table's.
	Fence(ctx context.Context, table *catalog.Relation) error
	// Records is how many offsets the log of r spans: about its records, and no fewer than its rows while nothing is compacted.
	Records(r *catalog.Relation) int64
	// Temp makes the temporary files of statements.
	Temp() exec.Temp
	// WaitAny returns when one of the partitions has an end offset above the given one, or ctx ends (its error).
	WaitAny(ctx context.Context, ends map[catalog.PartitionID]log.Offset) error
}

// Consistency is the setting `consistency`.
type Consistency uint8

// The levels of consistency.
const (
	Strong    Consistency = iota // sees all writes acknowledged before the statement began, by anybody
	OwnWrites                    // sees all writes acknowledged to this session; today the same as strong
	Eventual                     // sees what is there, without waiting
)
