package types

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
)

func parseInt(t Type, s string, bits int) (Datum, error) {
	word := trimSpace(s)
	if !isInteger(word) {
		return Datum{}, badSyntax(t, s)
	}
	i, err := strconv.ParseInt(word, 10, bits)
	if err != nil {
		return Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type %s", s, t)
	}
	return IntDatum(i), nil
}

// isInteger reports whether s is an optional sign and digits.
func isInteger(s string) bool {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func parseOID(s string) (Datum, error) {
	word := trimSpace(s)
	if !isInteger(word) {
		return Datum{}, badSyntax(OID, s)
	}
	i, err := strconv.ParseInt(word, 10, 64)
	if err != nil || i > math.MaxUint32 || i < math.MinInt32 {
		return Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "value \"%s\" is out of range for type oid", s)
	}
	return IntDatum(int64(uint32(i))), nil
}

func parseFloat(s string) (Datum, error) {
	return parseFloatBits(Float8, s, 64)
}

// parseFloat4 reads a real, which is kept widened.
func parseFloat4(s string) (Datum, error) { return parseFloatBits(Float4, s, 32) }

func parseFloatBits(t Type, s string, bits int) (Datum, error) {
	word := trimSpace(s)
	f, err := strconv.ParseFloat(word, bits)
	switch {
	case errors.Is(err, strconv.ErrRange), err == nil && f == 0 && hasDigitButZero(word):
		return Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "\"%s\" is out of range for type %s", word, t)
	case err != nil, strings.IndexByte(word, '_') >= 0:
		return Datum{}, badSyntax(t, s)
	}
	return FloatDatum(f), nil
}

// hasDigitButZero reports whether the number before an exponent is not zero.
func hasDigitButZero(s string) bool {
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	return strings.ContainsAny(mantissa, "123456789")
}

// AppendFloat appends the shortest decimal that reads as the double precision f, in PostgreSQL's form.
func AppendFloat(dst []byte, f float64) []byte { return appendFloatBits(dst, f, 64, 1e15) }

// AppendFloat4 appends the shortest decimal that reads as the real f, in PostgreSQL's form.
func AppendFloat4(dst []byte, f float64) []byte { return appendFloatBits(dst, f, 32, 1e6) }

// appendFloatBits writes an exponent from least on, and for numbers below 1e-4.
func appendFloatBits(dst []byte, f float64, bits int, least float64) []byte {
	switch {
	case f != f:
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (belowFixed(abs, bits) || abs >= least) {
		format = 'e'
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, format, -1, bits)
	for format == 'e' && isBetween(dst[start:], f, bits) {
		mantissa := bytes.IndexByte(dst[start:], 'e')
		_, fraction, _ := bytes.Cut(dst[start:start+mantissa], []byte("."))
		dst = strconv.AppendFloat(dst[:start], f, format, len(fraction)+1, bits)
	}
	return dst
}

// isBetween reports whether a decimal that reads as f lies in the very middle of f and a neighbour. It reads as f because that is the even
// one of both; PostgreSQL's output does not trust readers with it. Only whole numbers of more bits than f has lie there.
func isBetween(text []byte, f float64, bits int) bool {
	f = math.Abs(f)
	ends := [2]float64{math.Nextafter(f, 0), math.Nextafter(f, math.Inf(1))}
	if bits == 32 {
		ends = [2]float64{float64(math.Nextafter32(float32(f), 0)), float64(math.Nextafter32(float32(f), float32(math.Inf(1))))}
	}
	if f < 1<<24 || bits == 64 && f < 1<<53 || math.IsInf(ends[1], 1) {
		return false
	}
	decimal, _, err := big.ParseFloat(strings.TrimPrefix(string(text), "-"), 10, wholeFloatBits, big.ToNearestEven)
	if err != nil {
		return false
	}
	twice := decimal.Add(decimal, decimal)
	for _, end := range ends {
		if sum := new(big.Float).SetPrec(wholeFloatBits).SetFloat64(f); twice.Cmp(sum.Add(sum, big.NewFloat(end))) == 0 {
			return true
		}
	}
	return false
}

// wholeFloatBits hold every whole number that is a double precision, and twice it.
const wholeFloatBits = 1100

// belowFixed reports whether a number is written with an exponent because it is below 1e-4; the real next to 1e-4 is not.
func belowFixed(abs float64, bits int) bool {
	if bits == 32 {
		return float32(abs) < 1e-4
	}
	return abs < 1e-4
}

func parseNumericText(t Type, s string) (Datum, error) {
	d := new(apd.Decimal)
	if err := parseNumeric(d, s); err != nil {
		return Datum{}, err
	}
	if err := FitNumeric(d, t); err != nil {
		return Datum{}, err
	}
	return DecDatum(d), nil
}

// parseNumeric reads a numeric into d, which is zero.
func parseNumeric(d *apd.Decimal, s string) error {
	word := trimSpace(s)
	rest := word
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.Negative = rest[0] == '-'
		rest = rest[1:]
	}
	switch strings.ToLower(rest) {
	case "nan":
		if rest == word {
			d.Form = apd.NaN
			return nil
		}
	case "inf", "infinity":
		d.Form = apd.Infinite
		return nil
	}
	mantissa, exponent, ok := cutExponent(rest)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := whole + fraction
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return badSyntax(Numeric, s)
	}
	return setDigits(d, digits, len(fraction)-exponent)
}

