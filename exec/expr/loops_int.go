package expr

import (
	"math"
	"math/bits"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Loops over smallint, integer and bigint. The operators over two widths compute in the wider one, as PostgreSQL's do.

func init() {
	for _, w := range []struct {
		t        types.Type
		prefixes []string
	}{
		{types.Int2, []string{"int2"}},
		{types.Int4, []string{"int4", "int24", "int42"}},
		{types.Int8, []string{"int8", "int28", "int82", "int48", "int84"}},
	} {
		r := rangeOf(w.t)
		for _, p := range w.prefixes {
			register(p+"pl", intLoop(r, addInt))
			register(p+"mi", intLoop(r, subInt))
			register(p+"mul", intLoop(r, mulInt))
			register(p+"div", divLoop(r))
		}
		registerIntUnary(w.prefixes[0], r)
	}
}

func registerIntUnary(p string, r intRange) {
	register(p+"mod", modLoop)
	register(p+"um", negateLoop(r, func(int64) bool { return true }))
	register(p+"abs", negateLoop(r, func(x int64) bool { return x < 0 }))
	register(p+"up", func(k *call) error { copy(k.out.Int, k.args[0].Int); return nil })
	register(p+"and", bitLoop(func(a, b int64) int64 { return a & b }))
	register(p+"or", bitLoop(func(a, b int64) int64 { return a | b }))
	register(p+"xor", bitLoop(func(a, b int64) int64 { return a ^ b }))
	register(p+"not", func(k *call) error {
		for i, x := range k.args[0].Int {
			k.out.Int[i] = ^x
		}
		return nil
	})
	width := int64(bits.Len64(uint64(r.max)) + 1)
	register(p+"shl", bitLoop(func(a, b int64) int64 { return r.wrap(a << uint(b&(width-1))) }))
	register(p+"shr", bitLoop(func(a, b int64) int64 { return a >> uint(b&(width-1)) }))
}

// intRange is the range of an integer type.
type intRange struct {
	name     string
	min, max int64
}

func rangeOf(t types.Type) intRange {
	switch t.ID {
	case types.IDInt2:
		return intRange{"smallint", math.MinInt16, math.MaxInt16}
	case types.IDInt4:
		return intRange{"integer", math.MinInt32, math.MaxInt32}
	}
	return intRange{"bigint", math.MinInt64, math.MaxInt64}
}

func (r intRange) holds(x int64) bool { return x >= r.min && x <= r.max }

func (r intRange) err() error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "%s out of range", r.name)
}

// wrap cuts x to the type's bits.
func (r intRange) wrap(x int64) int64 {
	switch r.max {
	case math.MaxInt16:
		return int64(int16(x))
	case math.MaxInt32:
		return int64(int32(x))
	}
	return x
}

func addInt(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0) || b == 0
}

func subInt(a, b int64) (int64, bool) {
	c := a - b
	return c, (c < a) == (b > 0) || b == 0
}

func mulInt(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	return c, c/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}

// intLoop runs an operation that tells whether its result fits into 64 bits.
func intLoop(r intRange, f func(a, b int64) (int64, bool)) loop {
	return func(k *call) error {
		a, b, out := k.args[0].Int, k.args[1].Int, k.out.Int
		for i := range out {
			x, ok := f(a[i], b[i])
			out[i] = x
			if ok && r.holds(x) || k.skipped(i) {
				continue
			}
			if err := k.fail(i, r.err()); err != nil {
				return err
			}
		}
		return nil
	}
}

var errDivisionByZero = pgerr.New(pgerr.DivisionByZero, "division by zero")

func divLoop(r intRange) loop {
	return func(k *call) error {
		a, b := k.args[0].Int, k.args[1].Int
		return k.each(func(i int) error {
			switch {
			case b[i] == 0:
				return errDivisionByZero
			case b[i] == -1:
				if a[i] == r.min {
					return r.err()
				}
				k.out.Int[i] = -a[i]
			default:
				k.out.Int[i] = a[i] / b[i]
			}
			return nil
		})
	}
}

func modLoop(k *call) error {
	a, b := k.args[0].Int, k.args[1].Int
	return k.each(func(i int) error {
		switch b[i] {
		case 0:
			return errDivisionByZero
		case -1:
			k.out.Int[i] = 0
		default:
			k.out.Int[i] = a[i] % b[i]
		}
		return nil
	})
}

// negateLoop negates the values that f names.
func negateLoop(r intRange, f func(int64) bool) loop {
	return func(k *call) error {
		a := k.args[0].Int
		return k.each(func(i int) error {
			k.out.Int[i] = a[i]
			if !f(a[i]) {
				return nil
			}
			if a[i] == r.min {
				return r.err()
			}
			k.out.Int[i] = -a[i]
			return nil
		})
	}
}

func bitLoop(f func(a, b int64) int64) loop {
	return func(k *call) error {
		a, b := k.args[0].Int, k.args[1].Int
		for i := range k.out.Int {
			k.out.Int[i] = f(a[i], b[i])
		}
		return nil
	}
}
