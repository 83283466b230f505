package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Bounds of a transaction.
const (
	// stageBytes is what a transaction buffers before it stages that on its shards.
	stageBytes = 512 << 10
	// batchBytes is about how large a record batch becomes before the next one begins.
	batchBytes = 256 << 10
	// maxTxBytes bounds a transaction: a shard applies its part in one batch of its store.
	maxTxBytes = 1 << 30
)

// tx is an exec.Tx: rows become record batches at once, batches are kept by shard.
type tx struct {
	n        *Node
	builders map[partKey]*partBuilder
	order    []*partBuilder // by first use, so that retries send the same
	buffered int
	total    int
	staged   *twoPhase  // not nil once something was staged
	staging  chan error // the answer to what is being staged now; nil: nothing is
	ended    bool
	batch    *catalog.Batch   // what the transaction does to the catalog, or nil
	after    *catalog.Catalog // with that
	before   []func(context.Context) error
}

var _ exec.Tx = (*tx)(nil)

var errEnded = errors.New("transaction has ended")

// partKey tells apart what is written to a partition and what is only checked there.
type partKey struct {
	catalog.PartitionID
	check, freeze bool
}

// partBuilder collects what is written to one partition.
type partBuilder struct {
	shard     catalog.ShardID
	partition catalog.PartitionID
	table     bool
	check     bool
	freeze    bool
	epoch     uint64 // the lowest of its writes
	codec     log.Codec
	async     bool // durability = 'async'
	batch     log.BatchBuilder
	guards    []shard.Guard
	guarded   bool // one of the guards is not GuardNone
	done      []shard.Part
}

// Begin implements session.Engine.
func (n *Node) Begin() exec.Tx {
	return &tx{n: n, builders: map[partKey]*partBuilder{}}
}

// BeginWith implements session.Engine.
func (n *Node) BeginWith(batch catalog.Batch, after *catalog.Catalog) exec.Tx {
	return &tx{n: n, builders: map[partKey]*partBuilder{}, batch: &batch, after: after}
}

// Write implements exec.Tx.
func (t *tx) Write(ctx context.Context, ws []exec.PartitionWrite) error {
	if t.ended {
		return errEnded
	}
	if err := t.n.space.refusal(); err != nil {
		return err
	}
	now := t.n.cfg.NowMillis()
	for i := range ws {
		if err := t.add(ctx, &ws[i], now); err != nil {
			return err
		}
	}
	if t.total > maxTxBytes {
		return pgerr.New(pgerr.ProgramLimitExceeded, "a transaction can write %d bytes at most", maxTxBytes)
	}
	if t.buffered < stageBytes {
		return nil
	}
	return t.stage(ctx)
}

func (t *tx) add(ctx context.Context, w *exec.PartitionWrite, nowMillis int64) error {
	b, err := t.builder(ctx, w)
	if err != nil {
		return err
	}
	before := b.sizeBytes()
	b.grow(w.Rows)
	for i := range w.Rows {
		if err := b.add(&w.Rows[i], nowMillis); err != nil {
			return err
		}
	}
	grown := b.sizeBytes() - before
	t.buffered += grown
	t.total += grown
	return nil
}

func (t *tx) builder(ctx context.Context, w *exec.PartitionWrite) (*partBuilder, error) {
	k := partKey{w.Partition, w.Check, w.Freeze}
	if b := t.builders[k]; b != nil {
		b.epoch = min(b.epoch, w.Epoch)
		return b, nil
	}
	cat := t.after
	if cat == nil {
		cat = t.n.Catalog()
	}
	r := cat.ByID(w.Partition.Topic.Relation())
	if r == nil {
		return nil, errRelationGone(w.Partition)
	}
	id, err := place(r, w.Partition, len(t.n.shards))
	if err != nil {
		return nil, err
	}
	if err := hold(ctx, t.n.shards[id], r); err != nil {
		return nil, notHeld(err)
	}
	b := &partBuilder{shard: id, partition: w.Partition, table: w.Table, check: w.Check || w.Freeze, freeze: w.Freeze, epoch: w.Epoch, codec: exec.CodecOf(r), async: r.Config.Durability == catalog.DurabilityAsync}
	b.begin()
	if w.Freeze {
		if err := b.batch.Append(log.Record{Key: []byte{}}); err != nil {
			return nil, err
		}
	}
	t.builders[k] = b
	t.order = append(t.order, b)
	return b, nil
}

// notHeld puts a failed hold into the user's words: nothing was written yet.
func notHeld(err error) error {
	if errors.Is(err, shard.ErrUnknown) || errors.Is(err, shard.ErrNotLeader) {
		return errNotReady().WithCause(err)
	}
	return err
}

