package expr

import (
	"math"
	"math/rand/v2"

	"github.com/millracedb/millrace/sql/pgerr"
)

// The errors of arithmetic on double precision, as PostgreSQL's.
var (
	errOverflow   = pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: overflow")
	errUnderflow  = pgerr.New(pgerr.NumericValueOutOfRange, "value out of range: underflow")
	errInputRange = pgerr.New(pgerr.NumericValueOutOfRange, "input is out of range")

	errNegativeRoot  = pgerr.New(pgerr.InvalidArgumentForPower, "cannot take square root of a negative number")
	errLogOfZero     = pgerr.New(pgerr.InvalidArgumentForLog, "cannot take logarithm of zero")
	errLogOfNegative = pgerr.New(pgerr.InvalidArgumentForLog, "cannot take logarithm of a negative number")
	errZeroPower     = pgerr.New(pgerr.InvalidArgumentForPower, "zero raised to a negative power is undefined")
	errComplexPower  = pgerr.New(pgerr.InvalidArgumentForPower, "a negative number raised to a non-integer power yields a complex result")
)

func init() {
	register("float8pl", floatArithmetic(addFloats, func(a, b float64) (float64, error) { return finite(a+b, a, b) }))
	register("float8mi", floatArithmetic(subtractFloats, func(a, b float64) (float64, error) { return finite(a-b, a, b) }))
	register("float8mul", floatArithmetic(multiplyAllFloats, multiplyFloats))
	register("float8div", floatsLoop(divideFloats))
	for _, id := range []string{"dpow", "power(float8,float8)", "pow(float8,float8)"} {
		register(id, floatsLoop(powerFloats))
	}
	register("atan2(float8,float8)", floatsLoop(func(a, b float64) (float64, error) { return math.Atan2(a, b), nil }))
	registerPlainFloats()
	for _, id := range []string{"dsqrt", "sqrt(float8)"} {
		register(id, floatLoop(rootFloat))
	}
	register("exp(float8)", floatLoop(expFloat))
	register("radians(float8)", floatLoop(func(x float64) (float64, error) { return multiplyFloats(x, math.Pi/180) }))
	register("degrees(float8)", floatLoop(func(x float64) (float64, error) { return finite(x/(math.Pi/180), x, 1) }))
	register("ln(float8)", floatLoop(logarithm(lnFloat)))
	register("log(float8)", floatLoop(logarithm(log10Float)))
	register("log10(float8)", floatLoop(logarithm(log10Float)))
	register("asin(float8)", floatLoop(arc(math.Asin)))
	register("acos(float8)", floatLoop(arc(math.Acos)))
	for id, f := range map[string]func(float64) float64{"sin": math.Sin, "cos": math.Cos, "tan": math.Tan} {
		register(id+"(float8)", floatLoop(circular(f)))
	}
	registerSafe("pi()", func(k *call) error { k.out.Float[0] = math.Pi; return nil })
	register("random()", func(k *call) error {
		for i := range k.out.Float {
			k.out.Float[i] = rand.Float64()
		}
		return nil
	})
}

// registerPlainFloats registers the functions that take every number.
func registerPlainFloats() {
	for id, f := range map[string]func(float64) float64{
		"float8um": func(x float64) float64 { return -x }, "float8up": func(x float64) float64 { return x }, "float8abs": math.Abs,
		"abs(float8)": math.Abs, "ceil(float8)": math.Ceil, "ceiling(float8)": math.Ceil, "floor(float8)": math.Floor,
		"round(float8)": math.RoundToEven, "trunc(float8)": math.Trunc, "sign(float8)": signOf, "cbrt(float8)": math.Cbrt, "dcbrt": math.Cbrt,
		"float4um": func(x float64) float64 { return -x }, "float4up": func(x float64) float64 { return x }, "float4abs": math.Abs, "abs(float4)": math.Abs,
		"tanh(float8)": math.Tanh, "asinh(float8)": math.Asinh,
		"atan(float8)": math.Atan,
	} {
		registerSafe(id, func(k *call) error {
			for i := range k.out.Float {
				k.out.Float[i] = f(k.float(0, i))
			}
			return nil
		})
	}
}

// lnFloat is math.Log also of what is smaller than the normal numbers, which that takes for the least of them.
func lnFloat(x float64) float64 {
	if 0 < x && x < 0x1p-1022 {
		return math.Log(x*0x1p52) - 52*math.Ln2
	}
	return math.Log(x)
}

