package expr

import (
	"math"
	"math/big"
	"slices"
)

// floatUnit is the exponent of the smallest positive float64: every finite one is a multiple of 2^-1074.
const floatUnit = 1074

// The limbs of an accumulator hold 32 bits each and may run over and under between carries: an addition changes a limb by
// less than 2^32, so a carry is due before 2^30 of them.
const (
	limbBits   = 32
	carryAfter = 1 << 30
)

// accumulator is an exact sum of finite floats: the limbs, of the value 2^(32·i - 1074), that are in use. A float touches
// three limbs, wherever it lies. The sum does not depend on the order of what was added and taken away.
type accumulator struct {
	first   int     // the index of limbs[0]
	limbs   []int64 // signed
	pending int     // additions since the last carry
}

// add adds f·times.
func (a *accumulator) add(f float64, times int64) {
	if f == 0 || times == 0 {
		return
	}
	bits := math.Float64bits(f)
	mantissa, exponent := bits&(1<<52-1), int(bits>>52&0x7ff)
	if exponent == 0 {
		exponent = 1 // a subnormal has the exponent of the smallest normal
	} else {
		mantissa |= 1 << 52
	}
	if f < 0 {
		times = -times
	}
	index, shift := (exponent-1)/limbBits, uint((exponent-1)%limbBits)
	if times != 1 && times != -1 {
		a.addMany(mantissa, exponent-1, times)
		return
	}
	if a.pending++; a.pending >= carryAfter {
		a.set(a.value())
	}
	at := a.reserve(index)
	low := mantissa << shift
	limbs := a.limbs[at : at+3]
	limbs[0] += times * int64(low&math.MaxUint32)
	limbs[1] += times * int64(low>>limbBits)
	limbs[2] += times * int64(mantissa>>(63-shift)>>1)
}

// addMany adds mantissa·2^exponent·times.
func (a *accumulator) addMany(mantissa uint64, exponent int, times int64) {
	term := new(big.Int).SetUint64(mantissa)
	term.Mul(term, big.NewInt(times))
	a.set(term.Add(term.Lsh(term, uint(exponent)), a.value()))
}

// reserve makes room for limbs index to index+2 and returns the place of the first.
func (a *accumulator) reserve(index int) int {
	if len(a.limbs) == 0 {
		a.first = index
	}
	if index < a.first {
		a.limbs = slices.Insert(a.limbs, 0, make([]int64, a.first-index)...)
		a.first = index
	}
	for len(a.limbs) < index-a.first+3 {
		a.limbs = append(a.limbs, 0)
	}
	return index - a.first
}

// value returns the sum in units of 2^-1074.
func (a *accumulator) value() *big.Int {
	sum := new(big.Int)
	for i := len(a.limbs) - 1; i >= 0; i-- {
		sum.Lsh(sum, limbBits)
		sum.Add(sum, big.NewInt(a.limbs[i]))
	}
	return sum.Lsh(sum, uint(a.first*limbBits))
}

// set makes the sum x units of 2^-1074.
func (a *accumulator) set(x *big.Int) {
	a.first, a.limbs, a.pending = 0, a.limbs[:0], 0
	if x.Sign() == 0 {
		return
	}
	a.first = int(new(big.Int).Abs(x).TrailingZeroBits()) / limbBits
	rest := new(big.Int).Rsh(new(big.Int).Abs(x), uint(a.first*limbBits))
	mask := big.NewInt(math.MaxUint32)
	for sign := int64(x.Sign()); rest.Sign() != 0; rest.Rsh(rest, limbBits) {
		a.limbs = append(a.limbs, sign*new(big.Int).And(rest, mask).Int64())
	}
}
