package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// flipTables flips a bit in each table of a shard's store, or flips it back. A checkpoint has the same files.
func flipTables(t *testing.T, dir string, id int) {
	t.Helper()
	tables, err := filepath.Glob(filepath.Join(dir, shardsDir, fmt.Sprint(id), shard.StoreDir, "*.sst"))
	must(t, err)
	if len(tables) == 0 {
		t.Fatal("the store has no tables")
	}
	for _, name := range tables {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		must(t, err)
		var b [1]byte
		_, err = f.ReadAt(b[:], 10)
		must(t, err)
		b[0] ^= 16
		_, err = f.WriteAt(b[:], 10)
		must(t, err)
		must(t, f.Close())
	}
}

func wantDamaged(t *testing.T, err error, id int) {
	t.Helper()
	if !errors.Is(err, shard.ErrDamaged) || !strings.Contains(err.Error(), fmt.Sprintf("data of shard %d is damaged: ", id)) || !strings.Contains(err.Error(), ".sst") {
		t.Errorf("no error of damage: %v", err)
	}
}

// TestDamagedShard shows a node with a flipped bit in the store of one shard: it starts and serves the others, everything that
// needs the shard says what is wrong, what cannot be done there is done when the files have been mended.
func TestDamagedShard(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	r, gone := createTable(t, n, "t"), createTable(t, n, "gone")
	for p := range 4 {
		must(t, write(n, r, put{p: p, key: "a", value: "1"}))
		must(t, write(n, gone, put{p: p, key: "a", value: "1"}))
	}
	must(t, n.TakeSnapshots())
	must(t, n.Close())
	flipTables(t, dir, 2)

	for _, value := range []string{"2", "3"} { // and another start
		n = openNode(t, dir)
		wantDamaged(t, write(n, r, put{p: 2, key: "a", value: "x"}), 2)
		wantDamaged(t, write(n, r, put{p: 1, key: "a", value: "x"}, put{p: 2, key: "a", value: "x"}), 2)
		must(t, write(n, r, put{p: 1, key: "a", value: value}, put{p: 3, key: "a", value: value}))
		s, err := n.Snapshot(background, []*catalog.Relation{r}, session.Strong, nil)
		must(t, err)
		if v, err := s.Rows(r.Partition(1)).Get(state.RowKey(r.Partition(1), []byte("a"))); err != nil || !strings.HasSuffix(string(v), value) {
			t.Errorf("row of another shard: %q, %v", v, err)
		}
		_, err = s.Rows(r.Partition(2)).Get(state.RowKey(r.Partition(2), []byte("a")))
		wantDamaged(t, err, 2)
		_, err = s.ReadLog(r.Partition(2), 0, 100, nil)
		wantDamaged(t, err, 2)
		s.Close()
		_, err = n.EndOffset(r.Partition(2))
		wantDamaged(t, err, 2)
		wantDamaged(t, n.WaitFrontier(background, r.Partition(2), exec.ConsumerID{}, 0, 0), 2)
		if lines := n.Isolated(); len(lines) != 1 || !strings.HasPrefix(lines[0], "isolated: data of shard 2 is damaged: ") {
			t.Errorf("/readyz: %q", lines)
		}
		if got := n.Stats().Isolated; !slices.Equal(got, []bool{false, false, true, false}) {
			t.Errorf("metric: %v", got)
		}
		if now := n.Catalog().ByID(gone.ID); now != nil {
			must(t, n.Apply(background, catalog.Command{Drop: []catalog.RelationID{gone.ID}}))
			waitDroppedFrom(t, n, gone, 1)
		}
		createTable(t, n, "more"+value)
		must(t, n.TakeSnapshots())
		must(t, n.Close())
	}

	flipTables(t, dir, 2)
	n = openNode(t, dir)
	wantRows(t, n, r, "0/a=1", "1/a=3", "2/a=1", "3/a=3")
	must(t, write(n, n.Catalog().Lookup("public", "more3"), put{p: 2, key: "a", value: "1"}))
	waitDroppedFrom(t, n, gone, 2)
	if lines := n.Isolated(); len(lines) > 0 {
		t.Errorf("/readyz: %q", lines)
	}
}

// waitDroppedFrom waits until a shard holds nothing of a dropped relation.
func waitDroppedFrom(t *testing.T, n *Node, r *catalog.Relation, id int) {
	t.Helper()
	err := n.shards[id].Wait(background, r.Partition(id), 1<<40)
	if !errors.Is(err, exec.ErrDropped) {
		t.Errorf("waiting for the drop: %v", err)
	}
}

