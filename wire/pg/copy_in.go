package pg

import (
	"bytes"
	"context"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/pgerr"
)

// copyIn runs COPY FROM STDIN: it asks for the data, and turns them to rows as they come. After an error the data that
// still come are dropped at the top level ("PostgreSQL 15 docs 55.2.6").
func (c *conn) copyIn(ctx context.Context, portal *session.Portal, x execution) error {
	cp := portal.Copy()
	w, err := portal.StartCopy(ctx)
	if err != nil {
		return err
	}
	defer w.Abort()
	codes := formatCodes(len(cp.Columns), cp.Format.Binary)
	c.out.send(&pgproto3.CopyInResponse{OverallFormat: overallFormat(cp), ColumnFormatCodes: codes})
	c.out.flush()
	load := &copyLoad{ctx: ctx, writer: w, parser: newCopyParser(cp, c.session.Scope())}
	if err := c.copyData(load); err != nil {
		return err
	}
	if err := load.finish(); err != nil {
		return err
	}
	rows, err := w.Finish(ctx)
	if err != nil {
		return err
	}
	return c.complete(ctx, portal, x, rows)
}

// copyData takes the messages of the data up to CopyDone.
func (c *conn) copyData(load *copyLoad) error {
	for {
		m, err := c.in.more()
		if err != nil {
			return err
		}
		if cause := context.Cause(load.ctx); cause != nil {
			return cause
		}
		switch m.kind {
		case msgCopyData:
			if err := load.add(m.body); err != nil {
				return err
			}
		case msgCopyDone:
			return nil
		case msgCopyFail:
			return load.parser.rows().located(pgerr.New(pgerr.QueryCanceled, "COPY from stdin failed: %s", bytes.TrimRight(m.body, "\x00")), nil)
		case msgFlush, msgSync: // ignored, as PostgreSQL does: a client may send them with Execute
		case msgTerminate:
			return io.EOF
		default:
			c.closing = true
			return load.parser.rows().located(protocolViolation("unexpected message type 0x%02X during COPY from stdin", byte(m.kind)), nil)
		}
	}
}

// copyLoad carries rows from a parser to a writer, in batches.
type copyLoad struct {
	ctx    context.Context
	writer *session.CopyWriter
	parser copyParser
}

func (l *copyLoad) add(data []byte) error {
	l.parser.feed(data)
	return l.drain(false)
}

// finish parses what is left, without a line's end perhaps, and writes the last batch.
func (l *copyLoad) finish() error {
	if err := l.drain(true); err != nil {
		return err
	}
	return l.write()
}

func (l *copyLoad) drain(last bool) error {
	for {
		ok, err := l.parser.next(last)
		if err != nil || !ok {
			return err
		}
		if l.parser.rows().batch.Len >= copyBatchRows {
			if err := l.write(); err != nil {
				return err
			}
		}
	}
}

func (l *copyLoad) write() error {
	rows := l.parser.rows()
	if rows.batch.Len == 0 {
		return nil
	}
	return l.writer.Write(l.ctx, rows.take())
}
