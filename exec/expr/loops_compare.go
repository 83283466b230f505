package expr

import (
	"cmp"
	"math"
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// holds says, for each comparison's suffix, for which orders it holds.
var holds = map[string]func(order int) bool{
	"eq": func(o int) bool { return o == 0 }, "ne": func(o int) bool { return o != 0 },
	"lt": func(o int) bool { return o < 0 }, "le": func(o int) bool { return o <= 0 },
	"gt": func(o int) bool { return o > 0 }, "ge": func(o int) bool { return o >= 0 },
}

func init() {
	for suffix, hold := range holds {
		for _, prefix := range []string{
			"int2", "int4", "int8", "int24", "int28", "int42", "int48", "int82", "int84",
			"bool", "oid", "timestamptz_", "date_",
		} {
			register(prefix+suffix, compareLoop(hold, func(v *types.Vector) []int64 { return v.Int }, cmp.Compare[int64]))
		}
		strs := func(v *types.Vector) []string { return v.Str }
		for _, prefix := range []string{"name", "char"} {
			register(prefix+suffix, compareLoop(hold, strs, strings.Compare))
		}
		text := "text_" + suffix
		if suffix == "eq" || suffix == "ne" {
			text = "text" + suffix
		}
		register(text, compareLoop(hold, strs, strings.Compare))
		register("float8"+suffix, compareLoop(hold, func(v *types.Vector) []float64 { return v.Float }, compareFloat))
		register("numeric_"+suffix, decimalCompareLoop(hold))
	}
}

// compareFloat orders floats as PostgreSQL does: NaN equals itself and is greater than all others.
func compareFloat(a, b float64) int {
	an, bn := math.IsNaN(a), math.IsNaN(b)
	switch {
	case an && bn:
		return 0
	case an:
		return 1
	case bn:
		return -1
	}
	return cmp.Compare(a, b)
}

// compareLoop compares two slices of one physical class.
func compareLoop[T any](hold func(int) bool, values func(*types.Vector) []T, order func(a, b T) int) loop {
	wanted := [3]int64{}
	for i := range wanted {
		if hold(i - 1) {
			wanted[i] = 1
		}
	}
	return func(k *call) error {
		a, b, out := values(k.args[0]), values(k.args[1]), k.out.Int
		for i := range out {
			out[i] = wanted[order(a[i], b[i])+1]
		}
		return nil
	}
}

func decimalCompareLoop(hold func(int) bool) loop {
	return func(k *call) error {
		a, b := k.args[0].Dec, k.args[1].Dec
		return k.each(func(i int) error {
			if hold(types.CompareDecimal(&a[i], &b[i])) {
				k.out.Int[i] = 1
			}
			return nil
		})
	}
}
