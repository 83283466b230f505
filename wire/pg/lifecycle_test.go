package pg_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/wire/pg"
)

// query sends a Query message and shows the answer.
func (c *client) query(t *testing.T, sql string) string {
	t.Helper()
	c.Send(&pgproto3.Query{String: sql})
	c.flush(t)
	return c.receive(t, "ReadyForQuery")
}

// follow starts a query that never ends, and returns when its first row is there.
func (c *client) follow(t *testing.T, sql string) {
	t.Helper()
	c.Send(&pgproto3.Query{String: sql})
	c.flush(t)
	if got := c.receive(t, "DataRow"); !strings.Contains(got, "DataRow") {
		t.Fatalf("no row: %s", got)
	}
}

func wantContains(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in:\n%s", part, got)
		}
	}
}

// cancelRequest sends a CancelRequest and returns when the server has dealt with it.
func cancelRequest(t *testing.T, address string, id uint32, secret []byte) {
	t.Helper()
	c := open(t, "tcp", address)
	c.Send(&pgproto3.CancelRequest{ProcessID: id, SecretKey: secret})
	c.flush(t)
	if got := c.receive(t, ""); got != "closed\n" {
		t.Errorf("the answer to a CancelRequest: %s", got)
	}
}

// TestEmitChangesShowsAtOnce shows that a row of a query that never ends is sent when it happens, and that a
// CancelRequest ends the query and nothing else. One with a wrong secret does nothing.
func TestEmitChangesShowsAtOnce(t *testing.T) {
	address := startServer(t)
	writer, reader := dial(t, "tcp", address), dial(t, "tcp", address)
	writer.query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	writer.query(t, "INSERT INTO t VALUES (1)")
	reader.follow(t, "SELECT id FROM t EMIT CHANGES")
	writer.query(t, "INSERT INTO t VALUES (2)")
	wantContains(t, reader.receive(t, "DataRow"), `DataRow "insert"`, ` "2"`)
	cancelRequest(t, address, reader.key.ProcessID, []byte("nope"))
	writer.query(t, "DELETE FROM t WHERE id = 1")
	wantContains(t, reader.receive(t, "DataRow"), `DataRow "delete"`, ` "1"`)
	cancelRequest(t, address, reader.key.ProcessID, reader.key.SecretKey)
	wantContains(t, reader.receive(t, "ReadyForQuery"), "ERROR 57014: canceling statement due to user request", "ReadyForQuery I")
	wantContains(t, reader.query(t, "SELECT count(*) AS n FROM t"), `DataRow "1"`)
}

// TestCopyOutFollows shows that COPY of an endless query streams rows, and ends when it is cancelled.
func TestCopyOutFollows(t *testing.T) {
	address := startServer(t)
	writer, reader := dial(t, "tcp", address), dial(t, "tcp", address)
	writer.query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	reader.Send(&pgproto3.Query{String: "COPY (SELECT id FROM t EMIT CHANGES) TO STDOUT (FORMAT csv)"})
	reader.flush(t)
	wantContains(t, reader.receive(t, "CopyOutResponse"), "CopyOutResponse 0 [0 0 0]")
	writer.query(t, "INSERT INTO t VALUES (5)")
	wantContains(t, reader.receive(t, "CopyData"), `CopyData "insert,`, `,5\n"`)
	cancelRequest(t, address, reader.key.ProcessID, reader.key.SecretKey)
	wantContains(t, reader.receive(t, "ReadyForQuery"), "ERROR 57014")
}

// TestStatementTimeout shows that a statement that waits ends with its time.
func TestStatementTimeout(t *testing.T) {
	c := dial(t, "tcp", startServer(t))
	c.query(t, "CREATE STREAM s (x int)")
	wantContains(t, c.query(t, "SET statement_timeout = '20ms'; SELECT * FROM s EMIT CHANGES"),
		"ERROR 57014: canceling statement due to statement timeout", "ReadyForQuery I")
}

// TestClientsAreBounded shows that one client too many is told so, and that one that leaves in the middle of a query that
// never ends makes room: that it is gone has been noticed.
func TestClientsAreBounded(t *testing.T) {
	address, _ := startServerWith(t, pg.Config{MaxConnections: 1})
	first := dial(t, "tcp", address)
	first.query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	first.query(t, "INSERT INTO t VALUES (1)")
	first.follow(t, "SELECT * FROM t EMIT CHANGES")
	wantContains(t, greet(t, address), "FATAL 53300: sorry, too many clients already")
	first.conn.Close()
	for until := time.Now().Add(exchangeTimeout); ; {
		if got := greet(t, address); strings.Contains(got, "ReadyForQuery I") {
			return
		} else if time.Now().After(until) {
			t.Fatalf("the client's place is still taken: %s", got)
		}
	}
}

