package ast

// Statements about roles and privileges.
type (
	// RoleSpec names a role: by its name, or as CURRENT_USER, CURRENT_ROLE, SESSION_USER or PUBLIC.
	RoleSpec struct {
		Name    string
		Keyword string // "current_user", "session_user", "public", or ""
		Pos     int
	}
	// RoleOption is one of CREATE ROLE and ALTER ROLE.
	RoleOption struct {
		Name  string // superuser, createdb, createrole, inherit, login, replication, bypassrls, connection limit, password, valid until
		On    bool   // of those that have NO…
		Text  string // of password and valid until
		Null  bool   // PASSWORD NULL
		Limit int
		Pos   int
	}
	// CreateRole is CREATE ROLE, USER and GROUP.
	CreateRole struct {
		Name    RoleSpec
		Options []RoleOption
		// InRoles are those that it becomes a member of; Members become members of it, Admins with ADMIN OPTION.
		InRoles, Members, Admins []RoleSpec
	}
	// AlterRole is ALTER ROLE, USER and GROUP; with NewName RENAME TO.
	AlterRole struct {
		Name    RoleSpec
		Options []RoleOption
		NewName string
		Pos     int // of NewName
		Group   bool
	}
	// DropRole is DROP ROLE, USER and GROUP.
	DropRole struct {
		IfExists bool
		Names    []RoleSpec
	}
	// GrantRole is GRANT or REVOKE of memberships.
	GrantRole struct {
		Revoke bool
		Roles  []NamedPos
		To     []RoleSpec
		// Admin is WITH ADMIN OPTION, or ADMIN OPTION FOR.
		Admin bool
	}
	// Grant is GRANT or REVOKE of privileges.
	Grant struct {
		Revoke     bool
		Privileges []NamedPos // nil: ALL
		Kind       string     // table, sequence, schema, database, …
		// AllIn: the objects of Kind in the schemas that Names are.
		AllIn bool
		Names []Name
		To    []RoleSpec
		// Option is WITH GRANT OPTION, or GRANT OPTION FOR.
		Option  bool
		Cascade bool
		Pos     int // of the first word
	}
	// OwnedBy is REASSIGN OWNED and DROP OWNED.
	OwnedBy struct {
		Drop    bool
		By      []RoleSpec
		To      RoleSpec // of REASSIGN
		Cascade bool
	}
)

func (*CreateRole) statement() {}
func (*AlterRole) statement()  {}
func (*DropRole) statement()   {}
func (*GrantRole) statement()  {}
func (*Grant) statement()      {}
func (*OwnedBy) statement()    {}
