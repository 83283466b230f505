package session

import (
	"context"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Frozen is a snapshot of everything, which a transaction keeps until it ends.
type Frozen interface {
	// With returns a reader of relations as of the snapshot; it must be closed before the snapshot is. Errors: 55000 for a
	// view that has failed, or that was not there.
	With(rels []*catalog.Relation) (exec.Reader, error)
	Close()
}

// Isolation levels, as the settings name them. The others are refused.
const repeatableRead = "repeatable read"

// modes are the modes of a transaction; "" and nil where they are not said.
type modes struct {
	isolation string
	readOnly  *bool
}

// newBlock returns a block with the modes that the session's settings give.
func (s *Session) newBlock() *block {
	return &block{started: s.now(), isolation: s.settings.value("default_transaction_isolation"),
		readOnly: s.settings.value("default_transaction_read_only") == "on"}
}

// modes reads the transaction modes of BEGIN and SET TRANSACTION.
func (c *compiler) modes(list []string) (m modes, err error) {
	for _, word := range list {
		word = strings.ToLower(word)
		level, isLevel := strings.CutPrefix(word, "isolation level ")
		on := word == "read only"
		switch {
		case isLevel:
			if m.isolation, err = checkIsolation("transaction_isolation", []string{level}); err != nil {
				return m, err
			}
		case on || word == "read write":
			m.readOnly = &on
		case word == "not deferrable", word == "deferrable": // a snapshot is taken without waiting for writers anyway
		default:
			return m, pgerr.Unsupported("transaction mode %q is", word)
		}
	}
	return m, nil
}

// setModes is SET TRANSACTION and SET SESSION CHARACTERISTICS.
func (c *compiler) setModes(t *ast.Transaction) (*command, error) {
	m, err := c.modes(t.Modes)
	if err != nil {
		return nil, err
	}
	s := c.session
	return local("SET", func() error {
		if t.Verb != "set transaction" {
			return s.setDefaults(m)
		}
		if !s.inBlock() {
			s.warn(pgerr.NoActiveSQLTransaction, "SET TRANSACTION can only be used in transaction blocks")
			return nil
		}
		return s.setBlock(m)
	}), nil
}

// setDefaults is SET SESSION CHARACTERISTICS.
func (s *Session) setDefaults(m modes) error {
	if m.isolation != "" {
		if err := s.settings.set("default_transaction_isolation", []string{m.isolation}, false); err != nil {
			return err
		}
	}
	if m.readOnly != nil {
		return s.settings.set("default_transaction_read_only", []string{onOff(*m.readOnly)}, false)
	}
	return nil
}

// setBlock changes the modes of the block. Error: 25001 for what must be said before the first query.
func (s *Session) setBlock(m modes) error {
	b := s.block
	if m.isolation != "" && m.isolation != b.isolation {
		if b.queried {
			return pgerr.New(pgerr.ActiveSQLTransaction, "SET TRANSACTION ISOLATION LEVEL must be called before any query")
		}
		b.isolation = m.isolation
	}
	if m.readOnly != nil {
		if b.readOnly && !*m.readOnly && b.queried {
			return pgerr.New(pgerr.ActiveSQLTransaction, "transaction read-write mode must be set before any query")
		}
		b.readOnly = *m.readOnly
	}
	return s.showModes()
}

// showModes has SHOW tell the modes of the block. What is told already is not set again: plans are made anew after a change.
func (s *Session) showModes() error {
	for name, value := range map[string]string{"transaction_isolation": s.block.isolation, "transaction_read_only": onOff(s.block.readOnly)} {
		if s.settings.value(name) == value {
			continue
		}
		if err := s.settings.set(name, []string{value}, true); err != nil {
			return err
		}
	}
	return nil
}

// setMode is SET of transaction_isolation or transaction_read_only, which means the block; false for other settings.
func (s *Session) setMode(name string, values []string) (bool, error) {
	var m modes
	switch strings.ToLower(name) {
	case "transaction_isolation":
		level, err := checkIsolation(name, values)
		if err != nil || !s.inBlock() {
			return true, err
		}
		m.isolation = level
	case "transaction_read_only":
		on, err := checkBool(name, values)
		if err != nil || !s.inBlock() {
			return true, err
		}
		readOnly := on == "on"
		m.readOnly = &readOnly
	default:
		return false, nil
	}
	return true, s.setBlock(m)
}

// frozen reports whether all statements of the block see one snapshot.
func (s *Session) frozen() bool { return s.block != nil && s.block.isolation == repeatableRead }

// committed returns a reader of what is committed: now, or in a block of REPEATABLE READ when its first statement began.
func (s *Session) committed(ctx context.Context, rels []*catalog.Relation, level Consistency) (exec.Reader, error) {
	notice := func(m string) { s.notef("%s", m) }
	if !s.frozen() {
		return s.engine.Snapshot(ctx, rels, level, notice)
	}
	if s.block.snapshot == nil {
		cat := s.engine.Catalog()
		f, err := s.engine.Freeze(ctx, level, notice)
		if err != nil {
			return nil, err
		}
		s.block.snapshot, s.block.snapshotCatalog = f, cat
	}
	return s.block.snapshot.With(rels)
}

// over lays what the block has written over a reader.
func (s *Session) over(reader exec.Reader, err error) (exec.Reader, error) {
	if err != nil || s.block == nil || s.block.writes == nil {
		return reader, err
	}
	return s.block.writes.over(reader), nil
}

// latest returns a reader of rows of a relation as they are now, in REPEATABLE READ too; see Engine.Rows.
func (s *Session) latest(ctx context.Context, rel *catalog.Relation) (exec.Reader, error) {
	return s.over(s.engine.Rows(ctx, rel))
}

// thaw gives the block's snapshot back.
func (b *block) thaw() {
	if b != nil && b.snapshot != nil {
		b.snapshot.Close()
		b.snapshot = nil
	}
}
