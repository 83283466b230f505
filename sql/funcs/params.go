package funcs

// Param is a parameter of a function that may be given by name.
type Param struct {
	Name string
	// Default is the text of what stands for it if it is left out before others; "" if there is none. Needed: it may not be
	// left out at the end either.
	Default string
	Needed  bool
}

// params are the names that PostgreSQL gives to the parameters of functions: those needed, then, behind "|", the others
// with their defaults.
var params = map[string][]string{
	"make_date":        {"year", "month", "day"},
	"make_time":        {"hour", "min", "sec"},
	"make_timestamp":   {"year", "month", "mday", "hour", "min", "sec"},
	"make_timestamptz": {"year", "month", "mday", "hour", "min", "sec", "|", "timezone", ""},
	"make_interval":    {"|", "years", "0", "months", "0", "weeks", "0", "days", "0", "hours", "0", "mins", "0", "secs", "0.0"},
	"parse_ident":      {"str", "|", "strict", "true"},
	"jsonb_set":        {"jsonb_in", "path", "replacement", "|", "create_if_missing", "true"},
	"jsonb_set_lax": {"jsonb_in", "path", "replacement", "|", "create_if_missing", "true", "null_value_treatment",
		"use_json_null"},
	"jsonb_path_exists":      pathParams,
	"jsonb_path_match":       pathParams,
	"jsonb_path_query":       pathParams,
	"jsonb_path_query_array": pathParams,
	"jsonb_path_query_first": pathParams,
	"jsonb_insert":           {"jsonb_in", "path", "replacement", "|", "insert_after", "false"},
}

var pathParams = []string{"target", "path", "|", "vars", "{}", "silent", "false"}

// Params returns the parameters by whose names a function may be called, nil if it has none.
func Params(name string) []Param {
	words := params[name]
	if words == nil {
		return nil
	}
	var out []Param
	for i := 0; i < len(words); i++ {
		if words[i] != "|" {
			out = append(out, Param{Name: words[i], Needed: true})
			continue
		}
		for i++; i < len(words); i += 2 {
			out = append(out, Param{Name: words[i], Default: words[i+1]})
		}
	}
	return out
}
