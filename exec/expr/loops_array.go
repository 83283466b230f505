package expr

import (
	"fmt"

	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	register(funcs.MakeArray, func(k *call) error { return k.eachRow(makeArray) })
	registerSafe(funcs.Subscript, rows(subscript))
	registerSafe(funcs.Slice, rows(slice))
	registerComparisons("array_", threeWayLoops(func(k *call, i int) int {
		return types.CompareValues(k.args[0].Vector, k.args[0].at(i), k.args[1].Vector, k.args[1].at(i))
	}))
	contains := func(outer, inner int, want bool, one bool) loop {
		return rows(func(k *call, i int) error {
			o := k.array(outer, i)
			k.out.Int[i] = bit(containsElements(o, k.array(inner, i), one) == want)
			return nil
		})
	}
	registerSafe("arraycontains", contains(0, 1, true, false))
	registerSafe("arraycontained", contains(1, 0, true, false))
	registerSafe("arrayoverlap", contains(0, 1, true, true))
	registerLengths()
}

// vectorLength is the number of elements of an oidvector or int2vector, the first argument.
func vectorLength(k *call, i int) int64 {
	return int64(types.ArrayLength(types.ArrayOfVector(k.args[0].Type, k.str(0, i))))
}

// vectorBound gives a bound of the one dimension of a vector, by its length.
func vectorBound(of func(n int64) int64) loop {
	return rows(func(k *call, i int) error {
		if k.int(1, i) != 1 {
			k.setNull(i)
			return nil
		}
		k.out.Int[i] = of(vectorLength(k, i))
		return nil
	})
}

// array returns the elements of argument a in row i.
func (k *call) array(a, i int) *types.Vector { return types.StoredArray(k.args[a].Type, k.str(a, i)) }

// setArray sets row i of the result to an array. Error: 54000 if it is too large.
func (k *call) setArray(i int, v *types.Vector) (err error) {
	k.out.Str[i], err = encodeArray(v)
	return err
}

var errArraySize = pgerr.New(pgerr.ProgramLimitExceeded, "array size exceeds the maximum allowed (%d)", maxText)

func encodeArray(v *types.Vector) (string, error) {
	s := types.EncodeArray(v)
	if len(s) > maxText {
		return "", errArraySize
	}
	return s, nil
}

// eachRow calls f for each row, also where an argument is NULL; an error of f fails the row.
func (k *call) eachRow(f func(k *call, i int) error) error {
	for i := range k.n {
		if err := f(k, i); err != nil {
			if err := k.fail(i, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// laxRows is rows for a function that sees NULLs.
func laxRows(f func(k *call, i int) error) loop {
	return func(k *call) error { return k.eachRow(f) }
}

func makeArray(k *call, i int) error {
	v := types.NewVector(k.out.Type.Element(), len(k.args))
	for _, a := range k.args {
		v.Append(a.Datum(a.at(i)))
	}
	return k.setArray(i, v)
}

func subscript(k *call, i int) error {
	v, n := k.array(0, i), k.int(1, i)
	if n < 1 || n > int64(v.Len()) || v.IsNull(int(n-1)) {
		k.setNull(i)
		return nil
	}
	k.set(i, v.Datum(int(n-1)))
	return nil
}

func slice(k *call, i int) error {
	v := k.array(0, i)
	from, to := max(k.int(1, i), 1), min(k.int(2, i), int64(v.Len()))
	if from > to {
		return k.setArray(i, types.NewVector(v.Type, 0))
	}
	return k.setArray(i, v.Slice(int(from-1), int(to)))
}

// castArrayLoop converts the elements one by one; id says which cast of arrays it is.
func castArrayLoop(id string) loop {
	return func(k *call) error {
		from, to := k.args[0].Type.Element(), k.out.Type.Element()
		element := funcs.ElementCast(id, from, to)
		l := loops[element]
		if element != "" && l == nil {
			return fmt.Errorf("BUG: no cast %q of elements", element)
		}
		return k.each(func(i int) error {
			v := k.array(0, i)
			if l != nil && v.Len() > 0 {
				var err error
				if v, err = callLoop(k.evaluation, l, to, v.Len(), perRow(v)); err != nil {
					return err
				}
			}
			return k.setArray(i, v)
		})
	}
}

// containsElements reports whether all (one: any) values of inner are in outer. NULLs are equal to nothing.
func containsElements(outer, inner *types.Vector, one bool) bool {
	for i := range inner.Len() {
		if (!inner.IsNull(i) && indexOfElement(outer, 0, inner, i) >= 0) == one {
			return one
		}
	}
	return !one
}

// indexOfElement returns the place in v, from a place on, of what is equal to value i of w; NULLs are equal. -1: there is none.
func indexOfElement(v *types.Vector, from int, w *types.Vector, i int) int {
	for e := from; e < v.Len(); e++ {
		if v.IsNull(e) || w.IsNull(i) {
			if v.IsNull(e) && w.IsNull(i) {
				return e
			}
			continue
		}
		if types.CompareValues(v, e, w, i) == 0 {
			return e
		}
	}
	return -1
}

// registerLengths registers what tells the size of an array.
func registerLengths() {
	length := func(k *call, i int) int64 { return int64(types.ArrayLength(k.str(0, i))) }
	dimension := func(of func(n int64) int64) loop {
		return rows(func(k *call, i int) error {
			n := length(k, i)
			if n == 0 || k.int(1, i) != 1 {
				k.setNull(i)
			}
			k.out.Int[i] = of(n)
			return nil
		})
	}
	registerSafe("array_length(anyarray,int4)", dimension(func(n int64) int64 { return n }))
	registerSafe("array_upper(anyarray,int4)", dimension(func(n int64) int64 { return n }))
	registerSafe("array_lower(anyarray,int4)", dimension(func(int64) int64 { return 1 }))
	for _, t := range []types.Type{types.Int2Vector, types.OIDVector} {
		registerSafe("array_lower("+t.ShortName()+",int4)", vectorBound(func(int64) int64 { return 0 }))
		registerSafe("array_upper("+t.ShortName()+",int4)", vectorBound(func(n int64) int64 { return n - 1 }))
	}
	registerSafe("cardinality(anyarray)", rows(func(k *call, i int) error {
		k.out.Int[i] = length(k, i)
		return nil
	}))
	registerSafe("array_ndims(anyarray)", rows(func(k *call, i int) error {
		if length(k, i) == 0 {
			k.setNull(i)
		}
		k.out.Int[i] = 1
		return nil
	}))
	registerSafe("array_dims(anyarray)", rows(func(k *call, i int) error {
		n := length(k, i)
		if n == 0 {
			k.setNull(i)
		}
		k.out.Str[i] = fmt.Sprintf("[1:%d]", n)
		return nil
	}))
}
