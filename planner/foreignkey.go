package planner

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// foreignKeys makes the foreign keys of a new table, whose columns and keys are there.
func (c *creator) foreignKeys() error {
	var all []ast.ForeignKey
	for _, def := range c.stmt.Columns {
		if def.References != nil {
			all = append(all, *def.References)
		}
	}
	for _, def := range append(all, c.stmt.ForeignKeys...) {
		if c.rel.Kind != catalog.KindTable {
			return pgerr.Unsupported("FOREIGN KEY constraints of a %s are", c.rel.Kind).At(def.Pos)
		}
		if err := c.foreignKey(def); err != nil {
			return err
		}
	}
	return nil
}

func (c *creator) foreignKey(def ast.ForeignKey) error {
	parent, indexes, err := c.referenced(def)
	if err != nil {
		return err
	}
	f, err := c.bindForeignKey(c.rel, parent, indexes, def, constraintsOf(c.rel, c.sequences))
	if err != nil {
		return err
	}
	c.rel.ForeignKeys = append(c.rel.ForeignKeys, f)
	if parent != c.rel && !slices.ContainsFunc(c.parents, func(r *catalog.Relation) bool { return r.ID == parent.ID }) {
		c.parents = append(c.parents, knownTo(parent))
	}
	return nil
}

// knownTo returns a table whose writers have to know of something new.
func knownTo(r *catalog.Relation) *catalog.Relation {
	n := *r
	n.Epoch++
	return &n
}

// referenced returns the table that a foreign key of the new table refers to, and its indexes.
func (c *creator) referenced(def ast.ForeignKey) (*catalog.Relation, []*catalog.Relation, error) {
	for _, schema := range c.schemas(def.Table) {
		switch {
		case schema == c.rel.Schema && def.Table.Last() == c.rel.Name:
			return c.rel, c.sequences, nil
		case c.env.Catalog.Lookup(schema, def.Table.Last()) != nil:
			return c.referencedTable(def)
		}
	}
	return c.referencedTable(def)
}

// referencedTable looks the table up that a foreign key refers to. Errors: 42P01, 42501, 42809.
func (b *binder) referencedTable(def ast.ForeignKey) (*catalog.Relation, []*catalog.Relation, error) {
	rel, sys, err := b.lookup(def.Table)
	if err != nil {
		if pgerr.Code(err) == pgerr.UndefinedTable {
			err = pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", strings.Join(def.Table.Parts, "."))
		}
		return nil, nil, err
	}
	if sys != nil {
		return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied: %q is a system catalog", def.Table.Last())
	}
	if rel.Kind != catalog.KindTable || rel.Query != nil {
		return nil, nil, pgerr.New(pgerr.WrongObjectType, "referenced relation %q is not a table", rel.Name)
	}
	return rel, rel.Indexes, b.access(rel, catalog.References)
}

// bindForeignKey makes a foreign key from child to parent, which may be the same. Errors: 0A000, 42703, 42704, 42710, 42804, 42830, 42P10.
func (b *binder) bindForeignKey(child, parent *catalog.Relation, indexes []*catalog.Relation, def ast.ForeignKey, taken map[string]bool) (catalog.ForeignKey, error) {
	f := catalog.ForeignKey{Name: def.Name, Table: parent.ID, Full: def.Match == "full",
		OnDelete: refAction(def.OnDelete), OnUpdate: refAction(def.OnUpdate)}
	var err error
	switch {
	case def.Match == "partial":
		return f, pgerr.New(pgerr.FeatureNotSupported, "MATCH PARTIAL not yet implemented").At(def.Pos)
	case len(child.Checks)+len(child.ForeignKeys) >= catalog.MaxForeignKeys:
		return f, pgerr.New(pgerr.ProgramLimitExceeded, "tables can have at most %d CHECK and FOREIGN KEY constraints", catalog.MaxForeignKeys).At(def.Pos)
	case len(def.Columns) > maxIndexColumns:
		return f, pgerr.New(pgerr.TooManyColumns, "cannot have more than %d keys in a foreign key", maxIndexColumns)
	}
	if f.Name != "" && taken[f.Name] {
		return f, pgerr.New(pgerr.DuplicateObject, "constraint %q for relation %q already exists", f.Name, child.Name)
	}
	if f.Columns, err = keyColumns(child, def.Columns); err != nil {
		return f, err
	}
	if err := bindReferenced(&f, parent, indexes, def); err != nil {
		return f, err
	}
	if f.Name == "" {
		f.Name = freeForeignKeyName(b.env.Catalog, child, def, taken)
	}
	for i, c := range f.Columns {
		if err := refers(child.Columns[c], parent.Columns[f.Referenced[i]], f.Name, def.Pos); err != nil {
			return f, err
		}
	}
	return f, bindSet(&f, child, def)
}

func refAction(words string) catalog.RefAction {
	if words == "no action" {
		return catalog.NoAction
	}
	return catalog.RefAction(words)
}

// keyColumns returns the places of columns of a foreign key. Error: 42703.
func keyColumns(r *catalog.Relation, names []ast.NamedPos) ([]int, error) {
	out := make([]int, len(names))
	for i, n := range names {
		out[i] = slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return c.Name == n.Word && !c.Hidden })
		if out[i] < 0 {
			return nil, pgerr.New(pgerr.UndefinedColumn, "column %q referenced in foreign key constraint does not exist", n.Word)
		}
	}
	return out, nil
}

