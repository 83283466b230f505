// Package cluster is a node: the write-ahead log, the catalog's group, the shards, and the tasks of continuous queries
// that run where their shard leads. It implements session.Engine and exec.Host. DESIGN.md has transactions, cuts and
// recovery.
//
// Today a cluster is one node. It knows nothing of clients and of SQL text.
package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster/lock"
	"github.com/millracedb/millrace/cluster/meta"
	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Config is what a node is made of.
type Config struct {
	DataDir string
	// Shards of a new data directory; 0: DefaultShards. An old one keeps its number, and another one here is refused.
	Shards int
	// MemoryBytes is the budget of all state stores together: half of it for the cache of blocks, a quarter for what is
	// not on disk yet, a quarter for relations with state = 'memory'. 0: DefaultMemoryBytes.
	MemoryBytes int64
	Logger      *slog.Logger
	// Fatal is told, once, why the node cannot go on. It should end the process, and by default it does: nothing that
	// happens afterwards is durable.
	Fatal func(error)
	// NowMillis is the clock that stamps records, ms since 1970; nil: the system's.
	NowMillis func() int64

	// DependentBytes is what a continuous query may hold back, of one partition, beyond what the topic's retention keeps; then it
	// is marked as failed. 0: DefaultDependentBytes.
	DependentBytes int64
	// FS holds all files but those of the stores; nil: the system's.
	FS vfs.FS
	// OpenDB opens the store of a shard, whose directory is dir; nil: RocksDB.
	OpenDB func(dir string, o state.Options) (state.Disk, error)
	// VerifyDB reads a store that is not open, see state.Verify; nil: that.
	VerifyDB func(dir string) error
	// FreeSpace tells how many bytes are free on the disk of a directory; nil: the system does.
	FreeSpace func(dir string) (int64, error)

	internalSegmentBytes int64              // 0: shard.InternalSegmentBytes
	wal                  wal.Options        // the defaults
	walTargetBytes       int64              // 0: the constant of the name
	tempBytes            int64              // 0: maxTempBytes
	step                 func(string) error // see twoPhase
}

// DefaultMemoryBytes is the default of Config.MemoryBytes.
const DefaultMemoryBytes = 1 << 30

// memoryStateShare is which part of Config.MemoryBytes relations with state = 'memory' may take: one in so many.
const memoryStateShare = 4

// Groups of the write-ahead log. The numbers are a format.
const (
	metaGroup       = 1
	firstShardGroup = 16
)

// walTargetBytes is how large the write-ahead log may become before the groups that pin its oldest file are snapshotted.
const walTargetBytes = 512 << 20

// Node is a node. Safe for concurrent use.
type Node struct {
	cfg    Config
	logger *slog.Logger
	dir    *dataDir
	wal    *wal.WAL
	cache  *state.Cache
	memory *state.Budget // of relations with state = 'memory'
	meta   *meta.Meta
	shards []*shard.Shard

	boot    [8]byte // begins the ids of this process's transactions
	lastTxn atomic.Uint64
	commits gate
	forgets forgetter

	locks      *lock.Manager
	sequences  sequences
	topologies topologies
	supervisor *supervisor
	retention  *retention
	space      diskSpace
	temp       *tempFiles
	async      []asyncWrites // by shard
	ready      chan struct{} // closed when the node serves
	startErr   error         // set before startDone is closed
	startDone  chan struct{}
	ctx        context.Context // ends with Close
	cancel     context.CancelFunc
	background sync.WaitGroup
	// backgroundMu orders additions to background before waitBackground.
	backgroundMu sync.Mutex
	failOnce     sync.Once
	closeOnce    sync.Once
	stats        nodeCounters
}

// Open opens a data directory and starts its groups. The node serves after WaitReady.
func Open(cfg Config) (*Node, error) {
	n := &Node{cfg: withDefaults(cfg), ready: make(chan struct{}), startDone: make(chan struct{})}
	n.logger = n.cfg.Logger
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.forgets.n, n.sequences.n = n, n
	n.topologies.all = map[catalog.RelationID]topology{}
	n.retention = newRetention(n)
	if _, err := rand.Read(n.boot[:]); err != nil {
		return nil, err
	}
	if err := n.open(); err != nil {
		n.closeFiles()
		return nil, err
	}
	n.supervisor = newSupervisor(n)
	go n.start()
	return n, nil
}

