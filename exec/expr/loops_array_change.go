package expr

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	for _, id := range []string{"array_cat", "array_cat(anycompatiblearray,anycompatiblearray)"} {
		register(id, laxRows(catArrays))
	}
	for _, id := range []string{"array_append", "array_append(anycompatiblearray,anycompatible)"} {
		register(id, laxRows(func(k *call, i int) error { return k.setArray(i, append2(k.arrayOrNone(0, i), k.args[1], i)) }))
	}
	for _, id := range []string{"array_prepend", "array_prepend(anycompatible,anycompatiblearray)"} {
		register(id, laxRows(func(k *call, i int) error {
			v := append2(types.NewVector(k.out.Type.Element(), 1), k.args[0], i)
			return k.setArray(i, appendAll(v, k.arrayOrNone(1, i)))
		}))
	}
	register("array_remove(anycompatiblearray,anycompatible)", laxRows(changeElements))
	register("array_replace(anycompatiblearray,anycompatible,anycompatible)", laxRows(changeElements))
	register("array_position(anycompatiblearray,anycompatible)", laxRows(arrayPosition))
	register("array_position(anycompatiblearray,anycompatible,int4)", laxRows(arrayPosition))
	register("array_positions(anycompatiblearray,anycompatible)", laxRows(arrayPositions))
	register("width_bucket(anycompatible,anycompatiblearray)", rows(bucketAmong))
	register("array_fill(anyelement,_int4)", laxRows(fillArray))
	register("trim_array(anyarray,int4)", rows(trimArray))
	register("array_to_json(anyarray)", rows(func(k *call, i int) error {
		return k.finishJSON(i, appendJSONArray(nil, k.array(0, i), k.evaluation))
	}))
	for _, of := range []string{"anyarray", "_text"} {
		register("array_to_string("+of+",text)", laxRows(joinArray))
		register("array_to_string("+of+",text,text)", laxRows(joinArray))
	}
	register("string_to_array(text,text)", laxRows(splitText))
	register("string_to_array(text,text,text)", laxRows(splitText))
}

// bucketAmong counts the bounds, which ascend, that are not above a value.
func bucketAmong(k *call, i int) error {
	bounds := k.array(1, i)
	n := bounds.Len()
	for j := range n {
		if bounds.IsNull(j) {
			return pgerr.New(pgerr.NullValueNotAllowed, "thresholds array must not contain NULLs")
		}
	}
	value := k.args[0].Datum(k.args[0].at(i))
	k.out.Int[i] = int64(sort.Search(n, func(j int) bool { return types.Compare(bounds.Type, value, bounds.Datum(j)) < 0 }))
	return nil
}

// arrayOrNone is array, without elements where that is NULL.
func (k *call) arrayOrNone(a, i int) *types.Vector {
	if k.args[a].null(i) {
		return types.NewVector(k.args[a].Type.Element(), 1)
	}
	return k.array(a, i)
}

func append2(v *types.Vector, c column, i int) *types.Vector {
	v.Append(c.Datum(c.at(i)))
	return v
}

func appendAll(v, w *types.Vector) *types.Vector {
	for i := range w.Len() {
		v.AppendFrom(w, i)
	}
	return v
}

// catArrays is one array behind another; a NULL adds nothing, and only two of them give NULL.
func catArrays(k *call, i int) error {
	if k.args[0].null(i) && k.args[1].null(i) {
		k.setNull(i)
		return nil
	}
	return k.setArray(i, appendAll(k.arrayOrNone(0, i), k.arrayOrNone(1, i)))
}

// needElementEquality fails for elements that cannot be compared.
func needElementEquality(t types.Type) error {
	if t.ID == types.IDJSON {
		return pgerr.New(pgerr.UndefinedFunction, "could not identify an equality operator for type %s", t)
	}
	return nil
}

// changeElements takes out the elements equal to the second argument, or replaces them by the third.
func changeElements(k *call, i int) error {
	if k.args[0].null(i) {
		k.setNull(i)
		return nil
	}
	v := k.array(0, i)
	if err := needElementEquality(v.Type); err != nil {
		return err
	}
	out := types.NewVector(v.Type, v.Len())
	searched := append2(types.NewVector(v.Type, 1), k.args[1], i)
	for e := range v.Len() {
		switch {
		case indexOfElement(searched, 0, v, e) < 0:
			out.AppendFrom(v, e)
		case len(k.args) == 3:
			append2(out, k.args[2], i)
		}
	}
	return k.setArray(i, out)
}

