package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// PlanCreateIndex makes an index that is still to be built, and, if it is unique, the table with the epoch from which on writers know
// of it. Nil without error: it is there, and that is fine. Errors: 0A000, 42701, 42703, 42704, 42809, 42P07.
func PlanCreateIndex(stmt *ast.CreateIndex, table *catalog.Relation, env *Env, placement Placement) (index, changed *catalog.Relation, err error) {
	if err := indexable(table, stmt); err != nil {
		return nil, nil, err
	}
	x := &catalog.Index{Table: table.ID, Unique: stmt.Unique}
	for _, c := range stmt.Columns {
		i := slices.IndexFunc(table.Columns, func(o catalog.Column) bool { return o.Name == c.Name && !o.Hidden })
		if i < 0 {
			return nil, nil, pgerr.New(pgerr.UndefinedColumn, "column %q does not exist", c.Name)
		}
		if err := needIndex(table.Columns[i].Type, 0); err != nil {
			return nil, nil, err
		}
		x.Columns = append(x.Columns, catalog.IndexColumn{Column: i, Desc: c.Desc, NullsFirst: c.NullsFirst})
	}
	name, err := indexName(stmt, table, env)
	if name == "" || err != nil {
		return nil, nil, err
	}
	x.Building = true
	index = newIndex(table, env.Catalog.NextID(), name, x, env, placement)
	n := *table
	if x.Unique {
		n.Epoch++
	}
	return index, &n, nil
}

// indexable refuses an index of what has no rows of its own, and a unique one of what a query keeps.
func indexable(table *catalog.Relation, stmt *ast.CreateIndex) error {
	switch {
	case table.Kind == catalog.KindStream || table.Kind == catalog.KindTopic:
		return pgerr.Unsupported("an index of a %s is", table.Kind).At(stmt.Pos)
	case table.Kind != catalog.KindTable && table.Kind != catalog.KindView:
		return pgerr.New(pgerr.WrongObjectType, "cannot create index on relation %q", table.Name).
			WithDetail("This operation is not supported for %s.", kindPlural(table))
	case stmt.Unique && (table.Kind != catalog.KindTable || table.Query != nil):
		return pgerr.Unsupported("a unique index of what a query keeps is").At(stmt.Pos)
	case len(table.Indexes) >= catalog.MaxIndexes:
		return pgerr.New(pgerr.ProgramLimitExceeded, "tables can have at most %d indexes", catalog.MaxIndexes).At(stmt.Pos)
	case len(stmt.Columns) > maxIndexColumns:
		return pgerr.New(pgerr.TooManyColumns, "cannot use more than %d columns in an index", maxIndexColumns)
	}
	return nil
}

// maxIndexColumns is how many columns an index may have, as in PostgreSQL.
const maxIndexColumns = 32

func kindPlural(r *catalog.Relation) string {
	if r.Kind == catalog.KindIndex {
		return "indexes"
	}
	return r.Word() + "s"
}

// indexName returns the name of an index to be made: the given one, if it is free, else one like PostgreSQL's. "": it is there.
func indexName(stmt *ast.CreateIndex, table *catalog.Relation, env *Env) (string, error) {
	switch {
	case stmt.Name == "":
		return freeIndexName(table, indexedNames(stmt.Columns), "idx", env.Catalog, nil), nil
	case !nameTaken(env.Catalog, table.Schema, stmt.Name):
		return stmt.Name, nil
	case stmt.IfNotExists:
		return "", nil
	}
	return "", pgerr.New(pgerr.DuplicateTable, "relation %q already exists", stmt.Name)
}

// indexedNames are the names of the columns; one that is there already gets a number.
func indexedNames(columns []ast.IndexColumn) (names []string) {
	for _, c := range columns {
		name := c.Name
		for n := 1; slices.Contains(names, name); n++ {
			name = fmt.Sprintf("%s%d", c.Name, n)
		}
		names = append(names, name)
	}
	return names
}

// nameTaken reports whether a relation, or the index of a primary key, has a name.
func nameTaken(cat *catalog.Catalog, schema, name string) bool {
	return cat.Lookup(schema, name) != nil ||
		slices.ContainsFunc(cat.Relations(), func(r *catalog.Relation) bool {
			return r.HasPrimaryKey && r.Schema == schema && r.PrimaryKeyName() == name
		})
}

// freeIndexName makes the name table_column_…_label, with a number behind it if it is taken, in the catalog or among others.
func freeIndexName(table *catalog.Relation, columns []string, label string, cat *catalog.Catalog, others []string) string {
	return freeName(table, columns, label, func(name string) bool {
		return nameTaken(cat, table.Schema, name) || slices.Contains(others, name)
	})
}

// freeName makes the name table_column_…_label, with a number behind it if it is taken. What is too long is cut, of table and columns
// whichever is longer.
func freeName(table *catalog.Relation, columns []string, label string, taken func(string) bool) string {
	for n := 0; ; n++ {
		end := "_" + label
		if n > 0 {
			end += fmt.Sprint(n)
		}
		first, second := table.Name, strings.Join(columns, "_")
		for len(first)+1+len(second)+len(end) > maxNameBytes {
			if len(first) > len(second) {
				first = first[:len(first)-1]
			} else {
				second = second[:len(second)-1]
			}
		}
		name := strings.ToValidUTF8(first, "") + "_" + strings.ToValidUTF8(second, "") + end
		if !taken(name) {
			return name
		}
	}
}

