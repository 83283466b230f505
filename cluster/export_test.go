package cluster

import (
	"context"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// Small makes what rolls, is trimmed and is forced by size small.
func Small(cfg Config, fileBytes int64) Config {
	cfg.internalSegmentBytes, cfg.wal.FileBytes, cfg.walTargetBytes = fileBytes, 4*fileBytes, 16*fileBytes
	return cfg
}

// Retain has retention and compaction decided now.
func (n *Node) Retain(ctx context.Context) error { return n.retention.pass(ctx) }

// WALFiles is the directory of the write-ahead log of a data directory.
func WALFiles(dir string) string { return (&dataDir{path: dir}).join(walDir) }

// StoppedShard opens a shard of a data directory for looking.
func StoppedShard(fs vfs.FS, dir string, id catalog.ShardID, db state.DB, w *wal.WAL) (*shard.Stopped, error) {
	s := Stopped{dir: &dataDir{fs: fs, path: dir}}
	return shard.OpenStopped(fs, s.ShardDir(id), db, w.Group(firstShardGroup+uint32(id)))
}
