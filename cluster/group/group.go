// Package group runs one raft group of a node: hashicorp/raft over the node's write-ahead log, with a store of
// snapshots that are small files. What the entries mean is the caller's state machine.
//
// Today a group has one voter, this node, which therefore leads always. Peers are addressed by node id, which the
// transport resolves, so that groups can grow without a change of what is stored.
package group

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
)

// Raft's times. A single voter hears of nobody, so it stands for election after one to two heartbeats.
const (
	heartbeat = 40 * time.Millisecond
	// maxBatchEntries bounds the entries of one write to the log and of one batch for the state machine.
	maxBatchEntries = 64
)

// ErrUnknown says that an entry may have been stored or not, now or later.
var ErrUnknown = errors.New("outcome of the entry is unknown")

// ErrNotLeader says that the entry was not stored, and never will be.
var ErrNotLeader = errors.New("not the leader of the group")

// Config is what a group consists of.
type Config struct {
	ID     uint32 // of the group in the write-ahead log
	Name   string // in messages
	NodeID string
	WAL    *wal.WAL
	FS     vfs.FS
	Dir    string // of the snapshot
	FSM    raft.FSM
	// Restore has raft give the newest snapshot to FSM.Restore at open; otherwise the state machine keeps its own state.
	Restore bool
	Logger  *slog.Logger
	// Fatal is told when the log could not be written. The node must stop.
	Fatal func(error)
}

// Group is one raft group. Safe for concurrent use.
type Group struct {
	name      string
	raft      *raft.Raft
	snapshots *Snapshots
	lead      leadership
	done      chan struct{} // closed by Close

	mu     sync.RWMutex // held for reading while something is handed to raft
	closed bool
}

// Open starts the group; a new one is founded with this node as its only voter. The state machine gets all entries
// above the newest snapshot as soon as the node leads.
func Open(cfg Config) (*Group, error) {
	store := &logStore{g: cfg.WAL.Group(cfg.ID), fatal: cfg.Fatal}
	snapshots := NewSnapshots(cfg.FS, cfg.Dir)
	address, transport := raft.NewInmemTransport(raft.ServerAddress(cfg.NodeID))
	if err := found(cfg, store, snapshots, address); err != nil {
		return nil, fmt.Errorf("group %s: %w", cfg.Name, err)
	}
	r, err := raft.NewRaft(raftConfig(cfg), cfg.FSM, store, store, snapshots, transport)
	if err != nil {
		return nil, fmt.Errorf("start group %s: %w", cfg.Name, err)
	}
	g := &Group{name: cfg.Name, raft: r, snapshots: snapshots, done: make(chan struct{})}
	g.lead.init()
	go g.lead.watch(r, g.done)
	return g, nil
}

// found writes the first entry of a new group: its voters. A group that cut its log behind a snapshot and lost that is
// not new.
func found(cfg Config, store *logStore, snapshots *Snapshots, address raft.ServerAddress) error {
	if err := snapshots.Keep(); err != nil {
		return err
	}
	covered, err := snapshots.index()
	if err != nil {
		return err
	}
	first := store.g.FirstIndex()
	if first > covered+1 {
		return fmt.Errorf("the log begins at entry %d, and the snapshot covers entries up to %d", first, covered)
	}
	if first != 0 || covered != 0 {
		return nil
	}
	term, err := store.GetUint64(raftTerm)
	if err != nil && !errors.Is(err, errNoKey) {
		return err
	}
	if term > 1 {
		return fmt.Errorf("it is in term %d and has neither log nor snapshot", term)
	}
	if err := store.SetUint64(raftTerm, 1); err != nil {
		return err
	}
	voters := raft.Configuration{Servers: []raft.Server{{Suffrage: raft.Voter, ID: raft.ServerID(cfg.NodeID), Address: address}}}
	return store.StoreLog(&raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration, Data: raft.EncodeConfiguration(voters)})
}

// raftTerm is the key under which raft keeps its term.
var raftTerm = []byte("CurrentTerm")

func raftConfig(cfg Config) *raft.Config {
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(cfg.NodeID)
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = heartbeat, heartbeat, heartbeat
	c.BatchApplyCh = true
	c.MaxAppendEntries = maxBatchEntries
	c.NoSnapshotRestoreOnStart = !cfg.Restore
	c.NoLegacyTelemetry = true
	// Snapshots are taken when the owner asks. Nothing is kept behind one: a group at rest must not pin a file of the
	// write-ahead log, and there is no follower that could use the entries.
	c.SnapshotThreshold, c.SnapshotInterval, c.TrailingLogs = math.MaxUint64, 24*time.Hour, 0
	c.Logger = raftLogger(cfg.Logger, cfg.Name)
	return c
}

// WaitReady returns the term when this node leads the group and all entries before are applied.
func (g *Group) WaitReady(ctx context.Context) (uint64, error) {
	for {
		term, changed := g.lead.get()
		if term != 0 && g.barrier() == nil {
			return term, nil
		}
		select {
		case <-changed:
		case <-g.done:
			return 0, fmt.Errorf("group %s: %w", g.name, ErrNotLeader)
		case <-ctx.Done():
			return 0, fmt.Errorf("group %s has no leader: %w", g.name, ctx.Err())
		}
	}
}

// Leading returns the term in which this node leads, 0 if it does not, and a channel that is closed when that changes.
func (g *Group) Leading() (term uint64, changed <-chan struct{}) { return g.lead.get() }

// Future is an entry on its way; the zero value is one that was refused.
type Future struct{ f raft.ApplyFuture }

// Apply proposes an entry; entries of one goroutine keep their order. data is kept.
func (g *Group) Apply(data []byte) Future {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return Future{}
	}
	return Future{g.raft.Apply(data, 0)}
}

func (g *Group) barrier() error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.closed {
		return ErrNotLeader
	}
	return g.raft.Barrier(0).Error()
}

// Wait returns what the state machine answered. Errors: ErrNotLeader, ErrUnknown.
func (f Future) Wait() (any, error) {
	if f.f == nil {
		return nil, ErrNotLeader
	}
	err := f.f.Error()
	switch {
	case err == nil:
		return f.f.Response(), nil
	case errors.Is(err, raft.ErrNotLeader), errors.Is(err, raft.ErrLeadershipTransferInProgress):
		return nil, fmt.Errorf("%w: %w", ErrNotLeader, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrUnknown, err)
}

// Snapshot has the state machine persist itself and cuts the log behind it. It returns false if there was nothing new.
func (g *Group) Snapshot() (bool, error) {
	err := g.raft.Snapshot().Error()
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("snapshot of group %s: %w", g.name, err)
	}
	return true, nil
}

// LastIndex returns the index of the last entry of the log or of the snapshot.
func (g *Group) LastIndex() uint64 { return g.raft.LastIndex() }

// Close stops the group and waits until the state machine is not called any more. What was handed to raft before is
// answered first: raft itself forgets what stands in its queue when it is shut down.
func (g *Group) Close() error {
	g.mu.Lock()
	closed := g.closed
	g.closed = true
	g.mu.Unlock()
	if closed {
		return nil
	}
	g.raft.Barrier(0).Error() // whatever the answer: it comes after all others
	err := g.raft.Shutdown().Error()
	close(g.done)
	return err
}
