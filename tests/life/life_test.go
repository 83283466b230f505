// Package life_test shows the life of continuous queries on a real node: backfills and how far they are, waiting for them, and what
// crashes leave.
package life_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// show returns the rows of a SHOW of what users have made, each by column.
func show(t *testing.T, c *oracle.Client, statement string) []map[string]string {
	t.Helper()
	r := c.Query(t, statement)
	var out []map[string]string
	for _, row := range r.Rows {
		m := map[string]string{}
		for i, col := range r.Columns {
			m[col.Name] = row[i].Text
		}
		if m["schema"] == "public" {
			out = append(out, m)
		}
	}
	return out
}

// query returns the row of SHOW QUERIES of a view.
func query(t *testing.T, c *oracle.Client, name string) map[string]string {
	t.Helper()
	for _, q := range show(t, c, "SHOW QUERIES") {
		if q["name"] == name {
			return q
		}
	}
	t.Fatalf("no %s in SHOW QUERIES", name)
	return nil
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func one(t *testing.T, c *oracle.Client, statement string) string {
	t.Helper()
	r := c.Query(t, statement)
	if len(r.Rows) != 1 || len(r.Rows[0]) != 1 {
		t.Fatalf("%s: %v", statement, r.Rows)
	}
	return r.Rows[0][0].Text
}

// refused checks that a statement fails with the SQLSTATE.
func refused(t *testing.T, c *oracle.Client, code, statement string) *pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	if err := c.TryExec(statement); !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%s: got %v, want %s", statement, err, code)
	}
	return e
}

// Enough rows for a backfill that goes on while statements come, with 4 partitions.
const (
	manyRows = 60_000
	table    = "CREATE TABLE t (id int PRIMARY KEY, g int, v text)"
	fill     = "INSERT INTO t SELECT i, i % 1000, repeat('x', 50) FROM generate_series(1, 60000) i"
	view     = "AS SELECT g, count(*) AS n, sum(id) AS total, min(v) AS least FROM t GROUP BY g"
)

// TestBackfillIsSeen shows what SHOW QUERIES and SHOW TASKS say while a view takes in what is there, that writes go on meanwhile, and
// what they say when it is done.
func TestBackfillIsSeen(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, table+";\n"+fill+";\nCREATE MATERIALIZED VIEW v "+view)
	seen, percent := 0, 0.0
	for writes := 1; ; writes++ {
		q := query(t, c, "v")
		if q["state"] == "running" {
			break
		}
		if q["state"] != "backfill" {
			t.Fatalf("state %v", q)
		}
		if q["backfill_percent"] != "" {
			p := number(t, q["backfill_percent"])
			done, total := number(t, q["backfill_rows"]), number(t, q["backfill_total"])
			if p < percent || p > 100 || total > manyRows+1000 || done > total {
				t.Errorf("%v after %v percent", q, percent)
			}
			if percent = p; p > 0 && p < 100 {
				seen++
			}
		}
		c.Exec(t, "INSERT INTO t VALUES ("+strconv.Itoa(manyRows+writes)+", 0, 'y')")
	}
	if seen == 0 {
		t.Error("the backfill was never seen in its middle")
	}
	rows := one(t, c, "SELECT count(*) FROM t")
	if got := one(t, c, "SELECT sum(n) FROM v"); got != rows {
		t.Errorf("the view has %s rows, the table %s", got, rows)
	}
	q := query(t, c, "v")
	if q["lag_records"] != "0" || q["lag_seconds"] != "0.000" || q["backfill_percent"] != "" || number(t, q["state_bytes"]) == 0 {
		t.Errorf("at the end: %v", q)
	}
	in, commits := 0.0, 0.0
	for _, task := range show(t, c, "SHOW TASKS") {
		if task["query"] != "v" || task["state"] != "idle" || task["lag_records"] != "0" || task["frontier"] != task["end"] || task["last_error"] != "" {
			t.Errorf("task at the end: %v", task)
		}
		if task["kind"] == "forwarder" {
			in += number(t, task["rows_in"])
		}
		commits += number(t, task["commits"])
	}
	if in < number(t, rows) || commits < 8 {
		t.Errorf("forwarders took %v rows in, and there were %v commits", in, commits)
	}
	node.Kill(t)
	node.Restart(t)
	if q := query(t, c, "v"); q["state"] != "running" {
		t.Errorf("after a crash: %v", q)
	}
}

