package expr

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/millracedb/millrace/sql/types"
)

// floatSum is sum and avg over double precision and real. The sum is exact and rounded once, in Result, so it depends neither on
// the order of the rows nor on what was added and taken away in between.
type floatSum struct {
	avg         bool
	single      bool  // the result is a real
	n           int64 // rows that are not NULL
	sum         accumulator
	nan         int64
	inf, negInf int64
}

func (a *floatSum) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	f := arg.Float[row]
	a.n += diff
	switch {
	case f != f:
		a.nan += diff
	case math.IsInf(f, 1):
		a.inf += diff
	case math.IsInf(f, -1):
		a.negInf += diff
	default:
		a.sum.add(f, diff)
	}
	return nil
}

func (a *floatSum) Result() (types.Datum, error) {
	switch {
	case a.n <= 0:
		return types.NullDatum, nil
	case a.nan > 0 || a.inf > 0 && a.negInf > 0:
		return types.FloatDatum(math.NaN()), nil
	case a.inf > 0:
		return types.FloatDatum(math.Inf(1)), nil
	case a.negInf > 0:
		return types.FloatDatum(math.Inf(-1)), nil
	}
	exact := new(big.Float).SetInt(a.sum.value())
	f, _ := exact.SetMantExp(exact, -floatUnit).Float64()
	if a.single {
		f = float64(float32(f))
	}
	if math.IsInf(f, 0) {
		return types.Datum{}, errOverflow
	}
	if a.avg {
		f /= float64(a.n)
	}
	return types.FloatDatum(f), nil
}

// Append writes the sum without its trailing zero bits, of which typical sums have some thousand.
func (a *floatSum) Append(dst []byte) []byte {
	for _, n := range []int64{a.n, a.nan, a.inf, a.negInf} {
		dst = binary.AppendVarint(dst, n)
	}
	return appendExact(dst, &a.sum)
}

// special reports whether a value is not finite.
func (a *floatSum) special() bool { return a.nan > 0 || a.inf > 0 || a.negInf > 0 }

func appendExact(dst []byte, a *accumulator) []byte {
	sum := a.value()
	shift := sum.TrailingZeroBits()
	dst = binary.AppendUvarint(dst, uint64(shift))
	return appendBig(dst, sum.Rsh(sum, shift))
}

// maxSumBits bounds a decoded sum: the largest float, 2^63 times.
const maxSumBits = floatUnit + 1024 + 64

func (a *floatSum) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.n, &a.nan, &a.inf, &a.negInf); err != nil {
		return nil, err
	}
	return decodeExact(b, &a.sum)
}

func decodeExact(b []byte, a *accumulator) (rest []byte, err error) {
	shift, n := binary.Uvarint(b)
	if n <= 0 || shift > maxSumBits {
		return nil, types.ErrCorrupt
	}
	var mantissa exactSum
	if rest, err = decodeBig(b[n:], &mantissa); err != nil {
		return nil, err
	}
	sum := mantissa.value()
	if sum.Lsh(sum, uint(shift)); sum.BitLen() > maxSumBits {
		return nil, types.ErrCorrupt
	}
	a.set(sum)
	return rest, nil
}
