package session

import (
	"context"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// maxStaged bounds the changes of the catalog in one block.
const maxStaged = 10_000

// staged is what a block has done to the catalog: it sees it, and nobody else, until both that and the block's rows are committed as
// one. The catalog is not held meanwhile: if somebody else changes it, the block fails at its end with 40001.
type staged struct {
	base     uint64 // version of the catalog that the block began with
	catalog  *catalog.Catalog
	commands []catalog.Command
	// sequences is where the sequences stand that the block has made; of others the engine knows.
	sequences map[catalog.RelationID]catalog.SequenceState
}

// catalog is the newest catalog, with what the block has done to it.
func (s *Session) catalog() *catalog.Catalog {
	if s.block != nil && s.block.staged != nil {
		return s.block.staged.catalog
	}
	return s.engine.Catalog()
}

// planVersion tells plans apart: those of a block that has changed the catalog hold for no other, nor after a further change.
type planVersion struct{ catalog, staged uint64 }

func (s *Session) planVersion(c *catalog.Catalog) planVersion {
	v := planVersion{catalog: c.Version()}
	if s.block != nil && s.block.staged != nil {
		v.staged = s.stagings
	}
	return v
}

// apply applies a command of the catalog: at once, or in a block with the block.
func (s *Session) apply(ctx context.Context, cmd catalog.Command) error {
	if s.block == nil {
		return s.engine.Apply(ctx, cmd)
	}
	st := &staged{sequences: map[catalog.RelationID]catalog.SequenceState{}}
	if old := s.block.staged; old != nil {
		*st = *old // savepoints may keep the old one
	} else {
		st.catalog = s.engine.Catalog()
		st.base = st.catalog.Version()
	}
	if len(st.commands) >= maxStaged {
		return pgerr.New(pgerr.ProgramLimitExceeded, "too many changes of the catalog in a transaction").
			WithDetail("A transaction has at most %d.", maxStaged)
	}
	after, err := st.catalog.Apply(cmd)
	if err != nil {
		return err
	}
	st.catalog, st.commands = after, append(slices.Clip(st.commands), cmd)
	s.setStaged(st)
	return nil
}

// setStaged gives the block other changes of the catalog.
func (s *Session) setStaged(st *staged) {
	s.block.staged = st
	s.stagings++
}

// batch is what the block does to the catalog at its end.
func (st *staged) batch() catalog.Batch {
	b := catalog.Batch{Version: st.base, Commands: slices.Clone(st.commands)}
	for _, r := range st.catalog.Relations() {
		if at, ok := st.sequences[r.ID]; ok {
			b.Commands = append(b.Commands, catalog.Command{Sequence: &catalog.SequenceMove{
				Sequence: r.ID, From: st.catalog.SequenceState(r.ID), To: at}})
		}
	}
	return b
}

// made reports whether the block has made the relation.
func (s *Session) made(id catalog.RelationID) bool {
	return s.block != nil && s.block.staged != nil && s.block.staged.catalog.ByID(id) != nil && s.engine.Catalog().ByID(id) == nil
}

// withoutDropped passes on what is written to relations that are there at the end: rows of one that the block dropped went with it.
type withoutDropped struct {
	exec.Tx
	before, after *catalog.Catalog
	madeFrom      catalog.RelationID // ids from here on are of the block
}

// Write implements exec.Tx. What the block has written before it changed the rules of a table was looked at by the statement that did so.
func (t withoutDropped) Write(ctx context.Context, ws []exec.PartitionWrite) error {
	ws = slices.DeleteFunc(slices.Clone(ws), func(w exec.PartitionWrite) bool {
		id := w.Partition.Topic.Relation()
		return t.after.ByID(id) == nil && (t.before.ByID(id) != nil || id >= t.madeFrom)
	})
	for i := range ws {
		id := ws[i].Partition.Topic.Relation()
		if before, after := t.before.ByID(id), t.after.ByID(id); before != nil && after != nil && ws[i].Epoch == before.Epoch {
			ws[i].Epoch = after.Epoch
		}
	}
	return t.Tx.Write(ctx, ws)
}

// commitBlock makes durable what a block has done, all or none.
func (s *Session) commitBlock(ctx context.Context, b *block) error {
	if b.staged == nil {
		if b.writes == nil {
			return nil
		}
		return b.writes.commit(ctx, func(tx exec.Tx) { s.guardReferences(ctx, tx, b) })
	}
	before := s.engine.Catalog()
	tx := s.engine.BeginWith(b.staged.batch(), b.staged.catalog)
	defer tx.Abort()
	if b.writes != nil {
		if err := b.writes.overlay.Flush(ctx, withoutDropped{tx, before, b.staged.catalog, before.NextID()}); err != nil {
			return err
		}
	}
	s.guardReferences(ctx, tx, b)
	if len(b.rules) > 0 {
		if err := s.guardRules(ctx, tx, b, before); err != nil {
			return err
		}
	}
	return commitTx(ctx, tx)
}

// readable sees to it that views among rels can be read: no task keeps one that the block has just made. A block that the client has not
// begun is committed as far as it is; in one that it has begun the view can be read when that has ended.
func (s *Session) readable(ctx context.Context, rels []*catalog.Relation) error {
	for _, r := range rels {
		if r.Query == nil || !s.made(r.ID) {
			continue
		}
		if s.inBlock() {
			return pgerr.Unsupported("reading %q in the transaction block that creates it is", r.Name).
				WithHint("COMMIT first: the query begins then.")
		}
		return s.flushBlock(ctx)
	}
	return nil
}

// flushBlock commits what an implicit transaction has done so far.
func (s *Session) flushBlock(ctx context.Context) error {
	b := s.block
	if b == nil {
		return nil
	}
	done := *b
	b.writes, b.staged, b.gone, b.rules = nil, nil, nil, nil
	return s.commitBlock(ctx, &done)
}

// nextValue gives the next value of a sequence.
func (s *Session) nextValue(r *catalog.Relation) (int64, error) {
	if !s.made(r.ID) {
		return s.engine.NextValue(context.Background(), r.ID) // moments; a cancellation comes to the statement after it
	}
	st := s.block.staged
	r = st.catalog.ByID(r.ID)
	after, v, n := r.Sequence.Advance(s.sequenceState(r.ID), 1)
	if n == 0 {
		return 0, r.Sequence.Exhausted(r.Name)
	}
	st.sequences[r.ID] = after // not taken back by a savepoint, as in PostgreSQL
	return v, nil
}

// setValue makes a sequence stand somewhere.
func (s *Session) setValue(ctx context.Context, id catalog.RelationID, to catalog.SequenceState) error {
	if s.made(id) {
		s.block.staged.sequences[id] = to
		return nil
	}
	return s.engine.SetValue(ctx, id, to)
}

// sequenceState says where a sequence stands.
func (s *Session) sequenceState(id catalog.RelationID) catalog.SequenceState {
	if !s.made(id) {
		return s.engine.SequenceState(id)
	}
	if at, ok := s.block.staged.sequences[id]; ok {
		return at
	}
	return s.block.staged.catalog.SequenceState(id)
}
