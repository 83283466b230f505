package session

import (
	"context"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// truncate is TRUNCATE: a DELETE of all rows of all its tables, in one write.
func (c *compiler) truncate(t *ast.Truncate) (*command, error) {
	return c.writer(func(c *compiler) (*dml, error) { return c.planTruncate(t) })
}

func (c *compiler) planTruncate(t *ast.Truncate) (*dml, error) {
	if t.Restart && c.session.inBlock() {
		return nil, pgerr.Unsupported("RESTART IDENTITY in a transaction block is").At(c.start())
	}
	tables, cascaded, err := c.truncated(t)
	if err != nil {
		return nil, err
	}
	var deletes []*plan.Delete
	all := &plan.Query{Reads: tables}
	refers := false
	for _, r := range tables {
		env := c.session.ownerEnv(c.ctx, c.catalog) // it is TRUNCATE that was asked for
		d, err := planner.PlanDelete(&ast.Delete{Table: ast.Name{Parts: []string{r.Schema, r.Name}}}, env)
		if err != nil {
			return nil, err
		}
		deletes = append(deletes, d)
		refers = refers || len(r.ReferencedBy) > 0
	}
	return &dml{tag: "TRUNCATE TABLE", uncounted: true, refers: refers, checked: true, relation: deletes[0].Relation, source: all,
		run: func(ctx context.Context, env *exec.Env, tx exec.Tx) (int64, *types.Batch, error) {
			for _, r := range cascaded {
				c.session.notef("truncate cascades to table %q", r.Name)
			}
			for _, d := range deletes {
				if _, _, err := exec.RunDelete(ctx, d, env, tx); err != nil {
					return 0, nil, err
				}
			}
			if t.Restart {
				return 0, nil, c.restart(ctx, all.Reads)
			}
			return 0, nil, nil
		}}, nil
}

// truncated lists the tables that a TRUNCATE empties, with CASCADE those that refer to them, too, which are told apart. Errors: 0A000, 42P01, 42501, 42809.
func (c *compiler) truncated(t *ast.Truncate) (tables, cascaded []*catalog.Relation, err error) {
	for _, n := range t.Tables {
		r := c.resolve(n)
		switch {
		case r == nil:
			return nil, nil, noRelation(n)
		case r.Kind != catalog.KindTable || r.Source != nil || r.ID.IsSystem():
			return nil, nil, pgerr.New(pgerr.WrongObjectType, "%q is not a table", r.Name).WithDetail("TRUNCATE deletes the rows of tables.")
		}
		if err := c.allow(r, 0, catalog.Truncate); err != nil {
			return nil, nil, err
		}
		if !slices.Contains(tables, r) {
			tables = append(tables, r)
		}
	}
	for i := 0; i < len(tables); i++ {
		for _, ref := range c.catalog.References(tables[i]) {
			switch {
			case slices.Contains(tables, ref.Child):
			case !t.Cascade:
				return nil, nil, pgerr.New(pgerr.FeatureNotSupported, "cannot truncate a table referenced in a foreign key constraint").
					WithDetail("Table %q references %q.", ref.Child.Name, tables[i].Name).
					WithHint("Truncate table %q at the same time, or use TRUNCATE ... CASCADE.", ref.Child.Name)
			default:
				if err := c.allow(ref.Child, 0, catalog.Truncate); err != nil {
					return nil, nil, err
				}
				tables, cascaded = append(tables, ref.Child), append(cascaded, ref.Child)
			}
		}
	}
	return tables, cascaded, nil
}

// maintain is VACUUM, ANALYZE and REFRESH MATERIALIZED VIEW: space is reclaimed without being asked for, there are no
// statistics, and views are up to date. The names are looked up, as a script that errs in one should hear of it.
func (c *compiler) maintain(t *ast.Maintain) (*command, error) {
	s := c.session
	return &command{class: classLocal, start: func(_ context.Context, p *Portal) error {
		if t.What == "VACUUM" && s.inBlock() {
			return pgerr.New(pgerr.ActiveSQLTransaction, "VACUUM cannot run inside a transaction block")
		}
		again := &compiler{session: s, catalog: s.catalog()}
		for _, n := range t.Relations {
			r := again.resolve(n)
			switch {
			case r == nil:
				return noRelation(n)
			case t.What == "REFRESH MATERIALIZED VIEW" && r.Kind != catalog.KindView:
				return pgerr.New(pgerr.FeatureNotSupported, "%q is not a materialized view", r.Name) // PostgreSQL's code for it
			}
		}
		return p.finish(t.What)
	}}, nil
}
