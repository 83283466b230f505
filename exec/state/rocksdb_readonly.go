package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/linxGnu/grocksdb"
)

// OpenRocksDBReadOnly opens the store in dir as it is on disk, and changes nothing there; nobody may have it open for writing.
// Write and Flush fail. A store that does not exist is an error that wraps fs.ErrNotExist.
func OpenRocksDBReadOnly(dir string) (*RocksDB, error) {
	return openReadOnly(dir, func(*grocksdb.Options) {})
}

func openReadOnly(dir string, more func(*grocksdb.Options)) (*RocksDB, error) {
	// RocksDB's own message for this names a file of its own, and does not tell it from other failures.
	if _, err := os.Stat(filepath.Join(dir, currentName)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open state store %s: %w", dir, fs.ErrNotExist)
	}
	r := &RocksDB{dir: dir}
	r.configure(Options{})
	r.opts.SetCreateIfMissing(false)
	more(r.opts)
	db, err := grocksdb.OpenDbForReadOnly(r.opts, dir, false)
	if err != nil {
		r.destroyOptions()
		return nil, fmt.Errorf("open state store %s: %w", dir, rocksError(err))
	}
	r.db = db
	r.refs.Store(1)
	return r, nil
}
