package topics_test

import (
	"fmt"
	"math/rand"
	"strconv"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestTableOfTopic shows a table of the last record of each key of a topic, in both formats, with 1, 4 and 7 partitions,
// through kills in the middle of what it has to take in, and through compaction of the topic's own making. PostgreSQL holds
// the same rows, by upserts and deletes, and answers the same, also over views of the table.
func TestTableOfTopic(t *testing.T) {
	for _, format := range []string{"native", "json"} {
		for _, partitions := range []int{1, 4, 7} {
			t.Run(fmt.Sprintf("%s %d", format, partitions), func(t *testing.T) { tableOfTopic(t, format, partitions) })
		}
	}
}

func tableOfTopic(t *testing.T, format string, partitions int) {
	node := oracle.StartMillrace(t, oracle.Options{})
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: node.Client}
	pair.Want.Exec(t, "CREATE TABLE t (k bigint, name text, v numeric, n int, PRIMARY KEY (name, k))")
	pair.Got.Exec(t, fmt.Sprintf(`
		CREATE TOPIC x (v numeric, k bigint KEY, name text KEY, n int) WITH (partitions = %d, format = '%s', cleanup_policy = 'compact', segment_bytes = '64kB');
		CREATE STREAM s WITH (topic = 'x')`, partitions, format))
	write := &topicWriter{t: t, pair: pair, rng: rand.New(rand.NewSource(int64(partitions)))}
	write.some(20)
	pair.Got.Exec(t, "CREATE TABLE t (v numeric, k bigint, name text, n int, PRIMARY KEY (k, name)) WITH (topic = 'x')")
	pair.Exec(t, "CREATE MATERIALIZED VIEW sums AS SELECT name, count(*) AS c, sum(v) AS v, max(n) AS n FROM t GROUP BY name")
	pair.Exec(t, "CREATE MATERIALIZED VIEW pairs AS SELECT a.k, a.name, b.name AS other, a.n + b.n AS n FROM t a LEFT JOIN t b ON b.k = a.k AND b.name > a.name")
	for round := range 4 {
		write.some(25)
		if round%2 == 1 {
			node.Kill(t)
			node.Restart(t)
		}
		pair.Compare(t, "t", "SELECT k, name, v, n FROM t")
		pair.Compare(t, "sums", "SELECT * FROM sums")
		pair.Compare(t, "pairs", "SELECT k, name, other, n FROM pairs")
		for k := range 6 {
			pair.Compare(t, "by key", fmt.Sprintf("SELECT v, n FROM t WHERE k = %d AND name = 'b'", k))
		}
	}
}

// topicWriter upserts and deletes rows on one side, and writes the records that mean the same to the topic on the other.
type topicWriter struct {
	t    *testing.T
	pair oracle.Pair
	rng  *rand.Rand
	n    int
}

func (w *topicWriter) some(statements int) {
	for range statements {
		if w.rng.Intn(4) == 0 {
			w.remove()
		} else {
			w.put()
		}
	}
}

// put writes several rows, of which later ones may have the key of earlier ones.
func (w *topicWriter) put() {
	var rows, upserts []string
	for range 1 + w.rng.Intn(8) {
		w.n++
		k, name, v := w.rng.Intn(6), string(rune('a'+w.rng.Intn(3))), "NULL"
		if w.rng.Intn(5) > 0 {
			v = fmt.Sprintf("%d.%02d", w.rng.Intn(1000), w.rng.Intn(100))
		}
		rows = append(rows, fmt.Sprintf("(%s, %d, '%s', %d)", v, k, name, w.n))
		upserts = append(upserts, "INSERT INTO t (v, k, name, n) VALUES "+rows[len(rows)-1]+
			" ON CONFLICT (name, k) DO UPDATE SET v = EXCLUDED.v, n = EXCLUDED.n")
	}
	w.pair.Want.Exec(w.t, "BEGIN;\n"+strings.Join(upserts, ";\n")+";\nCOMMIT")
	w.pair.Got.Exec(w.t, "INSERT INTO s VALUES "+strings.Join(rows, ", "))
}

// remove writes a tombstone: a record with the key of others and without a value.
func (w *topicWriter) remove() {
	where := fmt.Sprintf("WHERE k = %d AND name = '%s'", w.rng.Intn(6), string(rune('a'+w.rng.Intn(3))))
	w.pair.Want.Exec(w.t, "DELETE FROM t "+where)
	w.pair.Got.Exec(w.t, "INSERT INTO x (_key) SELECT DISTINCT _key FROM s "+where)
}

