package pg_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/tests/oracle"
)

// TestCancelInEachPhase shows what a CancelRequest does in each phase of a connection, in PostgreSQL too: nothing while it is idle, in
// a block or not, or between messages of a pipeline; it ends a COPY whose data has not all come and a statement that waits for a lock, with
// 57014, and the connection goes on.
func TestCancelInEachPhase(t *testing.T) {
	t.Run("millrace", func(t *testing.T) {
		address := startServer(t)
		cancelInEachPhase(t, address, func() *client { return dial(t, "tcp", address) })
	})
	t.Run("postgres", func(t *testing.T) {
		postgres := oracle.StartPostgres(t).Conn(t).Config()
		address := net.JoinHostPort(postgres.Host, fmt.Sprint(postgres.Port))
		cancelInEachPhase(t, address, func() *client { return dialAs(t, "tcp", address, postgres.User, postgres.Database) })
	})
}

const canceled = "ERROR 57014: canceling statement due to user request"

func cancelInEachPhase(t *testing.T, address string, connect func() *client) {
	c, other := connect(), connect()
	cancel := func() { cancelRequest(t, address, c.key.ProcessID, c.key.SecretKey) }
	send := func(ms ...pgproto3.FrontendMessage) {
		t.Helper()
		for _, m := range ms {
			c.Send(m)
		}
		c.flush(t)
	}
	c.query(t, "CREATE TABLE t (id int PRIMARY KEY)")

	cancel()
	wantContains(t, c.query(t, "BEGIN; INSERT INTO t VALUES (1)"), "INSERT 0 1", "ReadyForQuery T")
	cancel()
	wantContains(t, c.query(t, "COMMIT"), "CommandComplete COMMIT", "ReadyForQuery I")

	send(&pgproto3.Parse{Query: "SELECT id FROM t"}, &pgproto3.Bind{}, &pgproto3.Flush{})
	wantContains(t, c.receive(t, "BindComplete"), "ParseComplete")
	cancel()
	send(&pgproto3.Execute{}, &pgproto3.Sync{})
	wantContains(t, c.receive(t, "ReadyForQuery"), `DataRow "1"`, "SELECT 1")

	send(&pgproto3.Query{String: "COPY t FROM STDIN"})
	c.receive(t, "CopyInResponse")
	send(&pgproto3.CopyData{Data: []byte("2\n")})
	cancel()
	send(&pgproto3.CopyData{Data: []byte("3\n")}, &pgproto3.CopyDone{}) // PostgreSQL looks when more data comes
	wantContains(t, c.receive(t, "ReadyForQuery"), canceled, "ReadyForQuery I")
	wantContains(t, c.query(t, "SELECT count(*) FROM t"), `DataRow "1"`)

	other.query(t, "BEGIN; DELETE FROM t")
	c.query(t, "BEGIN")
	pid := c.key.ProcessID
	send(&pgproto3.Query{String: "DELETE FROM t"})
	for !strings.Contains(other.query(t, fmt.Sprintf("SELECT 'waits' FROM pg_stat_activity WHERE pid = %d AND wait_event_type = 'Lock'", pid)), "DataRow") {
	}
	cancel()
	wantContains(t, c.receive(t, "ReadyForQuery"), canceled, "ReadyForQuery E")
	wantContains(t, c.query(t, "ROLLBACK"), "CommandComplete ROLLBACK", "ReadyForQuery I")
	other.query(t, "ROLLBACK")
	wantContains(t, c.query(t, "DELETE FROM t"), "DELETE 1")
}
