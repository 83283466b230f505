package damage_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/millracedb/millrace/cluster"
	"github.com/millracedb/millrace/wire/pg"
)

// patience bounds what a damaged node may take to start, and one statement: far beyond what any takes.
const patience = 30 * time.Second

const shards = 3

// node is a node in this process, and a client of it.
type node struct {
	n      *cluster.Node
	server *pg.Server
	conn   *pgx.Conn
	fatal  chan error // receives why the node stopped
}

// open opens a data directory. The error says why the node refuses to start.
func open(ctx context.Context, dir string) (*node, error) {
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	n := &node{fatal: make(chan error, 1)}
	var err error
	n.n, err = cluster.Open(cluster.Config{DataDir: dir, Shards: shards, MemoryBytes: 24 << 20, Logger: logger, Fatal: func(err error) { n.fatal <- err }})
	if err != nil {
		return nil, err
	}
	if err := n.ready(ctx); err != nil {
		return nil, errors.Join(err, n.n.Close())
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, n.n.Close())
	}
	n.server = pg.New(pg.Config{Engine: n.n, Version: "test", MemoryBytes: 64 << 20, Logger: logger})
	go n.server.Serve(listener)
	n.conn, err = pgx.Connect(ctx, fmt.Sprintf("postgres://millrace@%s/millrace?sslmode=disable", listener.Addr()))
	if err != nil {
		return nil, errors.Join(err, n.close(ctx))
	}
	return n, nil
}

// ready waits until the node serves, or says why it cannot.
func (n *node) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- n.n.WaitReady(ctx) }()
	select {
	case err := <-n.fatal:
		return err
	case err := <-served:
		return err
	}
}

func (n *node) close(ctx context.Context) error {
	if n.conn != nil {
		_ = n.conn.Close(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n.server.Shutdown(ctx)
	return n.n.Close()
}

// answer is what a statement returned: its rows as text, in order of the text, or its error.
type answer struct {
	rows string
	err  error
}

func (n *node) query(ctx context.Context, sql string) answer {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	results, err := n.conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return answer{err: err}
	}
	var rows []string
	for _, r := range results {
		for _, row := range r.Rows {
			rows = append(rows, string(slices.Concat(slices.Collect(separated(row))...)))
		}
	}
	slices.Sort(rows)
	return answer{rows: strings.Join(rows, "\n")}
}

func separated(row [][]byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for _, field := range row {
			if !yield(field) || !yield([]byte("|")) {
				return
			}
		}
	}
}

// code is the SQLSTATE of an error of the server, empty for another error.
func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
