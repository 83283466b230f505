package pg

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/millracedb/millrace/exec/session"
)

// conn is one connection. Its fields belong to the goroutine of run, but for those below mu.
type conn struct {
	server  *Server
	net     net.Conn
	id      uint32
	secret  [4]byte
	refused bool   // there are too many connections
	user    string // whose it is, once that is known; under the server's mu

	frames  *frames // read by run until authentication, then by receive
	in      *inbox
	out     *output
	session *session.Session // set, under mu, by run

	skipping bool // after an error in the extended protocol: until Sync
	idle     bool // it was told that its next statement may come
	closing  bool // the last message was sent or received

	mu      sync.Mutex
	running *running // the statement at work, nil if none
	gone    bool     // the client has closed the connection
	drained bool     // the server stops
}

// running is a statement at work.
type running struct {
	cancel  context.CancelCauseFunc
	reads   bool // nothing is lost when it is cut short
	endless bool // it would wait for ever
}

func newConn(s *Server, nc net.Conn, id uint32, refused bool) *conn {
	c := &conn{server: s, net: nc, id: id, refused: refused, frames: newFrames(nc), in: newInbox(), out: &output{conn: nc}}
	if _, err := rand.Read(c.secret[:]); err != nil {
		panic(err) // never happens: crypto/rand ends the program itself
	}
	return c
}

// run serves the connection until its end.
func (c *conn) run() {
	defer c.net.Close()
	ready, err := c.startup()
	if err != nil {
		c.fatal(err)
		return
	}
	if !ready {
		return
	}
	c.server.metrics.connections.Add(1)
	defer c.session.Close()
	received := make(chan struct{})
	go func() {
		defer close(received)
		c.receive()
	}()
	c.serve()
	c.out.farewell()
	_ = c.net.Close() // ends receive
	c.in.fail(net.ErrClosed)
	<-received
}

// receive reads messages ahead of the statement at work until the connection ends.
func (c *conn) receive() {
	for {
		m, err := c.frames.next()
		if err != nil {
			c.in.fail(err)
			c.lost(isGone(err))
			return
		}
		if m.kind == msgTerminate {
			c.cancel(session.ErrGone, func(r *running) bool { return r.endless })
		}
		if !c.in.put(m, c.frames.whole()) {
			return
		}
	}
}

// isGone says whether the connection ended, rather than that it was misused.
func isGone(err error) bool {
	var netError net.Error
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || errors.As(err, &netError)
}

// lost notes that the client is gone: what only reads is of no use any more.
func (c *conn) lost(gone bool) {
	if gone {
		c.mu.Lock()
		c.gone = true
		c.mu.Unlock()
		c.cancel(session.ErrGone, func(r *running) bool { return r.reads })
	}
}

// begin returns the context of a statement, which cancel ends. end is to be called when the statement has ended.
func (c *conn) begin(reads, endless bool) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &running{cancel: cancel, reads: reads, endless: endless}
	c.mu.Lock()
	c.running = r
	gone, drained := c.gone, c.drained
	c.mu.Unlock()
	switch {
	case gone && reads:
		cancel(session.ErrGone)
	case drained && endless:
		cancel(session.ErrShutdown)
	}
	ctx, stop := c.session.WithTimeout(ctx)
	return ctx, func() {
		c.mu.Lock()
		c.running = nil
		c.mu.Unlock()
		stop()
		cancel(nil)
	}
}

// cancel ends the statement at work, if there is one and it is of those meant.
func (c *conn) cancel(cause error, meant func(*running) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running != nil && meant(c.running) {
		c.running.cancel(cause)
	}
}

// secretIs compares without telling by its time how much is right.
func (c *conn) secretIs(secret []byte) bool {
	return subtle.ConstantTimeCompare(c.secret[:], secret) == 1
}

// drain asks the connection to end after the statement at work, and that one to end if it would not.
func (c *conn) drain() {
	c.mu.Lock()
	c.drained = true
	c.mu.Unlock()
	c.cancel(session.ErrShutdown, func(r *running) bool { return r.endless })
	c.in.stop(session.ErrShutdown)
}

// terminate ends the statement at work, and the connection with it.
func (c *conn) terminate() {
	c.cancel(session.ErrShutdown, func(*running) bool { return true })
	c.in.stop(session.ErrShutdown)
}

// abandon ends the connection: the grace period is over.
func (c *conn) abandon() {
	c.cancel(session.ErrShutdown, func(*running) bool { return true })
	c.in.fail(session.ErrShutdown)
	_ = c.net.Close() // whoever reads or writes is woken
}

// fatal tells the client why the connection ends, and ends it.
func (c *conn) fatal(err error) {
	c.closing = true
	if isGone(err) {
		return
	}
	c.server.metrics.failures.Add(1)
	c.out.send(errorResponse("FATAL", err))
	c.out.farewell()
}
