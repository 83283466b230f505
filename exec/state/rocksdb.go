package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/linxGnu/grocksdb"
)

// ErrClosed is returned by a store that was closed.
var ErrClosed = errors.New("state store is closed")

// Cache is the memory that all RocksDB stores of a node share for blocks. It may be closed after the last store.
type Cache struct{ c *grocksdb.Cache }

// NewCache returns a block cache of the given size.
func NewCache(sizeBytes uint64) *Cache { return &Cache{grocksdb.NewLRUCache(sizeBytes)} }

// Close frees the cache.
func (c *Cache) Close() { c.c.Destroy() }

// Options of OpenRocksDB.
type Options struct {
	Cache            *Cache // nil: a small one of its own
	WriteBufferBytes uint64 // of all memtables of this store; 0: DefaultWriteBufferBytes
	// Damaged, if not nil, is told of every ErrCorrupt that an open store has to report, before its caller is. It must not block.
	Damaged func(error)
}

// Bounds of a store.
const (
	DefaultWriteBufferBytes = 64 << 20
	defaultCacheBytes       = 8 << 20
	// maxMemtables is how many memtables share WriteBufferBytes: one is written to, the others are being flushed.
	maxMemtables     = 3
	minMemtableBytes = 1 << 20
	bloomBitsPerKey  = 10
	// memtableBloomRatio is the share of a memtable that its Bloom filter takes: most look-ups of an INSERT are of keys that are not there.
	memtableBloomRatio = 0.05
	blockSizeBytes     = 8 << 10
	maxOpenFiles       = 512
	maxBackgroundJobs  = 2
	// keptWriteBufferBytes is the largest buffer for write batches that is kept between writes.
	keptWriteBufferBytes = 1 << 20
	// maxManifestBytes is when RocksDB begins a new MANIFEST: each checkpoint copies it.
	maxManifestBytes = 1 << 20
)

// RocksDB is a store on disk without a write-ahead log of its own: what was not flushed is lost in a crash, and what is
// found then is the state after some Write, whole. Each block is verified by its checksum when it is read.
type RocksDB struct {
	dir     string
	damaged func(error)
	db      *grocksdb.DB
	opts    *grocksdb.Options
	table   *grocksdb.BlockBasedTableOptions
	own     *Cache
	read    *grocksdb.ReadOptions
	write   *grocksdb.WriteOptions
	flush   *grocksdb.FlushOptions
	writeMu sync.Mutex
	buf     []byte // of Write

	// refs counts the open calls, iterators and snapshots, and 1 for the open store; the C objects go with the last.
	refs   atomic.Int64
	closed atomic.Bool
}

var _ DB = (*RocksDB)(nil)

// OpenRocksDB opens the store in dir, and makes an empty one if there is none. ErrCorrupt says that what is there is no whole store.
func OpenRocksDB(dir string, o Options) (*RocksDB, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	if err := checkCurrent(dir); err != nil {
		return nil, err
	}
	r := &RocksDB{dir: dir, damaged: o.Damaged}
	r.configure(o)
	db, err := grocksdb.OpenDb(r.opts, dir)
	if err != nil {
		r.destroyOptions()
		return nil, fmt.Errorf("open state store %s: %w", dir, rocksError(err))
	}
	r.db = db
	r.refs.Store(1)
	return r, nil
}

// currentName is RocksDB's file that names the newest MANIFEST.
const currentName = "CURRENT"

// checkCurrent refuses a store that has lost its file CURRENT. RocksDB would take the directory for a new one, and delete what is in it.
func checkCurrent(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, currentName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range left {
		if strings.HasPrefix(f.Name(), "MANIFEST-") || strings.HasSuffix(f.Name(), ".sst") {
			return fmt.Errorf("open state store %s: %w: %s is there, and no file %s", dir, ErrCorrupt, f.Name(), currentName)
		}
	}
	return nil
}

