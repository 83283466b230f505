package funcs

import "github.com/millracedb/millrace/sql/types"

// Column is a column of what a set-returning function gives.
type Column struct {
	Name string
	Type types.Type
}

// set adds a function that gives rows, of one column of type result; columns, if given, name them and add more.
func (r *registry) set(name string, result types.Type, columns []Column, args ...types.Type) *Signature {
	s := r.fn(name, result, args...)
	s.Kind, s.Columns = Set, columns
	return s
}

// IsSet reports whether the name is that of a set-returning function.
func IsSet(name string) bool {
	for _, s := range table.byName[name] {
		if s.Kind == Set {
			return true
		}
	}
	return false
}

func (r *registry) addSets() {
	text, i4 := types.Text, types.Int4
	for _, t := range []types.Type{i4, types.Int8, types.Numeric} {
		r.set("generate_series", t, nil, t, t).doc("numbers from the first to the second", "SELECT * FROM generate_series(1, 3)")
		r.set("generate_series", t, nil, t, t, t).doc("likewise, by a step", "SELECT * FROM generate_series(5, 1, -2)")
	}
	r.set("generate_series", types.Timestamp, nil, types.Timestamp, types.Timestamp, types.Interval).doc("times from the first to the second, by a step",
		"SELECT * FROM generate_series('2024-01-01'::timestamp, '2024-01-02', '6 hours')")
	r.set("generate_series", types.Timestamptz, nil, types.Timestamptz, types.Timestamptz, types.Interval).stable().doc("times from the first to the second, by a step",
		"SELECT * FROM generate_series('2024-01-01'::timestamptz, '2024-01-02', '6 hours')")
	r.set("generate_subscripts", i4, nil, anyArray, i4).doc("numbers of the elements", "SELECT * FROM generate_subscripts(ARRAY['a','b'], 1)")
	for _, v := range []types.Type{types.Int2Vector, types.OIDVector} {
		r.set("generate_subscripts", i4, nil, v, i4).doc("numbers of the elements, from 0", "")
	}
	r.set("unnest", anyElement, nil, anyArray).doc("elements of an array; of several side by side, in FROM", "SELECT * FROM unnest(ARRAY[1,2])")
	r.set("string_to_table", text, nil, text, text).lax().doc("fields between separators", "SELECT * FROM string_to_table('a,b', ',')")
	r.set("string_to_table", text, nil, text, text, text).lax().doc("likewise; a field equal to the third is NULL", "SELECT * FROM string_to_table('a,b', ',', 'a')")
	texts := types.ArrayOf(text)
	r.set("regexp_matches", texts, nil, text, text).doc("groups of the first match, or the match", "SELECT * FROM regexp_matches('foobar', 'o(.)')")
	r.set("regexp_matches", texts, nil, text, text, text).doc("likewise, of all matches with the option g", "SELECT * FROM regexp_matches('foobar', 'o(.)', 'g')")
	r.set("regexp_split_to_table", text, nil, text, text).doc("what stands between matches", "SELECT * FROM regexp_split_to_table('a, b', ',\\s*')")
	r.set("regexp_split_to_table", text, nil, text, text, text).doc("likewise, with options", "SELECT * FROM regexp_split_to_table('aXbxc', 'x', 'i')")
	r.set("pg_partition_ancestors", types.Regclass, []Column{{"relid", types.Regclass}}, types.Regclass).volatile().doc("no rows: there are no partitioned tables", "SELECT * FROM pg_partition_ancestors('pg_class')")
	for _, t := range []types.Type{types.JSON, types.JSONB} {
		p, value := t.ShortName()+"_", Column{"value", t}
		r.set(p+"array_elements", t, []Column{value}, t).doc("elements", "SELECT * FROM "+p+"array_elements('[1,\"a\"]')")
		r.set(p+"array_elements_text", text, []Column{{"value", text}}, t).doc("elements as texts", "SELECT * FROM "+p+"array_elements_text('[1,\"a\"]')")
		r.set(p+"object_keys", text, nil, t).doc("names of the members", "SELECT * FROM "+p+"object_keys('{\"a\":1}')")
		r.set(p+"each", types.Void, []Column{{"key", text}, value}, t).doc("members", "SELECT * FROM "+p+"each('{\"a\":1}')")
		r.set(p+"each_text", types.Void, []Column{{"key", text}, {"value", text}}, t).doc("members as texts", "SELECT * FROM "+p+"each_text('{\"a\":1}')")
	}
}
