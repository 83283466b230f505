// Package soak_test runs a node under a steady load of writers, readers, followers and DDL for as long as -soak says, with a stop and a kill in between,
// and looks whether memory, files and goroutines grow with time. What is stored does not: rows are replaced, streams expire.
package soak_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"math/rand"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

var soak = flag.Duration("soak", 10*time.Second, "how long the load runs")

// The load, and what a node may grow by between the first and the last quarter of a run between two starts: caches and pools that fill, files
// that are to be merged or deleted soon.
const (
	phases       = 3 // the node is stopped after the first and the last, killed after the second
	accounts     = 2_000
	samplesEach  = 40 // in a phase
	minSamples   = 8  // fewer say nothing of a slope
	memorySlack  = 64 << 20
	fileSlack    = 150
	handleSlack  = 100
	routineSlack = 100
)

const schema = `
	CREATE TABLE accounts (id int PRIMARY KEY, owner int NOT NULL, n bigint NOT NULL);
	CREATE TABLE owners (id int PRIMARY KEY, name text NOT NULL);
	CREATE STREAM events (account int KEY, n int) WITH (retention_bytes = '2MB', segment_bytes = '1MB');
	INSERT INTO owners SELECT i, 'owner ' || i FROM generate_series(0, 99) i;
	CREATE MATERIALIZED VIEW sums AS SELECT owner, count(*) AS accounts, sum(n) AS n FROM accounts GROUP BY owner;
	CREATE MATERIALIZED VIEW named AS SELECT o.name, s.accounts, s.n FROM sums s JOIN owners o ON o.id = s.owner;
	CREATE MATERIALIZED VIEW richest AS SELECT id, n FROM accounts ORDER BY n DESC, id LIMIT 10;
	CREATE MATERIALIZED VIEW seen WITH (state = 'memory') AS SELECT account, count(*) AS n FROM events GROUP BY account`

// checks compare views with their queries: each gives the number of rows that one has and the other lacks.
var checks = []string{
	both("SELECT owner, accounts, n FROM sums", "SELECT owner, count(*), sum(n) FROM accounts GROUP BY owner"),
	both("SELECT name, accounts, n FROM named", "SELECT o.name, count(*), sum(a.n) FROM accounts a JOIN owners o ON o.id = a.owner GROUP BY o.name"),
	both("SELECT id, n FROM richest", "SELECT id, n FROM (SELECT id, n FROM accounts ORDER BY n DESC, id LIMIT 10) x"),
}

func both(a, b string) string {
	return fmt.Sprintf("SELECT (SELECT count(*) FROM (%s EXCEPT ALL %s) x) + (SELECT count(*) FROM (%s EXCEPT ALL %s) y)", a, b, b, a)
}

func TestMain(m *testing.M) { oracle.Main(m) }

func TestSoak(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{Args: []string{"--memory", "96MB"}})
	node.Exec(t, schema)
	statements := 0
	for phase := range phases {
		l := &load{t: t, node: node}
		samples := l.run(*soak / phases)
		statements += l.statements
		report(t, phase, samples)
		for _, check := range checks {
			if got := node.Query(t, check).Rows[0][0].Text; got != "0" {
				t.Errorf("phase %d: %s rows differ: %s", phase, got, check)
			}
		}
		if phase == 1 {
			node.Kill(t)
		}
		node.Restart(t)
	}
	t.Logf("%d statements in %v", statements, *soak)
}

// load is the clients of one phase.
type load struct {
	t        *testing.T
	node     *oracle.Millrace
	stopping context.Context // ends with the phase
	wg       sync.WaitGroup

	mu         sync.Mutex
	statements int
}

// run lets all clients work for a time, and returns what the node took meanwhile.
func (l *load) run(long time.Duration) []sample {
	var stop context.CancelFunc
	l.stopping, stop = context.WithCancel(l.t.Context())
	defer stop()
	for i, work := range []func(*client) error{(*client).write, (*client).write, (*client).read, (*client).follow, (*client).define} {
		c := &client{load: l, conn: l.node.Conn(l.t), rng: rand.New(rand.NewSource(int64(i)))}
		l.wg.Go(func() { c.loop(work) })
	}
	every := time.NewTicker(max(long/samplesEach, time.Millisecond))
	defer every.Stop()
	end := time.After(long)
	var samples []sample
	for {
		samples = append(samples, take(l.t, l.node))
		select {
		case <-every.C:
			continue
		case <-end:
		}
		break
	}
	stop()
	l.wg.Wait()
	return samples
}

// client is one connection. It ends, and fails the test, with the first error.
type client struct {
	*load
	conn *pgx.Conn
	rng  *rand.Rand
}

