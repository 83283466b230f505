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
			register(p+"pl", arithmeticLoop(r, addInts))
			register(p+"mi", arithmeticLoop(r, subtractInts))
			register(p+"mul", arithmeticLoop(r, multiplyInts))
			register(p+"div", divideLoop(r))
		}
		registerIntFunctions(w.prefixes[0], r)
	}
}

func registerIntFunctions(p string, r intRange) {
	absolute := negateLoop(r, func(x int64) bool { return x < 0 })
	register(p+"mod", moduloLoop)
	register("mod("+p+","+p+")", moduloLoop)
	register(p+"um", negateLoop(r, func(int64) bool { return true }))
	register(p+"abs", absolute)
	register("abs("+p+")", absolute)
	registerSafe(p+"up", sameLoop)
	registerSafe(p+"and", intsLoop(func(a, b int64) int64 { return a & b }))
	registerSafe(p+"or", intsLoop(func(a, b int64) int64 { return a | b }))
	registerSafe(p+"xor", intsLoop(func(a, b int64) int64 { return a ^ b }))
	registerSafe(p+"not", intLoop(func(a int64) int64 { return ^a }))
	last := int64(max(r.bits, 32) - 1) // as C shifts, which knows nothing shorter than an int
	registerSafe(p+"shl", intsLoop(func(a, b int64) int64 { return r.wrap(a << uint(b&last)) }))
	registerSafe(p+"shr", intsLoop(func(a, b int64) int64 { return a >> uint(b&last) }))
}

// intRange is the range of an integer type.
type intRange struct {
	name string
	bits int
	min  int64
}

func rangeOf(t types.Type) intRange {
	switch t.ID {
	case types.IDInt2:
		return intRange{"smallint", 16, math.MinInt16}
	case types.IDInt4:
		return intRange{"integer", 32, math.MinInt32}
	}
	return intRange{"bigint", 64, math.MinInt64}
}

// wrap cuts x to the type's bits.
func (r intRange) wrap(x int64) int64 { return x << (64 - r.bits) >> (64 - r.bits) }

func (r intRange) err() error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "%s out of range", r.name)
}

// arithmeticLoop runs op over all rows, and looks for rows that overflow only if there may be any.
func arithmeticLoop(r intRange, op intOp) loop {
	return func(k *call) error {
		a, b := k.args[0], k.args[1]
		wrong := op.all(a.Int, a.mask, b.Int, b.mask, k.out.Int)
		if r.bits < 64 {
			wrong = 0
			for _, x := range k.out.Int {
				wrong |= r.wrap(x) ^ x
			}
		}
		if wrong == 0 {
			return nil
		}
		return k.each(func(i int) error {
			if x := k.out.Int[i]; r.wrap(x) != x || r.bits == 64 && op.overflows(k.int(0, i), k.int(1, i), x) {
				return r.err()
			}
			return nil
		})
	}
}

// intOp is an operation on 64 bits. all computes it for all rows, and returns 0 only if no row overflows; overflows says
// whether one does. Operands of narrower types never overflow 64 bits.
type intOp struct {
	all       func(a []int64, am int, b []int64, bm int, out []int64) int64
	overflows func(a, b, result int64) bool
}

var addInts = intOp{
	all: func(a []int64, am int, b []int64, bm int, out []int64) (wrong int64) {
		for i := range out {
			x, y := a[i&am], b[i&bm]
			out[i] = x + y
			wrong |= (x ^ out[i]) & (y ^ out[i])
		}
		return wrong & math.MinInt64
	},
	overflows: func(x, y, z int64) bool { return (x^z)&(y^z) < 0 },
}

var subtractInts = intOp{
	all: func(a []int64, am int, b []int64, bm int, out []int64) (wrong int64) {
		for i := range out {
			x, y := a[i&am], b[i&bm]
			out[i] = x - y
			wrong |= (x ^ y) & (x ^ out[i])
		}
		return wrong & math.MinInt64
	},
	overflows: func(x, y, z int64) bool { return (x^y)&(x^z) < 0 },
}

var multiplyInts = intOp{
	all: func(a []int64, am int, b []int64, bm int, out []int64) (wrong int64) {
		for i := range out {
			x, y := a[i&am], b[i&bm]
			out[i] = x * y
			wrong |= (x ^ int64(int32(x))) | (y ^ int64(int32(y)))
		}
		return wrong
	},
	overflows: func(x, y, z int64) bool {
		high, low := bits.Mul64(magnitude(x), magnitude(y))
		limit := uint64(math.MaxInt64)
		if (x < 0) != (y < 0) {
			limit++
		}
		return high != 0 || low > limit
	},
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

var errDivisionByZero = pgerr.New(pgerr.DivisionByZero, "division by zero")

func divideLoop(r intRange) loop {
	return rows(func(k *call, i int) error {
		switch x, y := k.int(0, i), k.int(1, i); y {
		case 0:
			return errDivisionByZero
		case -1:
			if x == r.min {
				return r.err()
			}
			k.out.Int[i] = -x
		default:
			k.out.Int[i] = x / y
		}
		return nil
	})
}

var moduloLoop = rows(func(k *call, i int) error {
	switch x, y := k.int(0, i), k.int(1, i); y {
	case 0:
		return errDivisionByZero
	case -1:
		k.out.Int[i] = 0
	default:
		k.out.Int[i] = x % y
	}
	return nil
})

// negateLoop negates the values that f names.
func negateLoop(r intRange, f func(int64) bool) loop {
	return rows(func(k *call, i int) error {
		x := k.int(0, i)
		switch {
		case !f(x):
			k.out.Int[i] = x
		case x == r.min:
			return r.err()
		default:
			k.out.Int[i] = -x
		}
		return nil
	})
}

// sameLoop gives the argument, a value of the same class.
func sameLoop(k *call) error {
	k.out = retyped(k.args[0].Vector, k.out.Type)
	return nil
}

func intLoop(f func(a int64) int64) loop {
	return func(k *call) error {
		for i := range k.out.Int {
			k.out.Int[i] = f(k.int(0, i))
		}
		return nil
	}
}

func intsLoop(f func(a, b int64) int64) loop {
	return func(k *call) error {
		for i := range k.out.Int {
			k.out.Int[i] = f(k.int(0, i), k.int(1, i))
		}
		return nil
	}
}
