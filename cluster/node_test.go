package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

var background = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openNode opens a node of four shards and waits until it serves.
func openNode(t testing.TB, dir string) *Node {
	t.Helper()
	return openWith(t, Config{DataDir: dir})
}

func openWith(t testing.TB, cfg Config) *Node {
	t.Helper()
	cfg.Shards, cfg.MemoryBytes = 4, 32<<20
	cfg.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	if cfg.Fatal == nil {
		cfg.Fatal = func(err error) { t.Errorf("fatal: %v", err) }
	}
	n, err := Open(cfg)
	must(t, err)
	t.Cleanup(func() { n.Close() })
	must(t, n.WaitReady(background))
	return n
}

// createTable creates a table with a partition on each shard.
func createTable(t testing.TB, n *Node, name string) *catalog.Relation {
	t.Helper()
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: name, Kind: catalog.KindTable, Placement: n.Placement(n.Shards())}
	must(t, n.Apply(background, catalog.Command{Create: r}))
	return n.Catalog().ByID(r.ID)
}

// put is a row of partition p; an empty value deletes.
type put struct {
	p          int
	key, value string
	guard      exec.Guard
	at         log.Offset
}

func writesOf(r *catalog.Relation, puts ...put) (ws []exec.PartitionWrite) {
	for _, p := range puts {
		row := exec.WriteRow{Key: []byte(p.key), Guard: p.guard, GuardOffset: p.at}
		if p.value != "" {
			row.Value = []byte(p.value)
		}
		ws = append(ws, exec.PartitionWrite{Partition: r.Partition(p.p), Table: true, Rows: []exec.WriteRow{row}})
	}
	return ws
}

// write writes in one transaction.
func write(n *Node, r *catalog.Relation, puts ...put) error {
	tx := n.Begin()
	defer tx.Abort()
	if err := tx.Write(background, writesOf(r, puts...)); err != nil {
		return err
	}
	return tx.Commit(background)
}

// tableRows reads a table as "partition/key=value", in order.
func tableRows(t testing.TB, n *Node, r *catalog.Relation) []string {
	t.Helper()
	s, err := n.Snapshot(background, []*catalog.Relation{r}, session.Strong, nil)
	must(t, err)
	defer s.Close()
	return readRows(t, s, r)
}

func readRows(t testing.TB, s exec.Reader, r *catalog.Relation) (out []string) {
	t.Helper()
	for p := range r.Partitions() {
		prefix := state.RowPrefix(r.Partition(p))
		it := s.Rows(r.Partition(p)).Scan(prefix, state.PrefixEnd(prefix))
		for it.Next() {
			stored, err := state.DecodeRows(it.Value())
			must(t, err)
			out = append(out, fmt.Sprintf("%d/%s=%s", p, it.Key()[len(prefix):], stored.Rows[0].Row))
		}
		must(t, it.Close())
	}
	return out
}

func wantRows(t testing.TB, n *Node, r *catalog.Relation, want ...string) {
	t.Helper()
	if got := tableRows(t, n, r); !slices.Equal(got, want) {
		t.Errorf("rows of %s: got %v, want %v", r.Name, got, want)
	}
}

// TestWriteAndRead shows writes on one and on several shards, and a conflict that leaves nothing behind.
func TestWriteAndRead(t *testing.T) {
	n := openNode(t, t.TempDir())
	r := createTable(t, n, "t")
	must(t, write(n, r, put{p: 0, key: "a", value: "1", guard: exec.GuardAbsent}))
	must(t, write(n, r, put{p: 0, key: "b", value: "1"}, put{p: 1, key: "c", value: "1"}, put{p: 3, key: "d", value: "1"}))
	wantRows(t, n, r, "0/a=1", "0/b=1", "1/c=1", "3/d=1")

	var conflict *exec.ConflictError
	err := write(n, r, put{p: 2, key: "e", value: "2"}, put{p: 0, key: "a", value: "2", guard: exec.GuardAbsent})
	if !errors.As(err, &conflict) || string(conflict.Key) != "a" || conflict.Guard != exec.GuardAbsent {
		t.Errorf("conflict over two shards: %v", err)
	}
	must(t, write(n, r, put{p: 0, key: "a", value: "3", guard: exec.GuardAtOffset, at: 0}, put{p: 1, key: "c", guard: exec.GuardAtOffset, at: 0}))
	wantRows(t, n, r, "0/a=3", "0/b=1", "3/d=1")
	if err := write(n, r, put{p: 0, key: "a", value: "4", guard: exec.GuardAtOffset, at: 0}); !errors.As(err, &conflict) {
		t.Errorf("conflict on one shard: %v", err)
	}
}

