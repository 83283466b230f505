package sql_test

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestEnrichedStreams compares streams that are joined to tables with PostgreSQL, where each INSERT of events joins them at
// once. Before the tables change again the streams are read, so that "at least what was acknowledged before" is exact; half of
// the times the server is killed first, with the events not joined yet. The tables: by key on the stream's own partitions,
// with other partitions, one over a topic, and a view.
func TestEnrichedStreams(t *testing.T) {
	for _, partitions := range []int{1, 4, 7} {
		t.Run(fmt.Sprint(partitions), func(t *testing.T) { enrichedStreams(t, partitions) })
	}
}

// enriched are the streams: SELECT … FROM s and the rest.
var enriched = []struct{ name, columns, join string }{
	{"direct", "s.n, t.v", "JOIN t ON t.id = s.k"},
	{"padded", "s.n, t.v, u.w", "LEFT JOIN t ON t.id = s.x AND t.v > 20 LEFT JOIN u ON u.g = t.v % 5"},
	{"filtered", "s.n, u.w", "JOIN u ON u.g = s.x % 5 WHERE u.w < s.n"},
	{"overtopic", "s.n, o.w", "LEFT JOIN o ON o.id = s.x"},
	{"ofview", "s.n, m.c", "LEFT JOIN m ON m.g = s.x % 5"},
}

func enrichedStreams(t *testing.T, partitions int) {
	node := oracle.StartMillrace(t, oracle.Options{})
	pair := oracle.Pair{Want: oracle.StartPostgres(t), Got: node.Client}
	pair.Got.Exec(t, fmt.Sprintf(`
		CREATE STREAM s (k int KEY NOT NULL, x int, n int) WITH (partitions = %d);
		CREATE TABLE t (id int PRIMARY KEY, v int) WITH (partitions = %[1]d);
		CREATE TABLE u (id int PRIMARY KEY, g int, w int) WITH (partitions = 3);
		CREATE TOPIC topic (id int KEY, w int) WITH (partitions = 2);
		CREATE STREAM writes WITH (topic = 'topic');
		CREATE TABLE o WITH (topic = 'topic');
		CREATE MATERIALIZED VIEW m AS SELECT g, count(*) AS c FROM u GROUP BY g`, partitions))
	pair.Want.Exec(t, "CREATE TABLE s (k int, x int, n int);\nCREATE TABLE t (id int PRIMARY KEY, v int);\nCREATE TABLE u (id int PRIMARY KEY, g int, w int);\n"+
		"CREATE TABLE o (id int PRIMARY KEY, w int);\nCREATE VIEW m AS SELECT g, count(*) AS c FROM u GROUP BY g")
	for _, e := range enriched {
		pair.Got.Exec(t, fmt.Sprintf("CREATE STREAM %s AS SELECT %s FROM s %s", e.name, e.columns, e.join))
		pair.Want.Exec(t, fmt.Sprintf("SELECT %s INTO %s FROM s %s", e.columns, e.name, e.join))
	}
	rng := rand.New(rand.NewSource(int64(partitions)))
	events := 0
	for round := range 10 {
		for range rng.Intn(4) {
			id, v := rng.Intn(6), rng.Intn(100)
			pair.Exec(t, fmt.Sprintf("INSERT INTO t VALUES (%d, %d) ON CONFLICT (id) DO UPDATE SET v = EXCLUDED.v", id, v))
			pair.Exec(t, fmt.Sprintf("INSERT INTO u VALUES (%d, %d, %d) ON CONFLICT (id) DO UPDATE SET g = EXCLUDED.g, w = EXCLUDED.w", rng.Intn(20), rng.Intn(5), v))
			pair.Exec(t, fmt.Sprintf("DELETE FROM u WHERE id = %d", rng.Intn(20)))
			pair.Exec(t, fmt.Sprintf("DELETE FROM t WHERE id = %d", rng.Intn(12)))
			pair.Got.Exec(t, fmt.Sprintf("INSERT INTO writes VALUES (%d, %d)", id, v))
			pair.Want.Exec(t, fmt.Sprintf("INSERT INTO o VALUES (%d, %d) ON CONFLICT (id) DO UPDATE SET w = EXCLUDED.w", id, v))
		}
		var rows []string
		for range 1 + rng.Intn(6) {
			events++
			rows = append(rows, fmt.Sprintf("(%d, %d, %d)", rng.Intn(6), rng.Intn(6), events))
		}
		insert := "INSERT INTO s VALUES " + strings.Join(rows, ", ")
		pair.Exec(t, insert)
		for _, e := range enriched {
			pair.Want.Exec(t, fmt.Sprintf("INSERT INTO %s SELECT %s FROM (VALUES %s) s (k, x, n) %s", e.name, e.columns, strings.Join(rows, ", "), e.join))
		}
		if round%2 == 1 {
			node.Kill(t)
			node.Restart(t)
		}
		for _, e := range enriched {
			pair.Compare(t, e.name, "SELECT * FROM "+e.name)
		}
	}
}
