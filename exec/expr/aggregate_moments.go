package expr

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/types"
)

// spread says which of the aggregates over deviations from the mean is meant: of the sample or of all values, the variance or
// its root.
type spread struct{ sample, root bool }

// spreads are the aggregates of this kind by name.
var spreads = map[string]spread{
	"var_pop": {}, "var_samp": {sample: true}, "variance": {sample: true},
	"stddev_pop": {root: true}, "stddev_samp": {sample: true, root: true}, "stddev": {sample: true, root: true},
}

// newSpread returns the aggregate over values of type t.
func newSpread(s spread, t types.Type) Aggregate {
	if t.Class() == types.ClassFloat {
		return &floatSpread{spread: s}
	}
	return &decimalSpread{spread: s}
}

// defined reports whether n values have this spread.
func (s spread) defined(n int64) bool { return n > 1 || n == 1 && !s.sample }

// divisor is by what n times the sum of the squared deviations is divided.
func (s spread) divisor(n int64) *big.Int {
	d := big.NewInt(n)
	if s.sample {
		d.Sub(d, big.NewInt(1))
	}
	return d.Mul(d, big.NewInt(n))
}

// decimalSpread is a spread of integers and numerics, with the display scales of numeric.c.
type decimalSpread struct {
	spread
	sum, squares decimalSum
}

func (a *decimalSpread) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	d := new(apd.Decimal)
	if arg.Type.Class() == types.ClassInt {
		d.SetInt64(arg.Int[row])
	} else {
		d = &arg.Dec[row]
	}
	if d.Form != apd.Finite {
		a.sum.nan += diff // an infinity has no distance to the mean either
		return nil
	}
	var square apd.Decimal
	square.Coeff.Mul(&d.Coeff, &d.Coeff)
	square.Exponent = 2 * d.Exponent
	a.sum.addFinite(d, diff)
	a.squares.addFinite(&square, diff)
	return nil
}

func (a *decimalSpread) Result() (types.Datum, error) {
	n := a.sum.finite() + a.sum.nan
	switch {
	case !a.defined(n):
		return types.NullDatum, nil
	case a.sum.nan > 0:
		return types.DecDatum(&apd.Decimal{Form: apd.NaN}), nil
	}
	sum, squares := new(big.Int).Set(a.sum.settle()), new(big.Int).Set(a.squares.settle())
	scale := 2 * a.sum.scale()
	squares.Mul(squares, types.Pow10(scale-a.squares.scale()).MathBigInt())
	squares.Mul(squares, big.NewInt(n)).Sub(squares, sum.Mul(sum, sum))
	if squares.Sign() <= 0 {
		return types.DecDatum(new(apd.Decimal)), nil
	}
	by := new(apd.Decimal)
	by.Coeff.SetMathBigInt(a.divisor(n))
	d := decimalResult(squares, scale, 1, false).Dec
	types.DivDecimal(d, d, by)
	if !a.root {
		return types.DecDatum(d), checkRange(d)
	}
	scale = types.Scale(d)
	root := new(apd.Decimal)
	if _, err := precise(int(d.NumDigits())+scale+8).Sqrt(root, d); err != nil {
		return types.Datum{}, err
	}
	z := new(apd.Decimal)
	return types.DecDatum(z), finish(z, root, scale)
}

func (a *decimalSpread) Append(dst []byte) []byte { return a.squares.Append(a.sum.Append(dst)) }

func (a *decimalSpread) Decode(b []byte) (rest []byte, err error) {
	if b, err = a.sum.Decode(b); err != nil {
		return nil, err
	}
	return a.squares.Decode(b)
}

func (a *decimalSpread) Merge(o Aggregate) {
	b := o.(*decimalSpread)
	a.sum.Merge(&b.sum)
	a.squares.Merge(&b.squares)
}

// floatProducts is an exact sum of products of finite floats.
type floatProducts struct {
	sum      accumulator
	overflow int64 // products that are no float
}

// add adds x·y·times. The rest of a product beside its float is a float itself, above the smallest ones.
func (p *floatProducts) add(x, y float64, times int64) {
	product := x * y
	if math.IsInf(product, 0) {
		p.overflow += times
		return
	}
	p.sum.add(product, times)
	p.sum.add(math.FMA(x, y, -product), times)
}

func (p *floatProducts) merge(o *floatProducts) {
	p.overflow += o.overflow
	p.sum.set(new(big.Int).Add(p.sum.value(), o.sum.value()))
}

func (p *floatProducts) append(dst []byte) []byte {
	return appendExact(binary.AppendVarint(dst, p.overflow), &p.sum)
}

func (p *floatProducts) decode(b []byte) ([]byte, error) {
	b, err := decodeVarints(b, &p.overflow)
	if err != nil {
		return nil, err
	}
	return decodeExact(b, &p.sum)
}

// deviations returns n times the sum of the products of x's and y's distances to their means, where p is the sum of x·y, in units of
// 2^-2148.
func (p *floatProducts) deviations(n int64, x, y *accumulator) (*big.Int, error) {
	if p.overflow != 0 {
		return nil, errOverflow
	}
	d := new(big.Int).Lsh(p.sum.value(), floatUnit)
	d.Mul(d, big.NewInt(n))
	return d.Sub(d, new(big.Int).Mul(x.value(), y.value())), nil
}

// momentBits is the precision of what is computed of exact sums before it is rounded to a float.
const momentBits = 256

// unitFloat returns z·2^-unit.
func unitFloat(z *big.Int, unit int) *big.Float {
	f := new(big.Float).SetPrec(momentBits).SetInt(z)
	return f.SetMantExp(f, -unit)
}

// floatSpread is a spread of floats, rounded once.
type floatSpread struct {
	spread
	sum     floatSum
	squares floatProducts
}

func (a *floatSpread) Add(arg *types.Vector, row int, diff int64) error {
	if err := a.sum.Add(arg, row, diff); err != nil || arg.IsNull(row) {
		return err
	}
	if f := arg.Float[row]; !math.IsNaN(f) && !math.IsInf(f, 0) {
		a.squares.add(f, f, diff)
	}
	return nil
}

func (a *floatSpread) Result() (types.Datum, error) {
	switch {
	case !a.defined(a.sum.n):
		return types.NullDatum, nil
	case a.sum.special():
		return types.FloatDatum(math.NaN()), nil
	}
	d, err := a.squares.deviations(a.sum.n, &a.sum.sum, &a.sum.sum)
	if err != nil || d.Sign() <= 0 {
		return types.FloatDatum(0), err
	}
	f := unitFloat(d, 2*floatUnit)
	f.Quo(f, new(big.Float).SetPrec(momentBits).SetInt(a.divisor(a.sum.n)))
	if a.root {
		f.Sqrt(f)
	}
	return roundedFloat(f)
}

func roundedFloat(f *big.Float) (types.Datum, error) {
	out, _ := f.Float64()
	if math.IsInf(out, 0) {
		return types.Datum{}, errOverflow
	}
	return types.FloatDatum(out), nil
}

func (a *floatSpread) Append(dst []byte) []byte { return a.squares.append(a.sum.Append(dst)) }

func (a *floatSpread) Decode(b []byte) (rest []byte, err error) {
	if b, err = a.sum.Decode(b); err != nil {
		return nil, err
	}
	return a.squares.decode(b)
}

func (a *floatSpread) Merge(o Aggregate) {
	b := o.(*floatSpread)
	a.sum.Merge(&b.sum)
	a.squares.merge(&b.squares)
}
