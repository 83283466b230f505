package shard

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// machine is the shard's state machine: entries in, changes of the store and of the partitions' logs out. It is
// deterministic: it reads no clock, evaluates no SQL, and nothing depends on the order of a Go map.
//
// Its own fields belong to raft's goroutine for state machines. What others may see is in view.
type machine struct {
	id      catalog.ShardID
	fs      vfs.FS
	dir     string
	db      *state.Split
	disk    state.Disk // the part of db on disk, where it is open for writing
	view    *view
	fatal   func(error)
	failure error // set once; nothing is applied after it

	applied uint64 // index of the last entry in the store
	given   uint64 // index of the last entry that raft has given
	parts   map[catalog.PartitionID]*partition
	txns    map[TxnID]*txn
	locks   map[string]TxnID   // of rows that are written, by row key
	checked map[string][]TxnID // of rows that are checked
	frozen  map[catalog.PartitionID]TxnID
	dropped map[catalog.RelationID]struct{}
	synced  map[catalog.PartitionID]log.Offset // of the newest snapshot

	producers map[catalog.PartitionID]map[int64]*producer // by id; at most log.MaxProducers of a partition

	logs       map[catalog.PartitionID]LogState
	registered map[registration]log.Offset // where dependents begin
	indexes    map[catalog.RelationID][]*rowIndex
	epochs     map[catalog.RelationID]uint64
	segments   map[catalog.TopicID]segments

	internalSegmentBytes int64
	sinceGrown           int // bytes of entries since grown was called
	grown                func()

	heldEnds map[catalog.PartitionID]log.Offset // while entries are replayed: of the tables, as far as memory has them
	saved    map[catalog.RelationID]savedHeld   // of the newest snapshot

	pruned     uint64        // outcomes up to this index are gone
	pruneTo    atomic.Uint64 // a snapshot is durable up to this index
	sinceIndex uint64        // at the last snapshot
	sinceBytes int           // of entries since the last snapshot
	snapshotCh chan struct{} // wants a snapshot; capacity 1

	stats counters
}

var _ raft.BatchingFSM = (*machine)(nil)

// A snapshot is wanted after so many entries or bytes of entries: what a start has to replay, at most.
const (
	snapshotEntries = 8192
	snapshotBytes   = 64 << 20
	// heldBytesPerEntry is what an entry may cost the snapshots that write what is held in memory, at most.
	heldBytesPerEntry = 1 << 10
	// grownBytes of entries are a reason to look whether something can be trimmed.
	grownBytes = 16 << 20
)

func newStateMachine(cfg Config, db state.Disk, v *view, snapshots chan struct{}) *machine {
	return &machine{
		id: cfg.ID, fs: cfg.FS, dir: cfg.Dir, db: v.db, disk: db, view: v, fatal: cfg.Fatal, snapshotCh: snapshots,
		parts: map[catalog.PartitionID]*partition{}, txns: map[TxnID]*txn{}, locks: map[string]TxnID{}, checked: map[string][]TxnID{}, frozen: map[catalog.PartitionID]TxnID{},
		dropped: map[catalog.RelationID]struct{}{}, synced: map[catalog.PartitionID]log.Offset{},
		saved:     map[catalog.RelationID]savedHeld{},
		producers: map[catalog.PartitionID]map[int64]*producer{}, indexes: map[catalog.RelationID][]*rowIndex{}, epochs: map[catalog.RelationID]uint64{},
		logs: map[catalog.PartitionID]LogState{}, registered: map[registration]log.Offset{}, segments: map[catalog.TopicID]segments{},
		internalSegmentBytes: cmp.Or(cfg.InternalSegmentBytes, InternalSegmentBytes), grown: cfg.Grown,
	}
}

// Apply implements raft.FSM.
func (m *machine) Apply(l *raft.Log) any { return m.ApplyBatch([]*raft.Log{l})[0] }

