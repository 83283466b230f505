package topics_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// fetch returns the next n rows of a query that never ends, their columns with | between.
func fetch(t *testing.T, c *oracle.Client, n int, query string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := c.Conn(t).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "DECLARE c CURSOR FOR "+query, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	fetched, err := tx.Query(ctx, fmt.Sprintf("FETCH %d FROM c", n), pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := pgx.CollectRows(fetched, func(r pgx.CollectableRow) (string, error) {
		var out []string
		for _, v := range r.RawValues() {
			if v == nil {
				out = append(out, "NULL")
			} else {
				out = append(out, string(v))
			}
		}
		return strings.Join(out, "|"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestChangesResume follows a view up to a frontier, kills the server, and takes up from there: what was changed meanwhile
// comes once. Another relation's frontier is refused.
func TestChangesResume(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TABLE t (id int PRIMARY KEY, g int) WITH (partitions = 3);
		CREATE MATERIALIZED VIEW v AS SELECT g, count(*) AS n FROM t GROUP BY g;
		INSERT INTO t VALUES (1, 1), (2, 2), (3, 1)`)
	first := fetch(t, c, 3, "SELECT g, n FROM v EMIT CHANGES WITH (progress = true)")
	frontier, rest, _ := strings.Cut(first[2], "|")
	if rest != "NULL|NULL|NULL|NULL" || !strings.HasPrefix(first[0], "NULL|insert|") {
		t.Fatalf("rows: %q", first)
	}
	c.Exec(t, "UPDATE t SET g = 2 WHERE id = 3")
	c.Exec(t, "INSERT INTO t VALUES (4, 4)")
	expect(t, c, "SELECT * FROM v", "1|1\n2|2\n4|1")
	node.Kill(t)
	node.Restart(t)
	resume := "SELECT g, n FROM v EMIT CHANGES AS OF FRONTIER '" + frontier + "'"
	got := fetch(t, c, 3, resume)
	for i := range got {
		columns := strings.Split(got[i], "|")
		got[i] = strings.Join(append(columns[:1], columns[2:]...), "|") // without _timestamp
	}
	slices.Sort(got)
	if want := []string{"insert|4|1", "update|1|1", "update|2|2"}; !slices.Equal(got, want) {
		t.Errorf("behind %s: %q, want %q", frontier, got, want)
	}
	refused(t, c, "22023", "SELECT * FROM t EMIT CHANGES AS OF FRONTIER '"+frontier+"'")
	at := strings.LastIndex(frontier, ",")
	refused(t, c, "55000", "SELECT * FROM v EMIT CHANGES AS OF FRONTIER '"+frontier[:at]+",1000'")
}

// TestChangesOfStreamFrom begins a stream at an offset and at a time, and copies from a frontier.
func TestChangesOfStreamFrom(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, "CREATE STREAM s (n int) WITH (partitions = 1)")
	for n := range 5 {
		c.Exec(t, fmt.Sprintf("INSERT INTO s VALUES (%d)", n))
	}
	if got := fetch(t, c, 2, "SELECT n FROM s EMIT CHANGES AS OF OFFSET 3"); !slices.Equal(got, []string{"3", "4"}) {
		t.Errorf("from offset 3: %q", got)
	}
	since := rows(t, c, "SELECT _timestamp FROM s WHERE n = 2")
	if got := fetch(t, c, 1, "SELECT n FROM s WHERE n >= 2 EMIT CHANGES AS OF TIMESTAMP '"+since+"'"); got[0] != "2" {
		t.Errorf("since %s: %q", since, got)
	}
	if got := fetch(t, c, 2, "SELECT n FROM s WHERE n > 3 EMIT CHANGES WITH (snapshot = true, progress = true)"); got[0] != "NULL|4" || !strings.HasSuffix(got[1], ":5|NULL") {
		t.Errorf("progress: %q", got)
	}
}

// TestChangesHeld follows a view through a cursor WITH HOLD, a FETCH a transaction.
func TestChangesHeld(t *testing.T) {
	c := oracle.StartMillrace(t, oracle.Options{}).Client
	c.Exec(t, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	c.Exec(t, "DECLARE c CURSOR WITH HOLD FOR SELECT id, n FROM t EMIT CHANGES")
	for _, step := range []struct{ write, want string }{
		{"INSERT INTO t VALUES (1, 1)", "insert|1|1"},
		{"UPDATE t SET n = 2", "update|1|2"},
		{"DELETE FROM t", "delete|1|2"},
	} {
		c.Exec(t, step.write)
		if row := c.Query(t, "FETCH 1 FROM c").Rows[0]; row[0].Text+"|"+row[2].Text+"|"+row[3].Text != step.want {
			t.Errorf("after %s: %q", step.write, row)
		}
	}
	refused(t, c, "0A000", "DECLARE s SCROLL CURSOR WITH HOLD FOR SELECT * FROM t EMIT CHANGES")
}
