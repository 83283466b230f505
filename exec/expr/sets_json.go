package expr

import (
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func registerJSONSets() {
	for _, t := range []types.Type{types.JSON, types.JSONB} {
		p, args := t.ShortName()+"_", "("+t.ShortName()+")"
		for _, asText := range []bool{false, true} {
			suffix, result := "", t
			if asText {
				suffix, result = "_text", types.Text
			}
			elements := p + "array_elements" + suffix
			sets[elements+args] = func(k *call) (Rows, error) { return k.jsonElements(elements, result) }
			each := p + "each" + suffix
			sets[each+args] = func(k *call) (Rows, error) { return k.jsonMembers(each, result) }
		}
		sets[p+"object_keys"+args] = func(k *call) (Rows, error) { return k.jsonKeys(p + "object_keys") }
	}
}

// jsonElements gives the elements of an array.
func (k *call) jsonElements(name string, result types.Type) (Rows, error) {
	v, err := types.ParseJSON(k.str(0, 0), true)
	jsonb := k.args[0].Type.ID == types.IDJSONB
	switch {
	case err != nil:
		return nil, err
	case v.Kind == types.JSONArray:
	case !jsonb && v.Kind == types.JSONObject:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call %s on a non-array", name)
	case !jsonb:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call %s on a scalar", name)
	case v.Kind == types.JSONObject:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot extract elements from an object")
	default:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot extract elements from a scalar")
	}
	out := types.NewVector(result, len(v.Items))
	for _, item := range v.Items {
		out.Append(jsonPart(item, result))
	}
	return &listed{cols: []*types.Vector{out}}, nil
}

// jsonMembers gives the members of an object.
func (k *call) jsonMembers(name string, result types.Type) (Rows, error) {
	v, err := types.ParseJSON(k.str(0, 0), true)
	switch {
	case err != nil:
		return nil, err
	case v.Kind == types.JSONObject:
	case k.args[0].Type.ID == types.IDJSONB:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call %s on a non-object", name)
	case v.Kind == types.JSONArray:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot deconstruct an array as an object")
	default:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot deconstruct a scalar")
	}
	keys, out := types.NewVector(types.Text, len(v.Items)), types.NewVector(result, len(v.Items))
	for i, item := range v.Items {
		keys.Append(types.StrDatum(v.Keys[i]))
		out.Append(jsonPart(item, result))
	}
	return &listed{cols: []*types.Vector{keys, out}}, nil
}

func (k *call) jsonKeys(name string) (Rows, error) {
	v, err := types.ParseJSON(k.str(0, 0), true)
	switch {
	case err != nil:
		return nil, err
	case v.Kind == types.JSONArray:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call %s on an array", name)
	case v.Kind != types.JSONObject:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "cannot call %s on a scalar", name)
	}
	return &listed{cols: []*types.Vector{{Type: types.Text, Str: v.Keys}}}, nil
}

// jsonPart is a part of a json or jsonb as one, or as text: null is NULL then.
func jsonPart(v *types.JSONValue, result types.Type) types.Datum {
	switch {
	case result.ID == types.IDText && v.Kind == types.JSONNull:
		return types.NullDatum
	case result.ID == types.IDText && v.Kind == types.JSONString:
		return types.StrDatum(v.Str)
	}
	return types.StrDatum(v.Raw)
}
