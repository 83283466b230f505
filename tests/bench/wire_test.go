package bench

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/millracedb/millrace/tests/oracle"
)

// Of BenchmarkWire.
const (
	wireBytes     = 100     // of a row's text
	wirePipelined = 100     // statements before a Sync
	wireRows      = 1000    // of an INSERT of many rows
	wireCopyRows  = 20_000  // of one COPY FROM
	wireOutRows   = 200_000 // of the table that is copied out
	wireGroups    = 1000    // rows of the view
)

// wireSchema is for both sides. What PostgreSQL calls a materialized view is as of its REFRESH; it is asked through an index.
const wireSchema = `
CREATE TABLE rows (id bigint PRIMARY KEY, v text);
CREATE TABLE loaded (id bigint PRIMARY KEY, v text);
CREATE TABLE filled (id bigint PRIMARY KEY, v text);
CREATE STREAM arrived (id bigint KEY, v text);
`

const wireView = "CREATE MATERIALIZED VIEW sums AS SELECT id % 1000 AS g, count(*) AS n, max(v) AS v FROM filled GROUP BY id % 1000"

// wire is both sides of BenchmarkWire.
type wire struct {
	ours, theirs *oracle.Client
	next         atomic.Int64 // the id of the next row
}

// BenchmarkWire is what clients do all day, over the protocol, beside PostgreSQL with its settings by default: both sync what they
// acknowledge. The clients run in this process, on the same processors.
func BenchmarkWire(b *testing.B) {
	node := oracle.StartMillrace(b, oracle.Options{Released: true})
	w := &wire{ours: node.Client, theirs: oracle.StartDurablePostgres(b)}
	pair := oracle.Pair{Want: w.theirs, Got: w.ours}
	pair.Exec(b, wireSchema)
	for _, side := range []*oracle.Client{w.ours, w.theirs} {
		side.CopyRows(b, "filled", bytes.NewReader(copyText(0, wireOutRows, ',')))
		_, err := side.Conn(b).Exec(background, wireView)
		must(b, err)
	}
	theirs := w.theirs.Conn(b)
	for _, sql := range []string{"CREATE UNIQUE INDEX ON sums (g)", "VACUUM ANALYZE"} {
		_, err := theirs.Exec(background, sql)
		must(b, err)
	}
	for _, clients := range []int{1, 8, 64} {
		w.compare(b, fmt.Sprintf("insert of one row, %d clients", clients), "rows", clients, w.insert)
	}
	w.compare(b, fmt.Sprintf("inserts of one row, %d to a Sync", wirePipelined), "rows", 1, w.pipeline)
	w.compare(b, fmt.Sprintf("insert of %d rows", wireRows), "rows", 1, w.insertMany)
	w.compare(b, "COPY FROM into a table, 100-byte rows", "rows", 1, w.copyInto("loaded"))
	w.compare(b, "COPY FROM into a stream, 100-byte rows", "rows", 1, w.copyInto("arrived"))
	w.compare(b, "COPY TO of a table, 100-byte rows", "rows", 1, copyOut)
	for _, clients := range []int{1, 8} {
		w.compare(b, fmt.Sprintf("look-up in a view, %d clients", clients), "rows", clients, w.lookUp)
	}
	for _, clients := range []int{1, 8} {
		w.compare(b, fmt.Sprintf("SELECT 1, %d clients", clients), "rows", clients, selectOne)
	}
}

// action does something once on a connection and returns how much that was.
type action func(c *pgx.Conn) (int, error)

func (w *wire) compare(b *testing.B, what, unit string, clients int, do action) {
	b.Run(strings.ReplaceAll(what, " ", "-"), func(b *testing.B) {
		Compare(b, Row{Name: what, Unit: unit, Bare: "PostgreSQL 15"}, clientsOf(b, w.ours, clients, do), clientsOf(b, w.theirs, clients, do))
	})
}

// clientsOf is a side of so many clients of a server that do the same at once.
func clientsOf(b *testing.B, server *oracle.Client, clients int, do action) Side {
	conns := make([]*pgx.Conn, clients)
	for i := range conns {
		conns[i] = server.Conn(b)
	}
	return func(d time.Duration) float64 {
		var done atomic.Int64
		var wg sync.WaitGroup
		for _, c := range conns {
			wg.Go(func() {
				done.Add(int64(Until(d, func() float64 {
					n, err := do(c)
					if err != nil {
						b.Error(err)
					}
					return float64(n)
				})))
			})
		}
		wg.Wait()
		return float64(done.Load())
	}
}

var wireText = strings.Repeat("x", wireBytes)

const insertOne = "INSERT INTO rows VALUES ($1, $2)"

func (w *wire) insert(c *pgx.Conn) (int, error) {
	_, err := c.Exec(background, insertOne, w.next.Add(1), wireText)
	return 1, err
}

// pipeline sends statements that are one transaction, as drivers' batches do.
func (w *wire) pipeline(c *pgx.Conn) (int, error) {
	var batch pgx.Batch
	for range wirePipelined {
		batch.Queue(insertOne, w.next.Add(1), wireText)
	}
	return wirePipelined, c.SendBatch(background, &batch).Close()
}

// insertMany inserts rows in one statement, as their text.
func (w *wire) insertMany(c *pgx.Conn) (int, error) {
	first := w.next.Add(wireRows) - wireRows
	sql := []byte("INSERT INTO rows VALUES ")
	for i := range wireRows {
		if i > 0 {
			sql = append(sql, ", "...)
		}
		sql = fmt.Appendf(sql, "(%d, '%s')", first+int64(i)+1, wireText)
	}
	_, err := c.PgConn().Exec(background, string(sql)).ReadAll()
	return wireRows, err
}

// copyText is rows from first on, as COPY reads them.
func copyText(first int64, rows int, delimiter byte) []byte {
	var data []byte
	for i := range rows {
		data = fmt.Appendf(data, "%d%c%s\n", first+int64(i), delimiter, wireText)
	}
	return data
}

func (w *wire) copyInto(relation string) action {
	return func(c *pgx.Conn) (int, error) {
		data := copyText(w.next.Add(wireCopyRows)-wireCopyRows, wireCopyRows, '\t')
		tag, err := c.PgConn().CopyFrom(background, bytes.NewReader(data), "COPY "+relation+" FROM STDIN")
		return int(tag.RowsAffected()), err
	}
}

type counter struct{ bytes int }

func (c *counter) Write(b []byte) (int, error) {
	c.bytes += len(b)
	return len(b), nil
}

func copyOut(c *pgx.Conn) (int, error) {
	var n counter
	tag, err := c.PgConn().CopyTo(background, &n, "COPY filled TO STDOUT")
	if err == nil && n.bytes < wireOutRows*wireBytes {
		err = fmt.Errorf("%d bytes", n.bytes)
	}
	return int(tag.RowsAffected()), err
}

func (w *wire) lookUp(c *pgx.Conn) (int, error) {
	var n int64
	err := c.QueryRow(background, "SELECT n FROM sums WHERE g = $1", w.next.Add(1)%wireGroups).Scan(&n)
	if err == nil && n != wireOutRows/wireGroups {
		err = fmt.Errorf("%d rows of a group", n)
	}
	return 1, err
}

func selectOne(c *pgx.Conn) (int, error) {
	var one int
	return 1, c.QueryRow(background, "SELECT 1").Scan(&one)
}
