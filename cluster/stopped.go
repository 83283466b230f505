package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/millracedb/millrace/cluster/meta"
	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Stopped is the data directory of a node that does not run, for looking only: while it is held no node can start in it,
// and nothing in it is changed.
type Stopped struct{ dir *dataDir }

// OpenStopped takes the lock of a data directory. It refuses one that a node runs in, and one that is none.
func OpenStopped(path string) (*Stopped, error) {
	d := &dataDir{fs: vfs.OS, path: path}
	switch err := d.hold(); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is not a data directory: it has no file %s", path, lockName)
	case err != nil:
		return nil, fmt.Errorf("%w; stop the node first", err)
	}
	if _, err := d.fs.Stat(d.join(formatName)); err != nil {
		d.release()
		return nil, fmt.Errorf("%s is not a data directory: %w", path, err)
	}
	if err := d.readFormat(0); err != nil {
		d.release()
		return nil, err
	}
	return &Stopped{dir: d}, nil
}

// Close gives the lock back.
func (s *Stopped) Close() { s.dir.release() }

// Shards is the number of shards.
func (s *Stopped) Shards() int { return s.dir.format.Shards }

// WALDir is the directory of the write-ahead log.
func (s *Stopped) WALDir() string { return s.dir.join(walDir) }

// OpenWAL opens the write-ahead log for reading. The caller closes it.
func (s *Stopped) OpenWAL() (*wal.WAL, error) { return wal.OpenReadOnly(s.dir.fs, s.WALDir()) }

// Catalog reads the catalog from the snapshot and from w, and returns the index of the last entry in it.
func (s *Stopped) Catalog(w *wal.WAL) (*catalog.Catalog, uint64, error) {
	return meta.Load(s.dir.fs, s.dir.join(metaDir), w.Group(metaGroup))
}

// ShardDir is the directory of a shard.
func (s *Stopped) ShardDir(id catalog.ShardID) string { return s.dir.join(shardsDir, fmt.Sprint(id)) }

// OpenShard opens a shard for reading; w may be nil if the write-ahead log cannot be read. The caller calls close after its
// last use. A shard without a store, whose first start did not come that far, is taken to have an empty one.
func (s *Stopped) OpenShard(id catalog.ShardID, w *wal.WAL) (_ *shard.Stopped, close func() error, err error) {
	var db state.DB
	db, err = state.OpenRocksDBReadOnly(filepath.Join(s.ShardDir(id), shard.StoreDir))
	if errors.Is(err, fs.ErrNotExist) {
		db, err = state.NewMemory(), nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("shard %d: %w", id, err)
	}
	var entries *wal.Group
	if w != nil {
		entries = w.Group(firstShardGroup + uint32(id))
	}
	sh, err := shard.OpenStopped(s.dir.fs, s.ShardDir(id), db, entries)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("shard %d: %w", id, err), db.Close())
	}
	return sh, db.Close, nil
}

// VerifyStores reads each block of a shard's store and of its checkpoint, and calls problem for each of the two that is damaged. One that is not
// there is none.
func (s *Stopped) VerifyStores(id catalog.ShardID, problem func(error)) error {
	dirs := []string{filepath.Join(s.ShardDir(id), shard.StoreDir)}
	checkpoints, err := shard.Checkpoints(s.dir.fs, s.ShardDir(id))
	if err != nil {
		return err
	}
	for _, dir := range append(dirs, checkpoints...) {
		err := state.Verify(dir)
		switch {
		case errors.Is(err, state.ErrCorrupt):
			problem(err)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return err
		}
	}
	return nil
}