// maxExponent bounds what an exponent may say; beyond it every number overflows.
const maxExponent = MaxNumericIntDigits + MaxNumericScale

// cutExponent splits off an exponent; one that is too large for any number is cut to ±2·maxExponent.
func cutExponent(s string) (mantissa string, exponent int, ok bool) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, true
	}
	if !isInteger(s[i+1:]) {
		return "", 0, false
	}
	e, err := strconv.Atoi(s[i+1:])
	if err != nil || e > 2*maxExponent || e < -2*maxExponent {
		e = 2 * maxExponent
		if s[i+1] == '-' {
			e = -e
		}
	}
	return s[:i], e, true
}

// setDigits sets d's magnitude to digits / 10^scale.
func setDigits(d *apd.Decimal, digits string, scale int) error {
	digits = strings.TrimLeft(digits, "0")
	if len(digits) <= 19 {
		u, _ := strconv.ParseUint("0"+digits, 10, 64)
		d.Coeff.SetUint64(u)
	} else if len(digits)-scale <= MaxNumericIntDigits {
		d.Coeff.SetString(digits, 10)
	}
	if scale > MaxNumericScale || digits != "" && len(digits)-scale > MaxNumericIntDigits {
		return NumericOverflow()
	}
	if scale < 0 {
		if digits != "" {
			d.Coeff.Mul(&d.Coeff, Pow10(-scale))
		}
		scale = 0
	}
	d.Exponent = int32(-scale)
	if digits == "" {
		d.Negative = false
	}
	return nil
}

// NumericOverflow is the error for a numeric beyond the limits of the type.
func NumericOverflow() error {
	return pgerr.New(pgerr.NumericValueOutOfRange, "value overflows numeric format")
}

// AppendNumeric appends the text form of d.
func AppendNumeric(dst []byte, d *apd.Decimal) []byte {
	switch {
	case d.Form == apd.Infinite && d.Negative:
		return append(dst, "-Infinity"...)
	case d.Form == apd.Infinite:
		return append(dst, "Infinity"...)
	case d.Form != apd.Finite:
		return append(dst, "NaN"...)
	}
	if d.Sign() < 0 {
		dst = append(dst, '-')
	}
	var buf [48]byte
	digits := d.Coeff.Append(buf[:0], 10)
	scale := Scale(d)
	if scale == 0 {
		return append(dst, digits...)
	}
	whole := len(digits) - scale
	if whole <= 0 {
		dst = append(dst, '0', '.')
		for range -whole {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[:whole]...)
	dst = append(dst, '.')
	return append(dst, digits[whole:]...)
}
