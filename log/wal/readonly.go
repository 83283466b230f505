package wal

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/millracedb/millrace/log/vfs"
)

// OpenReadOnly opens the log in dir as its last process left it, and changes nothing: a torn, never acknowledged end is left out
// and stays in its file. A directory that does not exist is an empty log. The groups can be read; changes fail with ErrClosed. Nobody may write the log meanwhile. Where stored
// frames do not verify it returns a *CorruptError.
func OpenReadOnly(fsys vfs.FS, dir string) (*WAL, error) {
	w := &WAL{
		fs: vfs.ReadOnly(fsys), dir: dir, opt: Options{CacheBytes: -1}.withDefaults(),
		groups: map[uint32]*Group{}, files: map[uint64]*walFile{},
		failed: make(chan struct{}), done: make(chan struct{}), closing: true,
	}
	w.wake.L = &w.mu
	close(w.done) // there is no writer
	seqs, _, err := w.listFiles()
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		_, err = w.replay(seqs)
	}
	if err != nil {
		w.closeFiles()
		return nil, fmt.Errorf("read write-ahead log: %w", err)
	}
	return w, nil
}
