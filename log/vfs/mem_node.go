package vfs

import "sort"

// memNode is a file or a directory. A name is an entry of a directory that points here.
type memNode struct {
	isDir bool

	// Of a file: data is what a running process sees; stored is what was synced; pending leads from one to the other.
	data    []byte
	stored  []byte
	pending []memWrite
	failed  bool
	locked  bool

	// Of a directory, likewise.
	entries       map[string]*memNode
	storedEntries map[string]*memNode
	pendingNames  []memName
}

// memWrite is one un-synced change of a file: bytes at a position, or a new length.
type memWrite struct {
	at       int64
	bytes    []byte
	truncate bool
}

// memName is one un-synced change of a directory: name now means node, or nothing.
type memName struct {
	name string
	node *memNode
}

func newMemDir() *memNode {
	return &memNode{isDir: true, entries: map[string]*memNode{}, storedEntries: map[string]*memNode{}}
}

func (n *memNode) setName(name string, to *memNode) {
	change := []memName{{name: name, node: to}}
	applyNames(n.entries, change)
	n.pendingNames = append(n.pendingNames, change...)
}

func applyNames(entries map[string]*memNode, changes []memName) {
	for _, c := range changes {
		if c.node == nil {
			delete(entries, c.name)
		} else {
			entries[c.name] = c.node
		}
	}
}

func (n *memNode) truncate(sizeBytes int64) {
	w := memWrite{at: sizeBytes, truncate: true}
	n.data = w.apply(n.data)
	n.pending = append(n.pending, w)
}

func (w memWrite) apply(data []byte) []byte {
	if w.truncate {
		return resize(data, w.at)
	}
	if end := w.at + int64(len(w.bytes)); end > int64(len(data)) {
		data = resize(data, end)
	}
	copy(data[w.at:], w.bytes)
	return data
}

// resize cuts data or extends it with zeros.
func resize(data []byte, sizeBytes int64) []byte {
	if sizeBytes <= int64(len(data)) {
		clear(data[sizeBytes:])
		return data[:sizeBytes]
	}
	return append(data, make([]byte, sizeBytes-int64(len(data)))...)
}

// sortedNames returns the keys in order, so that one seed gives one crash.
func sortedNames(entries map[string]*memNode) []string {
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
