package pg

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/types"
)

// execution says how a portal is to be run.
type execution struct {
	maxRows int  // 0: all
	commit  bool // commit an implicit transaction before the completion is told
}

// execute runs a portal and sends what it gives, up to the command's completion, or PortalSuspended if there may be more
// than maxRows rows. Every statement of both protocols comes through here.
func (c *conn) execute(portal *session.Portal, x execution) error {
	c.server.metrics.statements.Add(1)
	if portal.Empty() {
		c.out.send(&pgproto3.EmptyQueryResponse{})
		return nil
	}
	c.session.Working(portal)
	defer c.session.LogSlow(portal, time.Now())
	ctx, end := c.begin(portal.Reads(), portal.Endless())
	defer end()
	copying := portal.Copy()
	switch {
	case copying == nil:
		return c.rows(ctx, portal, x)
	case copying.In:
		return c.copyIn(ctx, portal, x)
	}
	return c.copyOut(ctx, portal, x)
}

// rows sends a portal's rows as DataRow messages.
func (c *conn) rows(ctx context.Context, portal *session.Portal, x execution) error {
	binary, err := formats(portal.Formats, len(portal.Fields()))
	if err != nil {
		return err
	}
	w := &rowWriter{out: c.out, binary: binary, scope: c.session.Scope()}
	sent, done, err := c.pull(ctx, portal, x.maxRows, w.write)
	if err != nil {
		return err
	}
	if !done {
		c.out.send(&pgproto3.PortalSuspended{})
		return nil
	}
	return c.complete(ctx, portal, x, sent)
}

// pull gives write the rows of portal as they come. The rows of an endless portal are shown at once, as nobody knows when
// the next one comes.
func (c *conn) pull(ctx context.Context, portal *session.Portal, maxRows int, write func(*types.Batch)) (sent int64, done bool, err error) {
	for !done && (maxRows == 0 || sent < int64(maxRows)) {
		if portal.Endless() {
			c.out.flush()
		}
		want := 0
		if maxRows > 0 {
			want = maxRows - int(sent)
		}
		var b *types.Batch
		if b, done, err = portal.Next(ctx, want); err != nil {
			return sent, false, err
		}
		if b != nil {
			write(b)
			sent += int64(b.Len)
		}
		if c.out.err != nil {
			return sent, false, session.ErrGone
		}
	}
	return sent, done, nil
}

// complete tells that a portal has run to its end.
func (c *conn) complete(ctx context.Context, portal *session.Portal, x execution, rows int64) error {
	if x.commit {
		if err := c.session.Sync(ctx); err != nil {
			return err
		}
	}
	c.out.send(&pgproto3.CommandComplete{CommandTag: []byte(portal.Tag(rows))})
	return nil
}
