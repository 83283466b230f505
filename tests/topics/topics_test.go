// Package topics_test shows topics by SQL on a real node: options, streams over one topic, JSON, and records that do not
// decode. PostgreSQL, which has no topics, judges the views.
package topics_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/tests/oracle"
)

func TestMain(m *testing.M) { oracle.Main(m) }

// rows returns what a query gives as text, ordered.
func rows(t *testing.T, c *oracle.Client, query string) string {
	t.Helper()
	var lines []string
	for _, row := range c.Query(t, query).Rows {
		var values []string
		for _, v := range row {
			if v.Null {
				values = append(values, "NULL")
				continue
			}
			values = append(values, v.Text)
		}
		lines = append(lines, strings.Join(values, "|"))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// users cuts what the system itself has from a SHOW.
func users(shown string) string {
	lines := slices.DeleteFunc(strings.Split(shown, "\n"), func(l string) bool { return !strings.Contains(l, "public") })
	return strings.Join(lines, "\n")
}

func expect(t *testing.T, c *oracle.Client, query, want string) {
	t.Helper()
	got := rows(t, c, query)
	if strings.HasPrefix(query, "SHOW") {
		got = users(got)
	}
	if got != want {
		t.Errorf("%s\ngot:\n%s\nwant:\n%s", query, got, want)
	}
}

// refused checks that a statement fails with the SQLSTATE.
func refused(t *testing.T, c *oracle.Client, code, statement string) *pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	if err := c.TryExec(statement); !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: got %v, want %s", statement, err, code)
		return &pgconn.PgError{}
	}
	return e
}

// TestOptions shows that options are kept with a topic, changed, reset and shown, and survive a crash.
func TestOptions(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TOPIC t WITH (partitions = 2, retention = '7 days', format = json, cleanup_policy = 'delete,compact');
		CREATE TOPIC IF NOT EXISTS t;
		CREATE STREAM s (a int) WITH (retention_bytes = '10GB', durability = 'async');
		CREATE STREAM over (a int) WITH (topic = 't');
		CREATE TABLE tab (id int PRIMARY KEY) WITH (compression = 'zstd');
		ALTER TOPIC t SET (retention = '12 hours', compression = lz4);
		ALTER STREAM s RESET (durability);
		ALTER TABLE tab SET (durability = 'async');
		ALTER TOPIC IF EXISTS nowhere SET (retention = 1)`)
	const topics = `16384.0|public.t|topic|2|json|compact,delete|12 hours|infinite|lz4|sync
16385.0|public.s|stream|4|native|delete|infinite|10GB|none|sync
16387.0|public.tab|table|4|native|compact|infinite|infinite|zstd|async`
	expect(t, c, "SHOW TOPICS", topics)
	expect(t, c, "SHOW STREAMS", "public|over||2|t|json\npublic|s||4||native")
	expect(t, c, "DESCRIBE over", "a|integer|||\nformat|option|||json\npartitions|option|||2\ntopic|option|||t")
	if got := rows(t, c, "DESCRIBE t"); !strings.Contains(got, "retention|option|||12 hours") {
		t.Errorf("DESCRIBE t: %s", got)
	}
	refused(t, c, "22023", "ALTER TOPIC t SET (partitions = 4)")
	refused(t, c, "22023", "ALTER TOPIC t SET (format = native)")
	refused(t, c, "22023", "ALTER TABLE tab SET (cleanup_policy = 'delete')")
	refused(t, c, "42809", "ALTER STREAM t SET (retention = 1)")
	refused(t, c, "42809", "ALTER STREAM over SET (retention = 1)")
	refused(t, c, "42P01", "ALTER TOPIC nowhere SET (retention = 1)")
	refused(t, c, "0A000", "ALTER STREAM s ADD COLUMN b int")
	if e := refused(t, c, "22023", "CREATE TOPIC u WITH (retention = 'a while')"); e.Position != 22 {
		t.Errorf("position %d", e.Position)
	}
	node.Kill(t)
	node.Restart(t)
	expect(t, c, "SHOW TOPICS", topics)
}

// TestSeveralStreams shows streams with different columns over one topic: what one writes the others read as far as they
// have a name for it, and the topic outlives them.
func TestSeveralStreams(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TOPIC t (id bigint KEY, name text) WITH (format = 'json');
		CREATE STREAM a WITH (topic = 't');
		CREATE STREAM b (name text, price numeric, id bigint KEY) WITH (topic = 't');
		CREATE MATERIALIZED VIEW names AS SELECT name, count(*) AS n FROM a GROUP BY name;
		INSERT INTO a VALUES (1, 'lamp'), (2, NULL);
		INSERT INTO b VALUES ('chair', 49.00, 3)`)
	const a, b = "1|lamp\n2|NULL\n3|chair", "NULL|NULL|2\nchair|49.00|3\nlamp|NULL|1"
	check := func() {
		t.Helper()
		expect(t, c, "SELECT * FROM a", a)
		expect(t, c, "SELECT * FROM b", b)
		expect(t, c, "SELECT * FROM names", "NULL|1\nchair|1\nlamp|1")
		expect(t, c, "SELECT * FROM t", `1|{"id":1,"name":"lamp"}
2|{"id":2,"name":null}
3|{"name":"chair","price":49.00,"id":3}`)
		expect(t, c, "SELECT count(*) FROM t JOIN a ON t._partition = a._partition AND t._offset = a._offset", "3")
	}
	check()
	refused(t, c, "42809", "UPDATE t SET _value = 'v'")
	refused(t, c, "42809", "DROP STREAM t")
	refused(t, c, "2BP01", "DROP TOPIC t")
	refused(t, c, "2BP01", "DROP STREAM a")
	node.Kill(t)
	node.Restart(t)
	check()
	c.Exec(t, "DROP STREAM b")
	expect(t, c, "SELECT * FROM a", a)
	c.Exec(t, "CREATE STREAM b (name text, price numeric, id bigint KEY) WITH (topic = 't')")
	expect(t, c, "SELECT * FROM b", b)
	c.Exec(t, "DROP TOPIC t CASCADE")
	for _, name := range []string{"t", "a", "b", "names"} {
		refused(t, c, "42P01", "SELECT * FROM "+name)
	}
}

