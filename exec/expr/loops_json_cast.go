package expr

import (
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// jsonbScalar converts a jsonb that is a number or a boolean to such a type.
func jsonbScalar(k *call, i int) error {
	v, to := types.StoredJSON(k.str(0, i)), k.out.Type
	want := types.JSONNumber
	if to.ID == types.IDBool {
		want = types.JSONBool
	}
	if v.Kind != want {
		kind := v.Kind.String()
		if v.Kind == types.JSONNumber {
			kind = "numeric"
		}
		return pgerr.New(pgerr.InvalidParameterValue, "cannot cast jsonb %s to type %s", kind, to.Base())
	}
	switch {
	case to.ID == types.IDBool:
		k.out.Int[i] = bit(v.Bool)
		return nil
	case isInt(to.ID):
		x, err := decimalToInt(v.Decimal(), to, rangeOf(to))
		k.out.Int[i] = x
		return err
	}
	d, err := types.ParseText(to, v.Str, types.Scope{})
	if err != nil {
		return err
	}
	k.set(i, d)
	return nil
}
