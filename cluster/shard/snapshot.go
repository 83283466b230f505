package shard

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// manifest is the contents of a shard's snapshot: no data, but how far the files themselves were synced, which copy of the store
// belongs to it, and which files have what is held in memory. Version 1 had no copy, version 2 nothing in memory.
type manifest struct {
	Version    int            `json:"version"`
	Applied    uint64         `json:"applied"` // index of the last entry in the store
	Ends       []manifestPart `json:"ends"`
	Checkpoint string         `json:"checkpoint,omitempty"` // directory of a copy of the store, at or past Applied; empty: none
	Held       []manifestHeld `json:"held,omitempty"`       // as of Applied
}

type manifestPart struct {
	Topic     catalog.TopicID `json:"topic"`
	Partition uint32          `json:"partition"`
	End       log.Offset      `json:"end"`
}

const manifestVersion = 3

func decodeManifest(b []byte) (*manifest, error) {
	s := new(manifest)
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("manifest of a snapshot: %w", err)
	}
	if s.Version < 1 || s.Version > manifestVersion {
		return nil, fmt.Errorf("manifest of a snapshot has version %d, this program reads up to %d", s.Version, manifestVersion)
	}
	return s, nil
}

// checkManifest refuses a store that is behind a snapshot: the entries between are gone.
func (m *machine) checkManifest(s *manifest) error {
	if m.applied < s.Applied {
		return fmt.Errorf("the state store of %s has entries up to %d, the snapshot says %d: %w", m.dir, m.applied, s.Applied, state.ErrCorrupt)
	}
	return nil
}

// fsmSnapshot is a snapshot on its way to the disk. All that was applied before it was cut is in the files' memory, so
// syncing them now covers at least that.
type fsmSnapshot struct {
	m        *machine
	manifest manifest
	dirty    []*partition
	dropped  []catalog.RelationID
	held     []heldCopy
}

var errReplaying = errors.New("entries are being replayed")

var errIsolated = errors.New("a partition is damaged and isolated: the write-ahead log keeps what its files may lack")

// Snapshot implements raft.FSM. While a partition is isolated there is none: nobody knows what its files lack, so the entries
// stay, and with them what gives a mended partition its records back.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	if m.failure != nil {
		return nil, m.failure
	}
	if err := m.view.damage.get(); err != nil {
		return nil, err
	}
	if m.view.isolations.Load() > 0 {
		return nil, errIsolated
	}
	if m.given < m.applied {
		return nil, errReplaying // the logs and what is held in memory are not where the store is
	}
	s := &fsmSnapshot{m: m, manifest: manifest{Version: manifestVersion, Applied: m.applied}, held: m.cutHeld(m.applied)}
	for _, p := range m.parts {
		s.manifest.Ends = append(s.manifest.Ends, manifestPart{p.id.Topic, p.id.Partition, p.end})
		if p.dirty {
			s.dirty = append(s.dirty, p)
			p.dirty = false
		}
	}
	for id := range m.dropped {
		s.dropped = append(s.dropped, id)
	}
	slices.SortFunc(s.manifest.Ends, func(a, b manifestPart) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
	})
	m.sinceIndex, m.sinceBytes = 0, 0
	return s, nil
}

// Persist implements raft.FSMSnapshot. It runs beside later applies.
func (s *fsmSnapshot) Persist(sink raft.SnapshotSink) error {
	if err := s.sync(); err != nil {
		s.m.stop(fmt.Errorf("shard %d: snapshot: %w", s.m.id, err))
		return err
	}
	if err := s.checkpoint(sink.ID()); err != nil {
		return err
	}
	b, err := json.Marshal(s.manifest)
	if err != nil {
		return err
	}
	if _, err := sink.Write(b); err != nil {
		return err
	}
	if err := sink.Close(); err != nil {
		s.m.fatal(fmt.Errorf("shard %d: snapshot: %w", s.m.id, err))
		return err
	}
	s.m.pruneTo.Store(s.manifest.Applied)
	return errors.Join(s.m.removeFiles(s.dropped), removeCheckpoints(s.m.fs, s.m.dir, s.manifest.Checkpoint), s.heldSaved())
}

func (s *fsmSnapshot) sync() error {
	for _, p := range s.dirty {
		if err := p.sync(); err != nil {
			return err
		}
	}
	if err := s.saveHeld(); err != nil {
		return err
	}
	return s.m.db.Flush()
}

// Release implements raft.FSMSnapshot.
func (s *fsmSnapshot) Release() {}
