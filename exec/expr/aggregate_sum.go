package expr

import (
	"encoding/binary"
	"math/big"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// intSum is sum and avg over integers. sum(smallint) and sum(integer) are bigint, sum(bigint) and all averages numeric.
type intSum struct {
	avg, wide bool
	n         int64   // rows that are not NULL
	sum       big.Int // exact
	term      big.Int // scratch
}

func (a *intSum) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	a.n += diff
	a.term.SetInt64(arg.Int[row])
	if diff != 1 {
		a.term.Mul(&a.term, big.NewInt(diff))
	}
	a.sum.Add(&a.sum, &a.term)
	return nil
}

func (a *intSum) Result() (types.Datum, error) {
	if a.n <= 0 {
		return types.NullDatum, nil
	}
	if a.avg || a.wide {
		return decimalResult(&a.sum, 0, a.n, a.avg), nil
	}
	if !a.sum.IsInt64() {
		return types.Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
	}
	return types.IntDatum(a.sum.Int64()), nil
}

// decimalResult returns sum·10^-scale, or for an average that divided by n.
func decimalResult(sum *big.Int, scale int, n int64, avg bool) types.Datum {
	d := new(apd.Decimal)
	d.Coeff.SetMathBigInt(sum)
	d.Negative = d.Coeff.Sign() < 0
	d.Coeff.Abs(&d.Coeff)
	d.Exponent = int32(-scale)
	if avg {
		types.DivDecimal(d, d, apd.New(n, 0))
	}
	return types.DecDatum(d)
}

func (a *intSum) Append(dst []byte) []byte {
	return appendBig(binary.AppendVarint(dst, a.n), &a.sum)
}

func (a *intSum) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.n); err != nil {
		return nil, err
	}
	return decodeBig(b, &a.sum)
}

// appendBig appends z: varint length with z's sign, then the magnitude big endian.
func appendBig(dst []byte, z *big.Int) []byte {
	mag := z.Bytes()
	dst = binary.AppendVarint(dst, int64(len(mag)*z.Sign()))
	return append(dst, mag...)
}

func decodeBig(b []byte, z *big.Int) ([]byte, error) {
	var size int64
	b, err := decodeVarints(b, &size)
	if err != nil {
		return nil, err
	}
	negative := size < 0
	if negative {
		size = -size
	}
	if size < 0 || size > int64(len(b)) {
		return nil, types.ErrCorrupt
	}
	z.SetBytes(b[:size])
	if negative {
		z.Neg(z)
	}
	return b[size:], nil
}

// scaleCount is how many rows have a display scale.
type scaleCount struct {
	scale int
	n     int64
}

// decimalSum is sum and avg over numeric. The result's display scale is the largest among the rows, also after some were
// taken away, so rows are counted by scale.
type decimalSum struct {
	avg    bool
	sum    big.Int      // in units of 10^-scale()
	scales []scaleCount // ascending, no zero counts
	nan    int64
	inf    int64 // +Infinity
	negInf int64
}

func (a *decimalSum) scale() int {
	if len(a.scales) == 0 {
		return 0
	}
	return a.scales[len(a.scales)-1].scale
}

func (a *decimalSum) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	d := &arg.Dec[row]
	switch {
	case d.Form == apd.Infinite && d.Negative:
		a.negInf += diff
	case d.Form == apd.Infinite:
		a.inf += diff
	case d.Form != apd.Finite:
		a.nan += diff
	default:
		a.addFinite(d, diff)
	}
	return nil
}

func (a *decimalSum) addFinite(d *apd.Decimal, diff int64) {
	unit := max(a.scale(), types.Scale(d))
	rescale(&a.sum, a.scale(), unit)
	term := new(big.Int).Set(d.Coeff.MathBigInt())
	rescale(term, types.Scale(d), unit)
	if d.Negative {
		diff = -diff
	}
	a.sum.Add(&a.sum, term.Mul(term, big.NewInt(diff)))
	if d.Negative {
		diff = -diff
	}
	a.countScale(types.Scale(d), diff)
	rescale(&a.sum, unit, a.scale())
}

// rescale changes the unit of z from 10^-from to 10^-to. Going down is exact: only rows of no larger scale are left.
func rescale(z *big.Int, from, to int) {
	switch {
	case to > from:
		z.Mul(z, types.Pow10(to-from).MathBigInt())
	case to < from:
		z.Quo(z, types.Pow10(from-to).MathBigInt())
	}
}

func (a *decimalSum) countScale(scale int, diff int64) {
	i, found := slices.BinarySearchFunc(a.scales, scale, func(s scaleCount, t int) int { return s.scale - t })
	if !found {
		a.scales = slices.Insert(a.scales, i, scaleCount{scale: scale})
	}
	a.scales[i].n += diff
	if a.scales[i].n == 0 {
		a.scales = slices.Delete(a.scales, i, i+1)
	}
}

// finite is the number of finite rows.
func (a *decimalSum) finite() (n int64) {
	for _, s := range a.scales {
		n += s.n
	}
	return n
}

func (a *decimalSum) Result() (types.Datum, error) {
	n := a.finite()
	switch {
	case n+a.nan+a.inf+a.negInf <= 0:
		return types.NullDatum, nil
	case a.nan > 0 || a.inf > 0 && a.negInf > 0:
		return types.DecDatum(&apd.Decimal{Form: apd.NaN}), nil
	case a.inf > 0 || a.negInf > 0:
		return types.DecDatum(&apd.Decimal{Form: apd.Infinite, Negative: a.negInf > 0}), nil
	}
	return decimalResult(&a.sum, a.scale(), n, a.avg), nil
}

func (a *decimalSum) Append(dst []byte) []byte {
	for _, n := range []int64{a.nan, a.inf, a.negInf} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = binary.AppendUvarint(dst, uint64(len(a.scales)))
	for _, s := range a.scales {
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(s.scale)), s.n)
	}
	return appendBig(dst, &a.sum)
}

func (a *decimalSum) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.nan, &a.inf, &a.negInf); err != nil {
		return nil, err
	}
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(types.MaxNumericScale) {
		return nil, types.ErrCorrupt
	}
	a.scales = a.scales[:0]
	for b = b[n:]; count > 0; count-- {
		var scale, rows int64
		if b, err = decodeVarints(b, &scale, &rows); err != nil {
			return nil, err
		}
		a.scales = append(a.scales, scaleCount{int(scale), rows})
	}
	return decodeBig(b, &a.sum)
}
