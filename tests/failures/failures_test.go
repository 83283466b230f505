// Package failures_test shows what becomes of rows that a continuous query cannot compute: the query goes on without
// them, each is in millrace.errors once, also over crashes, and is taken back when the row is corrected.
package failures_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

const schema = `
CREATE STREAM events (id bigint KEY, a int, b int);
CREATE TABLE facts (id bigint PRIMARY KEY, a int);
CREATE MATERIALIZED VIEW quotients AS SELECT a, sum(10 / b) AS q FROM events GROUP BY a;
CREATE MATERIALIZED VIEW shares AS SELECT id, 100 / a AS q FROM facts;
`

// left returns query, change, code and message of all rows of millrace.errors, sorted, as text.
func left(t *testing.T, node *oracle.Millrace) []string {
	t.Helper()
	var out []string
	for _, row := range node.Query(t, "SELECT query, change, code, message FROM millrace.errors").Rows {
		out = append(out, row.String())
	}
	slices.Sort(out)
	return out
}

func expect(t *testing.T, node *oracle.Millrace, want ...string) {
	t.Helper()
	for i := range want {
		want[i] += ", 22012, division by zero)"
	}
	if got := left(t, node); !slices.Equal(got, want) {
		t.Errorf("millrace.errors: %q, want %q", got, want)
	}
}

func TestFailedRows(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, schema)
	node.Exec(t, "INSERT INTO events VALUES (1, 1, 2), (2, 1, 0), (3, 2, 5);\nINSERT INTO facts VALUES (1, 0), (2, 5);")
	check := func(quotients, shares string) {
		t.Helper()
		if got := fmt.Sprint(node.Query(t, "SELECT * FROM quotients ORDER BY a").Rows); got != quotients {
			t.Errorf("quotients: %s, want %s", got, quotients)
		}
		if got := fmt.Sprint(node.Query(t, "SELECT * FROM shares ORDER BY id").Rows); got != shares {
			t.Errorf("shares: %s, want %s", got, shares)
		}
	}
	check("[(1, 5) (2, 2)]", "[(2, 20)]")
	expect(t, node, "(quotients, failed", "(shares, failed")

	node.Kill(t)
	node.Restart(t)
	check("[(1, 5) (2, 2)]", "[(2, 20)]")
	expect(t, node, "(quotients, failed", "(shares, failed")

	node.Exec(t, "UPDATE facts SET a = 4 WHERE id = 1")
	check("[(1, 5) (2, 2)]", "[(1, 25) (2, 20)]")
	expect(t, node, "(quotients, failed", "(shares, failed", "(shares, retracted")
	for _, refused := range []string{"DROP STREAM millrace.errors", "INSERT INTO millrace.errors VALUES ('x')"} {
		if err := node.TryExec(refused); err == nil {
			t.Errorf("%s is accepted", refused)
		}
	}
}
