package oracle

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// callTimeout bounds one statement. It is far beyond what any takes: it ends a test whose server never answers.
const callTimeout = 3 * time.Minute

// Client is a connection to one of the two sides. It speaks the simple protocol and text, as psql does. Statements
// are written in Millrace's SQL; a client of PostgreSQL translates them with ToPostgres. It connects when it is first
// used, and anew after its server was restarted. One goroutine may use it.
type Client struct {
	// Label names the side in messages.
	Label string

	address   func() string // of the server as it runs now: pgx's connection string
	process   func() int    // of the server as it runs now: the id of its first process
	translate func(sql string) string
	conn      *pgconn.PgConn
}

// Address is the connection string of the server as it runs now.
func (c *Client) Address() string { return c.address() }

// Process is the id of the server's process as it runs now; PostgreSQL's has children.
func (c *Client) Process() int { return c.process() }

func newClient(t testing.TB, label string, address func() string, translate func(string) string) *Client {
	if translate == nil {
		translate = func(sql string) string { return sql }
	}
	c := &Client{Label: label, address: address, translate: translate}
	t.Cleanup(c.disconnect)
	return c
}

// Exec runs statements, one after the other, and ends the test if one fails.
func (c *Client) Exec(t testing.TB, sql string) {
	t.Helper()
	for _, statement := range Statements(sql) {
		if err := c.TryExec(statement); err != nil {
			t.Fatalf("%s: %v\nin: %s", c.Label, err, statement)
		}
	}
}

// TryExec runs one statement. An error of the server is a *pgconn.PgError.
func (c *Client) TryExec(statement string) error {
	_, err := c.TryQuery(statement)
	return err
}

// Query runs one statement that returns rows, and ends the test if it fails.
func (c *Client) Query(t testing.TB, statement string) *Result {
	t.Helper()
	result, err := c.TryQuery(statement)
	if err != nil {
		t.Fatalf("%s: %v\nin: %s", c.Label, err, statement)
	}
	return result
}

// TryQuery runs one statement and returns its rows, none if it has no rows to return. An error of the server is a
// *pgconn.PgError.
func (c *Client) TryQuery(statement string) (*Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	results, err := c.conn.Exec(ctx, c.translate(statement)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("%d results of one statement", len(results))
	}
	return NewResult(results[0]), nil
}

// CopyCSV loads a CSV file with a heading line into a relation through COPY FROM STDIN, and returns how many rows the
// server says that it took. It ends the test if the load fails.
func (c *Client) CopyCSV(t testing.TB, relation, path string) int64 {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := c.copyFrom(file, "COPY "+relation+" FROM STDIN WITH (FORMAT csv, HEADER true)")
	if err != nil {
		t.Fatalf("%s: load %s into %s: %v", c.Label, path, relation, err)
	}
	return rows
}

// CopyRows loads rows in CSV, without a heading line, into a relation. It ends the test if the load fails.
func (c *Client) CopyRows(t testing.TB, relation string, csv io.Reader) {
	t.Helper()
	if _, err := c.copyFrom(csv, "COPY "+relation+" FROM STDIN WITH (FORMAT csv)"); err != nil {
		t.Fatalf("%s: load rows into %s: %v", c.Label, relation, err)
	}
}

func (c *Client) copyFrom(r io.Reader, statement string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	if err := c.connect(ctx); err != nil {
		return 0, err
	}
	tag, err := c.conn.CopyFrom(ctx, r, statement)
	return tag.RowsAffected(), err
}

// Conn opens a connection of its own, for what the client does not do: the extended protocol, cursors, a second
// session. It is closed when the test ends.
func (c *Client) Conn(t testing.TB) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.address())
	if err != nil {
		t.Fatalf("connect to %s: %v", c.Label, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
		defer cancel()
		_ = conn.Close(ctx) // its server may have been killed
	})
	return conn
}

func (c *Client) connect(ctx context.Context) (err error) {
	if c.conn != nil && !c.conn.IsClosed() {
		return nil
	}
	c.conn, err = pgconn.Connect(ctx, c.address())
	return err
}

func (c *Client) disconnect() {
	if c.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	_ = c.conn.Close(ctx) // its server may have been killed
	c.conn = nil
}
