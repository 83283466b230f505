package funcs

import "github.com/millracedb/millrace/sql/types"

// The functions of ARRAY[…], a[i] and a[i:j], which are not called by name.
const (
	MakeArray = "array(anyelement)"
	Subscript = "array_subscript"
	Slice     = "array_slice"
)

// addArrays adds operators and functions over arrays.
func (r *registry) addArrays() {
	text, i4, yes := types.Text, types.Int4, types.Bool
	r.add(&Signature{ID: MakeArray, Name: "array", Args: []types.Type{anyElement}, Variadic: true, Result: anyArray, operator: true})
	r.add(&Signature{ID: Subscript, Name: Subscript, Args: []types.Type{anyArray, i4}, Result: anyElement, Strict: true, operator: true})
	r.add(&Signature{ID: Slice, Name: Slice, Args: []types.Type{anyArray, i4, i4}, Result: anyArray, Strict: true, operator: true})
	r.compare("array_", anyArray, anyArray)
	r.compare("enum_", anyEnum, anyEnum)
	r.op("@>", "arraycontains", yes, anyArray, anyArray)
	r.op("<@", "arraycontained", yes, anyArray, anyArray)
	r.op("&&", "arrayoverlap", yes, anyArray, anyArray)
	r.op("||", "array_cat", anyCompatibleArray, anyCompatibleArray, anyCompatibleArray).lax()
	r.op("||", "array_append", anyCompatibleArray, anyCompatibleArray, anyCompatible).lax()
	r.op("||", "array_prepend", anyCompatibleArray, anyCompatible, anyCompatibleArray).lax()

	r.fn("array_cat", anyCompatibleArray, anyCompatibleArray, anyCompatibleArray).lax().doc("one array behind another", "array_cat(ARRAY[1,2], ARRAY[3])")
	r.fn("array_append", anyCompatibleArray, anyCompatibleArray, anyCompatible).lax().doc("with an element at the end", "array_append(ARRAY[1,2], 3)")
	r.fn("array_prepend", anyCompatibleArray, anyCompatible, anyCompatibleArray).lax().doc("with an element at the start", "array_prepend(1, ARRAY[2,3])")
	r.fn("array_remove", anyCompatibleArray, anyCompatibleArray, anyCompatible).lax().doc("without the elements that are equal to a value", "array_remove(ARRAY[1,2,1], 1)")
	r.fn("array_replace", anyCompatibleArray, anyCompatibleArray, anyCompatible, anyCompatible).lax().doc("elements equal to a value replaced", "array_replace(ARRAY[1,2,5], 5, 3)")
	r.fn("array_position", i4, anyCompatibleArray, anyCompatible).lax().doc("number of the first element equal to a value", "array_position(ARRAY['a','b','c'], 'b')")
	r.fn("array_position", i4, anyCompatibleArray, anyCompatible, i4).lax().doc("likewise, from an element on", "array_position(ARRAY['a','b','a'], 'a', 2)")
	r.fn("width_bucket", i4, anyCompatible, anyCompatibleArray).doc("how many of ascending bounds are not above a value", "width_bucket(7, ARRAY[1,5,10])")
	r.fn("array_positions", types.ArrayOf(i4), anyCompatibleArray, anyCompatible).lax().doc("numbers of the elements equal to a value", "array_positions(ARRAY['a','b','a'], 'a')")
	r.fn("array_length", i4, anyArray, i4).doc("number of elements in a dimension; NULL if there are none", "array_length(ARRAY[1,2,3], 1)")
	r.fn("array_upper", i4, anyArray, i4).doc("number of the last element", "array_upper(ARRAY[1,8,3], 1)")
	r.fn("array_lower", i4, anyArray, i4).doc("number of the first element", "array_lower(ARRAY[1,8,3], 1)")
	for _, v := range []types.Type{types.Int2Vector, types.OIDVector} {
		r.fn("array_lower", i4, v, i4).doc("number of the first element", "")
		r.fn("array_upper", i4, v, i4).doc("number of the last element", "")
	}
	r.fn("array_ndims", i4, anyArray).doc("number of dimensions; NULL if there are no elements", "array_ndims(ARRAY[1,2])")
	r.fn("array_dims", text, anyArray).doc("bounds as text", "array_dims(ARRAY[1,2,3])")
	r.fn("cardinality", i4, anyArray).doc("number of elements", "cardinality(ARRAY[1,2])")
	r.fn("array_fill", anyArray, anyElement, types.ArrayOf(i4)).lax().doc("so many times a value", "array_fill(7, ARRAY[3])")
	r.fn("trim_array", anyArray, anyArray, i4).doc("without the last elements", "trim_array(ARRAY[1,2,3,4], 2)")
	r.fn("array_to_json", types.JSON, anyArray).stable().doc("as JSON", "array_to_json(ARRAY[1,5,99])")
	r.fn("array_to_string", text, anyArray, text).stable().doc("elements with a separator, without NULLs", "array_to_string(ARRAY['a','b'], ',')")
	r.fn("array_to_string", text, anyArray, text, text).lax().stable().doc("elements with a separator, NULLs as the third", "array_to_string(ARRAY['a',NULL], ',', '*')")
	r.fn("string_to_array", types.TextArray, text, text).lax().doc("fields between separators; characters if that is NULL", "string_to_array('xx~~yy~~zz', '~~')")
	r.fn("string_to_array", types.TextArray, text, text, text).lax().doc("likewise; a field equal to the third is NULL", "string_to_array('xx~~yy~~zz', '~~', 'yy')")
	r.old("array_to_string", text, types.TextArray, text)
	r.old("array_to_string", text, types.TextArray, text, text)
}

// old adds a signature that plans of the time before arrays of every type may have.
func (r *registry) old(name string, result types.Type, args ...types.Type) {
	r.add(&Signature{Name: name, Args: args, Result: result, Strict: len(args) < 3, Volatility: Stable, operator: true})
}
