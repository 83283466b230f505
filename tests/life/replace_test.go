package life_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// newView has a column more than view, and other values.
const newView = "AS SELECT g, count(*) AS n, sum(id) * 10 AS total, min(v) AS least, max(id) AS most FROM t GROUP BY g"

// What the two versions say.
const (
	oldTotal = "1800030000"
	newTotal = "18000300000"
)

// TestReplaceView shows CREATE OR REPLACE MATERIALIZED VIEW: the present version serves until the new one has caught up, no SELECT fails, none
// sees a part of either, and what was granted and said stays.
func TestReplaceView(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, table+";\n"+fill+`;
		CREATE OR REPLACE MATERIALIZED VIEW v WITH (wait = 'backfill') `+view+`;
		CREATE ROLE reader;
		GRANT SELECT ON v TO reader;
		COMMENT ON MATERIALIZED VIEW v IS 'sums';
		COMMENT ON COLUMN v.total IS 'of ids'`)
	stop, totals := make(chan struct{}), make(chan []string)
	conn := c.Conn(t)
	go func() { totals <- readTotals(t, conn, stop) }()
	c.Exec(t, "CREATE OR REPLACE MATERIALIZED VIEW v "+newView)
	if states := statesOf(show(t, c, "SHOW QUERIES")); !slices.Equal(states, []string{"backfill", "running"}) {
		t.Errorf("while it is made: %v", states)
	}
	if got := one(t, c, "SELECT sum(total) FROM v"); got != oldTotal {
		t.Errorf("total of %s while the new version is made", got)
	}
	c.Exec(t, "INSERT INTO t VALUES (0, 5, 'later');\nDELETE FROM t WHERE id = 0")
	c.Exec(t, "CREATE OR REPLACE MATERIALIZED VIEW v WITH (wait = 'backfill') "+newView) // begins once more
	if got := one(t, c, "SELECT sum(total) FROM v"); got != newTotal {
		t.Errorf("total of %s afterwards", got)
	}
	close(stop)
	seen := <-totals
	if !slices.Contains(seen, oldTotal) || !slices.Contains(seen, newTotal) || len(slices.Compact(seen)) != 2 {
		t.Errorf("a reader saw %v", slices.Compact(seen))
	}
	if got := one(t, c, "SELECT max(most) FROM v"); got != "60000" {
		t.Errorf("the new column has %s", got)
	}
	if got := one(t, c, "SELECT obj_description('v'::regclass) || col_description('v'::regclass, 3) || has_table_privilege('reader', 'v', 'SELECT')"); got != "sumsof idstrue" {
		t.Errorf("%s", got)
	}
	nothingElse(t, node, `view "public.v"`, `table "public.t"`)
}

// readTotals reads the view until stop is closed and once more, and returns what it saw, in order.
func readTotals(t *testing.T, conn *pgx.Conn, stop chan struct{}) (seen []string) {
	for last := false; ; {
		select {
		case <-stop:
			last = true
		default:
		}
		var total string
		if err := conn.QueryRow(t.Context(), "SELECT sum(total)::text FROM v").Scan(&total); err != nil {
			t.Errorf("a reader: %v", err)
			return seen
		}
		if len(seen) == 0 || seen[len(seen)-1] != total {
			seen = append(seen, total)
		}
		if last {
			return seen
		}
	}
}

func statesOf(queries []map[string]string) (states []string) {
	for _, q := range queries {
		states = append(states, q["state"])
	}
	slices.Sort(states)
	return states
}

var dumpedLine = regexp.MustCompile(`(?m)^  (?:rows \S+ of|task \d+ partition \d+ of the query of) ([^,]+),`)

