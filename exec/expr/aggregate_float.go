package expr

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// floatUnit is the exponent of the smallest positive float64: every finite one is a multiple of 2^-1074.
const floatUnit = 1074

// floatSum is sum and avg over double precision. The sum is exact and rounded once, in Result, so it depends neither on
// the order of the rows nor on what was added and taken away in between.
type floatSum struct {
	avg         bool
	n           int64   // rows that are not NULL
	sum         big.Int // of the finite rows, in units of 2^-1074
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
	case math.IsNaN(f):
		a.nan += diff
	case math.IsInf(f, 1):
		a.inf += diff
	case math.IsInf(f, -1):
		a.negInf += diff
	default:
		a.addFinite(f, diff)
	}
	return nil
}

func (a *floatSum) addFinite(f float64, diff int64) {
	if f == 0 {
		return
	}
	bits := math.Float64bits(f)
	mantissa, exponent := int64(bits&(1<<52-1)), uint(bits>>52&0x7ff)
	if exponent == 0 {
		exponent = 1 // a subnormal has the exponent of the smallest normal
	} else {
		mantissa |= 1 << 52
	}
	if f < 0 {
		mantissa = -mantissa
	}
	term := big.NewInt(mantissa)
	if diff != 1 {
		term.Mul(term, big.NewInt(diff))
	}
	a.sum.Add(&a.sum, term.Lsh(term, exponent-1))
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
	exact := new(big.Float).SetInt(&a.sum)
	f, _ := exact.SetMantExp(exact, -floatUnit).Float64()
	if math.IsInf(f, 0) {
		return types.Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
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
	shift := a.sum.TrailingZeroBits()
	dst = binary.AppendUvarint(dst, uint64(shift))
	return appendBig(dst, new(big.Int).Rsh(&a.sum, shift))
}

func (a *floatSum) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.n, &a.nan, &a.inf, &a.negInf); err != nil {
		return nil, err
	}
	shift, n := binary.Uvarint(b)
	if n <= 0 || shift > 1<<16 {
		return nil, types.ErrCorrupt
	}
	if rest, err = decodeBig(b[n:], &a.sum); err != nil {
		return nil, err
	}
	a.sum.Lsh(&a.sum, uint(shift))
	return rest, nil
}