func (r *RocksDB) configure(o Options) {
	cache := o.Cache
	if cache == nil {
		cache = NewCache(defaultCacheBytes)
		r.own = cache
	}
	if o.WriteBufferBytes == 0 {
		o.WriteBufferBytes = DefaultWriteBufferBytes
	}
	r.table = grocksdb.NewDefaultBlockBasedTableOptions()
	r.table.SetBlockCache(cache.c)
	r.table.SetBlockSize(blockSizeBytes)
	r.table.SetFilterPolicy(grocksdb.NewBloomFilterFull(bloomBitsPerKey))
	r.table.SetCacheIndexAndFilterBlocks(true)
	r.table.SetPinL0FilterAndIndexBlocksInCache(true)
	r.opts = grocksdb.NewDefaultOptions()
	r.opts.SetBlockBasedTableFactory(r.table)
	r.opts.SetCreateIfMissing(true)
	r.opts.SetParanoidChecks(true)
	r.opts.SetMaxOpenFiles(maxOpenFiles)
	r.opts.SetMaxBackgroundJobs(maxBackgroundJobs)
	r.opts.SetMaxWriteBufferNumber(maxMemtables)
	r.opts.SetWriteBufferSize(max(o.WriteBufferBytes/maxMemtables, minMemtableBytes))
	r.opts.SetMemTablePrefixBloomSizeRatio(memtableBloomRatio)
	r.opts.SetMemtableWholeKeyFiltering(true)
	r.opts.SetLevelCompactionDynamicLevelBytes(true)
	r.opts.SetCompression(grocksdb.LZ4Compression)
	r.opts.SetInfoLogLevel(grocksdb.WarnInfoLogLevel)
	r.opts.SetKeepLogFileNum(2)
	r.opts.SetMaxManifestFileSize(maxManifestBytes)
	r.opts.SetStatsDumpPeriodSec(0)
	r.opts.SetStatsPersistPeriodSec(0)
	r.read = grocksdb.NewDefaultReadOptions()
	r.write = grocksdb.NewDefaultWriteOptions()
	r.write.DisableWAL(true)
	r.flush = grocksdb.NewDefaultFlushOptions()
	r.flush.SetWait(true)
}

func (r *RocksDB) destroyOptions() {
	r.flush.Destroy()
	r.write.Destroy()
	r.read.Destroy()
	r.opts.Destroy()
	r.table.Destroy()
	if r.own != nil {
		r.own.Close()
	}
}

