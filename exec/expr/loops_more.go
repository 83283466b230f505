package expr

import (
	"math"
	"math/big"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func registerMore() {
	register("overlay(text,text,int4)", rows(func(k *call, i int) error {
		return overlay(k, i, int64(utf8.RuneCountInString(k.str(1, i))))
	}))
	register("overlay(text,text,int4,int4)", rows(func(k *call, i int) error { return overlay(k, i, k.int(3, i)) }))
	register("overlay(bytea,bytea,int4)", rows(func(k *call, i int) error { return overlayBytes(k, i, int64(len(k.str(1, i)))) }))
	register("overlay(bytea,bytea,int4,int4)", rows(func(k *call, i int) error { return overlayBytes(k, i, k.int(3, i)) }))
	for id, null := range map[string]bool{"num_nulls(any)": true, "num_nonnulls(any)": false} {
		registerSafe(id, rows(func(k *call, i int) error {
			for _, c := range k.args {
				k.out.Int[i] += bit(c.null(i) == null)
			}
			return nil
		}))
	}
	registerSafe("min_scale(numeric)", rows(func(k *call, i int) error {
		d := k.dec(0, i)
		if d.Form != apd.Finite {
			k.setNull(i)
			return nil
		}
		var z apd.Decimal
		trimScale(&z, d)
		k.out.Int[i] = int64(types.Scale(&z))
		return nil
	}))
	register("factorial(int8)", rows(factorial))
	register("width_bucket(float8,float8,float8,int4)", rows(bucketOfFloat))
	register("width_bucket(numeric,numeric,numeric,int4)", rows(bucketOfDecimal))
	registerDegrees()
}

// overlay replaces n characters from a place on.
func overlay(k *call, i int, n int64) error {
	s := k.str(0, i)
	return overlayAt(k, i, n, func(n int64) int {
		if o := byteOffset(s, n); o >= 0 {
			return o
		}
		return len(s)
	})
}

func overlayBytes(k *call, i int, n int64) error {
	return overlayAt(k, i, n, func(n int64) int { return int(min(n, int64(len(k.str(0, i))))) })
}

// overlayAt replaces n characters or bytes; offset gives where one of them begins.
func overlayAt(k *call, i int, n int64, offset func(n int64) int) error {
	s, at := k.str(0, i), k.int(2, i)
	if at <= 0 {
		return pgerr.New("22011", "negative substring length not allowed")
	}
	end := at + n
	if end > math.MaxInt32 || end < math.MinInt32 {
		return pgerr.New(pgerr.NumericValueOutOfRange, "integer out of range")
	}
	cut := func(n int64) int { return offset(max(n, 0)) }
	k.out.Str[i] = s[:cut(at-1)] + k.str(1, i) + s[cut(end-1):]
	if len(k.out.Str[i]) > maxText {
		return errTextLength
	}
	return nil
}

func factorial(k *call, i int) error {
	n := k.int(0, i)
	switch {
	case n < 0:
		return pgerr.New(pgerr.NumericValueOutOfRange, "factorial of a negative number is undefined")
	case n > 32177:
		return types.NumericOverflow()
	}
	z := new(big.Int).MulRange(1, max(n, 1))
	k.out.Dec[i].Coeff.SetMathBigInt(z)
	return nil
}

func bucketCount(k *call, i int) (int64, error) {
	n := k.int(3, i)
	if n <= 0 {
		return 0, pgerr.New(codeWidthBucket, "count must be greater than zero")
	}
	return n, nil
}

// codeWidthBucket is invalid_argument_for_width_bucket_function.
const codeWidthBucket = "2201G"

func setBucket(k *call, i int, n int64) error {
	if n > math.MaxInt32 {
		return pgerr.New(pgerr.NumericValueOutOfRange, "integer out of range")
	}
	k.out.Int[i] = n
	return nil
}

func bucketOfFloat(k *call, i int) error {
	n, err := bucketCount(k, i)
	if err != nil {
		return err
	}
	x, low, high := k.float(0, i), k.float(1, i), k.float(2, i)
	switch {
	case x != x || low != low || high != high:
		return pgerr.New(codeWidthBucket, "operand, lower bound, and upper bound cannot be NaN")
	case math.IsInf(low, 0) || math.IsInf(high, 0):
		return pgerr.New(codeWidthBucket, "lower and upper bounds must be finite")
	case low == high:
		return pgerr.New(codeWidthBucket, "lower bound cannot equal upper bound")
	}
	part, below, beyond := (x-low)/(high-low), x < low, x >= high
	if math.IsInf(high-low, 0) {
		part = (x/2 - low/2) / (high/2 - low/2)
	}
	if low > high {
		below, beyond = x > low, x <= high
	}
	switch {
	case below:
		return setBucket(k, i, 0)
	case beyond:
		return setBucket(k, i, n+1)
	}
	return setBucket(k, i, min(int64(float64(n)*part), n-1)+1)
}

func bucketOfDecimal(k *call, i int) error {
	n, err := bucketCount(k, i)
	if err != nil {
		return err
	}
	x, low, high := k.dec(0, i), k.dec(1, i), k.dec(2, i)
	switch {
	case isNaN(x) || isNaN(low) || isNaN(high):
		return pgerr.New(codeWidthBucket, "operand, lower bound, and upper bound cannot be NaN")
	case low.Form != apd.Finite || high.Form != apd.Finite:
		return pgerr.New(codeWidthBucket, "lower and upper bounds must be finite")
	}
	order := types.CompareDecimal(low, high)
	if order == 0 {
		return pgerr.New(codeWidthBucket, "lower bound cannot equal upper bound")
	}
	switch {
	case types.CompareDecimal(x, low)*order > 0:
		return setBucket(k, i, 0)
	case types.CompareDecimal(x, high)*order <= 0:
		return setBucket(k, i, n+1)
	}
	var way, width, count, part, whole apd.Decimal
	if err := addDecimals(&way, x, low, true); err != nil {
		return err
	}
	if err := addDecimals(&width, high, low, true); err != nil {
		return err
	}
	if err := multiplyDecimals(&count, &way, apd.New(n, 0)); err != nil {
		return err
	}
	if err := quotient(&part, &count, &width); err != nil {
		return err
	}
	types.TruncDecimal(&whole, &part, 0)
	at, err := whole.Int64()
	if err != nil {
		return err
	}
	return setBucket(k, i, at+1)
}

// registerDegrees registers circular functions of degrees, which are exact where PostgreSQL's are, and hyperbolic ones.
func registerDegrees() {
	register("sind(float8)", floatLoop(circular(func(x float64) float64 { s, _ := sinCosDegrees(x); return s })))
	register("cosd(float8)", floatLoop(circular(func(x float64) float64 { _, c := sinCosDegrees(x); return c })))
	register("tand(float8)", floatLoop(circular(func(x float64) float64 { s, c := sinCosDegrees(x); return s/c + 0 })))
	register("cotd(float8)", floatLoop(circular(func(x float64) float64 { s, c := sinCosDegrees(x); return c/s + 0 })))
	register("cot(float8)", floatLoop(circular(func(x float64) float64 { return 1 / math.Tan(x) })))
	register("asind(float8)", floatLoop(arc(asinDegrees)))
	register("acosd(float8)", floatLoop(arc(acosDegrees)))
	register("atand(float8)", floatLoop(func(x float64) (float64, error) { return arcDegrees(math.Atan(x)), nil }))
	register("atan2d(float8,float8)", floatsLoop(func(y, x float64) (float64, error) { return arcDegrees(math.Atan2(y, x)), nil }))
	register("sinh(float8)", floatLoop(func(x float64) (float64, error) { return math.Sinh(x), nil }))
	register("cosh(float8)", floatLoop(func(x float64) (float64, error) { return math.Cosh(x), nil }))
	register("acosh(float8)", floatLoop(func(x float64) (float64, error) {
		if x < 1 {
			return 0, errInputRange
		}
		return math.Acosh(x), nil
	}))
	register("atanh(float8)", floatLoop(func(x float64) (float64, error) {
		if x < -1 || x > 1 {
			return 0, errInputRange
		}
		return math.Atanh(x), nil
	}))
}

// sinCosDegrees returns sine and cosine of degrees; multiples of 30 and 45 give what they have to.
func sinCosDegrees(x float64) (sin, cos float64) {
	x = math.Mod(x, 360)
	if x < 0 {
		x += 360
	}
	quarter := int(x / 90)
	rest := x - float64(quarter)*90
	s, c := sinQuarter(rest), sinQuarter(90-rest)
	switch quarter {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

// sinQuarter is the sine of 0 to 90 degrees.
func sinQuarter(x float64) float64 {
	switch x {
	case 0:
		return x // -0 stays
	case 30:
		return 0.5
	case 90:
		return 1
	}
	if x <= 45 {
		return math.Sin(x * (math.Pi / 180))
	}
	return math.Cos((90 - x) * (math.Pi / 180))
}

// The arcs in degrees are scaled by an arc that is known, as PostgreSQL does, so that 30, 45, 60 and 90 are exact
// ("src/backend/utils/adt/float.c").

func asinDegrees(x float64) float64 {
	if x < 0 {
		return -asinDegrees(-x)
	}
	if x <= 0.5 {
		return math.Asin(x) / math.Asin(0.5) * 30
	}
	return 90 - math.Acos(x)/math.Acos(0.5)*60
}

func acosDegrees(x float64) float64 {
	switch {
	case x < 0:
		return 90 + asinDegrees(-x)
	case x <= 0.5:
		return 90 - math.Asin(x)/math.Asin(0.5)*30
	}
	return math.Acos(x) / math.Acos(0.5) * 60
}

// arcDegrees makes degrees of an arc tangent.
func arcDegrees(x float64) float64 { return x / math.Atan(1) * 45 }
