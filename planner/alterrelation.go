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
	"github.com/millracedb/millrace/sql/types"
)

// RelationChange is what ALTER makes of a relation. The caller evaluates Fill, looks for rows that Rules refuse, and applies
// the rest as one change of the catalog.
type RelationChange struct {
	Relation *catalog.Relation
	Also     []*catalog.Relation  // sequences that go with it
	Drop     []catalog.RelationID // sequences of dropped columns, and with CASCADE what depends on those
	Cascaded []*catalog.Relation
	Fill     []Fill
	Rules    []RowRule
	// ForeignKeys are those that are new: rows that are there have to hold them. Parents are the tables to which they refer, other than Relation.
	ForeignKeys []string
	Parents     []*catalog.Relation
	// Gone is what goes beside Cascaded, as messages call it.
	Gone    []string
	Notices []string
}

// Fill is the value of an added column in the rows that are there: it is evaluated once, and goes to Column.Missing.
type Fill struct {
	Column int
	Value  *plan.Expr
}

// RowRule is a condition over the stored columns of the relation that no row may meet, and the error if one does.
type RowRule struct {
	Violated *plan.Expr
	Err      error
}

// alterer applies the actions of one ALTER to a copy of the relation.
type alterer struct {
	*binder
	stmt *ast.AlterRelation
	rel  *catalog.Relation
	out  *RelationChange
}

// PlanAlter plans ALTER … RENAME and ALTER TABLE's actions on columns and constraints. Errors: 0A000, 2BP01, 42701, 42703,
// 42704, 42710, 42P07, 42P16, those of expressions and types.
func PlanAlter(stmt *ast.AlterRelation, r *catalog.Relation, env *Env) (*RelationChange, error) {
	n := *r
	n.Columns, n.Checks, n.ForeignKeys = slices.Clone(r.Columns), slices.Clone(r.Checks), slices.Clone(r.ForeignKeys)
	a := &alterer{binder: newBinder(env), stmt: stmt, rel: &n, out: &RelationChange{Relation: &n}}
	for _, action := range stmt.Actions {
		if err := a.action(action); err != nil {
			return nil, err
		}
	}
	if len(a.out.Rules) > 0 || len(a.out.ForeignKeys) > 0 {
		n.Epoch++
	}
	return a.out, nil
}

func (a *alterer) action(x ast.AlterAction) error {
	switch {
	case x.Verb == "rename to":
		return a.rename(x)
	case x.Verb == "resume":
		return a.resume(x)
	case x.Verb == "set schema":
		return a.setSchema(x)
	case x.Verb == "add unique":
		return pgerr.Unsupported("ADD UNIQUE beside other actions is").At(x.Unique.Pos)
	case x.Verb == "rename column":
		return a.renameColumn(x)
	case a.rel.Source != nil:
		return pgerr.Unsupported("changing columns and constraints of a table over a topic is").At(a.stmt.Name.Pos)
	case x.Verb == "owner to":
		return pgerr.Unsupported("OWNER TO beside other actions is").At(x.Pos)
	case a.rel.Kind == catalog.KindPlainView && strings.HasSuffix(x.Verb, " default"):
		return pgerr.Unsupported("DEFAULT of a view's column is").At(x.Pos)
	case a.rel.Kind == catalog.KindView || a.rel.Kind == catalog.KindPlainView || a.rel.Kind == catalog.KindSequence || a.rel.Kind == catalog.KindIndex:
		return pgerr.New(pgerr.WrongObjectType, "%q is not a table", a.rel.Name)
	case a.rel.Kind != catalog.KindTable:
		return pgerr.Unsupported("changing columns and constraints of a %s is", a.rel.Kind).At(a.stmt.Name.Pos)
	}
	switch x.Verb {
	case "add column":
		return a.addColumn(x)
	case "drop column":
		return a.dropColumn(x)
	case "add check":
		return a.addCheck(*x.Check)
	case "add foreign key":
		return a.addForeignKey(*x.ForeignKey)
	case "rename constraint":
		return a.renameConstraint(x)
	case "drop constraint":
		return a.dropConstraint(x)
	}
	return a.alterColumn(x)
}

// rename gives the relation another name; the name of its key stays.
func (a *alterer) rename(x ast.AlterAction) error {
	if a.env.Catalog.Lookup(a.rel.Schema, x.NewName) != nil {
		return pgerr.New(pgerr.DuplicateTable, "relation %q already exists", x.NewName)
	}
	if a.env.Catalog.LookupType(a.rel.Schema, x.NewName) != nil && a.rel.Sequence == nil && a.rel.Index == nil {
		return pgerr.New(pgerr.DuplicateObject, "type %q already exists", x.NewName)
	}
	if a.rel.HasPrimaryKey {
		a.rel.KeyName = a.rel.PrimaryKeyName()
	}
	a.rel.Name = x.NewName
	if a.rel.KeyName == a.rel.Name+"_pkey" {
		a.rel.KeyName = ""
	}
	return nil
}

