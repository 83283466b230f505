package session

import (
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// object is what privileges are granted on.
type object struct {
	kind, name string // in the words of errors
	owner      catalog.RoleID
	grants     []catalog.Grant
	all        catalog.Privilege // that its kind has
	put        func(*catalog.Change, []catalog.Grant)
}

// grant is GRANT and REVOKE of privileges.
func (c *compiler) grant(t *ast.Grant) (*command, error) {
	tag := "GRANT"
	if t.Revoke {
		tag = "REVOKE"
	}
	return c.change(tag, func(c *compiler) (*catalog.Change, func(), error) {
		grantees, err := c.grantees(t)
		if err != nil {
			return nil, nil, err
		}
		objects, err := c.objects(t)
		if err != nil {
			return nil, nil, err
		}
		ch, warnings := &catalog.Change{}, []*pgerr.Error(nil)
		for _, o := range objects {
			grants, warning, err := c.regrant(t, o, grantees)
			if err != nil {
				return nil, nil, err
			}
			if warning != nil {
				warnings = append(warnings, warning)
			}
			o.put(ch, grants)
		}
		return ch, func() {
			for _, w := range warnings {
				c.session.notice("WARNING", w)
			}
		}, nil
	}), nil
}

// grantees resolves the roles of GRANT; PUBLIC is 0.
func (c *compiler) grantees(t *ast.Grant) ([]catalog.RoleID, error) {
	var ids []catalog.RoleID
	for _, spec := range t.To {
		if spec.Keyword == "public" {
			if t.Option && !t.Revoke {
				return nil, pgerr.New(pgerr.InvalidGrantOperation, "grant options can only be granted to roles")
			}
			ids = append(ids, 0)
			continue
		}
		r, err := c.roleOf(spec)
		if err != nil {
			return nil, err
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// objects resolves what GRANT names. Errors: 0A000, 42P01, 42809.
func (c *compiler) objects(t *ast.Grant) ([]*object, error) {
	if t.Kind == "schema" {
		return c.schemaObjects(t)
	}
	if t.Kind != "table" && t.Kind != "sequence" {
		return nil, pgerr.Unsupported("privileges of a %s are", t.Kind).At(t.Pos)
	}
	var out []*object
	for _, n := range t.Names {
		if t.AllIn {
			if !c.catalog.HasSchema(n.Last()) {
				return nil, noSchema(n.Last())
			}
			for _, r := range c.catalog.Relations() {
				if r.Schema == n.Last() && (r.Sequence != nil) == (t.Kind == "sequence") {
					out = append(out, relationObject(r))
				}
			}
			continue
		}
		r := c.resolve(n)
		switch {
		case r == nil:
			return nil, pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", strings.Join(n.Parts, "."))
		case t.Kind == "sequence" && r.Sequence == nil:
			return nil, pgerr.New(pgerr.WrongObjectType, "%q is not a sequence", r.Name)
		}
		out = append(out, relationObject(r))
	}
	return out, nil
}

// schemaObjects resolves the schemas that GRANT names. Errors: 3F000, 42501.
func (c *compiler) schemaObjects(t *ast.Grant) ([]*object, error) {
	var out []*object
	for _, n := range t.Names {
		s := c.catalog.Schema(n.Last())
		switch {
		case s == nil && catalog.IsReservedSchema(n.Last()):
			return nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied for schema %s", n.Last())
		case s == nil:
			return nil, noSchema(n.Last())
		}
		out = append(out, &object{kind: "schema", name: s.Name, owner: s.OwnerID(), grants: s.Access(), all: catalog.SchemaPrivileges,
			put: func(ch *catalog.Change, grants []catalog.Grant) {
				n := *s
				n.Grants = grants
				ch.PutSchemas = append(ch.PutSchemas, &n)
			}})
	}
	return out, nil
}

func relationObject(r *catalog.Relation) *object {
	return &object{kind: r.Word(), name: r.Name, owner: r.OwnerID(), grants: r.Access(), all: r.AllPrivileges(),
		put: func(ch *catalog.Change, grants []catalog.Grant) {
			n := *r
			n.Grants = grants
			ch.Put = append(ch.Put, &n)
		}}
}

// regrant returns the grants of o after the statement, and a warning if not all of it was done. Errors: 0LP01, 2BP01, 42501.
func (c *compiler) regrant(t *ast.Grant, o *object, grantees []catalog.RoleID) ([]catalog.Grant, *pgerr.Error, error) {
	want, err := c.wanted(t, o)
	if err != nil {
		return nil, nil, err
	}
	me := c.me()
	may := c.catalog.Grantable(me, o.owner, o.grants, want)
	grantor := me.ID
	if c.catalog.Owns(me, o.owner) {
		grantor = o.owner
	}
	if may == 0 && c.catalog.Allowed(me, o.grants, o.all) == 0 {
		return nil, nil, pgerr.New(pgerr.InsufficientPrivilege, "permission denied for %s %s", o.kind, o.name)
	}
	grants := o.grants
	for _, id := range grantees {
		g := catalog.Grant{Grantee: id, Grantor: grantor, Privileges: may}
		if t.Option || t.Revoke {
			g.Grantable = may
		}
		if !t.Revoke {
			grants = catalog.WithGrant(grants, g)
			continue
		}
		if t.Option {
			g.Privileges = 0
		}
		var dependent bool
		if grants, dependent = catalog.WithoutGrant(grants, o.owner, g, t.Cascade); dependent {
			return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "dependent privileges exist").WithHint("Use CASCADE to revoke them too.")
		}
	}
	return grants, notAll(t, o, want, may), nil
}

// notAll is the warning about privileges that its grantor may not grant.
func notAll(t *ast.Grant, o *object, want, may catalog.Privilege) *pgerr.Error {
	done := "granted"
	if t.Revoke {
		done = "revoked"
	}
	switch {
	case may == want:
		return nil
	case may == 0:
		return pgerr.New(warningOf(t), "no privileges were %s for %q", done, o.name)
	case t.Privileges == nil:
		return nil
	}
	return pgerr.New(warningOf(t), "not all privileges were %s for %q", done, o.name)
}

func warningOf(t *ast.Grant) string {
	if t.Revoke {
		return pgerr.PrivilegeNotRevoked
	}
	return pgerr.PrivilegeNotGranted
}

// wanted are the privileges that the statement names.
func (c *compiler) wanted(t *ast.Grant, o *object) (catalog.Privilege, error) {
	if t.Privileges == nil {
		return o.all, nil
	}
	var want catalog.Privilege
	for _, word := range t.Privileges {
		p := catalog.PrivilegeNamed(word.Word)
		switch {
		case p == 0 && !slices.Contains([]string{"connect", "temporary", "temp", "execute"}, word.Word):
			return 0, pgerr.New(pgerr.SyntaxError, "unrecognized privilege type %q", word.Word).At(word.Pos)
		case p&o.all == 0:
			return 0, pgerr.New(pgerr.InvalidGrantOperation, "invalid privilege type %s for %s", strings.ToUpper(word.Word), t.Kind)
		}
		want |= p
	}
	return want, nil
}
