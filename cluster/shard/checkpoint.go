package shard

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/millracedb/millrace/log/vfs"
)

// checkpointsDir is the directory, in a shard's, of the copies of its store: one, named in the manifest of the newest snapshot.
// Others are left from a crash.
const checkpointsDir = "checkpoints"

// checkpoint makes the copy of the store that belongs to the snapshot. It is made after the store was flushed for it, and so holds
// at least what the manifest says. That later entries are in it too does no harm: the store may be ahead of the snapshot after
// any crash.
//
// A copy that cannot be made is no lost data: the snapshot is not taken, and the write-ahead log not cut.
func (s *fsmSnapshot) checkpoint(name string) error {
	dir := filepath.Join(s.m.dir, checkpointsDir)
	if err := s.m.fs.MkdirAll(dir); err != nil {
		return err
	}
	// An attempt that a crash cut short may have the same name, as the next one may begin at the same entry.
	if err := s.m.fs.RemoveAll(filepath.Join(dir, name)); err != nil {
		return err
	}
	if err := s.m.disk.Checkpoint(filepath.Join(dir, name)); err != nil {
		return err
	}
	if err := s.m.fs.SyncDir(dir); err != nil {
		return err
	}
	s.manifest.Checkpoint = name
	return nil
}

// removeCheckpoints deletes all copies of a shard's store but the one of the given name.
func removeCheckpoints(fsys vfs.FS, shardDir, keep string) error {
	dir := filepath.Join(shardDir, checkpointsDir)
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, name := range names {
		if name == keep {
			continue
		}
		if err := fsys.RemoveAll(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove an old checkpoint: %w", err)
		}
	}
	return err
}

// maxPinnedBytes of tables that only the checkpoint holds are a reason for a new one.
const maxPinnedBytes = 64 << 20

// pinnedBytes is the size of the checkpoint's tables that the store has no more: they stay on the disk for the checkpoint alone.
func (s *Shard) pinnedBytes() (total int64, err error) {
	names, err := s.cfg.FS.List(filepath.Join(s.cfg.Dir, checkpointsDir))
	for _, name := range names {
		dir := filepath.Join(s.cfg.Dir, checkpointsDir, name)
		tables, listErr := s.cfg.FS.List(dir)
		err = errors.Join(err, listErr)
		for _, table := range tables {
			if !strings.HasSuffix(table, tableSuffix) {
				continue
			}
			if _, err := s.cfg.FS.Stat(filepath.Join(s.cfg.Dir, StoreDir, table)); !errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if info, err := s.cfg.FS.Stat(filepath.Join(dir, table)); err == nil {
				total += info.SizeBytes
			}
		}
	}
	if errors.Is(err, fs.ErrNotExist) { // there is none, or it was replaced meanwhile
		err = nil
	}
	return total, err
}

// ReleaseSpace has a snapshot taken if the present one keeps much space that the store does not need any more, or any at all when every byte
// counts. An idle shard has nothing new to snapshot, so it gets an entry that says nothing.
func (s *Shard) ReleaseSpace(ctx context.Context, everything bool) error {
	if s.view.unsound() {
		return nil
	}
	pinned, err := s.pinnedBytes()
	if err != nil || pinned == 0 || pinned < maxPinnedBytes && !everything {
		return err
	}
	if _, err := s.Propose(ctx, &Forget{}); err != nil {
		return err
	}
	s.RequestSnapshot()
	return nil
}

// Checkpoints lists the directories of a shard's checkpoints: one, unless a crash has left others.
func Checkpoints(fsys vfs.FS, shardDir string) (dirs []string, err error) {
	names, err := fsys.List(filepath.Join(shardDir, checkpointsDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, name := range names {
		dirs = append(dirs, filepath.Join(shardDir, checkpointsDir, name))
	}
	return dirs, err
}
