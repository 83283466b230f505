package funcs

import "github.com/millracedb/millrace/sql/types"

func (r *registry) addMath() {
	for _, t := range []types.Type{types.Int2, types.Int4, types.Int8, types.Float4, types.Float8, types.Numeric} {
		r.fn("abs", t, t).doc("absolute value", "abs(-17)")
	}
	for _, t := range []types.Type{types.Int2, types.Int4, types.Int8, types.Numeric} {
		r.fn("mod", t, t, t).doc("remainder of the first over the second", "mod(9, 4)")
	}
	for _, t := range []types.Type{types.Int4, types.Int8, types.Numeric} {
		r.fn("gcd", t, t, t).doc("greatest common divisor", "gcd(1071, 462)")
		r.fn("lcm", t, t, t).doc("least common multiple", "lcm(1071, 462)")
	}
	r.addRounding()
	r.addPowers()
	r.addFloatFunctions()
	r.fn("random", types.Float8).volatile().doc("random number in [0, 1)", "random()")
}

// addRounding adds the functions that are there for float8 and numeric alike.
func (r *registry) addRounding() {
	for _, t := range []types.Type{types.Float8, types.Numeric} {
		r.fn("ceil", t, t).doc("least integer not below the argument", "ceil(42.2)")
		r.fn("ceiling", t, t).doc("least integer not below the argument", "ceiling(95.3)")
		r.fn("floor", t, t).doc("greatest integer not above the argument", "floor(-42.8)")
		r.fn("round", t, t).doc("nearest integer; halves away from zero for numeric, to even for double precision", "round(42.4)")
		r.fn("trunc", t, t).doc("integer towards zero", "trunc(42.8)")
		r.fn("sign", t, t).doc("-1, 0 or 1", "sign(-8.4)")
	}
	r.fn("round", types.Numeric, types.Numeric, types.Int4).doc("round to so many digits after the point", "round(42.4382, 2)")
	r.fn("trunc", types.Numeric, types.Numeric, types.Int4).doc("cut to so many digits after the point", "trunc(42.4382, 2)")
	r.fn("div", types.Numeric, types.Numeric, types.Numeric).doc("integer quotient, towards zero", "div(9, 4)")
	r.fn("scale", types.Int4, types.Numeric).doc("digits after the point", "scale(8.4100)")
	r.fn("min_scale", types.Int4, types.Numeric).doc("digits after the point that are needed", "min_scale(8.4100)")
	r.fn("factorial", types.Numeric, types.Int8).doc("product of the numbers from 1 on", "factorial(25)")
	for _, t := range []types.Type{types.Float8, types.Numeric} {
		r.fn("width_bucket", types.Int4, t, t, t, types.Int4).doc("number of the bucket of so many between two bounds", "width_bucket(5.35, 0.024, 10.06, 5)")
	}
	r.fn("trim_scale", types.Numeric, types.Numeric).doc("without zeros at the end", "trim_scale(8.4100)")
}

func (r *registry) addPowers() {
	for _, t := range []types.Type{types.Float8, types.Numeric} {
		r.fn("sqrt", t, t).doc("square root", "sqrt(2)")
		r.fn("power", t, t, t).doc("the first to the power of the second", "power(9, 3)")
		r.fn("pow", t, t, t).doc("the first to the power of the second", "pow(9, 3)")
		r.fn("exp", t, t).doc("e to the power of the argument", "exp(1.0)")
		r.fn("ln", t, t).doc("natural logarithm", "ln(2.0)")
		r.fn("log", t, t).doc("logarithm to base 10", "log(100)")
		r.fn("log10", t, t).doc("logarithm to base 10", "log10(1000)")
	}
	r.fn("log", types.Numeric, types.Numeric, types.Numeric).doc("logarithm of the second to the base of the first", "log(2.0, 64.0)")
}

func (r *registry) addFloatFunctions() {
	for _, f := range [][3]string{
		{"cbrt", "cube root", "cbrt(64.0)"}, {"degrees", "radians to degrees", "degrees(0.5)"}, {"radians", "degrees to radians", "radians(45.0)"},
		{"sin", "sine", "sin(1)"}, {"cos", "cosine", "cos(0)"}, {"tan", "tangent", "tan(1)"}, {"asin", "arc sine", "asin(1)"},
		{"tanh", "hyperbolic tangent", "tanh(1)"}, {"asinh", "inverse hyperbolic sine", "asinh(1)"}, {"acos", "arc cosine", "acos(1)"}, {"atan", "arc tangent", "atan(1)"},
	} {
		r.fn(f[0], types.Float8, types.Float8).doc(f[1], f[2])
	}
	for _, f := range [][3]string{
		{"sind", "sine of degrees", "sind(30)"}, {"cosd", "cosine of degrees", "cosd(60)"}, {"tand", "tangent of degrees", "tand(45)"},
		{"cotd", "cotangent of degrees", "cotd(45)"}, {"cot", "cotangent", "cot(0.5)"},
		{"asind", "arc sine in degrees", "asind(0.5)"}, {"acosd", "arc cosine in degrees", "acosd(0.5)"}, {"atand", "arc tangent in degrees", "atand(1)"},
		{"sinh", "hyperbolic sine", "sinh(1)"}, {"cosh", "hyperbolic cosine", "cosh(0)"}, {"acosh", "inverse hyperbolic cosine", "acosh(1)"},
		{"atanh", "inverse hyperbolic tangent", "atanh(0.5)"},
	} {
		r.fn(f[0], types.Float8, types.Float8).doc(f[1], f[2])
	}
	r.fn("atan2d", types.Float8, types.Float8, types.Float8).doc("arc tangent of the first over the second, in degrees", "atan2d(1, 0)")
	r.fn("atan2", types.Float8, types.Float8, types.Float8).doc("arc tangent of the first over the second", "atan2(1, 0)")
	r.fn("pi", types.Float8).doc("the number π", "pi()")
}
