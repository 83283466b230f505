package exec

import (
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// maxShownBytes is how much of a value the description of a failing row shows, as in PostgreSQL.
const maxShownBytes = 64

// notNullViolation is 23502 for column c of row i of b.
func notNullViolation(rel *catalog.Relation, b *types.Batch, i, c int, env *Env) error {
	col := rel.Columns[c].Name
	err := pgerr.New(pgerr.NotNullViolation, "null value in column %q of relation %q violates not-null constraint", col, rel.Name).
		WithDetail("Failing row contains (%s).", describeRow(rel, b, i, env))
	err.Schema, err.Table, err.Column = rel.Schema, rel.Name, col
	return err
}

// uniqueViolation is 23505 for the key of row i of b.
func uniqueViolation(rel *catalog.Relation, b *types.Batch, i int, env *Env) error {
	return duplicate(rel, rel.PrimaryKeyName(), rel.Key, b, i, env)
}

// duplicate is 23505 for columns of row i of b.
func duplicate(rel *catalog.Relation, constraint string, columns []int, b *types.Batch, i int, env *Env) error {
	err := pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint %q", constraint).
		WithDetail("Key %s already exists.", describeKey(rel, columns, b, i, env))
	err.Schema, err.Table, err.Constraint = rel.Schema, rel.Name, constraint
	return err
}

// describeKey writes columns of row i of b and their values.
func describeKey(rel *catalog.Relation, columns []int, b *types.Batch, i int, env *Env) string {
	names, values := make([]string, len(columns)), make([]string, len(columns))
	for k, c := range columns {
		names[k] = rel.Columns[c].Name
		values[k] = showValue(b.Cols[c], i, env)
	}
	return "(" + strings.Join(names, ", ") + ")=(" + strings.Join(values, ", ") + ")"
}

// checkViolation is 23514 for a CHECK constraint and row i of b.
func checkViolation(rel *catalog.Relation, constraint string, b *types.Batch, i int, env *Env) error {
	err := pgerr.New(pgerr.CheckViolation, "new row for relation %q violates check constraint %q", rel.Name, constraint).
		WithDetail("Failing row contains (%s).", describeRow(rel, b, i, env))
	err.Schema, err.Table, err.Constraint = rel.Schema, rel.Name, constraint
	return err
}

// secondHit is 21000: a statement with ON CONFLICT DO UPDATE meets a row that it wrote itself.
func secondHit() error {
	return pgerr.New(pgerr.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time").
		WithHint("Ensure that no rows proposed for insertion within the same command have duplicate constrained values.")
}

// describeRow lists the values of the columns that the user knows of.
func describeRow(rel *catalog.Relation, b *types.Batch, i int, env *Env) string {
	var shown []string
	for c, col := range rel.Columns {
		if !col.Hidden {
			shown = append(shown, clip(showValue(b.Cols[c], i, env)))
		}
	}
	return strings.Join(shown, ", ")
}

func showValue(v *types.Vector, i int, env *Env) string {
	if v.IsNull(i) {
		return "null"
	}
	return string(types.FormatText(nil, v.Type, v.Datum(i), env.Expr.Scope()))
}

// clip cuts s, between characters, to maxShownBytes.
func clip(s string) string {
	if len(s) <= maxShownBytes {
		return s
	}
	n := maxShownBytes
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
