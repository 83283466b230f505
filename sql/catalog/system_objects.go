package catalog

import (
	"strconv"
	"strings"
)

// Numbers of objects, as PostgreSQL 15 has them.
const (
	oidCatalogSchema     = 11
	oidPublicSchema      = 2200
	oidInformationSchema = 13207
	oidOwner             = 10
	oidHeap              = 2
	oidBtree             = 403
	oidDatabase          = 5
	oidDefaultCollation  = 100
	oidCCollation        = 950
	oidPosixCollation    = 951
)

const (
	catalogSchema     = "pg_catalog"
	informationSchema = "information_schema"
)

// A relation's number is its id. The objects that go with it have that number and one of these bits.
const (
	indexBit      uint32 = 1 << 31
	constraintBit uint32 = 1 << 30
	defaultBit    uint32 = 1 << 29
)

// OID is the relation's number in pg_class.
func (r *Relation) OID() uint32 { return uint32(r.ID) }

// IndexOID is the number of the index of a table's primary key.
func (r *Relation) IndexOID() uint32 { return uint32(r.ID) | indexBit }

// ConstraintOID is the number of a table's primary key.
func (r *Relation) ConstraintOID() uint32 { return uint32(r.ID) | constraintBit }

// IndexName is the name of the index, and of the constraint, of a table's primary key.
func (r *Relation) IndexName() string { return r.Name + "_pkey" }

// ByOID returns the relation with a number of pg_class, nil if there is none.
func (c *Catalog) ByOID(oid uint32) *Relation { return c.ByID(RelationID(oid)) }

// withPrimaryKey returns the table to which an object belongs, nil if it has no declared primary key.
func (c *Catalog) withPrimaryKey(oid, bit uint32) *Relation {
	if oid&bit == 0 {
		return nil
	}
	if r := c.ByOID(oid &^ bit); r != nil && r.HasPrimaryKey {
		return r
	}
	return nil
}

// SchemaOID returns the number of a schema, 0 if there is none.
func SchemaOID(name string) uint32 {
	switch name {
	case catalogSchema:
		return oidCatalogSchema
	case DefaultSchema:
		return oidPublicSchema
	case informationSchema:
		return oidInformationSchema
	}
	return 0
}

// schemas lists the schemas in the order of their numbers.
var schemas = []string{catalogSchema, DefaultSchema, informationSchema}

// SchemaName returns the name of the schema with a number, "" if there is none.
func SchemaName(oid uint32) string {
	for _, s := range schemas {
		if SchemaOID(s) == oid {
			return s
		}
	}
	return ""
}

// Object is what pg_class has under a number: a relation, a system relation or an index.
type Object struct{ Schema, Name string }

// ObjectByOID returns what pg_class has under a number.
func (c *Catalog) ObjectByOID(oid uint32) (Object, bool) {
	if r := c.ByOID(oid); r != nil {
		return Object{r.Schema, r.Name}, true
	}
	if s := systemTable().byOID[oid]; s != nil {
		return Object{s.Schema, s.Name}, true
	}
	if r := c.withPrimaryKey(oid, indexBit); r != nil {
		return Object{r.Schema, r.IndexName()}, true
	}
	return Object{}, false
}

// OIDOf returns the number in pg_class of schema.name, 0 if there is no such object.
func (c *Catalog) OIDOf(schema, name string) uint32 {
	if r := c.Lookup(schema, name); r != nil {
		return r.OID()
	}
	if s := SystemRelation(schema, name); s != nil {
		return s.OID
	}
	if table, ok := strings.CutSuffix(name, "_pkey"); ok {
		if r := c.Lookup(schema, table); r != nil && r.HasPrimaryKey {
			return r.IndexOID()
		}
	}
	return 0
}

// ViewDefinition returns the SQL text of the view's query, "" if oid is not a view's.
func (c *Catalog) ViewDefinition(oid uint32) string {
	if r := c.ByOID(oid); r != nil && r.Query != nil {
		return " " + strings.TrimSpace(r.Query.SQL) + ";"
	}
	return ""
}

// ConstraintDefinition returns the SQL text of a constraint, "" if there is none.
func (c *Catalog) ConstraintDefinition(oid uint32) string {
	r := c.withPrimaryKey(oid, constraintBit)
	if r == nil {
		return ""
	}
	return "PRIMARY KEY (" + strings.Join(r.keyNames(), ", ") + ")"
}

// IndexDefinition returns the SQL text of an index, or of its column (from 1) if column is not 0; "" if there is none.
func (c *Catalog) IndexDefinition(oid uint32, column int) string {
	r := c.withPrimaryKey(oid, indexBit)
	switch {
	case r == nil || column < 0 || column > len(r.Key):
		return ""
	case column > 0:
		return r.keyNames()[column-1]
	}
	return "CREATE UNIQUE INDEX " + quoteIdent(r.IndexName()) + " ON " + quoteIdent(r.Schema) + "." + quoteIdent(r.Name) +
		" USING btree (" + strings.Join(r.keyNames(), ", ") + ")"
}

func (r *Relation) keyNames() []string {
	var out []string
	for _, k := range r.Key {
		out = append(out, quoteIdent(r.Columns[k].Name))
	}
	return out
}

// keyNumbers returns the attribute numbers of the key.
func (r *Relation) keyNumbers(separator string) string {
	var out []string
	for _, k := range r.Key {
		out = append(out, strconv.Itoa(k+1))
	}
	return strings.Join(out, separator)
}

// quoteIdent writes an identifier in double quotes unless it is plain lower case.
func quoteIdent(s string) string {
	plain := s != "" && (s[0] < '0' || s[0] > '9')
	for _, r := range s {
		plain = plain && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_')
	}
	if plain {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}
