package meta

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

func open(t *testing.T, fs vfs.FS) *Meta {
	t.Helper()
	w, err := wal.Open(fs, "wal", wal.Options{FileBytes: 1 << 20})
	must(t, err)
	m, err := Open(Config{Group: 1, NodeID: "n", FS: fs, Dir: "meta", WAL: w, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Fatal: func(err error) { t.Error(err) }})
	must(t, err)
	t.Cleanup(func() {
		m.Close()
		w.Close()
	})
	must(t, m.WaitReady(context.Background()))
	return m
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(m *Meta, name string) error {
	c, _ := m.Catalog()
	return m.Apply(catalog.Command{Create: &catalog.Relation{ID: c.NextID(), Schema: "public", Name: name, Kind: catalog.KindStream,
		Placement: []catalog.ShardID{0}}})
}

func names(m *Meta) (out []string) {
	c, _ := m.Catalog()
	for _, r := range c.Relations() {
		out = append(out, r.Name)
	}
	return out
}

// TestApply shows that a command is in the catalog when Apply returns, that a refused one changes nothing, and that
// watchers are told.
func TestApply(t *testing.T) {
	m := open(t, vfs.NewMem())
	_, changed := m.Catalog()
	must(t, create(m, "a"))
	<-changed
	if err := create(m, "a"); pgerr.Code(err) != pgerr.DuplicateTable {
		t.Errorf("second time: %v", err)
	}
	stale := &catalog.Relation{ID: catalog.FirstRelationID, Schema: "public", Name: "b"}
	if err := m.Apply(catalog.Command{Create: stale}); !errors.Is(err, catalog.ErrStale) {
		t.Errorf("old id: %v", err)
	}
	if got := fmt.Sprint(names(m)); got != "[a]" {
		t.Errorf("got %v", got)
	}
}

// TestReopen shows the catalog again after a crash, from the log, from a snapshot, and from both.
func TestReopen(t *testing.T) {
	fs := vfs.NewMem()
	m := open(t, fs)
	want := []string{}
	for i, snapshot := range []bool{false, true, false} {
		name := fmt.Sprintf("r%d", i)
		must(t, create(m, name))
		want = append(want, name)
		if snapshot {
			if taken, err := m.TakeSnapshot(); !taken || err != nil {
				t.Fatalf("snapshot: %v, %v", taken, err)
			}
		}
		fs = fs.Crash(vfs.CrashDrop, nil)
		m = open(t, fs)
		if got := names(m); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("after crash %d: got %v, want %v", i, got, want)
		}
	}
	c, _ := m.Catalog()
	if c.NextID() != catalog.FirstRelationID+3 {
		t.Errorf("next id: %d", c.NextID())
	}
}
