package session

import (
	"context"
	"strings"
	"time"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// block is a transaction block. Reads in it see the moment at which each began (READ COMMITTED), or the first one
// (REPEATABLE READ), and the block's own writes to tables; all writes are one atomic write, at its end.
//
//	none ── BEGIN ──────────────► explicit ── COMMIT, ROLLBACK ──► none
//	none ── Pipeline, a write ──► implicit ── Sync ──────────────► none
//	             implicit ── BEGIN ──► explicit
//	either ── an error ──► failed ── COMMIT, ROLLBACK, Sync ──► none, nothing written
//	                       failed ── ROLLBACK TO a savepoint ──► explicit, with the writes before that
type block struct {
	explicit bool
	failed   bool
	readOnly bool
	started  time.Time
	// isolation is the level, as settings name it; queried: a statement has run, so it stays.
	isolation string
	queried   bool
	snapshot  Frozen // of REPEATABLE READ, from the first statement on
	// snapshotCatalog is the catalog as it was before snapshot was taken.
	snapshotCatalog *catalog.Catalog
	writes          *writes    // nil: none yet
	staged          *staged    // changes of the catalog; nil: none yet
	rules           []rule     // that are new; staged is not nil
	gone            []goneKeys // to which rows may refer that nobody has seen yet
	// savepoints are those that were not released, oldest first. While there are some, writes is not nil.
	savepoints []savepoint
}

// TxStatus is the byte of ReadyForQuery: 'I' outside a block, 'T' in one, 'E' in a failed one.
func (s *Session) TxStatus() byte {
	switch {
	case s.block == nil || !s.block.explicit:
		return 'I'
	case s.block.failed:
		return 'E'
	}
	return 'T'
}

func (s *Session) failed() bool { return s.block != nil && s.block.failed }

// inBlock reports whether BEGIN was given and the block has not ended.
func (s *Session) inBlock() bool { return s.block != nil && s.block.explicit }

// Pipeline says that the statements up to the next Sync are one transaction, as several statements of one Query message
// and several Execute messages are ("PostgreSQL 15 docs 55.2.2.1, 55.2.4"). A statement that runs alone is evaluated again
// when somebody else changed its rows; those of a pipeline are not, as their results have been given away.
func (s *Session) Pipeline() {
	if s.block == nil {
		s.block = s.newBlock()
	}
}

// Sync ends an implicit transaction: it commits, or after Fail it rolls back. Portals do not outlive it. In an explicit
// block it does nothing.
func (s *Session) Sync(ctx context.Context) (err error) {
	defer s.recover(&err)
	if s.inBlock() {
		return nil
	}
	return s.endBlock(ctx, true)
}

// Fail says that a message failed: the block, if there is one, is lost but for what a savepoint keeps, and what SET did
// since the last Sync.
func (s *Session) Fail() {
	s.broken = !s.inBlock()
	if s.block == nil {
		s.locks.ReleaseTo(0)
		return
	}
	s.block.failed = true
	if n := len(s.block.savepoints); n > 0 {
		s.locks.ReleaseTo(s.block.savepoints[n-1].locks)
		return
	}
	s.abortBlock()
}

// abortBlock forgets what the block has written, and lets others at what it has locked.
func (s *Session) abortBlock() {
	if s.block != nil {
		s.block.writes, s.block.staged, s.block.gone, s.block.rules = nil, nil, nil, nil
	}
	s.locks.ReleaseTo(0)
}

// endBlock ends the block, by commit if it has not failed. Portals and cursors end with it, but for cursors WITH HOLD.
func (s *Session) endBlock(ctx context.Context, commit bool) error {
	b := s.block
	commit = commit && !s.broken && (b == nil || !b.failed)
	var err error
	if commit {
		err = s.holdCursors(ctx)
		commit = err == nil
	}
	s.closePortals(func(p *Portal) bool { return !p.outlives(commit) })
	s.block, s.broken = nil, false
	if b != nil && commit {
		err = s.commitBlock(ctx, b)
		commit = err == nil
	}
	s.closePortals(func(p *Portal) bool { return !p.outlives(commit) })
	s.markHeld()
	b.thaw()
	s.locks.ReleaseTo(0)
	s.settings.end(commit)
	return userError(ctx, err)
}

func (c *compiler) transaction(t *ast.Transaction) (*command, error) {
	s := c.session
	switch t.Verb {
	case "begin":
		m, err := c.modes(t.Modes)
		if err != nil {
			return nil, err
		}
		return local(beginTag(c.parsed.Text), func() error { return s.begin(m) }), nil
	case "set transaction", "set session characteristics":
		return c.setModes(t)
	case "commit":
		return &command{start: func(ctx context.Context, p *Portal) error { return s.end(ctx, p, t, s.commit) }}, nil
	case "rollback":
		return &command{start: func(ctx context.Context, p *Portal) error { return s.end(ctx, p, t, s.rollback) }}, nil
	case "savepoint", "release", "rollback to":
		return c.savepoint(t)
	}
	return nil, pgerr.Unsupported("%s is", strings.ToUpper(t.Verb)).At(c.start())
}

func beginTag(text string) string {
	if upper(firstWord(text)) == "START" {
		return "START TRANSACTION"
	}
	return "BEGIN"
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func (s *Session) begin(m modes) error {
	if s.inBlock() {
		s.warn(pgerr.ActiveSQLTransaction, "there is already a transaction in progress")
	} else {
		if s.block == nil {
			s.block = s.newBlock()
		}
		s.block.explicit = true
		s.settings.begin()
	}
	return s.setBlock(m)
}

func (s *Session) warn(code, format string, args ...any) {
	s.notice("WARNING", pgerr.New(code, format, args...))
}

// end ends the block, and with AND CHAIN begins another one with its modes.
func (s *Session) end(ctx context.Context, p *Portal, t *ast.Transaction, how func(context.Context, *Portal) error) error {
	if !t.Chain {
		return how(ctx, p)
	}
	if !s.inBlock() {
		return pgerr.New(pgerr.NoActiveSQLTransaction, "%s AND CHAIN can only be used in transaction blocks", strings.ToUpper(t.Verb))
	}
	readOnly := s.block.readOnly
	m := modes{isolation: s.block.isolation, readOnly: &readOnly}
	if err := how(ctx, p); err != nil {
		return err
	}
	return s.begin(m)
}

// commit is COMMIT: of a failed block it is ROLLBACK.
func (s *Session) commit(ctx context.Context, p *Portal) error {
	tag := "COMMIT"
	if s.failed() {
		tag = "ROLLBACK"
	}
	if !s.inBlock() {
		s.warn(pgerr.NoActiveSQLTransaction, "there is no transaction in progress")
	}
	if err := s.endBlock(ctx, true); err != nil {
		return err
	}
	return p.finish(tag)
}

func (s *Session) rollback(ctx context.Context, p *Portal) error {
	if !s.inBlock() {
		s.warn(pgerr.NoActiveSQLTransaction, "there is no transaction in progress")
	}
	if err := s.endBlock(ctx, false); err != nil {
		return err
	}
	return p.finish("ROLLBACK")
}

// transactionTime is now(): when the block began, or else when the statement did.
func (s *Session) transactionTime() time.Time {
	if s.block != nil {
		return s.block.started
	}
	return s.now()
}
