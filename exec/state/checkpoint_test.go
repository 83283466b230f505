package state

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCheckpoint shows that a checkpoint is a store of its own with what was flushed, that it stays as it is while the store
// goes on and its old tables go, and that it takes their space by links.
func TestCheckpoint(t *testing.T) {
	parent := t.TempDir()
	db := openRocks(t, filepath.Join(parent, "state"))
	write(t, db, put("a", "1"), put("b", "1"))
	must(t, db.Flush())
	write(t, db, put("c", "only in memory"))
	dir := filepath.Join(parent, "checkpoint")
	must(t, db.Checkpoint(dir))
	for i := range 8 {
		write(t, db, put("a", fmt.Sprint(i)), Op{Kind: Delete, Key: []byte("b")})
		must(t, db.Flush())
	}
	must(t, db.Close())
	must(t, Verify(dir))
	copied := openRocks(t, dir)
	wantContents(t, copied, nil, nil, "a=1", "b=1")
	must(t, copied.Close())
	if err := db.Checkpoint(dir + "2"); !errors.Is(err, ErrClosed) {
		t.Errorf("of a closed store: %v", err)
	}
}

// TestVerify flips a bit in each part of a table: all of it is read, also old versions of keys, what was deleted, and what is
// in memory already. A store that is whole passes, one that is not there says so.
func TestVerify(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	db := openRocks(t, dir)
	rng := rand.New(rand.NewPCG(1, 1))
	value := make([]byte, 200)
	for range 40 {
		for k := range 40 {
			for i := range value {
				value[i] = byte(rng.Uint32())
			}
			write(t, db, put(fmt.Sprintf("k%02d", k), string(value)))
		}
		defer db.Snapshot().Release() // has RocksDB keep old versions
	}
	write(t, db, Op{Kind: DeleteRange, Key: []byte("k10"), Value: []byte("k30")})
	must(t, db.Flush())
	must(t, db.Close())
	must(t, Verify(dir))
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	must(t, err)
	if len(tables) != 1 {
		t.Fatalf("tables: %v", tables)
	}
	table, err := os.ReadFile(tables[0])
	must(t, err)
	end := dataBlocksEnd(table)
	for at := 10; at < end; at += end / 50 {
		damaged := append([]byte{}, table...)
		damaged[at] ^= 4
		must(t, os.WriteFile(tables[0], damaged, 0o640))
		if err := Verify(dir); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), filepath.Base(tables[0])) {
			t.Errorf("byte %d of %d: %v", at, len(table), err)
		}
	}
	if err := Verify(dir + "2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
}

// dataBlocksEnd is about where the rows of a table end: filter, index and properties are behind them.
func dataBlocksEnd(table []byte) int { return len(table) * 9 / 10 }
