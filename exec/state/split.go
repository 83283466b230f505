package state

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/millracedb/millrace/sql/catalog"
)

// Split is the store of a shard: the rows and the task state of some relations are held in memory, each in a store of its own;
// all else is on disk. It does not know how the relations in memory survive a crash: that is the shard's business.
//
// A Write is not atomic for readers over both parts; the shard takes its snapshots and writes under one lock.
type Split struct {
	disk   DB
	budget *Budget
	held   atomic.Pointer[heldStores]

	mu     sync.Mutex
	shared map[catalog.RelationID]memorySnapshot // of held as it is now; nil: none since the last write
}

// heldStores never changes: whoever has it may read it without a lock.
type heldStores map[catalog.RelationID]*Memory

var _ DB = (*Split)(nil)

// NewSplit returns a store that holds nothing in memory yet. The disk becomes its own: Close closes it. A nil budget does not
// bound anything.
func NewSplit(disk DB, budget *Budget) *Split {
	s := &Split{disk: disk, budget: budget}
	if budget == nil {
		s.budget = NewBudget(1<<63 - 1)
	}
	s.held.Store(new(heldStores))
	return s
}

// Disk is the part on disk.
func (s *Split) Disk() DB { return s.disk }

// Budget is that of the part in memory.
func (s *Split) Budget() *Budget { return s.budget }

// Hold has a relation held in memory from now on. Nothing of it may be on disk. It is called by the one who writes.
func (s *Split) Hold(id catalog.RelationID) *Memory {
	m := NewMemory()
	m.budget = s.budget
	next := maps.Clone(*s.held.Load())
	if next == nil {
		next = heldStores{}
	}
	next[id] = m
	s.replace(next)
	return m
}

// Free forgets a relation that is held in memory, with all its contents; snapshots keep theirs. It is called by the one who
// writes.
func (s *Split) Free(id catalog.RelationID) {
	m := s.Held(id)
	if m == nil {
		return
	}
	next := maps.Clone(*s.held.Load())
	delete(next, id)
	s.replace(next)
	m.Close()
}

func (s *Split) replace(next heldStores) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shared = nil
	s.held.Store(&next)
}

// Of returns the store in memory that a key belongs to, nil if that is on disk.
func (s *Split) Of(key []byte) *Memory { return s.held.Load().of(key) }

// Held returns the store of a relation that is held in memory, nil if it is on disk.
func (s *Split) Held(id catalog.RelationID) *Memory { return (*s.held.Load())[id] }

// Relations lists the relations that are held in memory, in order.
func (s *Split) Relations() []catalog.RelationID {
	return slices.Sorted(maps.Keys(*s.held.Load()))
}

// MemoryBytes estimates what the part in memory takes.
func (s *Split) MemoryBytes() (n int64) {
	for _, m := range *s.held.Load() {
		n += m.SizeBytes()
	}
	return n
}

// relationPrefixBytes is the size of the space and the relation that the keys of rows and of task state begin with.
const relationPrefixBytes = 1 + 6

// RelationOf returns the relation that a key of SpaceRows or SpaceTask belongs to; ok is false for another key.
func RelationOf(key []byte) (id catalog.RelationID, ok bool) {
	if len(key) < relationPrefixBytes || key[0] != SpaceRows && key[0] != SpaceTask {
		return 0, false
	}
	// A topic is a relation, in the upper six of eight bytes, and a number.
	if key[1] != 0 || key[2] != 0 {
		return 0, false
	}
	return catalog.RelationID(binary.BigEndian.Uint32(key[3:])), true
}

// relationOfRange returns the relation that all keys of [from, to) belong to, 0 if they belong to none; ok is false if they may
// belong to several.
func relationOfRange(from, to []byte) (id catalog.RelationID, ok bool) {
	if to == nil {
		return 0, false
	}
	if bytes.Compare(to, []byte{SpaceRows}) <= 0 {
		return 0, true
	}
	id, ok = RelationOf(from)
	return id, ok && bytes.Compare(to, PrefixEnd(from[:relationPrefixBytes])) <= 0
}

// of returns the store in memory that has a key, nil if that is on disk.
func (h heldStores) of(key []byte) *Memory {
	if len(h) == 0 {
		return nil
	}
	id, _ := RelationOf(key) // no relation has number 0
	return h[id]
}

// Get implements Reader.
func (s *Split) Get(key []byte) ([]byte, error) {
	if m := s.held.Load().of(key); m != nil {
		return m.Get(key)
	}
	return s.disk.Get(key)
}

// Scan implements Reader.
func (s *Split) Scan(from, to []byte) Iterator {
	return scan(s.disk, *s.held.Load(), from, to, false)
}

// ScanBack implements Reader.
func (s *Split) ScanBack(from, to []byte) Iterator {
	return scan(s.disk, *s.held.Load(), from, to, true)
}

