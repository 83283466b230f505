package session

import (
	"slices"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// own makes the session's role the owner of what it creates.
func (c *compiler) own(rels []*catalog.Relation) {
	me := c.me().ID
	for _, r := range rels {
		if r.Owner == 0 && me != catalog.BootstrapRole {
			r.Owner = me
		}
	}
}

// newOwner gives r, which nobody else sees yet, another owner, and the sequences of its columns with it: the change has them.
// Errors: 42501, 42704.
func (c *compiler) newOwner(r *catalog.Relation, spec ast.RoleSpec) ([]*catalog.Relation, error) {
	to, err := c.ownerToBe(spec)
	if err != nil {
		return nil, err
	}
	var owned []*catalog.Relation
	for _, q := range c.catalog.OwnedSequences(r.ID) {
		owned = append(owned, withOwner(q, to.ID))
	}
	for _, x := range r.Indexes {
		owned = append(owned, withOwner(x, to.ID))
	}
	*r = *withOwner(r, to.ID)
	return owned, nil
}

// ownerToBe resolves the role that is to own something, which the session's must be a member of. Errors: 42501, 42704.
func (c *compiler) ownerToBe(spec ast.RoleSpec) (*catalog.Role, error) {
	to, err := c.roleOf(spec)
	if err != nil {
		return nil, err
	}
	if me := c.me(); !me.Superuser && !c.catalog.IsMember(me.ID, to.ID, false) {
		return nil, pgerr.New(pgerr.InsufficientPrivilege, "must be member of role %q", to.Name)
	}
	return to, nil
}

func withOwner(r *catalog.Relation, to catalog.RoleID) *catalog.Relation {
	n := *r
	n.Owner = to
	if n.Grants != nil {
		n.Grants = catalog.Reowned(r.Grants, r.OwnerID(), to)
	}
	return &n
}

// ownedBy is REASSIGN OWNED and DROP OWNED.
func (c *compiler) ownedBy(t *ast.OwnedBy) (*command, error) {
	tag := "REASSIGN OWNED"
	if t.Drop {
		tag = "DROP OWNED"
	}
	return c.change(tag, func(c *compiler) (*catalog.Change, func(), error) {
		var from []catalog.RoleID
		for _, spec := range t.By {
			r, err := c.roleOf(spec)
			if err != nil {
				return nil, nil, err
			}
			if err := c.mayDispose(r, t.Drop); err != nil {
				return nil, nil, err
			}
			from = append(from, r.ID)
		}
		if t.Drop {
			return c.dropOwned(from, t.Cascade)
		}
		to, err := c.roleOf(t.To)
		if err == nil {
			err = c.mayDispose(to, false)
		}
		if err != nil {
			return nil, nil, err
		}
		ch := &catalog.Change{}
		for _, r := range c.catalog.Relations() {
			if slices.Contains(from, r.OwnerID()) {
				ch.Put = append(ch.Put, withOwner(r, to.ID))
			}
		}
		for _, s := range c.catalog.UserSchemas() {
			if slices.Contains(from, s.OwnerID()) {
				ch.PutSchemas = append(ch.PutSchemas, withSchemaOwner(s, to.ID))
			}
		}
		return ch, nil, nil
	}), nil
}

// mayDispose checks that the session may dispose of what a role owns.
func (c *compiler) mayDispose(r *catalog.Role, drop bool) error {
	verb := "reassign"
	if drop {
		verb = "drop"
	}
	switch {
	case r.ID == catalog.BootstrapRole:
		return pgerr.New(pgerr.DependentObjectsStillExist, "cannot %s objects owned by role %s because they are required by the database system", verb, r.Name)
	case !c.catalog.Owns(c.me(), r.ID):
		return pgerr.New(pgerr.InsufficientPrivilege, "permission denied to %s objects", verb)
	}
	return nil
}

// dropOwned drops what roles own, and takes away what was granted to them.
func (c *compiler) dropOwned(from []catalog.RoleID, cascade bool) (*catalog.Change, func(), error) {
	var ids []catalog.RelationID
	for _, r := range c.catalog.Relations() {
		if slices.Contains(from, r.OwnerID()) {
			ids = append(ids, r.ID)
		}
	}
	if cascade {
		ids, _ = withDependents(c.catalog, ids)
	}
	owned, regranted := c.dropOwnedSchemas(from)
	for _, s := range owned {
		for _, r := range c.catalog.In(s.Name) {
			if slices.Contains(ids, r.ID) || r.Sequence != nil && slices.Contains(ids, r.Sequence.Owner) {
				continue
			}
			if !cascade {
				return nil, nil, pgerr.New(pgerr.DependentObjectsStillExist, "cannot drop schema %s because other objects depend on it", s.Name).
					WithDetail("%s depends on schema %s", c.called(r), s.Name).WithHint("Use DROP ... CASCADE to drop the dependent objects too.")
			}
			ids, _ = withDependents(c.catalog, append(ids, r.ID))
		}
	}
	if err := c.checkTypeUsers(ids); err != nil {
		return nil, nil, err
	}
	ch := &catalog.Change{Drop: ids}
	if len(ids) > 0 {
		if _, err := c.catalog.Apply(catalog.Command{Drop: ids}); err != nil { // what depends on them
			return nil, nil, err
		}
		with, _, err := c.dropWithSequences(ids, cascade)
		if err != nil {
			return nil, nil, err
		}
		if with != nil {
			ch = with
		}
	}
	for _, s := range owned {
		ch.DropSchemas = append(ch.DropSchemas, s.ID)
	}
	ch.PutSchemas = regranted
	for _, r := range c.catalog.Relations() {
		if slices.Contains(ch.Drop, r.ID) || !granted(r, from) {
			continue
		}
		n := *r
		if i := slices.IndexFunc(ch.Put, func(p *catalog.Relation) bool { return p.ID == r.ID }); i >= 0 {
			n = *ch.Put[i]
			ch.Put = slices.Delete(ch.Put, i, i+1)
		}
		n.Grants = slices.DeleteFunc(slices.Clone(r.Grants), func(g catalog.Grant) bool {
			return slices.Contains(from, g.Grantee) || slices.Contains(from, g.Grantor)
		})
		ch.Put = append(ch.Put, &n)
	}
	return ch, nil, nil
}

// dropOwnedSchemas returns the schemas that roles own, and those of others without what was granted to or by them.
func (c *compiler) dropOwnedSchemas(from []catalog.RoleID) (owned, regranted []*catalog.Schema) {
	for _, s := range c.catalog.UserSchemas() {
		mine := func(g catalog.Grant) bool {
			return slices.Contains(from, g.Grantee) || slices.Contains(from, g.Grantor)
		}
		switch {
		case slices.Contains(from, s.OwnerID()):
			owned = append(owned, s)
		case slices.ContainsFunc(s.Grants, mine):
			n := *s
			n.Grants = slices.DeleteFunc(slices.Clone(s.Grants), mine)
			regranted = append(regranted, &n)
		}
	}
	return owned, regranted
}

// granted reports whether something of r was granted to or by one of roles.
func granted(r *catalog.Relation, roles []catalog.RoleID) bool {
	return slices.ContainsFunc(r.Grants, func(g catalog.Grant) bool {
		return slices.Contains(roles, g.Grantee) || slices.Contains(roles, g.Grantor)
	})
}

// roleUses lists what keeps a role from being dropped, in the words of PostgreSQL.
func roleUses(cat *catalog.Catalog, id catalog.RoleID) (uses []string) {
	for _, r := range cat.Relations() {
		switch {
		case r.OwnerID() == id:
			uses = append(uses, "owner of "+r.Word()+" "+r.Name)
		case granted(r, []catalog.RoleID{id}):
			uses = append(uses, "privileges for "+r.Word()+" "+r.Name)
		}
	}
	for _, s := range cat.UserSchemas() {
		switch {
		case s.OwnerID() == id:
			uses = append(uses, "owner of schema "+s.Name)
		case slices.ContainsFunc(s.Grants, func(g catalog.Grant) bool { return g.Grantee == id || g.Grantor == id }):
			uses = append(uses, "privileges for schema "+s.Name)
		}
	}
	return uses
}
