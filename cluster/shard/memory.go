package shard

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// ErrMemoryFull says that an op was not proposed, as it would make the relations that are held in memory larger than the budget.
var ErrMemoryFull = errors.New("the memory for relations that are held in memory is full")

// Hold has the rows of a relation, and the state of its query's tasks, held in memory, or on disk again, where they are at first. It
// comes before anything is written to the relation, and is refused later.
type Hold struct {
	Relation catalog.RelationID
	Memory   bool
}

func (*Hold) kind() opKind { return kindHold }

func (x *Hold) append(dst []byte) []byte {
	return appendBool(binary.AppendUvarint(dst, uint64(x.Relation)), x.Memory)
}

func (x *Hold) decode(d *decoder) {
	x.Relation, x.Memory = catalog.RelationID(d.bounded(1<<32-1)), d.bool()
}

func heldKey(id catalog.RelationID) []byte {
	return binary.BigEndian.AppendUint32(ownKey(keyHeld, 4), uint32(id))
}

const heldKeyBytes = 2 + 4

func (b *batch) hold(op *Hold) (Result, error) {
	if _, gone := b.m.dropped[op.Relation]; gone {
		return Result{Verdict: Dropped}, nil
	}
	if (b.m.db.Held(op.Relation) != nil) == op.Memory {
		return Result{Verdict: Applied}, nil
	}
	for _, space := range []byte{state.SpaceRows, state.SpaceTask} {
		from, to := relationRange(space, op.Relation)
		if some, err := b.any(from, to); some || err != nil {
			return *invalid("relation %d has something stored", op.Relation), err
		}
	}
	if op.Memory { // empty either way, as what readers have found so far
		b.put(heldKey(op.Relation), nil)
		b.m.db.Hold(op.Relation)
	} else {
		b.delete(heldKey(op.Relation))
		b.m.db.Free(op.Relation)
	}
	return Result{Verdict: Applied}, nil
}

// any reports whether there is a key in [from, to), of those that were there before and are not deleted by this batch, and of its own.
func (b *batch) any(from, to []byte) (bool, error) {
	for k, v := range b.values {
		if v != nil && k >= string(from) && k < string(to) {
			return true, nil
		}
	}
	it := b.m.db.Scan(from, to)
	for it.Next() {
		if v, err := b.get(it.Key()); v != nil || err != nil {
			return v != nil, errors.Join(err, it.Close())
		}
	}
	return false, it.Close()
}

// Holds reports whether a relation is held in memory here.
func (s *Shard) Holds(id catalog.RelationID) bool { return s.view.db.Held(id) != nil }

// StateBytes estimates what the rows of a relation and the state of its query take here: in memory, or on disk.
func (s *Shard) StateBytes(id catalog.RelationID) (bytes int64) {
	if m := s.view.db.Held(id); m != nil {
		return m.SizeBytes()
	}
	for _, space := range []byte{state.SpaceRows, state.SpaceTask} {
		bytes += s.view.db.RangeBytes(relationRange(space, id))
	}
	return bytes
}

// loadHeld fills the relations that are held in memory from the files of the newest snapshot. Files of others are of relations that
// were dropped, or are on disk, since.
func (m *machine) loadHeld(newest *manifest) error {
	m.heldEnds = map[catalog.PartitionID]log.Offset{}
	files := map[catalog.RelationID]string{}
	if newest != nil {
		for _, e := range newest.Ends {
			m.heldEnds[catalog.PartitionID{Topic: e.Topic, Partition: e.Partition}] = e.End
		}
		for _, f := range newest.Held {
			files[f.Relation] = f.File
		}
	}
	return m.each(keyHeld, heldKeyBytes, func(k, _ []byte) error {
		id := catalog.RelationID(binary.BigEndian.Uint32(k[2:]))
		held := m.db.Hold(id)
		name, known := files[id]
		if !known {
			return nil // it was created after the snapshot
		}
		if err := readHeldFile(m.fs, heldPath(m.dir, name), id, held.Load); err != nil {
			return err
		}
		m.saved[id] = savedHeld{name, held.Writes()}
		return nil
	})
}

// replayHeld does to memory, which is as of the newest snapshot and the entries since, what an entry did that the store has
// already. Nothing is evaluated again: the outcome says what became of each op.
func (m *machine) replayHeld(ops []Op, results []Result) error {
	if len(m.db.Relations()) == 0 {
		return nil
	}
	var writes state.Batch
	for i, op := range ops {
		if results[i].Verdict != Applied {
			continue
		}
		if err := m.replayHeldOp(&writes, op, results[i].Bases); err != nil {
			return err
		}
	}
	return m.db.WriteHeld(&writes)
}

func (m *machine) replayHeldOp(writes *state.Batch, op Op, bases []log.Offset) error {
	switch op := op.(type) {
	case *Write:
		return m.replayParts(writes, op.Parts, bases)
	case *Decide:
		return m.replayStaged(writes, op.Txn, bases)
	case *Finish:
		return m.replayStaged(writes, op.Txn, bases)
	case *Commit:
		writes.Ops = append(writes.Ops, op.State.Ops...)
	}
	return nil
}

