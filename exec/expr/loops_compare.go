package expr

import (
	"cmp"
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// comparisonSuffixes are the ends of the names of comparisons.
var comparisonSuffixes = []string{"eq", "ne", "lt", "le", "gt", "ge"}

func init() {
	ints := func(v *types.Vector) []int64 { return v.Int }
	strs := func(v *types.Vector) []string { return v.Str }
	for _, prefix := range []string{"int2", "int4", "int8", "int24", "int28", "int42", "int48", "int82", "int84",
		"bool", "oid", "timestamptz_", "timestamp_", "date_", "time_"} {
		registerComparisons(prefix, orderedLoops(ints))
	}
	for _, prefix := range []string{"name", "char", "bytea", "uuid_"} {
		registerComparisons(prefix, orderedLoops(strs))
	}
	for suffix, l := range orderedLoops(strs) {
		if suffix == "eq" || suffix == "ne" {
			registerSafe("text"+suffix, l)
		} else {
			registerSafe("text_"+suffix, l)
		}
	}
	for _, prefix := range []string{"float4", "float8", "float48", "float84"} {
		registerComparisons(prefix, threeWayLoops(func(k *call, i int) int { return types.CompareFloat(k.float(0, i), k.float(1, i)) }))
	}
	registerComparisons("bpchar", threeWayLoops(func(k *call, i int) int {
		return strings.Compare(types.TrimPadding(k.str(0, i)), types.TrimPadding(k.str(1, i)))
	}))
	registerComparisons("numeric_", threeWayLoops(func(k *call, i int) int { return types.CompareDecimal(k.dec(0, i), k.dec(1, i)) }))
}

func registerComparisons(prefix string, ls map[string]loop) {
	for suffix, l := range ls {
		registerSafe(prefix+suffix, l)
	}
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// orderedLoops compares values that Go's operators order as SQL does.
func orderedLoops[T cmp.Ordered](values func(*types.Vector) []T) map[string]loop {
	pair := func(f func(a []T, am int, b []T, bm int, out []int64)) loop {
		return func(k *call) error {
			f(values(k.args[0].Vector), k.args[0].mask, values(k.args[1].Vector), k.args[1].mask, k.out.Int)
			return nil
		}
	}
	return map[string]loop{"eq": pair(equal[T]), "ne": pair(notEqual[T]), "lt": pair(less[T]), "le": pair(lessOrEqual[T]),
		"gt": pair(func(a []T, am int, b []T, bm int, out []int64) { less(b, bm, a, am, out) }),
		"ge": pair(func(a []T, am int, b []T, bm int, out []int64) { lessOrEqual(b, bm, a, am, out) })}
}

func equal[T cmp.Ordered](a []T, am int, b []T, bm int, out []int64) {
	for i := range out {
		out[i] = bit(a[i&am] == b[i&bm])
	}
}

func notEqual[T cmp.Ordered](a []T, am int, b []T, bm int, out []int64) {
	for i := range out {
		out[i] = bit(a[i&am] != b[i&bm])
	}
}

func less[T cmp.Ordered](a []T, am int, b []T, bm int, out []int64) {
	for i := range out {
		out[i] = bit(a[i&am] < b[i&bm])
	}
}

func lessOrEqual[T cmp.Ordered](a []T, am int, b []T, bm int, out []int64) {
	for i := range out {
		out[i] = bit(a[i&am] <= b[i&bm])
	}
}

// threeWayLoops compares with a function that returns the order.
func threeWayLoops(order func(k *call, i int) int) map[string]loop {
	ls := map[string]loop{}
	for i, holds := range [][3]int64{{0, 1, 0}, {1, 0, 1}, {1, 0, 0}, {1, 1, 0}, {0, 0, 1}, {0, 1, 1}} {
		ls[comparisonSuffixes[i]] = func(k *call) error {
			for i := range k.out.Int {
				o := order(k, i)
				k.out.Int[i] = holds[1+cmp.Compare(o, 0)]
			}
			return nil
		}
	}
	return ls
}