// greet connects, shows what the server says up to ReadyForQuery or the end, and leaves.
func greet(t *testing.T, address string, parameters ...string) string {
	t.Helper()
	c := open(t, "tcp", address)
	defer c.conn.Close()
	m := &pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "tester"}}
	for i := 0; i < len(parameters); i += 2 {
		m.Parameters[parameters[i]] = parameters[i+1]
	}
	c.Send(m)
	c.flush(t)
	return c.receive(t, "ReadyForQuery")
}

// TestTerminateEndsEndless shows that Terminate behind a query that never ends ends the connection.
func TestTerminateEndsEndless(t *testing.T) {
	c := dial(t, "tcp", startServer(t))
	c.query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	c.query(t, "INSERT INTO t VALUES (1)")
	c.follow(t, "SELECT * FROM t EMIT CHANGES")
	c.Send(&pgproto3.Terminate{})
	c.flush(t)
	if got := c.receive(t, ""); got != "closed\n" {
		t.Errorf("got %s", got)
	}
}

// TestSlowClient shows that a client that does not read what it asked for stands in nobody's way.
func TestSlowClient(t *testing.T) {
	address := startServer(t)
	slow, other := dial(t, "tcp", address), dial(t, "tcp", address)
	rows := strings.Repeat("x", 4000)
	other.query(t, "CREATE TABLE big (id int PRIMARY KEY, v text)")
	var values []string
	for i := range 200 {
		values = append(values, "("+string(rune('0'+i/100))+string(rune('0'+i/10%10))+string(rune('0'+i%10))+", '"+rows+"')")
	}
	wantContains(t, other.query(t, "INSERT INTO big VALUES "+strings.Join(values, ", ")), "INSERT 0 200")
	slow.Send(&pgproto3.Query{String: "SELECT a.v, b.v, c.id FROM big a, big b, big c"})
	slow.flush(t)
	slow.receive(t, "RowDescription")
	wantContains(t, other.query(t, "SELECT count(*) AS n FROM big"), `DataRow "200"`)
}

// TestShutdown shows how clients are told that the server stops: an idle one at once, one that waits for ever by the end
// of its statement, and one that is at work when it is done.
func TestShutdown(t *testing.T) {
	address, server := startServerWith(t, pg.Config{})
	idle, endless, busy := dial(t, "tcp", address), dial(t, "tcp", address), dial(t, "tcp", address)
	idle.query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	idle.query(t, "INSERT INTO t VALUES (1)")
	endless.follow(t, "SELECT * FROM t EMIT CHANGES")
	busy.Send(&pgproto3.Query{String: "COPY t FROM STDIN"})
	busy.flush(t)
	busy.receive(t, "CopyInResponse")

	stopped := make(chan struct{})
	go func() {
		server.Shutdown(context.Background())
		close(stopped)
	}()
	const told = "FATAL 57P01: terminating connection due to administrator command"
	wantContains(t, idle.receive(t, "ReadyForQuery"), told, "closed")
	wantContains(t, endless.receive(t, "ReadyForQuery"), told, "closed")
	busy.Send(&pgproto3.CopyData{Data: []byte("7\n")})
	busy.Send(&pgproto3.CopyDone{})
	busy.flush(t)
	wantContains(t, busy.receive(t, ""), "CommandComplete COPY 1", told, "closed")
	<-stopped
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the server still listens")
	}
}

// TestShutdownCutsOff shows that a client that is still at work after the grace period is cut off.
func TestShutdownCutsOff(t *testing.T) {
	address, server := startServerWith(t, pg.Config{})
	c := dial(t, "tcp", address)
	c.query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	c.Send(&pgproto3.Query{String: "COPY t FROM STDIN"})
	c.flush(t)
	c.receive(t, "CopyInResponse")
	over, cancel := context.WithCancel(context.Background())
	cancel()
	server.Shutdown(over)
	if got := c.receive(t, "ReadyForQuery"); !strings.Contains(got, "closed") {
		t.Errorf("got %s", got)
	}
}
