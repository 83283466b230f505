package funcs

import "github.com/millracedb/millrace/sql/types"

// addSession adds what a statement can ask of its session and of the server.
func (r *registry) addSession() {
	text, name := types.Text, types.Name
	r.fn("version", text).stable().doc("the server's version", "version()")
	r.fn("current_database", name).stable().doc("name of the database", "current_database()")
	r.fn("current_catalog", name).stable().doc("name of the database", "current_catalog")
	r.fn("current_schema", name).stable().doc("first schema of the search path", "current_schema()")
	r.fn("current_schemas", types.TextArray, types.Bool).stable().doc("schemas of the search path", "current_schemas(true)")
	for _, f := range []string{"current_user", "session_user", "current_role", "user"} {
		r.fn(f, name).stable().doc("name of the user", f)
	}
	r.fn("pg_typeof", types.Regtype, Any).lax().stable().doc("type of the argument", "pg_typeof(33)")
	r.fn("current_setting", text, text).stable().doc("value of a setting", "current_setting('TimeZone')")
	r.fn("current_setting", text, text, types.Bool).stable().doc("value of a setting, NULL if it is not known", "current_setting('x.y', true)")
	r.fn("set_config", text, text, text, types.Bool).lax().volatile().doc("the value that a setting is to have", "set_config('TimeZone', 'UTC', false)")
	r.fn("pg_backend_pid", types.Int4).stable().doc("number of the session", "pg_backend_pid()")
	r.fn("pg_is_in_recovery", types.Bool).volatile().doc("false: every node takes writes", "pg_is_in_recovery()")
	r.fn("txid_current", types.Int8).stable().doc("a number for the statement", "txid_current()")
	r.fn("pg_postmaster_start_time", types.Timestamptz).stable().doc("when the server was started", "pg_postmaster_start_time()")
	r.fn("pg_advisory_unlock_all", types.Void).volatile().doc("nothing: there are no advisory locks", "pg_advisory_unlock_all()")
	r.fn("inet_server_port", types.Int4).lax().stable().doc("NULL", "inet_server_port()")
}
