package expr

import (
	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/types"
)

func init() {
	register("numeric_add", decimalsLoop(func(z, x, y *apd.Decimal) error { return addDecimals(z, x, y, false) }))
	register("numeric_sub", decimalsLoop(func(z, x, y *apd.Decimal) error { return addDecimals(z, x, y, true) }))
	register("numeric_mul", decimalsLoop(multiplyDecimals))
	register("numeric_div", decimalsLoop(divideDecimals))
	register("div(numeric,numeric)", decimalsLoop(quotient))
	for _, id := range []string{"numeric_mod", "mod(numeric,numeric)"} {
		register(id, decimalsLoop(remainder))
	}
	for _, id := range []string{"numeric_power", "power(numeric,numeric)", "pow(numeric,numeric)"} {
		register(id, decimalsLoop(powerDecimals))
	}
	register("log(numeric,numeric)", decimalsLoop(logDecimals))
	register("sqrt(numeric)", decimalLoop(rootDecimal))
	register("exp(numeric)", decimalLoop(expDecimal))
	register("ln(numeric)", decimalLoop(lnDecimal))
	for _, id := range []string{"log(numeric)", "log10(numeric)"} {
		register(id, decimalLoop(func(z, x *apd.Decimal) error { return logDecimals(z, apd.New(10, 0), x) }))
	}
	registerPlainDecimals()
	register("round(numeric,int4)", rows(func(k *call, i int) error {
		types.RoundDecimal(&k.out.Dec[i], k.dec(0, i), clampScale(k.int(1, i)))
		return checkRange(&k.out.Dec[i])
	}))
	registerSafe("trunc(numeric,int4)", rows(func(k *call, i int) error {
		types.TruncDecimal(&k.out.Dec[i], k.dec(0, i), clampScale(k.int(1, i)))
		return nil
	}))
	registerSafe("scale(numeric)", rows(func(k *call, i int) error {
		if d := k.dec(0, i); d.Form != apd.Finite {
			k.setNull(i)
		} else {
			k.out.Int[i] = int64(types.Scale(d))
		}
		return nil
	}))
}

// clampScale bounds a scale as PostgreSQL does: by what a numeric may have behind and before its point.
func clampScale(scale int64) int { return int(min(max(scale, -131073), 16383)) }

// registerPlainDecimals registers the functions that take every numeric.
func registerPlainDecimals() {
	for id, f := range map[string]func(z, x *apd.Decimal){
		"numeric_uminus": func(z, x *apd.Decimal) { z.Set(x); z.Negative = !x.Negative && !isZero(x) && !isNaN(x) },
		"numeric_uplus":  func(z, x *apd.Decimal) { z.Set(x) },
		"numeric_abs":    absDecimal, "abs(numeric)": absDecimal,
		"ceil(numeric)": func(z, x *apd.Decimal) { roundAway(z, x, 1) }, "ceiling(numeric)": func(z, x *apd.Decimal) { roundAway(z, x, 1) },
		"floor(numeric)":      func(z, x *apd.Decimal) { roundAway(z, x, -1) },
		"round(numeric)":      func(z, x *apd.Decimal) { types.RoundDecimal(z, x, 0) },
		"trunc(numeric)":      func(z, x *apd.Decimal) { types.TruncDecimal(z, x, 0) },
		"sign(numeric)":       signDecimal,
		"trim_scale(numeric)": trimScale,
	} {
		registerSafe(id, rows(func(k *call, i int) error {
			f(&k.out.Dec[i], k.dec(0, i))
			return nil
		}))
	}
}

func absDecimal(z, x *apd.Decimal) {
	z.Set(x)
	z.Negative = false
}

func signDecimal(z, x *apd.Decimal) {
	if isNaN(x) {
		z.Form = apd.NaN
		return
	}
	z.SetInt64(int64(direction(x)))
}

func decimalLoop(f func(z, x *apd.Decimal) error) loop {
	return rows(func(k *call, i int) error { return f(&k.out.Dec[i], k.dec(0, i)) })
}

func decimalsLoop(f func(z, x, y *apd.Decimal) error) loop {
	return rows(func(k *call, i int) error { return f(&k.out.Dec[i], k.dec(0, i), k.dec(1, i)) })
}
