// Package shard is one shard: a raft group whose state machine owns the logs and the stores of its partitions. DESIGN.md
// has the entries, the keys and the recovery.
//
// Ops are the only way to change a shard (Propose); readers see the result of whole applies (Snapshot). The package does
// not know which partition belongs where, and runs no tasks.
package shard

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Config is what a shard is made of.
type Config struct {
	ID     catalog.ShardID
	Group  uint32 // in the write-ahead log
	NodeID string
	FS     vfs.FS
	Dir    string // of the logs and the snapshot
	WAL    *wal.WAL
	Stores Stores
	// Memory bounds what is held in memory, together with the node's other shards; nil: nothing does.
	Memory *state.Budget
	Logger *slog.Logger
	// Fatal is told when a disk failed or an entry could not be applied. The node must stop.
	Fatal func(error)
	// InternalSegmentBytes is the size of the segments of internal topics; 0: the constant of the name.
	InternalSegmentBytes int64
	// Grown, if not nil, is told after some MiB of entries that there may be something to trim. It must not block.
	Grown func()
	// Snapshotted is told after each snapshot; it may be nil.
	Snapshotted func()
}

// Stores opens the shard's store.
type Stores interface {
	// Open opens the store in dir, or makes one. From then on damaged is told of damage, whoever meets it and under any lock; an error
	// that wraps state.ErrCorrupt says that the store cannot be opened because of it.
	Open(dir string, damaged func(error)) (state.Disk, error)
	// Verify reads the store in dir whole, which is not open, and changes nothing. Damage is state.ErrCorrupt.
	Verify(dir string) error
}

// StoreDir is the directory, in a shard's, of its store.
const StoreDir = "state"

// Shard is one shard of this node. Safe for concurrent use.
type Shard struct {
	id        catalog.ShardID
	cfg       Config
	machine   *machine
	view      *view
	rebuilder rebuilder
	group     *group.Group  // nil if the store could not be opened
	proposer  *proposer     // nil with group
	snapshot  chan struct{} // asks for a snapshot; capacity 1
	stop      chan struct{}
	done      sync.WaitGroup
	sweeping  sync.WaitGroup
	closing   sync.Once
}

// Open opens a shard. It is ready after WaitReady. One whose store is damaged is opened, too: it is isolated, see Damage.
func Open(cfg Config) (*Shard, error) {
	s := &Shard{id: cfg.ID, cfg: cfg, snapshot: make(chan struct{}, 1), stop: make(chan struct{}),
		rebuilder: rebuilder{fs: cfg.FS, dir: cfg.Dir, verify: cfg.Stores.Verify}}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open shard %d: %w", cfg.ID, err)
	}
	s.done.Go(s.takeSnapshots)
	s.done.Go(s.watchDamage)
	s.sweeping.Go(s.sweep)
	return s, nil
}

// open opens the store, or the newest checkpoint in its place, or none: then the shard is isolated.
func (s *Shard) open() error {
	if err := s.rebuilder.settle(); err != nil {
		return err
	}
	err := s.openStore()
	if !errors.Is(err, state.ErrCorrupt) {
		return err
	}
	if !errors.Is(err, errHeldCorrupt) { // of that there is no other copy
		var opened bool
		if err, opened = s.openRebuilt(err); opened {
			return err
		}
	}
	d := newDamage(s.id)
	d.report(err)
	s.mount(brokenStore{d.get()}, d)
	return nil
}

// openRebuilt opens the store that a rebuild puts in the place of a damaged one; false: it cannot be, and the error says why.
func (s *Shard) openRebuilt(damage error) (err error, opened bool) {
	s.cfg.Logger.Warn("the store of a shard is damaged: trying its checkpoint", "shard", s.id, "error", damage)
	why := s.rebuild()
	if why == nil {
		s.cfg.Logger.Warn("the store of a shard was rebuilt from its checkpoint; the damaged one is kept", "shard", s.id,
			"damaged", s.rebuilder.path(damagedStoreDir))
		if why = s.openStore(); !errors.Is(why, state.ErrCorrupt) {
			return why, true
		}
	}
	return fmt.Errorf("%w; it cannot be rebuilt: %w", damage, why), false
}

// rebuild replaces the store. An error says why it is as it was.
func (s *Shard) rebuild() error {
	newest, err := newestManifest(group.NewSnapshots(s.cfg.FS, filepath.Join(s.cfg.Dir, snapshotDir)))
	if err != nil {
		return err
	}
	if err := s.rebuilder.rebuild(newest); err != nil {
		return err
	}
	return s.rebuilder.unmark()
}

