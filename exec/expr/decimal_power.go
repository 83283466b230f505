package expr

import (
	"math"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/types"
)

// powerDecimals sets z to x to the power of y (numeric_power).
func powerDecimals(z, x, y *apd.Decimal) error {
	if x.Form != apd.Finite || y.Form != apd.Finite {
		return powerSpecial(z, x, y)
	}
	if isZero(x) && direction(y) < 0 {
		return errZeroPower
	}
	var whole apd.Decimal
	types.TruncDecimal(&whole, y, 0)
	isInteger := types.CompareDecimal(&whole, y) == 0
	if isInteger && whole.Coeff.IsInt64() && whole.Coeff.Int64() <= math.MaxInt32 {
		n := whole.Coeff.Int64()
		if whole.Negative {
			n = -n
		}
		return powerInteger(z, x, n)
	}
	switch {
	case isZero(x):
		z.Exponent = -significantDigits
		return nil
	case x.Negative && !isInteger:
		return errComplexPower
	}
	return powerFraction(z, x, y, isInteger && whole.Coeff.Bit(0) == 1)
}

// powerSpecial handles operands that are not finite, as POSIX's pow.
func powerSpecial(z, x, y *apd.Decimal) error {
	one := apd.New(1, 0)
	switch {
	case isNaN(x) && isZero(y), isNaN(y) && types.CompareDecimal(x, one) == 0, types.CompareDecimal(x, one) == 0, isZero(y):
		z.Set(one)
		return nil
	case isNaN(x) || isNaN(y):
		z.Form = apd.NaN
		return nil
	case isZero(x) && direction(y) < 0:
		return errZeroPower
	case x.Form == apd.Infinite && x.Negative && y.Form == apd.Finite && !isWhole(y):
		return errComplexPower
	}
	f, err := powerFloats(clampToFloat(x), clampToFloat(y))
	if err != nil {
		return err
	}
	switch {
	case math.IsInf(f, 0):
		setInfinite(z, int(math.Copysign(1, f)))
	default:
		z.SetInt64(int64(f))
	}
	return nil
}

func isWhole(d *apd.Decimal) bool {
	var whole apd.Decimal
	types.TruncDecimal(&whole, d, 0)
	return types.CompareDecimal(&whole, d) == 0
}

// clampToFloat returns a float whose powers by or of an infinity are those of d.
func clampToFloat(d *apd.Decimal) float64 {
	if d.Form == apd.Infinite {
		return math.Inf(direction(d))
	}
	return floatOf(d)
}

// logOf estimates log10 of |x|, not zero.
func logOf(x *apd.Decimal) float64 {
	first, second, _, weight := groups(x)
	return math.Log10(float64(first)*10000+float64(second)) + float64(weight-1)*4
}

// powerInteger is power_var_int.
func powerInteger(z, x *apd.Decimal, n int64) error {
	weight := 0.0
	if !isZero(x) {
		weight = float64(n) * logOf(x)
	}
	if weight > types.MaxNumericIntDigits+4 {
		return types.NumericOverflow()
	}
	if weight+1 < -maxDisplayScale {
		z.Exponent = -maxDisplayScale
		return nil
	}
	scale := resultScale(0, x)
	if n == 0 {
		return finish(z, apd.New(1, 0), scale)
	}
	digits := int(math.Max(weight, 0)) + scale + 10
	r, err := raise(x, n, digits)
	if err != nil {
		return err
	}
	return finish(z, r, scale)
}

// raise computes x^n to so many digits, by squaring.
func raise(x *apd.Decimal, n int64, digits int) (*apd.Decimal, error) {
	c := precise(digits + 10)
	r, square := apd.New(1, 0), new(apd.Decimal).Set(x)
	for m := magnitude(n); m > 0; m >>= 1 {
		if m&1 == 1 {
			if _, err := c.Mul(r, r, square); err != nil {
				return nil, types.NumericOverflow()
			}
		}
		if m > 1 {
			if _, err := c.Mul(square, square, square); err != nil {
				return nil, types.NumericOverflow()
			}
		}
	}
	if n < 0 {
		if _, err := c.Quo(r, apd.New(1, 0), r); err != nil {
			return nil, types.NumericOverflow()
		}
	}
	return r, nil
}

// powerFraction computes e^(y·ln|x|), negative if x is and y is odd.
func powerFraction(z, x, y *apd.Decimal, odd bool) error {
	var base apd.Decimal
	absDecimal(&base, x)
	rough, err := ln(&base, 16)
	if err != nil {
		return err
	}
	value := floatOf(rough) * floatOf(y)
	if math.Abs(value) > maxResultScale*3.01 {
		if value > 0 {
			return types.NumericOverflow()
		}
		z.Exponent = -maxDisplayScale
		return nil
	}
	weight := int(value * log10E)
	scale := resultScale(weight, x, y)
	digits := scale + max(weight, 0) + 16
	exact, err := ln(&base, digits)
	if err != nil {
		return err
	}
	var product apd.Decimal
	if _, err := precise(digits).Mul(&product, exact, y); err != nil {
		return types.NumericOverflow()
	}
	var r apd.Decimal
	if _, err := precise(digits).Exp(&r, &product); err != nil {
		return types.NumericOverflow()
	}
	r.Negative = x.Negative && odd
	return finish(z, &r, scale)
}