// ApplyBatch implements raft.BatchingFSM: the answers are []Result, or an error after which nothing works any more.
func (m *machine) ApplyBatch(logs []*raft.Log) []any {
	answers := make([]any, len(logs))
	b := newBatch(m)
	for i, l := range logs {
		if m.failure != nil {
			break
		}
		if l.Type != raft.LogCommand {
			continue
		}
		results, err := m.applyEntry(b, l)
		if err != nil {
			m.fail(fmt.Errorf("apply entry %d: %w", l.Index, err))
		}
		answers[i] = results
	}
	if m.failure == nil {
		if err := b.finish(); err != nil {
			m.fail(err)
		}
	}
	if m.failure != nil {
		for i := range answers {
			answers[i] = m.failure
		}
	}
	return answers
}

func (m *machine) fail(err error) {
	m.failure = fmt.Errorf("shard %d: %w", m.id, err)
	m.stop(m.failure)
}

// stop tells who must know of a failure. A damaged store isolates the shard; everything else is a disk that failed, or
// a defect of the program, and stops the node.
func (m *machine) stop(err error) {
	if errors.Is(err, state.ErrCorrupt) {
		m.view.damage.report(err)
		return
	}
	m.fatal(err)
}

// applyEntry applies an entry to b, or, if the store has it already, to the partitions' logs alone.
func (m *machine) applyEntry(b *batch, l *raft.Log) ([]Result, error) {
	ops, err := decodeEntry(l.Data)
	if err != nil {
		return nil, err
	}
	m.count(l)
	m.given = l.Index
	if l.Index <= m.applied {
		return nil, m.replay(l.Index, ops)
	}
	results := make([]Result, len(ops))
	for i, op := range ops {
		if results[i], err = b.apply(op, l.Index, l.Term); err != nil {
			return nil, err
		}
	}
	if m.needsOutcome(ops, results) {
		b.put(outcomeKey(l.Index), appendOutcome(nil, results))
	}
	m.applied = l.Index
	m.stats.entries.Add(1)
	m.stats.ops.Add(uint64(len(ops)))
	return results, nil
}

// count asks for a snapshot now and then.
func (m *machine) count(l *raft.Log) {
	m.sinceBytes += len(l.Data)
	if m.sinceGrown += len(l.Data); m.sinceGrown >= grownBytes && m.grown != nil {
		m.sinceGrown = 0
		m.grown()
	}
	if m.sinceIndex == 0 {
		m.sinceIndex = l.Index
	}
	if m.sinceBytes < snapshotBytes && !m.manyEntries(l.Index-m.sinceIndex) {
		return
	}
	if m.view.unsound() || l.Index < m.applied {
		return // see Snapshot
	}
	select {
	case m.snapshotCh <- struct{}{}:
	default:
	}
}

// manyEntries reports whether so many entries are a reason for a snapshot. A snapshot writes all that has changed in memory, so
// that adds to how many they are.
func (m *machine) manyEntries(n uint64) bool {
	return n >= snapshotEntries && n-snapshotEntries >= uint64(m.db.MemoryBytes())/heldBytesPerEntry
}

// replay appends to the logs what an entry that the store has already appended once, and a crash took away again.
func (m *machine) replay(index uint64, ops []Op) error {
	stored, err := m.db.Get(outcomeKey(index))
	if err != nil || stored == nil {
		return err
	}
	results, err := decodeOutcome(stored)
	if err != nil {
		return fmt.Errorf("outcome: %w", err)
	}
	if len(results) != len(ops) {
		return fmt.Errorf("outcome has %d results for %d ops: %w", len(results), len(ops), state.ErrCorrupt)
	}
	for i, op := range ops {
		if err := m.replayOp(op, results[i].Bases); err != nil {
			return err
		}
	}
	return m.replayHeld(ops, results)
}