// kinds has a column of each type, and rows with their edges.
const (
	kinds = "b boolean, i2 smallint, i4 int, i8 bigint, f float8, n numeric, m numeric(10,2), s text, ts timestamptz, d date"
	edges = `(true, -32768, -2147483648, 9223372036854775807, 1e300, 123456789012345678901234567890.1200, 1.5, 'a"\b ' || chr(10) || 'ü' || chr(1), '2024-02-29 12:34:56.789012+02', '2024-02-29'),
		(false, 0, 0, -9223372036854775808, '-Infinity', 'NaN', -0.01, '', '0044-03-15 12:00:00+00 BC', 'infinity'),
		(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
		(true, 1, 1, 1, '-0', 0.000, 0, 'null', '-infinity', '0001-01-01 BC')`
)

// TestJSONRoundTrip shows that values of all types come back from JSON as they were, in SELECT, in views and in EMIT
// CHANGES: PostgreSQL answers the same over its rows.
func TestJSONRoundTrip(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	want, got := oracle.StartPostgres(t), node.Client
	want.Exec(t, "CREATE TABLE j ("+kinds+")")
	got.Exec(t, "CREATE STREAM j ("+kinds+") WITH (format = 'json')")
	pair := oracle.Pair{Want: want, Got: got}
	const view = "SELECT b, count(*) AS c, sum(n) AS n, sum(i8) AS i8, max(ts) AS ts, min(d) AS d, max(m) AS m, count(s) AS s FROM j GROUP BY b"
	pair.Exec(t, "CREATE MATERIALIZED VIEW before AS "+view)
	pair.Exec(t, "INSERT INTO j VALUES "+edges)
	pair.Exec(t, "CREATE MATERIALIZED VIEW after AS SELECT * FROM j WHERE i4 < 1")
	compare := func() {
		for _, relation := range []string{"j", "before", "after"} {
			pair.Compare(t, relation, "SELECT * FROM "+relation)
		}
	}
	compare()
	pair.Exec(t, "INSERT INTO j SELECT b, i2, i4, 1, f, n, m, s || '!', ts, d FROM j")
	compare()
	node.Kill(t)
	node.Restart(t)
	compare()

	csv := "t,7,7,7,0.5,7.70,7.7,\"a,b\",2024-01-01 00:00:00+00,2024-01-01\n,,,,,,,,,\n"
	for _, c := range []*oracle.Client{want, got} {
		c.CopyRows(t, "j", strings.NewReader(csv))
		c.Exec(t, "BEGIN;\nINSERT INTO j (s) VALUES ('of a block');\nINSERT INTO j (s) VALUES ('of the same');\nCOMMIT")
	}
	compare()
	if changes := follow(t, got, "SELECT s FROM j WHERE s IS NOT NULL EMIT CHANGES", 9); len(changes) != 9 {
		t.Errorf("EMIT CHANGES gave %q", changes)
	}
}