// setSchema moves the relation, with the sequences of its columns, to another schema.
func (a *alterer) setSchema(x ast.AlterAction) error {
	if a.rel.Sequence != nil && a.rel.Sequence.Owner != 0 {
		return pgerr.New(pgerr.FeatureNotSupported, "cannot move an owned sequence into another schema").
			WithDetail("Sequence %q is linked to table %q.", a.rel.Name, a.env.Catalog.ByID(a.rel.Sequence.Owner).Name)
	}
	schema, err := creationSchema(a.env, ast.Name{Parts: []string{x.NewName, a.rel.Name}})
	if err != nil || schema == a.rel.Schema {
		return err
	}
	moved := []*catalog.Relation{a.rel}
	for _, q := range a.env.Catalog.OwnedSequences(a.rel.ID) {
		n := *q
		moved, a.out.Also = append(moved, &n), append(a.out.Also, &n)
	}
	for _, x := range a.rel.Indexes {
		n := *x
		moved, a.out.Also = append(moved, &n), append(a.out.Also, &n)
	}
	for _, r := range moved {
		if a.env.Catalog.Lookup(schema, r.Name) != nil || a.env.Catalog.LookupType(schema, r.Name) != nil {
			return pgerr.New(pgerr.DuplicateTable, "relation %q already exists in schema %q", r.Name, schema)
		}
		r.Schema = schema
	}
	return nil
}

func (a *alterer) renameColumn(x ast.AlterAction) error {
	switch {
	case a.rel.Sequence != nil:
		return pgerr.New(pgerr.WrongObjectType, "cannot rename columns of sequence %q", a.rel.Name)
	case a.rel.Kind == catalog.KindTopic, a.rel.Kind == catalog.KindStream && (a.rel.Over != 0 || a.rel.Format() != catalog.FormatNative):
		return pgerr.Unsupported("renaming a column of a topic, of a stream over one, or of a stream in JSON is").At(x.Pos)
	}
	i, err := a.column(x.Name)
	if err != nil {
		return pgerr.New(pgerr.UndefinedColumn, "column %q does not exist", x.Name)
	}
	if err := a.free(x.NewName, x.Pos); err != nil {
		return err
	}
	a.rel.Columns[i].Name = x.NewName
	return nil
}

// column returns the place of a column of the user's. Error: 42703.
func (a *alterer) column(name string) (int, error) { return columnIndex(a.rel, name, 0) }

// free checks that a name can be given to a column. Error: 42701.
func (a *alterer) free(name string, pos int) error {
	if reserved(name) {
		return pgerr.New(pgerr.DuplicateColumn, "column name %q conflicts with a system column name", name).At(pos)
	}
	if slices.ContainsFunc(a.rel.Columns, func(c catalog.Column) bool { return c.Name == name }) {
		return pgerr.New(pgerr.DuplicateColumn, "column %q of relation %q already exists", name, a.rel.Name)
	}
	return nil
}

// addColumn adds a column behind all others: rows that are there are not written again.
func (a *alterer) addColumn(x ast.AlterAction) error {
	def := *x.Def
	if err := a.free(def.Name, def.Pos); err != nil {
		if x.IfExists && !reserved(def.Name) {
			a.out.Notices = append(a.out.Notices, fmt.Sprintf("column %q of relation %q already exists, skipping", def.Name, a.rel.Name))
			return nil
		}
		return err
	}
	if _, serial := serialTypes[def.Type.Name]; serial || def.Identity != "" {
		return pgerr.Unsupported("adding a serial or identity column is").At(def.Pos)
	}
	if def.PrimaryKey || def.Key {
		return pgerr.Unsupported("adding a column to the key is").At(def.Pos)
	}
	if def.Unique != nil {
		return pgerr.Unsupported("adding a column with a UNIQUE constraint is").
			WithHint("Add the column first, and the constraint afterwards.").At(def.Unique.Pos)
	}
	c := &creator{binder: a.binder, stmt: &ast.CreateRelation{}, rel: a.rel}
	if err := c.column(def); err != nil {
		return err
	}
	i := len(a.rel.Columns) - 1
	if err := a.fill(i, def); err != nil {
		return err
	}
	if def.NotNull {
		a.notNull(i)
	}
	for _, check := range def.Checks {
		if err := a.addCheckOf(check, def.Name); err != nil {
			return err
		}
	}
	if def.References != nil {
		return a.addForeignKey(*def.References)
	}
	return nil
}