// newIndex makes the relation of an index.
func newIndex(table *catalog.Relation, id catalog.RelationID, name string, x *catalog.Index, env *Env, placement Placement) *catalog.Relation {
	r := &catalog.Relation{ID: id, Schema: table.Schema, Name: name, Kind: catalog.KindIndex, Index: x, Owner: table.Owner, CreatedAtMicros: env.NowMicros}
	if x.Unique {
		r.Columns, r.Placement = catalog.EntryColumns, placement(table.Partitions())
		r.Config = catalog.DefaultConfig(catalog.KindIndex)
	}
	return r
}

// uniques makes the indexes of the UNIQUE constraints of a new table. One of the columns of an earlier one, or of the primary key, is the
// same.
func (c *creator) uniques(placement Placement) error {
	var all []ast.Unique
	for _, def := range c.stmt.Columns {
		if def.Unique != nil {
			all = append(all, *def.Unique)
		}
	}
	all = append(all, c.stmt.Uniques...)
	if len(all) > 0 && c.rel.Kind != catalog.KindTable {
		return pgerr.Unsupported("UNIQUE constraints of a %s are", c.rel.Kind).At(all[0].Pos)
	}
	if len(all) > catalog.MaxIndexes {
		return pgerr.New(pgerr.ProgramLimitExceeded, "tables can have at most %d indexes", catalog.MaxIndexes).At(all[0].Pos)
	}
	lists := [][]int{c.rel.Key}
	var names []string
	if c.rel.HasPrimaryKey {
		names = append(names, c.rel.PrimaryKeyName())
	}
	for _, u := range all {
		x, list, err := uniqueOf(c.rel, u)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(lists, func(o []int) bool { return slices.Equal(o, list) }) {
			continue
		}
		name := u.Name
		switch {
		case name == "":
			name = freeIndexName(c.rel, constrained(u), "key", c.env.Catalog, names)
		case nameTaken(c.env.Catalog, c.rel.Schema, name) || slices.Contains(names, name) || name == c.rel.Name:
			return pgerr.New(pgerr.DuplicateTable, "relation %q already exists", name)
		}
		lists, names = append(lists, list), append(names, name)
		c.sequences = append(c.sequences, newIndex(c.rel, c.nextID, name, x, c.env, placement))
		c.nextID++
	}
	return nil
}

func constrained(u ast.Unique) (names []string) {
	for _, c := range u.Columns {
		names = append(names, c.Word)
	}
	return names
}

// uniqueOf returns the index of a UNIQUE constraint, and its columns. Errors: 42701, 42703, 42704.
func uniqueOf(r *catalog.Relation, u ast.Unique) (*catalog.Index, []int, error) {
	x := &catalog.Index{Table: r.ID, Unique: true, Constraint: true}
	var list []int
	for _, c := range u.Columns {
		i := slices.IndexFunc(r.Columns, func(o catalog.Column) bool { return o.Name == c.Word && !o.Hidden })
		switch {
		case i < 0:
			return nil, nil, pgerr.New(pgerr.UndefinedColumn, "column %q named in key does not exist", c.Word).At(u.Pos)
		case slices.Contains(list, i):
			return nil, nil, pgerr.New(pgerr.DuplicateColumn, "column %q appears twice in unique constraint", c.Word).At(u.Pos)
		}
		if err := needIndex(r.Columns[i].Type, u.Pos); err != nil {
			return nil, nil, err
		}
		list = append(list, i)
		x.Columns = append(x.Columns, catalog.IndexColumn{Column: i})
	}
	if len(list) > maxIndexColumns {
		return nil, nil, pgerr.New(pgerr.TooManyColumns, "cannot use more than %d columns in an index", maxIndexColumns)
	}
	return x, list, nil
}

// PlanAddUnique is PlanCreateIndex for ALTER TABLE … ADD UNIQUE.
func PlanAddUnique(u ast.Unique, table *catalog.Relation, env *Env, placement Placement) (index, changed *catalog.Relation, err error) {
	stmt := &ast.CreateIndex{Unique: true, Name: u.Name, Pos: u.Pos}
	if err := indexable(table, stmt); err != nil {
		return nil, nil, err
	}
	x, _, err := uniqueOf(table, u)
	if err != nil {
		return nil, nil, err
	}
	name := u.Name
	switch {
	case name == "":
		name = freeIndexName(table, constrained(u), "key", env.Catalog, nil)
	case nameTaken(env.Catalog, table.Schema, name):
		return nil, nil, pgerr.New(pgerr.DuplicateTable, "relation %q already exists", name)
	}
	x.Building = true
	n := *table
	n.Epoch++
	return newIndex(table, env.Catalog.NextID(), name, x, env, placement), &n, nil
}
