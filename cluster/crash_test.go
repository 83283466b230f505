package cluster

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/millracedb/millrace/sql/catalog"
)

// Environment of a child process: the test binary runs a scenario on a data directory and kills itself at a step.
const (
	childDir  = "MILLRACE_TEST_DIR"
	childStep = "MILLRACE_TEST_STEP"
	childRun  = "MILLRACE_TEST_SCENARIO"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(childRun); name != "" {
		if err := runChild(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is a scenario in a process of its own.
type child struct {
	n *Node
	r *catalog.Relation
}

func runChild(name string) error {
	killAt, err := strconv.ParseInt(os.Getenv(childStep), 10, 64)
	if err != nil {
		return err
	}
	var steps atomic.Int64
	var armed atomic.Bool
	n, err := Open(Config{DataDir: os.Getenv(childDir), Shards: 4, MemoryBytes: 32 << 20, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		internalSegmentBytes: smallSegments,
		step: func(string) error {
			if armed.Load() && steps.Add(1) == killAt {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}})
	if err != nil {
		return err
	}
	if err := n.WaitReady(background); err != nil {
		return err
	}
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: "t", Kind: catalog.KindTable, Placement: n.Placement(4)}
	if err := n.Apply(background, catalog.Command{Create: r}); err != nil {
		return err
	}
	armed.Store(true)
	return scenarios[name](&child{n, r})
}

// stagedRows of 10,000 bytes are staged once before the commit.
const stagedRows = 3 * stageBytes / 2 / 10_000

// scenarios print what was acknowledged, a line each.
var scenarios = map[string]func(*child) error{
	"rows": func(c *child) error {
		for i := range 40 {
			if err := write(c.n, c.r, put{p: i % 4, key: fmt.Sprintf("%02d", i), value: "1"}); err != nil {
				return err
			}
			fmt.Printf("%02d\n", i)
		}
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	},
	"shards": func(c *child) error {
		if err := write(c.n, c.r, threeShards...); err != nil {
			return err
		}
		fmt.Println("committed")
		return nil
	},
	"catalog":   func(c *child) error { return c.create(threeShards...) },
	"one shard": func(c *child) error { return c.create(threeShards[0]) },
	"staged": func(c *child) error {
		tx := c.n.Begin()
		for i := range stagedRows {
			w := writesOf(c.r, put{p: i % 3, key: fmt.Sprintf("%04d", i), value: strings.Repeat("x", 10_000)})
			if err := tx.Write(background, w); err != nil {
				return err
			}
		}
		if err := tx.Commit(background); err != nil {
			return err
		}
		fmt.Println("committed")
		return nil
	},
}

// create makes a table and writes to it and to t, as one.
func (c *child) create(rows ...put) error {
	tx := c.n.beginCreating("made")
	made := tx.after.Lookup("", "made")
	if err := tx.Write(background, append(writesOf(c.r, rows...), writesOf(made, put{p: 0, key: "m", value: "1"})...)); err != nil {
		return err
	}
	if err := tx.Commit(background); err != nil {
		return err
	}
	fmt.Println("committed")
	return nil
}

// beginCreating begins a transaction that makes a table.
func (n *Node) beginCreating(name string) *tx {
	before := n.Catalog()
	create := catalog.Command{Create: &catalog.Relation{ID: before.NextID(), Schema: "public", Name: name, Kind: catalog.KindTable, Placement: n.Placement(4)}}
	after, err := before.Apply(create)
	if err != nil {
		panic(err)
	}
	return n.BeginWith(catalog.Batch{Version: before.Version(), Commands: []catalog.Command{create}}, after).(*tx)
}

var threeShards = []put{{p: 0, key: "a", value: "1"}, {p: 1, key: "b", value: "1"}, {p: 3, key: "c", value: "1"}}

// crash runs a scenario until it kills itself at a step, and returns what it acknowledged; finished says that it came
// to its end before that step.
func crash(t *testing.T, dir, scenario string, step int) (acknowledged []string, finished bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRun+"="+scenario, childDir+"="+dir, fmt.Sprintf("%s=%d", childStep, step))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		acknowledged = append(acknowledged, lines.Text())
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
		t.Fatalf("child: %v\n%s", err, stderr.String())
	}
	return acknowledged, err == nil
}

// TestKill shows that what was acknowledged is there after SIGKILL, in rows and in the log.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged, _ := crash(t, dir, "rows", 0)
	if len(acknowledged) != 40 {
		t.Fatalf("acknowledged: %v", acknowledged)
	}
	n := openNode(t, dir)
	r := n.Catalog().Lookup("", "t")
	var want []string
	for p := range 4 {
		for i := p; i < 40; i += 4 {
			want = append(want, fmt.Sprintf("%d/%02d=1", p, i))
		}
		if end, err := n.EndOffset(r.Partition(p)); end != 10 || err != nil {
			t.Errorf("partition %d ends at %d, %v", p, end, err)
		}
	}
	wantRows(t, n, r, want...)
}

