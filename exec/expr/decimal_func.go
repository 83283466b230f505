package expr

import (
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/types"
)

// Roots, exponentials and logarithms of numerics. The display scales are those of PostgreSQL's numeric.c; the values are
// computed with guard digits and rounded once.
const (
	significantDigits = 16   // NUMERIC_MIN_SIG_DIGITS
	maxDisplayScale   = 1000 // NUMERIC_MAX_DISPLAY_SCALE
	maxResultScale    = 2000 // NUMERIC_MAX_RESULT_SCALE
	guardDigits       = 12
	log10E            = 0.434294481903252
)

// resultScale bounds the scale of a result of some weight by the operands' scales.
func resultScale(weight int, operands ...*apd.Decimal) int {
	scale := max(significantDigits-weight, 0)
	for _, d := range operands {
		scale = max(scale, types.Scale(d))
	}
	return min(scale, maxDisplayScale)
}

// precise returns a context for results with so many digits.
func precise(digits int) *apd.Context {
	c := apd.BaseContext.WithPrecision(uint32(max(digits, 1) + guardDigits))
	c.MaxExponent, c.MinExponent = apd.MaxExponent, apd.MinExponent
	return c
}

// finish rounds r to scale into z.
func finish(z, r *apd.Decimal, scale int) error {
	if r.Exponent > 0 {
		r.Coeff.Mul(&r.Coeff, types.Pow10(int(r.Exponent)))
		r.Exponent = 0
	}
	types.RoundDecimal(z, r, scale)
	return checkRange(z)
}

// groups returns the first two groups of four digits of |d|, and the weight of the first: it counts 10000^weight. There is
// one group if the rest is zero.
func groups(d *apd.Decimal) (first, second int, two bool, weight int) {
	if d.Coeff.Sign() == 0 {
		return 0, 0, false, 0
	}
	text := d.Coeff.Append(nil, 10)
	top := len(text) + int(d.Exponent) - 1
	weight = int(math.Floor(float64(top) / 4))
	pad := 3 - (top - weight*4) // zeros before the digits of the first group
	digit := func(i int) int {
		if i < pad || i-pad >= len(text) {
			return 0
		}
		return int(text[i-pad] - '0')
	}
	for i := range 4 {
		first = first*10 + digit(i)
		second = second*10 + digit(i+4)
	}
	for i := 4; i-pad < len(text); i++ {
		two = two || digit(i) != 0
	}
	return first, second, two, weight
}

// floatOf returns d as a float; beyond its range an infinity.
func floatOf(d *apd.Decimal) float64 {
	f, _ := strconv.ParseFloat(string(types.AppendNumeric(nil, d)), 64)
	return f
}

func rootDecimal(z, x *apd.Decimal) error {
	switch {
	case isNaN(x):
		z.Form = apd.NaN
		return nil
	case direction(x) < 0:
		return errNegativeRoot
	case x.Form == apd.Infinite:
		setInfinite(z, 1)
		return nil
	}
	_, _, _, weight := groups(x)
	digits := weight*2 + 1
	scale := resultScale(digits, x)
	var r apd.Decimal
	if _, err := precise(digits+scale+4).Sqrt(&r, x); err != nil {
		return types.NumericOverflow()
	}
	return finish(z, &r, scale)
}

func expDecimal(z, x *apd.Decimal) error {
	switch {
	case isNaN(x):
		z.Form = apd.NaN
		return nil
	case x.Form == apd.Infinite:
		if !x.Negative {
			setInfinite(z, 1)
		}
		return nil
	}
	weight := min(max(floatOf(x)*log10E, -maxResultScale), maxResultScale)
	return expScaled(z, x, int(weight), resultScale(int(weight), x))
}

// expScaled sets z to e^x, which has about weight digits before its point, rounded to scale.
func expScaled(z, x *apd.Decimal, weight, scale int) error {
	if f := floatOf(x); math.Abs(f) > maxResultScale*3 {
		if f > 0 {
			return types.NumericOverflow()
		}
		z.Exponent = int32(-scale)
		return nil
	}
	var r apd.Decimal
	if _, err := precise(max(weight, 0)+scale+4).Exp(&r, x); err != nil {
		return types.NumericOverflow()
	}
	return finish(z, &r, scale)
}

// lnWeight estimates the decimal weight of ln(x) (estimate_ln_dweight).
func lnWeight(x *apd.Decimal) int {
	if types.CompareDecimal(x, apd.New(9, -1)) >= 0 && types.CompareDecimal(x, apd.New(11, -1)) <= 0 {
		var rest apd.Decimal
		if addDecimals(&rest, x, apd.New(1, 0), true) != nil || isZero(&rest) {
			return 0
		}
		first, _, _, weight := groups(&rest)
		return weight*4 + int(math.Log10(float64(first)))
	}
	first, second, two, weight := groups(x)
	if first == 0 {
		return 0
	}
	digits, exponent := first, weight*4
	if two {
		digits, exponent = first*10000+second, exponent-4
	}
	ln := math.Log(float64(digits)) + float64(exponent)*2.302585092994046
	return int(math.Log10(math.Abs(ln)))
}

// logSpecial handles the arguments of which there is no logarithm, and those that are not finite; done says that z is set.
func logSpecial(z, x *apd.Decimal) (done bool, err error) {
	switch {
	case isNaN(x):
		z.Form = apd.NaN
	case isZero(x):
		return true, errLogOfZero
	case x.Negative:
		return true, errLogOfNegative
	case x.Form == apd.Infinite:
		setInfinite(z, 1)
	default:
		return false, nil
	}
	return true, nil
}

func lnDecimal(z, x *apd.Decimal) error {
	if done, err := logSpecial(z, x); done {
		return err
	}
	weight := lnWeight(x)
	scale := resultScale(weight, x)
	r, err := ln(x, scale+max(weight, 0)+4)
	if err != nil {
		return err
	}
	return finish(z, r, scale)
}

func ln(x *apd.Decimal, digits int) (*apd.Decimal, error) {
	r := new(apd.Decimal)
	if _, err := precise(digits).Ln(r, x); err != nil {
		return nil, types.NumericOverflow()
	}
	return r, nil
}

// logDecimals sets z to the logarithm of x to a base.
func logDecimals(z, base, x *apd.Decimal) error {
	if isNaN(base) || isNaN(x) {
		z.Form = apd.NaN
		return nil
	}
	var ignored apd.Decimal
	baseDone, err := logSpecial(&ignored, base)
	if err != nil {
		return err
	}
	done, err := logSpecial(z, x)
	switch {
	case err != nil:
		return err
	case baseDone && done:
		z.Form = apd.NaN
		return nil
	case baseDone, done:
		return nil
	}
	weight := lnWeight(x) - lnWeight(base)
	scale := resultScale(weight, base, x)
	digits := scale + max(weight, 0) + 8
	lnX, err := ln(x, digits)
	if err != nil {
		return err
	}
	lnBase, err := ln(base, digits)
	if err != nil {
		return err
	}
	if isZero(lnBase) {
		return errDivisionByZero
	}
	var r apd.Decimal
	if _, err := precise(digits).Quo(&r, lnX, lnBase); err != nil {
		return types.NumericOverflow()
	}
	return finish(z, &r, scale)
}
