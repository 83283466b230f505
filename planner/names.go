package planner

import (
	"slices"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Schemas that are not the user's.
const (
	schemaCatalog     = "pg_catalog"
	schemaInformation = "information_schema"
)

// relations is a set in the order of addition.
type relations []*catalog.Relation

func (rs *relations) add(r *catalog.Relation) {
	if !slices.Contains(*rs, r) {
		*rs = append(*rs, r)
	}
}

// lookup returns the stored or the system relation of that name. Unqualified names are looked for in pg_catalog, then
// in the search path. Error: 42P01.
func (b *binder) lookup(n ast.Name) (*catalog.Relation, *catalog.System, error) {
	for _, schema := range b.schemas(n) {
		if sys := catalog.SystemRelation(schema, n.Last()); sys != nil {
			return nil, sys, nil
		}
		if rel := b.find(schema, n.Last()); rel != nil {
			return rel, nil, nil
		}
	}
	return nil, nil, noRelation(n)
}

// access checks that the statement, or the view whose text is being bound, may do something with rel.
func (b *binder) access(rel *catalog.Relation, want catalog.Privilege) error {
	switch {
	case b.env.Access == nil:
		return nil
	case b.view != nil:
		return b.env.Access(rel, b.view.OwnerID(), want)
	}
	return b.env.Access(rel, 0, want)
}

// find returns the stored relation schema.name: of the statement's own text by its name today, of a view's text by its
// name when the view was created.
func (b *binder) find(schema, name string) *catalog.Relation {
	if b.view == nil {
		rel := b.env.Catalog.Lookup(schema, name)
		if rel != nil {
			b.named.add(rel)
		}
		return rel
	}
	if s := b.view.View.Seen(schema, name); s != nil {
		return b.env.Catalog.ByID(s.Relation)
	}
	return nil
}

func (b *binder) schemas(n ast.Name) []string {
	if s := n.Schema(); s != "" {
		return []string{s}
	}
	return append([]string{schemaCatalog}, b.env.searchPath()...)
}

func noRelation(n ast.Name) error {
	name := n.Last()
	if n.Schema() != "" {
		name = n.Schema() + "." + name
	}
	return pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", name).
		WithHint("Create it with CREATE STREAM or CREATE TABLE.").At(n.Pos)
}

// Lookup returns the stream, table or view that n names in a statement other than a query, such as DROP or DESCRIBE;
// nil if there is none. It does not find system relations.
func Lookup(env *Env, n ast.Name) *catalog.Relation {
	b := &binder{env: env}
	for _, schema := range b.schemas(n) {
		if rel := env.Catalog.Lookup(schema, n.Last()); rel != nil {
			return rel
		}
	}
	return nil
}

// creationSchema returns the schema in which n is created. Errors: 3F000, 42501.
func creationSchema(env *Env, n ast.Name) (string, error) {
	schema := n.Schema()
	if schema == "" {
		for _, s := range env.searchPath() {
			if s == catalog.DefaultSchema {
				return s, nil
			}
		}
		return "", pgerr.New(pgerr.InvalidSchemaName, "no schema has been selected to create in").At(n.Pos)
	}
	switch schema {
	case catalog.DefaultSchema:
		return schema, nil
	case schemaCatalog, schemaInformation:
		return "", pgerr.New(pgerr.InsufficientPrivilege, "permission denied to create %q", schema+"."+n.Last()).
			WithDetail("System catalog modifications are currently disallowed.").At(n.Pos)
	}
	return "", pgerr.New(pgerr.InvalidSchemaName, "schema %q does not exist", schema).At(n.Pos)
}