func errRelationGone(p catalog.PartitionID) error {
	return pgerr.New(pgerr.UndefinedTable, "relation with OID %d does not exist", p.Topic.Relation()).WithCause(exec.ErrDropped)
}

func (b *partBuilder) sizeBytes() int {
	size := b.batch.SizeBytes()
	for i := range b.done {
		size += len(b.done[i].Batch)
	}
	return size
}

// grow makes room for rows in the present batch.
func (b *partBuilder) grow(rows []exec.WriteRow) {
	const perRow = 24 // lengths, times, and the name of a header
	size, room := 0, batchBytes-b.batch.SizeBytes()
	for i := 0; i < len(rows) && size < room; i++ {
		size += len(rows[i].Key) + len(rows[i].Value) + len(rows[i].Before) + perRow
	}
	b.batch.Grow(size)
}

func (b *partBuilder) add(r *exec.WriteRow, nowMillis int64) error {
	rec := log.Record{TimestampMillis: nowMillis, Key: r.Key, Value: r.Value}
	if b.table && r.Before != nil {
		rec.Headers = []log.Header{{Key: exec.BeforeHeader, Value: r.Before}}
	}
	if b.batch.SizeBytes() >= batchBytes {
		b.seal()
	}
	err := b.batch.Append(rec)
	if errors.Is(err, log.ErrBatchTooLarge) && b.batch.Len() > 0 {
		b.seal()
		err = b.batch.Append(rec)
	}
	if errors.Is(err, log.ErrBatchTooLarge) {
		return pgerr.New(pgerr.ProgramLimitExceeded, "row is too large: a record can have %d bytes at most", log.MaxBatchBytes).WithCause(err)
	}
	if err != nil {
		return err
	}
	b.guards = append(b.guards, shard.Guard{Kind: r.Guard, Offset: r.GuardOffset})
	b.guarded = b.guarded || r.Guard != exec.GuardNone
	return nil
}

// seal ends the present batch and gives its memory away.
func (b *partBuilder) seal() {
	if b.batch.Len() == 0 {
		return
	}
	p := shard.Part{Partition: b.partition, Table: b.table, Check: b.check, Freeze: b.freeze, Epoch: b.epoch, Batch: b.batch.Build()}
	if b.guarded {
		p.Guards = b.guards
	}
	b.done = append(b.done, p)
	b.guards, b.guarded = nil, false
	b.begin()
}

// begin begins a batch, in memory of its own.
func (b *partBuilder) begin() {
	b.batch = log.BatchBuilder{}
	if b.codec != log.CodecNone {
		b.batch.SetCompression(b.codec)
	}
}

// take returns what is buffered, by shard, and forgets it.
func (t *tx) take() shardParts {
	var out shardParts
	for _, b := range t.order {
		b.seal()
		out.add(b.shard, b.done)
		b.done = nil
	}
	t.buffered = 0
	return out
}

// shardParts are parts by shard, in ascending order of shards.
type shardParts []partsOf

type partsOf struct {
	shard catalog.ShardID
	parts []shard.Part
}

func (s *shardParts) add(id catalog.ShardID, parts []shard.Part) {
	if len(parts) == 0 {
		return
	}
	at, found := slices.BinarySearchFunc(*s, id, func(p partsOf, id catalog.ShardID) int { return int(p.shard) - int(id) })
	if !found {
		*s = slices.Insert(*s, at, partsOf{shard: id})
	}
	(*s)[at].parts = append((*s)[at].parts, parts...)
}

// stage sends what is buffered to its shards, where it waits for the end of the transaction. It does not wait for the
// answers but for those of the time before, so that the client's next rows arrive meanwhile.
func (t *tx) stage(ctx context.Context) error {
	if err := t.settle(ctx); err != nil {
		return err
	}
	parts := t.take()
	if t.staged == nil {
		t.staged = t.n.newTwoPhase(parts[0].shard)
	}
	t.staging = make(chan error, 1)
	go func() { t.staging <- t.staged.prepare(context.WithoutCancel(ctx), parts, false) }()
	return nil
}

// settle waits for what is being staged. If that failed the transaction is over.
func (t *tx) settle(ctx context.Context) error {
	if t.staging == nil {
		return nil
	}
	err := <-t.staging
	t.staging = nil
	if err == nil {
		return nil
	}
	t.ended = true
	t.staged.abort()
	return t.staged.conflictOf(ctx, err)
}

