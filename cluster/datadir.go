package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/log/vfs"
)

// formatVersion is the version of the data directory that this program writes.
const formatVersion = 1

// Names in the data directory.
const (
	lockName   = "LOCK"
	formatName = "format.json"
	walDir     = "wal"
	metaDir    = "meta"
	shardsDir  = "shards"
)

// Bounds of the number of shards.
const (
	DefaultShards = 8
	maxShards     = 256
)

// format describes a data directory. It never changes.
type format struct {
	Version int    `json:"version"`
	Shards  int    `json:"shards"`
	NodeID  string `json:"node_id"`
	// Checksum is CRC32C of the other values, see sum.
	Checksum string `json:"checksum"`
}

func (f format) sum() string {
	return fmt.Sprintf("%08x", crc32.Checksum(fmt.Appendf(nil, "%d %d %s", f.Version, f.Shards, f.NodeID), crc32.MakeTable(crc32.Castagnoli)))
}

// text is the contents of the file.
func (f format) text() ([]byte, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	return append(b, '\n'), err
}

// dataDir is a locked data directory.
type dataDir struct {
	fs     vfs.FS
	path   string
	lock   io.Closer
	format format
}

// openDataDir locks the directory and reads its format; a new one is made with the given number of shards (0: the
// default). It refuses a directory that another process uses, of a newer version, or of another number of shards.
func openDataDir(fsys vfs.FS, path string, shards int) (*dataDir, error) {
	if shards < 0 || shards > maxShards {
		return nil, fmt.Errorf("%d shards: between 1 and %d are possible", shards, maxShards)
	}
	if err := fsys.MkdirAll(path); err != nil {
		return nil, err
	}
	d := &dataDir{fs: fsys, path: path}
	if err := d.acquire(); err != nil {
		return nil, err
	}
	err := d.readFormat(shards)
	if err == nil {
		// A process that was killed while it made the directory may have named the format and not synced that.
		err = fsys.SyncDir(path)
	}
	if err != nil {
		d.release()
		return nil, err
	}
	return d, nil
}

func (d *dataDir) acquire() error {
	err := d.hold()
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.fs.Create(d.join(lockName)) // nobody holds what was not there; of two who come here, one gets the lock
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return d.hold()
}

// hold takes the lock.
func (d *dataDir) hold() (err error) {
	d.lock, err = d.fs.Lock(d.join(lockName))
	if errors.Is(err, vfs.ErrLocked) {
		return fmt.Errorf("data directory %s is in use by another process", d.path)
	}
	return err
}

func (d *dataDir) release() { d.lock.Close() }

func (d *dataDir) readFormat(shards int) error {
	b, err := group.ReadFile(d.fs, d.join(formatName))
	if errors.Is(err, fs.ErrNotExist) {
		return d.create(shards)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &d.format); err != nil {
		return fmt.Errorf("%s of data directory %s: %w", formatName, d.path, err)
	}
	switch f := d.format; {
	case f.Version > formatVersion:
		return fmt.Errorf("data directory %s has format version %d, this program reads up to %d", d.path, f.Version, formatVersion)
	case f.Checksum != f.sum():
		return fmt.Errorf("%s of data directory %s is damaged: its checksum is %q, and %q was computed", formatName, d.path, f.Checksum, f.sum())
	case f.Version < 1 || f.Shards < 1 || f.Shards > maxShards || f.NodeID == "":
		return fmt.Errorf("%s of data directory %s makes no sense: %s", formatName, d.path, b)
	case shards != 0 && shards != f.Shards:
		return fmt.Errorf("data directory %s has %d shards, which cannot be changed to %d", d.path, f.Shards, shards)
	}
	return nil
}

// create makes a new data directory. One that has data but no format is not new, and is left alone.
func (d *dataDir) create(shards int) error {
	for _, name := range []string{walDir, metaDir, shardsDir} {
		if _, err := d.fs.Stat(d.join(name)); err == nil {
			return fmt.Errorf("data directory %s holds %s but no %s", d.path, name, formatName)
		}
	}
	if shards == 0 {
		shards = DefaultShards
	}
	d.format = format{Version: formatVersion, Shards: shards, NodeID: uuid.NewString()}
	d.format.Checksum = d.format.sum()
	b, err := d.format.text()
	if err != nil {
		return err
	}
	return group.ReplaceFile(d.fs, d.join(formatName), b)
}

func (d *dataDir) join(names ...string) string {
	return filepath.Join(append([]string{d.path}, names...)...)
}
