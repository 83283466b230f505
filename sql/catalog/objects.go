package catalog

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// ObjectName implements types.Names.
func (n *Names) ObjectName(t types.Type, oid uint32) (string, bool) {
	c := n.Current()
	switch t.ID {
	case types.IDRegclass:
		return n.relationName(oid)
	case types.IDRegproc:
		name, ok := typeFunctionTable().name[oid]
		return name, ok
	case types.IDRegnamespace:
		name := c.SchemaByOID(oid)
		return quoteIdent(name), name != ""
	case types.IDRegrole:
		if r := c.Role(RoleID(oid)); r != nil {
			return quoteIdent(r.Name), true
		}
	}
	return "", false
}

// relationName is the name of a relation, an index or a primary key, with its schema unless the search path leads to it without.
func (n *Names) relationName(oid uint32) (string, bool) {
	c := n.Current()
	if s := SystemRelationByOID(oid); s != nil {
		if s.Schema == catalogSchema {
			return quoteIdent(s.Name), true
		}
		return quoteIdent(s.Schema) + "." + quoteIdent(s.Name), true
	}
	r := c.ByID(RelationID(oid))
	if r != nil && r.Enum != nil {
		return "", false
	}
	if r != nil {
		return n.Qualified(r), true
	}
	if r = c.ByID(PrimaryKeyRelation(oid)); r == nil || !r.HasPrimaryKey {
		return "", false
	}
	key := *r
	key.Name = r.PrimaryKeyName()
	for _, schema := range n.Path {
		if schema == r.Schema {
			return quoteIdent(key.Name), true
		}
		if found, ok := n.inSchema(schema, key.Name); ok && found != oid {
			break
		}
	}
	return quoteIdent(r.Schema) + "." + quoteIdent(key.Name), true
}

// ObjectOID implements types.Names.
func (n *Names) ObjectOID(t types.Type, name string) (uint32, error) {
	parts, err := SplitName(name)
	if err != nil {
		return 0, err
	}
	last := parts[len(parts)-1]
	if len(parts) > 1 && (t.ID == types.IDRegnamespace || t.ID == types.IDRegrole) {
		return 0, badName()
	}
	switch t.ID {
	case types.IDRegclass:
		if oid, ok := n.Relation(parts); ok {
			return oid, nil
		}
		if len(parts) == 2 && !n.Current().HasSchema(parts[0]) {
			return 0, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", parts[0])
		}
		return 0, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
	case types.IDRegnamespace:
		if oid := n.Current().SchemaOID(last); oid != 0 {
			return oid, nil
		}
		return 0, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", last)
	case types.IDRegrole:
		if r := n.Current().RoleNamed(last); r != nil {
			return uint32(r.ID), nil
		}
		return 0, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", last)
	}
	if oid := typeFunctionTable().number[last]; oid != 0 && (len(parts) == 1 || parts[0] == catalogSchema) {
		return oid, nil
	}
	return 0, pgerr.Unsupported("reading a function's name as %s is", t)
}

// Relation returns the number of the relation, index or primary key with a name, or with a schema and a name; pg_catalog comes before
// the search path.
func (n *Names) Relation(parts []string) (oid uint32, ok bool) {
	name, schemas := parts[len(parts)-1], n.Path
	switch {
	case len(parts) > 2:
		return 0, false
	case len(parts) == 2:
		schemas = parts[:1]
	case !slices.Contains(schemas, catalogSchema):
		schemas = append([]string{catalogSchema}, schemas...)
	}
	for _, schema := range schemas {
		if oid, ok := n.inSchema(schema, name); ok {
			return oid, true
		}
	}
	return 0, false
}

func (n *Names) inSchema(schema, name string) (uint32, bool) {
	if s := SystemRelation(schema, name); s != nil {
		return s.OID, true
	}
	c := n.Current()
	if r := c.Lookup(schema, name); r != nil {
		return uint32(r.ID), true
	}
	if r := c.Lookup(schema, strings.TrimSuffix(name, "_pkey")); r != nil && r.HasPrimaryKey && r.PrimaryKeyName() == name {
		return r.ID.PrimaryKeyOID(), true
	}
	for _, r := range c.byID {
		if r.KeyName == name && r.Schema == schema && r.HasPrimaryKey {
			return r.ID.PrimaryKeyOID(), true
		}
	}
	return 0, false
}
