package expr

import (
	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/types"
)

// Arithmetic on numerics with the display scales of PostgreSQL. z is a zero Decimal that no operand shares.

// isZero reports whether a finite numeric is zero.
func isZero(d *apd.Decimal) bool { return d.Form == apd.Finite && d.Coeff.Sign() == 0 }

func isNaN(d *apd.Decimal) bool { return d.Form == apd.NaN || d.Form == apd.NaNSignaling }

// direction returns -1, 0 or 1; also of an infinity.
func direction(d *apd.Decimal) int {
	switch {
	case isZero(d):
		return 0
	case d.Negative:
		return -1
	}
	return 1
}

func setInfinite(z *apd.Decimal, sign int) {
	z.Form, z.Negative = apd.Infinite, sign < 0
}

// maxCoeffBits bounds a coefficient roughly; below it there is no overflow.
const maxCoeffBits = types.MaxNumericIntDigits * 3

// checkRange returns an error if z has too many digits before its point.
func checkRange(z *apd.Decimal) error {
	if z.Form != apd.Finite || z.Coeff.BitLen() < maxCoeffBits {
		return nil
	}
	if int(z.NumDigits())-types.Scale(z) > types.MaxNumericIntDigits {
		return types.NumericOverflow()
	}
	return nil
}

// align returns the coefficients of x and y in units of the smaller exponent; room is for the one that is scaled up.
func align(x, y *apd.Decimal, room *apd.BigInt) (xc, yc *apd.BigInt, exponent int32) {
	xc, yc = &x.Coeff, &y.Coeff
	switch {
	case x.Exponent > y.Exponent:
		return room.Mul(xc, types.Pow10(int(x.Exponent-y.Exponent))), yc, y.Exponent
	case x.Exponent < y.Exponent:
		return xc, room.Mul(yc, types.Pow10(int(y.Exponent-x.Exponent))), x.Exponent
	}
	return xc, yc, x.Exponent
}

// addDecimals sets z to x + y, or x - y if subtract.
func addDecimals(z, x, y *apd.Decimal, subtract bool) error {
	yNegative := y.Negative != subtract
	if x.Form != apd.Finite || y.Form != apd.Finite {
		addSpecial(z, x, y, yNegative)
		return nil
	}
	var room apd.BigInt
	xc, yc, exponent := align(x, y, &room)
	z.Exponent = exponent
	switch {
	case x.Negative == yNegative:
		z.Coeff.Add(xc, yc)
		z.Negative = x.Negative
	case xc.Cmp(yc) >= 0:
		z.Coeff.Sub(xc, yc)
		z.Negative = x.Negative
	default:
		z.Coeff.Sub(yc, xc)
		z.Negative = yNegative
	}
	z.Negative = z.Negative && z.Coeff.Sign() != 0
	return checkRange(z)
}

func addSpecial(z, x, y *apd.Decimal, yNegative bool) {
	switch {
	case isNaN(x) || isNaN(y), x.Form == apd.Infinite && y.Form == apd.Infinite && x.Negative != yNegative:
		z.Form = apd.NaN
	case x.Form == apd.Infinite:
		z.Form, z.Negative = apd.Infinite, x.Negative
	default:
		z.Form, z.Negative = apd.Infinite, yNegative
	}
}

func multiplyDecimals(z, x, y *apd.Decimal) error {
	if x.Form != apd.Finite || y.Form != apd.Finite {
		sign := direction(x) * direction(y)
		if isNaN(x) || isNaN(y) || sign == 0 {
			z.Form = apd.NaN
			return nil
		}
		setInfinite(z, sign)
		return nil
	}
	z.Coeff.Mul(&x.Coeff, &y.Coeff)
	z.Exponent = x.Exponent + y.Exponent
	z.Negative = x.Negative != y.Negative && z.Coeff.Sign() != 0
	if types.Scale(z) > types.MaxNumericScale {
		types.RoundDecimal(z, z, types.MaxNumericScale)
	}
	return checkRange(z)
}

// divideSpecial handles operands that are not finite, and division by zero; done says that z is set.
func divideSpecial(z, x, y *apd.Decimal) (done bool, err error) {
	switch {
	case isNaN(x) || isNaN(y):
		z.Form = apd.NaN
	case isZero(y):
		return true, errDivisionByZero
	case x.Form == apd.Infinite && y.Form == apd.Infinite:
		z.Form = apd.NaN
	case x.Form == apd.Infinite:
		setInfinite(z, direction(x)*direction(y))
	case y.Form == apd.Infinite: // zero
	default:
		return false, nil
	}
	return true, nil
}

func divideDecimals(z, x, y *apd.Decimal) error {
	if done, err := divideSpecial(z, x, y); done {
		return err
	}
	types.DivDecimal(z, x, y)
	return checkRange(z)
}

// quotient sets z to the integer part of x / y.
func quotient(z, x, y *apd.Decimal) error {
	if done, err := divideSpecial(z, x, y); done {
		return err
	}
	var room apd.BigInt
	xc, yc, _ := align(x, y, &room)
	z.Coeff.Quo(xc, yc)
	z.Negative = x.Negative != y.Negative && z.Coeff.Sign() != 0
	return checkRange(z)
}

func remainder(z, x, y *apd.Decimal) error {
	switch {
	case isNaN(x) || isNaN(y):
		z.Form = apd.NaN
		return nil
	case isZero(y):
		return errDivisionByZero
	case x.Form == apd.Infinite:
		z.Form = apd.NaN
		return nil
	case y.Form == apd.Infinite:
		z.Set(x)
		return nil
	}
	var room apd.BigInt
	xc, yc, exponent := align(x, y, &room)
	z.Coeff.Rem(xc, yc)
	z.Exponent = exponent
	z.Negative = x.Negative && z.Coeff.Sign() != 0
	return nil
}

// roundAway sets z to the integer next to x in the direction of away (1: ceiling, -1: floor).
func roundAway(z, x *apd.Decimal, away int) {
	types.TruncDecimal(z, x, 0)
	if z.Form != apd.Finite || direction(x) != away || types.CompareDecimal(z, x) == 0 {
		return
	}
	z.Coeff.Add(&z.Coeff, apd.NewBigInt(1))
	z.Negative = away < 0
}

// trimScale sets z to x without zeros at the end of the fraction.
func trimScale(z, x *apd.Decimal) {
	z.Set(x)
	if z.Form != apd.Finite {
		return
	}
	var q, r apd.BigInt
	for z.Exponent < 0 {
		q.QuoRem(&z.Coeff, types.Pow10(1), &r)
		if r.Sign() != 0 {
			return
		}
		z.Coeff.Set(&q)
		z.Exponent++
	}
}