// TestWaitForBackfill shows WITH (wait = 'backfill'): the statement returns when the view has everything; when it is cancelled, or
// its time is over, the view stays and goes on, also in another process; and DROP ends it in its middle.
func TestWaitForBackfill(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, table+";\n"+fill)
	c.Exec(t, "CREATE MATERIALIZED VIEW v WITH (wait = 'backfill') "+view)
	c.Exec(t, "SET consistency = 'eventual'")
	if got := one(t, c, "SELECT sum(n) FROM v"); got != strconv.Itoa(manyRows) {
		t.Errorf("%s rows after the wait", got)
	}
	c.Exec(t, "CREATE TABLE u WITH (wait = backfill, partitions = 2) AS SELECT id FROM t WHERE id <= 1000;\nCREATE MATERIALIZED VIEW w WITH (wait = none) AS SELECT 1 AS one FROM u")
	if got := one(t, c, "SELECT count(*) FROM u"); got != "1000" {
		t.Errorf("u has %s rows", got)
	}
	c.Exec(t, "RESET consistency")
	refused(t, c, "22023", "CREATE MATERIALIZED VIEW x WITH (wait = 'yes') "+view)
	refused(t, c, "22023", "CREATE TABLE x (id int PRIMARY KEY) WITH (wait = 'backfill')")
	c.Exec(t, "BEGIN")
	refused(t, c, "25001", "CREATE MATERIALIZED VIEW x WITH (wait = 'backfill') "+view)
	c.Exec(t, "ROLLBACK")

	c.Exec(t, "SET statement_timeout = '50ms'")
	e := refused(t, c, "57014", "CREATE MATERIALIZED VIEW x WITH (wait = 'backfill') "+view)
	if !strings.Contains(e.Message, "statement timeout") || e.Detail != `The materialized view "x" was created, and its backfill goes on.` ||
		!strings.Contains(e.Hint, "SHOW QUERIES") {
		t.Errorf("%s, detail %s, hint %s", e.Message, e.Detail, e.Hint)
	}
	if e := refused(t, c, "57014", "SELECT * FROM x"); !strings.Contains(e.Detail, `The query of "x" was waited for: its task`) {
		t.Errorf("detail %q", e.Detail)
	}
	c.Exec(t, "RESET statement_timeout")
	node.Kill(t)
	node.Restart(t)
	if got := one(t, c, "SELECT sum(n) FROM x"); got != strconv.Itoa(manyRows) {
		t.Errorf("%s rows after a crash in the middle", got)
	}
	c.Exec(t, "CREATE MATERIALIZED VIEW y "+view+";\nDROP MATERIALIZED VIEW x, y")
	node.Kill(t)
	node.Restart(t)
	if q := show(t, c, "SHOW QUERIES"); len(q) != 3 {
		t.Errorf("after DROP: %v", q)
	}
	nothingElse(t, node, `table "public.t"`, `view "public.v"`, `view "public.u"`, `view "public.w"`)
}

// TestExplainRunning shows EXPLAIN (TOPOLOGY, ANALYZE): what each part of a running topology did and keeps.
func TestExplainRunning(t *testing.T) {
	c := oracle.StartMillrace(t, oracle.Options{}).Client
	c.Exec(t, `
		CREATE TABLE t (id int PRIMARY KEY, g int, v text);
		INSERT INTO t SELECT i, i % 10, 'x' FROM generate_series(1, 1000) i;
		CREATE MATERIALIZED VIEW v WITH (wait = 'backfill') AS SELECT g, count(*) AS n FROM t WHERE id > 500 GROUP BY g;
		CREATE MATERIALIZED VIEW w WITH (wait = 'backfill') AS SELECT t.id, v.n FROM t JOIN v ON v.g = t.g;
		INSERT INTO t VALUES (1001, 3, 'y')`)
	one(t, c, "SELECT count(*) FROM w")
	plan := strings.Join(lines(t, c, "EXPLAIN (TOPOLOGY, ANALYZE) SELECT * FROM v"), "\n")
	for _, want := range []string{
		"Actual: rows=1001 time=", // all of t
		"after steps rows=501 time=",
		"Actual: keys=10 bytes=",
		"view has keys=10 bytes=",
		"partitions=4 commits=",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in\n%s", want, plan)
		}
	}
	plan = strings.Join(lines(t, c, "EXPLAIN (TOPOLOGY, ANALYZE) SELECT * FROM w"), "\n")
	for _, want := range []string{"Actual: keys=1011 bytes=", "view has keys=1001 bytes="} { // rows of both sides; pairs
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in\n%s", want, plan)
		}
	}
	if plan := strings.Join(lines(t, c, "EXPLAIN (TOPOLOGY) SELECT * FROM v"), "\n"); strings.Contains(plan, "Actual") {
		t.Errorf("without ANALYZE:\n%s", plan)
	}
	refused(t, c, "42809", "EXPLAIN (TOPOLOGY, ANALYZE) SELECT * FROM t")
	refused(t, c, "0A000", "EXPLAIN (TOPOLOGY, ANALYZE) CREATE TABLE x AS SELECT id FROM t")
}

func lines(t *testing.T, c *oracle.Client, statement string) (out []string) {
	t.Helper()
	for _, row := range c.Query(t, statement).Rows {
		out = append(out, row[0].Text)
	}
	return out
}
