package types

import "github.com/cockroachdb/apd/v3"

// The scale of a quotient, as PostgreSQL 15's numeric.c chooses it (select_div_scale): at least 16 significant digits.
const (
	minSignificantDigits = 16
	maxDisplayScale      = 1000
	digitsPerGroup       = 4 // PostgreSQL's base is 10,000
)

// DivDecimal sets d to x / y with the display scale that PostgreSQL gives it; all finite, y not zero. d may be x or y.
func DivDecimal(d, x, y *apd.Decimal) {
	scale := divScale(x, y)
	// x/y = (xc·10^xe)/(yc·10^ye); in units of 10^-scale that is xc·10^(xe-ye+scale) / yc.
	var room apd.BigInt // a BigInt must not be copied: a large one shares its digits
	num, den := &x.Coeff, &y.Coeff
	if shift := int(x.Exponent) - int(y.Exponent) + scale; shift >= 0 {
		num = room.Mul(num, Pow10(shift))
	} else {
		den = room.Mul(den, Pow10(-shift))
	}
	negative := x.Negative != y.Negative
	var q apd.BigInt
	roundQuotient(&q, num, den)
	d.Form, d.Exponent = apd.Finite, int32(-scale)
	d.Coeff.Set(&q)
	d.Negative = negative && q.Sign() != 0
}

func divScale(x, y *apd.Decimal) int {
	xw, xd := leadingGroup(x)
	yw, yd := leadingGroup(y)
	weight := xw - yw
	if xd <= yd {
		weight--
	}
	scale := max(minSignificantDigits-weight*digitsPerGroup, Scale(x), Scale(y), 0)
	return min(scale, maxDisplayScale)
}

// leadingGroup returns the weight and the value of the first group of four decimal digits that is not zero.
func leadingGroup(d *apd.Decimal) (weight, digit int) {
	if d.Coeff.Sign() == 0 {
		return 0, 0
	}
	n := int(d.NumDigits())
	top := n + int(d.Exponent) - 1 // the value is at least 10^top
	q, rest := floorDiv(int64(top), digitsPerGroup)
	weight = int(q)
	take := int(rest) + 1 // digits in the first group
	var g apd.BigInt
	if n >= take {
		g.Quo(&d.Coeff, Pow10(n-take))
	} else {
		g.Mul(&d.Coeff, Pow10(take-n))
	}
	return weight, int(g.Int64())
}
