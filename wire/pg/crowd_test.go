package pg_test

import (
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/millracedb/millrace/wire/pg"
)

// Of TestCrowd.
const (
	crowdClients   = 1000
	crowdSteady    = 4   // clients that are served all the while
	crowdGoroutine = 100 // that may be left of what is not a connection's
	crowdHeapBytes = 16 << 20
)

// deaths are how the clients of a crowd end: what each sends last, before it closes its connection. Each but the first is cut off in
// the middle of something.
var deaths = []func(c *client){
	func(c *client) { c.Send(&pgproto3.Terminate{}); _ = c.Flush() },
	func(c *client) {}, // between two messages
	func(c *client) { _, _ = c.conn.Write([]byte{'Q', 0, 0}) },
	func(c *client) { _, _ = c.conn.Write([]byte{'Q', 0, 0, 1, 0, 'S', 'E', 'L'}) },
	func(c *client) { _, _ = c.conn.Write([]byte{'P', 3, 0xff, 0xff, 0xff}) }, // announces 64 MiB
	func(c *client) { c.Send(&pgproto3.Query{String: "SELECT count(*) FROM t a, t b"}); _ = c.Flush() },
	func(c *client) {
		c.Send(&pgproto3.Query{String: "BEGIN; INSERT INTO t VALUES (-1)"}) // they wait for each other
		_ = c.Flush()
	},
	func(c *client) {
		c.Send(&pgproto3.Query{String: "COPY t FROM STDIN"})
		c.Send(&pgproto3.CopyData{Data: []byte("-2\n-")})
		_ = c.Flush()
	},
	func(c *client) {
		c.Send(&pgproto3.Parse{Query: "INSERT INTO t VALUES (-3)"})
		c.Send(&pgproto3.Bind{})
		c.Send(&pgproto3.Execute{}) // without Sync
		_ = c.Flush()
	},
	func(c *client) { c.Send(&pgproto3.Query{String: "SELECT * FROM t EMIT CHANGES"}); _ = c.Flush() },
}

// TestCrowd shows that a thousand clients connect and are answered, that one more is told that there is no room, and that when all of
// them have died, most in the middle of a message or a statement, others were served all the while, nothing is left of them, what they
// had not committed is not there, and what they had locked is free.
func TestCrowd(t *testing.T) {
	address, _ := startServerWith(t, pg.Config{MaxConnections: crowdClients + crowdSteady})
	steady := make([]*client, crowdSteady)
	for i := range steady {
		steady[i] = dial(t, "tcp", address)
	}
	steady[0].query(t, "CREATE TABLE t (id int PRIMARY KEY)")
	steady[0].query(t, "INSERT INTO t VALUES (1), (2), (3)")
	before, heapBefore := runtime.NumGoroutine(), heap()

	crowd := make([]*client, crowdClients)
	each(len(crowd), func(i int) { crowd[i] = crowdClient(t, address) })
	wantContains(t, greet(t, address), "FATAL 53300: sorry, too many clients already")
	each(len(crowd), func(i int) {
		if crowd[i] == nil {
			return
		}
		deaths[i%len(deaths)](crowd[i])
		if i%len(deaths) == 0 {
			return // Terminate: the server closes
		}
		_ = crowd[i].conn.(*net.TCPConn).SetLinger(i % 2 * -1) // half of them with a reset
		crowd[i].conn.Close()
	})
	for i, c := range steady {
		wantContains(t, c.query(t, fmt.Sprintf("SELECT count(*) FROM t WHERE id > 0 AND id <> %d", -i)), `DataRow "3"`)
	}
	settles(t, "connections", func() (int, bool) {
		n := strings.Count(steady[0].query(t, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"), "DataRow")
		return n, n == crowdSteady
	})
	wantContains(t, steady[1].query(t, "SET lock_timeout = '10s'; INSERT INTO t VALUES (-1), (-2)"), "INSERT 0 2")
	wantContains(t, steady[2].query(t, "SELECT count(*) FROM t WHERE id > -3"), `DataRow "5"`)
	settles(t, "goroutines", func() (int, bool) {
		n := runtime.NumGoroutine()
		return n, n < before+crowdGoroutine
	})
	clear(crowd)
	if more := heap() - heapBefore; more > crowdHeapBytes {
		t.Errorf("%d bytes more of the heap are in use", more)
	}
}

// heap is how much of the heap is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// crowdClient connects and asks something. It returns nil if that fails, which it reports.
func crowdClient(t *testing.T, address string) *client {
	conn, err := net.DialTimeout("tcp", address, exchangeTimeout)
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(exchangeTimeout))
	c := &client{Frontend: pgproto3.NewFrontend(conn, conn), conn: conn}
	c.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "tester"}})
	c.Send(&pgproto3.Query{String: "SELECT count(*) FROM t WHERE id > 0"})
	if err := c.Flush(); err != nil {
		t.Error(err)
		return nil
	}
	rows := 0
	for ready := 0; ready < 2; {
		m, err := c.Receive()
		if err != nil {
			t.Error(err)
			return nil
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			t.Errorf("%s %s", m.Code, m.Message)
			return nil
		case *pgproto3.DataRow:
			rows++
		case *pgproto3.ReadyForQuery:
			ready++
		}
	}
	if rows != 1 {
		t.Errorf("%d rows", rows)
	}
	return c
}

// crowdWorkers is how many clients do something at one time.
const crowdWorkers = 64

// each calls f with all numbers below n, some at a time.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, crowdWorkers)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			f(i)
			<-slots
		})
	}
	wg.Wait()
}

// settles looks at a number until it is as it should be.
func settles(t *testing.T, what string, look func() (n int, settled bool)) {
	t.Helper()
	for until := time.Now().Add(exchangeTimeout); ; runtime.Gosched() {
		n, settled := look()
		if settled {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d %s are left", n, what)
		}
	}
}
