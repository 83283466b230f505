package session

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// me is the role that the statement runs as.
func (c *compiler) me() *catalog.Role { return c.session.role(c.catalog) }

// roleOf resolves a role's name, or the word for one. Error: 42704.
func (c *compiler) roleOf(spec ast.RoleSpec) (*catalog.Role, error) {
	switch spec.Keyword {
	case "current_user":
		return c.me(), nil
	case "session_user":
		if r := c.catalog.Role(c.session.login); r != nil {
			return r, nil
		}
		return c.me(), nil
	case "public":
		return nil, pgerr.New(pgerr.UndefinedObject, "role %q does not exist", "public")
	}
	if r := c.catalog.RoleNamed(spec.Name); r != nil {
		return r, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "role %q does not exist", spec.Name)
}

// createRole is CREATE ROLE, USER and GROUP.
func (c *compiler) createRole(t *ast.CreateRole) (*command, error) {
	return c.change("CREATE ROLE", func(c *compiler) (*catalog.Change, func(), error) {
		r := &catalog.Role{ID: c.catalog.NextRoleID(), Inherit: true, ConnectionLimit: -1}
		if err := c.newRoleName(r, t.Name.Name); err != nil {
			return nil, nil, err
		}
		if err := c.roleOptions(r, t.Options); err != nil {
			return nil, nil, err
		}
		switch me := c.me(); {
		case me.Superuser:
		case !me.CreateRole:
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied to create role")
		case r.Superuser:
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to create superusers")
		case r.Replication:
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to create replication users")
		case r.BypassRLS:
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to create bypassrls users")
		}
		ch, err := c.newMembers(r, t)
		return ch, c.tellOpen(), err
	}), nil
}

// newMembers adds the memberships that CREATE ROLE names.
func (c *compiler) newMembers(r *catalog.Role, t *ast.CreateRole) (*catalog.Change, error) {
	ch := &catalog.Change{PutRoles: []*catalog.Role{r}}
	for _, spec := range t.InRoles {
		of, err := c.roleOf(spec)
		if err != nil {
			return nil, err
		}
		if err := c.mayGrantRole(of); err != nil {
			return nil, err
		}
		join(r, catalog.Membership{Role: of.ID, Grantor: c.me().ID})
	}
	for i, specs := range [][]ast.RoleSpec{t.Members, t.Admins} {
		for _, spec := range specs {
			member, err := c.roleOf(spec)
			if err != nil {
				return nil, err
			}
			m := *member
			m.MemberOf = slices.Clone(m.MemberOf)
			join(&m, catalog.Membership{Role: r.ID, Admin: i == 1, Grantor: c.me().ID})
			ch.PutRoles = append(ch.PutRoles, &m)
		}
	}
	return ch, nil
}

// tellOpen says, when the first role is created, who is let in without a password.
func (c *compiler) tellOpen() func() {
	if c.catalog.Guarded() {
		return nil
	}
	return func() {
		b := c.catalog.Role(catalog.BootstrapRole)
		c.session.notice("NOTICE", pgerr.New(pgerr.SuccessfulCompletion, "clients must be roles from now on; on this machine %q is let in without a password as long as it has none", b.Name).
			WithHint("ALTER ROLE %s PASSWORD '…' gives it one.", b.Name))
	}
}

// newRoleName gives r a name. Errors: 42710, 42939.
func (c *compiler) newRoleName(r *catalog.Role, name string) error {
	if name == "public" || name == "none" {
		return pgerr.New(pgerr.ReservedName, "role name %q is reserved", name)
	}
	if strings.HasPrefix(name, "pg_") {
		return pgerr.New(pgerr.ReservedName, "role name %q is reserved", name).WithDetail(`Role names starting with "pg_" are reserved.`)
	}
	if c.catalog.RoleNamed(name) != nil {
		return pgerr.New(pgerr.DuplicateObject, "role %q already exists", name)
	}
	r.Name = name
	return nil
}

// roleOptions applies options to r, which nobody else sees yet.
func (c *compiler) roleOptions(r *catalog.Role, options []ast.RoleOption) (err error) {
	flags := map[string]*bool{"superuser": &r.Superuser, "createdb": &r.CreateDB, "createrole": &r.CreateRole, "inherit": &r.Inherit,
		"login": &r.Login, "replication": &r.Replication, "bypassrls": &r.BypassRLS}
	for _, o := range options {
		switch o.Name {
		case "connection limit":
			if o.Limit < -1 {
				return pgerr.New(pgerr.InvalidParameterValue, "invalid connection limit: %d", o.Limit)
			}
			r.ConnectionLimit = o.Limit
		case "password":
			r.Password = ""
			if o.Text == "" && !o.Null {
				c.session.notef("empty string is not a valid password, clearing password")
			} else if !o.Null {
				r.Password, err = passwordOf(o.Text)
			}
		case "valid until":
			r.ValidUntilMicros, err = c.validUntil(o.Text)
		default:
			*flags[o.Name] = o.On
		}
		if err != nil {
			return pgerr.From(err).At(o.Pos)
		}
	}
	return nil
}

