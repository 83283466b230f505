package session

import (
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// As long as no role was created, who connects is the bootstrap role under a name of its own choice; see catalog.Guarded. A
// session that began like that stays what it was.

// login returns the role of a client that has been let in. Errors: 28000.
func login(c *catalog.Catalog, user string) (catalog.RoleID, error) {
	if !c.Guarded() {
		return catalog.BootstrapRole, nil
	}
	r := c.RoleNamed(user)
	switch {
	case r == nil:
		return 0, pgerr.New(pgerr.InvalidAuthorization, "role %q does not exist", user)
	case !r.Login:
		return 0, pgerr.New(pgerr.InvalidAuthorization, "role %q is not permitted to log in", user)
	}
	return r.ID, nil
}

// role returns the session's role in c, which SET ROLE chooses; never nil: a role that was dropped meanwhile may do nothing.
func (s *Session) role(c *catalog.Catalog) *catalog.Role {
	r := c.Role(s.login)
	if name := s.settings.value("role"); name != noRole {
		r = c.RoleNamed(name)
	}
	if r == nil {
		return &catalog.Role{Name: s.options.User}
	}
	return r
}

// noRole is the value of the setting role that stands for the session's own.
const noRole = "none"

// userName is current_user.
func (s *Session) userName(c *catalog.Catalog) string {
	if name := s.settings.value("role"); name != noRole {
		return name
	}
	return s.sessionUser(c)
}

// sessionUser is session_user.
func (s *Session) sessionUser(c *catalog.Catalog) string {
	if r := c.Role(s.login); r != nil && c.Guarded() {
		return r.Name
	}
	return s.options.User
}

// mayBecome checks SET ROLE. Errors: 22023, 42501.
func (s *Session) mayBecome(name string) error {
	c := s.catalog()
	to, from := c.RoleNamed(name), c.Role(s.login)
	switch {
	case name == noRole:
		return nil
	case to == nil:
		return pgerr.New(pgerr.InvalidParameterValue, "role %q does not exist", name)
	case from == nil || !from.Superuser && !c.IsMember(from.ID, to.ID, false):
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to set role %q", name)
	}
	return nil
}

// isSuperuser is the setting is_superuser.
func (s *Session) isSuperuser() string {
	if s.role(s.catalog()).Superuser {
		return "on"
	}
	return "off"
}
