package session

import (
	"context"

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
	var deletes []*plan.Delete
	all := &plan.Query{}
	for _, n := range t.Tables {
		r := c.resolve(n)
		switch {
		case r == nil:
			return nil, noRelation(n)
		case r.Kind != catalog.KindTable || r.Source != nil || r.ID.IsSystem():
			return nil, pgerr.New(pgerr.WrongObjectType, "%q is not a table", r.Name).WithDetail("TRUNCATE deletes the rows of tables.")
		}
		if err := c.allow(r, 0, catalog.Truncate); err != nil {
			return nil, err
		}
		env := c.plannerEnv()
		env.Access = nil // it is TRUNCATE that is asked for
		d, err := planner.PlanDelete(&ast.Delete{Table: n}, env)
		if err != nil {
			return nil, err
		}
		if containsTable(deletes, r) {
			continue
		}
		deletes, all.Reads = append(deletes, d), append(all.Reads, r)
	}
	return &dml{tag: "TRUNCATE TABLE", uncounted: true, relation: deletes[0].Relation, source: all,
		run: func(ctx context.Context, env *exec.Env, tx exec.Tx) (int64, *types.Batch, error) {
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

func containsTable(deletes []*plan.Delete, r *catalog.Relation) bool {
	for _, d := range deletes {
		if d.Relation == r {
			return true
		}
	}
	return false
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
