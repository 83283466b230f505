package shard

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tidwall/btree"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// Snapshot is the shard as of one moment: an exec.Reader of its partitions.
type Snapshot struct {
	store    state.Snapshot
	tops     map[catalog.PartitionID]*top // known when it was taken
	ends     *btree.BTreeG[partitionEnd]
	prepared []PreparedTxn // those that were not resolved
	finishes uint64        // how many transactions over several shards are in it
	view     *view
	epoch    uint64 // of the sweeps: files that went into the snapshot stay until it is closed
	damage   error  // the shard is isolated: everything fails with it
	closed   bool
}

var _ exec.Reader = (*Snapshot)(nil)

func (v *view) snapshot() *Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.damage.get(); err != nil {
		return &Snapshot{store: brokenStore{err}, ends: v.ends.Copy(), view: v, epoch: v.todo.pin(), damage: err}
	}
	known := *v.tops.known.Load() // before the store's snapshot, see tops
	return &Snapshot{store: v.db.Snapshot(), tops: known, ends: v.ends.Copy(), prepared: v.listTxns(), finishes: v.finished.count, view: v, epoch: v.todo.pin()}
}

// Lacks reports whether s lacks a transaction that has committed on its shard id too, and that other, a snapshot of
// another shard, holds. since is Finishes of other's shard before the snapshots were taken. Of the transactions that
// committed there before since, those that s lacks were prepared here already; the later ones are looked through.
// The channels tell when what is lacking has come, as far as it is on its way: then another snapshot of s's shard has it.
func (s *Snapshot) Lacks(id catalog.ShardID, other *Snapshot, since uint64) (lacks bool, resolved []<-chan struct{}) {
	finished := func(t TxnID) bool {
		s.view.mu.Lock()
		defer s.view.mu.Unlock()
		return s.view.finished.has(t, s.finishes)
	}
	other.view.mu.Lock()
	later := other.view.finished.since(since, other.finishes)
	for _, t := range s.prepared {
		if other.view.finished.has(t.Txn, other.finishes) {
			lacks, resolved = true, append(resolved, t.Resolved)
		}
	}
	other.view.mu.Unlock()
	for _, t := range later {
		if slices.Contains(t.participants, id) && !finished(t.id) {
			lacks = true
			if ch := s.view.resolved(t.id); ch != nil {
				resolved = append(resolved, ch)
			}
		}
	}
	return lacks, resolved
}

// Rows implements exec.Reader. Keys are whole ones, as state.RowKey and state.TaskKey make them.
func (s *Snapshot) Rows(p catalog.PartitionID) state.Reader {
	if t := s.tops[p]; t != nil {
		return topped{s.store, t}
	}
	return s.store
}

// State returns the store as of the moment.
func (s *Snapshot) State() state.Reader { return s.store }

// StartOffset implements exec.Reader.
func (s *Snapshot) StartOffset(p catalog.PartitionID) log.Offset {
	if e, ok := s.ends.Get(partitionEnd{id: p}); ok {
		return e.start
	}
	return 0
}

// EndOffset implements exec.Reader. Of an isolated shard it is not known: whoever reads up to it meets the damage.
func (s *Snapshot) EndOffset(p catalog.PartitionID) log.Offset {
	if s.damage != nil {
		return math.MaxInt64
	}
	e, _ := s.ends.Get(partitionEnd{id: p})
	return e.end
}

// ReadLog implements exec.Reader. Errors: log.ErrOutOfRange below StartOffset; log.ErrCorrupt; ErrDamaged; exec.ErrDropped.
func (s *Snapshot) ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	e, err := s.readable(p, from)
	if err != nil {
		return nil, err
	}
	if from >= e.end {
		return buf[:0], nil
	}
	b, err := e.log.Read(from, maxBytes, buf)
	if err != nil {
		return nil, readError(p, err)
	}
	return cutAt(b, e.end), nil
}

// OffsetForTime implements exec.Reader. Errors as of ReadLog.
func (s *Snapshot) OffsetForTime(p catalog.PartitionID, millis int64) (log.Offset, error) {
	e, err := s.readable(p, s.StartOffset(p))
	if err != nil {
		return 0, err
	}
	if e.start >= e.end {
		return e.end, nil
	}
	off, err := e.log.OffsetForTime(millis)
	if err != nil {
		return 0, readError(p, err)
	}
	if begins := e.log.StartOffset(); begins > e.start { // what is gone may be as new as that
		return 0, fmt.Errorf("read partition %v: %w: %d is below the start, %d", p, log.ErrOutOfRange, e.start, begins)
	}
	return min(max(off, e.start), e.end), nil
}

// readable returns where the log of p ends; its log is there if from is below that.
func (s *Snapshot) readable(p catalog.PartitionID, from log.Offset) (partitionEnd, error) {
	if s.damage != nil {
		return partitionEnd{}, s.damage
	}
	e, _ := s.ends.Get(partitionEnd{id: p})
	if from >= e.end {
		return e, nil
	}
	if from < e.start {
		return e, fmt.Errorf("read partition %v: %w: %d is below the start, %d", p, log.ErrOutOfRange, from, e.start)
	}
	if err := s.view.damageOf(p); err != nil {
		return e, err
	}
	if e.log == nil { // it was isolated, and dropped since
		return e, fmt.Errorf("read partition %v: %w", p, exec.ErrDropped)
	}
	return e, nil
}

func readError(p catalog.PartitionID, err error) error {
	if errors.Is(err, log.ErrClosed) {
		err = exec.ErrDropped
	}
	return fmt.Errorf("read partition %v: %w", p, err)
}

// cutAt cuts whole batches at the offset end, which is the beginning of one of them or behind them: the log may hold more
// than the moment of the snapshot did.
func cutAt(b []byte, end log.Offset) []byte {
	for at := 0; at < len(b); {
		base, size := batchHead(b[at:])
		if base >= end {
			return b[:at]
		}
		at += size
	}
	return b
}

// Close implements exec.Reader.
func (s *Snapshot) Close() {
	s.store.Release()
	if !s.closed {
		s.closed = true
		s.view.todo.unpin(s.epoch)
	}
}
