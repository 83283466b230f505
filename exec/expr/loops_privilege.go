package expr

import (
	"strings"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
)

// A privilegeFunction says whether a role has one of the privileges that text lists; the object is argument a. known is false where
// there is no such object by number.
type privilegeFunction func(k *call, i, a int, role *catalog.Role, text string) (has, known bool, err error)

var privilegeFunctions = map[string]privilegeFunction{
	"has_table_privilege":      hasRelationPrivilege(catalog.RelationPrivileges),
	"has_any_column_privilege": hasRelationPrivilege(catalog.RelationPrivileges),
	"has_sequence_privilege":   hasRelationPrivilege(catalog.SequencePrivileges),
	"has_schema_privilege":     hasSchemaPrivilege,
	"pg_has_role":              hasRole,
}

// registerPrivilege registers a variant of such a function: with a role before the object, or for the current user.
func registerPrivilege(s *funcs.Signature) {
	f, object := privilegeFunctions[s.Name], len(s.Args)-2
	register(s.ID, rows(func(k *call, i int) error {
		role, err := k.roleArgument(i, object == 1)
		if err != nil {
			return err
		}
		has, known, err := f(k, i, object, role, k.str(object+1, i))
		switch {
		case err != nil:
			return err
		case !known:
			k.setNull(i)
		case has:
			k.out.Int[i] = 1
		default:
			k.out.Int[i] = 0
		}
		return nil
	}))
}

// role returns the role with a number, nil if there is none.
func (k *call) role(oid int64) *catalog.Role {
	if k.Catalog == nil {
		return nil
	}
	return k.Catalog.Role(catalog.RoleID(oid))
}

// roleArgument is the role that the first argument names, or the current user. Error: 42704.
func (k *call) roleArgument(i int, given bool) (*catalog.Role, error) {
	name := k.User
	if given && k.args[0].Str == nil {
		if r := k.role(k.int(0, i)); r != nil {
			return r, nil
		}
		return &catalog.Role{}, nil
	}
	if given {
		name = k.str(0, i)
	}
	if k.Catalog == nil {
		return &catalog.Role{Superuser: true}, nil
	}
	if r := k.Catalog.RoleNamed(name); r != nil {
		return r, nil
	}
	if r := k.Catalog.RoleOfUser(name); r != nil && (name == k.User || name == k.SessionUser) {
		return r, nil
	}
	return nil, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", name)
}

func hasRelationPrivilege(all catalog.Privilege) privilegeFunction {
	return func(k *call, i, a int, role *catalog.Role, text string) (has, known bool, err error) {
		var number int64
		if k.args[a].Str != nil {
			parts, err := catalog.SplitName(strings.TrimSpace(k.str(a, i)))
			if err != nil {
				return false, false, err
			}
			found, ok := k.findRelation(parts)
			if !ok {
				return false, false, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
			}
			number = int64(found)
		} else {
			number = k.int(a, i)
		}
		wants, err := privilegeList(text, all)
		if err != nil {
			return false, false, err
		}
		r := k.relation(number)
		if r == nil {
			return true, true, nil // of the system: everybody reads it
		}
		for _, want := range wants {
			if k.Catalog.Allowed(role, r.Access(), want.bits) == want.bits &&
				(!want.grant || k.Catalog.Grantable(role, r.OwnerID(), r.Access(), want.bits) == want.bits) {
				return true, true, nil
			}
		}
		return false, true, nil
	}
}

// hasSchemaPrivilege is has_schema_privilege. Errors: 22023, 3F000.
func hasSchemaPrivilege(k *call, i, a int, role *catalog.Role, text string) (has, known bool, err error) {
	wants, err := privilegeList(text, catalog.SchemaPrivileges)
	if err != nil || k.Catalog == nil {
		return false, err == nil, err
	}
	name := ""
	if k.args[a].Str != nil {
		if name = k.str(a, i); !k.Catalog.HasSchema(name) {
			return false, false, pgerr.New(pgerr.InvalidSchemaName, "schema \"%s\" does not exist", name)
		}
	} else if name = k.Catalog.SchemaByOID(uint32(k.int(a, i))); name == "" {
		return false, false, nil
	}
	s := k.Catalog.Schema(name)
	for _, want := range wants {
		if s == nil { // of the system: everybody uses it
			if role.Superuser || want.bits == catalog.Usage && !want.grant {
				return true, true, nil
			}
			continue
		}
		if k.Catalog.Allowed(role, s.Access(), want.bits) == want.bits &&
			(!want.grant || k.Catalog.Grantable(role, s.OwnerID(), s.Access(), want.bits) == want.bits) {
			return true, true, nil
		}
	}
	return false, true, nil
}

// wanted is a privilege asked for, and whether it must be one that can be granted on.
type wanted struct {
	bits  catalog.Privilege
	grant bool
}

// privilegeList reads "select, insert with grant option". Error: 22023.
func privilegeList(text string, all catalog.Privilege) (out []wanted, err error) {
	for _, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		name, grant := strings.CutSuffix(lowerASCII(word), " with grant option")
		p := catalog.PrivilegeNamed(strings.TrimSpace(name))
		if p&all == 0 {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", word)
		}
		out = append(out, wanted{p, grant})
	}
	return out, nil
}

// hasRole is pg_has_role: MEMBER asks for SET ROLE, USAGE for privileges without it.
func hasRole(k *call, i, a int, role *catalog.Role, text string) (has, known bool, err error) {
	var of *catalog.Role
	if k.args[a].Str == nil {
		of = k.role(k.int(a, i))
	} else if k.Catalog != nil {
		if of = k.Catalog.RoleNamed(k.str(a, i)); of == nil && k.str(a, i) == k.SessionUser {
			of = k.Catalog.RoleOfUser(k.SessionUser)
		}
		if of == nil {
			return false, false, pgerr.New(pgerr.UndefinedObject, "role \"%s\" does not exist", k.str(a, i))
		}
	}
	if of == nil {
		return false, true, nil
	}
	for _, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		name, _ := strings.CutSuffix(lowerASCII(word), " with grant option")
		name, _ = strings.CutSuffix(name, " with admin option")
		if name != "usage" && name != "member" {
			return false, false, pgerr.New(pgerr.InvalidParameterValue, "unrecognized privilege type: \"%s\"", word)
		}
		if role.Superuser || k.Catalog.IsMember(role.ID, of.ID, name == "usage") {
			return true, true, nil
		}
	}
	return false, true, nil
}