// validUntil reads the time behind VALID UNTIL; infinity is none.
func (c *compiler) validUntil(text string) (*int64, error) {
	if strings.EqualFold(strings.TrimSpace(text), "infinity") {
		return nil, nil
	}
	d, err := types.ParseText(types.Timestamptz, text, c.session.Scope())
	return &d.Int, err
}

// alterRole is ALTER ROLE, USER and GROUP.
func (c *compiler) alterRole(t *ast.AlterRole) (*command, error) {
	return c.change("ALTER ROLE", func(c *compiler) (*catalog.Change, func(), error) {
		old, err := c.roleOf(t.Name)
		if err != nil {
			return nil, nil, err
		}
		r := *old
		if err := c.roleOptions(&r, t.Options); err != nil {
			return nil, nil, err
		}
		if err := c.mayAlterRole(old, &r, t); err != nil {
			return nil, nil, err
		}
		if t.NewName != "" {
			if r.ID == c.me().ID || r.ID == c.session.login {
				return nil, nil, pgerr.Unsupported("renaming the session's own role is")
			}
			if err := c.newRoleName(&r, t.NewName); err != nil {
				return nil, nil, err
			}
		}
		return &catalog.Change{PutRoles: []*catalog.Role{&r}}, nil, nil
	}), nil
}

// mayAlterRole checks who changes what of a role: its own password everybody.
func (c *compiler) mayAlterRole(old, r *catalog.Role, t *ast.AlterRole) error {
	me := c.me()
	onlyPassword := len(t.Options) == 1 && t.Options[0].Name == "password"
	switch {
	case me.Superuser && old.ID == catalog.BootstrapRole && (!r.Superuser || !r.Login):
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to alter role").
			WithDetail("The bootstrap role must be a superuser that can log in.")
	case me.Superuser:
		return nil
	case old.Superuser || r.Superuser:
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to alter superuser roles or change superuser attribute")
	case old.Replication || r.Replication:
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to alter replication roles or change replication attribute")
	case r.BypassRLS != old.BypassRLS:
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to change bypassrls attribute")
	case me.CreateRole, onlyPassword && old.ID == me.ID:
		return nil
	}
	if t.NewName != "" {
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to rename role")
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "permission denied")
}

// dropRole is DROP ROLE, USER and GROUP.
func (c *compiler) dropRole(t *ast.DropRole) (*command, error) {
	return c.change("DROP ROLE", func(c *compiler) (*catalog.Change, func(), error) {
		me := c.me()
		if !me.Superuser && !me.CreateRole {
			return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied to drop role")
		}
		ch, notices := &catalog.Change{}, []string(nil)
		for _, spec := range t.Names {
			if spec.Keyword != "" {
				return nil, nil, pgerr.New(pgerr.InvalidParameterValue, "cannot use special role specifier in DROP ROLE")
			}
			r := c.catalog.RoleNamed(spec.Name)
			if r == nil && t.IfExists {
				notices = append(notices, spec.Name)
				continue
			}
			if r == nil {
				return nil, nil, pgerr.New(pgerr.UndefinedObject, "role %q does not exist", spec.Name)
			}
			if err := c.mayDropRole(r); err != nil {
				return nil, nil, err
			}
			ch.DropRoles = append(ch.DropRoles, r.ID)
		}
		ch.PutRoles = leave(c.catalog, ch.DropRoles)
		return ch, func() {
			for _, name := range notices {
				c.session.notef("role %q does not exist, skipping", name)
			}
		}, nil
	}), nil
}

func (c *compiler) mayDropRole(r *catalog.Role) error {
	switch {
	case r.ID == c.me().ID:
		return pgerr.New(pgerr.ObjectInUse, "current user cannot be dropped")
	case r.ID == c.session.login:
		return pgerr.New(pgerr.ObjectInUse, "session user cannot be dropped")
	case r.ID == catalog.BootstrapRole:
		return pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop role %s because it is required by the database system", r.Name)
	case r.Superuser && !c.me().Superuser:
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to drop superusers")
	}
	if uses := roleUses(c.catalog, r.ID); len(uses) > 0 {
		return pgerr.New(pgerr.DependentObjectsStillExist, "role %q cannot be dropped because some objects depend on it", r.Name).
			WithDetail("%s", strings.Join(uses, "\n"))
	}
	return nil
}

