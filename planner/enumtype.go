package planner

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// TypeNamed returns the type with a name as written. Errors: 42704, 0A000, 22023, 42601, 42501.
func TypeNamed(env *Env, n ast.TypeName) (types.Type, error) { return newBinder(env).typeOf(n) }

// enumType returns the enum type, or the type of arrays of one, that n names. Errors: 42601, 42501.
func (b *binder) enumType(n ast.TypeName) (t types.Type, found bool, err error) {
	name := ast.Name{Parts: []string{n.Name}}
	if n.Schema != "" {
		name.Parts = []string{n.Schema, n.Name}
	}
	r := b.lookupType(name)
	if elem, ok := strings.CutPrefix(n.Name, "_"); r == nil && ok { // as PostgreSQL calls the type of arrays
		name.Parts[len(name.Parts)-1] = elem
		r, n.Array = b.lookupType(name), true
	}
	if r == nil {
		return t, false, nil
	}
	if b.view == nil {
		if err := schemaAllows(b.env, n.Schema, catalog.Usage); err != nil {
			return t, true, err
		}
	}
	if len(n.Mods) > 0 {
		return t, true, pgerr.New(pgerr.SyntaxError, "type modifier is not allowed for type \"%s\"", n.Name)
	}
	if t = r.EnumType(); n.Array {
		t = types.ArrayOf(t)
	}
	return t, true, nil
}

// lookupType returns the enum type that n names, nil if there is none: in a view's text the one that had the name at CREATE.
func (b *binder) lookupType(n ast.Name) *catalog.Relation {
	for _, schema := range b.schemas(n) {
		if b.view == nil {
			if r := b.env.Catalog.LookupType(schema, n.Last()); r != nil {
				b.named.add(r)
				if b.continuous {
					b.through.add(r)
				}
				return r
			}
			continue
		}
		for _, s := range b.view.View.Sees {
			if r := b.env.Catalog.EnumByID(uint32(s.Relation)); r != nil && s.Schema == schema && s.Name == n.Last() {
				if b.continuous {
					b.through.add(r)
				}
				return r
			}
		}
	}
	return nil
}

// LookupType returns the enum type that a statement such as DROP TYPE names, nil if there is none. See SchemaError.
func LookupType(env *Env, n ast.Name) *catalog.Relation {
	if schemaAllows(env, n.Schema(), catalog.Usage) != nil {
		return nil
	}
	return newBinder(env).lookupType(n)
}

// PlanCreateType makes the descriptor of an enum type. Errors: 3F000, 42501, 42710, those of the labels.
func PlanCreateType(stmt *ast.CreateType, env *Env) (*catalog.Relation, error) {
	name := stmt.Name
	name.Pos = 0 // as PostgreSQL tells it
	schema, err := creationSchema(env, name)
	if err != nil {
		return nil, err
	}
	r := &catalog.Relation{ID: env.Catalog.NextID(), Schema: schema, Name: stmt.Name.Last(), Kind: catalog.KindType, CreatedAtMicros: env.NowMicros}
	if err := freeTypeName(env, schema, r.Name); err != nil {
		return nil, err
	}
	r.Enum, err = catalog.NewEnum(stmt.Labels)
	return r, err
}

// freeTypeName checks that a name is free for a type: each relation with rows has a type of its name in PostgreSQL. Error: 42710.
func freeTypeName(env *Env, schema, name string) error {
	if r := env.Catalog.Lookup(schema, name); env.Catalog.LookupType(schema, name) != nil || r != nil && r.Sequence == nil && r.Index == nil {
		return pgerr.New(pgerr.DuplicateObject, "type %q already exists", name)
	}
	return nil
}

// relationNameFree checks that no type has the name that a relation is to have. Error: 42710.
func relationNameFree(env *Env, schema, name string) error {
	if env.Catalog.LookupType(schema, name) == nil {
		return nil
	}
	return pgerr.New(pgerr.DuplicateObject, "type %q already exists", name).
		WithHint("A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.")
}

