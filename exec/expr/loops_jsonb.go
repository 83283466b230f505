package expr

import (
	"slices"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

var errScalarDelete = pgerr.New(pgerr.InvalidParameterValue, "cannot delete from scalar")

func init() {
	register("jsonb_concat", changeLoop(func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
		return concatJSON(v, types.StoredJSON(k.str(1, i)))
	}))
	register("jsonb_delete(jsonb,text)", changeLoop(func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
		return deleteKeys(v, []textElement{{Text: k.str(1, i)}})
	}))
	register("jsonb_delete(jsonb,_text)", changeLoop(func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
		return deleteKeys(v, k.texts(1, i))
	}))
	register("jsonb_delete(jsonb,int4)", changeLoop(func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
		return deleteElement(v, k.int(1, i))
	}))
	register("jsonb_delete_path", changeLoop(deletePath))
	register("jsonb_set_lax(jsonb,_text,jsonb,bool,text)", func(k *call) error { return k.eachRow(setLax) })
	for _, id := range []string{"jsonb_set(jsonb,_text,jsonb)", "jsonb_set(jsonb,_text,jsonb,bool)"} {
		register(id, changeLoop(func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
			e := &pathEdit{path: k.texts(1, i), value: types.StoredJSON(k.str(2, i)), create: len(k.args) < 4 || k.int(3, i) != 0}
			return setPath(v, e)
		}))
	}
	for _, id := range []string{"jsonb_insert(jsonb,_text,jsonb)", "jsonb_insert(jsonb,_text,jsonb,bool)"} {
		register(id, changeLoop(func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
			e := &pathEdit{path: k.texts(1, i), value: types.StoredJSON(k.str(2, i)), create: true, insert: true, after: len(k.args) > 3 && k.int(3, i) != 0}
			return setPath(v, e)
		}))
	}
}

func deletePath(k *call, i int, v *types.JSONValue) (*types.JSONValue, error) {
	path := k.texts(1, i)
	if v.Kind < types.JSONArray {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot delete path in scalar")
	}
	if len(path) == 0 || len(v.Items) == 0 {
		return v, nil
	}
	return v, (&pathEdit{path: path, remove: true}).apply(v, 0)
}

// setLax is jsonb_set, with a choice of what a NULL means.
func setLax(k *call, i int) (err error) {
	if k.args[0].null(i) || k.args[1].null(i) || k.args[3].null(i) {
		k.setNull(i)
		return nil
	}
	treatment := ""
	if !k.args[4].null(i) {
		treatment = k.str(4, i)
	}
	v, value := types.StoredJSON(k.str(0, i)), &types.JSONValue{Kind: types.JSONNull}
	unknown := pgerr.New(pgerr.InvalidParameterValue, `null_value_treatment must be "delete_key", "return_target", "use_json_null", or "raise_exception"`)
	switch {
	case k.args[4].null(i):
		return unknown
	case !k.args[2].null(i):
		value = types.StoredJSON(k.str(2, i))
	case !slices.Contains(nullTreatments, treatment):
		return unknown
	case treatment == "raise_exception":
		return pgerr.New(pgerr.NullValueNotAllowed, "JSON value must not be null").
			WithDetail(`Exception was raised because null_value_treatment is "raise_exception".`).
			WithHint("To avoid, either change the null_value_treatment argument or ensure that an SQL NULL is not passed.")
	case treatment == "return_target":
		k.setJSON(i, v)
		return nil
	case treatment == "delete_key":
		if v, err = deletePath(k, i, v); err == nil {
			k.setJSON(i, v)
		}
		return err
	}
	if v, err = setPath(v, &pathEdit{path: k.texts(1, i), value: value, create: k.int(3, i) != 0}); err == nil {
		k.setJSON(i, v)
	}
	return err
}

// nullTreatments are what jsonb_set_lax may do for a NULL.
var nullTreatments = []string{"raise_exception", "use_json_null", "delete_key", "return_target"}

// changeLoop gives what f makes of the first argument, a jsonb.
func changeLoop(f func(k *call, i int, v *types.JSONValue) (*types.JSONValue, error)) loop {
	return rows(func(k *call, i int) error {
		v, err := f(k, i, types.StoredJSON(k.str(0, i)))
		if err != nil {
			return err
		}
		k.setJSON(i, v)
		return nil
	})
}

