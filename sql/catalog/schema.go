package catalog

import (
	"maps"
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// Schema is a space of names. Relations name theirs, so that renaming a schema is one change of it and of all that is in it.
type Schema struct {
	ID   RelationID `json:"id"` // from the same numbers as relations; public has PostgreSQL's
	Name string     `json:"name"`
	// Owner owns it; 0: the bootstrap role. Grants are what may be done with it; nil: see Access.
	Owner  RoleID  `json:"owner,omitempty"`
	Grants []Grant `json:"grants,omitempty"`
	// Comment is what COMMENT ON says of it.
	Comment string `json:"comment,omitempty"`
}

// OwnerID is the role that owns the schema.
func (s *Schema) OwnerID() RoleID {
	if s.Owner == 0 {
		return BootstrapRole
	}
	return s.Owner
}

// Access is the schema's grants; as long as nothing was granted or revoked its owner has all, and everybody may use public.
func (s *Schema) Access() []Grant {
	if s.Grants != nil {
		return s.Grants
	}
	grants := []Grant{{Grantee: s.OwnerID(), Grantor: s.OwnerID(), Privileges: SchemaPrivileges}}
	if s.ID == oidPublicSchema {
		grants = append(grants, Grant{Grantor: s.OwnerID(), Privileges: Usage})
	}
	return grants
}

// schemaOwner is the owner of a schema, the user's or a reserved one.
func (c *Catalog) schemaOwner(name string) RoleID {
	if s := c.schemas[name]; s != nil {
		return s.OwnerID()
	}
	return BootstrapRole
}

// initialSchemas are those of a new cluster, and of a state from before there were others.
func initialSchemas() map[string]*Schema {
	return map[string]*Schema{DefaultSchema: {ID: oidPublicSchema, Name: DefaultSchema, Comment: "standard public schema"}}
}

// reservedSchemas are those that are not the user's, in the order of their numbers.
var reservedSchemas = []struct {
	name string
	oid  uint32
}{{catalogSchema, oidCatalogSchema}, {informationSchema, oidInformationSchema}, {SystemSchema, oidSystemSchema}}

// IsReservedSchema reports whether the schema is there for ever and holds what Millrace puts into it.
func IsReservedSchema(name string) bool {
	for _, s := range reservedSchemas {
		if s.name == name {
			return true
		}
	}
	return false
}

// Schema returns the user's schema of that name, nil if there is none.
func (c *Catalog) Schema(name string) *Schema { return c.schemas[name] }

// HasSchema reports whether there is a schema of that name, the user's or a reserved one. The empty
// name stands for DefaultSchema, as in Lookup.
func (c *Catalog) HasSchema(name string) bool {
	return name == "" || c.schemas[name] != nil || IsReservedSchema(name)
}

// SchemaOID returns the number of a schema, 0 if there is none.
func (c *Catalog) SchemaOID(name string) uint32 {
	if s := c.schemas[name]; s != nil {
		return uint32(s.ID)
	}
	for _, s := range reservedSchemas {
		if s.name == name {
			return s.oid
		}
	}
	return 0
}

// SchemaByOID returns the name of the schema with a number, "" if there is none.
func (c *Catalog) SchemaByOID(oid uint32) string {
	for _, name := range c.schemaNames() {
		if c.SchemaOID(name) == oid {
			return name
		}
	}
	return ""
}

// UserSchemas returns the user's schemas ordered by id.
func (c *Catalog) UserSchemas() []*Schema {
	return slices.SortedFunc(maps.Values(c.schemas), func(a, b *Schema) int { return int(a.ID) - int(b.ID) })
}

// schemaNames returns all schemas in the order of their numbers.
func (c *Catalog) schemaNames() []string {
	var names []string
	for _, s := range c.UserSchemas() {
		names = append(names, s.Name)
	}
	for _, s := range reservedSchemas {
		names = append(names, s.name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(c.SchemaOID(a)) - int(c.SchemaOID(b)) })
	return names
}

// In returns the relations of a schema, ordered by id.
func (c *Catalog) In(schema string) []*Relation {
	var out []*Relation
	for _, r := range c.Relations() {
		if r.Schema == schema {
			out = append(out, r)
		}
	}
	return out
}

// Path returns those of the schemas that there are, each once.
func (c *Catalog) Path(schemas []string) []string {
	var out []string
	for _, s := range schemas {
		if c.HasSchema(s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// changeSchemas applies what ch says of schemas to c, which nobody else sees yet. Errors: ErrStale, 42P06.
func (c *Catalog) changeSchemas(ch Change) error {
	if len(ch.DropSchemas) == 0 && len(ch.PutSchemas) == 0 {
		return nil
	}
	c.schemas = maps.Clone(c.schemas)
	maps.DeleteFunc(c.schemas, func(_ string, s *Schema) bool { return slices.Contains(ch.DropSchemas, s.ID) })
	for _, s := range ch.PutSchemas {
		before := len(c.schemas)
		maps.DeleteFunc(c.schemas, func(_ string, o *Schema) bool { return o.ID == s.ID })
		if len(c.schemas) == before && s.ID != oidPublicSchema {
			if s.ID != c.nextID {
				return ErrStale
			}
			c.nextID++
		}
		if c.HasSchema(s.Name) {
			return pgerr.New(pgerr.DuplicateSchema, "schema %q already exists", s.Name)
		}
		c.schemas[s.Name] = s
	}
	return nil
}

// SplitSearchPath returns the schemas of a value of search_path in order; "$user" is the schema of the user's name, but for
// Millrace's own: millrace is what users are called where nobody named one.
func SplitSearchPath(value, user string) []string {
	path := []string{}
	for rest := value; rest != ""; {
		var item string
		switch item, rest = nextName(rest); {
		case item == "":
		case item != "$user":
			path = append(path, item)
		case user != "" && !IsReservedSchema(user):
			path = append(path, user)
		}
	}
	return path
}

// JoinSearchPath writes schemas as a value of search_path, which SplitSearchPath takes apart whoever the user is.
func JoinSearchPath(path []string) string {
	items := make([]string, len(path))
	for i, s := range path {
		items[i] = quoteIdent(s)
	}
	return strings.Join(items, ", ")
}

// nextName cuts the first name off a list with commas: in double quotes as it is, else in lower case.
func nextName(list string) (name, rest string) {
	list = strings.TrimLeft(list, " \t\n\r,")
	if !strings.HasPrefix(list, `"`) {
		name, rest, _ = strings.Cut(list, ",")
		return strings.ToLower(strings.TrimSpace(name)), rest
	}
	for i := 1; i < len(list); i++ {
		switch {
		case list[i] != '"':
		case strings.HasPrefix(list[i+1:], `"`):
			i++
		default:
			_, rest, _ = strings.Cut(list[i+1:], ",")
			return strings.ReplaceAll(list[1:i], `""`, `"`), rest
		}
	}
	return strings.ReplaceAll(list[1:], `""`, `"`), ""
}