// openStore opens the store and what belongs to it. After an error nothing is open.
func (s *Shard) openStore() error {
	if err := s.rebuilder.checkMarked(); err != nil {
		return err
	}
	d := newDamage(s.id)
	db, err := s.cfg.Stores.Open(filepath.Join(s.cfg.Dir, StoreDir), d.report)
	if err != nil {
		return err
	}
	s.mount(db, d)
	if err := s.start(); err != nil {
		s.machine.close()
		return err
	}
	return s.rebuilder.unmark()
}

// mount makes db the shard's store.
func (s *Shard) mount(db state.Disk, d *damage) {
	s.view = newView(state.NewSplit(db, s.cfg.Memory))
	s.view.damage, s.view.logger = d, s.cfg.Logger
	s.machine = newStateMachine(s.cfg, db, s.view, s.snapshot)
}

// start has the state machine recover, and raft give it what it lacks.
func (s *Shard) start() error {
	dir := filepath.Join(s.cfg.Dir, snapshotDir)
	if err := s.machine.recover(group.NewSnapshots(s.cfg.FS, dir)); err != nil {
		return err
	}
	applied := s.machine.applied // from group.Open on the machine is raft's
	g, err := group.Open(group.Config{
		ID: s.cfg.Group, Name: fmt.Sprintf("shard-%d", s.id), NodeID: s.cfg.NodeID, WAL: s.cfg.WAL, FS: s.cfg.FS,
		Dir: dir, FSM: s.machine, Logger: s.cfg.Logger, Fatal: s.cfg.Fatal,
	})
	if err != nil {
		return err
	}
	if last := g.LastIndex(); last < applied {
		return errors.Join(fmt.Errorf("the state store has entries up to %d, the write-ahead log up to %d: its end is lost", applied, last), g.Close())
	}
	s.group, s.proposer = g, newProposer(g)
	return nil
}

// recover brings the state machine to where the store is, and checks that it is not behind the snapshot.
func (m *machine) recover(snapshots *group.Snapshots) error {
	known, err := snapshots.List()
	if err != nil {
		return err
	}
	if len(known) > 0 {
		m.given = known[0].Index // raft begins behind it
	}
	newest, err := newestManifest(snapshots)
	if err != nil {
		return err
	}
	if newest == nil {
		newest = new(manifest)
	}
	for _, e := range newest.Ends {
		m.synced[catalog.PartitionID{Topic: e.Topic, Partition: e.Partition}] = e.End
	}
	if err := m.load(newest); err != nil {
		return err
	}
	if err := m.checkManifest(newest); err != nil {
		return err
	}
	return errors.Join(removeCheckpoints(m.fs, m.dir, newest.Checkpoint), removeHeldFiles(m.fs, m.dir, newest.Held))
}

// newestManifest reads the newest snapshot's, nil if there is none, and has it stay.
func newestManifest(snapshots *group.Snapshots) (*manifest, error) {
	if err := snapshots.Keep(); err != nil {
		return nil, err
	}
	contents, err := snapshots.Newest()
	if err != nil || contents == nil {
		return nil, err
	}
	return decodeManifest(contents)
}

// close closes logs and store.
func (m *machine) close() {
	for _, p := range m.parts {
		if p.log != nil {
			p.log.Close()
		}
	}
	m.view.close()
	m.db.Close()
}

// ID is the shard's number.
func (s *Shard) ID() catalog.ShardID { return s.id }

// WaitReady returns when this node leads the shard, all entries are applied, and the logs hold what they should; or when the
// shard is isolated.
func (s *Shard) WaitReady(ctx context.Context) error {
	if s.Damage() != nil {
		return nil
	}
	if _, err := s.group.WaitReady(ctx); err != nil {
		return err
	}
	if s.Damage() != nil { // the entries were not applied
		return nil
	}
	return s.checkComplete()
}

// Leading returns the term in which this node leads, 0 if it does not, and a channel that is closed when that changes. Nobody
// leads an isolated shard, and that does not change.
func (s *Shard) Leading() (term uint64, changed <-chan struct{}) {
	if s.Damage() != nil {
		return 0, nil
	}
	return s.group.Leading()
}

// refusal returns why op cannot be proposed.
func (s *Shard) refusal(op Op) error {
	if err := s.Damage(); err != nil {
		return err
	}
	return s.view.refuseIsolated(op)
}

// Propose has the op applied and returns the verdict. Once it is on its way, ctx does not matter any more. Errors:
// ErrNotLeader, ErrTooLarge, ErrMemoryFull, ErrDamaged, log.ErrCorrupt (a partition is isolated), ctx's: not applied; ErrUnknown.
func (s *Shard) Propose(ctx context.Context, op Op) (Result, error) {
	if err := s.refusal(op); err != nil {
		return Result{}, err
	}
	release, err := s.view.reserve(op)
	if err != nil {
		return Result{}, fmt.Errorf("shard %d: %w", s.id, err)
	}
	defer release()
	r, err := s.proposer.propose(ctx, op)
	if err != nil {
		return r, fmt.Errorf("shard %d: %w", s.id, err)
	}
	return r, nil
}