// fill says what an added column is in the rows that are there.
func (a *alterer) fill(i int, def ast.ColumnDef) error {
	if def.Default == nil {
		return nil
	}
	value, err := a.defaultOf(a.rel, i)
	if err != nil {
		return err
	}
	volatile := false
	walkExpr(value, func(e *plan.Expr, _ int) { volatile = volatile || isVolatile(e) })
	if volatile {
		return pgerr.Unsupported("adding a column whose DEFAULT differs from row to row is").
			WithHint("Add the column first, and set its DEFAULT afterwards.").At(def.Default.Position())
	}
	a.out.Fill = append(a.out.Fill, Fill{Column: i, Value: simplify(value)})
	return nil
}

// notNull asks that no row has NULL in column i.
func (a *alterer) notNull(i int) {
	col := a.rel.Columns[i]
	err := pgerr.New(pgerr.NotNullViolation, "column %q of relation %q contains null values", col.Name, a.rel.Name)
	err.Schema, err.Table, err.Column = a.rel.Schema, a.rel.Name, col.Name
	isNull := &plan.Expr{Op: plan.OpIsNull, Type: types.Bool, Args: []*plan.Expr{plan.Column(i, col.Type)}}
	a.out.Rules = append(a.out.Rules, RowRule{Violated: isNull, Err: err})
}

func (a *alterer) addCheck(c ast.Check) error { return a.addCheckOf(c, "") }

func (a *alterer) addCheckOf(c ast.Check, column string) error {
	names := constraintsOf(a.rel, a.rel.Indexes)
	if names[c.Name] {
		return pgerr.New(pgerr.DuplicateObject, "constraint %q for relation %q already exists", c.Name, a.rel.Name)
	}
	bound, err := a.check(a.rel, c, column, names)
	if err != nil {
		return err
	}
	addCheck(a.rel, bound)
	x := new(plan.Expr)
	if err := json.Unmarshal(bound.Expr, x); err != nil {
		return err
	}
	violation := pgerr.New(pgerr.CheckViolation, "check constraint %q of relation %q is violated by some row", bound.Name, a.rel.Name)
	violation.Schema, violation.Table, violation.Constraint = a.rel.Schema, a.rel.Name, bound.Name
	not := &plan.Expr{Op: plan.OpNot, Type: types.Bool, Args: []*plan.Expr{x}}
	a.out.Rules = append(a.out.Rules, RowRule{Violated: not, Err: violation})
	return nil
}

// alterColumn is SET and DROP of DEFAULT and NOT NULL.
func (a *alterer) alterColumn(x ast.AlterAction) error {
	i, err := a.column(x.Name)
	if err != nil {
		return err
	}
	col := &a.rel.Columns[i]
	if col.Identity != "" && x.Verb != "set not null" {
		return pgerr.New(pgerr.SyntaxError, "column %q of relation %q is an identity column", col.Name, a.rel.Name)
	}
	switch x.Verb {
	case "set default":
		col.Default, col.Sequence = "", 0
		return a.setDefault(x.Default, col)
	case "drop default":
		col.Default, col.Sequence = "", 0
	case "set not null":
		if !col.NotNull {
			col.NotNull = true
			a.notNull(i)
		}
	case "drop not null":
		if slices.Contains(a.rel.Key, i) {
			return pgerr.New(pgerr.InvalidTableDefinition, "column %q is in a primary key", col.Name)
		}
		col.NotNull = false
	}
	return nil
}

// resume takes up a query that has failed, where it stopped: what it has not read is kept for it until it needs a rebuild.
func (a *alterer) resume(x ast.AlterAction) error {
	q := a.rel.Query
	switch {
	case q == nil:
		return pgerr.New(pgerr.WrongObjectType, "%q is not kept by a query", a.rel.Name).At(a.stmt.Name.Pos)
	case q.State != catalog.QueryFailed:
		a.out.Notices = append(a.out.Notices, fmt.Sprintf("the query of %q has not failed", a.rel.Name))
		return nil
	case strings.HasPrefix(q.Reason, catalog.NeedsRebuild):
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the query of %q cannot be taken up again: %s", a.rel.Name, q.Reason).
			WithHint("Drop the %s and create it again.", a.rel.Word()).At(x.Pos)
	}
	again := *q
	again.State, again.Reason = catalog.QueryRunning, ""
	a.rel.Query = &again
	return nil
}
