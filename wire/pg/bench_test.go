package pg_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
	"github.com/millracedb/millrace/wire/pg"
)

// benchRows is the data of a COPY of about 90 bytes a row.
func benchRows(rows int) string {
	var b strings.Builder
	for i := range rows {
		fmt.Fprintf(&b, "%d,value of row number %d with some more text to fill it up to about ninety bytes\n", i, i)
	}
	return b.String()
}

// BenchmarkCopyParser measures the parsing of CSV alone.
func BenchmarkCopyParser(b *testing.B) {
	data := []byte(benchRows(10_000))
	cp := &session.Copy{In: true, Relation: "c", Format: copyFormats["FORMAT csv"],
		Columns: []plan.Field{{Name: "id", Type: types.Int8}, {Name: "t", Type: types.Text}}}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if rows, err := pg.CountCopy(cp, data, 64<<10); err != nil || rows != 10_000 {
			b.Fatal(rows, err)
		}
	}
}

// BenchmarkCopyFrom measures COPY through all layers, 100,000 rows at a time.
func BenchmarkCopyFrom(b *testing.B) {
	conn := benchConn(b)
	data := benchRows(100_000)
	b.SetBytes(int64(len(data)))
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		benchExec(b, conn, fmt.Sprintf("CREATE TABLE c%d (id bigint PRIMARY KEY, v text)", i))
		b.StartTimer()
		if _, err := conn.CopyFrom(b.Context(), strings.NewReader(data), fmt.Sprintf("COPY c%d FROM STDIN (FORMAT csv)", i)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSelectOne measures a prepared SELECT of a constant: the protocol, the session and an empty plan.
func BenchmarkSelectOne(b *testing.B) {
	conn := benchConn(b)
	if _, err := conn.Prepare(b.Context(), "s", "SELECT $1::int + 1", nil); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r := conn.ExecPrepared(b.Context(), "s", [][]byte{[]byte("41")}, nil, nil).Read(); r.Err != nil {
			b.Fatal(r.Err)
		}
	}
}

func benchExec(b *testing.B, conn *pgconn.PgConn, sql string) {
	if _, err := conn.Exec(b.Context(), sql).ReadAll(); err != nil {
		b.Fatal(err)
	}
}

// benchConn is a connection to a node of its own.
func benchConn(b *testing.B) *pgconn.PgConn {
	node, err := cluster.Open(cluster.Config{DataDir: b.TempDir(), MemoryBytes: 256 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { node.Close() })
	if err := node.WaitReady(b.Context()); err != nil {
		b.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := pg.New(pg.Config{Engine: node})
	go server.Serve(listener)
	b.Cleanup(func() { server.Shutdown(context.Background()) })
	conn, err := pgconn.Connect(b.Context(), "postgres://x@"+listener.Addr().String()+"/x")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
