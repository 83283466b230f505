package bench

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// Of the relations that BenchmarkQuery asks.
const (
	factRows = 2_000_000
	dimRows  = 1000
	sortRows = 1_000_000
)

// querySchema is for both sides. The stream and the table have the same rows.
const querySchema = `
CREATE STREAM events (id bigint KEY, g int, n bigint, note text);
CREATE TABLE facts (id bigint PRIMARY KEY, g int, n bigint, note text);
CREATE TABLE dims (id int PRIMARY KEY, name text);
CREATE TABLE items (id bigint PRIMARY KEY, n bigint, note text);
`

// querySettings gives PostgreSQL what it has by default, which the judge of the tests takes away, and the memory that a statement has
// here. What it loaded is vacuumed and analyzed.
const querySettings = `
SET max_parallel_workers_per_gather = 2;
SET work_mem = '256MB';
SET maintenance_work_mem = '256MB';
VACUUM ANALYZE;
`

// BenchmarkQuery runs queries beside PostgreSQL, which has its settings by default but for work_mem, over the protocol.
func BenchmarkQuery(b *testing.B) {
	node, judge := oracle.StartMillrace(b, oracle.Options{Released: true}), oracle.StartPostgres(b)
	pair := oracle.Pair{Want: judge, Got: node.Client}
	pair.Exec(b, querySchema)
	for name, rows := range map[string]int{"events": factRows, "facts": factRows, "items": sortRows} {
		pair.Want.CopyRows(b, name, csv(name, rows))
		pair.Got.CopyRows(b, name, csv(name, rows))
	}
	pair.Exec(b, fmt.Sprintf("INSERT INTO dims SELECT i, 'dim ' || i %% 50 FROM generate_series(0, %d) i", dimRows-1))
	pair.Exec(b, "CREATE INDEX items_n ON items (n)")
	ours, theirs := node.Conn(b), judge.Conn(b)
	for _, s := range oracle.Statements(querySettings) {
		_, err := theirs.Exec(background, s)
		must(b, err)
	}
	for _, q := range []struct{ name, what, sql string }{
		{"GroupStream", "GROUP BY of 2M rows of a stream, 100 groups", "SELECT g % 100, count(*), sum(n) FROM events GROUP BY g % 100"},
		{"GroupTable", "GROUP BY of 2M rows of a table, 100 groups", "SELECT g % 100, count(*), sum(n) FROM facts GROUP BY g % 100"},
		{"JoinStream", "join of a stream of 2M rows with 1000", "SELECT d.name, count(*), sum(e.n) FROM events e JOIN dims d ON d.id = e.g GROUP BY d.name"},
		{"JoinTable", "join of a table of 2M rows with 1000", "SELECT d.name, count(*), sum(f.n) FROM facts f JOIN dims d ON d.id = f.g GROUP BY d.name"},
		{"Sort", "sort of 1M rows of a table", fmt.Sprintf("SELECT id, n FROM items ORDER BY n, id OFFSET %d", sortRows-10)},
	} {
		b.Run(q.name, func(b *testing.B) {
			row := Row{Name: q.what, Unit: "queries", Times: true, Bare: "PostgreSQL 15"}
			Compare(b, row, querySide(b, ours, q.sql), querySide(b, theirs, q.sql))
		})
	}
	for _, q := range []struct{ name, what, sql string }{
		{"LookUpKey", "look-up by primary key, 1 client", "SELECT note FROM items WHERE id = $1"},
		{"LookUpIndex", "look-up by index, 1 client", "SELECT note FROM items WHERE n = $1"},
	} {
		b.Run(q.name, func(b *testing.B) {
			row := Row{Name: q.what, Unit: "rows", Bare: "PostgreSQL 15"}
			Compare(b, row, lookUpSide(b, ours, q.sql), lookUpSide(b, theirs, q.sql))
		})
	}
}

// csv makes so many rows of a relation: the ids from 0 on, n different ones in another order.
func csv(relation string, rows int) io.Reader {
	r, w := io.Pipe()
	go func() {
		buf := make([]byte, 0, 64<<10)
		for i := range rows {
			if buf = fmt.Appendf(buf, "%d,", i); relation != "items" {
				buf = fmt.Appendf(buf, "%d,", i*7919%dimRows)
			}
			buf = fmt.Appendf(buf, "%d,note of row %d\n", shuffled(i, rows), i)
			if len(buf) > 60<<10 || i == rows-1 {
				if _, err := w.Write(buf); err != nil {
					return
				}
				buf = buf[:0]
			}
		}
		w.Close()
	}()
	return r
}

// shuffled is a permutation of the numbers below rows, which is no multiple of the prime.
func shuffled(i, rows int) int { return i * 7_368_787 % rows }

func querySide(b *testing.B, c *pgx.Conn, sql string) Side {
	return func(d time.Duration) float64 {
		return Until(d, func() float64 {
			if readAll(b, c, sql) == 0 {
				b.Fatal("no rows")
			}
			return 1
		})
	}
}

func lookUpSide(b *testing.B, c *pgx.Conn, sql string) Side {
	next := 0
	return func(d time.Duration) float64 {
		return Until(d, func() float64 {
			next++
			if n := readAll(b, c, sql, int64(shuffled(next, sortRows))); n != 1 {
				b.Fatalf("%d rows", n)
			}
			return 1
		})
	}
}

// readAll runs a query and returns how many rows it gave.
func readAll(b *testing.B, c *pgx.Conn, sql string, args ...any) (n int) {
	rows, err := c.Query(background, sql, args...)
	must(b, err)
	for rows.Next() {
		n++
	}
	must(b, rows.Err())
	return n
}
