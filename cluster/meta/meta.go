// Package meta is the catalog's raft group: it replicates catalog commands and publishes each catalog that results.
// What a command means is catalog.Catalog.Apply's business.
package meta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Config is what the meta group is made of.
type Config struct {
	Group  uint32 // in the write-ahead log
	NodeID string
	FS     vfs.FS
	Dir    string // of the snapshot
	WAL    *wal.WAL
	Logger *slog.Logger
	Fatal  func(error)
}

// snapshotCommands is after how many commands a snapshot is taken.
const snapshotCommands = 256

// maxCommandBytes bounds a command: a topology is some kilobytes.
const maxCommandBytes = 16 << 20

// Meta is the catalog's group on this node. Safe for concurrent use.
type Meta struct {
	group  *group.Group
	fsm    *fsm
	logger *slog.Logger
}

// Open opens the group. The catalog is complete after WaitReady.
func Open(cfg Config) (*Meta, error) {
	f := &fsm{catalog: catalog.Empty(), changed: make(chan struct{})}
	g, err := group.Open(group.Config{ID: cfg.Group, Name: "meta", NodeID: cfg.NodeID, WAL: cfg.WAL, FS: cfg.FS, Dir: cfg.Dir,
		FSM: f, Restore: true, Logger: cfg.Logger, Fatal: cfg.Fatal})
	if err != nil {
		return nil, err
	}
	return &Meta{group: g, fsm: f, logger: cfg.Logger}, nil
}

// WaitReady returns when this node leads the group and all commands are applied.
func (m *Meta) WaitReady(ctx context.Context) error {
	_, err := m.group.WaitReady(ctx)
	return err
}

// Leading returns the term in which this node leads, 0 if it does not, and a channel that is closed when that changes.
func (m *Meta) Leading() (uint64, <-chan struct{}) { return m.group.Leading() }

// Catalog returns the newest catalog, and a channel that is closed when there is a newer one.
func (m *Meta) Catalog() (*catalog.Catalog, <-chan struct{}) { return m.fsm.get() }

// Apply replicates a command. It returns when the command is durable and Catalog has it. Errors: what catalog.Apply
// says; group.ErrNotLeader; group.ErrUnknown.
func (m *Meta) Apply(cmd catalog.Command) error {
	b, err := json.Marshal(cmd)
	if err != nil {
		return fmt.Errorf("catalog command: %w", err)
	}
	if len(b) > maxCommandBytes {
		return fmt.Errorf("catalog command has %d bytes", len(b))
	}
	answer, err := m.group.Apply(b).Wait()
	if err != nil {
		return fmt.Errorf("catalog: %w", err)
	}
	if m.fsm.wantsSnapshot() {
		if _, err := m.group.Snapshot(); err != nil { // the next command tries again
			m.logger.Warn("no snapshot of the catalog was taken", "error", err)
		}
	}
	refused, _ := answer.(error)
	return refused
}

// TakeSnapshot writes the catalog down and cuts the group's part of the write-ahead log.
func (m *Meta) TakeSnapshot() (bool, error) { return m.group.Snapshot() }

// Close stops the group.
func (m *Meta) Close() error { return m.group.Close() }

// fsm holds the catalog.
type fsm struct {
	mu       sync.Mutex
	catalog  *catalog.Catalog
	changed  chan struct{}
	commands int // since the last snapshot
}

func (f *fsm) get() (*catalog.Catalog, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.catalog, f.changed
}

func (f *fsm) set(c *catalog.Catalog) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.catalog = c
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fsm) wantsSnapshot() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.commands >= snapshotCommands
}

// Apply implements raft.FSM: the answer is nil or why the command was refused.
func (f *fsm) Apply(l *raft.Log) any {
	f.mu.Lock()
	f.commands++
	old := f.catalog
	f.mu.Unlock()
	var cmd catalog.Command
	if err := json.Unmarshal(l.Data, &cmd); err != nil {
		return fmt.Errorf("catalog command: %w", err)
	}
	next, err := old.Apply(cmd)
	if err != nil {
		return err
	}
	f.set(next)
	return nil
}

// Snapshot implements raft.FSM.
func (f *fsm) Snapshot() (raft.FSMSnapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands = 0
	return snapshot{f.catalog}, nil
}

// stored is the catalog in a snapshot. The snapshot's file has the checksum.
type stored struct {
	Version int           `json:"version"`
	Catalog catalog.State `json:"catalog"`
}

const storedVersion = 1

var errVersion = errors.New("version of the stored catalog")

// Restore implements raft.FSM.
func (f *fsm) Restore(r io.ReadCloser) error {
	defer r.Close()
	var s stored
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return fmt.Errorf("stored catalog: %w", err)
	}
	if s.Version != storedVersion {
		return fmt.Errorf("%w is %d, this program reads %d", errVersion, s.Version, storedVersion)
	}
	f.set(catalog.FromState(s.Catalog))
	return nil
}

// snapshot is an immutable catalog on its way to the disk.
type snapshot struct{ catalog *catalog.Catalog }

// Persist implements raft.FSMSnapshot.
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	if err := json.NewEncoder(sink).Encode(stored{storedVersion, s.catalog.State()}); err != nil {
		return err
	}
	return sink.Close()
}

// Release implements raft.FSMSnapshot.
func (s snapshot) Release() {}