// Submit queues the op and returns what waits for the verdict; it must be called, once. Ops take effect in the order in which
// they are queued. Errors: those of Propose that say that the op was not applied.
func (s *Shard) Submit(ctx context.Context, op Op) (wait func() (Result, error), err error) {
	if err := s.refusal(op); err != nil {
		return nil, err
	}
	release, err := s.view.reserve(op)
	if err != nil {
		return nil, fmt.Errorf("shard %d: %w", s.id, err)
	}
	q, err := s.proposer.enqueue(ctx, op)
	if err != nil {
		release()
		return nil, fmt.Errorf("shard %d: %w", s.id, err)
	}
	return func() (Result, error) {
		defer release()
		return s.proposer.wait(q)
	}, nil
}

// Snapshot returns the shard as of now: all that was answered before is in it.
func (s *Shard) Snapshot() *Snapshot { return s.view.snapshot() }

// State reads the store as of now.
func (s *Shard) State() state.Reader {
	if err := s.Damage(); err != nil {
		return brokenStore{err}
	}
	return s.machine.db
}

// EndOffset returns the end of a partition's log as of now.
func (s *Shard) EndOffset(p catalog.PartitionID) log.Offset { return s.view.end(p) }

// Offsets returns the bounds of a partition's log as of now: [start, end).
func (s *Shard) Offsets(p catalog.PartitionID) (start, end log.Offset) { return s.view.bounds(p) }

// Frontiers returns a consumer's stored frontiers, nil if it never committed.
func (s *Shard) Frontiers(c exec.ConsumerID) []exec.Frontier { return s.view.frontiersOf(c) }

// Prepared lists the transactions that are staged here and not resolved.
func (s *Shard) Prepared() []PreparedTxn { return s.view.preparedTxns() }

// Finishes counts the transactions over several shards that have committed here; see Snapshot.Lacks.
func (s *Shard) Finishes() uint64 { return s.view.finishes() }

// Resolved returns a channel that is closed when the transaction is not in doubt here any more; nil if it is not now.
func (s *Shard) Resolved(id TxnID) <-chan struct{} { return s.view.resolved(id) }

// Wait returns when p has an end above end. Errors: ctx's, exec.ErrDropped, exec.ErrUnavailable.
func (s *Shard) Wait(ctx context.Context, p catalog.PartitionID, end log.Offset) error {
	return s.view.waitEnd(ctx, p, end)
}

// WaitFrontier returns when frontier number input of c is at or past atLeast and not backfilling. Errors as Wait.
func (s *Shard) WaitFrontier(ctx context.Context, c exec.ConsumerID, input int, atLeast log.Offset) error {
	return s.view.waitFrontier(ctx, c, input, atLeast)
}

// Relations lists the relations that the shard holds partitions or frontiers of.
func (s *Shard) Relations() []catalog.RelationID { return s.view.relations() }

// Stats counts what the shard did.
func (s *Shard) Stats() Stats { return s.machine.stats.get() }

// RequestSnapshot has a snapshot taken soon, unless the shard or a partition is isolated.
func (s *Shard) RequestSnapshot() {
	if s.view.unsound() {
		return
	}
	select {
	case s.snapshot <- struct{}{}:
	default:
	}
}

func (s *Shard) takeSnapshots() {
	for {
		select {
		case <-s.snapshot:
		case <-s.stop:
			return
		}
		if _, err := s.TakeSnapshot(); err != nil && s.Damage() == nil {
			s.cfg.Logger.Warn("no snapshot was taken", "shard", s.id, "error", err)
		}
	}
}

// TakeSnapshot syncs the shard's files and cuts its part of the write-ahead log. It returns false if there was nothing new, or the
// shard or a partition is isolated.
func (s *Shard) TakeSnapshot() (bool, error) {
	if s.view.unsound() {
		return false, nil
	}
	taken, err := s.group.Snapshot()
	if taken && err == nil {
		s.machine.stats.snapshots.Add(1)
		if s.cfg.Snapshotted != nil {
			s.cfg.Snapshotted()
		}
	}
	return taken, err
}

// Close stops the shard. What was acknowledged is in the write-ahead log; nothing is flushed.
func (s *Shard) Close() error {
	var err error
	s.closing.Do(func() {
		if s.proposer != nil {
			s.proposer.close()
		}
		close(s.stop)
		if s.group != nil {
			err = s.group.Close()
		}
		s.done.Wait()
		s.machine.close() // a compaction ends with it
		s.sweeping.Wait()
	})
	return err
}
