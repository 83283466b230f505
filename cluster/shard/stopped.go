package shard

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Names in a shard's directory.
const (
	snapshotDir = "snapshot"
	topicsDir   = "topics" // of partitions' directories
)

// Stopped is a shard of a node that does not run, for looking only: what is on disk, nothing replayed. For one goroutine.
type Stopped struct {
	fs       vfs.FS
	dir      string
	m        *machine   // for its store only
	entries  *wal.Group // nil: the write-ahead log cannot be read
	manifest manifest   // of the newest snapshot
	index    uint64     // of the newest snapshot; entries up to it are not needed any more
	accounts map[catalog.PartitionID]*account
}

// StoppedPartition is a partition that the store knows, or that has files.
type StoppedPartition struct {
	ID  catalog.PartitionID
	Dir string
	// End is where the log ends according to the store, which may be ahead of the files or behind.
	End log.Offset
	// Synced is an offset below which all records were durable, for log.Verify.
	Synced log.Offset
	Files  bool // its directory exists
	// Dropped: its relation is no more, and the files go with the next snapshot.
	Dropped bool
}

// OpenStopped reads what is known of a shard: db is its store, entries its part of the write-ahead log, or nil if that cannot
// be read. They remain the caller's.
func OpenStopped(fs vfs.FS, dir string, db state.DB, entries *wal.Group) (*Stopped, error) {
	s := &Stopped{fs: vfs.ReadOnly(fs), dir: dir, entries: entries, accounts: map[catalog.PartitionID]*account{}}
	split := state.NewSplit(db, nil)
	s.m = &machine{fs: s.fs, dir: dir, db: split, dropped: map[catalog.RelationID]struct{}{}, view: newView(split), saved: map[catalog.RelationID]savedHeld{}}
	applied, err := db.Get(appliedKey())
	if err != nil {
		return nil, err
	}
	if len(applied) == 8 {
		s.m.applied = binary.BigEndian.Uint64(applied)
	} else if applied != nil {
		return nil, fmt.Errorf("applied index: %w", state.ErrCorrupt)
	}
	if err := s.m.loadDropped(); err != nil {
		return nil, err
	}
	if err := s.loadSnapshot(group.NewSnapshots(s.fs, filepath.Join(dir, snapshotDir))); err != nil {
		return nil, err
	}
	return s, s.m.loadHeld(&s.manifest)
}

func (s *Stopped) loadSnapshot(snapshots *group.Snapshots) error {
	known, err := snapshots.List()
	if err != nil || len(known) == 0 {
		return err
	}
	contents, err := snapshots.Newest()
	if err != nil {
		return err
	}
	newest, err := decodeManifest(contents)
	if err != nil {
		return err
	}
	s.manifest, s.index = *newest, known[0].Index
	return nil
}

// Applied is the index of the last entry that the store has.
func (s *Stopped) Applied() uint64 { return s.m.applied }

// HeldAt is the index of the entry that what is held in memory is as of; ok is false if nothing is.
func (s *Stopped) HeldAt() (index uint64, ok bool) {
	return s.manifest.Applied, len(s.m.db.Relations()) > 0
}

// Store is the shard's store. What is held in memory is as of the newest snapshot.
func (s *Stopped) Store() state.Reader { return s.m.db }

// Partitions lists the partitions in order of their ids.
func (s *Stopped) Partitions() ([]StoppedPartition, error) {
	found := map[catalog.PartitionID]*StoppedPartition{}
	at := func(id catalog.PartitionID) *StoppedPartition {
		if found[id] == nil {
			_, gone := s.m.dropped[id.Topic.Relation()]
			found[id] = &StoppedPartition{ID: id, Dir: partitionDir(s.dir, id), Dropped: gone}
		}
		return found[id]
	}
	files, err := FindPartitions(s.fs, s.dir)
	if err != nil {
		return nil, err
	}
	for _, p := range files {
		at(p.ID).Files = true
	}
	for _, e := range s.manifest.Ends {
		at(catalog.PartitionID{Topic: e.Topic, Partition: e.Partition}).Synced = e.End
	}
	err = s.m.each(keyPartition, partitionKeyBytes, func(k, v []byte) error {
		end, n := binary.Uvarint(v)
		if n <= 0 {
			return fmt.Errorf("end of a partition: %w", state.ErrCorrupt)
		}
		at(parsePartitionKey(k)).End = log.Offset(end)
		return nil
	})
	out := make([]StoppedPartition, 0, len(found))
	for _, p := range found {
		out = append(out, *p)
	}
	sortPartitions(out)
	return out, err
}

// FindPartitions lists the partitions that have files in a shard's directory, in order of their ids; only ID, Dir and Files are
// set.
func FindPartitions(fsys vfs.FS, dir string) ([]StoppedPartition, error) {
	names, err := fsys.List(filepath.Join(dir, topicsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []StoppedPartition
	for _, name := range names {
		if id, ok := parsePartitionDir(name); ok {
			out = append(out, StoppedPartition{ID: id, Dir: partitionDir(dir, id), Files: true})
		}
	}
	sortPartitions(out)
	return out, nil
}

func sortPartitions(ps []StoppedPartition) {
	slices.SortFunc(ps, func(a, b StoppedPartition) int {
		return comparePartitions(a.ID, b.ID)
	})
}

func comparePartitions(a, b catalog.PartitionID) int {
	return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.Partition, b.Partition))
}

// Check compares snapshot, store and write-ahead log, and calls problem for each contradiction. The store may be behind the
// write-ahead log, which is replayed at the next start. It must be called before CheckEnd.
func (s *Stopped) Check(problem func(reason string)) error {
	if s.m.applied < s.manifest.Applied {
		problem(fmt.Sprintf("the state store has entries up to %d, the snapshot says %d", s.m.applied, s.manifest.Applied))
	}
	if s.entries == nil {
		return nil
	}
	first, last := s.entries.FirstIndex(), s.entries.LastIndex()
	if first > s.index+1 {
		problem(fmt.Sprintf("entries %d to %d are in neither the snapshot nor the write-ahead log", s.index+1, first-1))
	}
	if end := max(last, s.index); s.m.applied > end {
		problem(fmt.Sprintf("the state store has entries up to %d, the write-ahead log ends at %d", s.m.applied, end))
	}
	for index := max(first, s.index+1); index <= last; index++ {
		e, err := s.entries.Get(index)
		if err != nil {
			return err
		}
		if raft.LogType(e.Type) != raft.LogCommand {
			continue
		}
		if err := s.take(index, e.Data); err != nil {
			problem(fmt.Sprintf("entry %d of the write-ahead log: %v", index, err))
		}
	}
	return nil
}