// TestKillBetweenSteps kills the coordinator of a transaction over several shards before each of its steps. After the
// restart the transaction is there whole or not at all, whole if it was acknowledged, and its rows are not locked.
func TestKillBetweenSteps(t *testing.T) {
	for _, scenario := range []string{"shards", "staged", "catalog", "one shard"} {
		t.Run(scenario, func(t *testing.T) {
			outcomes := map[bool]int{}
			for step, finished := 1, false; !finished; step++ {
				var acknowledged []string
				dir := t.TempDir()
				acknowledged, finished = crash(t, dir, scenario, step)
				n := openNode(t, dir)
				r := n.Catalog().Lookup("", "t")
				whole := checkAtomic(t, n, r, scenario, step)
				if len(acknowledged) > 0 && !whole {
					t.Errorf("step %d: acknowledged, and gone", step)
				}
				outcomes[whole]++
				must(t, write(n, r, threeShards...))
				must(t, n.Close())
			}
			if outcomes[true] < 2 || outcomes[false] < 2 {
				t.Errorf("outcomes: %v, want some of each", outcomes)
			}
		})
	}
}

// checkAtomic returns whether the scenario's rows are there, and fails if only some are.
func checkAtomic(t *testing.T, n *Node, r *catalog.Relation, scenario string, step int) bool {
	t.Helper()
	want := map[string]int{"shards": len(threeShards), "staged": stagedRows, "catalog": len(threeShards), "one shard": 1}[scenario]
	got := tableRows(t, n, r)
	if scenario == "catalog" || scenario == "one shard" {
		checkMade(t, n, len(got) > 0, step)
	}
	if len(got) != 0 && len(got) != want {
		t.Errorf("step %d: %d of %d rows", step, len(got), want)
	}
	for _, s := range n.shards {
		if txns := s.Prepared(); len(txns) > 0 {
			t.Errorf("step %d: shard %d has transactions in doubt: %v", step, s.ID(), txns)
		}
		if ids, err := s.Decisions(); len(ids) > 0 || err != nil {
			t.Errorf("step %d: shard %d keeps decisions: %v, %v", step, s.ID(), ids, err)
		}
	}
	return slices.ContainsFunc(got, func(string) bool { return true })
}

// checkMade shows that the table is there with its row, or not at all, and that the catalog can be changed.
func checkMade(t *testing.T, n *Node, want bool, step int) {
	t.Helper()
	made := n.Catalog().Lookup("", "made")
	if (made != nil) != want {
		t.Errorf("step %d: the table is there: %t, its transaction's other rows: %t", step, made != nil, want)
	}
	if made != nil {
		wantRows(t, n, made, "0/m=1")
	}
	if n.Catalog().Pending() != nil {
		t.Errorf("step %d: a batch of the catalog waits", step)
	}
	must(t, n.beginCreating("another").Commit(background))
}

// TestConcurrentCatalog shows that a block whose catalog somebody else has changed fails whole, and leaves nothing locked.
func TestConcurrentCatalog(t *testing.T) {
	n := openNode(t, t.TempDir())
	r := createTable(t, n, "t")
	block := n.beginCreating("a")
	must(t, block.Write(background, writesOf(r, threeShards...)))
	createTable(t, n, "b")
	if err := block.Commit(background); err == nil || !strings.Contains(err.Error(), "40001") {
		t.Errorf("got %v", err)
	}
	wantRows(t, n, r)
	if n.Catalog().Lookup("", "a") != nil || n.Catalog().Pending() != nil {
		t.Error("something of the block is there")
	}
	must(t, write(n, r, threeShards...))
}