// leftovers returns whose rows and state a dump has that are not of the relations.
func leftovers(dump string, relations ...string) []string {
	var out []string
	for _, m := range dumpedLine.FindAllStringSubmatch(dump, -1) {
		if !slices.Contains(relations, m[1]) {
			out = append(out, m[1])
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// nothingElse stops the node and checks that it has rows and state of the relations alone. What a stop or a crash has cut off of a drop
// the next start does, beside its other work.
func nothingElse(t *testing.T, node *oracle.Millrace, relations ...string) {
	t.Helper()
	const starts = 20
	var left []string
	for range starts {
		node.Stop(t)
		if left = leftovers(node.Command(t, "state", "dump"), relations...); len(left) == 0 {
			return
		}
		node.Restart(t)
	}
	t.Errorf("rows or state of %v after %d starts", left, starts)
}

// TestReplaceIsRefused shows what cannot be replaced, or not by what.
func TestReplaceIsRefused(t *testing.T) {
	c := oracle.StartMillrace(t, oracle.Options{}).Client
	c.Exec(t, `
		CREATE TABLE t (id int PRIMARY KEY, g int);
		CREATE VIEW p AS SELECT 1 AS one;
		CREATE MATERIALIZED VIEW v AS SELECT id, g FROM t;
		CREATE MATERIALIZED VIEW w AS SELECT count(*) AS n FROM v`)
	for statement, code := range map[string]string{
		"CREATE OR REPLACE MATERIALIZED VIEW t AS SELECT 1 AS id":                         "42809",
		"CREATE OR REPLACE MATERIALIZED VIEW p AS SELECT 1 AS one":                        "42809",
		"CREATE OR REPLACE MATERIALIZED VIEW w AS SELECT n FROM w":                        "42P17",
		"CREATE OR REPLACE MATERIALIZED VIEW w AS SELECT 1 AS n FROM t":                   "42P16",
		"CREATE OR REPLACE MATERIALIZED VIEW w AS SELECT count(*) AS m FROM t":            "42P16",
		"CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT id FROM t":                       "42P16",
		"CREATE OR REPLACE STREAM v AS SELECT id FROM t":                                  "0A000",
		"CREATE OR REPLACE MATERIALIZED VIEW v WITH (nothing = 1) AS SELECT id, g FROM t": "22023",
	} {
		refused(t, c, code, statement)
	}
	e := refused(t, c, "2BP01", "CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT id, g FROM t WHERE g > 1")
	if e.Message != "cannot replace materialized view v because other objects depend on it" || e.Detail != "materialized view w depends on materialized view v" {
		t.Errorf("%s: %s", e.Message, e.Detail)
	}
	if q := show(t, c, "SHOW QUERIES"); len(q) != 2 {
		t.Errorf("%v", q)
	}
}

// TestReplaceFails shows that a new version that fails leaves the present one, says why, and goes with the next.
func TestReplaceFails(t *testing.T) {
	c := oracle.StartMillrace(t, oracle.Options{Args: []string{"--memory", "64MB"}}).Client // 8 MB of it for state in memory
	c.Exec(t, table+";\n"+fill+`;
		CREATE MATERIALIZED VIEW v WITH (wait = 'backfill') AS SELECT id, v FROM t WHERE id <= 10`)
	e := refused(t, c, "55000", "CREATE OR REPLACE MATERIALIZED VIEW v WITH (state = 'memory', wait = 'backfill') AS SELECT id, v || v || v AS v FROM t")
	if !strings.Contains(e.Message, "out of memory") || e.Hint == "" {
		t.Errorf("%s, hint %s", e.Message, e.Hint)
	}
	if got := one(t, c, "SELECT count(*) FROM v"); got != "10" {
		t.Errorf("%s rows", got)
	}
	if states := statesOf(show(t, c, "SHOW QUERIES")); !slices.Equal(states, []string{"failed", "running"}) {
		t.Errorf("%v", states)
	}
	c.Exec(t, "CREATE OR REPLACE MATERIALIZED VIEW v WITH (wait = 'backfill') AS SELECT id, v FROM t WHERE id <= 20")
	if got := one(t, c, "SELECT count(*) FROM v"); got != "20" {
		t.Errorf("%s rows", got)
	}
	if states := statesOf(show(t, c, "SHOW QUERIES")); !slices.Equal(states, []string{"running"}) {
		t.Errorf("%v", states)
	}
	c.Exec(t, "CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT id, v FROM t;\nDROP MATERIALIZED VIEW v")
	if q := show(t, c, "SHOW QUERIES"); len(q) != 0 {
		t.Errorf("after DROP: %v", q)
	}
}

// TestReplaceAcrossKills kills the node while a new version is made and when it takes its place: there is always one of the two versions, whole,
// in the end the new one, and nothing of others.
func TestReplaceAcrossKills(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, table+";\n"+fill+";\nCREATE MATERIALIZED VIEW v WITH (wait = 'backfill') "+view)
	for round := range 4 {
		c.Exec(t, "CREATE OR REPLACE MATERIALIZED VIEW v "+newView)
		for range 1 << (2 * round) { // later from round to round
			if len(show(t, c, "SHOW QUERIES")) == 1 {
				break
			}
		}
		node.Kill(t)
		node.Restart(t)
		if got := one(t, c, "SELECT sum(total) FROM v"); got != oldTotal && got != newTotal {
			t.Errorf("round %d: total of %s", round, got)
		}
	}
	c.Exec(t, "CREATE OR REPLACE MATERIALIZED VIEW v WITH (wait = 'backfill') "+newView)
	node.Kill(t)
	node.Restart(t)
	if got := one(t, c, "SELECT sum(total) FROM v"); got != newTotal {
		t.Errorf("total of %s in the end", got)
	}
	if q := show(t, c, "SHOW QUERIES"); len(q) != 1 {
		t.Errorf("in the end: %v", q)
	}
	nothingElse(t, node, `view "public.v"`, `table "public.t"`)
}
