package state

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

// files returns the names and contents of a directory.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		out[e.Name()] = string(b)
	}
	return out
}

// TestReadOnly shows that a store opened for reading has what was flushed, refuses writes, and leaves its directory as it
// is; and that nothing is made where there is no store.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	db := openRocks(t, dir)
	write(t, db, put("a", "1"), put("b", "2"))
	must(t, db.Close())
	before := files(t, dir)
	ro, err := OpenRocksDBReadOnly(dir)
	must(t, err)
	wantContents(t, ro, nil, nil, "a=1", "b=2")
	if v, err := ro.Get([]byte("b")); string(v) != "2" || err != nil {
		t.Errorf("got %q, %v", v, err)
	}
	if err := ro.Write(&Batch{Ops: []Op{put("c", "3")}}); err == nil {
		t.Error("a write was accepted")
	}
	if err := ro.Flush(); err == nil {
		t.Error("a flush was accepted")
	}
	must(t, ro.Close())
	if !maps.Equal(before, files(t, dir)) {
		t.Error("the directory changed")
	}

	none := filepath.Join(t.TempDir(), "none")
	if _, err := OpenRocksDBReadOnly(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
	if _, err := os.Stat(none); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory was made: %v", err)
	}
}
