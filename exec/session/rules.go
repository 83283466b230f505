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
	"github.com/millracedb/millrace/sql/types"
)

// rule is something new that rows of a table have to hold: it was looked at when the statement ran, and is once more at the commit of the
// block, if the tables have changed since. From then on who writes to them has to know of it.
type rule struct {
	tables []catalog.RelationID
	// holds looks at all rows. Errors: 23502, 23503, 23514.
	holds func(ctx context.Context, s *Session, cat *catalog.Catalog, r exec.Reader) error
	ends  [][]log.Offset // of the tables, as they were looked at
}

// ruleChange is a change of the catalog with what it asks of rows.
type ruleChange struct {
	catalog.Change
	rules []rule
}

// changeRules is change for what asks something of rows. It is always done in a block.
func (c *compiler) changeRules(tag string, plan func(c *compiler) (ch *ruleChange, tell func(), err error)) *command {
	s := c.session
	return &command{class: classDDL, start: func(ctx context.Context, p *Portal) error {
		if err := s.beforeDDL(tag); err != nil {
			return err
		}
		err := s.retryCatalog(ctx, func(cat *catalog.Catalog) error {
			ch, tell, err := plan(&compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed})
			if err == nil && ch != nil {
				ch.Version = cat.Version()
				err = s.applyRules(ctx, ch)
			}
			if err == nil && tell != nil {
				tell()
			}
			return err
		})
		if err != nil {
			return err
		}
		return p.finish(tag)
	}}
}

func (s *Session) applyRules(ctx context.Context, ch *ruleChange) error {
	cmd := catalog.Command{Change: &ch.Change}
	switch {
	case len(ch.rules) == 0:
		return s.apply(ctx, cmd)
	case s.block != nil:
		return s.stageRules(ctx, cmd, ch.rules)
	}
	err := s.alone(ctx, func() error { return s.stageRules(ctx, cmd, ch.rules) })
	if pgerr.Code(err) == pgerr.SerializationFailure {
		err = catalog.ErrStale // it is done again
	}
	return err
}

// stageRules applies a command in a block and looks whether the rows that are there hold its rules.
func (s *Session) stageRules(ctx context.Context, cmd catalog.Command, rules []rule) error {
	if err := s.apply(ctx, cmd); err != nil {
		return err
	}
	for _, r := range rules {
		if err := s.lookAtRule(ctx, &r); err != nil {
			return err
		}
		s.block.rules = append(s.block.rules, r)
	}
	return nil
}

func (s *Session) lookAtRule(ctx context.Context, r *rule) error {
	cat := s.catalog()
	tables := tablesOf(cat, r.tables)
	reader, err := s.unfrozen(ctx, tables)
	if err != nil {
		return err
	}
	defer closeReader(reader)
	for _, t := range tables {
		r.ends = append(r.ends, endsOf(reader, t))
	}
	return r.holds(ctx, s, cat, reader)
}

func tablesOf(cat *catalog.Catalog, ids []catalog.RelationID) (out []*catalog.Relation) {
	for _, id := range ids {
		if r := cat.ByID(id); r != nil {
			out = append(out, r)
		}
	}
	return out
}