// concatJSON is ||: members of the second replace those of the first; otherwise what is no array is taken as one of one
// element.
func concatJSON(x, y *types.JSONValue) (*types.JSONValue, error) {
	if x.Kind == types.JSONObject && y.Kind == types.JSONObject {
		x.Keys, x.Items = append(x.Keys, y.Keys...), append(x.Items, y.Items...)
		x.SortMembers()
		return x, nil
	}
	out := &types.JSONValue{Kind: types.JSONArray}
	for _, v := range []*types.JSONValue{x, y} {
		if v.Kind == types.JSONArray {
			out.Items = append(out.Items, v.Items...)
		} else {
			out.Items = append(out.Items, v)
		}
	}
	return out, nil
}

// deleteKeys takes out members by their keys, and elements that are these strings.
func deleteKeys(v *types.JSONValue, keys []textElement) (*types.JSONValue, error) {
	if v.Kind < types.JSONArray {
		return nil, errScalarDelete
	}
	gone := func(i int) bool {
		return slices.ContainsFunc(keys, func(e textElement) bool {
			if v.Kind == types.JSONObject {
				return !e.Null && v.Keys[i] == e.Text
			}
			return !e.Null && v.Items[i].Kind == types.JSONString && v.Items[i].Str == e.Text
		})
	}
	for i := len(v.Items) - 1; i >= 0; i-- {
		if gone(i) {
			removeItem(v, i)
		}
	}
	return v, nil
}

func removeItem(v *types.JSONValue, i int) {
	v.Items = slices.Delete(v.Items, i, i+1)
	if v.Kind == types.JSONObject {
		v.Keys = slices.Delete(v.Keys, i, i+1)
	}
}

func deleteElement(v *types.JSONValue, n int64) (*types.JSONValue, error) {
	switch v.Kind {
	case types.JSONArray:
	case types.JSONObject:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot delete from object using integer index")
	default:
		return nil, errScalarDelete
	}
	if n < 0 {
		n += int64(len(v.Items))
	}
	if n >= 0 && n < int64(len(v.Items)) {
		removeItem(v, int(n))
	}
	return v, nil
}

// pathEdit changes the value at a path: takes it out, replaces it, or puts one in beside it.
type pathEdit struct {
	path                  []textElement
	value                 *types.JSONValue
	remove                bool
	create, insert, after bool
}

func setPath(v *types.JSONValue, e *pathEdit) (*types.JSONValue, error) {
	switch {
	case v.Kind < types.JSONArray:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot set path in scalar")
	case len(v.Items) == 0 && !e.create, len(e.path) == 0:
		return v, nil
	}
	return v, e.apply(v, 0)
}

// apply changes v, to which the first level steps of the path lead. What is no array or object stays.
func (e *pathEdit) apply(v *types.JSONValue, level int) error {
	if v.Kind < types.JSONArray {
		return nil
	}
	name := e.path[level]
	if name.Null {
		return pgerr.New("22004", "path element at position %d is null", level+1)
	}
	if v.Kind == types.JSONObject {
		return e.inObject(v, level, name.Text)
	}
	return e.inArray(v, level, name.Text)
}

func (e *pathEdit) inObject(v *types.JSONValue, level int, key string) error {
	i := slices.Index(v.Keys, key)
	last := level == len(e.path)-1
	switch {
	case i < 0 && last && e.create:
		v.Keys, v.Items = append(v.Keys, key), append(v.Items, e.value)
		v.SortMembers()
	case i < 0:
	case !last:
		return e.apply(v.Items[i], level+1)
	case e.remove:
		removeItem(v, i)
	case e.insert:
		return pgerr.New(pgerr.InvalidParameterValue, "cannot replace existing key").
			WithHint("Try using the function jsonb_set to replace key value.")
	default:
		v.Items[i] = e.value
	}
	return nil
}

func (e *pathEdit) inArray(v *types.JSONValue, level int, text string) error {
	n, ok := pathIndex(text)
	if !ok {
		return pgerr.New(pgerr.InvalidTextRepresentation, "path element at position %d is not an integer: \"%s\"", level+1, text)
	}
	size := int64(len(v.Items))
	first := false // before all elements
	if n < 0 {
		n += size
		first = n < 0
	}
	last := level == len(e.path)-1
	switch {
	case last && e.create && (first || size == 0):
		v.Items = slices.Insert(v.Items, 0, e.value)
	case last && e.create && n >= size:
		v.Items = append(v.Items, e.value)
	case first || n >= size:
	case !last:
		return e.apply(v.Items[n], level+1)
	case e.remove:
		removeItem(v, int(n))
	case e.insert:
		v.Items = slices.Insert(v.Items, int(n)+int(bit(e.after)), e.value)
	default:
		v.Items[n] = e.value
	}
	return nil
}