// scan walks the disk, or what is held in memory, or all.
func scan[R Reader](disk Reader, held map[catalog.RelationID]R, from, to []byte, back bool) Iterator {
	walk := func(r Reader) Iterator {
		if back {
			return r.ScanBack(from, to)
		}
		return r.Scan(from, to)
	}
	if len(held) == 0 {
		return walk(disk)
	}
	id, one := relationOfRange(from, to)
	if m, ok := held[id]; one && ok {
		return walk(m)
	}
	if one {
		return walk(disk)
	}
	its := []Iterator{walk(disk)}
	for _, m := range held {
		its = append(its, walk(m))
	}
	return &merged{its: its, back: back}
}

// Write implements DB.
func (s *Split) Write(b *Batch) error {
	held := *s.held.Load()
	if len(held) == 0 {
		return s.disk.Write(b)
	}
	disk, memory := held.divide(b)
	if err := s.disk.Write(disk); err != nil {
		return err
	}
	return s.writeMemory(memory)
}

// WriteHeld is Write of what is held in memory alone; what would go to the disk is passed over.
func (s *Split) WriteHeld(b *Batch) error {
	_, memory := s.held.Load().divide(b)
	return s.writeMemory(memory)
}

func (s *Split) writeMemory(memory map[*Memory]*Batch) error {
	if len(memory) == 0 {
		return nil
	}
	for m, ops := range memory {
		if err := m.Write(ops); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.shared = nil
	s.mu.Unlock()
	return nil
}

// Touches reports whether b changes what is held in memory.
func (s *Split) Touches(b *Batch) bool {
	held := *s.held.Load()
	if len(held) == 0 {
		return false
	}
	return slices.ContainsFunc(b.Ops, func(op Op) bool {
		if op.Kind != DeleteRange {
			return held.of(op.Key) != nil
		}
		id, one := relationOfRange(op.Key, op.Value)
		return !one || held[id] != nil
	})
}

// divide sorts the ops by the store that they go to, in order.
func (h heldStores) divide(b *Batch) (disk *Batch, memory map[*Memory]*Batch) {
	disk, memory = &Batch{Ops: make([]Op, 0, len(b.Ops))}, map[*Memory]*Batch{}
	add := func(m *Memory, op Op) {
		to := memory[m]
		if to == nil {
			to = new(Batch)
			memory[m] = to
		}
		to.Ops = append(to.Ops, op)
	}
	for _, op := range b.Ops {
		if op.Kind != DeleteRange {
			if m := h.of(op.Key); m != nil {
				add(m, op)
			} else {
				disk.Ops = append(disk.Ops, op)
			}
			continue
		}
		id, one := relationOfRange(op.Key, op.Value)
		if m := h[id]; one && m != nil {
			add(m, op)
			continue
		}
		disk.Ops = append(disk.Ops, op)
		if one {
			continue
		}
		for _, m := range h {
			add(m, op)
		}
	}
	return disk, memory
}

// Snapshot implements DB.
func (s *Split) Snapshot() Snapshot {
	held := *s.held.Load()
	if len(held) == 0 {
		return s.disk.Snapshot()
	}
	return splitSnapshot{disk: s.disk.Snapshot(), held: s.copies()}
}

// Copy returns a frozen view of what is held of a relation, and how many writes are in it; ok is false if it is on disk. It costs
// nothing: the parts of the store that are written to later are copied then.
func (s *Split) Copy(id catalog.RelationID) (snapshot Snapshot, writes uint64, ok bool) {
	m := s.Held(id)
	if m == nil {
		return nil, 0, false
	}
	return m.copy(), m.Writes(), true
}

// copies returns copies of all that is held in memory. They are made once after each write.
func (s *Split) copies() map[catalog.RelationID]memorySnapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared == nil {
		held := *s.held.Load()
		s.shared = make(map[catalog.RelationID]memorySnapshot, len(held))
		for id, m := range held {
			s.shared[id] = m.copy()
		}
	}
	return s.shared
}

// Flush implements DB. What is held in memory is not made durable.
func (s *Split) Flush() error { return s.disk.Flush() }

// Close implements DB.
func (s *Split) Close() error {
	for _, m := range *s.held.Load() {
		m.Close()
	}
	return s.disk.Close()
}

// splitSnapshot is a frozen view of both parts.
type splitSnapshot struct {
	disk Snapshot
	held map[catalog.RelationID]memorySnapshot
}

// Get implements Reader.
func (s splitSnapshot) Get(key []byte) ([]byte, error) {
	id, _ := RelationOf(key)
	if m, ok := s.held[id]; ok {
		return m.Get(key)
	}
	return s.disk.Get(key)
}

// Scan implements Reader.
func (s splitSnapshot) Scan(from, to []byte) Iterator {
	return scan(s.disk, s.held, from, to, false)
}

// ScanBack implements Reader.
func (s splitSnapshot) ScanBack(from, to []byte) Iterator {
	return scan(s.disk, s.held, from, to, true)
}

// Release implements Snapshot.
func (s splitSnapshot) Release() { s.disk.Release() }
