package planner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// addForeignKey is ADD FOREIGN KEY: rows that are there are looked at by the caller.
func (a *alterer) addForeignKey(def ast.ForeignKey) error {
	parent, indexes, err := a.referencedTable(def)
	if err != nil {
		return err
	}
	if parent.ID == a.rel.ID {
		parent = a.rel
	}
	f, err := a.bindForeignKey(a.rel, parent, indexes, def, constraintsOf(a.rel, a.rel.Indexes))
	if err != nil {
		return err
	}
	a.rel.ForeignKeys = append(a.rel.ForeignKeys, f)
	a.out.ForeignKeys = append(a.out.ForeignKeys, f.Name)
	if parent != a.rel && !slices.ContainsFunc(a.out.Parents, func(r *catalog.Relation) bool { return r.ID == parent.ID }) {
		a.out.Parents = append(a.out.Parents, knownTo(parent))
	}
	return nil
}

// renameConstraint is RENAME CONSTRAINT. That of an index renames the index, too.
func (a *alterer) renameConstraint(x ast.AlterAction) error {
	names := constraintsOf(a.rel, a.rel.Indexes)
	switch {
	case !names[x.Name]:
		return pgerr.New(pgerr.UndefinedObject, "constraint %q for table %q does not exist", x.Name, a.rel.Name)
	case names[x.NewName]:
		return pgerr.New(pgerr.DuplicateObject, "constraint %q for relation %q already exists", x.NewName, a.rel.Name)
	}
	u := a.rel.IndexNamed(x.Name)
	isIndex := u != nil && u.Index.Constraint || a.rel.HasPrimaryKey && x.Name == a.rel.PrimaryKeyName()
	if isIndex && nameTaken(a.env.Catalog, a.rel.Schema, x.NewName) {
		return pgerr.New(pgerr.DuplicateTable, "relation %q already exists", x.NewName)
	}
	if i := slices.IndexFunc(a.rel.Checks, func(c catalog.Check) bool { return c.Name == x.Name }); i >= 0 {
		c := a.rel.Checks[i]
		c.Name = x.NewName
		a.rel.Checks = slices.Delete(a.rel.Checks, i, i+1)
		addCheck(a.rel, c)
		return nil
	}
	switch f := a.rel.ForeignKeyNamed(x.Name); {
	case f != nil:
		f.Name = x.NewName
	case u != nil && u.Index.Constraint:
		n := *u
		n.Name = x.NewName
		a.out.Also = append(a.out.Also, &n)
	default:
		if a.rel.KeyName = x.NewName; x.NewName == a.rel.Name+"_pkey" {
			a.rel.KeyName = ""
		}
	}
	return nil
}

// dropConstraint is DROP CONSTRAINT.
func (a *alterer) dropConstraint(x ast.AlterAction) error {
	if u := a.rel.IndexNamed(x.Name); u != nil && u.Index.Constraint {
		if err := a.dropReferences("constraint "+x.Name, x.Cascade, func(f catalog.Reference) bool { return f.Index == u.ID }); err != nil {
			return err
		}
		a.out.Drop = append(a.out.Drop, u.ID)
		return nil
	}
	check := slices.IndexFunc(a.rel.Checks, func(c catalog.Check) bool { return c.Name == x.Name })
	key := slices.IndexFunc(a.rel.ForeignKeys, func(f catalog.ForeignKey) bool { return f.Name == x.Name })
	switch {
	case check >= 0:
		a.rel.Checks = slices.Delete(a.rel.Checks, check, check+1)
		return nil
	case key >= 0:
		a.rel.ForeignKeys = slices.Delete(a.rel.ForeignKeys, key, key+1)
		return nil
	case a.rel.HasPrimaryKey && x.Name == a.rel.PrimaryKeyName():
		return pgerr.Unsupported("dropping a primary key is").At(x.Pos)
	case x.IfExists:
		a.out.Notices = append(a.out.Notices, fmt.Sprintf("constraint %q of relation %q does not exist, skipping", x.Name, a.rel.Name))
		return nil
	}
	return pgerr.New(pgerr.UndefinedObject, "constraint %q of relation %q does not exist", x.Name, a.rel.Name)
}

// dropReferences finds the foreign keys to the table that need what is dropped: with CASCADE they go, else they are 2BP01.
func (a *alterer) dropReferences(what string, cascade bool, needs func(catalog.Reference) bool) error {
	var lines []string
	for _, f := range a.env.Catalog.References(a.env.Catalog.ByID(a.rel.ID)) {
		if !needs(f) {
			continue
		}
		name := "constraint " + f.Name + " on table " + f.Child.Name
		lines = append(lines, name+" depends on "+indexWord(what))
		a.out.Gone = append(a.out.Gone, name)
		a.without(f)
	}
	if len(lines) > 0 && !cascade {
		return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop %s on table %s because other objects depend on it", what, a.rel.Name).
			WithDetail("%s", strings.Join(lines, "\n")).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
	}
	return nil
}

// indexWord says what a constraint is called as what others depend on: its index.
func indexWord(what string) string { return strings.Replace(what, "constraint ", "index ", 1) }

// without takes a foreign key from its table.
func (a *alterer) without(f catalog.Reference) {
	child := a.rel
	if f.Child.ID != a.rel.ID {
		i := slices.IndexFunc(a.out.Also, func(r *catalog.Relation) bool { return r.ID == f.Child.ID })
		if i < 0 {
			n := *f.Child
			i, a.out.Also = len(a.out.Also), append(a.out.Also, &n)
		}
		child = a.out.Also[i]
	}
	child.ForeignKeys = slices.DeleteFunc(slices.Clone(child.ForeignKeys), func(o catalog.ForeignKey) bool { return o.Name == f.Name })
}