// TestTableOfTopicLife shows what else a user sees of such a table: it is read-only, it is shown as a table, it holds on to
// its topic, and what does not decode is told.
func TestTableOfTopicLife(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TOPIC x (k int KEY, v text) WITH (format = 'json', partitions = 2);
		CREATE TABLE t WITH (topic = 'x');
		INSERT INTO x VALUES ('1', '{"v": "one"}'), ('2', '{"k": 2, "v": "two"}'), ('2', '{"k": 2, "v": null}'), ('3', NULL), ('4', '{"v": "four"}'), ('4', NULL),
			('five', '{"v": "five"}'), (NULL, '{"k": 6, "v": "six"}'), (NULL, '{"v": "seven"}'), ('x', NULL)`)
	const contents = "1|one\n2|NULL\n6|six"
	expect(t, c, "SELECT * FROM t", contents)
	expect(t, c, "SELECT code, message FROM millrace.errors WHERE query = 't' AND change = 'undecodable' AND message LIKE '%seven%' OR message NOT LIKE 'record%'", "")
	expect(t, c, "SELECT count(*) FROM millrace.errors WHERE query = 't'", "3")
	for _, statement := range []string{"INSERT INTO t VALUES (1, 'x')", "UPDATE t SET v = 'x'", "DELETE FROM t", "TRUNCATE t", "COPY t (k) FROM STDIN"} {
		refused(t, c, "42809", statement)
	}
	refused(t, c, "0A000", "ALTER TABLE t ADD COLUMN x int")
	refused(t, c, "2BP01", "DROP TOPIC x")
	refused(t, c, "22P02", `INSERT INTO x VALUES ('\xabc', 'x')`)
	refused(t, c, "23502", "INSERT INTO x VALUES (NULL, NULL)")
	bytes := strconv.Itoa(stateBytes(t, c, "t"))
	expect(t, c, "SHOW TABLES", "public|t|table|k|2|rocksdb|"+bytes)
	expect(t, c, "SHOW QUERIES", "public|t|running||x|the last record of each key of topic x|"+bytes+"|0|0.000||||")
	expect(t, c, "SELECT relkind FROM pg_class WHERE relname = 't'", "r")
	if got := rows(t, c, "DESCRIBE t"); !strings.Contains(got, "topic|option|||x") || !strings.Contains(got, "k|integer|not null|primary key|") {
		t.Errorf("DESCRIBE t: %s", got)
	}
	node.Kill(t)
	node.Restart(t)
	expect(t, c, "SELECT * FROM t", contents)
	c.Exec(t, "ALTER TABLE t RENAME TO u")
	c.Exec(t, "INSERT INTO x VALUES ('1', NULL)")
	expect(t, c, "SELECT * FROM u", "2|NULL\n6|six")
	c.Exec(t, "DROP TABLE u")
	c.Exec(t, "CREATE TABLE t WITH (topic = 'x')")
	expect(t, c, "SELECT * FROM t", "2|NULL\n6|six")
	c.Exec(t, "DROP TOPIC x CASCADE")
	refused(t, c, "42P01", "SELECT * FROM t")
}

// TestLogIsATable shows keys and headers of records, on streams and topics, and that bytes which are no text go through a
// topic as they are.
func TestLogIsATable(t *testing.T) {
	node := oracle.StartMillrace(t, oracle.Options{})
	c := node.Client
	c.Exec(t, `
		CREATE TOPIC x (k int KEY, v text) WITH (format = 'json', partitions = 1);
		CREATE STREAM s WITH (topic = 'x');
		CREATE STREAM own (k int KEY, v text) WITH (partitions = 1);
		INSERT INTO s VALUES (7, 'a'), (NULL, 'b');
		INSERT INTO own VALUES (7, 'a'), (NULL, 'b');
		INSERT INTO x VALUES ('\x00ff', '\x5c7800'), ('\x5c78', 'text');
		COPY (SELECT 1) TO STDOUT`)
	expect(t, c, "SELECT _partition, _offset, _key, _headers, k FROM s", "0|0|7|NULL|7\n0|1|NULL|NULL|NULL")
	expect(t, c, "SELECT _offset, _key, _headers, v FROM own", `0|\x410700|NULL|a`+"\n1|\\xf0|NULL|b")
	expect(t, c, "SELECT _offset, _key, _value, _headers FROM x WHERE _offset >= 2", `2|\x00ff|\x5c7800|NULL`+"\n"+`3|\x5c78|text|NULL`)
	c.CopyRows(t, "x", strings.NewReader("8,\"{\"\"k\"\": 8}\"\n9,\n"))
	expect(t, c, "SELECT _key, _value FROM x WHERE _key IN ('8', '9')", "8|{\"k\": 8}\n9|NULL")
	c.Exec(t, "INSERT INTO x (_key, _value) SELECT _key, _value FROM x WHERE _offset BETWEEN 2 AND 3")
	expect(t, c, "SELECT _offset, _key, _value FROM x WHERE _offset >= 6", `6|\x00ff|\x5c7800`+"\n"+`7|\x5c78|text`)
	c.Exec(t, "CREATE MATERIALIZED VIEW keys AS SELECT _key, count(*) AS n FROM x GROUP BY _key")
	c.Exec(t, "CREATE MATERIALIZED VIEW headers AS SELECT _key, _headers, v FROM own")
	expect(t, c, "SELECT * FROM keys", "7|1\n8|1\n9|1\nNULL|1\n\\x00ff|2\n\\x5c78|2")
	expect(t, c, "SELECT * FROM headers", `\x410700|NULL|a`+"\n\\xf0|NULL|b")
	if got := follow(t, c, "SELECT _key FROM s WHERE _key IS NOT NULL EMIT CHANGES", 1); len(got) != 1 || got[0] != "7" {
		t.Errorf("EMIT CHANGES gave %q", got)
	}
}
