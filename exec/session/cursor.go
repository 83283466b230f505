package session

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// maxFetchRows bounds the rows of an endless cursor that one FETCH gathers.
const maxFetchRows = math.MaxInt32

// declare is DECLARE … CURSOR: a portal with a name, in a transaction block.
func (c *compiler) declare(t *ast.DeclareCursor) (*command, error) {
	s := c.session
	if t.Hold {
		return nil, pgerr.Unsupported("DECLARE CURSOR WITH HOLD is").At(c.start())
	}
	inner, err := c.query(t.Query)
	if err != nil {
		return nil, err
	}
	return &command{class: classRead, start: func(ctx context.Context, p *Portal) error {
		if !s.inBlock() {
			return pgerr.New(pgerr.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
		}
		cursor := &Portal{session: s, name: t.Name, command: inner, params: p.params, cursor: true}
		if _, err := s.open(t.Name, cursor); err != nil {
			return err
		}
		if err := cursor.start(ctx); err != nil {
			return err
		}
		return p.finish("DECLARE CURSOR")
	}}, nil
}

func (s *Session) cursor(name string) (*Portal, error) {
	p := s.portals[name]
	if p == nil || name == "" {
		return nil, pgerr.New(pgerr.InvalidCursorName, "cursor %q does not exist", name)
	}
	return p, nil
}

// fetch is FETCH and MOVE, forward only.
func (c *compiler) fetch(t *ast.Fetch) (*command, error) {
	s := c.session
	cursor, err := s.cursor(t.Cursor)
	if err != nil {
		return nil, err
	}
	if t.Backward || t.Count < -1 {
		return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cursor can only scan forward")
	}
	timeout, err := c.fetchTimeout(t.Options)
	if err != nil {
		return nil, err
	}
	cmd := &command{class: classRead, volatile: true, endless: cursor.command.endless, fields: cursor.command.fields}
	if t.Move {
		cmd.fields = nil
	}
	cmd.start = func(ctx context.Context, p *Portal) error {
		cursor, err := s.cursor(t.Cursor)
		if err != nil {
			return err
		}
		rows := &fetchRows{cursor: cursor, left: t.Count, timeout: timeout}
		if t.Count < 0 {
			rows.left = maxFetchRows
		}
		if t.Move {
			return moveRows(ctx, p, rows)
		}
		return p.deliver("FETCH", rows)
	}
	return cmd, nil
}

func moveRows(ctx context.Context, p *Portal, rows *fetchRows) error {
	moved := int64(0)
	for {
		b, err := rows.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			p.counted = false
			return p.finish(countTag("MOVE", moved))
		}
		moved += int64(b.Len)
	}
}

// fetchTimeout reads WITH (timeout = '1s'); 0 means none.
func (c *compiler) fetchTimeout(options []ast.Option) (time.Duration, error) {
	timeout := time.Duration(0)
	for _, o := range options {
		if o.Name != "timeout" {
			return 0, pgerr.New(pgerr.SyntaxError, "unrecognized FETCH option %q", o.Name).At(o.Pos)
		}
		d, err := parseDuration(optionText(o))
		if err != nil || d <= 0 {
			return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid value for FETCH option %q: %q", o.Name, optionText(o)).At(o.Pos)
		}
		timeout = d
	}
	return timeout, nil
}

// fetchRows takes rows off a cursor until it has the wanted number, the cursor ends, or the time has passed.
type fetchRows struct {
	cursor  *Portal
	left    int64
	timeout time.Duration
	until   time.Time
}

// Next implements exec.Operator.
func (f *fetchRows) Next(ctx context.Context) (*types.Batch, error) {
	if f.left <= 0 || f.cursor.done && f.cursor.rest == nil {
		return nil, nil
	}
	ctx, cancel := f.bound(ctx)
	defer cancel()
	b, _, err := f.cursor.Next(ctx, int(min(f.left, maxFetchRows)))
	if err != nil && errors.Is(context.Cause(ctx), errFetchTimeout) {
		f.left = 0
		return nil, nil
	}
	if b != nil {
		f.left -= int64(b.Len)
	}
	return b, err
}

// errFetchTimeout ends a FETCH with what there is.
var errFetchTimeout = pgerr.New(pgerr.QueryCanceled, "FETCH timeout")

func (f *fetchRows) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout == 0 {
		return ctx, func() {}
	}
	if f.until.IsZero() {
		f.until = time.Now().Add(f.timeout)
	}
	return context.WithDeadlineCause(ctx, f.until, errFetchTimeout)
}

// Close implements exec.Operator; the cursor stays open.
func (f *fetchRows) Close() {}

// closeCursor is CLOSE.
func (c *compiler) closeCursor(t *ast.Close) (*command, error) {
	s := c.session
	if t.Cursor == "" {
		return local("CLOSE CURSOR ALL", func() error {
			s.closePortals(func(p *Portal) bool { return p.cursor })
			return nil
		}), nil
	}
	return local("CLOSE CURSOR", func() error {
		if _, err := s.cursor(t.Cursor); err != nil {
			return err
		}
		s.ClosePortal(t.Cursor)
		return nil
	}), nil
}
