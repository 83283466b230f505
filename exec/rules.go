package exec

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// rowRules are what a relation asks of each row that is written: NOT NULL and CHECK.
type rowRules struct {
	rel     *catalog.Relation
	env     *Env
	notNull []int
	checks  []*expr.Compiled // as rel.Checks; compiled at the first batch
}

func newRowRules(rel *catalog.Relation, env *Env) rowRules {
	r := rowRules{rel: rel, env: env}
	for c, col := range rel.Columns {
		if col.NotNull && !(col.Hidden && col.Name == catalog.RowIDColumn) {
			r.notNull = append(r.notNull, c)
		}
	}
	return r
}

// compile makes the loops of the CHECK constraints, once.
func (r *rowRules) compile() error {
	if r.checks != nil {
		return nil
	}
	for _, c := range r.rel.Checks {
		x := new(plan.Expr)
		if err := json.Unmarshal(c.Expr, x); err != nil {
			return fmt.Errorf("check constraint %q: %w", c.Name, err)
		}
		loop, err := r.env.compile(x)
		if err != nil {
			return fmt.Errorf("check constraint %q: %w", c.Name, err)
		}
		r.checks = append(r.checks, loop)
	}
	return nil
}

// over evaluates the rules for all rows of b, which has the relation's stored columns. The answer holds for b as it is.
func (r *rowRules) over(ctx context.Context, b *types.Batch) (checkedRows, error) {
	out := checkedRows{rowRules: r, batch: b}
	if len(r.rel.Checks) == 0 || b.Len == 0 {
		return out, nil
	}
	if err := r.compile(); err != nil {
		return out, err
	}
	var err error
	out.results, err = r.env.evalAll(ctx, r.checks, b)
	return out, err
}

// checkedRows are rows with what the CHECK constraints give for them.
type checkedRows struct {
	*rowRules
	batch   *types.Batch
	results []*types.Vector // of each check
}

// check returns what row i violates: 23502, then 23514 in the order of names; nil if it may be written. A CHECK that is
// NULL holds.
func (c checkedRows) check(i int) error {
	for _, col := range c.notNull {
		if c.batch.Cols[col].IsNull(i) {
			return notNullViolation(c.rel, c.batch, i, col, c.env)
		}
	}
	for k, v := range c.results {
		if !v.IsNull(i) && v.Int[i] == 0 {
			return checkViolation(c.rel, c.rel.Checks[k].Name, c.batch, i, c.env)
		}
	}
	return nil
}
