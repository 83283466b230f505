// Package flights_test is the demonstration as a test: real flights, nine views over them, and PostgreSQL, which
// runs the same queries over the same rows, as the judge. The SQL is what `make demo` runs.
package flights_test

import (
	_ "embed"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

var (
	//go:embed schema.sql
	schema string
	//go:embed views.sql
	views string
	//go:embed changes.sql
	changes string
	//go:embed more_changes.sql
	moreChanges string
)

// data is the rows to load: relation and file, in the order of loading.
var data = [][2]string{
	{"carriers", "airlines.csv"},
	{"planes", "planes.csv"},
	{"airports", "airports.csv"},
	{"flights", "flights.csv"},
	{"weather", "weather.csv"},
}

func TestMain(m *testing.M) { oracle.Main(m) }

// TestDemo shows that views which are created over rows that are there hold what PostgreSQL's queries give: after
// the load, after changes to the tables, after a crash, and after further changes.
func TestDemo(t *testing.T) {
	millrace := oracle.StartMillrace(t, oracle.Options{})
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: millrace.Client}
	pair.Exec(t, schema)
	load(t, pair)
	pair.Exec(t, views)
	story(t, pair, func() { crash(t, millrace) })
}

// TestViewsBeforeRows shows the same of views that were there first, and kept up while the rows came in.
func TestViewsBeforeRows(t *testing.T) {
	millrace := oracle.StartMillrace(t, oracle.Options{})
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: millrace.Client}
	pair.Exec(t, schema)
	pair.Exec(t, views)
	load(t, pair)
	story(t, pair, func() { crash(t, millrace) })
}

// TestJudge shows that the queries of the views have one answer: that PostgreSQL agrees with itself about each.
func TestJudge(t *testing.T) {
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: oracle.StartPostgres(t)}
	pair.Exec(t, schema)
	load(t, pair)
	pair.Exec(t, views)
	story(t, pair, func() {})
}

// story compares all views after each chapter, and the deepest ones, which read views, after each statement: a read
// that starts after a write was acknowledged sees it, through whatever lies between.
func story(t *testing.T, pair oracle.Pair, crash func()) {
	compareAll(t, pair, "after the load")
	tell(t, pair, changes)
	compareAll(t, pair, "after changes")
	crash()
	compareAll(t, pair, "after a crash")
	tell(t, pair, moreChanges)
	compareAll(t, pair, "after more changes")
}

func tell(t *testing.T, pair oracle.Pair, script string) {
	t.Helper()
	for _, statement := range oracle.Statements(script) {
		pair.Exec(t, statement)
		for _, view := range []string{"carrier_totals", "carrier_makers"} {
			pair.Compare(t, view+" after "+statement, "SELECT * FROM "+view)
		}
	}
}

func crash(t *testing.T, millrace *oracle.Millrace) {
	t.Helper()
	millrace.Kill(t)
	millrace.Restart(t)
}

// compareAll compares all tables, streams and views whole, and ends the test if one differs: what follows would
// differ as well.
func compareAll(t *testing.T, pair oracle.Pair, when string) {
	t.Helper()
	for _, relation := range relations(t) {
		pair.Compare(t, relation+" "+when, "SELECT * FROM "+relation)
	}
	if t.Failed() {
		t.FailNow()
	}
}

var created = regexp.MustCompile(`(?m)^CREATE (?:TABLE|STREAM|MATERIALIZED VIEW) (\w+)`)

// relations are the names of all that schema and views create.
func relations(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, match := range created.FindAllStringSubmatch(schema+views, -1) {
		names = append(names, match[1])
	}
	if len(names) != len(data)+9 {
		t.Fatalf("the scripts create %v", names)
	}
	return names
}

func load(t *testing.T, pair oracle.Pair) {
	t.Helper()
	for _, d := range data {
		pair.CopyCSV(t, d[0], filepath.Join("..", "testdata", "nycflights", d[1]))
	}
}
