package catalog

import (
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
	oidSystemSchema      = 15999
	oidDatabase          = 5
	oidDefaultCollation  = 100
	oidCCollation        = 950
	oidPosixCollation    = 951
)

const (
	catalogSchema     = "pg_catalog"
	informationSchema = "information_schema"
)

// oid is the relation's number in pg_class: its id.
func (r *Relation) oid() uint32 { return uint32(r.ID) }

// keyOID is the number of a table's primary key, as an index and as a constraint.
func (r *Relation) keyOID() uint32 { return r.ID.PrimaryKeyOID() }

// PrimaryKeyName is the name of the index, and of the constraint, of a table's primary key.
func (r *Relation) PrimaryKeyName() string {
	if r.KeyName != "" {
		return r.KeyName
	}
	return r.Name + "_pkey"
}

// views returns the views of a kind.
func (c *Catalog) views(kind Kind) []*Relation {
	var out []*Relation
	for _, r := range c.Shown() {
		if r.Kind == kind {
			out = append(out, r)
		}
	}
	return out
}

// viewDefinition returns the SQL text of a view's query.
func (r *Relation) viewDefinition() string {
	return " " + strings.TrimRight(strings.TrimSpace(r.SQL()), "; \n") + ";"
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