func (m *machine) replayStaged(writes *state.Batch, id TxnID, bases []log.Offset) error {
	if len(bases) == 0 {
		return nil
	}
	parts, err := m.stagedParts(id)
	if err != nil {
		return err
	}
	return m.replayParts(writes, parts, bases)
}

// replayParts puts the rows of held tables. A batch with an offset below the end was a producer's repetition: it wrote nothing.
func (m *machine) replayParts(writes *state.Batch, parts []Part, bases []log.Offset) error {
	if len(bases) != len(parts) {
		return fmt.Errorf("outcome has %d offsets for %d batches: %w", len(bases), len(parts), state.ErrCorrupt)
	}
	for i := range parts {
		p := &parts[i]
		if !p.Table || bases[i] == skippedBase || m.db.Held(p.Partition.Topic.Relation()) == nil || bases[i] < m.heldEnds[p.Partition] {
			continue
		}
		records, err := parseNew(p.Batch)
		if err != nil {
			return fmt.Errorf("batch of %v: %w", p.Partition, err)
		}
		m.heldEnds[p.Partition] = bases[i] + records.LastOffset() + 1
		err = eachRow(records, bases[i], func(key, row []byte) {
			if key = state.RowKey(p.Partition, key); row == nil {
				writes.Delete(key)
			} else {
				writes.Put(key, row)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachRow calls f with the key and the stored form of each row that a table's batch puts at base; nil: it is deleted.
func eachRow(records log.Batch, base log.Offset, f func(key, row []byte)) error {
	it := records.Records()
	for it.Next() {
		r := it.Record()
		if r.Value == nil {
			f(r.Key, nil)
			continue
		}
		row := state.StoredRows{Offset: base + r.Offset, Rows: []state.StoredRow{{Count: 1, Row: r.Value}}}
		f(r.Key, row.Append(make([]byte, 0, len(r.Value)+16)))
	}
	return it.Err()
}

// needsOutcome reports whether a replay has to know what became of an entry: it appended something, or changed what is held in
// memory.
func (m *machine) needsOutcome(ops []Op, results []Result) bool {
	for i := range results {
		if len(results[i].Bases) > 0 {
			return true
		}
		if c, ok := ops[i].(*Commit); ok && results[i].Verdict == Applied && m.db.Touches(&c.State) {
			return true
		}
	}
	return false
}

// reserve sets aside what op may add to the relations that are held in memory. The caller calls release when it has the answer.
// Errors: ErrMemoryFull.
func (v *view) reserve(op Op) (release func(), err error) {
	ceiling := growth{store: v.db}
	ceiling.op(op)
	if ceiling.bytes <= 0 {
		return func() {}, nil
	}
	budget := v.db.Budget()
	if budget.Reserve(ceiling.bytes) {
		return func() { budget.Release(ceiling.bytes) }, nil
	}
	exact := growth{store: v.db, exact: true} // what is replaced makes room
	exact.op(op)
	if exact.bytes <= 0 {
		return func() {}, nil
	}
	if budget.Reserve(exact.bytes) {
		return func() { budget.Release(exact.bytes) }, nil
	}
	return nil, ErrMemoryFull
}

// growth adds up by how much ops make the relations larger that are held in memory: at most, or exactly, but that a key which an
// op writes twice counts twice.
type growth struct {
	store *state.Split
	exact bool
	bytes int64
}

func (g *growth) op(op Op) {
	switch op := op.(type) {
	case *Write:
		g.parts(op.Parts)
	case *Prepare:
		g.parts(op.Parts)
	case *Commit:
		g.commit(op)
	}
}

func (g *growth) commit(op *Commit) {
	for _, s := range op.State.Ops {
		held := g.store.Of(s.Key)
		switch {
		case held == nil:
		case s.Kind == state.Put:
			g.put(held, s.Key, len(s.Value))
		case s.Kind == state.Delete:
			g.put(held, s.Key, -1)
		}
	}
}

func (g *growth) parts(parts []Part) {
	for i := range parts {
		g.part(&parts[i])
	}
}

func (g *growth) part(p *Part) {
	held := g.store.Held(p.Partition.Topic.Relation())
	if held == nil || !p.Table {
		return
	}
	records, err := parseNew(p.Batch)
	if err != nil {
		return // the state machine says so
	}
	for it := records.Records(); it.Next(); {
		const besideRow = 16 // offset, count and length
		r := it.Record()
		size := -1
		if r.Value != nil {
			size = len(r.Value) + besideRow
		}
		g.put(held, state.RowKey(p.Partition, r.Key), size)
	}
}

func (g *growth) put(held *state.Memory, key []byte, valueBytes int) {
	switch {
	case g.exact:
		g.bytes += held.Growth(key, valueBytes)
	case valueBytes >= 0:
		g.bytes += int64(len(key)+valueBytes) + state.PairOverheadBytes
	}
}

// stagedGrowth is what a staged part may add to the relations that are held in memory, when its transaction commits.
func (m *machine) stagedGrowth(p *Part) int64 {
	g := growth{store: m.db}
	g.part(p)
	return g.bytes
}