func (m *machine) replayOp(op Op, bases []log.Offset) error {
	if len(bases) == 0 {
		return nil
	}
	appends, err := m.appendsOf(op)
	if err != nil {
		return err
	}
	if len(appends) != len(bases) {
		return fmt.Errorf("outcome has %d offsets for %d batches: %w", len(bases), len(appends), state.ErrCorrupt)
	}
	for i, a := range appends {
		if _, gone := m.dropped[a.Partition.Topic.Relation()]; gone || bases[i] == skippedBase {
			continue
		}
		p, err := m.partition(a.Partition)
		if err != nil {
			return err
		}
		if err := p.refill(bases[i], a.Batch); err != nil {
			return err
		}
	}
	return nil
}

// partition returns the partition, which comes into being if there is none.
func (m *machine) partition(id catalog.PartitionID) (*partition, error) {
	if p := m.parts[id]; p != nil {
		return p, nil
	}
	l, err := m.openLog(id)
	if err != nil {
		return nil, err
	}
	p := &partition{id: id, dir: partitionDir(m.dir, id), log: l, dirty: true, view: m.view}
	m.parts[id] = p
	return p, nil
}

// shown is the partition as readers see it.
func (m *machine) shown(p *partition) partitionEnd {
	return partitionEnd{id: p.id, start: m.logs[p.id].first(), end: p.end, log: p.log}
}

// load reads the store and the newest snapshot, which may be nil, opens the partitions that they know, and removes the
// directories of dropped ones.
func (m *machine) load(newest *manifest) error {
	applied, err := m.db.Get(appliedKey())
	if err != nil {
		return err
	}
	if applied != nil {
		if len(applied) != 8 {
			return fmt.Errorf("applied index: %w", state.ErrCorrupt)
		}
		m.applied = binary.BigEndian.Uint64(applied)
	}
	loadHeld := func() error { return m.loadHeld(newest) }
	for _, step := range []func() error{m.loadDropped, loadHeld, m.loadRetained, m.loadPartitions, m.loadProducers, m.loadFrontiers, m.loadIndexes, m.loadTxns} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// each calls f for the shard's own keys of a kind; slices are valid during the call.
func (m *machine) each(kind byte, keyBytes int, f func(key, value []byte) error) error {
	prefix := ownKey(kind, 0)
	it := m.db.Scan(prefix, state.PrefixEnd(prefix))
	var err error
	for err == nil && it.Next() {
		if len(it.Key()) != keyBytes {
			err = fmt.Errorf("key %x: %w", it.Key(), state.ErrCorrupt)
			break
		}
		err = f(it.Key(), it.Value())
	}
	return errors.Join(err, it.Close())
}

func (m *machine) loadDropped() error {
	return m.each(keyDropped, droppedKeyBytes, func(k, _ []byte) error {
		id := catalog.RelationID(binary.BigEndian.Uint32(k[2:]))
		m.dropped[id] = struct{}{}
		m.view.dropped[id] = struct{}{}
		return nil
	})
}

func (m *machine) loadPartitions() error {
	if err := m.removeFiles(slices.Collect(maps.Keys(m.dropped))); err != nil {
		return err
	}
	return m.each(keyPartition, partitionKeyBytes, func(k, v []byte) error {
		end, n := binary.Uvarint(v)
		if n <= 0 {
			return fmt.Errorf("end of a partition: %w", state.ErrCorrupt)
		}
		p, err := m.partition(parsePartitionKey(k))
		if err != nil {
			return err
		}
		p.end = log.Offset(end)
		m.view.ends.Set(m.shown(p))
		if p.log != nil {
			m.view.todo.load(p, m.logs[p.id], m.compactedTo(p.id))
		}
		return nil
	})
}

func (m *machine) loadFrontiers() error {
	return m.each(keyFrontier, frontierKeyBytes, func(k, v []byte) error {
		d := decoder{b: append([]byte(nil), v...)}
		fs := d.frontiers()
		m.view.frontiers[parseFrontierKey(k)] = fs
		return d.end()
	})
}

// Restore implements raft.FSM. A snapshot here says what was synced and holds no data, so it can only confirm what the
// shard has itself.
func (m *machine) Restore(r io.ReadCloser) error {
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s, err := decodeManifest(b)
	if err != nil {
		return err
	}
	return m.checkManifest(s)
}