// follow returns the first n rows, of one text each, of a query that never ends.
func follow(t *testing.T, c *oracle.Client, query string, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := c.Conn(t).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "DECLARE c CURSOR FOR "+query); err != nil {
		t.Fatal(err)
	}
	fetched, err := tx.Query(ctx, fmt.Sprintf("FETCH %d FROM c", n))
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(fetched, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// TestBadRecords shows that a record that does not decode is no row, for nobody, and that the reader is told of it.
func TestBadRecords(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TOPIC t WITH (partitions = 3);
		CREATE STREAM text (line text) WITH (topic = 't');
		CREATE STREAM j (id int NOT NULL, price numeric) WITH (topic = 't', format = 'json');
		CREATE STREAM loose (id text, price text) WITH (topic = 't', format = 'json');
		CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n, sum(price) AS price FROM j;
		CREATE MATERIALIZED VIEW lines AS SELECT line FROM text;
		INSERT INTO j VALUES (1, 1.50), (2, NULL);
		INSERT INTO text VALUES ('not json');
		INSERT INTO loose VALUES ('3', '2.25'), ('four', '1'), (NULL, '1'), ('5', 'much')`)
	check := func() {
		t.Helper()
		expect(t, c, "SELECT * FROM j", "1|1.50\n2|NULL\n3|2.25")
		expect(t, c, "SELECT count(*) FROM j", "3")
		expect(t, c, "SELECT price FROM j WHERE id = 3", "2.25")
		expect(t, c, "SELECT * FROM total", "3|3.75")
		expect(t, c, "SELECT * FROM text", "not json")
		expect(t, c, "SELECT * FROM lines", "not json")
		expect(t, c, "SELECT count(*) FROM t", "7")
		expect(t, c, "SELECT count(*) FROM loose", "6")
	}
	check()
	if got := rows(t, c, "SHOW QUERIES"); strings.Contains(got, "failed") {
		t.Errorf("queries: %s", got)
	}
	told := notices(t, c, "SELECT * FROM j")
	if len(told) != 1 || !strings.Contains(told[0], `skipped 4 records of "j" that could not be decoded`) {
		t.Errorf("notices: %q", told)
	}
	if got := follow(t, c, "SELECT _value FROM t EMIT CHANGES", 7); len(got) != 7 {
		t.Errorf("EMIT CHANGES of the topic gave %q", got)
	}
	if got := follow(t, c, "SELECT id::text FROM j EMIT CHANGES", 3); len(got) != 3 {
		t.Errorf("EMIT CHANGES gave %q", got)
	}
	if told := notices(t, c, "SELECT * FROM total"); len(told) != 0 {
		t.Errorf("notices of a view: %q", told)
	}
	node.Kill(t)
	node.Restart(t)
	check()
}

// notices runs a query and returns the notices that come with it.
func notices(t *testing.T, c *oracle.Client, query string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	config := c.Conn(t).Config()
	var told []string
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		told = append(told, fmt.Sprintf("%s %s", n.Message, n.Detail))
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, query); err != nil {
		t.Fatal(err)
	}
	return told
}
