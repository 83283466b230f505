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

// Memory is a store in memory. Snapshots share its tree until it is written to (copy on write).
type Memory struct {
	mu   sync.RWMutex
	tree *btree.BTreeG[pair]
}

var _ DB = (*Memory)(nil)

// NewMemory returns an empty store in memory.
func NewMemory() *Memory {
	less := func(a, b pair) bool { return bytes.Compare(a.key, b.key) < 0 }
	return &Memory{tree: btree.NewBTreeGOptions(less, btree.Options{Degree: memoryDegree, NoLocks: true})}
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
	for _, op := range b.Ops {
		switch op.Kind {
		case Put:
			m.tree.Set(pair{bytes.Clone(op.Key), append([]byte{}, op.Value...)})
		case Delete:
			m.tree.Delete(pair{key: op.Key})
		case DeleteRange:
			m.deleteRange(op.Key, op.Value)
		}
	}
	return nil
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
	}
}

// Snapshot implements DB.
func (m *Memory) Snapshot() Snapshot { return m.copy() }

func (m *Memory) copy() memorySnapshot {
	m.mu.Lock() // the copy marks the tree as shared
	defer m.mu.Unlock()
	return memorySnapshot{m.tree.Copy()}
}

// Flush implements DB; there is nothing to flush to.
func (m *Memory) Flush() error { return nil }

// Close implements DB.
func (m *Memory) Close() error { return nil }

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