// bindReferenced finds the key of parent that f refers to. Errors: 42703, 42704, 42830.
func bindReferenced(f *catalog.ForeignKey, parent *catalog.Relation, indexes []*catalog.Relation, def ast.ForeignKey) error {
	if def.Referenced == nil {
		key, list := primaryKeyOf(parent, indexes)
		if list == nil {
			return pgerr.New(pgerr.UndefinedObject, "there is no primary key for referenced table %q", parent.Name)
		}
		f.Index, f.Referenced = key, list
		return numberOfKeys(f)
	}
	var err error
	if f.Referenced, err = keyColumns(parent, def.Referenced); err != nil {
		return err
	}
	if err := numberOfKeys(f); err != nil {
		return err
	}
	for i, c := range f.Referenced {
		if slices.Contains(f.Referenced[:i], c) {
			return pgerr.New(pgerr.InvalidForeignKey, "foreign key referenced-columns list must not contain duplicates")
		}
	}
	if parent.HasPrimaryKey && sameSet(parent.Key, f.Referenced) {
		return nil
	}
	for _, x := range indexes {
		if x.Index != nil && x.Index.Unique && !x.Index.Building && sameSet(placesOf(x.Index.Columns), f.Referenced) {
			f.Index = x.ID
			return nil
		}
	}
	return pgerr.New(pgerr.InvalidForeignKey, "there is no unique constraint matching given keys for referenced table %q", parent.Name)
}

// primaryKeyOf returns the columns of a table's primary key, nil if it has none, and its index if it is one.
func primaryKeyOf(r *catalog.Relation, indexes []*catalog.Relation) (catalog.RelationID, []int) {
	if r.HasPrimaryKey {
		return 0, slices.Clone(r.Key)
	}
	return 0, nil
}

func numberOfKeys(f *catalog.ForeignKey) error {
	if len(f.Columns) != len(f.Referenced) {
		return pgerr.New(pgerr.InvalidForeignKey, "number of referencing and referenced columns for foreign key disagree")
	}
	return nil
}

func placesOf(columns []catalog.IndexColumn) (out []int) {
	for _, c := range columns {
		out = append(out, c.Column)
	}
	return out
}

// sameSet reports whether two lists without duplicates have the same items.
func sameSet(a, b []int) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(i int) bool { return !slices.Contains(b, i) })
}

// refers checks that values of a column can be looked up among those of another one: equal ones have equal keys. Errors: 0A000, 42804.
func refers(from, to catalog.Column, name string, pos int) error {
	const (
		ok = iota
		refused
		incompatible
	)
	verdict := incompatible
	numbers := []types.ID{types.IDInt2, types.IDInt4, types.IDInt8, types.IDNumeric, types.IDFloat4, types.IDFloat8}
	a, b := slices.Index(numbers, from.Type.ID), slices.Index(numbers, to.Type.ID)
	texts := []types.ID{types.IDBpchar, types.IDVarchar, types.IDText}
	times := []types.ID{types.IDDate, types.IDTimestamp, types.IDTimestamptz}
	has := slices.Contains[[]types.ID]
	switch {
	case a >= 0 && b >= 0:
		if a <= b || a < 3 && b < 3 || a > 3 && b > 3 {
			verdict = ok
		}
	case has(texts, from.Type.ID) && has(texts, to.Type.ID):
		if verdict = ok; to.Type.ID == types.IDBpchar && from.Type.ID != types.IDBpchar {
			verdict = refused
		}
	case from.Type.ID == to.Type.ID && from.Type.Enum == to.Type.Enum && (!from.Type.IsArray() || from.Type.Element().ID == to.Type.Element().ID):
		verdict = ok
	case has(times, from.Type.ID) && has(times, to.Type.ID):
		verdict = refused
	}
	switch verdict {
	case refused:
		return pgerr.Unsupported("a foreign key from %s to %s is", from.Type.Base(), to.Type.Base()).At(pos)
	case incompatible:
		return pgerr.New(pgerr.DatatypeMismatch, "foreign key constraint %q cannot be implemented", name).
			WithDetail("Key columns %q and %q are of incompatible types: %s and %s.", from.Name, to.Name, from.Type, to.Type)
	}
	return nil
}

// bindSet finds the columns that ON DELETE SET … names. Errors: 42703, 42P10.
func bindSet(f *catalog.ForeignKey, child *catalog.Relation, def ast.ForeignKey) error {
	if def.SetColumns == nil {
		return nil
	}
	var err error
	if f.SetColumns, err = keyColumns(child, def.SetColumns); err != nil {
		return err
	}
	for i, c := range f.SetColumns {
		if !slices.Contains(f.Columns, c) {
			return pgerr.New(pgerr.InvalidColumnReference, "column %q referenced in ON DELETE SET action must be part of foreign key", def.SetColumns[i].Word)
		}
	}
	return nil
}

// constraintsOf are the names of the constraints of r, whose indexes are given.
func constraintsOf(r *catalog.Relation, indexes []*catalog.Relation) map[string]bool {
	names := map[string]bool{}
	if r.HasPrimaryKey {
		names[r.PrimaryKeyName()] = true
	}
	for _, c := range r.Checks {
		names[c.Name] = true
	}
	for _, f := range r.ForeignKeys {
		names[f.Name] = true
	}
	for _, x := range indexes {
		if x.Index != nil && x.Index.Constraint {
			names[x.Name] = true
		}
	}
	return names
}

// freeForeignKeyName makes the name table_column_…_fkey, with a number behind it if it is taken, in the schema or by the table.
func freeForeignKeyName(cat *catalog.Catalog, r *catalog.Relation, def ast.ForeignKey, taken map[string]bool) string {
	var columns []string
	for _, c := range def.Columns {
		columns = append(columns, c.Word)
	}
	var others []string
	for name := range taken {
		others = append(others, name)
	}
	for _, o := range cat.In(r.Schema) {
		for name := range constraintsOf(o, o.Indexes) {
			others = append(others, name)
		}
	}
	return freeName(r, columns, "fkey", func(name string) bool { return slices.Contains(others, name) })
}
