package pg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/sql/pgerr"
)

// connect opens a connection of pgx, which prepares statements and asks for binary results.
func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "postgres://tester@"+address+"/x?sslmode=prefer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be down already
	return conn
}

// TestPgxTypes shows that values of each type come back as they were sent, through statements prepared with binary
// values and through the simple protocol with text.
func TestPgxTypes(t *testing.T) {
	conn := connect(t, startServer(t))
	execute(t, conn, `CREATE TABLE t (id int PRIMARY KEY, b boolean, i2 smallint, i4 int, i8 bigint, f double precision,
		n numeric(20,4), s text, ts timestamptz, d date)`)
	rows := [][]string{
		{"1", "true", "-32768", "2147483647", "-9223372036854775808", "1.5e-300", "1234567890123.4500", "text 'ü' 🙂 \\ \"", "2024-02-29 12:34:56.789012+00", "2024-02-29"},
		{"2", "false", "0", "0", "0", "NaN", "0.0000", "", "1969-12-31 23:59:59+00", "0001-01-01"},
		{"3", "true", "1", "-1", "1", "Infinity", "-0.0001", "\t\n", "2262-04-11 00:00:00+00", "9999-12-31"},
	}
	const columns = "b, i2, i4, i8, f, n, s, ts, d"
	for _, row := range rows {
		marks := make([]string, len(row))
		args := make([]any, len(row))
		for i, v := range row {
			marks[i] = fmt.Sprintf("$%d", i+1)
			args[i] = v // pgx encodes a string for the parameter's type as text
		}
		if _, err := conn.Exec(t.Context(), "INSERT INTO t VALUES ("+strings.Join(marks, ", ")+")", args...); err != nil {
			t.Fatal(err)
		}
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		read, err := conn.Query(t.Context(), "SELECT "+columns+" FROM t ORDER BY id", mode)
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(read, func(r pgx.CollectableRow) ([]any, error) { return r.Values() })
		if err != nil {
			t.Fatalf("%v: %v", mode, err)
		}
		again(t, conn, mode, got)
	}
}

// again inserts values as they were read, and compares all with the rows that they came from.
func again(t *testing.T, conn *pgx.Conn, mode pgx.QueryExecMode, rows [][]any) {
	t.Helper()
	for i, row := range rows {
		args := append([]any{100 + i}, row...)
		if _, err := conn.Exec(t.Context(), "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", args...); err != nil {
			t.Fatalf("%v: %v: %v", mode, row, err)
		}
	}
	var same int
	err := conn.QueryRow(t.Context(), `SELECT count(*) FROM t a JOIN t b ON a.id + 99 = b.id AND a.b = b.b AND a.i2 = b.i2 AND a.i4 = b.i4
		AND a.i8 = b.i8 AND a.f = b.f AND a.n = b.n AND a.s = b.s AND a.ts = b.ts AND a.d = b.d`).Scan(&same)
	if err != nil || same != len(rows) {
		t.Errorf("%v: %d of %d rows came back as they were sent: %v", mode, same, len(rows), err)
	}
	execute(t, conn, "DELETE FROM t WHERE id >= 100")
}

// TestPgxNulls shows that NULL goes both ways in each mode.
func TestPgxNulls(t *testing.T) {
	conn := connect(t, startServer(t))
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		var text *string
		var number *int64
		if err := conn.QueryRow(t.Context(), "SELECT $1::text, $2::bigint", mode, text, number).Scan(&text, &number); err != nil || text != nil || number != nil {
			t.Errorf("%v: got %v, %v, %v", mode, text, number, err)
		}
	}
}

