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
	n         int64 // rows that are not NULL
	sum       exactSum
}

func (a *intSum) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	a.n += diff
	a.sum.add(arg.Int[row], diff)
	return nil
}

func (a *intSum) Result() (types.Datum, error) {
	if a.n <= 0 {
		return types.NullDatum, nil
	}
	sum := a.sum.value()
	if a.avg || a.wide {
		return decimalResult(sum, 0, a.n, a.avg), nil
	}
	if !sum.IsInt64() {
		return types.Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
	}
	return types.IntDatum(sum.Int64()), nil
}

// decimalResult returns sum·10^-scale, or for an average that divided by n.
func decimalResult(sum *big.Int, scale int, n int64, avg bool) types.Datum {
	d := new(apd.Decimal)
	d.Coeff.SetMathBigInt(new(big.Int).Abs(sum))
	d.Negative = sum.Sign() < 0
	d.Exponent = int32(-scale)
	if avg {
		types.DivDecimal(d, d, apd.New(n, 0))
	}
	return types.DecDatum(d)
}

func (a *intSum) Append(dst []byte) []byte {
	return appendBig(binary.AppendVarint(dst, a.n), a.sum.value())
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

func decodeBig(b []byte, s *exactSum) ([]byte, error) {
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
	z := new(big.Int).SetBytes(b[:size])
	if negative {
		z.Neg(z)
	}
	s.set(z)
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
	sum    exactSum     // in units of 10^-unit
	unit   int          // at least the largest scale counted
	scales []scaleCount // ascending, no zero counts
	nan    int64
	inf    int64 // +Infinity
	negInf int64
}

// scale is the display scale of the result.
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
	scale := types.Scale(d)
	if scale > a.unit {
		a.rescale(scale)
	}
	a.countScale(scale, diff)
	if d.Negative {
		diff = -diff
	}
	if scale == a.unit && d.Coeff.IsInt64() {
		a.sum.add(d.Coeff.Int64(), diff)
		return
	}
	var term apd.BigInt
	term.Mul(&d.Coeff, types.Pow10(a.unit-scale))
	if term.IsInt64() {
		a.sum.add(term.Int64(), diff)
		return
	}
	z := term.MathBigInt()
	a.sum.addBig(z.Mul(z, big.NewInt(diff)))
}

// rescale changes the unit to 10^-scale. Going down is exact: only rows of no larger scale are left.
func (a *decimalSum) rescale(scale int) {
	z := new(big.Int).Set(a.sum.value())
	if scale > a.unit {
		z.Mul(z, types.Pow10(scale-a.unit).MathBigInt())
	} else if scale < a.unit {
		z.Quo(z, types.Pow10(a.unit-scale).MathBigInt())
	}
	a.sum.set(z)
	a.unit = scale
}

func (a *decimalSum) countScale(scale int, diff int64) {
	i, found := len(a.scales)-1, true
	if i < 0 || a.scales[i].scale != scale {
		i, found = slices.BinarySearchFunc(a.scales, scale, func(s scaleCount, t int) int { return s.scale - t })
	}
	if !found {
		a.scales = slices.Insert(a.scales, i, scaleCount{scale: scale})
	}
	a.scales[i].n += diff
	if a.scales[i].n == 0 {
		a.scales = slices.Delete(a.scales, i, i+1)
	}
}

// settle makes the unit the display scale, so that equal multisets of rows are equal states.
func (a *decimalSum) settle() *big.Int {
	if a.unit != a.scale() {
		a.rescale(a.scale())
	}
	return a.sum.value()
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
	d := decimalResult(a.settle(), a.scale(), max(n, 1), a.avg)
	return d, checkRange(d.Dec)
}

func (a *decimalSum) Append(dst []byte) []byte {
	for _, n := range []int64{a.nan, a.inf, a.negInf} {
		dst = binary.AppendVarint(dst, n)
	}
	dst = binary.AppendUvarint(dst, uint64(len(a.scales)))
	for _, s := range a.scales {
		dst = binary.AppendVarint(binary.AppendVarint(dst, int64(s.scale)), s.n)
	}
	return appendBig(dst, a.settle())
}

func (a *decimalSum) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.nan, &a.inf, &a.negInf); err != nil {
		return nil, err
	}
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(types.MaxNumericScale)+1 {
		return nil, types.ErrCorrupt
	}
	a.scales = a.scales[:0]
	for b = b[n:]; count > 0; count-- {
		var scale, rows int64
		if b, err = decodeVarints(b, &scale, &rows); err != nil {
			return nil, err
		}
		if scale < 0 || scale > types.MaxNumericScale || len(a.scales) > 0 && int(scale) <= a.scale() || rows == 0 {
			return nil, types.ErrCorrupt
		}
		a.scales = append(a.scales, scaleCount{int(scale), rows})
	}
	a.unit = a.scale()
	return decodeBig(b, &a.sum)
}
