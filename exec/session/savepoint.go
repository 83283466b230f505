package session

import (
	"context"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/pgerr"
)

// maxSavepoints bounds the savepoints of one block: each keeps a copy of the settings.
const maxSavepoints = 10_000

// savepoint is a point in a block that ROLLBACK TO goes back to.
type savepoint struct {
	name     string
	writes   exec.Mark
	staged   *staged
	settings settingsMark
	opened   uint64 // portals that were opened before it
	locks    int    // a mark
	gone     int    // of block.gone
	rules    int    // of block.rules
}

// codeInvalidSavepoint is 3B001, which nobody else needs.
const codeInvalidSavepoint = "3B001"

const savepointOutside = "%s can only be used in transaction blocks"

// savepoint is SAVEPOINT, RELEASE and ROLLBACK TO. Names may repeat: the newest is meant.
func (c *compiler) savepoint(t *ast.Transaction) (*command, error) {
	s := c.session
	switch t.Verb {
	case "savepoint":
		return local("SAVEPOINT", func() error { return s.savepoint(t.Savepoint) }), nil
	case "release":
		return local("RELEASE", func() error { return s.release(t.Savepoint) }), nil
	}
	return &command{start: func(_ context.Context, p *Portal) error {
		if err := s.rollbackTo(t.Savepoint); err != nil {
			return err
		}
		return p.finish("ROLLBACK")
	}}, nil
}

func (s *Session) savepoint(name string) error {
	if !s.inBlock() {
		return pgerr.New(pgerr.NoActiveSQLTransaction, savepointOutside, "SAVEPOINT")
	}
	b := s.block
	if len(b.savepoints) >= maxSavepoints {
		return pgerr.New(pgerr.ProgramLimitExceeded, "too many savepoints").
			WithDetail("A transaction block has at most %d.", maxSavepoints)
	}
	b.savepoints = append(b.savepoints, savepoint{name: name, writes: s.blockWrites().overlay.Mark(),
		staged: b.staged, settings: s.settings.mark(), opened: s.opened, locks: s.locks.Mark(), gone: len(b.gone), rules: len(b.rules)})
	return nil
}

// findSavepoint returns the index of the newest savepoint with the name. Errors: 25P01 outside a block, 3B001.
func (s *Session) findSavepoint(statement, name string) (int, error) {
	if !s.inBlock() {
		return 0, pgerr.New(pgerr.NoActiveSQLTransaction, savepointOutside, statement)
	}
	for i := len(s.block.savepoints) - 1; i >= 0; i-- {
		if s.block.savepoints[i].name == name {
			return i, nil
		}
	}
	return 0, pgerr.New(codeInvalidSavepoint, "savepoint %q does not exist", name)
}

func (s *Session) release(name string) error {
	i, err := s.findSavepoint("RELEASE SAVEPOINT", name)
	if err != nil {
		return err
	}
	s.block.savepoints = s.block.savepoints[:i]
	if i == 0 {
		s.block.writes.overlay.DropMarks()
	}
	return nil
}

// rollbackTo takes back what the block did since the savepoint, which stays; a failed block goes on.
func (s *Session) rollbackTo(name string) error {
	i, err := s.findSavepoint("ROLLBACK TO SAVEPOINT", name)
	if err != nil {
		return err
	}
	b := s.block
	at := b.savepoints[i]
	if err := b.writes.overlay.RollbackTo(at.writes); err != nil {
		return err
	}
	if b.staged != at.staged {
		s.setStaged(at.staged)
	}
	b.savepoints, b.gone, b.rules = b.savepoints[:i+1], b.gone[:at.gone], b.rules[:at.rules]
	s.locks.ReleaseTo(at.locks)
	s.settings.rollbackTo(at.settings)
	s.closePortals(func(p *Portal) bool { return p.number > at.opened })
	b.failed = false
	return nil
}