// TestDamagedParticipant stops a coordinator before its transaction is finished, and damages a shard of it before the next start: first one
// that takes part, then the one that has decided. Nobody waits for it for ever, and when the shard has been mended the transaction is whole.
func TestDamagedParticipant(t *testing.T) {
	for _, damaged := range []int{2, 1} {
		t.Run(fmt.Sprintf("shard %d", damaged), func(t *testing.T) {
			dir := t.TempDir()
			stop := false
			n := openWith(t, Config{DataDir: dir, step: func(step string) error {
				if stop && step == "finish" {
					return errStopped
				}
				return nil
			}})
			r := createTable(t, n, "t")
			must(t, write(n, r, put{p: 1, key: "a", value: "1"}, put{p: 2, key: "a", value: "1"}, put{p: 3, key: "a", value: "1"}))
			stop = true
			must(t, write(n, r, put{p: 1, key: "a", value: "2"}, put{p: 2, key: "a", value: "2"}, put{p: 3, key: "a", value: "2"}))
			must(t, n.TakeSnapshots())
			must(t, n.Close())
			flipTables(t, dir, damaged)

			n = openNode(t, dir)
			err := write(n, r, put{p: 3, key: "a", value: "3"})
			if damaged == 2 {
				must(t, err)
			} else {
				wantDamaged(t, err, damaged) // it is locked, and who decides cannot say
			}
			ctx, cancel := context.WithCancel(background)
			must(t, n.resolve(ctx, shard.TxnID{1}, catalog.ShardID(damaged))) // does not go on for ever
			cancel()
			must(t, n.TakeSnapshots())
			must(t, n.Close())

			flipTables(t, dir, damaged)
			n = openNode(t, dir)
			want := []string{"1/a=2", "2/a=2", "3/a=2"}
			if damaged == 2 {
				want[2] = "3/a=3"
			}
			if got := tableRows(t, n, r); !slices.Equal(got, want) {
				t.Errorf("rows: %v, want %v", got, want)
			}
			must(t, write(n, r, put{p: 3, key: "a", value: "4"}))
		})
	}
}

// TestRebuiltShard damages files of a store that its checkpoint has, too, and not as a link: the node starts with everything there, once and
// again, and the damaged store is kept.
func TestRebuiltShard(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"CURRENT is gone": func(dir string) error { return os.Remove(filepath.Join(dir, "CURRENT")) },
		"CURRENT is garbage": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "CURRENT"), []byte("MANIFEST-999999\n"), 0o640)
		},
		"MANIFEST is cut": func(dir string) error {
			return eachFile(dir, "MANIFEST-*", func(name string) error { return os.Truncate(name, 20) })
		},
		"MANIFEST is gone":      func(dir string) error { return eachFile(dir, "MANIFEST-*", os.Remove) },
		"tables are gone":       func(dir string) error { return eachFile(dir, "*.sst", os.Remove) },
		"the directory is gone": os.RemoveAll,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			n := openNode(t, dir)
			r := createTable(t, n, "t")
			for p := range 4 {
				must(t, write(n, r, put{p: p, key: "a", value: "1"}))
			}
			must(t, n.TakeSnapshots())
			must(t, write(n, r, put{p: 1, key: "a", value: "2"}, put{p: 2, key: "b", value: "2"}))
			must(t, n.Close())
			must(t, damage(filepath.Join(dir, shardsDir, "2", shard.StoreDir)))
			for range 2 {
				n = openNode(t, dir)
				if lines := n.Isolated(); len(lines) > 0 {
					t.Fatalf("isolated: %q", lines)
				}
				wantRows(t, n, r, "0/a=1", "1/a=2", "2/a=1", "2/b=2", "3/a=1")
				must(t, n.Close())
			}
			if _, err := os.Stat(filepath.Join(dir, shardsDir, "2", shard.StoreDir+".damaged")); err != nil {
				t.Error(err)
			}
		})
	}
}

func eachFile(dir, pattern string, f func(name string) error) error {
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	for _, name := range names {
		err = errors.Join(err, f(name))
	}
	return err
}

// TestDamageMetInUse flips a bit where opening a store does not read it. Whoever reads there meets it, the shard is isolated; the next start reads
// the whole store because of that, and isolates the shard before anybody asks, as its checkpoint has the same table.
func TestDamageMetInUse(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	r := createTable(t, n, "t")
	for i := range 200 {
		must(t, write(n, r, put{p: 2, key: fmt.Sprintf("%03d", i), value: strings.Repeat(fmt.Sprint(i), 200)}))
	}
	must(t, n.TakeSnapshots())
	must(t, n.Close())
	tables, err := filepath.Glob(filepath.Join(dir, shardsDir, "2", shard.StoreDir, "*.sst"))
	must(t, err)
	flipRow := func() {
		for _, name := range tables {
			b, err := os.ReadFile(name)
			must(t, err)
			at := len(b) * 2 / 3
			f, err := os.OpenFile(name, os.O_RDWR, 0)
			must(t, err)
			_, err = f.WriteAt([]byte{b[at] ^ 1}, int64(at))
			must(t, errors.Join(err, f.Close()))
		}
	}
	flipRow()
	n = openNode(t, dir)
	if lines := n.Isolated(); len(lines) > 0 {
		t.Fatalf("isolated by the start: %q", lines)
	}
	s, err := n.Snapshot(background, []*catalog.Relation{r}, session.Strong, nil)
	must(t, err)
	prefix := state.RowPrefix(r.Partition(2))
	it := s.Rows(r.Partition(2)).Scan(prefix, state.PrefixEnd(prefix))
	for it.Next() {
	}
	if err := it.Close(); !errors.Is(err, state.ErrCorrupt) || !strings.Contains(err.Error(), ".sst offset ") {
		t.Errorf("scan: %v", err)
	}
	s.Close()
	wantDamaged(t, write(n, r, put{p: 2, key: "x", value: "x"}), 2)
	must(t, n.Close())
	n = openNode(t, dir)
	wantDamaged(t, n.shards[2].Damage(), 2)
	must(t, n.Close())
	flipRow()
	n = openNode(t, dir)
	if got := len(tableRows(t, n, r)); got != 200 {
		t.Errorf("%d rows", got)
	}
}