func (c *client) loop(work func(*client) error) {
	for c.stopping.Err() == nil {
		if err := work(c); err != nil {
			c.t.Error(err)
			return
		}
		c.mu.Lock()
		c.statements++
		c.mu.Unlock()
	}
}

func (c *client) exec(format string, args ...any) error {
	return c.execUnder(c.t.Context(), fmt.Sprintf(format, args...))
}

func (c *client) execUnder(ctx context.Context, sql string) error {
	if _, err := c.conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func (c *client) account() int { return c.rng.Intn(accounts) }

func (c *client) write() error {
	switch c.rng.Intn(4) {
	case 0:
		return c.exec("DELETE FROM accounts WHERE id = %d", c.account())
	case 1:
		return c.exec("UPDATE accounts SET n = n + %d WHERE owner = %d", c.rng.Intn(100), c.rng.Intn(100))
	case 2:
		return c.exec("INSERT INTO events SELECT %d, i FROM generate_series(1, 50) i", c.account())
	}
	return c.exec("INSERT INTO accounts SELECT i, %d, %d FROM generate_series(%d, %[3]d + 20) i ON CONFLICT (id) DO UPDATE SET n = accounts.n + EXCLUDED.n, owner = EXCLUDED.owner",
		c.rng.Intn(100), c.rng.Intn(1000), c.account())
}

func (c *client) read() error {
	switch c.rng.Intn(3) {
	case 0:
		return c.exec("SELECT * FROM named ORDER BY n DESC LIMIT 10")
	case 1:
		return c.exec("SELECT sum(n) FROM seen; SHOW QUERIES; SHOW TASKS")
	}
	return c.exec("BEGIN; SELECT * FROM richest; SELECT count(*) FROM accounts; COMMIT")
}

// follow takes some changes of a view by a cursor, and goes. At the end of a phase nobody makes changes any more.
func (c *client) follow() error {
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	defer context.AfterFunc(c.stopping, cancel)()
	err := c.execUnder(ctx, "BEGIN; DECLARE f CURSOR FOR SELECT * FROM named EMIT CHANGES; FETCH 50 FROM f; CLOSE f; COMMIT")
	if c.stopping.Err() != nil {
		return nil
	}
	return err
}

// define makes views, replaces them and drops them.
func (c *client) define() error {
	for _, statement := range []string{
		"CREATE MATERIALIZED VIEW passing WITH (wait = 'backfill') AS SELECT id, n FROM accounts WHERE n > 100",
		"CREATE OR REPLACE MATERIALIZED VIEW passing WITH (wait = 'backfill') AS SELECT id, n, owner FROM accounts WHERE n > 200",
		"SELECT count(*) FROM passing",
		"DROP MATERIALIZED VIEW passing",
	} {
		if err := c.exec("%s", statement); err != nil {
			return err
		}
	}
	return nil
}

// sample is what a node takes at a moment.
type sample struct{ memory, handles, routines, files int }

func take(t *testing.T, node *oracle.Millrace) sample {
	t.Helper()
	metrics := node.Metrics(t)
	files := 0
	_ = filepath.WalkDir(node.DataDir(), func(_ string, d fs.DirEntry, err error) error { // files come and go meanwhile
		if err == nil && !d.IsDir() {
			files++
		}
		return nil
	})
	return sample{memory: metric(t, metrics, "process_resident_memory_bytes"), handles: metric(t, metrics, "process_open_fds"),
		routines: metric(t, metrics, "go_goroutines"), files: files}
}

func metric(t *testing.T, metrics, name string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(metrics)
	if m == nil {
		t.Fatalf("no %s on /metrics", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(v)
}

// report checks that nothing has grown between the first and the last quarter of a phase, after its first quarter, in which caches fill.
func report(t *testing.T, phase int, samples []sample) {
	t.Helper()
	if len(samples) < minSamples {
		t.Logf("phase %d: %d samples, which say nothing of a slope", phase, len(samples))
		return
	}
	quarter := len(samples) / 4
	early, late := samples[quarter:2*quarter], samples[len(samples)-quarter:]
	for _, q := range []struct {
		name  string
		of    func(sample) int
		slack int
	}{
		{"memory", func(s sample) int { return s.memory }, memorySlack},
		{"open files", func(s sample) int { return s.handles }, handleSlack},
		{"goroutines", func(s sample) int { return s.routines }, routineSlack},
		{"files", func(s sample) int { return s.files }, fileSlack},
	} {
		from, to := median(early, q.of), median(late, q.of)
		t.Logf("phase %d: %s from %d to %d", phase, q.name, from, to)
		if to > from+q.slack {
			t.Errorf("phase %d: %s have grown from %d to %d", phase, q.name, from, to)
		}
	}
}

func median(samples []sample, of func(sample) int) int {
	var values []int
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
