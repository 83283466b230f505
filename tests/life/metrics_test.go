package life_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestMetrics shows that each metric of a node is in docs/observability.md, and each one there on a node, and what those of a query say.
func TestMetrics(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TABLE t (id int PRIMARY KEY, n int);
		INSERT INTO t VALUES (1, 1), (2, 0), (3, 2);
		CREATE MATERIALIZED VIEW v WITH (wait = 'backfill') AS SELECT id, 6 / n AS q FROM t`)
	one(t, c, "SELECT count(*) FROM v")
	metrics := node.Metrics(t)
	for _, want := range []string{
		`millrace_query_state{query="public.v",state="running"} 1`, `millrace_query_state{query="public.v",state="failed"} 0`,
		`millrace_query_lag_records{query="public.v"} 0`, `millrace_query_lag_seconds{query="public.v"} 0`,
		`millrace_query_rows_in_total{query="public.v"} 3`, `millrace_query_rows_out_total{query="public.v"} 2`,
		`millrace_query_errors_total{query="public.v"} 1`, `millrace_query_restarts_total{query="public.v"} 0`,
		`millrace_query_backfill_rows{query="public.v"} 0`, `millrace_queries_without_metrics 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("no %s in\n%s", want, strings.Join(regexp.MustCompile(`(?m)^millrace_quer.*$`).FindAllString(metrics, -1), "\n"))
		}
	}
	doc, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := names(regexp.MustCompile(`(?m)^# TYPE (millrace_\w+)`), metrics)
	documented := names(regexp.MustCompile("(?m)^\\| `(millrace_\\w+)"), string(doc))
	for _, name := range shown {
		if !slices.Contains(documented, name) {
			t.Errorf("%s is not in docs/observability.md", name)
		}
	}
	for _, name := range documented {
		if !slices.Contains(shown, name) {
			t.Errorf("%s of docs/observability.md is not there", name)
		}
	}
}

// names returns what the expression's group finds in text, in order, each once.
func names(e *regexp.Regexp, text string) (out []string) {
	for _, m := range e.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestParsedOnce shows that a prepared statement is parsed when it is prepared, and not again: the statement, the definition of
// the view that it reads, and defaults of columns.
func TestParsedOnce(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	node.Exec(t, `
		CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 1 + 1, at timestamptz DEFAULT now());
		CREATE VIEW w AS SELECT id, n + 1 AS m FROM t`)
	conn := node.Conn(t)
	for _, sql := range []string{"INSERT INTO t (id) VALUES ($1)", "SELECT m FROM w WHERE id = $1", "UPDATE t SET n = DEFAULT WHERE id = $1"} {
		if _, err := conn.Prepare(t.Context(), sql, sql); err != nil {
			t.Fatal(err)
		}
		execute := func(from, to int) {
			for id := from; id < to; id++ {
				if _, err := conn.Exec(t.Context(), sql, id); err != nil {
					t.Fatal(err)
				}
			}
		}
		execute(0, 1)
		before := parsedTexts(t, node)
		if _, err := conn.Exec(t.Context(), "SELECT 1", pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(err)
		}
		if one := parsedTexts(t, node); one == before {
			t.Fatalf("a text was parsed and not counted: %s", one)
		}
		before = parsedTexts(t, node)
		execute(1, 20)
		if after := parsedTexts(t, node); after != before {
			t.Errorf("%q executed 19 times: from %s to %s texts parsed", sql, before, after)
		}
	}
}

func parsedTexts(t *testing.T, node *oracle.Millrace) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^millrace_texts_parsed_total (.*)$`).FindStringSubmatch(node.Metrics(t))
	if m == nil {
		t.Fatal("no metric")
	}
	return m[1]
}
