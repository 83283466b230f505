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
	schemas := b.schemas(n)
	if b.view == nil {
		if err := schemaAllows(b.env, n.Schema(), catalog.Usage); err != nil {
			return nil, nil, at(err, n.Pos)
		}
	}
	for _, schema := range schemas {
		if sys := catalog.SystemRelation(schema, n.Last()); sys != nil {
			return nil, sys, nil
		}
		if rel := b.find(schema, n.Last()); rel != nil {
			if rel.Index != nil {
				return nil, nil, pgerr.New(pgerr.WrongObjectType, "cannot open relation %q", rel.Name).
					WithDetail("This operation is not supported for indexes.").At(n.Pos)
			}
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
	path := b.env.searchPath()
	if b.view == nil {
		path = usable(b.env)
	}
	if slices.Contains(path, schemaCatalog) {
		return path
	}
	return append([]string{schemaCatalog}, path...)
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
// nil if there is none. It does not find system relations. See SchemaError.
func Lookup(env *Env, n ast.Name) *catalog.Relation {
	b := &binder{env: env}
	if schemaAllows(env, n.Schema(), catalog.Usage) != nil {
		return nil
	}
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
		path := usable(env)
		if len(path) == 0 {
			return "", pgerr.New(pgerr.InvalidSchemaName, "no schema has been selected to create in").At(n.Pos)
		}
		schema = path[0]
	}
	switch {
	case env.Catalog.Schema(schema) != nil:
		return schema, schemaAllows(env, schema, catalog.Create)
	case catalog.IsReservedSchema(schema):
		return "", pgerr.New(pgerr.InsufficientPrivilege, "permission denied to create %q", schema+"."+n.Last()).
			WithDetail("System catalog modifications are currently disallowed.").At(n.Pos)
	}
	return "", noSchema(schema).At(n.Pos)
}

func noSchema(name string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidSchemaName, "schema %q does not exist", name)
}

// SchemaError is the error of a statement on a relation whose name has a schema that there is not, or that may not be used;
// nil if it has none, or one of those. Errors: 3F000, 42501.
func SchemaError(env *Env, n ast.Name) error {
	if s := n.Schema(); s != "" && !env.Catalog.HasSchema(s) {
		return noSchema(s)
	}
	return schemaAllows(env, n.Schema(), catalog.Usage)
}

// schemaAllows checks that the statement may do something with a schema; of no schema, or of one that is not the user's, that is
// for others to say. Error: 42501.
func schemaAllows(env *Env, schema string, want catalog.Privilege) error {
	if s := env.Catalog.Schema(schema); s != nil && env.SchemaAccess != nil {
		return env.SchemaAccess(s, want)
	}
	return nil
}

// usable returns the schemas of the search path that there are and that the statement may use.
func usable(env *Env) []string {
	return slices.DeleteFunc(env.Catalog.Path(env.searchPath()), func(s string) bool { return schemaAllows(env, s, catalog.Usage) != nil })
}

// Existing returns the relation that is there already where CREATE would put n, nil if there is none.
func Existing(env *Env, n ast.Name) *catalog.Relation {
	schema, err := creationSchema(env, n)
	if err != nil {
		return nil
	}
	return env.Catalog.Lookup(schema, n.Last())
}

// Qualified is the name of a relation in messages: with its schema, unless the search path leads to it.
func Qualified(env *Env, r *catalog.Relation) string {
	if r.Enum != nil {
		return env.names().Qualified(r)
	}
	if Lookup(env, ast.Name{Parts: []string{r.Name}}) == r {
		return r.Name
	}
	return r.Schema + "." + r.Name
}
