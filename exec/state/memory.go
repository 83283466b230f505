package state

import (
	"bytes"
	"sync"

	"github.com/tidwall/btree"
)

// memoryDegree is the fan-out of the tree of a memory store.
const memoryDegree = 64

// pair is a key and its value in a memory store.
type pair struct{ key, value []byte }

// PairOverheadBytes is what a key with its value takes in a memory store beside their bytes: two slices in a node of the tree
// that is three quarters full, and the block that both are cut from.
const PairOverheadBytes = 80

// sizeBytes estimates what p takes in memory.
func (p pair) sizeBytes() int64 { return int64(len(p.key)+len(p.value)) + PairOverheadBytes }

// Memory is a store in memory. Snapshots share its tree until it is written to (copy on write).
type Memory struct {
	mu     sync.RWMutex
	tree   *btree.BTreeG[pair]
	shared *btree.BTreeG[pair] // a copy of tree as it is now, for snapshots; nil: none since the last write
	bytes  int64
	writes uint64
	budget *Budget // nil: none
}

var _ DB = (*Memory)(nil)

// NewMemory returns an empty store in memory.
func NewMemory() *Memory {
	less := func(a, b pair) bool { return bytes.Compare(a.key, b.key) < 0 }
	return &Memory{tree: btree.NewBTreeGOptions(less, btree.Options{Degree: memoryDegree, NoLocks: true})}
}

// SizeBytes estimates what the store's contents take in memory. What only snapshots hold is not counted.
func (m *Memory) SizeBytes() int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.bytes
}

// Writes counts the batches that changed the store.
func (m *Memory) Writes() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.writes
}

// Growth estimates by how much a put of a value of valueBytes would make the store larger; it is negative where the present
// value is longer. A negative valueBytes stands for a delete.
func (m *Memory) Growth(key []byte, valueBytes int) int64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	grown := int64(0)
	if valueBytes >= 0 {
		grown = int64(len(key)+valueBytes) + PairOverheadBytes
	}
	if old, ok := m.tree.Get(pair{key: key}); ok {
		grown -= old.sizeBytes()
	}
	return grown
}

// Load appends a key that is behind all others. It is for one who fills a new store.
func (m *Memory) Load(key, value []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := newPair(key, value)
	m.shared = nil
	m.tree.Load(p)
	m.grow(p.sizeBytes())
}

// newPair copies key and value into one block.
func newPair(key, value []byte) pair {
	b := append(append(make([]byte, 0, len(key)+len(value)), key...), value...)
	return pair{key: b[:len(key):len(key)], value: b[len(key):]}
}

// grow is called under mu.
func (m *Memory) grow(n int64) {
	m.bytes += n
	if m.budget != nil {
		m.budget.used.Add(n)
	}
}

// Get implements Reader.
func (m *Memory) Get(key []byte) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return getFrom(m.tree, key), nil
}

// Scan implements Reader: it walks a snapshot of now.
func (m *Memory) Scan(from, to []byte) Iterator { return m.copy().Scan(from, to) }

// ScanBack implements Reader.
func (m *Memory) ScanBack(from, to []byte) Iterator { return m.copy().ScanBack(from, to) }

// Write implements DB.
func (m *Memory) Write(b *Batch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.shared = nil
	m.writes++
	before := m.bytes
	for i := range b.Ops {
		m.apply(&b.Ops[i])
	}
	if m.budget != nil {
		m.budget.used.Add(m.bytes - before)
	}
	return nil
}

// apply is called under mu.
func (m *Memory) apply(op *Op) {
	switch op.Kind {
	case Put:
		p := newPair(op.Key, op.Value)
		old, replaced := m.tree.Set(p)
		if m.bytes += p.sizeBytes(); replaced {
			m.bytes -= old.sizeBytes()
		}
	case Delete:
		if old, there := m.tree.Delete(pair{key: op.Key}); there {
			m.bytes -= old.sizeBytes()
		}
	case DeleteRange:
		m.deleteRange(op.Key, op.Value)
	}
}

func (m *Memory) deleteRange(from, to []byte) {
	var keys []pair
	m.tree.Ascend(pair{key: from}, func(p pair) bool {
		if bytes.Compare(p.key, to) >= 0 {
			return false
		}
		keys = append(keys, p)
		return true
	})
	for _, p := range keys {
		m.tree.Delete(p)
		m.bytes -= p.sizeBytes()
	}
}

// Snapshot implements DB.
func (m *Memory) Snapshot() Snapshot { return m.copy() }

func (m *Memory) copy() memorySnapshot {
	m.mu.Lock() // the copy marks the tree as shared
	defer m.mu.Unlock()
	if m.shared == nil {
		m.shared = m.tree.Copy()
	}
	return memorySnapshot{m.shared}
}

// Flush implements DB; there is nothing to flush to.
func (m *Memory) Flush() error { return nil }

// Close implements DB. The budget has its bytes back.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.budget != nil {
		m.budget.used.Add(-m.bytes)
		m.budget = nil
	}
	return nil
}

// memorySnapshot is a tree that nobody writes to.
type memorySnapshot struct{ tree *btree.BTreeG[pair] }

// Get implements Reader.
func (s memorySnapshot) Get(key []byte) ([]byte, error) { return getFrom(s.tree, key), nil }

// Scan implements Reader.
func (s memorySnapshot) Scan(from, to []byte) Iterator {
	return &memoryIterator{it: s.tree.Iter(), from: bytes.Clone(from), to: bytes.Clone(to)}
}

// ScanBack implements Reader.
func (s memorySnapshot) ScanBack(from, to []byte) Iterator {
	return &memoryIterator{it: s.tree.Iter(), from: bytes.Clone(from), to: bytes.Clone(to), back: true}
}

// Release implements Snapshot.
func (s memorySnapshot) Release() {}

func getFrom(tree *btree.BTreeG[pair], key []byte) []byte {
	p, ok := tree.Get(pair{key: key})
	if !ok {
		return nil
	}
	return append([]byte{}, p.value...)
}

// memoryIterator walks a memorySnapshot.
type memoryIterator struct {
	it       btree.IterG[pair]
	from, to []byte
	back     bool
	started  bool
	done     bool
}

// Next implements Iterator.
func (i *memoryIterator) Next() bool {
	if i.done {
		return false
	}
	i.done = !i.step() || !i.within(i.it.Item().key)
	return !i.done
}

// step moves to the first key or the next one.
func (i *memoryIterator) step() bool {
	started := i.started
	i.started = true
	switch {
	case started && i.back:
		return i.it.Prev()
	case started:
		return i.it.Next()
	case !i.back:
		return i.it.Seek(pair{key: i.from})
	case i.to == nil || !i.it.Seek(pair{key: i.to}):
		return i.it.Last()
	}
	return i.it.Prev()
}

func (i *memoryIterator) within(key []byte) bool {
	return bytes.Compare(key, i.from) >= 0 && (i.to == nil || bytes.Compare(key, i.to) < 0)
}

// Key implements Iterator.
func (i *memoryIterator) Key() []byte { return i.it.Item().key }

// Value implements Iterator.
func (i *memoryIterator) Value() []byte { return i.it.Item().value }

// Close implements Iterator.
func (i *memoryIterator) Close() error {
	i.it.Release()
	return nil
}
