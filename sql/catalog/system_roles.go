package catalog

import (
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// roleFillers make the rows of relations about roles and privileges.
var roleFillers = map[string]filler{
	"pg_catalog.pg_roles": fillRoles, "pg_catalog.pg_authid": fillAuthid, "pg_catalog.pg_user": fillUser, "pg_catalog.pg_shadow": fillShadow,
	"pg_catalog.pg_group":                 fillGroup,
	"pg_catalog.pg_auth_members":          fillAuthMembers,
	"information_schema.table_privileges": fillTablePrivileges, "information_schema.role_table_grants": fillTablePrivileges,
	"information_schema.applicable_roles": fillApplicableRoles, "information_schema.enabled_roles": fillEnabledRoles,
}

// roleName is the name of a role as the session sees it: as long as no role was created the bootstrap role has the name under which the
// client came.
func (x *systemContext) roleName(id RoleID) string {
	if id == BootstrapRole && !x.catalog.Guarded() {
		return x.env.User
	}
	if r := x.catalog.Role(id); r != nil {
		return r.Name
	}
	return ""
}

// role is the part that pg_roles and pg_authid have in common.
func (x *systemContext) role(r *Role) record {
	return record{
		"oid": num(r.ID), "rolname": str(x.roleName(r.ID)), "rolsuper": flag(r.Superuser), "rolinherit": flag(r.Inherit),
		"rolcreaterole": flag(r.CreateRole), "rolcreatedb": flag(r.CreateDB), "rolcanlogin": flag(r.Login), "rolreplication": flag(r.Replication),
		"rolconnlimit": num(r.ConnectionLimit), "rolbypassrls": flag(r.BypassRLS), "rolvaliduntil": r.validUntil(),
	}
}

func (r *Role) validUntil() types.Datum {
	if r.ValidUntilMicros == nil {
		return types.NullDatum
	}
	return num(*r.ValidUntilMicros)
}

func fillRoles(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Roles() {
		row := x.role(r)
		row["rolpassword"] = str("********")
		add(row)
	}
}

// fillAuthid shows verifiers to superusers alone.
func fillAuthid(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Roles() {
		row := x.role(r)
		row["rolpassword"] = x.verifier(r)
		add(row)
	}
}

func (x *systemContext) verifier(r *Role) types.Datum {
	if r.Password == "" || !x.env.Superuser {
		return types.NullDatum
	}
	return str(r.Password)
}

func fillUser(x *systemContext, add func(record)) {
	x.users(add, func(*Role) types.Datum { return str("********") })
}

func fillShadow(x *systemContext, add func(record)) { x.users(add, x.verifier) }

func (x *systemContext) users(add func(record), password func(*Role) types.Datum) {
	for _, r := range x.catalog.Roles() {
		if r.Login {
			add(record{"usename": str(x.roleName(r.ID)), "usesysid": num(r.ID), "usecreatedb": flag(r.CreateDB), "usesuper": flag(r.Superuser),
				"userepl": flag(r.Replication), "usebypassrls": flag(r.BypassRLS), "passwd": password(r), "valuntil": r.validUntil()})
		}
	}
}

func fillAuthMembers(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Roles() {
		for _, m := range r.MemberOf {
			add(record{"roleid": num(m.Role), "member": num(r.ID), "grantor": num(m.Grantor), "admin_option": flag(m.Admin)})
		}
	}
}

func fillGroup(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Roles() {
		if !r.Login {
			add(record{"groname": str(x.roleName(r.ID)), "grosysid": num(r.ID)})
		}
	}
}

func fillApplicableRoles(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Roles() {
		for _, m := range r.MemberOf {
			add(record{"grantee": str(x.roleName(r.ID)), "role_name": str(x.roleName(m.Role)), "is_grantable": yesNo(m.Admin)})
		}
	}
}

func fillEnabledRoles(x *systemContext, add func(record)) {
	me := x.catalog.RoleOfUser(x.env.User)
	for _, r := range x.catalog.Roles() {
		if me != nil && x.catalog.IsMember(me.ID, r.ID, false) {
			add(record{"role_name": str(x.roleName(r.ID))})
		}
	}
}

// fillTablePrivileges shows what is granted on tables and views.
func fillTablePrivileges(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		if r.Sequence != nil {
			continue
		}
		for _, g := range r.Access() {
			grantee := "PUBLIC"
			if g.Grantee != 0 {
				grantee = x.roleName(g.Grantee)
			}
			for _, p := range privileges {
				if g.Privileges&p.bit != 0 {
					add(record{"grantor": str(x.roleName(g.Grantor)), "grantee": str(grantee), "table_catalog": str(x.env.Database),
						"table_schema": str(r.Schema), "table_name": str(r.Name), "privilege_type": str(strings.ToUpper(p.word)),
						"is_grantable": yesNo(g.Grantable&p.bit != 0 || g.Grantee == r.OwnerID()), "with_hierarchy": yesNo(p.bit == Select)})
				}
			}
		}
	}
}

// grantsText is the array of aclitems of pg_class and the like; NULL as long as nothing was granted or revoked.
func (x *systemContext) grantsText(grants []Grant) types.Datum {
	if grants == nil {
		return types.NullDatum
	}
	var items []string
	for _, g := range grants {
		items = append(items, g.text(x.roleName))
	}
	return str(quotedArray(items))
}

// quotedArray is the text of an array of texts.
func quotedArray(items []string) string {
	var b strings.Builder
	for i, item := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		if strings.ContainsAny(item, `{}",\ `) || item == "" {
			item = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item) + `"`
		}
		b.WriteString(item)
	}
	return "{" + b.String() + "}"
}