func arrayPosition(k *call, i int) error {
	from := int64(1)
	if len(k.args) == 3 && !k.args[0].null(i) && k.array(0, i).Len() > 0 {
		if k.args[2].null(i) {
			return pgerr.New("22004", "initial position must not be null")
		}
		from = max(k.int(2, i), 1)
	}
	at := -1
	if !k.args[0].null(i) {
		v := k.array(0, i)
		if err := needElementEquality(v.Type); err != nil {
			return err
		}
		at = indexOfElement(v, int(from-1), append2(types.NewVector(v.Type, 1), k.args[1], i), 0)
	}
	if at < 0 {
		k.setNull(i)
	}
	k.out.Int[i] = int64(at + 1)
	return nil
}

func arrayPositions(k *call, i int) error {
	if k.args[0].null(i) {
		k.setNull(i)
		return nil
	}
	v, out := k.array(0, i), types.NewVector(types.Int4, 0)
	if err := needElementEquality(v.Type); err != nil {
		return err
	}
	searched := append2(types.NewVector(v.Type, 1), k.args[1], i)
	for at := indexOfElement(v, 0, searched, 0); at >= 0; at = indexOfElement(v, at+1, searched, 0) {
		out.Append(types.IntDatum(int64(at + 1)))
	}
	return k.setArray(i, out)
}

func fillArray(k *call, i int) error {
	if k.args[1].null(i) {
		return pgerr.New("22004", "dimension array or low bound array cannot be null")
	}
	dimensions := k.array(1, i)
	out := types.NewVector(k.out.Type.Element(), 0)
	switch {
	case dimensions.Len() > 1:
		return pgerr.Unsupported("multidimensional arrays are")
	case dimensions.Nulls != nil:
		return pgerr.New("22004", "dimension values cannot be null")
	case dimensions.Len() == 1:
		n := dimensions.Int[0]
		if n < 0 || n > maxText {
			return errArraySize
		}
		one := append2(types.NewVector(out.Type, 1), k.args[0], i)
		if n*int64(len(types.EncodeArray(one))) > 4*maxText {
			return errArraySize
		}
		out = types.ConstVector(out.Type, one.Datum(0), int(n))
	}
	return k.setArray(i, out)
}

func trimArray(k *call, i int) error {
	v, n := k.array(0, i), k.int(1, i)
	if n < 0 || n > int64(v.Len()) {
		return pgerr.New("2202E", "number of elements to trim must be between 0 and %d", v.Len())
	}
	return k.setArray(i, v.Slice(0, v.Len()-int(n)))
}

// joinArray joins the elements as texts; NULLs are left out, or written as the third argument.
func joinArray(k *call, i int) error {
	if k.args[0].null(i) || k.args[1].null(i) {
		k.setNull(i)
		return nil
	}
	v, separator := k.array(0, i), k.str(1, i)
	var out []byte
	first := true
	for e := range v.Len() {
		if v.IsNull(e) && (len(k.args) < 3 || k.args[2].null(i)) {
			continue
		}
		if !first {
			out = append(out, separator...)
		}
		first = false
		if v.IsNull(e) {
			out = append(out, k.str(2, i)...)
		} else {
			out = types.FormatText(out, v.Type, v.Datum(e), k.Scope())
		}
		if len(out) > maxText {
			return errTextLength
		}
	}
	k.out.Str[i] = string(out)
	return nil
}

// splitText is string_to_array.
func splitText(k *call, i int) error {
	if k.args[0].null(i) {
		k.setNull(i)
		return nil
	}
	out := types.NewVector(types.Text, 0)
	splitFields(k, i, func(s string, null bool) { out.Append(types.Datum{Str: s, Null: null}) })
	return k.setArray(i, out)
}

// splitFields calls add for each field of the first argument between the second: for each character if that is NULL.
func splitFields(k *call, i int, add func(s string, null bool)) {
	s := k.str(0, i)
	field := func(s string) {
		null := len(k.args) == 3 && !k.args[2].null(i) && s == k.str(2, i)
		if null {
			s = ""
		}
		add(s, null)
	}
	switch {
	case s == "":
	case k.args[1].null(i):
		for len(s) > 0 {
			_, n := utf8.DecodeRuneInString(s)
			field(s[:n])
			s = s[n:]
		}
	case k.str(1, i) == "":
		field(s)
	default:
		for found := true; found; {
			var before string
			before, s, found = strings.Cut(s, k.str(1, i))
			field(before)
		}
	}
}
