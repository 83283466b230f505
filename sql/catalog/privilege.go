package catalog

import (
	"slices"
	"strings"
)

// Privilege is a set of what may be done with an object, as GRANT names it.
type Privilege uint16

// The privileges. The numbers are stored: never renumber.
const (
	Insert Privilege = 1 << iota
	Select
	Update
	Delete
	Truncate
	References
	Trigger
	Usage
	Create
)

// privileges has the words of GRANT and the letters of PostgreSQL's aclitem, in the order in which those are shown.
var privileges = []struct {
	bit    Privilege
	word   string
	letter byte
}{
	{Insert, "insert", 'a'}, {Select, "select", 'r'}, {Update, "update", 'w'}, {Delete, "delete", 'd'}, {Truncate, "truncate", 'D'},
	{References, "references", 'x'}, {Trigger, "trigger", 't'}, {Usage, "usage", 'U'}, {Create, "create", 'C'},
}

// What there is to be granted, by kind of object.
const (
	RelationPrivileges = Insert | Select | Update | Delete | Truncate | References | Trigger
	SequencePrivileges = Select | Update | Usage
	SchemaPrivileges   = Usage | Create
)

// PrivilegeNamed returns the privilege of a word in lower case; 0: there is none.
func PrivilegeNamed(word string) Privilege {
	for _, p := range privileges {
		if p.word == word {
			return p.bit
		}
	}
	return 0
}

// Grant is what a role, or everybody, may do with an object.
type Grant struct {
	Grantee RoleID `json:"grantee,omitempty"` // 0: PUBLIC
	Grantor RoleID `json:"grantor"`
	// Privileges are those that it has, Grantable those of them that it may grant on.
	Privileges Privilege `json:"privileges"`
	Grantable  Privilege `json:"grantable,omitempty"`
}

// text is the grant as PostgreSQL's aclitem.
func (g Grant) text(name func(RoleID) string) string {
	var b strings.Builder
	if g.Grantee != 0 {
		b.WriteString(quoteIdent(name(g.Grantee)))
	}
	b.WriteByte('=')
	for _, p := range privileges {
		if g.Privileges&p.bit != 0 {
			b.WriteByte(p.letter)
			if g.Grantable&p.bit != 0 {
				b.WriteByte('*')
			}
		}
	}
	return b.String() + "/" + quoteIdent(name(g.Grantor))
}

// OwnerID is the role that owns the relation.
func (r *Relation) OwnerID() RoleID {
	if r.Owner == 0 {
		return BootstrapRole
	}
	return r.Owner
}

// AllPrivileges are those that the relation's kind has.
func (r *Relation) AllPrivileges() Privilege {
	if r.Kind == KindSequence {
		return SequencePrivileges
	}
	return RelationPrivileges
}

// Access is the relation's grants; as long as nothing was granted or revoked its owner has all.
func (r *Relation) Access() []Grant {
	if r.Grants != nil {
		return r.Grants
	}
	return []Grant{{Grantee: r.OwnerID(), Grantor: r.OwnerID(), Privileges: r.AllPrivileges()}}
}

// Allowed returns which of the privileges in want the role has by grants: to itself, to roles whose privileges it inherits,
// to everybody. A superuser has all.
func (c *Catalog) Allowed(role *Role, grants []Grant, want Privilege) Privilege {
	if role.Superuser {
		return want
	}
	var have Privilege
	for _, g := range grants {
		if g.Privileges&want != 0 && (g.Grantee == 0 || c.IsMember(role.ID, g.Grantee, true)) {
			have |= g.Privileges
		}
	}
	return have & want
}

// Grantable returns which of the privileges in want the role may grant on: the owner all.
func (c *Catalog) Grantable(role *Role, owner RoleID, grants []Grant, want Privilege) Privilege {
	if c.Owns(role, owner) {
		return want
	}
	var may Privilege
	for _, g := range grants {
		if g.Grantable&want != 0 && c.IsMember(role.ID, g.Grantee, true) {
			may |= g.Grantable
		}
	}
	return may & want
}

// Owns reports whether the role may do what only an owner may.
func (c *Catalog) Owns(role *Role, owner RoleID) bool {
	return role.Superuser || c.IsMember(role.ID, owner, true)
}

// WithGrant returns grants and what a grantor gives a grantee.
func WithGrant(grants []Grant, add Grant) []Grant {
	grants = slices.Clone(grants)
	for i, g := range grants {
		if g.Grantee == add.Grantee && g.Grantor == add.Grantor {
			grants[i].Privileges |= add.Privileges
			grants[i].Grantable |= add.Grantable
			return grants
		}
	}
	return append(grants, add)
}

// WithoutGrant returns grants without what a grantor gave a grantee. Whoever can no longer grant on what was taken has it taken from
// those that it granted it to: they are in the result only with cascade, else dependent says that there are some. The owner's
// own line stays, be it empty: it says that something was revoked.
func WithoutGrant(grants []Grant, owner RoleID, take Grant, cascade bool) (left []Grant, dependent bool) {
	left = slices.Clone(grants)
	for i, g := range left {
		if g.Grantee == take.Grantee && g.Grantor == take.Grantor {
			left[i].Privileges &^= take.Privileges
			left[i].Grantable &^= take.Grantable
		}
	}
	if take.Grantee != owner && take.Grantee != 0 {
		var keeps Privilege
		for _, g := range left {
			if g.Grantee == take.Grantee {
				keeps |= g.Grantable
			}
		}
		for _, g := range slices.Clone(left) {
			if lost := g.Privileges & take.Grantable &^ keeps; g.Grantor == take.Grantee && lost != 0 {
				if !cascade {
					return nil, true
				}
				left, _ = WithoutGrant(left, owner, Grant{Grantee: g.Grantee, Grantor: g.Grantor, Privileges: lost, Grantable: lost}, true)
			}
		}
	}
	return slices.DeleteFunc(left, func(g Grant) bool { return g.Privileges == 0 && g.Grantee != owner }), false
}

// Reowned returns grants with a new owner in the place of the old one.
func Reowned(grants []Grant, from, to RoleID) []Grant {
	var out []Grant
	for _, g := range grants {
		if g.Grantee == from {
			g.Grantee = to
		}
		if g.Grantor == from {
			g.Grantor = to
		}
		out = WithGrant(out, g)
	}
	return out
}
