package session

import (
	"context"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// sequenceUse is what a session was given of sequences; it implements expr.Sequences.
type sequenceUse struct {
	session *Session
	values  map[catalog.RelationID]int64
	last    catalog.RelationID
}

// maxSequencesUsed bounds the sequences whose values a session remembers.
const maxSequencesUsed = 10_000

func (u *sequenceUse) note(id catalog.RelationID, v int64) {
	if _, known := u.values[id]; u.values == nil || !known && len(u.values) >= maxSequencesUsed {
		u.values = map[catalog.RelationID]int64{}
	}
	u.values[id] = v
}

// forget is DISCARD SEQUENCES.
func (u *sequenceUse) forget() { u.values, u.last = nil, 0 }

// Next implements expr.Sequences.
func (u *sequenceUse) Next(r *catalog.Relation) (int64, error) {
	if err := u.session.writable("nextval()"); err != nil {
		return 0, err
	}
	if err := u.session.sequenceAllows(r, catalog.Usage|catalog.Update); err != nil {
		return 0, err
	}
	v, err := u.session.nextValue(r)
	if err != nil {
		return 0, err
	}
	u.note(r.ID, v)
	u.last = r.ID
	return v, nil
}

// Current implements expr.Sequences.
func (u *sequenceUse) Current(r *catalog.Relation) (int64, error) {
	if err := u.session.sequenceAllows(r, catalog.Usage|catalog.Select); err != nil {
		return 0, err
	}
	if v, ok := u.values[r.ID]; ok {
		return v, nil
	}
	return 0, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "currval of sequence %q is not yet defined in this session", r.Name)
}

// Last implements expr.Sequences.
func (u *sequenceUse) Last() (int64, error) {
	v, ok := u.values[u.last]
	if !ok || u.session.catalog().ByID(u.last) == nil {
		return 0, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "lastval is not yet defined in this session")
	}
	return v, nil
}

// Set implements expr.Sequences.
func (u *sequenceUse) Set(r *catalog.Relation, value int64, called bool) error {
	if err := u.session.writable("setval()"); err != nil {
		return err
	}
	if err := u.session.sequenceAllows(r, catalog.Update); err != nil {
		return err
	}
	if q := r.Sequence; value < q.Min || value > q.Max {
		return pgerr.New(pgerr.NumericValueOutOfRange, "setval: value %d is out of bounds for sequence %q (%d..%d)", value, r.Name, q.Min, q.Max)
	}
	if err := u.session.setValue(context.Background(), r.ID, catalog.SequenceState{Last: value, Called: called}); err != nil {
		return err
	}
	if called {
		u.note(r.ID, value)
	}
	return nil
}

// createSequence is CREATE SEQUENCE.
func (c *compiler) createSequence(t *ast.CreateSequence) (*command, error) {
	return c.change("CREATE SEQUENCE", func(c *compiler) (*catalog.Change, func(), error) {
		if t.IfNotExists && c.existing(t.Name) != nil {
			return nil, func() { c.session.noticeExists(t.Name) }, nil
		}
		rel, err := planner.PlanCreateSequence(t, c.plannerEnv())
		if err != nil {
			return nil, nil, err
		}
		c.own([]*catalog.Relation{rel})
		return &catalog.Change{Put: []*catalog.Relation{rel}}, nil, nil
	}), nil
}

// noticeExists says that IF NOT EXISTS found one.
func (s *Session) noticeExists(n ast.Name) {
	s.notice("NOTICE", pgerr.New(pgerr.DuplicateTable, "relation %q already exists, skipping", n.Last()))
}

// restart puts the sequences of tables back to their start: TRUNCATE … RESTART IDENTITY.
func (c *compiler) restart(ctx context.Context, tables []*catalog.Relation) error {
	for _, t := range tables {
		for _, q := range c.catalog.OwnedSequences(t.ID) {
			if err := c.session.setValue(ctx, q.ID, catalog.SequenceState{Last: q.Sequence.Start}); err != nil {
				return err
			}
		}
	}
	return nil
}
