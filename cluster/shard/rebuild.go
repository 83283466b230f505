package shard

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/log/vfs"
)

// A damaged store is replaced by the checkpoint of the newest snapshot. The steps, each durable before the next one begins:
//
//	state      checkpoint is whole     → state.damaged of an earlier time goes
//	state      state.new               built: tables linked, the rest copied
//	           state.new  state.damaged     rename
//	state                 state.damaged     rename
//
// A start that finds the third line does the last step, one that finds the second removes state.new. The raft log brings the
// store to where the damaged one was.
const (
	newStoreDir     = StoreDir + ".new"
	damagedStoreDir = StoreDir + ".damaged"
	// markName is a file with a reason: the store was found damaged while it was in use. A start that finds it reads the store whole,
	// as opening it may not meet the damage.
	markName = "damaged"
)

// tableSuffix is of the files in a store's directory that never change, and are linked.
const tableSuffix = ".sst"

// rebuilder replaces a shard's store.
type rebuilder struct {
	fs     vfs.FS
	dir    string // the shard's
	verify func(dir string) error
}

func (b *rebuilder) path(names ...string) string {
	return filepath.Join(append([]string{b.dir}, names...)...)
}

func (b *rebuilder) exists(name string) (bool, error) {
	_, err := b.fs.Stat(b.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// settle ends what a crash has cut short.
func (b *rebuilder) settle() error {
	built, err := b.exists(newStoreDir)
	if err != nil || !built {
		return err
	}
	there, err1 := b.exists(StoreDir)
	aside, err2 := b.exists(damagedStoreDir)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !there && aside {
		return b.install()
	}
	if err := b.fs.RemoveAll(b.path(newStoreDir)); err != nil {
		return err
	}
	return b.fs.SyncDir(b.dir)
}

// rebuild replaces the store by the checkpoint that the manifest names. Without a snapshot, manifest is nil, and the write-ahead
// log has all there ever was: the new store is empty. An error says why the store remains as it is, if it does not come from a disk.
func (b *rebuilder) rebuild(newest *manifest) error {
	from := ""
	if newest != nil {
		if newest.Checkpoint == "" {
			return errors.New("its snapshot is of an earlier version and has no checkpoint")
		}
		from = b.path(checkpointsDir, newest.Checkpoint)
		if err := b.verify(from); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	for _, name := range []string{damagedStoreDir, newStoreDir} {
		if err := b.fs.RemoveAll(b.path(name)); err != nil {
			return err
		}
	}
	if err := b.fs.SyncDir(b.dir); err != nil {
		return err
	}
	if err := b.build(from); err != nil {
		return err
	}
	if err := b.fs.Rename(b.path(StoreDir), b.path(damagedStoreDir)); err != nil {
		return err
	}
	if err := b.fs.SyncDir(b.dir); err != nil {
		return err
	}
	return b.install()
}

// build makes the new store of a checkpoint, which stays as it is: tables are linked, what RocksDB may write to is copied.
func (b *rebuilder) build(from string) error {
	to := b.path(newStoreDir)
	if err := b.fs.MkdirAll(to); err != nil || from == "" {
		return err
	}
	names, err := b.fs.List(from)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, tableSuffix) {
			err = b.fs.Link(filepath.Join(from, name), filepath.Join(to, name))
		} else {
			err = b.copy(filepath.Join(from, name), filepath.Join(to, name))
		}
		if err != nil {
			return err
		}
	}
	return b.fs.SyncDir(to)
}

func (b *rebuilder) copy(from, to string) error {
	contents, err := group.ReadFile(b.fs, from)
	if err != nil {
		return err
	}
	return group.ReplaceFile(b.fs, to, contents)
}

// install makes the new store the shard's.
func (b *rebuilder) install() error {
	if err := b.fs.Rename(b.path(newStoreDir), b.path(StoreDir)); err != nil {
		return err
	}
	return b.fs.SyncDir(b.dir)
}

// mark has the next start read the store whole.
func (b *rebuilder) mark(reason error) error {
	return group.ReplaceFile(b.fs, b.path(markName), []byte(reason.Error()+"\n"))
}

// unmark says that the store is sound.
func (b *rebuilder) unmark() error {
	if err := b.fs.Remove(b.path(markName)); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return b.fs.SyncDir(b.dir)
}

// checkMarked reads the store whole, if it was found damaged while it was in use.
func (b *rebuilder) checkMarked() error {
	if marked, err := b.exists(markName); err != nil || !marked {
		return err
	}
	if err := b.verify(b.path(StoreDir)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil // there is none: opening it says so
}
