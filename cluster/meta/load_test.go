package meta

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

func load(t *testing.T, fs vfs.FS) (*catalog.Catalog, uint64, error) {
	t.Helper()
	w, err := wal.OpenReadOnly(fs, "wal")
	must(t, err)
	defer w.Close()
	return Load(fs, "meta", w.Group(1))
}

func asJSON(t *testing.T, c *catalog.Catalog) string {
	t.Helper()
	b, err := json.Marshal(c.State())
	must(t, err)
	return string(b)
}

// TestLoad shows that what Load reads is the catalog of the node that was killed: from the log with a refused command in it,
// from a snapshot, and from both; and that it says so when entries are missing.
func TestLoad(t *testing.T) {
	fs := vfs.NewMem()
	m := open(t, fs)
	before := uint64(0)
	for i, snapshot := range []bool{false, true, false} {
		name := string(rune('a' + i))
		must(t, create(m, name))
		if err := create(m, name); err == nil {
			t.Fatal("created twice")
		}
		if snapshot {
			_, err := m.TakeSnapshot()
			must(t, err)
		}
		want, _ := m.Catalog()
		got, index, err := load(t, fs.Crash(vfs.CrashDrop, nil))
		must(t, err)
		if asJSON(t, got) != asJSON(t, want) || index <= before {
			t.Errorf("step %d: got %s at %d, want %s", i, asJSON(t, got), index, asJSON(t, want))
		}
		before = index
	}
	if _, _, err := load(t, withoutSnapshot(t, fs)); err == nil || !strings.Contains(err.Error(), "in neither the snapshot nor") {
		t.Errorf("without the snapshot: %v", err)
	}
}

func withoutSnapshot(t *testing.T, fs *vfs.Mem) vfs.FS {
	t.Helper()
	damaged := fs.Crash(vfs.CrashDrop, nil)
	must(t, damaged.Remove("meta/snapshot"))
	return damaged
}
