package planner

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// checks binds the CHECK constraints of a relation whose columns are there.
func (c *creator) checks() error {
	var all []ast.Check
	var of []string // the column that each was given with, "" for the table's
	for _, def := range c.stmt.Columns {
		for _, check := range def.Checks {
			all, of = append(all, check), append(of, def.Name)
		}
	}
	for _, check := range c.stmt.Checks {
		all, of = append(all, check), append(of, "")
	}
	if len(all) > 0 && c.rel.Kind == catalog.KindTopic {
		return pgerr.Unsupported("CHECK constraints of topics are").At(all[0].Pos)
	}
	names := map[string]bool{}
	for _, check := range all {
		if check.Name != "" && names[check.Name] {
			return pgerr.New(pgerr.DuplicateObject, "check constraint %q already exists", check.Name).At(check.Pos)
		}
		names[check.Name] = true
	}
	for i, check := range all {
		bound, err := c.check(c.rel, check, of[i], names)
		if err != nil {
			return err
		}
		addCheck(c.rel, bound)
	}
	return nil
}

// addCheck puts a constraint where its name has its place.
func addCheck(r *catalog.Relation, c catalog.Check) {
	at, _ := slices.BinarySearchFunc(r.Checks, c, func(a, b catalog.Check) int { return strings.Compare(a.Name, b.Name) })
	r.Checks = slices.Insert(slices.Clone(r.Checks), at, c)
}

// check binds one CHECK constraint of r, and gives it a name that is not among names if it has none. Errors: 0A000, 42803,
// 42804, those of expressions.
func (b *binder) check(r *catalog.Relation, c ast.Check, column string, names map[string]bool) (catalog.Check, error) {
	out := catalog.Check{Name: c.Name, SQL: c.Text}
	if len(r.Checks) >= catalog.MaxChecks {
		return out, pgerr.New(pgerr.ProgramLimitExceeded, "tables can have at most %d CHECK constraints", catalog.MaxChecks).At(c.Pos)
	}
	e, err := b.bindCondition(c.Expr, &exprContext{scope: scopeOf(r, ""), clause: "CHECK"})
	if err != nil {
		return out, err
	}
	if hasSubquery(e) {
		return out, pgerr.New(pgerr.FeatureNotSupported, "cannot use subquery in check constraint").At(c.Expr.Position())
	}
	if len(b.params.types) > 0 {
		return out, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", len(b.params.types)).At(c.Expr.Position())
	}
	if out.Expr, err = json.Marshal(stored(simplify(e))); err != nil {
		return out, fmt.Errorf("check constraint of %s: %w", r.Name, err)
	}
	if out.Name == "" {
		out.Name = freeCheckName(r, e, column, names)
		names[out.Name] = true
	}
	return out, nil
}

// freeCheckName makes a name as PostgreSQL does: table_column_check if the constraint is of one column, else table_check.
func freeCheckName(r *catalog.Relation, e *plan.Expr, column string, names map[string]bool) string {
	var used []int
	columnsOf(e, func(i int) {
		if !slices.Contains(used, i) {
			used = append(used, i)
		}
	})
	if column == "" && len(used) == 1 {
		column = r.Columns[used[0]].Name
	}
	base := r.Name + "_check"
	if column != "" {
		base = r.Name + "_" + column + "_check"
	}
	name := base
	for n := 1; names[name]; n++ {
		name = fmt.Sprintf("%s%d", base, n)
	}
	return name
}
