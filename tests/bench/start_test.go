package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/tests/oracle"
)

// Of the node that BenchmarkStart opens. By default a tenth of what a start is judged by: a million keys, ten million records.
var (
	startKeys    = flag.Int("start-keys", 100_000, "keys of the node that BenchmarkStart opens, a multiple of 500")
	startRecords = flag.Int("start-records", 1_000_000, "records of the node that BenchmarkStart opens")
)

// loadDir is in the environment of a child process: the test binary fills a data directory there and kills itself.
const loadDir = "MILLRACE_BENCH_LOAD"

func TestMain(m *testing.M) {
	flag.Parse()
	if dir := os.Getenv(loadDir); dir != "" {
		fmt.Fprintln(os.Stderr, load(dir)) // load does not come back but with an error
		os.Exit(1)
	}
	oracle.Main(m)
}

// Of the load.
const (
	loadShards    = 8
	loadProducers = 16
	loadRows      = 500 // of one transaction
)

// load fills a table: all keys, then again from the first, until there are so many records. Then it kills its process.
func load(dir string) error {
	n, err := openNode(dir, loadShards)
	if err != nil {
		return err
	}
	r, err := createRelation(n, catalog.KindTable)
	if err != nil {
		return err
	}
	var next atomic.Int64
	var g errgroup.Group
	for range loadProducers {
		g.Go(func() error {
			for {
				chunk := int(next.Add(1)) - 1
				if chunk*loadRows >= *startRecords {
					return nil
				}
				rows := rowsOf(chunk*loadRows%*startKeys, loadRows)
				if err := write(n, r, chunk%(*startKeys/loadRows)%loadShards, rows); err != nil {
					return err
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	select {}
}

// BenchmarkStart opens a node until it serves, after a kill and after a clean stop. The bare side reads the write-ahead log
// and computes its CRC32C, which is what each start has to do at least. What a kill left is stored by then, so that no start
// waits for the disk to take what was written long before.
func BenchmarkStart(b *testing.B) {
	killed := filepath.Join(b.TempDir(), "killed")
	fillAndKill(b, killed)
	work := filepath.Join(b.TempDir(), "work")
	restore := func() { // as a start changes what it opens
		must(b, os.RemoveAll(work))
		must(b, os.CopyFS(work, os.DirFS(killed)))
		syscall.Sync()
	}
	restore()
	b.Run("killed", func(b *testing.B) { benchmarkStart(b, "after SIGKILL", work, restore) })
	b.Run("stopped", func(b *testing.B) { benchmarkStart(b, "after a clean stop", work, func() {}) })
}

func fillAndKill(b *testing.B, dir string) {
	cmd := exec.Command(os.Args[0], fmt.Sprintf("-start-keys=%d", *startKeys), fmt.Sprintf("-start-records=%d", *startRecords))
	cmd.Env = append(os.Environ(), loadDir+"="+dir)
	out, err := cmd.CombinedOutput()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		b.Fatalf("load: %v: %s", err, out)
	}
}

// benchmarkStart leaves the directory as a clean stop does.
func benchmarkStart(b *testing.B, what, dir string, prepare func()) {
	logs, err := filepath.Glob(filepath.Join(dir, "wal", "*"))
	must(b, err)
	buf := make([]byte, readBytes)
	row := Row{
		Name: fmt.Sprintf("start %s, %s keys, %s records", what, number(float64(*startKeys)), number(float64(*startRecords))),
		Unit: "starts", Times: true, Bare: fmt.Sprintf("read + CRC32C of %d MB of write-ahead log", int(readFiles(b, logs, buf)/1e6)),
	}
	var n *cluster.Node
	row.Prepare = func() {
		if n != nil {
			must(b, n.Close())
		}
		prepare()
	}
	ours := func(time.Duration) float64 {
		var err error
		n, err = openNode(dir, loadShards)
		must(b, err)
		return 1
	}
	bare := func(d time.Duration) float64 {
		logs, err := filepath.Glob(filepath.Join(dir, "wal", "*")) // a start may begin a file
		must(b, err)
		return Until(d, func() float64 { readFiles(b, logs, buf); return 1 })
	}
	Compare(b, row, ours, bare)
	must(b, n.Close())
}
