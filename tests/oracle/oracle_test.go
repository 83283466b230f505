package oracle

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

func TestMain(m *testing.M) { Main(m) }

// TestDiff shows which results the judge takes for the same, and how it tells others apart.
func TestDiff(t *testing.T) {
	columns := []Column{{"k", pgtype.TextOID}, {"x", pgtype.Float8OID}}
	for _, c := range []struct {
		name      string
		want, got [][]any
		diff      string
	}{
		{"none", nil, nil, ""},
		{"another order", [][]any{{"a", "1"}, {"b", "2"}}, [][]any{{"b", "2"}, {"a", "1"}}, ""},
		{"floats within rounding", [][]any{{"a", "0.3"}, {"a", "0.1"}}, [][]any{{"a", "0.1"}, {"a", "0.30000000000000004"}}, ""},
		{"floats apart", [][]any{{"a", "0.3"}}, [][]any{{"a", "0.3001"}}, "1 rows expected, 1 found; 1 missing (-), 1 too many (+)\n- (a, 0.3)\n+ (a, 0.3001)"},
		{"a row twice", [][]any{{"a", "1"}}, [][]any{{"a", "1"}, {"a", "1"}}, "1 rows expected, 2 found; 0 missing (-), 1 too many (+)\n+ (a, 1)"},
		{"a row lost", [][]any{{"a", "1"}, {"a", "1"}}, [][]any{{"a", "1"}}, "2 rows expected, 1 found; 1 missing (-), 0 too many (+)\n- (a, 1)"},
		{"NULL is not empty", [][]any{{nil, nil}}, [][]any{{"", nil}}, "1 rows expected, 1 found; 1 missing (-), 1 too many (+)\n- (NULL, NULL)\n+ (, NULL)"},
		{"NULL is not zero", [][]any{{"a", nil}}, [][]any{{"a", "0"}}, "1 rows expected, 1 found; 1 missing (-), 1 too many (+)\n- (a, NULL)\n+ (a, 0)"},
		{"infinity equals itself", [][]any{{"a", "Infinity"}}, [][]any{{"a", "Infinity"}}, ""},
		{"infinity equals no number", [][]any{{"a", "Infinity"}}, [][]any{{"a", "1e308"}}, "1 rows expected, 1 found; 1 missing (-), 1 too many (+)\n- (a, Infinity)\n+ (a, 1e308)"},
	} {
		got := Diff(resultOf(columns, c.want), resultOf(columns, c.got))
		if got != c.diff {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.diff)
		}
	}
	integer := resultOf([]Column{{"k", pgtype.TextOID}, {"x", pgtype.Int8OID}}, nil)
	if got, want := Diff(resultOf(columns, nil), integer), "- columns [k:25 x:701]\n+ columns [k:25 x:20]"; got != want {
		t.Errorf("another type: got %q, want %q", got, want)
	}
}

// TestDiffIsShort shows that a message about many rows shows the first few.
func TestDiffIsShort(t *testing.T) {
	rows := make([][]any, 1000)
	for i := range rows {
		rows[i] = []any{"a"}
	}
	columns := []Column{{"k", pgtype.TextOID}}
	got := Diff(resultOf(columns, rows), resultOf(columns, nil))
	if lines := strings.Count(got, "\n"); lines != diffRows+1 || !strings.HasSuffix(got, "- … and 990 more") {
		t.Errorf("a diff of %d lines:\n%s", lines, got)
	}
}

func resultOf(columns []Column, rows [][]any) *Result {
	r := &Result{Columns: columns}
	for _, values := range rows {
		var row Row
		for _, v := range values {
			text, ok := v.(string)
			row = append(row, Value{Text: text, Null: !ok})
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// TestToPostgres shows how Millrace's statements read for PostgreSQL.
func TestToPostgres(t *testing.T) {
	for in, want := range map[string]string{
		"CREATE STREAM s (id bigint KEY, key text)":           "CREATE TABLE s (id bigint, key text)",
		"CREATE TABLE t (id bigint PRIMARY KEY, a text)":      "CREATE TABLE t (id bigint PRIMARY KEY, a text)",
		"CREATE MATERIALIZED VIEW v AS\nSELECT a AS b FROM t": "CREATE VIEW v AS\nSELECT a AS b FROM t",
		"create table v as select 1":                          "CREATE VIEW v as select 1",
		"CREATE STREAM big AS SELECT * FROM s WHERE x > 1":    "CREATE VIEW big AS SELECT * FROM s WHERE x > 1",
		"CREATE TABLE v WITH (partitions = 7) AS SELECT 1":    "CREATE VIEW v AS SELECT 1",
		"CREATE STREAM s (id int) WITH (partitions = 1)":      "CREATE TABLE s (id int)",
		"DROP MATERIALIZED VIEW v":                            "DROP VIEW v",
		"DROP STREAM s":                                       "DROP TABLE s",
		"INSERT INTO t VALUES (1, 'CREATE STREAM x (a KEY)')": "INSERT INTO t VALUES (1, 'CREATE STREAM x (a KEY)')",
		"SELECT count(*) AS key FROM t":                       "SELECT count(*) AS key FROM t",
	} {
		if got := ToPostgres(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestStatements shows how a script is split.
func TestStatements(t *testing.T) {
	got := Statements("-- what it is;\nSELECT 1;\n\nSELECT ';',\n  2;\n-- end\nSELECT 3")
	want := []string{"SELECT 1", "SELECT ';',\n  2", "SELECT 3"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestJudge shows that two databases of the judge are apart, that a comparison of them sees rows, types and errors,
// and that a client goes on after an error.
func TestJudge(t *testing.T) {
	pair := Pair{Want: StartPostgres(t), Got: StartPostgres(t)}
	pair.Exec(t, `
		CREATE STREAM s (id bigint KEY, x double precision, at timestamptz);
		INSERT INTO s VALUES (1, 0.1, '2013-01-01T06:00:00Z'), (2, NULL, NULL);
		CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n, avg(id) AS mean, sum(x) AS total, max(at) AS last FROM s;
	`)
	pair.Compare(t, "stream", "SELECT * FROM s")
	pair.Compare(t, "view", "SELECT * FROM v")
	row := pair.Want.Query(t, "SELECT * FROM v").Rows[0].String()
	if want := "(2, 1.5000000000000000, 0.1, 2013-01-01 06:00:00+00)"; row != want {
		t.Errorf("the view holds %s, want %s", row, want)
	}

	pair.Got.Exec(t, "INSERT INTO s VALUES (3, 0.2, NULL)")
	if complaints := complaints(t, pair, "SELECT * FROM v"); complaints != 1 {
		t.Errorf("%d complaints about a row too many, want 1", complaints)
	}
	pair.Got.Exec(t, "DROP TABLE s CASCADE")
	if complaints := complaints(t, pair, "SELECT * FROM s"); complaints != 1 {
		t.Errorf("%d complaints about a query that fails, want 1", complaints)
	}
	var refused *pgconn.PgError
	if err := pair.Got.TryExec("SELECT * FROM v"); !errors.As(err, &refused) || refused.Code != "42P01" {
		t.Errorf("a query of a dropped view: %v, want 42P01", err)
	}
	pair.Compare(t, "after an error", "SELECT 1 AS one")
}

// recorder counts the complaints of a comparison that is expected to fail.
type recorder struct {
	testing.TB
	complaints int
}

func (r *recorder) Errorf(string, ...any) { r.complaints++ }

func complaints(t *testing.T, pair Pair, query string) int {
	r := &recorder{TB: t}
	if pair.Compare(r, "expected to differ", query) {
		return 0
	}
	return r.complaints
}
