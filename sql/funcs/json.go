package funcs

import "github.com/millracedb/millrace/sql/types"

// named adds an operator whose function has the name of others, so that its id tells its arguments too.
func (r *registry) named(symbol, name string, result types.Type, args ...types.Type) *Signature {
	s := r.op(symbol, name+"("+shortNames(args)+")", result, args...)
	s.Name = name
	return s
}

// addJSON adds operators and functions over json and jsonb.
func (r *registry) addJSON() {
	r.compare("jsonb_", types.JSONB, types.JSONB)
	for _, t := range []types.Type{types.JSON, types.JSONB} {
		p := t.ShortName() + "_"
		text, i4, path := types.Text, types.Int4, types.TextArray
		r.op("->", p+"object_field", t, t, text)
		r.op("->", p+"array_element", t, t, i4)
		r.op("->>", p+"object_field_text", text, t, text)
		r.op("->>", p+"array_element_text", text, t, i4)
		r.op("#>", p+"extract_path", t, t, path)
		r.op("#>>", p+"extract_path_text", text, t, path)
		r.fn(p+"typeof", text, t).doc("kind of the value", p+`typeof('[1]')`)
		r.fn(p+"array_length", i4, t).doc("number of elements", p+`array_length('[1,2]')`)
		r.fn(p+"strip_nulls", t, t).doc("without members that are null", p+`strip_nulls('{"a":null}')`)
		r.fn("to_"+t.ShortName(), t, Any).stable().doc("any value as JSON", "to_"+t.ShortName()+"('a'::text)")
		r.fn(p+"build_array", t).lax().stable().doc("an empty array", p+"build_array()")
		r.fn(p+"build_array", t, Any).lax().variadic().stable().doc("array of the arguments", p+"build_array(1, 'a')")
		r.fn(p+"build_object", t).lax().stable().doc("an empty object", p+"build_object()")
		r.fn(p+"build_object", t, Any).lax().variadic().stable().doc("object of keys and values in turn", p+"build_object('a', 1)")
		r.fn(p+"object", t, path).doc("object of an array of keys and values", p+"object('{a,1,b,2}')")
		r.fn(p+"object", t, path, path).doc("object of keys and of values", p+"object('{a,b}', '{1,2}')")
		r.fn(p+"extract_path", t, t, text).variadic().doc("value at a path", p+`extract_path('{"a":[1]}', 'a', '0')`)
		r.fn(p+"extract_path_text", text, t, text).variadic().doc("value at a path as text", p+`extract_path_text('{"a":[1]}', 'a', '0')`)
		r.agg(p+"agg", t, Any).lax().stable().doc("values as an array", p+"agg(x)")
	}
	r.addJSONB()
}

// addPaths adds the functions of JSON paths, which are texts here.
func (r *registry) addPaths() {
	b, text, yes := types.JSONB, types.Text, types.Bool
	const doc = `'{"a":[1,2,3]}', '$.a[*] ? (@ >= 2)'`
	r.fn("jsonb_path_exists", yes, b, text, b, yes).doc("whether a path gives anything", "jsonb_path_exists("+doc+")")
	r.fn("jsonb_path_match", yes, b, text, b, yes).doc("what a path that is a condition gives", `jsonb_path_match('{"a":[1,2,3]}', 'exists($.a[*] ? (@ >= 2))')`)
	r.fn("jsonb_path_query_array", b, b, text, b, yes).doc("all that a path gives, as an array", "jsonb_path_query_array("+doc+")")
	r.fn("jsonb_path_query_first", b, b, text, b, yes).doc("the first that a path gives", "jsonb_path_query_first("+doc+")")
	r.set("jsonb_path_query", b, nil, b, text, b, yes).doc("all that a path gives", "SELECT * FROM jsonb_path_query("+doc+")")
	r.op("@?", "jsonb_path_exists_opr", yes, b, text)
	r.op("@@", "jsonb_path_match_opr", yes, b, text)
}

func (r *registry) addJSONB() {
	b, text, i4, path, yes := types.JSONB, types.Text, types.Int4, types.TextArray, types.Bool
	r.op("@>", "jsonb_contains", yes, b, b)
	r.op("<@", "jsonb_contained", yes, b, b)
	r.op("?", "jsonb_exists", yes, b, text)
	r.op("?|", "jsonb_exists_any", yes, b, path)
	r.op("?&", "jsonb_exists_all", yes, b, path)
	r.op("||", "jsonb_concat", b, b, b)
	r.named("-", "jsonb_delete", b, b, text)
	r.named("-", "jsonb_delete", b, b, path)
	r.named("-", "jsonb_delete", b, b, i4)
	r.op("#-", "jsonb_delete_path", b, b, path)
	r.addPaths()
	r.fn("jsonb_pretty", text, b).doc("on several lines", `jsonb_pretty('{"a":1}')`)
	r.fn("jsonb_set", b, b, path, b).doc("with the value at a path replaced, or added", `jsonb_set('{"a":1}', '{a}', '2')`)
	r.fn("jsonb_set", b, b, path, b, yes).doc("with the value at a path replaced, or added if wanted", `jsonb_set('{"a":1}', '{b}', '2', false)`)
	r.fn("jsonb_set_lax", b, b, path, b, yes, text).lax().doc("likewise, where a NULL is taken as the last argument says", `jsonb_set_lax('{"a":1}', '{a}', NULL, true, 'delete_key')`)
	r.fn("jsonb_insert", b, b, path, b).doc("with a value put in before an element", `jsonb_insert('[1]', '{0}', '2')`)
	r.fn("jsonb_insert", b, b, path, b, yes).doc("with a value put in before or after an element", `jsonb_insert('[1]', '{0}', '2', true)`)
}
