package expr

import (
	"math/big"
	"time"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	for _, t := range []string{"time", "timestamp", "timestamptz"} {
		register("overlaps("+t+","+t+","+t+","+t+")", func(k *call) error { return k.eachRow(overlaps) })
	}
	register("make_timestamptz(int4,int4,int4,int4,int4,float8,text)", rows(func(k *call, i int) error {
		if err := makeTimestamp(k, i, time.UTC); err != nil { // before that of the zone
			return err
		}
		loc, err := types.LoadZone(k.str(6, i))
		if err != nil {
			return err
		}
		return makeTimestamp(k, i, loc)
	}))
	register("timezone(interval,timestamptz)", rows(func(k *call, i int) error { return inOffset(k, i, types.ToLocal) }))
	register("timezone(interval,timestamp)", rows(func(k *call, i int) error { return inOffset(k, i, types.FromLocal) }))
	register("timeofday()", rows(func(k *call, i int) error {
		k.out.Str[i] = time.Now().In(zoneOf(k.Location)).Format("Mon Jan 02 15:04:05.000000 2006 MST")
		return nil
	}))
	register("pg_sleep_for(interval)", rows(func(k *call, i int) error {
		v := k.span(0, i)
		return sleepFor(k, (float64(v.Months)*30+float64(v.Days))*86400+float64(v.Micros)/1e6)
	}))
	register("pg_sleep_until(timestamptz)", rows(func(k *call, i int) error {
		return sleepFor(k, float64(k.int(0, i)-types.FromTime(time.Now()))/1e6)
	}))
	register("gcd(numeric,numeric)", divisorOfNumerics(func(a, b, gcd *big.Int) *big.Int { return gcd }))
	register("lcm(numeric,numeric)", divisorOfNumerics(func(a, b, gcd *big.Int) *big.Int {
		if gcd.Sign() == 0 {
			return gcd
		}
		return new(big.Int).Mul(a, new(big.Int).Quo(b, gcd))
	}))
}

// overlaps is OVERLAPS: spans with their start but not their end, either of whose bounds may be unknown (docs 9.9).
func overlaps(k *call, i int) error {
	a, b := k.boundsOf(0, i), k.boundsOf(2, i)
	if a.unknown || b.unknown {
		k.setNull(i)
		return nil
	}
	if a.start > b.start {
		a, b = b, a
	}
	switch { // b starts last
	case a.start == b.start && (a.open || b.open):
		k.setNull(i)
	case a.start == b.start:
		k.out.Int[i] = 1
	case a.open:
		k.setNull(i)
	case b.start < a.end:
		k.out.Int[i] = 1
	case b.open:
		k.setNull(i)
	default:
		k.out.Int[i] = 0
	}
	return nil
}

// bounds are those of a span: open, if one of them is unknown, unknown, if both are.
type bounds struct {
	start, end    int64
	open, unknown bool
}

// boundsOf returns the span that arguments a and a+1 give in either order.
func (k *call) boundsOf(a, i int) bounds {
	first, second := k.args[a].null(i), k.args[a+1].null(i)
	switch {
	case first && second:
		return bounds{unknown: true}
	case first:
		return bounds{start: k.int(a+1, i), open: true}
	case second:
		return bounds{start: k.int(a, i), open: true}
	}
	return bounds{start: min(k.int(a, i), k.int(a+1, i)), end: max(k.int(a, i), k.int(a+1, i))}
}

// inOffset converts a time by a zone that is given as an interval.
func inOffset(k *call, i int, convert func(int64, *time.Location) int64) error {
	if at := k.int(1, i); isInfiniteTime(at) {
		k.out.Int[i] = at
		return nil
	}
	v := k.span(0, i)
	if v.Months != 0 || v.Days != 0 {
		text := types.FormatText(nil, types.Interval, types.StrDatum(k.str(0, i)), types.Scope{})
		return pgerr.New(pgerr.InvalidParameterValue, "interval time zone \"%s\" must not include months or days", text)
	}
	return setTimestamp(k, i, k.int(1, i), convert, time.FixedZone("", int(v.Micros/microsPerSecond)))
}

// divisorOfNumerics gives what f makes of two numerics and their greatest common divisor, with the larger of their scales.
func divisorOfNumerics(f func(a, b, gcd *big.Int) *big.Int) loop {
	return rows(func(k *call, i int) error {
		x, y, z := k.dec(0, i), k.dec(1, i), &k.out.Dec[i]
		if x.Form != apd.Finite || y.Form != apd.Finite {
			z.Form = apd.NaN
			return nil
		}
		scale := max(types.Scale(x), types.Scale(y))
		a, b := unscaled(x, scale), unscaled(y, scale)
		out := f(a, b, new(big.Int).GCD(nil, nil, a, b))
		z.Coeff.SetMathBigInt(out)
		z.Exponent = int32(-scale)
		return checkRange(z)
	})
}

// unscaled returns the absolute value of d times ten to the power of scale, which is not below d's.
func unscaled(d *apd.Decimal, scale int) *big.Int {
	var n apd.BigInt
	n.Mul(&d.Coeff, types.Pow10(scale+int(d.Exponent)))
	return n.MathBigInt()
}
