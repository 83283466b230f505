package expr

import (
	"slices"
	"strings"
	"time"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// ServerVersion is the version of PostgreSQL whose behaviour is followed; version() and server_version show it.
const ServerVersion = "15.8"

// registerText registers a function whose text depends on the session alone.
func registerText(id string, get func(k *call) string) {
	registerSafe(id, func(k *call) error {
		for i := range k.out.Str {
			k.out.Str[i] = get(k)
		}
		return nil
	})
}

func init() {
	registerText("version()", func(*call) string { return "PostgreSQL " + ServerVersion + " (Millrace)" })
	for _, id := range []string{"current_database()", "current_catalog()"} {
		registerText(id, func(k *call) string { return k.Database })
	}
	for _, id := range []string{"current_user()", "current_role()", "user()"} {
		registerText(id, func(k *call) string { return k.User })
	}
	registerText("session_user()", func(k *call) string { return k.SessionUser })
	registerSafe("current_schema()", func(k *call) error {
		path := searchPath(k.evaluation)
		if len(path) == 0 {
			k.setNull(0)
			return nil
		}
		k.out.Str[0] = path[0]
		return nil
	})
	registerSafe("current_schemas(bool)", rows(currentSchemas))
	registerSafe("pg_typeof(any)", func(k *call) error {
		for i := range k.out.Int {
			k.out.Int[i] = int64(k.args[0].Type.OID())
		}
		return nil
	})
	register("current_setting(text)", rows(func(k *call, i int) error { return currentSetting(k, i, false) }))
	register("current_setting(text,bool)", rows(func(k *call, i int) error { return currentSetting(k, i, k.int(1, i) != 0) }))
	register("set_config(text,text,bool)", rows(setConfig))
	registerConstants()
}

// registerConstants registers what is the same for every session.
func registerConstants() {
	number := func(id string, get func(k *call) int64) {
		registerSafe(id, func(k *call) error {
			for i := range k.out.Int {
				k.out.Int[i] = get(k)
			}
			return nil
		})
	}
	number("pg_backend_pid()", func(k *call) int64 { return int64(k.BackendPID) })
	number("pg_is_in_recovery()", func(*call) int64 { return 0 })
	number("txid_current()", func(k *call) int64 { return k.Now.UnixMicro() })
	number("pg_postmaster_start_time()", func(*call) int64 { return started })
	registerSafe("inet_server_port()", func(k *call) error { k.setNull(0); return nil })
}

// searchPath returns the schemas of the search path that there are.
func searchPath(ev *evaluation) (path []string) {
	setting := ev.setting("search_path")
	if setting == "" && ev.Settings == nil {
		setting = "public"
	}
	path = catalog.SplitSearchPath(setting, ev.User)
	if ev.Catalog == nil {
		return path
	}
	return ev.Catalog.Path(path)
}

func currentSchemas(k *call, i int) error {
	path := searchPath(k.evaluation)
	if k.int(0, i) != 0 && !slices.Contains(path, "pg_catalog") {
		path = append([]string{"pg_catalog"}, path...)
	}
	return k.setArray(i, &types.Vector{Type: types.Name, Str: path})
}

func currentSetting(k *call, i int, missingOK bool) error {
	name := k.str(0, i)
	value := k.setting(name)
	if value == "" {
		value = k.setting(strings.ToLower(name))
	}
	switch {
	case value != "":
		k.out.Str[i] = value
	case missingOK:
		k.setNull(i)
	default:
		return pgerr.New(pgerr.UndefinedObject, "unrecognized configuration parameter \"%s\"", name)
	}
	return nil
}

// setConfig is set_config(name, value, local); a NULL value means the setting's default.
func setConfig(k *call, i int) error {
	if k.args[0].null(i) {
		return pgerr.New(pgerr.NullValueNotAllowed, "SET requires parameter name")
	}
	value := ""
	if !k.args[1].null(i) {
		value = k.str(1, i)
	}
	b, err := k.backend()
	if err != nil {
		return err
	}
	k.out.Str[i], err = b.SetConfig(k.str(0, i), value, k.int(2, i) != 0)
	return err
}

// started is when this process began, as a timestamptz.
var started = types.FromTime(time.Now())
