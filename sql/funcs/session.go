package funcs

import "github.com/millracedb/millrace/sql/types"

// addSession adds what a statement can ask of its session and of the server.
func (r *registry) addSession() {
	text, name := types.Text, types.Name
	r.fn("version", text).stable().doc("the server's version", "version()")
	r.fn("current_database", name).stable().doc("name of the database", "current_database()")
	r.fn("current_catalog", name).stable().doc("name of the database", "current_catalog")
	r.fn("current_schema", name).stable().doc("first schema of the search path", "current_schema()")
	r.fn("current_schemas", types.ArrayOf(types.Name), types.Bool).stable().doc("schemas of the search path", "current_schemas(true)")
	for _, f := range []string{"current_user", "session_user", "current_role", "user"} {
		r.fn(f, name).stable().doc("name of the user", f)
	}
	r.fn("pg_client_encoding", name).stable().doc("the client's encoding", "pg_client_encoding()")
	r.fn("pg_typeof", types.Regtype, Any).lax().stable().doc("type of the argument", "pg_typeof(33)")
	r.fn("current_setting", text, text).stable().doc("value of a setting", "current_setting('TimeZone')")
	r.fn("current_setting", text, text, types.Bool).stable().doc("value of a setting, NULL if it is not known", "current_setting('x.y', true)")
	r.fn("set_config", text, text, text, types.Bool).lax().volatile().doc("the value that a setting is to have", "set_config('TimeZone', 'UTC', false)")
	r.fn("pg_backend_pid", types.Int4).stable().doc("number of the session", "pg_backend_pid()")
	r.fn("pg_is_in_recovery", types.Bool).volatile().doc("false: every node takes writes", "pg_is_in_recovery()")
	r.fn("txid_current", types.Int8).stable().doc("a number for the statement", "txid_current()")
	r.fn("pg_postmaster_start_time", types.Timestamptz).stable().doc("when the server was started", "pg_postmaster_start_time()")
	r.fn("inet_server_port", types.Int4).lax().stable().doc("NULL", "inet_server_port()")
}

// addBackend adds what locks beyond rows, and reaches other sessions.
func (r *registry) addBackend() {
	const key, pair = "(1)", "(1, 2)"
	for _, args := range [][]types.Type{{types.Int8}, {types.Int4, types.Int4}} {
		call := key
		if len(args) == 2 {
			call = pair
		}
		for _, shared := range []string{"", "_shared"} {
			how := "takes an advisory lock"
			if shared != "" {
				how = "takes a shared advisory lock"
			}
			add := func(name string, result types.Type, doc string) {
				r.fn(name+shared, result, args...).volatile().doc(doc, name+shared+call)
			}
			add("pg_advisory_lock", types.Void, how+", waiting for it, until it is unlocked or the session ends")
			add("pg_try_advisory_lock", types.Bool, how+" if it is free; whether it was")
			add("pg_advisory_xact_lock", types.Void, how+", waiting for it, until the transaction ends")
			add("pg_try_advisory_xact_lock", types.Bool, how+" until the transaction ends, if it is free; whether it was")
			add("pg_advisory_unlock", types.Bool, "gives an advisory lock of the session back; false if it has none")
		}
	}
	r.fn("pg_advisory_unlock_all", types.Void).volatile().doc("gives all advisory locks of the session back", "pg_advisory_unlock_all()")
	r.fn("pg_cancel_backend", types.Bool, types.Int4).volatile().doc("cancels the statement of a session", "pg_cancel_backend(17)")
	r.fn("pg_terminate_backend", types.Bool, types.Int4).volatile().doc("ends a session", "pg_terminate_backend(17)")
	r.fn("pg_sleep", types.Void, types.Float8).volatile().doc("waits for a number of seconds", "pg_sleep(1.5)")
	r.fn("pg_sleep_for", types.Void, types.Interval).volatile().doc("waits for an interval", "pg_sleep_for('1 second')")
	r.fn("pg_sleep_until", types.Void, types.Timestamptz).volatile().doc("waits until a time", "pg_sleep_until(now())")
}
