package session

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// cursor is what DECLARE adds to a portal: a place among its rows, and for some the rows themselves.
//
// A cursor of no kind goes forward over its running query. SCROLL keeps all rows that were read, to go back to them. WITH HOLD
// keeps those that are left when the transaction ends; an endless one goes on as it is, as it reads no snapshot.
type cursor struct {
	scroll, hold bool
	held         bool // its transaction has ended
	failed       bool // a FETCH did
	statement    string
	created      time.Time

	// pos is how many rows are before the place, the row at which the cursor is among them; behind: it is behind the last one.
	pos    int64
	behind bool
	source *keptSource // nil: nothing is kept
}

// passed moves the place on by the rows that were given; nil: it was asked for rows and there are no more.
func (c *cursor) passed(b *types.Batch) {
	if b == nil {
		c.behind = true
		return
	}
	c.pos += int64(b.Len)
}

// keptSource gives the rows that are kept, then those of the query, which it keeps.
type keptSource struct {
	query exec.Operator // nil: it has ended
	kept  *exec.KeptRows
	next  int // among kept
}

// Next implements exec.Operator.
func (s *keptSource) Next(ctx context.Context) (*types.Batch, error) {
	for s.next == s.kept.Len() {
		if more, err := s.readMore(ctx); !more {
			return nil, err
		}
	}
	from := s.next
	s.next = min(from+exec.BatchRows, s.kept.Len())
	return s.kept.Slice(from, s.next), nil
}

// readMore keeps one more batch of the query; false: there is none.
func (s *keptSource) readMore(ctx context.Context) (bool, error) {
	if s.query == nil {
		return false, nil
	}
	b, err := s.query.Next(ctx)
	if err != nil {
		return false, err
	}
	if b == nil {
		s.query.Close()
		s.query = nil
		return false, nil
	}
	err = s.kept.Add(b)
	return err == nil, err
}

// Close implements exec.Operator.
func (s *keptSource) Close() {
	if s.query != nil {
		s.query.Close()
		s.query = nil
	}
	s.kept.Release()
}

// keep has the rows kept that are read from now on.
func (p *Portal) keep() {
	columns := make([]types.Type, len(p.command.fields))
	for i, f := range p.command.fields {
		columns[i] = f.Type
	}
	p.cursor.source = &keptSource{query: p.op, kept: p.session.keeper.Keep(columns)}
	p.op = p.cursor.source
}

