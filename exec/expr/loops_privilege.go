package expr

import (
	"slices"
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
	"has_any_column_privilege": hasRelationPrivilege(columnPrivileges),
	"has_column_privilege":     hasColumnPrivilege,
	"has_sequence_privilege":   hasRelationPrivilege(catalog.SequencePrivileges),
	"has_schema_privilege":     hasSchemaPrivilege,
	"pg_has_role":              hasRole,
}

// columnPrivileges are those that PostgreSQL has for single columns; here who has them has them on the whole relation.
const columnPrivileges = catalog.Insert | catalog.Select | catalog.Update | catalog.References

// registerPrivilege registers a variant of such a function: with a role before the object, or for the current user.
func registerPrivilege(s *funcs.Signature) {
	f, object := privilegeFunctions[s.Name], len(s.Args)-2
	if s.Name == "has_column_privilege" { // the column stands behind its relation
		object--
	}
	register(s.ID, rows(func(k *call, i int) error {
		role, err := k.roleArgument(i, object == 1)
		if err != nil {
			return err
		}
		has, known, err := f(k, i, object, role, k.str(len(s.Args)-1, i))
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
		number, err := k.relationArgument(i, a)
		if err != nil {
			return false, false, err
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

// relationArgument is the number of the relation that argument a names. Error: 42P01.
func (k *call) relationArgument(i, a int) (int64, error) {
	if k.args[a].Str == nil {
		return k.int(a, i), nil
	}
	parts, err := catalog.SplitName(strings.TrimSpace(k.str(a, i)))
	if err != nil {
		return 0, err
	}
	found, ok := k.findRelation(parts)
	if !ok {
		return 0, pgerr.New(pgerr.UndefinedTable, "relation \"%s\" does not exist", strings.Join(parts, "."))
	}
	return int64(found), nil
}

// hasColumnPrivilege is has_column_privilege: what the role may do with the relation. Errors: 22023, 42P01, 42703.
func hasColumnPrivilege(k *call, i, a int, role *catalog.Role, text string) (has, known bool, err error) {
	number, err := k.relationArgument(i, a)
	if err != nil {
		return false, false, err
	}
	columns := k.columnsOf(number)
	if k.args[a+1].Str == nil {
		n := k.int(a+1, i)
		known = n >= 1 && n <= int64(len(columns)) && !columns[n-1].Hidden
	} else {
		name := k.str(a+1, i)
		known = slices.ContainsFunc(columns, func(c catalog.Column) bool { return c.Name == name && !c.Hidden })
		if !known && columns != nil {
			return false, false, pgerr.New(pgerr.UndefinedColumn, "column \"%s\" of relation \"%s\" does not exist", name, k.nameOfRelation(number))
		}
	}
	has, of, err := hasRelationPrivilege(columnPrivileges)(k, i, a, role, text)
	return has, of && known, err
}

// columnsOf are the columns of a relation or system relation by number; nil: there is none.
func (k *call) columnsOf(number int64) []catalog.Column {
	if r := k.relation(number); r != nil {
		return r.Columns
	}
	if s := catalog.SystemRelationByOID(uint32(number)); s != nil {
		return s.Columns
	}
	return nil
}

// nameOfRelation is the name, without its schema, of a relation or system relation.
func (k *call) nameOfRelation(number int64) string {
	if r := k.relation(number); r != nil {
		return r.Name
	}
	if s := catalog.SystemRelationByOID(uint32(number)); s != nil {
		return s.Name
	}
	return ""
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
