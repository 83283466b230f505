package pg_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// received waits for an error that the server sends by itself, and returns its severity and SQLSTATE.
func received(t *testing.T, c *pgx.Conn) string {
	t.Helper()
	for {
		m, err := c.PgConn().Frontend().Receive()
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := m.(*pgproto3.ErrorResponse); ok {
			return e.Severity + " " + e.Code
		}
	}
}

func sqlState(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Severity + " " + e.Code
}

// scan asks one value.
func scan[T any](t *testing.T, c *pgx.Conn, sql string, args ...any) (v T) {
	t.Helper()
	if err := c.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// TestIdleTimeouts shows that a session that is idle for too long is told why and ended, and that what it has locked is free
// then.
func TestIdleTimeouts(t *testing.T) {
	address := startServer(t)
	a, b := connect(t, address), connect(t, address)
	execute(t, a, "CREATE TABLE t (id int PRIMARY KEY)")
	execute(t, a, "SET idle_in_transaction_session_timeout = '50ms'")
	execute(t, a, "BEGIN")
	execute(t, a, "INSERT INTO t VALUES (1)")
	execute(t, b, "INSERT INTO t VALUES (1)")
	if got := received(t, a); got != "FATAL 25P03" {
		t.Errorf("idle in a transaction: %s", got)
	}
	execute(t, b, "SET idle_session_timeout = '20ms'")
	if got := received(t, b); got != "FATAL 57P05" {
		t.Errorf("idle: %s", got)
	}
}

// TestSignals shows that another session can cancel a statement that waits and end a session that is idle or waits, and what
// pg_stat_activity tells of them.
func TestSignals(t *testing.T) {
	address := startServer(t)
	a, b, c := connect(t, address), connect(t, address), connect(t, address)
	execute(t, a, "SET application_name = 'holder'")
	execute(t, a, "BEGIN")
	execute(t, a, "SELECT pg_advisory_xact_lock(7)")
	state := scan[string](t, c, "SELECT state || ', ' || wait_event || ', ' || query || ', ' || (xact_start <= query_start) FROM pg_stat_activity WHERE application_name = 'holder'")
	if state != "idle in transaction, ClientRead, SELECT pg_advisory_xact_lock(7), true" {
		t.Errorf("the holder is %q", state)
	}
	for _, f := range []string{"pg_cancel_backend", "pg_terminate_backend"} {
		ended := make(chan error, 1)
		go func() {
			_, err := b.Exec(context.Background(), "SELECT pg_advisory_lock(7)")
			ended <- err
		}()
		const waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND wait_event_type = 'Lock' AND wait_event = 'advisory'"
		pid := int32(b.PgConn().PID())
		for scan[int](t, c, waits, pid) == 0 {
		}
		locks := scan[string](t, c, `SELECT string_agg(locktype || ' ' || mode || ' ' || granted || ' ' || coalesce(objid::text, ''), ', ' ORDER BY locktype, granted DESC)
			FROM pg_locks WHERE locktype = 'advisory' OR pid <> $1`, pid)
		if locks != "advisory ExclusiveLock true 7, advisory ExclusiveLock false 7" {
			t.Errorf("pg_locks: %s", locks)
		}
		if !scan[bool](t, c, "SELECT "+f+"($1)", pid) {
			t.Errorf("%s: false", f)
		}
		want := map[string]string{"pg_cancel_backend": "ERROR 57014", "pg_terminate_backend": "FATAL 57P01"}[f]
		if got := sqlState(<-ended); got != want {
			t.Errorf("%s: the statement ended with %s, want %s", f, got, want)
		}
	}
	if !scan[bool](t, c, "SELECT pg_terminate_backend($1)", int32(a.PgConn().PID())) {
		t.Error("the idle session is not found")
	}
	if got := received(t, a); got != "FATAL 57P01" {
		t.Errorf("the idle session: %s", got)
	}
	execute(t, c, "SELECT pg_advisory_lock(7)")
	if scan[bool](t, c, "SELECT pg_terminate_backend(2147483647)") {
		t.Error("a session that is not there was ended")
	}
}

// TestDisconnectFreesLocks shows that a client that is gone keeps nobody waiting.
func TestDisconnectFreesLocks(t *testing.T) {
	address := startServer(t)
	a, b := connect(t, address), connect(t, address)
	execute(t, a, "CREATE TABLE t (id int PRIMARY KEY)")
	execute(t, a, "SELECT pg_advisory_lock(1)")
	execute(t, a, "BEGIN")
	execute(t, a, "INSERT INTO t VALUES (1)")
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	execute(t, b, "INSERT INTO t VALUES (1)")
	execute(t, b, "SELECT pg_advisory_lock(1)")
}