// TestPgxBatch shows that a batch is one transaction: all of it, or nothing when a statement fails.
func TestPgxBatch(t *testing.T) {
	conn := connect(t, startServer(t))
	execute(t, conn, "CREATE TABLE t (id int PRIMARY KEY, v text)")
	send := func(ids ...int) error {
		batch := &pgx.Batch{}
		for _, id := range ids {
			batch.Queue("INSERT INTO t VALUES ($1, $2)", id, "v")
		}
		batch.Queue("SELECT count(*) FROM t").QueryRow(func(row pgx.Row) error {
			var n int
			return row.Scan(&n)
		})
		return conn.SendBatch(t.Context(), batch).Close()
	}
	if err := send(1, 2, 3); err != nil {
		t.Fatal(err)
	}
	var refused *pgconn.PgError
	if err := send(4, 5, 1); !errors.As(err, &refused) || refused.Code != pgerr.UniqueViolation {
		t.Errorf("a batch with a duplicate: %v", err)
	}
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM t").Scan(&n); err != nil || n != 3 {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestPgxTransactions shows that a block is seen by others when it commits, and that of two blocks that change one row
// the second waits for the first, until it is cancelled, and then changes what that has left.
func TestPgxTransactions(t *testing.T) {
	address := startServer(t)
	a, b := connect(t, address), connect(t, address)
	execute(t, a, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	execute(t, a, "INSERT INTO t VALUES (1, 0)")
	first, err := a.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const update = "UPDATE t SET n = n + 1 WHERE id = $1"
	if _, err := first.Exec(t.Context(), update, 1); err != nil {
		t.Fatal(err)
	}
	execute(t, b, "SET lock_timeout = '10ms'")
	var refused *pgconn.PgError
	if _, err := b.Exec(t.Context(), update, 1); !errors.As(err, &refused) || refused.Code != "55P03" {
		t.Errorf("the second update: %v", err)
	}
	execute(t, b, "SET lock_timeout = 0")
	second := make(chan error, 1)
	go func() {
		_, err := b.Exec(context.Background(), update, 1)
		second <- err
	}()
	if err := first.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Errorf("the second update, after the first commit: %v", err)
	}
	var n int
	if err := b.QueryRow(t.Context(), "SELECT n FROM t").Scan(&n); err != nil || n != 2 {
		t.Errorf("n is %d, %v", n, err)
	}
}

// TestPgxConcurrentUpdates shows that statements outside of blocks do not fail when many change one row: each is
// evaluated until it fits, and none is lost.
func TestPgxConcurrentUpdates(t *testing.T) {
	const clients, updates = 4, 25
	address := startServer(t)
	conn := connect(t, address)
	execute(t, conn, "CREATE TABLE t (id int PRIMARY KEY, n int)")
	execute(t, conn, "INSERT INTO t VALUES (1, 0)")
	failed := make(chan error, clients)
	for range clients {
		c := connect(t, address)
		go func() {
			for range updates {
				if _, err := c.Exec(context.Background(), "UPDATE t SET n = n + 1 WHERE id = $1", 1); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range clients {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT n FROM t").Scan(&n); err != nil || n != clients*updates {
		t.Errorf("n is %d, %v", n, err)
	}
}

// TestPgxCopy shows COPY both ways, larger than what goes into one message or batch.
func TestPgxCopy(t *testing.T) {
	conn := connect(t, startServer(t))
	execute(t, conn, "CREATE TABLE t (id int PRIMARY KEY, v text)")
	var data strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&data, "%d,\"row, number %d\"\n", i, i)
	}
	tag, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(data.String()), "COPY t FROM STDIN (FORMAT csv)")
	if err != nil || tag.RowsAffected() != 20_000 {
		t.Fatalf("%v, %v", tag, err)
	}
	var back strings.Builder
	if _, err := conn.PgConn().CopyTo(t.Context(), &back, "COPY (SELECT * FROM t ORDER BY id) TO STDOUT (FORMAT csv)"); err != nil {
		t.Fatal(err)
	}
	if back.String() != data.String() {
		t.Error("what came back is not what was sent")
	}
}

// TestPgxCopyFrom shows pgx's own CopyFrom, which sends the binary format, with values of many types.
func TestPgxCopyFrom(t *testing.T) {
	conn := connect(t, startServer(t))
	const columns = "id int PRIMARY KEY, b boolean, i bigint, f double precision, n numeric, s text, ts timestamptz, d date"
	execute(t, conn, "CREATE TABLE t ("+columns+")")
	at := time.Date(2024, 2, 29, 12, 34, 56, 789_000, time.UTC)
	var rows [][]any
	for i := range 5_000 {
		rows = append(rows, []any{i, i%2 == 0, int64(i) << 32, float64(i) / 3, fmt.Sprintf("%d.50", i), strings.Repeat("ü", i%100), at, at}, []any{-1 - i, nil, nil, nil, nil, nil, nil, nil})
	}
	names := []string{"id", "b", "i", "f", "n", "s", "ts", "d"}
	n, err := conn.CopyFrom(t.Context(), pgx.Identifier{"t"}, names, pgx.CopyFromRows(rows))
	if err != nil || n != int64(len(rows)) {
		t.Fatalf("%d rows, %v", n, err)
	}
	var same, empty int
	err = conn.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE b = (id % 2 = 0) AND i = id * 4294967296 AND f = id / 3.0::double precision
		AND n = id + 0.5 AND s = repeat('ü', id % 100) AND ts = '2024-02-29 12:34:56.000789Z' AND d = '2024-02-29'),
		count(*) FILTER (WHERE id < 0 AND b IS NULL AND i IS NULL AND f IS NULL AND n IS NULL AND s IS NULL AND ts IS NULL AND d IS NULL) FROM t`).Scan(&same, &empty)
	if err != nil || same != 5_000 || empty != 5_000 {
		t.Errorf("%d and %d rows came back as they were sent, %v", same, empty, err)
	}
	var data bytes.Buffer
	if _, err := conn.PgConn().CopyTo(t.Context(), &data, "COPY t TO STDOUT (FORMAT binary)"); err != nil {
		t.Fatal(err)
	}
	execute(t, conn, "CREATE TABLE again ("+columns+")")
	if _, err := conn.PgConn().CopyFrom(t.Context(), &data, "COPY again FROM STDIN BINARY"); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM (SELECT * FROM t UNION SELECT * FROM again) x").Scan(&same); err != nil || same != len(rows) {
		t.Errorf("%d different rows in two equal tables, %v", same, err)
	}
}

// TestPgxBackendPID shows that a session's number is the one that its client was told.
func TestPgxBackendPID(t *testing.T) {
	address := startServer(t)
	for range 2 {
		conn := connect(t, address)
		var pid uint32
		if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil || pid != conn.PgConn().PID() || pid == 0 {
			t.Errorf("%d, the client was told %d, %v", pid, conn.PgConn().PID(), err)
		}
	}
}

// TestPgxReplans shows that a prepared statement outlives changes of the catalog: it is planned again, and fails only
// when its result would be another.
func TestPgxReplans(t *testing.T) {
	address := startServer(t)
	conn, other := connect(t, address), connect(t, address)
	execute(t, conn, "CREATE TABLE t (id int PRIMARY KEY)")
	if _, err := conn.Prepare(t.Context(), "q", "SELECT * FROM t WHERE id = $1"); err != nil {
		t.Fatal(err)
	}
	run := func() error {
		rows, err := conn.Query(t.Context(), "q", 1)
		if err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	}
	execute(t, other, "DROP TABLE t")
	var refused *pgconn.PgError
	if err := run(); !errors.As(err, &refused) || refused.Code != pgerr.UndefinedTable {
		t.Errorf("after DROP: %v", err)
	}
	execute(t, other, "CREATE TABLE t (id int PRIMARY KEY)")
	if err := run(); err != nil {
		t.Errorf("after CREATE: %v", err)
	}
	execute(t, other, "DROP TABLE t")
	execute(t, other, "CREATE TABLE t (id int PRIMARY KEY, v text)")
	if err := run(); !errors.As(err, &refused) || !strings.Contains(refused.Message, "cached plan must not change result type") {
		t.Errorf("after a change of columns: %v", err)
	}
}

// TestPgxCancel shows that a context that ends cancels the statement that waits.
func TestPgxCancel(t *testing.T) {
	conn := connect(t, startServer(t))
	execute(t, conn, "CREATE STREAM s (x int)")
	execute(t, conn, "INSERT INTO s VALUES (1)")
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := conn.Query(ctx, "SELECT x FROM s EMIT CHANGES")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	cancel()
	for rows.Next() {
	}
	if err := rows.Err(); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
