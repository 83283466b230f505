package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/pflag"
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
