package shard

import (
	"errors"
	"fmt"

	"github.com/tidwall/btree"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// Snapshot is the shard as of one moment: an exec.Reader of its partitions.
type Snapshot struct {
	store state.Snapshot
	ends  *btree.BTreeG[partitionEnd]
	// Prepared lists the transactions that were not resolved.
	Prepared []PreparedTxn
	// finishes counts the finished transactions over several shards that are in the snapshot.
	finishes uint64
	view     *view
}

var _ exec.Reader = (*Snapshot)(nil)

func (v *view) snapshot() *Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &Snapshot{store: v.db.Snapshot(), ends: v.ends.Copy(), Prepared: v.listTxns(), finishes: v.finishes, view: v}
}

// Finished reports whether the transaction committed here after the first since transactions over several shards, and
// is in the snapshot. unknown says that this was too long ago to tell.
func (s *Snapshot) Finished(id TxnID, since uint64) (committed, unknown bool) {
	s.view.mu.Lock()
	defer s.view.mu.Unlock()
	if s.view.finishes > since+finishedRing {
		return false, true
	}
	for n := since; n < s.finishes; n++ {
		if s.view.finished[n%finishedRing] == id {
			return true, false
		}
	}
	return false, false
}

// Rows implements exec.Reader. Keys are whole ones, as state.RowKey and state.TaskKey make them.
func (s *Snapshot) Rows(catalog.PartitionID) state.Reader { return s.store }

// State returns the store as of the moment.
func (s *Snapshot) State() state.Reader { return s.store }

// StartOffset implements exec.Reader.
func (s *Snapshot) StartOffset(p catalog.PartitionID) log.Offset {
	if e, ok := s.ends.Get(partitionEnd{id: p}); ok {
		return e.log.StartOffset()
	}
	return 0
}

// EndOffset implements exec.Reader.
func (s *Snapshot) EndOffset(p catalog.PartitionID) log.Offset {
	e, _ := s.ends.Get(partitionEnd{id: p})
	return e.end
}

// ReadLog implements exec.Reader. Errors: log.ErrOutOfRange below StartOffset; exec.ErrDropped.
func (s *Snapshot) ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	e, _ := s.ends.Get(partitionEnd{id: p})
	if from >= e.end {
		return buf[:0], nil
	}
	b, err := e.log.Read(from, maxBytes, buf)
	if errors.Is(err, log.ErrClosed) {
		return nil, fmt.Errorf("read partition %v: %w", p, exec.ErrDropped)
	}
	if err != nil {
		return nil, fmt.Errorf("read partition %v: %w", p, err)
	}
	return cutAt(b, e.end), nil
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
func (s *Snapshot) Close() { s.store.Release() }
