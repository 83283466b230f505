package state

import (
	"math"

	"github.com/linxGnu/grocksdb"
)

var _ Disk = (*RocksDB)(nil)

// Checkpoint implements Disk. RocksDB links the tables, which never change, and copies and syncs the rest; it builds the
// directory beside dir, as dir.tmp, and renames it.
func (r *RocksDB) Checkpoint(dir string) error {
	if !r.acquire() {
		return ErrClosed
	}
	defer r.release()
	c, err := r.db.NewCheckpoint()
	if err != nil {
		return r.failed("make a checkpoint of", err)
	}
	defer c.Destroy()
	defer r.keepAwake()()
	if err := c.CreateCheckpoint(dir, math.MaxUint64); err != nil { // without another flush
		return r.failed("make a checkpoint of", err)
	}
	return nil
}

// Bounds of Verify.
const (
	// verifyReadahead is read at once.
	verifyReadahead = 1 << 20
	// neverSeek keeps an iterator from jumping over old versions of a key: their blocks are read too.
	neverSeek = math.MaxInt64
)

// Verify reads the store in dir, which nobody may have open for writing, and changes nothing. Each block of each table is
// read from disk and its checksum compared, also where a range delete covers it. Errors: ErrCorrupt at the first damage, fs.ErrNotExist.
func Verify(dir string) error {
	r, err := openReadOnly(dir, func(o *grocksdb.Options) { o.SetMaxSequentialSkipInIterations(neverSeek) })
	if err != nil {
		return err
	}
	defer r.Close()
	o := grocksdb.NewDefaultReadOptions()
	defer o.Destroy()
	o.SetFillCache(false)
	o.SetReadaheadSize(verifyReadahead)
	o.SetIgnoreRangeDeletions(true)
	it := r.db.NewIterator(o)
	defer it.Close()
	for it.SeekToFirst(); it.Valid(); it.Next() {
	}
	if err := it.Err(); err != nil {
		return r.failed("verify", err)
	}
	return nil
}
