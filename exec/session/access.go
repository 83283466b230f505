package session

import (
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// allow checks that a role may do something with a relation; as 0 is the session's role, else the owner of a view in whose name
// it is read. Error: 42501.
func (c *compiler) allow(r *catalog.Relation, as catalog.RoleID, want catalog.Privilege) error {
	role := c.me()
	if as != 0 {
		if role = c.catalog.Role(as); role == nil {
			role = &catalog.Role{}
		}
	}
	if c.catalog.Allowed(role, r.Access(), want) == want {
		return nil
	}
	return denied(r)
}

// allowSchema checks that the session's role may use a schema, or create in it. Error: 42501.
func (c *compiler) allowSchema(s *catalog.Schema, want catalog.Privilege) error {
	if c.catalog.Allowed(c.me(), s.Access(), want) == want {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", s.Name)
}

// allowSchemaOwner checks that the session's role may do what only a schema's owner may. Error: 42501.
func (c *compiler) allowSchemaOwner(s *catalog.Schema) error {
	if c.catalog.Owns(c.me(), s.OwnerID()) {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "must be owner of schema %s", s.Name)
}

func denied(r *catalog.Relation) error {
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied for %s %s", r.Word(), r.Name)
}

// allowOwner checks that the session's role may do what only owners may. Error: 42501.
func (c *compiler) allowOwner(r *catalog.Relation) error {
	if c.catalog.Owns(c.me(), r.OwnerID()) {
		return nil
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "must be owner of %s %s", r.Word(), r.Name)
}

// sequenceAllows checks that the session may use a sequence. One that counts an identity column is the column's alone: who may insert
// may count.
func (s *Session) sequenceAllows(r *catalog.Relation, any catalog.Privilege) error {
	cat := s.catalog()
	if cur := cat.ByID(r.ID); cur != nil {
		r = cur
	}
	if cat.Allowed(s.role(cat), r.Access(), any) != 0 || identitySequence(cat, r) {
		return nil
	}
	return denied(r)
}

func identitySequence(cat *catalog.Catalog, r *catalog.Relation) bool {
	owner := cat.ByID(r.Sequence.Owner)
	if owner == nil {
		return false
	}
	for _, col := range owner.Columns {
		if col.Sequence == r.ID && col.Identity != "" {
			return true
		}
	}
	return false
}
