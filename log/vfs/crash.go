package vfs

import (
	"math/rand/v2"
	"slices"
)

// CrashMode says what happens to un-synced changes in a crash.
type CrashMode int

const (
	// CrashDrop loses every un-synced change: the least that a power cut can leave.
	CrashDrop CrashMode = iota
	// CrashKeep loses nothing: the process was killed, the machine went on. What was not synced still is not.
	CrashKeep
	// CrashTear keeps, per file and directory, a random prefix of the un-synced changes, and of the next write any
	// bytes up to a random point.
	CrashTear
	// CrashHoles keeps random 512-byte sectors of the un-synced writes of a file, in any order; others keep what they
	// were, or zeros.
	CrashHoles
)

// String names the mode.
func (c CrashMode) String() string { return [...]string{"drop", "keep", "tear", "holes"}[c] }

const sectorBytes = 512

// Crash returns what would be found after a crash at this moment, as a new file system without hooks. The receiver
// goes on as if nothing had happened. rng decides what survives in the random modes; it may be nil in the others.
func (m *Mem) Crash(mode CrashMode, rng *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := crasher{mode: mode, rng: rng, done: map[*memNode]*memNode{}}
	return &Mem{root: c.node(m.root)}
}

// crasher copies a tree; done keeps files with several names one file.
type crasher struct {
	mode CrashMode
	rng  *rand.Rand
	done map[*memNode]*memNode
}

func (c *crasher) node(n *memNode) *memNode {
	if got := c.done[n]; got != nil {
		return got
	}
	out := &memNode{isDir: n.isDir}
	c.done[n] = out
	switch {
	case c.mode == CrashKeep:
		c.keep(n, out)
	case n.isDir:
		c.dir(n, out)
	default:
		out.data = c.content(n)
		out.stored = append([]byte(nil), out.data...)
	}
	return out
}

// keep copies a node with all that is pending.
func (c *crasher) keep(n, out *memNode) {
	out.data, out.stored = slices.Clone(n.data), slices.Clone(n.stored)
	out.pending = slices.Clone(n.pending) // the writes themselves never change
	if !n.isDir {
		return
	}
	out.entries, out.storedEntries = map[string]*memNode{}, map[string]*memNode{}
	for name, child := range n.entries {
		out.entries[name] = c.node(child)
	}
	for name, child := range n.storedEntries {
		out.storedEntries[name] = c.node(child)
	}
	for _, p := range n.pendingNames {
		if p.node != nil {
			p.node = c.node(p.node)
		}
		out.pendingNames = append(out.pendingNames, p)
	}
}

func (c *crasher) dir(n, out *memNode) {
	names := map[string]*memNode{}
	for name, child := range n.storedEntries {
		names[name] = child
	}
	applyNames(names, n.pendingNames[:c.survivors(len(n.pendingNames))])
	out.entries, out.storedEntries = map[string]*memNode{}, map[string]*memNode{}
	for _, name := range sortedNames(names) {
		child := c.node(names[name])
		out.entries[name], out.storedEntries[name] = child, child
	}
}

// survivors returns how many of n un-synced changes take effect as a whole.
func (c *crasher) survivors(n int) int {
	if c.mode == CrashDrop {
		return 0
	}
	return c.rng.IntN(n + 1)
}

func (c *crasher) content(n *memNode) []byte {
	data := append([]byte(nil), n.stored...)
	if c.mode == CrashHoles {
		return c.holes(data, n.pending)
	}
	keep := c.survivors(len(n.pending))
	for _, w := range n.pending[:keep] {
		data = w.apply(data)
	}
	if c.mode == CrashTear && keep < len(n.pending) && !n.pending[keep].truncate {
		w := n.pending[keep]
		w.bytes = w.bytes[:c.rng.IntN(len(w.bytes)+1)]
		data = w.apply(data)
	}
	return data
}

// holes applies each sector of each write with even odds. A change of length holds or not as a whole, and ends what
// is applied: a file system orders it with the writes around it.
func (c *crasher) holes(data []byte, pending []memWrite) []byte {
	for _, w := range pending {
		if w.truncate {
			if c.rng.IntN(2) == 0 {
				return data
			}
			data = w.apply(data)
			continue
		}
		for _, part := range sectors(w) {
			if c.rng.IntN(2) == 0 {
				data = part.apply(data)
			}
		}
	}
	return data
}

// sectors cuts a write at the boundaries of sectors.
func sectors(w memWrite) []memWrite {
	var parts []memWrite
	for len(w.bytes) > 0 {
		n := min(int64(len(w.bytes)), sectorBytes-w.at%sectorBytes)
		parts = append(parts, memWrite{at: w.at, bytes: w.bytes[:n]})
		w.at, w.bytes = w.at+n, w.bytes[n:]
	}
	return parts
}
