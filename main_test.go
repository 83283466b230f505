package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/pflag"

	"github.com/millracedb/millrace/cluster"
)

// TestVersion shows what `millrace version` prints.
func TestVersion(t *testing.T) {
	var out bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetArgs([]string{"version"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "millrace "+version) {
		t.Errorf("got %q", out.String())
	}
}

// TestParse shows what `millrace parse` prints of SQL from its arguments and from its input, and how it refuses.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		args      []string
		in        string
		out, errs string
		err       error
	}{
		{[]string{"SELECT a", "FROM t"}, "", "tokens\n  1 word select\n  8 ident \"a\"\n  10 word from\n  15 ident \"t\"\n" +
			"translation\n  SELECT `select@2`(), `a@3` FROM `t@4`\ntree\n  SelectStmt\n", "", nil},
		{nil, "COMMIT;\nBEGIN", "tree\n  Transaction\n", "", nil},
		{nil, "", "tokens\ntranslation\ntree\n", "", nil},
		{nil, "SELECT 1,\n\t'ü' x y", "tokens\n  1 word select\n", "ERROR:  42601: syntax error at or near \"y\"\nLINE 2: \t'ü' x y\n        \t      ^\n", errRefused},
		{[]string{"DO 'x'"}, "", "tree\n  Unsupported@1\n", "", nil},
		{[]string{"SELECT 'x"}, "", "  8 error\n", "ERROR:  42601: unterminated quoted string at or near \"'x\"\nLINE 1: SELECT 'x\n               ^\n", errRefused},
		{[]string{"SELECT " + strings.Repeat("x", 70)}, "", "tree\n", "NOTICE:  42622: ", nil},
	} {
		var out, errs bytes.Buffer
		root := rootCommand()
		root.SetIn(strings.NewReader(c.in))
		root.SetOut(&out)
		root.SetErr(&errs)
		root.SetArgs(append([]string{"parse"}, c.args...))
		if err := root.Execute(); !errors.Is(err, c.err) {
			t.Errorf("%q: %v", c.args, err)
		}
		if !strings.Contains(out.String(), c.out) || !strings.HasPrefix(errs.String(), c.errs) || c.errs == "" && errs.Len() > 0 {
			t.Errorf("%q %q: got\n%s%s", c.args, c.in, out.String(), errs.String())
		}
	}
}

// TestConfig shows that a file sets what no flag has set, and that names which are no flags are refused.
func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
		args             []string
	}{
		{"file", "shards: 3\nmemory: 1GB\npg-listen: 127.0.0.1:1\n", "3 1GB 127.0.0.1:1", nil},
		{"flags win", "shards: 3\nmemory: 1GB\n", "5 1GB 127.0.0.1:7432", []string{"--shards", "5"}},
		{"empty", "", "8  127.0.0.1:7432", nil},
		{"unknown", "sharts: 3\n", `unknown name "sharts"`, nil},
		{"itself", "config: other\n", `unknown name "config"`, nil},
		{"bad value", "shards: many\n", "shards: ", nil},
		{"no YAML", "shards: [", "read the configuration", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "millrace.yaml")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			o, flags := &options{}, pflag.NewFlagSet("serve", pflag.ContinueOnError)
			o.define(flags)
			if err := flags.Parse(c.args); err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := readConfig(path, flags); err != nil {
				got = err.Error()
			} else {
				shards, _ := flags.GetInt("shards")
				got = strings.Join([]string{flags.Lookup("shards").Value.String(), o.memory, o.pgListen}, " ")
				if shards != o.shards {
					t.Errorf("shards: %d and %d", shards, o.shards)
				}
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestShardsThatAreNone shows that a number of shards below one is refused, and not taken for the default.
func TestShardsThatAreNone(t *testing.T) {
	for _, given := range []int{0, -1} {
		if err := (&options{shards: given}).settleShards(true); err == nil {
			t.Errorf("--shards %d was not refused", given)
		}
	}
	o := &options{shards: 8}
	if err := o.settleShards(false); err != nil || o.shards != 0 {
		t.Errorf("not given: %d shards, %v", o.shards, err)
	}
}

// TestParseBytes shows what --memory takes.
func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"134217728": 128 << 20, "512MB": 512 << 20, "512 MB": 512 << 20, "4GB": 4 << 30, "4gib": 4 << 30, "4GiB": 4 << 30, "1TB": 1 << 40,
		"": 0, "lots": 0, "4XB": 0, "1.5GB": 0, "-1GB": 0, "9999999TB": 0, "1MB": 0,
	} {
		got, err := parseBytes(text)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%q: got %d, %v, want %d", text, got, err, want)
		}
	}
}

