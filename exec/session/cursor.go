package session

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// declare is DECLARE … CURSOR: a portal with a name, in a transaction block or WITH HOLD.
func (c *compiler) declare(t *ast.DeclareCursor) (*command, error) {
	s := c.session
	inner, err := c.query(t.Query)
	if err != nil {
		return nil, err
	}
	if err := c.checkCursor(t, inner); err != nil {
		return nil, err
	}
	return &command{class: classRead, start: func(ctx context.Context, p *Portal) error {
		if !s.inBlock() && !t.Hold {
			return pgerr.New(pgerr.NoActiveSQLTransaction, "DECLARE CURSOR can only be used in transaction blocks")
		}
		cursor := &Portal{session: s, name: t.Name, command: inner, params: p.params,
			cursor: &cursor{scroll: t.Scroll, hold: t.Hold, statement: c.parsed.Text, created: s.now()}}
		if _, err := s.open(t.Name, cursor); err != nil {
			return err
		}
		if err := cursor.start(ctx); err != nil {
			return err
		}
		if t.Scroll {
			cursor.keep()
		}
		return p.finish("DECLARE CURSOR")
	}}, nil
}

// checkCursor refuses what cannot be gone back over, or be kept.
func (c *compiler) checkCursor(t *ast.DeclareCursor, query *command) error {
	locks := ""
	if n := len(t.Query.Locking); n > 0 {
		locks = t.Query.Locking[n-1].Strength
	}
	switch {
	case t.Hold && locks != "":
		return pgerr.New(pgerr.FeatureNotSupported, "DECLARE CURSOR WITH HOLD ... %s is not supported", locks).
			WithDetail("Holdable cursors must be READ ONLY.")
	case t.Scroll && locks != "":
		return pgerr.New(pgerr.FeatureNotSupported, "DECLARE SCROLL CURSOR ... %s is not supported", locks).
			WithDetail("Scrollable cursors must be READ ONLY.")
	case t.Scroll && query.endless:
		return pgerr.Unsupported("DECLARE SCROLL CURSOR … EMIT CHANGES is").At(c.start())
	}
	return nil
}

func (s *Session) cursor(name string) (*Portal, error) {
	p := s.portals[name]
	if p == nil || name == "" {
		return nil, pgerr.New(pgerr.InvalidCursorName, "cursor %q does not exist", name)
	}
	if p.cursor == nil {
		return nil, pgerr.Unsupported("FETCH from portal %q, which is of no query, is", name)
	}
	return p, nil
}

// fetch is FETCH and MOVE.
func (c *compiler) fetch(t *ast.Fetch) (*command, error) {
	s := c.session
	of, err := s.cursor(t.Cursor)
	if err != nil {
		return nil, err
	}
	timeout, err := c.fetchTimeout(t.Options)
	if err != nil {
		return nil, err
	}
	cmd := &command{class: classRead, volatile: true, endless: of.command.endless, fields: of.command.fields}
	if t.Move {
		cmd.fields = nil
	}
	cmd.start = func(ctx context.Context, p *Portal) error {
		of, err := s.cursor(t.Cursor)
		if err != nil {
			return err
		}
		rows, err := of.fetch(ctx, t, timeout)
		if err != nil {
			return err
		}
		if t.Move {
			return moveRows(ctx, p, rows)
		}
		return p.deliver("FETCH", rows)
	}
	return cmd, nil
}

func moveRows(ctx context.Context, p *Portal, rows exec.Operator) error {
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

// cursors are the rows of pg_cursors.
func (s *Session) cursors() (all []catalog.Cursor) {
	for _, p := range s.portals {
		if c := p.cursor; c != nil {
			all = append(all, catalog.Cursor{Name: p.name, Statement: c.statement, Hold: c.hold, Scroll: c.scroll, Created: c.created.UnixMicro()})
		}
	}
	slices.SortFunc(all, func(a, b catalog.Cursor) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// closeCursor is CLOSE.
func (c *compiler) closeCursor(t *ast.Close) (*command, error) {
	s := c.session
	if t.Cursor == "" {
		return local("CLOSE CURSOR ALL", func() error {
			s.closePortals(func(p *Portal) bool { return p.cursor != nil })
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
