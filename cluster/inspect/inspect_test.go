package inspect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/spf13/cobra"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/cluster/inspect"
	"github.com/millracedb/millrace/exec/session"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// server is a node that statements can be run on.
type server struct {
	t    testing.TB
	dir  string
	node *cluster.Node
	s    *session.Session
}

// start starts a node of two shards on which it is always the same time.
func start(t testing.TB, dir string) *server {
	t.Helper()
	now := int64(1_700_000_000_000)
	node, err := cluster.Open(cluster.Config{DataDir: dir, Shards: 2, MemoryBytes: 32 << 20, Fatal: func(err error) { t.Error(err) },
		NowMillis: func() int64 { return now }, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	must(t, err)
	t.Cleanup(func() { node.Close() })
	must(t, node.WaitReady(context.Background()))
	s, err := session.New(node, session.Options{User: "tester", Database: "x"})
	must(t, err)
	return &server{t: t, dir: dir, node: node, s: s}
}

// run runs statements, each in its own transaction.
func (s *server) run(statements ...string) {
	s.t.Helper()
	ctx := context.Background()
	for _, sql := range statements {
		prepared, err := s.s.Prepare(ctx, "", sql, nil)
		must(s.t, err)
		portal, err := s.s.Bind(ctx, "", prepared, nil)
		must(s.t, err)
		for done := false; !done; {
			_, done, err = portal.Next(ctx, 0)
			must(s.t, err)
		}
		must(s.t, s.s.Sync(ctx))
	}
}

func (s *server) stop() {
	s.t.Helper()
	s.s.Close()
	must(s.t, s.node.Close())
}

var tables = []string{
	`CREATE TABLE products (id bigint PRIMARY KEY, name text, price numeric) WITH (partitions = 2)`,
	`CREATE STREAM orders (id bigint KEY, product bigint, quantity int) WITH (partitions = 2)`,
	`INSERT INTO products VALUES (1, 'lamp', 19.90), (2, 'a "chair"', 49.00)`,
	`INSERT INTO orders VALUES (100, 1, 2), (101, 2, NULL), (102, 1, 1)`,
	`UPDATE products SET price = 17.90 WHERE id = 1`,
	`DELETE FROM products WHERE id = 2`,
}

const view = `CREATE MATERIALIZED VIEW revenue AS SELECT p.name, count(*) AS orders, sum(o.quantity * p.price) AS revenue
	FROM orders o JOIN products p ON p.id = o.product GROUP BY p.name`

// stopped makes the data directory of a node that ran statements and was started once more: all it stored is synced then.
func stopped(t testing.TB, statements ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, dir)
	s.run(statements...)
	s.stop()
	start(t, dir).stop()
	return dir
}

// command runs a command of the program on the directory of a stopped node, and returns what it prints and its error. It says
// that the command changed nothing in dir.
func command(t testing.TB, dir string, args ...string) (string, error) {
	t.Helper()
	before := fingerprint(t, dir)
	out, err := execute(dir, args...)
	if fingerprint(t, dir) != before {
		t.Errorf("%v changed the directory", args)
	}
	return out, err
}

// execute runs a command of the program on dir, which a node may be changing meanwhile.
func execute(dir string, args ...string) (string, error) {
	root := &cobra.Command{Use: "millrace", SilenceUsage: true, SilenceErrors: true}
	root.AddCommand(inspect.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append(args, "--data-dir", dir))
	err := root.Execute()
	return out.String(), err
}

// fingerprint is a hash of all names, sizes, times and contents below dir. A write-ahead log has 64 MiB, so it is a fast one.
func fingerprint(t testing.TB, dir string) uint32 {
	t.Helper()
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano(), info.Mode())
		if e.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		h.Write(b)
		return err
	}))
	return h.Sum32()
}

// accidental is what differs from run to run.
var accidental = []struct{ pattern, replacement string }{
	{`\b[0-9a-f]{32}\b`, "TXN"},
	{`(?m)^.*decided to.*\n`, ""}, // until it is forgotten
	{`(entries up to|applied index:|entry) \d+`, "$1 N"},
	{`\d+ frames, \d+ bytes`, "N frames, N bytes"},
}

func normal(out, dir string) string {
	out = strings.ReplaceAll(out, dir, "DIR")
	for _, a := range accidental {
		out = regexp.MustCompile(a.pattern).ReplaceAllString(out, a.replacement)
	}
	return out
}

// TestCommands shows what the commands print of a table and a stream.
func TestCommands(t *testing.T) {
	dir := stopped(t, tables...)
	datadriven.RunTest(t, "testdata/commands", func(t *testing.T, d *datadriven.TestData) string {
		out, err := command(t, dir, strings.Fields(d.Input)...)
		if err != nil {
			out += "error: " + err.Error() + "\n"
		}
		return normal(out, dir)
	})
}

// TestMeta shows that the catalog comes as JSON, with its version and the index of its last entry.
func TestMeta(t *testing.T) {
	out, err := command(t, stopped(t, tables[:2]...), "meta", "dump")
	must(t, err)
	var got struct {
		Index, Version uint64
		Relations      []struct{ Name, Kind string }
	}
	must(t, json.Unmarshal([]byte(out), &got))
	if got.Index < 3 || got.Version < 2 || !strings.HasSuffix(fmt.Sprint(got.Relations), "{products table} {orders stream}]") {
		t.Errorf("index %d, version %d, relations %v", got.Index, got.Version, got.Relations)
	}
}

// TestView shows what is seen of a query: rows, internal topics with their columns, the state of its tasks, frontiers.
func TestView(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, dir)
	s.run(append(tables, view, `SELECT * FROM revenue`)...)
	s.stop()
	for _, c := range []struct{ args, want string }{
		{"log dump revenue --values", `value (name="lamp", orders=2, revenue=53.70)`},
		{"log dump 16386.1 --values", "of internal topic of view \"public.revenue\""},
		{"log dump 16386 --values", "value +1 ("},
		{"state dump --prefix rows", `of view "public.revenue", key 706c616d700001, offset `},
		{"state dump --prefix task", `task 4 partition 0 of the query of view "public.revenue", store 0, key 706c616d700001: `},
		{"state dump --prefix shard --shard 0", "shard frontier of 16386/4-0<0: [offset "},
		{"meta dump", `"topology": {`},
		{"log verify", "0 problems"},
	} {
		out, err := command(t, dir, strings.Fields(c.args)...)
		if err != nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v, want %q in\n%s", c.args, err, c.want, out)
		}
	}
}

// TestRefusals shows that a running node is left alone, and that nothing is made where there is no data directory.
func TestRefusals(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := start(t, dir)
	for _, args := range []string{"log dump", "log verify", "state dump", "meta dump"} {
		if _, err := execute(dir, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), "in use by another process; stop the node first") {
			t.Errorf("%s beside a running node: %v", args, err)
		}
	}
	s.stop()
	empty := t.TempDir()
	for _, none := range []string{empty, filepath.Join(empty, "none")} {
		root := inspect.Commands()[2]
		root.SetArgs([]string{"dump", "--data-dir", none})
		root.SilenceErrors, root.SilenceUsage = true, true
		if err := root.Execute(); err == nil || !strings.Contains(err.Error(), "is not a data directory") {
			t.Errorf("%s: %v", none, err)
		}
	}
	if names, err := os.ReadDir(empty); err != nil || len(names) > 0 {
		t.Errorf("made: %v, %v", names, err)
	}
}
