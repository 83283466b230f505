package pg

import (
	"errors"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
)

// serve works on messages until the connection is to end.
//
//	    ┌────────── an extended message fails ─────────┐
//	    │                                              ▼
//	serving ◄──────────────── Sync ─────────────── skipping
//	    │                                              │
//	    └─ Terminate, end of input, a broken message ──┴──► closing
func (c *conn) serve() {
	for !c.closing && c.out.err == nil {
		m, err := c.next()
		if err != nil {
			c.fatal(err)
			return
		}
		c.message(m)
	}
}

// next waits for a message, not longer than an idle session may.
func (c *conn) next() (message, error) {
	if c.idle {
		c.idle = false
		if d, why := c.session.IdleTimeout(); d > 0 {
			defer time.AfterFunc(d, func() { c.in.stop(why) }).Stop()
		}
	}
	return c.in.next()
}

// message works on one message at the top level.
func (c *conn) message(m message) {
	switch m.kind {
	case msgTerminate:
		c.closing = true
	case msgSync:
		c.sync()
	case msgFlush:
		c.out.flush()
	case msgCopyData, msgCopyDone, msgCopyFail: // left over from a COPY that failed
	case msgQuery:
		if !c.skipping {
			c.simple(m)
		}
	default:
		if c.skipping {
			return
		}
		if err := c.guarded(func() error { return c.extended(m) }); err != nil {
			c.failed(err)
			c.skipping = true
		}
	}
}

// guarded turns a panic of this package into XX000; those of the session it recovers itself.
func (c *conn) guarded(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.server.log.Error("panic in a connection", "panic", r, "stack", string(debug.Stack()))
			err = pgerr.New(pgerr.InternalError, "internal error: %v", r)
		}
	}()
	return do()
}

// failed tells the client of an error, and the session, whose transaction is lost.
func (c *conn) failed(err error) {
	if errors.Is(err, session.ErrGone) || isGone(err) {
		c.closing = true
		return
	}
	e := pgerr.From(err)
	if (e.Code == pgerr.InternalError || e.Code == pgerr.DataCorrupted) && !e.Logged {
		c.server.log.Error("internal error", "error", err, "cause", e.Cause)
	}
	c.server.metrics.failures.Add(1)
	c.session.Fail()
	if e == session.ErrShutdown {
		c.out.send(errorResponse("FATAL", err))
		c.closing = true
		return
	}
	c.out.send(errorResponse("ERROR", err))
	if c.closing {
		c.out.send(errorResponse("FATAL", protocolViolation("terminating connection because protocol synchronization was lost")))
	}
}

// sync ends an implicit transaction, and the skipping after an error.
func (c *conn) sync() {
	c.skipping = false
	ctx, end := c.begin(false, false)
	err := c.session.Sync(ctx)
	end()
	if err != nil {
		c.failed(err)
	}
	c.ready()
}

// ready says that the next statement may come.
func (c *conn) ready() {
	if c.closing {
		return
	}
	c.session.ReportSettings()
	c.session.Idle()
	c.idle = true
	c.out.send(&pgproto3.ReadyForQuery{TxStatus: c.session.TxStatus()})
	c.out.flush()
}
