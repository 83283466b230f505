package catalog

import "github.com/millracedb/millrace/sql/pgerr"

// Change is several changes of the catalog as one. It was planned against the catalog of Version, and applies to no other:
// whoever planned it has checked what hangs together, so that Apply looks at names and numbers alone.
type Change struct {
	Version uint64 `json:"version"`
	// Drop removes relations; Put, after that, adds relations, those that are new in the order of their ids from NextID on,
	// or replaces the one of the same id.
	Drop []RelationID `json:"drop,omitempty"`
	Put  []*Relation  `json:"put,omitempty"`
	// DropRoles removes roles; PutRoles, after that, adds roles, or replaces those of the same id.
	DropRoles []RoleID `json:"drop_roles,omitempty"`
	PutRoles  []*Role  `json:"put_roles,omitempty"`
	// DropSchemas and PutSchemas do so with schemas, before relations.
	DropSchemas []RelationID `json:"drop_schemas,omitempty"`
	PutSchemas  []*Schema    `json:"put_schemas,omitempty"`
}

// change applies ch. Errors: ErrStale, 42P06, 42P07.
func (c *Catalog) change(ch Change) (*Catalog, error) {
	if ch.Version != c.version {
		return nil, ErrStale
	}
	n := c.clone()
	if err := n.changeSchemas(ch); err != nil {
		return nil, err
	}
	for _, id := range ch.Drop {
		n.remove(id)
		n.forget(id)
	}
	for _, r := range ch.Put {
		if n.byID[r.ID] == nil {
			if r.ID != n.nextID {
				return nil, ErrStale
			}
			n.nextID++
		}
		n.remove(r.ID)
		if !n.HasSchema(r.Schema) {
			return nil, ErrStale
		}
		if n.byName[r.key()] != nil {
			return nil, r.duplicate()
		}
		r = n.withLabelNumbers(withConfig(r))
		n.byID[r.ID], n.byName[r.key()] = r, r
	}
	if err := n.changeRoles(ch); err != nil {
		return nil, err
	}
	return n, nil
}

// duplicate is the error of a second object of r's name. Errors: 42P07, 42710.
func (r *Relation) duplicate() error {
	if r.Enum != nil {
		return pgerr.New(pgerr.DuplicateObject, "type %q already exists", r.Name)
	}
	return pgerr.New(pgerr.DuplicateTable, "relation %q already exists", r.Name)
}

// remove takes the relation with the id out of c, which nobody else sees yet.
func (c *Catalog) remove(id RelationID) {
	if r := c.byID[id]; r != nil {
		delete(c.byID, id)
		delete(c.byName, r.key())
	}
}