// PlanRenameType returns the type under another name, in the schema or another one, and the relations with columns of it, whose types
// say the name. Errors: 3F000, 42501, 42710.
func PlanRenameType(r *catalog.Relation, schema, name string, env *Env) ([]*catalog.Relation, error) {
	if schema != r.Schema {
		if _, err := creationSchema(env, ast.Name{Parts: []string{schema, name}}); err != nil {
			return nil, err
		}
	}
	if err := freeTypeName(env, schema, name); err != nil && (schema != r.Schema || name != r.Name) {
		if schema != r.Schema {
			return nil, pgerr.New(pgerr.DuplicateObject, "type %q already exists in schema %q", name, schema)
		}
		return nil, err
	}
	n := *r
	n.Schema, n.Name = schema, name
	out := []*catalog.Relation{&n}
	for _, u := range env.Catalog.Relations() {
		if c := withColumns(u, r.ID, func(c *catalog.Column) { c.Type.EnumName = n.EnumType().EnumName }); c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// PlanRenameLabel returns the type with another name of a label, and the relations with columns of it whose default is that label.
// Errors: those of Enum.Renamed; 0A000 if a continuous query has taken the label for a text.
func PlanRenameLabel(r *catalog.Relation, from, to string, env *Env) ([]*catalog.Relation, error) {
	n := *r
	var err error
	if n.Enum, err = r.Enum.Renamed(from, to); err != nil {
		return nil, err
	}
	out := []*catalog.Relation{&n}
	for _, u := range env.Catalog.Relations() {
		if u.Query != nil && rendersEnum(u.Query.Topology, r.ID) {
			return nil, pgerr.Unsupported("renaming a value of type %s, whose labels %s %q converts to or from text, is", r.Name, u.Word(), u.Name).
				WithHint("Drop %q, and create it again afterwards.", u.Name)
		}
		if c := withColumns(u, r.ID, func(c *catalog.Column) {
			if c.Type.ID == types.IDEnum && c.Default == quoteLiteral(from) {
				c.Default = quoteLiteral(to)
			}
		}); c != nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// withColumns returns r with f done to its columns of enum id, nil if it has none.
func withColumns(r *catalog.Relation, id catalog.RelationID, f func(*catalog.Column)) *catalog.Relation {
	var n *catalog.Relation
	for i, c := range r.Columns {
		if !catalog.UsesType(c.Type, id) {
			continue
		}
		if n == nil {
			copied := *r
			copied.Columns = append([]catalog.Column(nil), r.Columns...)
			n = &copied
		}
		f(&n.Columns[i])
	}
	return n
}

func quoteLiteral(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// MentionsEnum reports whether a stored plan has a value of enum id.
func MentionsEnum(stored json.RawMessage, id catalog.RelationID) bool {
	found := false
	walkJSON(stored, func(o map[string]any) { found = found || isEnum(o, id) })
	return found
}

// rendersEnum reports whether a stored plan has a function that makes a text of a value of enum id, or a value of a text.
func rendersEnum(stored json.RawMessage, id catalog.RelationID) bool {
	found := false
	walkJSON(stored, func(o map[string]any) {
		args, ok := o["args"].([]any)
		if _, call := o["func"].(string); !ok || !call {
			return
		}
		result, _ := o["type"].(map[string]any)
		takes := false
		for _, a := range args {
			arg, _ := a.(map[string]any)
			t, _ := arg["type"].(map[string]any)
			takes = takes || isEnum(t, id)
		}
		found = found || takes && isTextual(result) || !takes && isEnum(result, id)
	})
	return found
}

// isEnum reports whether o is a type as JSON: enum id, or arrays of it.
func isEnum(o map[string]any, id catalog.RelationID) bool {
	n, ok := o["enum"].(float64)
	return ok && catalog.RelationID(n) == id
}

// isTextual reports whether a type, as JSON, is one whose values may show a label: neither a number nor a boolean, nor an enum.
func isTextual(o map[string]any) bool {
	id, _ := o["id"].(float64)
	if elem, ok := o["elem"].(float64); ok {
		id = elem
	}
	switch types.ID(id) {
	case types.IDBool, types.IDInt2, types.IDInt4, types.IDInt8, types.IDEnum:
		return false
	}
	return true
}

// walkJSON calls f for each object in a JSON text.
func walkJSON(text json.RawMessage, f func(map[string]any)) {
	if len(bytes.TrimSpace(text)) == 0 {
		return
	}
	var v any
	if json.Unmarshal(text, &v) == nil {
		walkValue(v, f)
	}
}

func walkValue(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			walkValue(x, f)
		}
	case map[string]any:
		f(v)
		for _, x := range v {
			walkValue(x, f)
		}
	}
}
