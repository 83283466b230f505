package session

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// indexPlan makes an index that is to be built and the table that has it; no index: there is nothing to do.
type indexPlan func(c *compiler) (index, table *catalog.Relation, err error)

// createIndex is CREATE INDEX.
func (c *compiler) createIndex(t *ast.CreateIndex) (*command, error) {
	return c.builtIndex("CREATE INDEX", func(c *compiler) (*catalog.Relation, *catalog.Relation, error) {
		table, err := c.indexedTable(t.Table)
		if err != nil {
			return nil, nil, err
		}
		index, changed, err := planner.PlanCreateIndex(t, table, c.plannerEnv(), c.session.engine.Placement)
		if err == nil && index == nil {
			c.session.notice("NOTICE", pgerr.New(pgerr.DuplicateTable, "relation %q already exists, skipping", t.Name))
		}
		return index, changed, err
	}), nil
}

// addUnique is ALTER TABLE … ADD UNIQUE.
func (c *compiler) addUnique(t *ast.AlterRelation) (*command, error) {
	return c.builtIndex("ALTER TABLE", func(c *compiler) (*catalog.Relation, *catalog.Relation, error) {
		if t.IfExists && c.resolve(t.Name) == nil {
			c.session.notef("relation %q does not exist, skipping", t.Name.Last())
			return nil, nil, nil
		}
		table, err := c.indexedTable(t.Name)
		if err != nil {
			return nil, nil, err
		}
		return planner.PlanAddUnique(*t.Actions[0].Unique, table, c.plannerEnv(), c.session.engine.Placement)
	}), nil
}

func (c *compiler) indexedTable(n ast.Name) (*catalog.Relation, error) {
	r := c.resolve(n)
	switch {
	case r == nil:
		return nil, pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", strings.Join(n.Parts, "."))
	case r.ID.IsSystem():
		return nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: %q is a system relation", r.Name)
	}
	return r, c.allowOwner(r)
}

// builtIndex returns the command of a statement that makes an index:
//
//	catalog: it is being built, and writers keep it → entries of the rows that are there → catalog: it is there
//
// If that cannot be done it is dropped again. What a crash leaves the next start drops.
func (c *compiler) builtIndex(tag string, plan indexPlan) *command {
	s := c.session
	return &command{class: classDDL, start: func(ctx context.Context, p *Portal) error {
		if err := s.beforeDDL(tag); err != nil {
			return err
		}
		if s.inBlock() { // the rows that are there get their entries in transactions of their own
			return pgerr.Unsupported("making an index in a transaction block is").WithHint("Run it outside of BEGIN and COMMIT.")
		}
		if err := s.flushBlock(ctx); err != nil {
			return err
		}
		var index *catalog.Relation
		err := s.retryCatalog(ctx, func(cat *catalog.Catalog) error {
			x, table, err := plan(&compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed})
			if x == nil || err != nil {
				return err
			}
			index = x
			return s.engine.Apply(ctx, catalog.Command{Change: &catalog.Change{Version: cat.Version(), Put: []*catalog.Relation{table, x}}})
		})
		if err != nil {
			return err
		}
		if index != nil {
			if err := s.build(ctx, index.ID); err != nil {
				return errors.Join(err, s.changeIndex(context.WithoutCancel(ctx), index.ID, false))
			}
		}
		return p.finish(tag)
	}}
}

// build makes the entries of an index, and says that it is there.
func (s *Session) build(ctx context.Context, id catalog.RelationID) error {
	index := s.engine.Catalog().ByID(id)
	if index == nil {
		return exec.ErrDropped
	}
	table := s.engine.Catalog().ByID(index.Index.Table)
	if table == nil {
		return exec.ErrDropped
	}
	if err := s.buildEntries(ctx, table, index); err != nil {
		return err
	}
	return s.changeIndex(ctx, id, true)
}

func (s *Session) buildEntries(ctx context.Context, table, index *catalog.Relation) error {
	if !index.Index.Unique {
		return s.engine.BuildIndex(ctx, table, index)
	}
	if err := s.engine.Fence(ctx, table); err != nil {
		return err
	}
	b := exec.NewIndexBuild(table, index, s.env(nil, nil, nil))
	for attempt := 0; ; {
		reader, err := s.engine.Snapshot(ctx, []*catalog.Relation{table}, Strong, nil)
		if err != nil {
			return err
		}
		tx := s.engine.Begin()
		done, err := b.Step(ctx, reader, tx)
		reader.Close()
		if err == nil {
			err = commitTx(ctx, tx)
		}
		tx.Abort()
		var conflict *exec.ConflictError
		switch {
		case errors.As(err, &conflict): // a row has changed meanwhile
			attempt++
			if err := pause(ctx, attempt); err != nil {
				return err
			}
			continue
		case err != nil || done:
			return err
		}
		b.Advance()
		attempt = 0
	}
}

// changeIndex makes an index that was being built one that is there, or drops it. If it is not there any more somebody has dropped its
// table.
func (s *Session) changeIndex(ctx context.Context, id catalog.RelationID, ready bool) error {
	return s.retryCatalog(ctx, func(cat *catalog.Catalog) error {
		index := cat.ByID(id)
		switch {
		case index == nil && ready:
			return exec.ErrDropped
		case index == nil:
			return nil
		}
		ch := &catalog.Change{Version: cat.Version()}
		if ready {
			n, x := *index, *index.Index
			x.Building = false
			n.Index = &x
			ch.Put = []*catalog.Relation{&n}
		} else {
			ch.Drop = []catalog.RelationID{id}
		}
		return s.engine.Apply(ctx, catalog.Command{Change: ch})
	})
}

// withIndexes adds the indexes of ids, which go with them.
func withIndexes(cat *catalog.Catalog, ids []catalog.RelationID) []catalog.RelationID {
	for _, id := range slices.Clone(ids) {
		for _, x := range cat.ByID(id).Indexes {
			ids = appendNew(ids, x.ID)
		}
	}
	return ids
}

// dropIndex checks that an index can go without what needs it. Error: 2BP01.
func (c *compiler) dropIndex(r *catalog.Relation) error {
	if err := c.ownIndex(r); err != nil {
		return err
	}
	if r.Index.Constraint {
		return requiredIndex(r.Name, c.catalog.ByID(r.Index.Table))
	}
	return nil
}

// ownIndex checks that the session's role owns the table of an index, and so the index. Error: 42501.
func (c *compiler) ownIndex(r *catalog.Relation) error {
	if c.catalog.Owns(c.me(), c.catalog.ByID(r.Index.Table).OwnerID()) {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "must be owner of index %s", r.Name)
}

func requiredIndex(name string, table *catalog.Relation) error {
	return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop index %s because constraint %s on table %s requires it", name, name, table.Name).
		WithHint("You can drop constraint %s on table %s instead.", name, table.Name)
}

// keyNamed returns the table whose primary key has the name, nil if there is none.
func (c *compiler) keyNamed(n ast.Name) *catalog.Relation {
	for _, r := range c.catalog.Relations() {
		if r.HasPrimaryKey && r.PrimaryKeyName() == n.Last() && (n.Schema() == "" || n.Schema() == r.Schema) {
			return r
		}
	}
	return nil
}