// Commit implements exec.Tx.
func (t *tx) Commit(ctx context.Context) error {
	if t.ended {
		return errEnded
	}
	if err := t.settle(ctx); err != nil {
		return err
	}
	t.ended = true
	parts := t.take()
	switch {
	case t.batch != nil:
		return t.commitWithCatalog(ctx, parts)
	case len(t.before) > 0:
		return t.commitChecked(ctx, parts)
	case t.staged != nil:
		return t.staged.commit(ctx, parts)
	case len(parts) == 0:
		return nil
	case len(parts) == 1 && t.async():
		return t.n.writeAsync(ctx, parts[0])
	case len(parts) == 1:
		return t.n.writeOne(ctx, parts[0])
	}
	return t.n.writeMany(ctx, parts)
}

// BeforeCommit implements exec.Tx.
func (t *tx) BeforeCommit(f func(context.Context) error) { t.before = append(t.before, f) }

// runBefore runs what was to be run before the commit.
func (t *tx) runBefore(ctx context.Context) error {
	for _, f := range t.before {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// commitChecked commits in two phases, however many shards there are, with what was to be run in between.
func (t *tx) commitChecked(ctx context.Context, parts shardParts) error {
	if t.staged == nil && len(parts) == 0 {
		return t.runBefore(ctx)
	}
	p, err := t.prepared(ctx, parts)
	if err != nil {
		return err
	}
	if err := t.runBefore(ctx); err != nil {
		p.abort()
		return err
	}
	return p.decide()
}

// prepared returns the transaction, prepared on all shards.
func (t *tx) prepared(ctx context.Context, parts shardParts) (*twoPhase, error) {
	if t.staged != nil {
		return t.staged, t.staged.prepareRest(ctx, parts)
	}
	return t.n.prepareMany(ctx, parts)
}

// Abort implements exec.Tx.
func (t *tx) Abort() {
	if !t.ended && t.staged != nil && t.settle(context.Background()) == nil {
		t.staged.abort()
	}
	t.ended = true
}

// writeOne writes on one shard, in one entry.
func (n *Node) writeOne(ctx context.Context, w partsOf) error {
	s := n.shards[w.shard]
	for {
		r, err := s.Propose(ctx, &shard.Write{Parts: w.parts})
		if err != nil {
			return n.writeError(err)
		}
		if r.Verdict != shard.Locked {
			return verdictError(r, w)
		}
		if err := n.waitResolved(ctx, s, r.Txn); err != nil {
			return err
		}
	}
}

// writeError puts a failed proposal of a write into the user's words.
func (n *Node) writeError(err error) error {
	switch {
	case errors.Is(err, shard.ErrMemoryFull):
		return n.errMemoryFull(err)
	case errors.Is(err, shard.ErrUnknown):
		return pgerr.New(pgerr.TransactionResolutionUnknown, "it is not known whether the write was done").
			WithHint("Read the rows before you write again.").WithCause(err)
	case errors.Is(err, shard.ErrNotLeader):
		return pgerr.New(pgerr.CannotConnectNow, "the shard is not available").WithCause(err)
	case errors.Is(err, shard.ErrTooLarge):
		return pgerr.New(pgerr.ProgramLimitExceeded, "the write is too large").WithCause(err)
	}
	return err
}

// verdictError returns nil for Applied, else why the write was refused.
func verdictError(r shard.Result, w partsOf) error {
	switch r.Verdict {
	case shard.Applied:
		return nil
	case shard.Conflict, shard.Locked:
		return r.Conflict
	case shard.Dropped:
		return errRelationGone(w.parts[0].Partition)
	case shard.Stale:
		return fmt.Errorf("write on shard %d: %w", w.shard, catalog.ErrStale)
	case shard.Aborted:
		return pgerr.New(pgerr.SerializationFailure, "the transaction was aborted")
	}
	return fmt.Errorf("write on shard %d: %v: %s", w.shard, r.Verdict, r.Reason)
}

// waitResolved returns when the transaction does not hold locks on s any more. It fails if s, or who decides on the transaction, is
// isolated: then that may never be.
func (n *Node) waitResolved(ctx context.Context, s *shard.Shard, id shard.TxnID) error {
	decider := s
	if d, ok := s.DeciderOf(id); ok && int(d) < len(n.shards) {
		decider = n.shards[d]
	}
	ch := s.Resolved(id)
	if ch == nil {
		return s.Damage()
	}
	select {
	case <-ch:
		return nil
	case <-s.Damaged():
		return s.Damage()
	case <-decider.Damaged():
		return decider.Damage()
	case <-ctx.Done():
		return ctx.Err()
	}
}