// holdCursors makes the cursors WITH HOLD of the transaction that is about to commit independent of it.
func (s *Session) holdCursors(ctx context.Context) error {
	for _, p := range s.portals {
		if c := p.cursor; c != nil && c.hold && !c.held {
			if err := p.hold(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// outlives reports whether the portal goes on after the transaction, which commits or not.
func (p *Portal) outlives(commit bool) bool {
	return p.cursor != nil && p.cursor.hold && (commit || p.cursor.held)
}

// markHeld notes that those cursors which are there are held.
func (s *Session) markHeld() {
	for _, p := range s.portals {
		p.cursor.held = true
	}
}

func (p *Portal) hold(ctx context.Context) error {
	if p.command.endless || p.op == nil && p.rest == nil {
		return nil
	}
	c := p.cursor
	if c.source == nil {
		p.keep()
		if p.rest != nil {
			if err := c.source.kept.Add(p.rest); err != nil {
				return err
			}
			p.rest = nil
		}
	}
	for {
		if more, err := c.source.readMore(ctx); !more {
			return err
		}
	}
}

// errForwardOnly is of a cursor that keeps no rows.
func errForwardOnly() error {
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cursor can only scan forward").
		WithHint("Declare it with SCROLL option to enable backward scan.")
}

// fetch goes where t says and returns the rows that it gives, which move the cursor on. A cursor that has failed stays failed.
func (p *Portal) fetch(ctx context.Context, t *ast.Fetch, timeout time.Duration) (rows exec.Operator, err error) {
	if p.cursor.failed {
		return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "portal %q cannot be run", p.name)
	}
	if rows, err = p.position(ctx, t, timeout); err != nil {
		p.cursor.failed = true
	}
	return rows, err
}

func (p *Portal) position(ctx context.Context, t *ast.Fetch, timeout time.Duration) (exec.Operator, error) {
	rows := &fetchRows{cursor: p, timeout: timeout}
	count := t.Count
	if t.All {
		count = math.MaxInt32
	}
	switch t.Direction {
	case ast.FetchForward, ast.FetchBackward:
		if t.Direction == ast.FetchBackward {
			count = -count
		}
		switch {
		case count > 0:
			rows.left = count
			return rows, nil
		case count < 0:
			return p.backward(-count)
		}
		return rows, p.fetchCurrent(ctx, rows, t.Move)
	case ast.FetchAbsolute:
		return rows, p.fetchAbsolute(ctx, rows, count)
	}
	switch {
	case count == 0:
		return rows, p.fetchCurrent(ctx, rows, t.Move)
	case count < 0 && !p.cursor.scroll:
		return nil, errForwardOnly()
	}
	return rows, p.fetchAbsolute(ctx, rows, max(p.place()+count, 0))
}

// place is the row at which the cursor is; 0 before the first, one more than the last behind it.
func (p *Portal) place() int64 {
	if p.cursor.behind {
		return p.cursor.pos + 1
	}
	return p.cursor.pos
}

// fetchCurrent gives the row at which the cursor is once more. MOVE needs not to go back for that.
func (p *Portal) fetchCurrent(ctx context.Context, rows *fetchRows, move bool) error {
	at := p.cursor.pos
	if at == 0 || p.cursor.behind {
		return nil
	}
	if move && !p.cursor.scroll {
		rows.given = types.NewBatch(nil, 0)
		rows.given.Len = 1
		return nil
	}
	return p.fetchAbsolute(ctx, rows, at)
}

// fetchAbsolute gives row n, counted from 1, or from -1 backwards.
func (p *Portal) fetchAbsolute(ctx context.Context, rows *fetchRows, n int64) error {
	if n < 0 {
		if err := p.moveTo(ctx, math.MaxInt64); err != nil {
			return err
		}
		n = max(p.place()+n, 0)
	}
	if n == 0 {
		return p.moveTo(ctx, 0)
	}
	rows.left = 1
	return p.moveTo(ctx, n-1)
}

// moveTo goes on, or back, until n rows are before the place, or all.
func (p *Portal) moveTo(ctx context.Context, n int64) error {
	c := p.cursor
	if n < c.pos {
		return p.back(n)
	}
	for c.pos < n && !c.behind {
		if _, _, err := p.Next(ctx, int(min(n-c.pos, math.MaxInt32))); err != nil {
			return err
		}
	}
	return nil
}

// back goes back to where n rows are before the place.
func (p *Portal) back(n int64) error {
	c := p.cursor
	if !c.scroll {
		return errForwardOnly()
	}
	c.source.next = int(n)
	c.pos, c.behind = n, false
	p.op, p.rest, p.done = c.source, nil, false
	return nil
}

// backward gives the count rows before the place, the nearest first.
func (p *Portal) backward(count int64) (exec.Operator, error) {
	if !p.cursor.scroll {
		return nil, errForwardOnly()
	}
	to := p.place() - 1
	from := max(to-count, 0)
	rows := &fetchRows{cursor: p}
	if to > from {
		rows.given = p.cursor.source.kept.Reverse(int(from), int(to))
	}
	if to < count { // too few: it is before the first row
		return rows, p.back(0)
	}
	return rows, p.back(from + 1)
}

// fetchRows gives what is given, then takes rows off a cursor until it has the wanted number, the cursor ends, or the time has
// passed.
type fetchRows struct {
	cursor  *Portal
	given   *types.Batch
	left    int64
	timeout time.Duration
	until   time.Time
}

// Next implements exec.Operator.
func (f *fetchRows) Next(ctx context.Context) (*types.Batch, error) {
	if b := f.given; b != nil {
		f.given = nil
		return b, nil
	}
	if f.left <= 0 || f.cursor.cursor.behind {
		return nil, nil
	}
	ctx, cancel := f.bound(ctx)
	defer cancel()
	b, _, err := f.cursor.Next(ctx, int(min(f.left, math.MaxInt32)))
	if err != nil && errors.Is(context.Cause(ctx), errFetchTimeout) {
		f.left = 0
		return nil, nil
	}
	if err != nil {
		f.cursor.cursor.failed = true
		return nil, err
	}
	if b != nil {
		f.left -= int64(b.Len)
	}
	return b, nil
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