// TestReopen shows what was acknowledged after the node was closed and opened again.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	r := createTable(t, n, "t")
	must(t, write(n, r, put{p: 0, key: "a", value: "1"}, put{p: 1, key: "b", value: "1"}))
	must(t, n.Close())

	n = openNode(t, dir)
	if got := n.Catalog().Lookup("", "t"); got == nil || got.ID != r.ID {
		t.Fatalf("catalog: %v", got)
	}
	wantRows(t, n, r, "0/a=1", "1/b=1")
	must(t, write(n, r, put{p: 2, key: "c", value: "1"}))
	wantRows(t, n, r, "0/a=1", "1/b=1", "2/c=1")
}

// TestLargeTransaction shows a transaction that does not fit into an entry: nothing of it is seen before the commit, all of it
// is after.
func TestLargeTransaction(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	r := createTable(t, n, "t")
	tx := n.Begin()
	value := strings.Repeat("x", 10_000)
	for i := range 300 {
		must(t, tx.Write(background, writesOf(r, put{p: i % 3, key: fmt.Sprintf("%04d", i), value: value, guard: exec.GuardAbsent})))
	}
	wantRows(t, n, r)
	must(t, tx.Commit(background))
	if got := len(tableRows(t, n, r)); got != 300 {
		t.Errorf("rows after the commit: %d", got)
	}
	tx = n.Begin()
	for i := range 100 {
		must(t, tx.Write(background, writesOf(r, put{p: 0, key: fmt.Sprintf("a%04d", i), value: value})))
	}
	must(t, n.Close()) // with the transaction open
	n = openNode(t, dir)
	if got := len(tableRows(t, n, r)); got != 300 {
		t.Errorf("rows after a restart: %d", got)
	}
}

// TestDataDirectory shows the refusals: in use, other shards, newer format, data without a format.
func TestDataDirectory(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	refused := func(cfg Config, want string) {
		t.Helper()
		cfg.Fatal = func(error) {}
		if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refused(Config{DataDir: dir}, "in use by another process")
	must(t, n.Close())
	refused(Config{DataDir: dir, Shards: 5}, "has 4 shards, which cannot be changed to 5")
	name := filepath.Join(dir, formatName)
	b, err := os.ReadFile(name)
	must(t, err)
	newer := strings.Replace(string(b), `"version": 1`, `"version": 7`, 1)
	must(t, os.WriteFile(name, []byte(newer), 0o640))
	refused(Config{DataDir: dir}, "has format version 7, this program reads up to 1")
	must(t, os.Remove(name))
	refused(Config{DataDir: dir}, "but no format.json")
}

// TestDrop shows that a dropped table's rows and files go, also when the node is closed before it comes to that.
func TestDrop(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	kept, r := createTable(t, n, "kept"), createTable(t, n, "t")
	must(t, write(n, kept, put{p: 0, key: "k", value: "1"}))
	must(t, write(n, r, put{p: 0, key: "a", value: "1"}, put{p: 1, key: "b", value: "1"}))
	must(t, n.Apply(background, catalog.Command{Drop: []catalog.RelationID{r.ID}}))
	if err := write(n, r, put{p: 0, key: "z", value: "1"}); pgerr.Code(err) != pgerr.UndefinedTable {
		t.Errorf("write after the drop: %v", err)
	}
	must(t, n.Close())
	n = openNode(t, dir)
	waitDropped(t, n, r)
	wantRows(t, n, kept, "0/k=1")
}

// waitDropped waits until no shard has anything of r.
func waitDropped(t testing.TB, n *Node, r *catalog.Relation) {
	t.Helper()
	for _, s := range n.shards {
		if slices.Contains(s.Relations(), r.ID) {
			// The drop is proposed by the supervisor after it has seen the catalog: wait for that.
			if err := s.Wait(background, r.Partition(int(s.ID())), 1<<40); !errors.Is(err, exec.ErrDropped) {
				t.Fatalf("shard %d: %v", s.ID(), err)
			}
		}
	}
}
