package session

import (
	"context"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Portal is a statement with its parameters, in execution: rows are pulled from it.
type Portal struct {
	session *Session
	name    string
	command *command
	params  []types.Datum
	cursor  *cursor // nil: FETCH takes no rows of it
	number  uint64  // among the session's, from 1

	// Formats are the protocol's format codes for the result, kept here for the wire.
	Formats []int16

	started, done bool
	op            exec.Operator // gives the rows; nil when there are none, or no more
	rest          *types.Batch  // rows that op gave and nobody has taken yet
	tag           string
	counted       bool // the tag ends in the number of rows
}

// Bind makes a portal of p; "" is the unnamed portal, which is replaced. params are of the types of p.Params.
func (s *Session) Bind(ctx context.Context, name string, p *Prepared, params []types.Datum) (_ *Portal, err error) {
	defer s.recover(&err)
	if err := s.admit(p.parsed.Stmt); err != nil {
		return nil, err
	}
	if !s.failed() {
		if err := s.refresh(ctx, p); err != nil {
			return nil, err
		}
	}
	portal := &Portal{session: s, name: name, command: p.command, params: params}
	if name != "" && p.command.class == classRead && p.command.fields != nil && p.command.copy == nil {
		portal.cursor = &cursor{statement: p.parsed.Text, created: s.now()} // FETCH takes rows of it too
	}
	return s.open(name, portal)
}

func (s *Session) open(name string, p *Portal) (*Portal, error) {
	if name == "" {
		s.ClosePortal(name)
	}
	if s.portals[name] != nil {
		return nil, pgerr.New(pgerr.DuplicateCursor, "cursor %q already exists", name)
	}
	if len(s.portals) >= maxPortals {
		return nil, pgerr.New(pgerr.ProgramLimitExceeded, "too many open portals")
	}
	s.opened++
	p.number = s.opened
	s.portals[name] = p
	return p, nil
}

// Portal returns the open portal name. Errors: 34000.
func (s *Session) Portal(name string) (*Portal, error) {
	p := s.portals[name]
	if p == nil {
		return nil, pgerr.New(pgerr.InvalidCursorName, "portal %q does not exist", name)
	}
	return p, nil
}

// ClosePortal closes a portal; it is no error if there is none.
func (s *Session) ClosePortal(name string) {
	if p := s.portals[name]; p != nil {
		p.close()
		delete(s.portals, name)
	}
}

func (s *Session) closePortals(which func(*Portal) bool) {
	for name, p := range s.portals {
		if which(p) {
			p.close()
			delete(s.portals, name)
		}
	}
}

func (p *Portal) close() {
	if p.op != nil {
		p.op.Close()
		p.op = nil
	}
	p.rest, p.done = nil, true
}

// Fields returns the columns of the rows; nil if there are none.
func (p *Portal) Fields() []plan.Field { return p.command.fields }

// Reads reports whether nothing is lost when the portal's execution is cut short: it changes no data and no catalog.
func (p *Portal) Reads() bool { return p.command.class == classRead }

// Writes reports whether the statement writes rows. One that runs alone, outside a block, is evaluated again after a
// conflict; so the wire looks whether it is alone, see Session.Pipeline.
func (p *Portal) Writes() bool { return p.command.class == classWrite }

// Endless reports whether rows come as they happen, for ever: whoever waits for them should be shown those that are there.
func (p *Portal) Endless() bool { return p.command.endless }

// Empty reports whether the statement is the empty one.
func (p *Portal) Empty() bool { return p.command.empty }

// Copy describes the data of COPY; nil if the statement is no COPY.
func (p *Portal) Copy() *Copy { return p.command.copy }

// Next runs the portal and returns its next rows, at most maxRows of them if that is positive. It waits for rows when
// there are none yet. done says that there are no more; the batch may be nil then. The batch is the caller's until the
// next call. After an error the session is to be told, see Session.Fail.
func (p *Portal) Next(ctx context.Context, maxRows int) (b *types.Batch, done bool, err error) {
	defer p.session.recover(&err)
	if err := p.start(ctx); err != nil {
		return nil, false, userError(ctx, err)
	}
	if p.rest == nil {
		if err := p.pull(ctx); err != nil {
			return nil, false, userError(ctx, err)
		}
	}
	b = p.take(maxRows)
	if p.cursor != nil {
		p.cursor.passed(b)
	}
	return b, p.done && p.rest == nil, nil
}

func (p *Portal) start(ctx context.Context) error {
	if p.started && p.done && !p.counted {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "portal %q cannot be run", p.name)
	}
	if p.started {
		return nil
	}
	if p.session.failed() && !p.command.ends {
		return errFailedBlock()
	}
	p.started = true
	if b := p.session.block; b != nil && (p.command.class == classRead || p.command.class == classWrite) {
		b.queried = true
	}
	return p.command.start(ctx, p)
}

// pull gets the operator's next batch that is not empty.
func (p *Portal) pull(ctx context.Context) error {
	for p.op != nil && !p.done {
		b, err := p.op.Next(ctx)
		if err != nil {
			return err
		}
		if b == nil {
			break
		}
		if b.Len > 0 {
			p.rest = b
			return nil
		}
	}
	if p.cursor != nil && p.cursor.source != nil { // it may go back
		p.done = true
		return nil
	}
	p.close()
	return nil
}

// take cuts at most maxRows off what is there.
func (p *Portal) take(maxRows int) *types.Batch {
	b := p.rest
	if b == nil || maxRows <= 0 || b.Len <= maxRows {
		p.rest = nil
		return b
	}
	p.rest = b.Slice(maxRows, b.Len)
	return b.Slice(0, maxRows)
}

// Tag returns the command tag after an execution that delivered rows.
func (p *Portal) Tag(rows int64) string {
	if p.counted {
		return countTag(p.tag, rows)
	}
	return p.tag
}

// finish notes a result without rows.
func (p *Portal) finish(tag string) error {
	p.tag, p.done = tag, true
	return nil
}

// deliver notes a result whose rows op gives; the tag is followed by their number.
func (p *Portal) deliver(tag string, op exec.Operator) error {
	p.tag, p.counted, p.op = tag, true, op
	return nil
}
