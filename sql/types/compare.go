package types

import (
	"cmp"
	"strings"
)

// Compare orders two values of type t that are not NULL, as PostgreSQL's ORDER BY does with the collation C: negative,
// zero or positive. NaN equals itself and is greater than all other numbers.
func Compare(t Type, a, b Datum) int {
	switch t.Class() {
	case ClassInt:
		return cmp.Compare(a.Int, b.Int)
	case ClassFloat:
		return CompareFloat(a.Float, b.Float)
	case ClassString:
		return compareStrings(t, a.Str, b.Str)
	}
	return sign(CompareDecimal(a.Dec, b.Dec))
}

// compareStrings orders two values of a type of ClassString. Spaces at the end of a char(n) mean nothing.
func compareStrings(t Type, a, b string) int {
	switch t.ID {
	case IDJSONB:
		return CompareJSONB(a, b)
	case IDInterval:
		return CompareIntervals(a, b)
	case IDArray:
		return compareArrays(t, a, b)
	case IDBpchar:
		a, b = TrimPadding(a), TrimPadding(b)
	}
	return strings.Compare(a, b)
}

// CompareFloat orders floats as PostgreSQL does: NaN equals itself and is greater than all others, -0 equals 0.
func CompareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	}
	return -cmp.Compare(a, b) // one is NaN, which cmp puts first
}

// CompareValues is Compare of value i of v and value j of w, which have the same type; neither is NULL.
func CompareValues(v *Vector, i int, w *Vector, j int) int {
	switch v.Type.Class() {
	case ClassInt:
		return cmp.Compare(v.Int[i], w.Int[j])
	case ClassFloat:
		return CompareFloat(v.Float[i], w.Float[j])
	case ClassString:
		return compareStrings(v.Type, v.Str[i], w.Str[j])
	}
	return sign(CompareDecimal(&v.Dec[i], &w.Dec[j]))
}