func withDefaults(cfg Config) Config {
	if cfg.MemoryBytes == 0 {
		cfg.MemoryBytes = DefaultMemoryBytes
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Fatal == nil {
		cfg.Fatal = func(error) { os.Exit(1) }
	}
	if cfg.walTargetBytes == 0 {
		cfg.walTargetBytes = walTargetBytes
	}
	if cfg.DependentBytes == 0 {
		cfg.DependentBytes = DefaultDependentBytes
	}
	if cfg.FreeSpace == nil {
		cfg.FreeSpace = freeSpace
	}
	if cfg.FS == nil {
		cfg.FS = vfs.OS
	}
	if cfg.OpenDB == nil {
		cfg.OpenDB = func(dir string, o state.Options) (state.Disk, error) { return state.OpenRocksDB(dir, o) }
	}
	if cfg.VerifyDB == nil {
		cfg.VerifyDB = state.Verify
	}
	if cfg.NowMillis == nil {
		cfg.NowMillis = func() int64 { return time.Now().UnixMilli() }
	}
	return cfg
}

func (n *Node) open() (err error) {
	if n.dir, err = openDataDir(n.cfg.FS, n.cfg.DataDir, n.cfg.Shards); err != nil {
		return err
	}
	if err = n.openTemp(); err != nil {
		return err
	}
	if n.wal, err = wal.Open(n.cfg.FS, n.dir.join(walDir), n.cfg.wal); err != nil {
		return err
	}
	n.cache = state.NewCache(uint64(n.cfg.MemoryBytes) / 2)
	n.memory = state.NewBudget(n.cfg.MemoryBytes / memoryStateShare)
	n.meta, err = meta.Open(meta.Config{Group: metaGroup, NodeID: n.dir.format.NodeID, FS: n.cfg.FS, Dir: n.dir.join(metaDir),
		WAL: n.wal, Logger: n.logger, Fatal: n.fail})
	if err != nil {
		return err
	}
	n.shards = make([]*shard.Shard, n.dir.format.Shards)
	n.locks = lock.NewManager(len(n.shards))
	n.async = make([]asyncWrites, n.dir.format.Shards)
	var g errgroup.Group
	for i := range n.shards {
		g.Go(func() (err error) {
			n.shards[i], err = n.openShard(catalog.ShardID(i))
			return err
		})
	}
	return g.Wait()
}

func (n *Node) openShard(id catalog.ShardID) (*shard.Shard, error) {
	return shard.Open(shard.Config{ID: id, Group: firstShardGroup + uint32(id), NodeID: n.dir.format.NodeID, FS: n.cfg.FS,
		Dir: n.dir.join(shardsDir, fmt.Sprint(id)), WAL: n.wal, Stores: stores{n}, Memory: n.memory, Logger: n.logger, Fatal: n.fail, Snapshotted: n.trimWAL,
		InternalSegmentBytes: n.cfg.internalSegmentBytes, Grown: n.retention.rouse})
}

// stores opens the stores of the node's shards.
type stores struct{ n *Node }

// Open implements shard.Stores.
func (s stores) Open(dir string, damaged func(error)) (state.Disk, error) {
	buffers := uint64(s.n.cfg.MemoryBytes) / 4 / uint64(s.n.dir.format.Shards)
	return s.n.cfg.OpenDB(dir, state.Options{Cache: s.n.cache, WriteBufferBytes: buffers, Damaged: damaged})
}

// Verify implements shard.Stores.
func (s stores) Verify(dir string) error { return s.n.cfg.VerifyDB(dir) }

// start makes the node ready: all groups led and replayed, no transaction in doubt, nothing left of dropped relations.
func (n *Node) start() {
	n.startErr = n.recover(n.ctx)
	if n.startErr == nil {
		n.checkSpace()
		n.goBackground(n.watchSpace)
		n.goBackground(n.retention.run)
		close(n.ready)
		n.supervisor.start()
	} else if n.ctx.Err() == nil {
		n.fail(fmt.Errorf("start: %w", n.startErr))
	}
	close(n.startDone)
}

func (n *Node) recover(ctx context.Context) error {
	if err := n.meta.WaitReady(ctx); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	for _, s := range n.shards {
		g.Go(func() error { return s.WaitReady(gctx) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := n.resolveAll(ctx); err != nil {
		return err
	}
	if err := n.createSystemRelations(); err != nil {
		return err
	}
	if err := n.dropUnbuilt(); err != nil {
		return err
	}
	if err := n.supervisor.adopt(); err != nil {
		return err
	}
	if used := n.memory.Used(); used > n.memory.Limit() {
		n.logger.Warn("relations with state = 'memory' hold more than they may: writes that make them larger are refused", "bytes", used, "limit", n.memory.Limit())
	}
	return n.configureAll(ctx)
}

// createSystemRelations makes what every node has, if this is the first start.
func (n *Node) createSystemRelations() error {
	if cat, _ := n.meta.Catalog(); cat.ByID(catalog.ErrorsID) != nil {
		return nil
	}
	if err := n.meta.Apply(catalog.Command{Create: catalog.ErrorsStream(len(n.shards))}); err != nil {
		return fmt.Errorf("create %s.errors: %w", catalog.SystemSchema, err)
	}
	return nil
}

// WaitReady returns when the node serves, or with the reason why it cannot.
func (n *Node) WaitReady(ctx context.Context) error {
	select {
	case <-n.startDone:
		return n.startErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ready reports whether the node serves.
func (n *Node) Ready() bool {
	select {
	case <-n.ready:
		return n.ctx.Err() == nil
	default:
		return false
	}
}

// Isolated says, a line each, which shards and which partitions are damaged and isolated.
func (n *Node) Isolated() (lines []string) {
	for _, s := range n.shards {
		if err := s.Damage(); err != nil {
			lines = append(lines, "isolated: "+strings.ReplaceAll(messageOf(err), "\n", " "))
		}
		for _, p := range s.Isolated() {
			lines = append(lines, fmt.Sprintf("isolated: shard %d: %s", s.ID(), messageOf(p.Damage)))
		}
	}
	return lines
}

// NodeID is the node's name, for ever.
func (n *Node) NodeID() string { return n.dir.format.NodeID }

// Shards is the number of shards.
func (n *Node) Shards() int { return len(n.shards) }

// fail stops the node for good.
func (n *Node) fail(err error) {
	n.failOnce.Do(func() {
		n.logger.Error("FATAL: " + err.Error())
		n.cancel()
		n.cfg.Fatal(err)
	})
}

// trimWAL has the groups that pin the oldest file of the write-ahead log snapshotted, when the log has become large.
func (n *Node) trimWAL() {
	total, pins := n.wal.OldestPins()
	if total < n.cfg.walTargetBytes {
		return
	}
	for _, id := range pins {
		switch {
		case id >= firstShardGroup && int(id-firstShardGroup) < len(n.shards):
			if s := n.shards[id-firstShardGroup]; s != nil {
				s.RequestSnapshot()
			}
		case id == metaGroup:
			n.goBackground(func() { n.meta.TakeSnapshot() })
		}
	}
}

// goBackground runs f beside everything else; Close waits for it.
func (n *Node) goBackground(f func()) {
	n.backgroundMu.Lock()
	defer n.backgroundMu.Unlock()
	if n.ctx.Err() == nil {
		n.background.Go(f)
	}
}

// waitBackground waits for what goBackground has started; after the end of n.ctx it starts nothing.
func (n *Node) waitBackground() {
	n.backgroundMu.Lock() // whoever has seen n.ctx alive has also been counted
	n.backgroundMu.Unlock()
	n.background.Wait()
}

// Close stops tasks and groups. What was acknowledged is durable without it.
func (n *Node) Close() error {
	var err error
	n.closeOnce.Do(func() {
		n.cancel()
		<-n.startDone
		n.supervisor.stop()
		n.waitBackground()
		err = n.closeFiles()
	})
	return err
}

// closeFiles closes what open opened, as far as that came.
func (n *Node) closeFiles() error {
	n.cancel()
	var errs []error
	var wg sync.WaitGroup
	for _, s := range n.shards {
		if s != nil {
			wg.Go(func() { s.Close() })
		}
	}
	wg.Wait()
	if n.meta != nil {
		errs = append(errs, n.meta.Close())
	}
	if n.wal != nil {
		errs = append(errs, n.wal.Close())
	}
	if n.cache != nil {
		n.cache.Close()
	}
	if n.dir != nil {
		n.dir.release()
	}
	return errors.Join(errs...)
}
