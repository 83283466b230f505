package catalog

import (
	"maps"
	"slices"

	"github.com/millracedb/millrace/sql/pgerr"
)

// RoleID names a role for its life; numbers are never used again.
type RoleID uint32

// The role that is there from the beginning.
const (
	// BootstrapRole owns what nobody else does, and may do everything. It cannot be dropped.
	BootstrapRole RoleID = 10
	// BootstrapRoleName is its name.
	BootstrapRoleName = "millrace"
	// firstRoleID is the first created role's.
	firstRoleID RoleID = 16384
)

// Role is who may log in, own relations and be granted privileges, as in PostgreSQL.
type Role struct {
	ID          RoleID `json:"id"`
	Name        string `json:"name"`
	Superuser   bool   `json:"superuser,omitempty"`
	Inherit     bool   `json:"inherit,omitempty"` // has the privileges of the roles that it is a member of
	CreateRole  bool   `json:"create_role,omitempty"`
	CreateDB    bool   `json:"create_db,omitempty"` // shown, and allows nothing: there is one database
	Login       bool   `json:"login,omitempty"`
	Replication bool   `json:"replication,omitempty"` // shown, and allows nothing
	BypassRLS   bool   `json:"bypass_rls,omitempty"`  // shown, and allows nothing
	// ConnectionLimit bounds the role's connections; -1: no bound.
	ConnectionLimit int `json:"connection_limit"`
	// Password is the SCRAM-SHA-256 verifier as PostgreSQL writes it; "": there is none, and no password fits.
	Password string `json:"password,omitempty"`
	// ValidUntilMicros is when the password ends, µs since 1970; nil: never.
	ValidUntilMicros *int64 `json:"valid_until_micros,omitempty"`
	// MemberOf are the roles that it is a member of, in order of their ids.
	MemberOf []Membership `json:"member_of,omitempty"`
	// Comment is what COMMENT ON says of it.
	Comment string `json:"comment,omitempty"`
}

// Membership in a role.
type Membership struct {
	Role    RoleID `json:"role"`
	Admin   bool   `json:"admin,omitempty"` // may grant it on
	Grantor RoleID `json:"grantor"`
}

// bootstrap is the role that is there when nothing was said of it.
var bootstrap = &Role{ID: BootstrapRole, Name: BootstrapRoleName, Superuser: true, Inherit: true, CreateRole: true, CreateDB: true,
	Login: true, Replication: true, BypassRLS: true, ConnectionLimit: -1}

// Guarded reports whether a role was created, or the bootstrap role altered. As long as none was, everybody who may connect is the
// bootstrap role, by whatever name.
func (c *Catalog) Guarded() bool { return len(c.roles) > 0 }

// Role returns the role with the id, nil if there is none.
func (c *Catalog) Role(id RoleID) *Role {
	if r := c.roles[id]; r != nil {
		return r
	}
	if id == BootstrapRole {
		return bootstrap
	}
	return nil
}

// RoleNamed returns the role of that name, nil if there is none.
func (c *Catalog) RoleNamed(name string) *Role {
	for _, r := range c.roles {
		if r.Name == name {
			return r
		}
	}
	if b := c.Role(BootstrapRole); b.Name == name {
		return b
	}
	return nil
}

// RoleOfUser returns the role of a session's user: the bootstrap role as long as no role was created.
func (c *Catalog) RoleOfUser(name string) *Role {
	if !c.Guarded() {
		return c.Role(BootstrapRole)
	}
	return c.RoleNamed(name)
}

// Roles returns all roles, ordered by id.
func (c *Catalog) Roles() []*Role {
	out := []*Role{c.Role(BootstrapRole)}
	for _, id := range slices.Sorted(maps.Keys(c.roles)) {
		if id != BootstrapRole {
			out = append(out, c.roles[id])
		}
	}
	return out
}

// NextRoleID is the id of the next role that is created.
func (c *Catalog) NextRoleID() RoleID { return max(c.nextRole, firstRoleID) }

// IsMember reports whether role is id, or a member of it, through others too. With inherit only memberships count whose
// privileges the member has without SET ROLE.
func (c *Catalog) IsMember(role, id RoleID, inherit bool) bool {
	seen := map[RoleID]bool{}
	for todo := []RoleID{role}; len(todo) > 0; todo = todo[1:] {
		r := c.Role(todo[0])
		if r == nil || seen[r.ID] {
			continue
		}
		if r.ID == id {
			return true
		}
		seen[r.ID] = true
		if inherit && !r.Inherit {
			continue
		}
		for _, m := range r.MemberOf {
			todo = append(todo, m.Role)
		}
	}
	return false
}

// changeRoles applies what ch says of roles to c, which nobody else sees yet. Errors: ErrStale, 42710.
func (c *Catalog) changeRoles(ch Change) error {
	if len(ch.DropRoles) == 0 && len(ch.PutRoles) == 0 {
		return nil
	}
	c.roles = maps.Clone(c.roles)
	if c.roles == nil {
		c.roles = map[RoleID]*Role{}
	}
	for _, id := range ch.DropRoles {
		delete(c.roles, id)
	}
	for _, r := range ch.PutRoles {
		if c.Role(r.ID) == nil {
			if r.ID != c.NextRoleID() {
				return ErrStale
			}
			c.nextRole = r.ID + 1
		}
		delete(c.roles, r.ID)
		if other := c.RoleNamed(r.Name); other != nil && other.ID != r.ID {
			return pgerr.New(pgerr.DuplicateObject, "role %q already exists", r.Name)
		}
		c.roles[r.ID] = r
	}
	return nil
}