// acquire keeps the C objects alive until release; false if the store is closed.
func (r *RocksDB) acquire() bool {
	for {
		n := r.refs.Load()
		if n == 0 || r.closed.Load() {
			return false
		}
		if r.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (r *RocksDB) release() {
	if r.refs.Add(-1) == 0 {
		r.db.Close()
		r.destroyOptions()
	}
}

// Get implements Reader.
func (r *RocksDB) Get(key []byte) ([]byte, error) { return r.get(r.read, key) }

func (r *RocksDB) get(opts *grocksdb.ReadOptions, key []byte) ([]byte, error) {
	if !r.acquire() {
		return nil, ErrClosed
	}
	defer r.release()
	h, err := r.db.GetPinned(opts, key)
	if err != nil {
		return nil, r.failed("read", err)
	}
	if !h.Exists() {
		return nil, nil
	}
	defer h.Destroy()
	return append([]byte{}, h.Data()...), nil
}

// Scan implements Reader.
func (r *RocksDB) Scan(from, to []byte) Iterator { return newRocksIterator(r, nil, from, to, false) }

// ScanBack implements Reader.
func (r *RocksDB) ScanBack(from, to []byte) Iterator { return newRocksIterator(r, nil, from, to, true) }

// Write implements DB.
func (r *RocksDB) Write(b *Batch) error {
	if len(b.Ops) == 0 {
		return nil
	}
	if !r.acquire() {
		return ErrClosed
	}
	defer r.release()
	r.writeMu.Lock()
	defer r.writeMu.Unlock()
	r.buf = appendWriteBatch(r.buf[:0], b)
	wb := grocksdb.WriteBatchFrom(r.buf)
	defer wb.Destroy()
	if cap(r.buf) > keptWriteBufferBytes {
		r.buf = nil
	}
	if err := r.db.Write(r.write, wb); err != nil {
		return r.failed("write", err)
	}
	return nil
}

// Snapshot implements DB. On a closed store its reads fail with ErrClosed.
func (r *RocksDB) Snapshot() Snapshot {
	if !r.acquire() {
		return closedSnapshot{}
	}
	s := &rocksSnapshot{r: r, snap: r.db.NewSnapshot(), read: grocksdb.NewDefaultReadOptions()}
	s.read.SetSnapshot(s.snap)
	s.refs.Store(1)
	return s
}

// Flush implements DB.
func (r *RocksDB) Flush() error {
	if !r.acquire() {
		return ErrClosed
	}
	defer r.release()
	if err := r.db.Flush(r.flush); err != nil {
		return r.failed("flush", err)
	}
	return nil
}

// Close implements DB. What snapshots and iterators use is freed when the last of them is released.
func (r *RocksDB) Close() error {
	if !r.closed.Swap(true) {
		r.release()
	}
	return nil
}

// rocksSnapshot is a frozen view; iterators over it keep it alive.
type rocksSnapshot struct {
	r        *RocksDB
	snap     *grocksdb.Snapshot
	read     *grocksdb.ReadOptions
	refs     atomic.Int64
	released atomic.Bool
}

// Get implements Reader. The store's other users are not waited for: a closed store still answers a snapshot.
func (s *rocksSnapshot) Get(key []byte) ([]byte, error) {
	if !s.acquire() {
		return nil, ErrClosed
	}
	defer s.unref()
	h, err := s.r.db.GetPinned(s.read, key)
	if err != nil {
		return nil, s.r.failed("read", err)
	}
	if !h.Exists() {
		return nil, nil
	}
	defer h.Destroy()
	return append([]byte{}, h.Data()...), nil
}

// Scan implements Reader.
func (s *rocksSnapshot) Scan(from, to []byte) Iterator {
	return newRocksIterator(s.r, s, from, to, false)
}

// ScanBack implements Reader.
func (s *rocksSnapshot) ScanBack(from, to []byte) Iterator {
	return newRocksIterator(s.r, s, from, to, true)
}

// Release implements Snapshot.
func (s *rocksSnapshot) Release() {
	if !s.released.Swap(true) {
		s.unref()
	}
}

func (s *rocksSnapshot) acquire() bool {
	for {
		n := s.refs.Load()
		if n == 0 || s.released.Load() {
			return false
		}
		if s.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (s *rocksSnapshot) unref() {
	if s.refs.Add(-1) == 0 {
		s.read.Destroy()
		s.r.db.ReleaseSnapshot(s.snap)
		s.r.release()
	}
}

// closedSnapshot is the snapshot of a closed store.
type closedSnapshot struct{}

func (closedSnapshot) Get([]byte) ([]byte, error)    { return nil, ErrClosed }
func (closedSnapshot) Scan(_, _ []byte) Iterator     { return failedIterator{ErrClosed} }
func (closedSnapshot) ScanBack(_, _ []byte) Iterator { return failedIterator{ErrClosed} }
func (closedSnapshot) Release()                      {}

// failed says what could not be done, and tells of damage.
func (r *RocksDB) failed(what string, err error) error {
	err = fmt.Errorf("%s state store %s: %w", what, r.dir, rocksError(err))
	if r.damaged != nil && errors.Is(err, ErrCorrupt) {
		r.damaged(err)
	}
	return err
}

// rocksError marks RocksDB's reports of failed checksums, and of broken and missing files, as ErrCorrupt. A failed read, write or sync of
// the disk is none.
func rocksError(err error) error {
	text := err.Error()
	if strings.HasPrefix(text, "Corruption") || strings.HasPrefix(text, "IO error: No such file or directory") {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}
