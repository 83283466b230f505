package expr

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	registerComparisons("jsonb_", threeWayLoops(func(k *call, i int) int { return types.CompareJSONB(k.str(0, i), k.str(1, i)) }))
	for _, t := range []types.Type{types.JSON, types.JSONB} {
		registerJSON(t)
	}
	register("jsonb_contains", rows(func(k *call, i int) error {
		k.out.Int[i] = bit(containsJSON(types.StoredJSON(k.str(0, i)), types.StoredJSON(k.str(1, i)), true))
		return nil
	}))
	register("jsonb_contained", rows(func(k *call, i int) error {
		k.out.Int[i] = bit(containsJSON(types.StoredJSON(k.str(1, i)), types.StoredJSON(k.str(0, i)), true))
		return nil
	}))
	register("jsonb_exists", rows(func(k *call, i int) error {
		k.out.Int[i] = bit(existsJSON(types.StoredJSON(k.str(0, i)), k.str(1, i)))
		return nil
	}))
	register("jsonb_exists_any", existsLoop(true))
	register("jsonb_exists_all", existsLoop(false))
	register("jsonb_pretty(jsonb)", rows(func(k *call, i int) error {
		k.out.Str[i] = string(appendPretty(nil, types.StoredJSON(k.str(0, i)), 0))
		return nil
	}))
}

// registerJSON registers what json and jsonb have in common.
func registerJSON(t types.Type) {
	p := t.ShortName() + "_"
	register(p+"object_field", pickLoop(fieldOf))
	register(p+"object_field_text", pickLoop(fieldOf))
	register(p+"array_element", pickLoop(elementOf))
	register(p+"array_element_text", pickLoop(elementOf))
	for _, id := range []string{p + "extract_path", p + "extract_path_text"} {
		register(id, pickLoop(pathOf))
		register(id+"("+t.ShortName()+",text)", pickLoop(argumentsOf))
	}
	register(p+"typeof("+t.ShortName()+")", rows(func(k *call, i int) error {
		v, err := types.ParseJSON(k.str(0, i), false)
		if err == nil {
			k.out.Str[i] = v.Kind.String()
		}
		return err
	}))
	register(p+"array_length("+t.ShortName()+")", rows(func(k *call, i int) error {
		v, err := types.ParseJSON(k.str(0, i), false)
		switch {
		case err != nil:
			return err
		case v.Kind == types.JSONArray:
			k.out.Int[i] = int64(len(v.Items))
			return nil
		case v.Kind == types.JSONObject:
			return pgerr.New(pgerr.InvalidParameterValue, "cannot get array length of a non-array")
		}
		return pgerr.New(pgerr.InvalidParameterValue, "cannot get array length of a scalar")
	}))
	register(p+"strip_nulls("+t.ShortName()+")", rows(func(k *call, i int) error {
		v, err := types.ParseJSON(k.str(0, i), true)
		if err == nil {
			stripNulls(v)
			k.setJSON(i, v)
		}
		return err
	}))
}

// setJSON sets row i of the result to a tree, which is in normal form if the result is a jsonb.
func (k *call) setJSON(i int, v *types.JSONValue) {
	if k.out.Type.ID == types.IDJSONB {
		k.out.Str[i] = string(types.AppendJSONB(nil, v))
		return
	}
	k.out.Str[i] = string(appendCompact(nil, v))
}

// appendCompact appends a json without white space.
func appendCompact(dst []byte, v *types.JSONValue) []byte {
	if v.Kind < types.JSONArray {
		return types.AppendJSONB(dst, v)
	}
	open, end := byte('['), byte(']')
	if v.Kind == types.JSONObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i, item := range v.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.Kind == types.JSONObject {
			dst = append(types.AppendJSONString(dst, v.Keys[i]), ':')
		}
		dst = appendCompact(dst, item)
	}
	return append(dst, end)
}

// pickLoop gives a part of the first argument, as text if the result is a text; NULL if there is none.
func pickLoop(pick func(k *call, i int, v *types.JSONValue) *types.JSONValue) loop {
	return rows(func(k *call, i int) error {
		v, err := types.ParseJSON(k.str(0, i), true)
		if err != nil {
			return err
		}
		part := pick(k, i, v)
		asText := k.out.Type.ID == types.IDText
		switch {
		case part == nil, asText && part.Kind == types.JSONNull:
			k.setNull(i)
		case asText && part.Kind == types.JSONString:
			k.out.Str[i] = part.Str
		default:
			k.out.Str[i] = part.Raw
		}
		return nil
	})
}

func fieldOf(k *call, i int, v *types.JSONValue) *types.JSONValue { return v.Member(k.str(1, i)) }

// elementOf takes a jsonb that is no array or object as an array of one element, as PostgreSQL does.
func elementOf(k *call, i int, v *types.JSONValue) *types.JSONValue {
	n := k.int(1, i)
	if k.args[0].Type.ID == types.IDJSONB && v.Kind < types.JSONArray && (n == 0 || n == -1) {
		return v
	}
	return elementAt(v, n)
}

