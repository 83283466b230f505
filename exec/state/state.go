// Package state holds state stores: ordered maps of bytes in RocksDB or in memory, behind one interface, and the layout
// of keys in a shard's store. It is the only importer of grocksdb. Who may write what, and when, is not decided here.
package state

import "errors"

// Reader reads an ordered map. Safe for concurrent use.
type Reader interface {
	// Get returns a copy of the value, or nil if the key is absent. An empty value is not nil.
	Get(key []byte) ([]byte, error)
	// Scan iterates keys in [from, to) in order; nil to is unbounded. The iterator must be closed.
	Scan(from, to []byte) Iterator
	// ScanBack is Scan in descending order.
	ScanBack(from, to []byte) Iterator
}

// Iterator walks keys in order. Key and Value are valid until the next call of Next or Close.
//
//	for it.Next() { use(it.Key(), it.Value()) }
//	err := it.Close()
type Iterator interface {
	Next() bool
	Key() []byte
	Value() []byte
	// Close frees the iterator and returns the first error met.
	Close() error
}

// Batch is a list of writes, applied in order, all or nothing. The zero value is an empty batch. It is what raft entries
// carry and what DB.Write takes.
type Batch struct{ Ops []Op }

// Op is a put, a delete (Delete) or the delete of all keys in [Key, Value) (DeleteRange).
type Op struct {
	Kind       OpKind
	Key, Value []byte
}

// OpKind says what an Op does.
type OpKind uint8

// The kinds of ops. The numbers stand in raft entries: never renumber.
const (
	Put         OpKind = 1
	Delete      OpKind = 2
	DeleteRange OpKind = 3
)

// Put adds a put. The slices are kept.
func (b *Batch) Put(key, value []byte) { b.Ops = append(b.Ops, Op{Put, key, value}) }

// Delete adds a delete. The slice is kept.
func (b *Batch) Delete(key []byte) { b.Ops = append(b.Ops, Op{Delete, key, nil}) }

// DeleteRange adds a delete of all keys in [from, to). The slices are kept.
func (b *Batch) DeleteRange(from, to []byte) { b.Ops = append(b.Ops, Op{DeleteRange, from, to}) }

// DB is a store. Writes come from one goroutine; reads from any.
type DB interface {
	Reader
	// Write applies b atomically. It is in the store's memory at return, on disk after Flush.
	Write(b *Batch) error
	// Snapshot returns a frozen view; Release it.
	Snapshot() Snapshot
	// Flush returns when all that was written before is durable.
	Flush() error
	Close() error
}

// Disk is a DB in a directory.
type Disk interface {
	DB
	// Checkpoint makes the directory dir, which must not be there, a store of its own: this one as it was on disk at a
	// moment after the last Flush. It is durable at return, but for its name. Files that never change are shared by hard link.
	Checkpoint(dir string) error
}

// Snapshot is a frozen view of a DB.
type Snapshot interface {
	Reader
	Release()
}

// ErrCorrupt is wrapped by errors that come from a failed checksum.
var ErrCorrupt = errors.New("state store is corrupt")