func log10Float(x float64) float64 {
	if 0 < x && x < 0x1p-1022 {
		return math.Log10(x*0x1p52) - 52*(math.Ln2/math.Ln10)
	}
	return math.Log10(x)
}

func floatLoop(f func(a float64) (float64, error)) loop {
	return rows(func(k *call, i int) (err error) {
		k.out.Float[i], err = f(k.float(0, i))
		return err
	})
}

func floatsLoop(f func(a, b float64) (float64, error)) loop {
	return rows(func(k *call, i int) (err error) {
		k.out.Float[i], err = f(k.float(0, i), k.float(1, i))
		return err
	})
}

// floatArithmetic runs all over all rows, which returns whether a row may fail; then each is checked.
func floatArithmetic(all func(a []float64, am int, b []float64, bm int, out []float64) bool, one func(a, b float64) (float64, error)) loop {
	checked := floatsLoop(one)
	return func(k *call) error {
		if a, b := k.args[0], k.args[1]; !all(a.Float, a.mask, b.Float, b.mask, k.out.Float) {
			return nil
		}
		return checked(k)
	}
}

func addFloats(a []float64, am int, b []float64, bm int, out []float64) (suspect bool) {
	for i := range out {
		x := a[i&am] + b[i&bm]
		out[i] = x
		suspect = suspect || x-x != 0 // infinite or NaN
	}
	return suspect
}

func subtractFloats(a []float64, am int, b []float64, bm int, out []float64) (suspect bool) {
	for i := range out {
		x := a[i&am] - b[i&bm]
		out[i] = x
		suspect = suspect || x-x != 0
	}
	return suspect
}

func multiplyAllFloats(a []float64, am int, b []float64, bm int, out []float64) (suspect bool) {
	for i := range out {
		x := a[i&am] * b[i&bm]
		out[i] = x
		suspect = suspect || x-x != 0 || x == 0 && a[i&am] != 0 && b[i&bm] != 0
	}
	return suspect
}

// finite returns result unless it is infinite and no operand is.
func finite(result, a, b float64) (float64, error) {
	if math.IsInf(result, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return 0, errOverflow
	}
	return result, nil
}

func multiplyFloats(a, b float64) (float64, error) {
	if a*b == 0 && a != 0 && b != 0 {
		return 0, errUnderflow
	}
	return finite(a*b, a, b)
}

func divideFloats(a, b float64) (float64, error) {
	if b == 0 && a == a {
		return 0, errDivisionByZero
	}
	q := a / b
	if math.IsInf(q, 0) && !math.IsInf(a, 0) {
		return 0, errOverflow
	}
	if q == 0 && a != 0 && !math.IsInf(b, 0) {
		return 0, errUnderflow
	}
	return q, nil
}

func powerFloats(a, b float64) (float64, error) {
	switch {
	case a == 1 || b == 0:
		return 1, nil
	case a != a || b != b:
		return math.NaN(), nil
	case a == 0 && b < 0:
		return 0, errZeroPower
	case a < 0 && math.Floor(b) != b:
		return 0, errComplexPower
	}
	p := math.Pow(a, b)
	if abs := math.Abs(a); 0 < abs && abs < 0x1p-1022 { // as in lnFloat
		p = math.Copysign(math.Pow(abs*0x1p52, b)/math.Pow(0x1p52, b), p)
	}
	if p == 0 && a != 0 && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return 0, errUnderflow
	}
	return finite(p, a, b)
}

func rootFloat(a float64) (float64, error) {
	if a < 0 {
		return 0, errNegativeRoot
	}
	return math.Sqrt(a), nil
}

func expFloat(a float64) (float64, error) {
	e := math.Exp(a)
	if e == 0 && !math.IsInf(a, 0) {
		return 0, errUnderflow
	}
	return finite(e, a, 0)
}

func logarithm(f func(float64) float64) func(float64) (float64, error) {
	return func(a float64) (float64, error) {
		switch {
		case a == 0:
			return 0, errLogOfZero
		case a < 0:
			return 0, errLogOfNegative
		}
		return f(a), nil
	}
}

func arc(f func(float64) float64) func(float64) (float64, error) {
	return func(a float64) (float64, error) {
		if a < -1 || a > 1 {
			return 0, errInputRange
		}
		return f(a), nil
	}
}

func circular(f func(float64) float64) func(float64) (float64, error) {
	return func(a float64) (float64, error) {
		if math.IsInf(a, 0) {
			return 0, errInputRange
		}
		return f(a), nil
	}
}

func signOf(a float64) float64 {
	switch {
	case a > 0:
		return 1
	case a < 0:
		return -1
	}
	return 0 // also of NaN
}