// guardRules has the commit of a block freeze the tables of its rules, and look once more. What the block has made itself nobody else writes.
func (s *Session) guardRules(ctx context.Context, tx exec.Tx, b *block, before *catalog.Catalog) error {
	frozen := map[catalog.RelationID]bool{}
	for _, r := range b.rules {
		for _, t := range tablesOf(b.staged.catalog, r.tables) {
			if before.ByID(t.ID) == nil || frozen[t.ID] {
				continue
			}
			frozen[t.ID] = true
			for p := range t.Partitions() {
				w := exec.PartitionWrite{Partition: t.Partition(p), Table: true, Check: true, Freeze: true, Epoch: t.Epoch}
				if err := tx.Write(ctx, []exec.PartitionWrite{w}); err != nil {
					return err
				}
			}
		}
	}
	cat, rules, overlay := b.staged.catalog, b.rules, exec.NewOverlay(nil)
	if b.writes != nil {
		overlay = b.writes.overlay
	}
	tx.BeforeCommit(func(context.Context) error {
		for _, r := range rules {
			if err := s.stillHolds(ctx, cat, overlay, &r); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

func (s *Session) stillHolds(ctx context.Context, cat *catalog.Catalog, overlay *exec.Overlay, r *rule) error {
	tables := tablesOf(cat, r.tables)
	if len(tables) != len(r.tables) {
		return nil // the block has dropped one
	}
	committed, err := s.engine.Snapshot(ctx, tables, Strong, nil)
	if err != nil {
		return err
	}
	reader := overlay.Over(committed)
	defer reader.Close()
	changed := false
	for i, t := range tables {
		changed = changed || !slices.Equal(endsOf(reader, t), r.ends[i])
	}
	if !changed {
		return nil
	}
	return r.holds(ctx, s, cat, reader)
}

// newRules are the rules of an ALTER TABLE.
func (c *compiler) newRules(a *planner.RelationChange) (out []rule) {
	table := a.Relation
	for _, r := range a.Rules {
		out = append(out, rule{tables: []catalog.RelationID{table.ID}, holds: func(ctx context.Context, s *Session, cat *catalog.Catalog, reader exec.Reader) error {
			found, err := s.anyRow(ctx, cat, reader, filtered(table, r.Violated))
			if err == nil && found != nil {
				err = r.Err
			}
			return err
		}})
	}
	for _, name := range a.ForeignKeys {
		f := table.ForeignKeyNamed(name)
		tables := []catalog.RelationID{table.ID}
		if !f.Self(table) {
			tables = append(tables, f.Table)
		}
		out = append(out, rule{tables: tables, holds: func(ctx context.Context, s *Session, cat *catalog.Catalog, reader exec.Reader) error {
			return s.noOrphans(ctx, cat, reader, table.ID, name)
		}})
	}
	return out
}

// noOrphans looks for rows that refer to nothing. Error: 23503.
func (s *Session) noOrphans(ctx context.Context, cat *catalog.Catalog, reader exec.Reader, table catalog.RelationID, name string) error {
	child := cat.ByID(table)
	f := child.ForeignKeyNamed(name)
	if f == nil {
		return nil // the block has dropped it
	}
	q, err := planner.PlanOrphans(catalog.Reference{Child: child, ForeignKey: f}, cat.ByID(f.Table), s.ownerEnv(ctx, cat))
	if err != nil {
		return err
	}
	row, err := s.anyRow(ctx, cat, reader, q.Root)
	if err != nil || row == nil {
		return err
	}
	return exec.RefersToNothing(child, f, row, s.env(reader, nil, nil))
}

// anyRow returns a batch of the rows of a plan, nil if there are none.
func (s *Session) anyRow(ctx context.Context, cat *catalog.Catalog, reader exec.Reader, root plan.Node) (*types.Batch, error) {
	env := s.env(reader, nil, nil)
	env.Catalog = cat
	return s.firstRow(ctx, root, env)
}

func (s *Session) firstRow(ctx context.Context, root plan.Node, env *exec.Env) (*types.Batch, error) {
	op, err := exec.Build(root, env)
	if err != nil {
		return nil, err
	}
	defer op.Close()
	for {
		b, err := op.Next(ctx)
		if err != nil || b == nil {
			return nil, err
		}
		if b.Len > 0 {
			return b.Slice(0, 1), nil
		}
	}
}

// filtered is the rows of r that meet a condition over its stored columns.
func filtered(r *catalog.Relation, condition *plan.Expr) plan.Node {
	scan := &plan.Scan{Relation: r, Columns: make([]int, len(r.Columns))}
	for i := range scan.Columns {
		scan.Columns[i] = i
	}
	return &plan.Filter{Input: scan, Pred: condition}
}
