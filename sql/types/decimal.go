package types

import (
	"fmt"
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
)

// Limits of numeric, as PostgreSQL's.
const (
	MaxNumericScale     = 16383  // digits after the point
	MaxNumericIntDigits = 131072 // digits before the point
)

// maxPow10 is the highest power of ten that is kept in a table.
const maxPow10 = 128

var pow10Table = func() (t [maxPow10 + 1]apd.BigInt) {
	t[0].SetInt64(1)
	ten := apd.NewBigInt(10)
	for i := 1; i <= maxPow10; i++ {
		t[i].Mul(&t[i-1], ten)
	}
	return t
}()

// Pow10 returns 10 to the power n, n ≥ 0; the result must not be changed.
func Pow10(n int) *apd.BigInt {
	if n <= maxPow10 {
		return &pow10Table[n]
	}
	z := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	return new(apd.BigInt).SetMathBigInt(z)
}

// Scale returns the display scale of a finite numeric: the digits after its point.
func Scale(d *apd.Decimal) int { return int(-d.Exponent) }

// CompareDecimal orders numerics as PostgreSQL does: NaN equals itself and is greater than all others.
func CompareDecimal(a, b *apd.Decimal) int {
	if a.Form != apd.Finite || b.Form != apd.Finite {
		return decimalRank(a) - decimalRank(b)
	}
	as, bs := a.Sign(), b.Sign()
	if as != bs {
		return sign(as - bs)
	}
	if as == 0 {
		return 0
	}
	return as * compareMagnitude(a, b)
}

// decimalRank places the forms that are not finite around those that are.
func decimalRank(d *apd.Decimal) int {
	switch {
	case d.Form == apd.Finite:
		return 0
	case d.Form == apd.Infinite && d.Negative:
		return -1
	case d.Form == apd.Infinite:
		return 1
	}
	return 2
}

func compareMagnitude(a, b *apd.Decimal) int {
	if a.Exponent == b.Exponent {
		return a.Coeff.CmpAbs(&b.Coeff)
	}
	var scaled apd.BigInt
	if a.Exponent > b.Exponent {
		scaled.Mul(&a.Coeff, Pow10(int(a.Exponent-b.Exponent)))
		return scaled.CmpAbs(&b.Coeff)
	}
	scaled.Mul(&b.Coeff, Pow10(int(b.Exponent-a.Exponent)))
	return a.Coeff.CmpAbs(&scaled)
}

func sign(i int) int {
	switch {
	case i < 0:
		return -1
	case i > 0:
		return 1
	}
	return 0
}

// RoundDecimal sets d to x with scale digits after the point (negative: zeros before it), halves away from zero. The
// display scale is max(scale, 0). d may be x.
func RoundDecimal(d, x *apd.Decimal, scale int) {
	d.Form, d.Negative = x.Form, x.Negative
	if x.Form != apd.Finite {
		return
	}
	from := Scale(x)
	if scale >= from {
		d.Coeff.Mul(&x.Coeff, Pow10(scale-from))
	} else {
		roundQuotient(&d.Coeff, &x.Coeff, Pow10(from-scale))
	}
	if scale < 0 {
		d.Coeff.Mul(&d.Coeff, Pow10(-scale))
	}
	d.Exponent = int32(-max(scale, 0))
	d.Negative = d.Negative && d.Coeff.Sign() != 0
}

// TruncDecimal is RoundDecimal towards zero.
func TruncDecimal(d, x *apd.Decimal, scale int) {
	d.Form, d.Negative = x.Form, x.Negative
	if x.Form != apd.Finite {
		return
	}
	from := Scale(x)
	if scale >= from {
		d.Coeff.Mul(&x.Coeff, Pow10(scale-from))
	} else {
		d.Coeff.Quo(&x.Coeff, Pow10(from-scale))
	}
	if scale < 0 {
		d.Coeff.Mul(&d.Coeff, Pow10(-scale))
	}
	d.Exponent = int32(-max(scale, 0))
	d.Negative = d.Negative && d.Coeff.Sign() != 0
}

// roundQuotient sets z to x / y, halves up; both are not negative.
func roundQuotient(z, x, y *apd.BigInt) {
	var rest apd.BigInt
	z.QuoRem(x, y, &rest)
	rest.Add(&rest, &rest)
	if rest.Cmp(y) >= 0 {
		z.Add(z, apd.NewBigInt(1))
	}
}

// FitNumeric rounds d in place to the scale of t, a numeric. Error: 22003 if its precision is exceeded.
func FitNumeric(d *apd.Decimal, t Type) error {
	if t.Precision == 0 || d.Form == apd.NaN {
		return nil
	}
	if d.Form == apd.Infinite {
		return fieldOverflow().WithDetail("A field with precision %d, scale %d cannot hold an infinite value.", t.Precision, t.Scale)
	}
	RoundDecimal(d, d, int(t.Scale))
	whole := int(t.Precision - int32(t.Scale))
	limit := Pow10(max(whole+Scale(d), 0))
	if d.Coeff.Sign() == 0 || d.Coeff.Cmp(limit) < 0 {
		return nil
	}
	bound := "1"
	if whole != 0 {
		bound = fmt.Sprintf("10^%d", whole)
	}
	return fieldOverflow().WithDetail("A field with precision %d, scale %d must round to an absolute value less than %s.",
		t.Precision, t.Scale, bound)
}

func fieldOverflow() *pgerr.Error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "numeric field overflow")
}
