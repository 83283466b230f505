package session

import (
	"context"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// maxReferenceRounds bounds how far what foreign keys do goes on: each round follows what the one before has changed.
const maxReferenceRounds = 1000

// goneKeys are keys that a block has taken away. That no row refers to them was seen when the child had the ends; it is looked at again
// at COMMIT, when no row can come any more that does.
type goneKeys struct {
	*exec.GoneKeys
	ends []log.Offset
}

// refersToItself reports whether a foreign key of r is to r.
func refersToItself(r *catalog.Relation) bool { return slices.Contains(r.ReferencedBy, r.ID) }

// keyChanges reports whether an UPDATE of columns, nil: of any, may change what foreign keys refer to.
func keyChanges(cat *catalog.Catalog, r *catalog.Relation, columns []int) bool {
	if columns == nil {
		return len(r.ReferencedBy) > 0
	}
	for _, ref := range cat.References(r) {
		if slices.ContainsFunc(ref.Referenced, func(c int) bool { return slices.Contains(columns, c) }) {
			return true
		}
	}
	return false
}

// withReferenced adds the tables to which r refers.
func withReferenced(cat *catalog.Catalog, rels []*catalog.Relation, r *catalog.Relation) []*catalog.Relation {
	for _, f := range r.ForeignKeys {
		if parent := cat.ByID(f.Table); parent != nil && !slices.ContainsFunc(rels, func(o *catalog.Relation) bool { return o.ID == parent.ID }) {
			rels = append(rels, parent)
		}
	}
	return rels
}

// settleReferences does what foreign keys ask for after a statement whose writes the block has: it looks for rows that refer to keys that are gone,
// changes or deletes them, and goes on with what that takes away. With checked nothing is changed: all rows go that could refer to a key.
func (s *Session) settleReferences(ctx context.Context, refs *exec.References, checked bool) error {
	for range maxReferenceRounds {
		gone := refs.Take()
		if len(gone) == 0 && !refs.Pending() {
			return nil
		}
		for _, g := range gone {
			if err := s.keyGone(ctx, g, refs, checked); err != nil {
				return err
			}
		}
		if refs.Pending() {
			if err := s.checkPending(ctx, refs); err != nil {
				return err
			}
		}
	}
	return pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded").WithDetail("Foreign keys follow each other for more than %d rounds.", maxReferenceRounds)
}

// checkPending looks for what rows of the statement refer to, now that its writes can be read.
func (s *Session) checkPending(ctx context.Context, refs *exec.References) error {
	tx := s.statementTx()
	defer tx.Abort()
	var rels []*catalog.Relation
	for _, r := range refs.PendingOf() {
		rels = withReferenced(s.catalog(), append(rels, r), r)
	}
	reader, err := s.snapshot(ctx, rels, Strong)
	if err != nil {
		return err
	}
	defer closeReader(reader)
	env := s.env(reader, nil, nil)
	env.Locking = s.locking()
	if err := refs.CheckPending(ctx, env, tx); err != nil {
		return err
	}
	return commitTx(ctx, tx)
}

// keyGone does what a foreign key asks for when keys are gone to which it refers.
func (s *Session) keyGone(ctx context.Context, g *exec.GoneKeys, refs *exec.References, checked bool) error {
	if err := s.noteGone(ctx, g); err != nil {
		return err
	}
	action := g.OnDelete
	if g.Changed != nil {
		action = g.OnUpdate
	}
	var err error
	switch {
	case checked || action == catalog.NoAction || action == catalog.Restrict:
		err = s.refuseReferring(ctx, g, action != catalog.Restrict)
	case action == catalog.Cascade && g.Changed == nil:
		err = s.changeReferring(ctx, refs, func(env *planner.Env) (*dml, error) {
			p, err := planner.Referring{Reference: g.Reference, Keys: g.Keys}.PlanDelete(env)
			return deleteOf(p), err
		})
	default:
		columns := g.Columns
		if g.Changed == nil && g.SetColumns != nil {
			columns = g.SetColumns
		}
		err = s.changeReferring(ctx, refs, func(env *planner.Env) (*dml, error) {
			p, err := planner.Referring{Reference: g.Reference, Keys: g.Keys, Changed: g.Changed}.PlanUpdate(env, action, columns)
			return updateOf(p), err
		})
		if err == nil && action == catalog.SetDefault { // the default may be the key that is gone
			err = s.refuseReferring(ctx, g, true)
		}
	}
	if err == nil && s.frozen() {
		if err = s.refuseReferring(ctx, g, true); pgerr.Code(err) == pgerr.ForeignKeyViolation { // it came after the snapshot
			err = pgerr.New(pgerr.SerializationFailure, "could not serialize access due to concurrent update")
		}
	}
	return err
}

// ownerEnv is a planner's environment for what foreign keys do, for which nobody needs a privilege.
func (s *Session) ownerEnv(ctx context.Context, cat *catalog.Catalog) *planner.Env {
	env := (&compiler{session: s, ctx: ctx, catalog: cat}).plannerEnv()
	env.Access, env.SchemaAccess = nil, nil
	return env
}

// changeReferring changes rows that refer to keys that are gone, as a statement of its own.
func (s *Session) changeReferring(ctx context.Context, refs *exec.References, plan func(*planner.Env) (*dml, error)) error {
	d, err := plan(s.ownerEnv(ctx, s.catalog()))
	if err != nil {
		return err
	}
	tx := s.statementTx()
	defer tx.Abort()
	if _, _, err := s.evaluate(ctx, d, nil, tx, refs); err != nil {
		return err
	}
	return commitTx(ctx, tx)
}

func deleteOf(p *plan.Delete) *dml {
	if p == nil {
		return nil
	}
	return &dml{tag: "DELETE", relation: p.Relation, source: p.Input, run: runDelete(p)}
}

func updateOf(p *plan.Update) *dml {
	if p == nil {
		return nil
	}
	return &dml{tag: "UPDATE", relation: p.Relation, source: p.Input, run: runUpdate(p)}
}

// refuseReferring looks for a row that refers to a key that is gone; one that another row has now is not, if absent. Error: 23503.
func (s *Session) refuseReferring(ctx context.Context, g *exec.GoneKeys, absent bool) error {
	cat := s.catalog()
	reader, err := s.unfrozen(ctx, []*catalog.Relation{g.Child, g.Parent})
	if err != nil {
		return err
	}
	defer closeReader(reader)
	if absent {
		if g, err = g.Absent(reader, cat); err != nil {
			return err
		}
	}
	return s.noneRefer(ctx, cat, reader, g, true)
}

// unfrozen returns a reader of relations as they are now, in REPEATABLE READ too.
func (s *Session) unfrozen(ctx context.Context, rels []*catalog.Relation) (exec.Reader, error) {
	return s.over(s.engine.Snapshot(ctx, rels, Strong, nil))
}

// noneRefer looks in a snapshot for a row that refers to one of the keys, waiting with lock for those who are about to change such a row. Error: 23503.
func (s *Session) noneRefer(ctx context.Context, cat *catalog.Catalog, reader exec.Reader, g *exec.GoneKeys, lock bool) error {
	if g.Keys.Len == 0 {
		return nil
	}
	q, err := planner.Referring{Reference: g.Reference, Keys: g.Keys}.PlanKeys(s.ownerEnv(ctx, cat), lock)
	if err != nil {
		return err
	}
	env := s.env(reader, nil, nil)
	env.Catalog = cat
	if lock {
		env.Locking = s.locking()
		env.Locking.Frozen = false
	}
	row, err := s.firstRow(ctx, q.Root, env)
	if err != nil || row == nil {
		return err
	}
	found := *g
	found.Keys = row
	return found.StillReferenced(env)
}

// noteGone has COMMIT look again, if rows have come since now, or since the transaction's snapshot.
func (s *Session) noteGone(ctx context.Context, g *exec.GoneKeys) error {
	reader, err := s.snapshot(ctx, []*catalog.Relation{g.Child}, Strong)
	if err != nil {
		return err
	}
	defer closeReader(reader)
	s.block.gone = append(s.block.gone, goneKeys{g, endsOf(reader, g.Child)})
	return nil
}

func endsOf(r exec.Reader, rel *catalog.Relation) []log.Offset {
	ends := make([]log.Offset, rel.Partitions())
	for p := range ends {
		ends[p] = r.EndOffset(rel.Partition(p))
	}
	return ends
}

// guardReferences has the commit of a block look once more for rows that refer to keys that it takes away: those that have come since it
// looked. By then the keys are locked for the commit, and who writes such a row checks its key.
func (s *Session) guardReferences(ctx context.Context, tx exec.Tx, b *block) {
	if len(b.gone) == 0 {
		return
	}
	cat := s.engine.Catalog()
	if b.staged != nil {
		cat = b.staged.catalog
	}
	gone, overlay := b.gone, b.writes.overlay
	tx.BeforeCommit(func(context.Context) error {
		for _, g := range gone {
			if err := s.unreferenced(ctx, cat, overlay, g); err != nil {
				return err
			}
		}
		return nil
	})
}

// unreferenced looks whether a row refers to keys that are gone. Error: *exec.ConflictError.
func (s *Session) unreferenced(ctx context.Context, cat *catalog.Catalog, overlay *exec.Overlay, g goneKeys) error {
	child, parent := cat.ByID(g.Child.ID), cat.ByID(g.Parent.ID)
	if child == nil || parent == nil || child.ForeignKeyNamed(g.Name) == nil {
		return nil // the block has dropped it
	}
	committed, err := s.engine.Snapshot(ctx, []*catalog.Relation{child, parent}, Strong, nil)
	if err != nil {
		return err
	}
	reader := overlay.Over(committed)
	defer reader.Close()
	if slices.Equal(endsOf(reader, child), g.ends) {
		return nil
	}
	left, err := g.Absent(reader, cat)
	if err != nil {
		return err
	}
	if err = s.noneRefer(ctx, cat, reader, left, false); pgerr.Code(err) == pgerr.ForeignKeyViolation {
		return &exec.ConflictError{Partition: child.Partition(0), Guard: exec.GuardPresent}
	}
	return err
}
