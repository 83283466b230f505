package shard

import (
	"errors"
	"fmt"
	"sync"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// ErrDamaged says that the store of a shard is damaged: the shard is isolated, nothing of it is read or written until a start
// has mended it.
var ErrDamaged = errors.New("shard is isolated")

// damage is what was found wrong with a shard's store. The first find stays, for the life of the process. Safe for concurrent use,
// and under any lock: whoever reads or writes the store may find it.
type damage struct {
	id    catalog.ShardID
	once  sync.Once
	found chan struct{} // closed when there is one
	cause error         // set before
}

func newDamage(id catalog.ShardID) *damage { return &damage{id: id, found: make(chan struct{})} }

// report takes down what was found.
func (d *damage) report(err error) {
	d.once.Do(func() {
		d.cause = err
		close(d.found)
	})
}

// get returns the damage as an error for the user that wraps ErrDamaged and its cause, nil if there is none. Each call makes one:
// who passes it on may add to it.
func (d *damage) get() error {
	select {
	case <-d.found:
	default:
		return nil
	}
	err := pgerr.New(pgerr.DataCorrupted, "data of shard %d is damaged: %v", d.id, d.cause).
		WithHint("What is on other shards is served. Start the node again: it tries to rebuild the shard. If that fails, bring the shard's files back from a copy first.").
		WithCause(fmt.Errorf("%w: %w", ErrDamaged, d.cause))
	err.Logged = true
	return err
}

// Damage returns why the shard is isolated, nil if it is not: an error with SQLSTATE that wraps ErrDamaged.
func (s *Shard) Damage() error { return s.view.damage.get() }

// Damaged returns a channel that is closed when the shard is isolated.
func (s *Shard) Damaged() <-chan struct{} { return s.view.damage.found }

// watchDamage says once in the log that the shard is isolated, and has the next start look at the store.
func (s *Shard) watchDamage() {
	select {
	case <-s.Damaged():
	case <-s.stop:
		if s.Damage() == nil {
			return
		}
	}
	s.cfg.Logger.Error("a shard is damaged and isolated: nothing of it is read or written, and it takes no snapshots",
		"shard", s.id, "error", s.view.damage.cause)
	if err := s.rebuilder.mark(s.view.damage.cause); err != nil {
		s.cfg.Logger.Warn("the next start will not know of the damage until it is met again", "shard", s.id, "error", err)
	}
}

// brokenStore stands in for the store of an isolated shard.
type brokenStore struct{ err error }

var (
	_ state.Disk     = brokenStore{}
	_ state.Snapshot = brokenStore{}
	_ state.Iterator = brokenStore{}
)

// Get implements state.Reader.
func (b brokenStore) Get([]byte) ([]byte, error) { return nil, b.err }

// Scan implements state.Reader.
func (b brokenStore) Scan(_, _ []byte) state.Iterator { return b }

// ScanBack implements state.Reader.
func (b brokenStore) ScanBack(_, _ []byte) state.Iterator { return b }

// Next implements state.Iterator.
func (b brokenStore) Next() bool { return false }

// Key implements state.Iterator.
func (b brokenStore) Key() []byte { return nil }

// Value implements state.Iterator.
func (b brokenStore) Value() []byte { return nil }

// Close implements state.Iterator, whose error tells, and state.DB.
func (b brokenStore) Close() error { return b.err }

// Write implements state.DB.
func (b brokenStore) Write(*state.Batch) error { return b.err }

// Snapshot implements state.DB.
func (b brokenStore) Snapshot() state.Snapshot { return b }

// Release implements state.Snapshot.
func (b brokenStore) Release() {}

// Flush implements state.DB.
func (b brokenStore) Flush() error { return b.err }

// Checkpoint implements state.Disk.
func (b brokenStore) Checkpoint(string) error { return b.err }