// leave returns the roles that were members of the dropped ones, without that.
func leave(cat *catalog.Catalog, dropped []catalog.RoleID) (changed []*catalog.Role) {
	for _, r := range cat.Roles() {
		isDropped := func(m catalog.Membership) bool { return slices.Contains(dropped, m.Role) }
		if slices.Contains(dropped, r.ID) || !slices.ContainsFunc(r.MemberOf, isDropped) {
			continue
		}
		n := *r
		n.MemberOf = slices.DeleteFunc(slices.Clone(r.MemberOf), isDropped)
		changed = append(changed, &n)
	}
	return changed
}

// grantRole is GRANT and REVOKE of memberships.
func (c *compiler) grantRole(t *ast.GrantRole) (*command, error) {
	tag := "GRANT ROLE"
	if t.Revoke {
		tag = "REVOKE ROLE"
	}
	return c.change(tag, func(c *compiler) (*catalog.Change, func(), error) {
		changed := map[catalog.RoleID]*catalog.Role{}
		ch := &catalog.Change{}
		var tell []func()
		for _, name := range t.Roles {
			of, err := c.roleOf(ast.RoleSpec{Name: name.Word, Pos: name.Pos})
			if err != nil {
				return nil, nil, err
			}
			if err := c.mayGrantRole(of); err != nil {
				return nil, nil, err
			}
			for _, spec := range t.To {
				member, err := c.roleOf(spec)
				if err != nil {
					return nil, nil, err
				}
				r := changed[member.ID]
				if r == nil {
					n := *member
					n.MemberOf = slices.Clone(n.MemberOf)
					r = &n
					changed[member.ID], ch.PutRoles = r, append(ch.PutRoles, r)
				}
				notice, err := c.membership(t, of, r)
				if err != nil {
					return nil, nil, err
				}
				if notice != nil {
					tell = append(tell, notice)
				}
			}
		}
		return ch, func() {
			for _, f := range tell {
				f()
			}
		}, nil
	}), nil
}

// membership makes member a member of the role, or takes that back.
func (c *compiler) membership(t *ast.GrantRole, of, member *catalog.Role) (notice func(), err error) {
	i := slices.IndexFunc(member.MemberOf, func(m catalog.Membership) bool { return m.Role == of.ID })
	switch {
	case t.Revoke && i < 0:
		return func() {
			c.session.notice("WARNING", pgerr.New(pgerr.Warning, "role %q is not a member of role %q", member.Name, of.Name))
		}, nil
	case t.Revoke && t.Admin:
		member.MemberOf[i].Admin = false
	case t.Revoke:
		member.MemberOf = slices.Delete(member.MemberOf, i, i+1)
	case i >= 0 && (member.MemberOf[i].Admin || !t.Admin):
		return func() {
			c.session.notice("NOTICE", pgerr.New(pgerr.SuccessfulCompletion, "role %q is already a member of role %q", member.Name, of.Name))
		}, nil
	case c.catalog.IsMember(of.ID, member.ID, false):
		return nil, pgerr.New(pgerr.InvalidGrantOperation, "role %q is a member of role %q", of.Name, member.Name)
	default:
		join(member, catalog.Membership{Role: of.ID, Admin: t.Admin, Grantor: c.me().ID})
	}
	return nil, nil
}

// join adds a membership, or gives the one that is there ADMIN OPTION.
func join(member *catalog.Role, m catalog.Membership) {
	for i := range member.MemberOf {
		if member.MemberOf[i].Role == m.Role {
			member.MemberOf[i].Admin = member.MemberOf[i].Admin || m.Admin
			return
		}
	}
	member.MemberOf = append(member.MemberOf, m)
	slices.SortFunc(member.MemberOf, func(a, b catalog.Membership) int { return int(a.Role) - int(b.Role) })
}

// mayGrantRole checks who may make members of a role. Error: 42501.
func (c *compiler) mayGrantRole(of *catalog.Role) error {
	me := c.me()
	admin := slices.ContainsFunc(me.MemberOf, func(m catalog.Membership) bool { return m.Role == of.ID && m.Admin })
	switch {
	case me.Superuser, admin && !of.Superuser, me.CreateRole && !of.Superuser:
		return nil
	case of.Superuser:
		return pgerr.New(pgerr.InsufficientPrivilege, "must be superuser to alter superusers")
	}
	return pgerr.New(pgerr.InsufficientPrivilege, "must have admin option on role %q", of.Name)
}