// elementAt returns an element of an array, from the end if n is negative; nil if there is none.
func elementAt(v *types.JSONValue, n int64) *types.JSONValue {
	if n < 0 {
		n += int64(len(v.Items))
	}
	if v.Kind != types.JSONArray || n < 0 || n >= int64(len(v.Items)) {
		return nil
	}
	return v.Items[n]
}

// pathOf follows the path that is the second argument, an array.
func pathOf(k *call, i int, v *types.JSONValue) *types.JSONValue {
	for _, e := range k.texts(1, i) {
		if v == nil || e.Null {
			return nil
		}
		v = step(v, e.Text)
	}
	return v
}

// argumentsOf follows the path that the further arguments are.
func argumentsOf(k *call, i int, v *types.JSONValue) *types.JSONValue {
	for a := 1; a < len(k.args) && v != nil; a++ {
		v = step(v, k.str(a, i))
	}
	return v
}

func step(v *types.JSONValue, name string) *types.JSONValue {
	if v.Kind == types.JSONObject {
		return v.Member(name)
	}
	n, ok := pathIndex(name)
	if !ok {
		return nil
	}
	return elementAt(v, n)
}

// pathIndex reads the number of an element, as C's strtol does.
func pathIndex(s string) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(s, " \t\n\v\f\r"), 10, 32)
	return n, err == nil
}

// texts returns the elements of argument a, an array of texts.
func (k *call) texts(a, i int) []textElement {
	v := k.array(a, i)
	out := make([]textElement, v.Len())
	for e := range out {
		out[e] = textElement{v.Str[e], v.IsNull(e)}
	}
	return out
}

// textElement is an element of an array of texts.
type textElement struct {
	Text string
	Null bool
}

// containsJSON reports whether x contains y. At the top an array contains a scalar that is one of its elements.
func containsJSON(x, y *types.JSONValue, top bool) bool {
	if x.Kind != y.Kind {
		return top && x.Kind == types.JSONArray && y.Kind < types.JSONArray && hasElement(x, y)
	}
	for i, item := range y.Items {
		if x.Kind == types.JSONObject {
			if m := x.Member(y.Keys[i]); m == nil || !containsJSON(m, item, false) {
				return false
			}
			continue
		}
		if !hasElement(x, item) {
			return false
		}
	}
	return x.Kind >= types.JSONArray || equalScalars(x, y)
}

func hasElement(array, y *types.JSONValue) bool {
	for _, x := range array.Items {
		if containsJSON(x, y, false) {
			return true
		}
	}
	return false
}

func equalScalars(x, y *types.JSONValue) bool {
	if x.Kind == types.JSONNumber {
		return types.CompareDecimal(x.Decimal(), y.Decimal()) == 0
	}
	return x.Str == y.Str && x.Bool == y.Bool
}

// existsJSON reports whether a text is a key of an object, an element of an array, or the string itself.
func existsJSON(v *types.JSONValue, s string) bool {
	switch v.Kind {
	case types.JSONObject:
		return v.Member(s) != nil
	case types.JSONArray:
		for _, item := range v.Items {
			if item.Kind == types.JSONString && item.Str == s {
				return true
			}
		}
	}
	return v.Kind == types.JSONString && v.Str == s
}

func existsLoop(any bool) loop {
	return rows(func(k *call, i int) error {
		v := types.StoredJSON(k.str(0, i))
		found := !any
		for _, e := range k.texts(1, i) {
			if !e.Null && existsJSON(v, e.Text) == any {
				found = any
			}
		}
		k.out.Int[i] = bit(found)
		return nil
	})
}

// stripNulls takes the members that are null out of every object.
func stripNulls(v *types.JSONValue) {
	n := 0
	for i, item := range v.Items {
		if v.Kind == types.JSONObject {
			if item.Kind == types.JSONNull {
				continue
			}
			v.Keys[n] = v.Keys[i]
		}
		v.Items[n] = item
		n++
		stripNulls(item)
	}
	v.Items = v.Items[:n]
	if v.Kind == types.JSONObject {
		v.Keys = v.Keys[:n]
	}
}

// appendPretty appends v with each element and member on a line of its own.
func appendPretty(dst []byte, v *types.JSONValue, depth int) []byte {
	if v.Kind < types.JSONArray {
		return types.AppendJSONB(dst, v)
	}
	open, end := byte('['), byte(']')
	if v.Kind == types.JSONObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i, item := range v.Items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendLine(dst, depth+1)
		if v.Kind == types.JSONObject {
			dst = append(types.AppendJSONString(dst, v.Keys[i]), ": "...)
		}
		dst = appendPretty(dst, item, depth+1)
	}
	return append(appendLine(dst, depth), end)
}

func appendLine(dst []byte, depth int) []byte {
	dst = append(dst, '\n')
	for range depth {
		dst = append(dst, "    "...)
	}
	return dst
}
