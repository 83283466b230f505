package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

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
