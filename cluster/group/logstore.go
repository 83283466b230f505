package group

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/log/wal"
)

// logStore is a group of the write-ahead log as raft's log and as its store of vote and term. After a failed write it
// calls fatal: what is on disk is not known then, and must not be written again.
type logStore struct {
	g     *wal.Group
	fatal func(error)
}

var (
	_ raft.LogStore          = (*logStore)(nil)
	_ raft.StableStore       = (*logStore)(nil)
	_ raft.MonotonicLogStore = (*logStore)(nil)
)

// errNoKey is what raft expects, by its text, of a key that was never set.
var errNoKey = errors.New("not found")

// IsMonotonic implements raft.MonotonicLogStore: the log takes no gaps.
func (s *logStore) IsMonotonic() bool { return true }

// FirstIndex implements raft.LogStore.
func (s *logStore) FirstIndex() (uint64, error) { return s.g.FirstIndex(), nil }

// LastIndex implements raft.LogStore.
func (s *logStore) LastIndex() (uint64, error) { return s.g.LastIndex(), nil }

// GetLog implements raft.LogStore.
func (s *logStore) GetLog(index uint64, l *raft.Log) error {
	e, err := s.g.Get(index)
	if errors.Is(err, wal.ErrNotFound) {
		return raft.ErrLogNotFound
	}
	if err != nil {
		s.fatal(fmt.Errorf("read entry %d: %w", index, err))
		return err
	}
	*l = raft.Log{Index: e.Index, Term: e.Term, Type: raft.LogType(e.Type), Data: e.Data, Extensions: e.Extensions}
	if e.AppendedAtMicros != 0 {
		l.AppendedAt = time.UnixMicro(e.AppendedAtMicros)
	}
	return nil
}

// StoreLog implements raft.LogStore.
func (s *logStore) StoreLog(l *raft.Log) error { return s.StoreLogs([]*raft.Log{l}) }

// StoreLogs implements raft.LogStore: it returns when the entries are fsynced.
func (s *logStore) StoreLogs(logs []*raft.Log) error {
	entries := make([]wal.Entry, len(logs))
	for i, l := range logs {
		entries[i] = wal.Entry{Index: l.Index, Term: l.Term, Type: uint8(l.Type), Data: l.Data, Extensions: l.Extensions}
		if !l.AppendedAt.IsZero() {
			entries[i].AppendedAtMicros = l.AppendedAt.UnixMicro()
		}
	}
	return s.check("store entries", s.g.Append(entries))
}

// DeleteRange implements raft.LogStore. Raft deletes at one of the two ends only.
func (s *logStore) DeleteRange(lowest, highest uint64) error {
	if lowest <= s.g.FirstIndex() {
		return s.check("truncate log", s.g.TruncatePrefix(highest))
	}
	if highest < s.g.LastIndex() {
		return fmt.Errorf("BUG: entries %d to %d are in the middle of the log", lowest, highest)
	}
	return s.check("truncate log", s.g.TruncateSuffix(lowest))
}

// Set implements raft.StableStore.
func (s *logStore) Set(key, value []byte) error {
	return s.check("store metadata", s.g.SetMeta(string(key), value))
}

// Get implements raft.StableStore.
func (s *logStore) Get(key []byte) ([]byte, error) {
	v, ok := s.g.GetMeta(string(key))
	if !ok {
		return nil, errNoKey
	}
	return v, nil
}

// SetUint64 implements raft.StableStore.
func (s *logStore) SetUint64(key []byte, value uint64) error {
	return s.Set(key, binary.BigEndian.AppendUint64(nil, value))
}

// GetUint64 implements raft.StableStore.
func (s *logStore) GetUint64(key []byte) (uint64, error) {
	v, err := s.Get(key)
	if err != nil {
		return 0, err
	}
	if len(v) != 8 {
		return 0, fmt.Errorf("metadata %q has %d bytes", key, len(v))
	}
	return binary.BigEndian.Uint64(v), nil
}

// check reports a failed write. A log that was closed did not fail: the node is stopping.
func (s *logStore) check(what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if !errors.Is(err, wal.ErrClosed) {
		s.fatal(err)
	}
	return err
}