// TestHeapLimit shows what RocksDB leaves of the budget, and the least.
func TestHeapLimit(t *testing.T) {
	for memory, want := range map[int64]int64{64 << 20: 256 << 20, 8 << 30: 5 << 30} {
		if got := heapLimit(memory); got != want {
			t.Errorf("of %d bytes: %d, want %d", memory, got, want)
		}
	}
}

// TestServeRefuses shows what serve does not start with, and that it says why.
func TestServeRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*options)
		want   string
	}{
		"not loopback": {func(o *options) { o.pgListen = "0.0.0.0:0" }, "no role has a password"},
		"no password":  {func(o *options) { o.passwordFile = os.DevNull }, "first line is empty"},
		"half of TLS":  {func(o *options) { o.tlsKey = "key" }, "give both or none"},
		"no address":   {func(o *options) { o.pgListen = "nowhere" }, "--pg-listen nowhere"},
		"log level":    {func(o *options) { o.logLevel = "loud" }, "--log-level loud"},
		"memory":       {func(o *options) { o.memory = "much" }, "--memory much"},
		"config":       {func(o *options) { o.httpListen = "nowhere" }, "--http-listen nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			o := testOptions(t)
			c.change(o)
			err := serve(t.Context(), o, func(string) { t.Error("it says that it is ready") })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func testOptions(t *testing.T) *options {
	return &options{dataDir: filepath.Join(t.TempDir(), "data"), pgListen: "127.0.0.1:0", httpListen: "127.0.0.1:0", shards: 2,
		memory: "256MB", logLevel: "error"}
}

// readyLine is what serve says when it is ready.
var readyLine = regexp.MustCompile(`^millrace ready: pg (\S+), http (\S+), data (\S+)$`)

// running is a server in this process.
type running struct {
	pg, http string
	stop     func() error
}

func start(t *testing.T, o *options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	line, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- serve(ctx, o, func(s string) { line <- s }) }()
	select {
	case err := <-ended:
		cancel()
		t.Fatalf("serve ended: %v", err)
		return nil
	case s := <-line:
		m := readyLine.FindStringSubmatch(s)
		if m == nil {
			t.Fatalf("the ready line is %q", s)
		}
		return &running{pg: m[1], http: m[2], stop: func() error { cancel(); return <-ended }}
	}
}

// TestServe shows a server from its ready line to its orderly end, that its data are there after a restart, and that a
// second server on the same data, and another number of shards, are refused.
func TestServe(t *testing.T) {
	o := testOptions(t)
	server := start(t, o)
	query(t, server.pg, "CREATE TABLE t (id int PRIMARY KEY)")
	query(t, server.pg, "INSERT INTO t VALUES (1), (2)")
	if got := get(t, "http://"+server.http+"/readyz"); got != "ok\n" {
		t.Errorf("/readyz: %q", got)
	}
	if got := get(t, "http://"+server.http+"/metrics"); !strings.Contains(got, "millrace_pg_statements_total") {
		t.Errorf("/metrics lacks ours: %q", got)
	}
	second := *o
	if err := serve(t.Context(), &second, func(string) {}); err == nil {
		t.Error("a second server on the same data was not refused")
	}
	if err := server.stop(); err != nil {
		t.Fatal(err)
	}
	other := *o
	other.shards = 3
	if err := serve(t.Context(), &other, func(string) {}); err == nil {
		t.Error("another number of shards was not refused")
	}
	server = start(t, o)
	if got := query(t, server.pg, "SELECT count(*) FROM t"); got != 2 {
		t.Errorf("%d rows after a restart", got)
	}
	if err := server.stop(); err != nil {
		t.Fatal(err)
	}
}

// TestListensBeyond shows that with a password a server takes an address that others can reach, and asks for it.
func TestListensBeyond(t *testing.T) {
	o := testOptions(t)
	o.pgListen, o.passwordFile = "0.0.0.0:0", filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(o.passwordFile, []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	server := start(t, o)
	address := strings.Replace(server.pg, "[::]", "127.0.0.1", 1)
	for password, want := range map[string]bool{"open%20sesame": true, "sesame": false} {
		conn, err := pgx.Connect(t.Context(), "postgres://millrace:"+password+"@"+address+"/x")
		if (err == nil) != want {
			t.Errorf("%q: %v", password, err)
		}
		if err == nil {
			_ = conn.Close(t.Context())
		}
	}
	if err := server.stop(); err != nil {
		t.Fatal(err)
	}
}

// query runs a statement and returns the number in its only row, 0 if there is none.
func query(t *testing.T, address, sql string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://tester@"+address+"/x")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func get(t *testing.T, url string) string {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// newDamageable returns the options of a server that has ended, with a table, a stream and a view of 40 rows over two shards, and a
// snapshot of all that.
func newDamageable(t *testing.T) *options {
	t.Helper()
	o := testOptions(t)
	server := start(t, o)
	query(t, server.pg, "CREATE TABLE t (id int PRIMARY KEY, v text) WITH (partitions = 2)")
	query(t, server.pg, "CREATE STREAM s (id int KEY, v text) WITH (partitions = 2)")
	query(t, server.pg, "CREATE MATERIALIZED VIEW w WITH (partitions = 2) AS SELECT id % 7 AS k, count(*) AS n FROM s GROUP BY id % 7")
	for id := range 40 {
		query(t, server.pg, fmt.Sprintf("INSERT INTO t VALUES (%d, 'a')", id))
		query(t, server.pg, fmt.Sprintf("INSERT INTO s VALUES (%d, 'a')", id))
	}
	if n := query(t, server.pg, "SELECT sum(n)::int FROM w"); n != 40 {
		t.Fatalf("the view has %d", n)
	}
	must(t, server.stop())
	n, err := cluster.Open(cluster.Config{DataDir: o.dataDir, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	must(t, err)
	must(t, n.WaitReady(t.Context()))
	must(t, n.TakeSnapshots())
	must(t, n.Close())
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// try runs a statement and returns its error, which is nil or has SQLSTATE XX001.
func try(t *testing.T, conn *pgx.Conn, sql string) *pgconn.PgError {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql)
	if err == nil {
		return nil
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != "XX001" {
		t.Fatalf("%s: %v", sql, err)
	}
	return refused
}

// wantSome runs a statement for keys of all partitions: some of them must work, and others meet the damage.
func wantSome(t *testing.T, conn *pgx.Conn, format, message string) {
	t.Helper()
	worked, failed := 0, 0
	for id := range 20 {
		err := try(t, conn, fmt.Sprintf(format, id))
		switch {
		case err == nil:
			worked++
		case !strings.Contains(err.Message, message):
			t.Errorf(format+": %s", id, err.Message)
		default:
			failed++
		}
	}
	if worked == 0 || failed == 0 {
		t.Errorf(format+": %d worked, %d failed", 0, worked, failed)
	}
}

func connect(t *testing.T, server *running) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://tester@"+server.pg+"/x")
	must(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// flip flips a bit of a file, or flips it back.
func flip(t *testing.T, name string, at int64) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	must(t, err)
	_, err = f.WriteAt([]byte{b[0] ^ 8}, at)
	must(t, errors.Join(err, f.Close()))
}

// TestServeDamagedShard shows a server one of whose shards has a flipped bit in each table of its RocksDB, which its checkpoint shares: it
// starts, also a second time, serves the other shard, and says of everything else what is wrong and where. With the files mended
// all is there.
func TestServeDamagedShard(t *testing.T) {
	o := newDamageable(t)
	tables, err := filepath.Glob(filepath.Join(o.dataDir, "shards/0/state/*.sst"))
	must(t, err)
	mend := func() {
		for _, name := range tables {
			flip(t, name, 10)
		}
	}
	mend()
	const message = "data of shard 0 is damaged: "
	for range 2 {
		server := start(t, o)
		conn := connect(t, server)
		wantSome(t, conn, "SELECT v FROM t WHERE id = %d", message)
		wantSome(t, conn, "UPDATE t SET v = 'b' WHERE id = %d", message)
		wantSome(t, conn, "INSERT INTO s VALUES (100 + %d, 'b')", message)
		for _, sql := range []string{"SELECT * FROM t", "SELECT * FROM s", "SELECT * FROM w", "SELECT * FROM w WHERE k = 1",
			"UPDATE t SET v = 'b'", "INSERT INTO t VALUES (101, 'b'), (102, 'b'), (103, 'b'), (104, 'b'), (105, 'b'), (106, 'b'), (107, 'b')"} {
			refused := try(t, conn, sql)
			if refused == nil || !strings.Contains(refused.Message, message) || !strings.Contains(refused.Message, ".sst") ||
				!strings.Contains(refused.Message, "offset") || refused.Hint == "" {
				t.Errorf("%s: %v", sql, refused)
			}
		}
		rows, err := conn.Query(t.Context(), "SHOW QUERIES")
		must(t, err)
		for rows.Next() {
			v, err := rows.Values()
			must(t, err)
			if v[2] != "waiting" || !strings.Contains(v[3].(string), message) {
				t.Errorf("SHOW QUERIES: %v", v)
			}
		}
		must(t, rows.Err())
		if got := get(t, "http://"+server.http+"/readyz"); !strings.HasPrefix(got, "ok\nisolated: "+message) || strings.Count(got, "\n") != 2 {
			t.Errorf("/readyz: %q", got)
		}
		if got := get(t, "http://"+server.http+"/metrics"); !strings.Contains(got, "millrace_shard_isolated{shard=\"0\"} 1\n") ||
			!strings.Contains(got, "millrace_shard_isolated{shard=\"1\"} 0\n") {
			t.Error("/metrics does not say so")
		}
		must(t, server.stop())
	}
	mend()
	server := start(t, o)
	if n := query(t, server.pg, "SELECT count(*)::int FROM t WHERE v = 'a'"); n >= 40 || n <= 20 {
		t.Errorf("%d rows were not updated", n)
	}
	want := query(t, server.pg, "SELECT count(*)::int FROM s")
	if n := query(t, server.pg, "SELECT sum(n)::int FROM w"); n != want || n <= 40 {
		t.Errorf("the view has %d of %d", n, want)
	}
	if got := get(t, "http://"+server.http+"/readyz"); got != "ok\n" {
		t.Errorf("/readyz: %q", got)
	}
	must(t, server.stop())
}

// TestServeDamagedPartition shows a server with a flipped bit in a segment, and with a segment that has lost its end: reads of the partition
// say what is wrong, with file and position; what is elsewhere is served. A partition whose records are known to be lost is isolated, and
// /readyz has a line.
func TestServeDamagedPartition(t *testing.T) {
	for _, c := range []struct {
		name     string
		damage   func(t *testing.T, segment string)
		message  string
		isolated bool
	}{
		{"flipped bit", func(t *testing.T, segment string) { flip(t, segment, 70) }, ".log at 0: ", false},
		{"lost end", func(t *testing.T, segment string) {
			info, err := os.Stat(segment)
			must(t, err)
			must(t, os.Truncate(segment, info.Size()/2))
		}, "16385.0-0", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newDamageable(t)
			c.damage(t, filepath.Join(o.dataDir, "shards/0/topics/16385.0-0/00000000000000000000.log"))
			for range 2 {
				server := start(t, o)
				conn := connect(t, server)
				if refused := try(t, conn, "SELECT * FROM s"); refused == nil || !strings.Contains(refused.Message, c.message) {
					t.Errorf("got %v", refused)
				}
				if refused := try(t, conn, "SELECT * FROM t"); refused != nil {
					t.Errorf("the neighbour: %v", refused)
				}
				if refused := try(t, conn, "UPDATE t SET v = 'b'"); refused != nil {
					t.Errorf("the neighbour: %v", refused)
				}
				readyz := get(t, "http://"+server.http+"/readyz")
				if c.isolated {
					wantSome(t, conn, "INSERT INTO s VALUES (100 + %d, 'b')", c.message)
					if !strings.HasPrefix(readyz, "ok\nisolated: shard 0: partition 16385.0-0 is damaged") || !strings.Contains(readyz, c.message) {
						t.Errorf("/readyz: %q", readyz)
					}
				} else if readyz != "ok\n" {
					t.Errorf("/readyz: %q", readyz)
				}
				must(t, server.stop())
			}
		})
	}
}
