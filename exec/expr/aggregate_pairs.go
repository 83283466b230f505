package expr

import (
	"math"
	"math/big"

	"github.com/millracedb/millrace/sql/types"
)

// pairAggregate is corr, covar_pop, covar_samp and regr_…: over pairs (y, x), each an array of two, of which those with a NULL do
// not count. All sums are exact, and the result is rounded once.
type pairAggregate struct {
	name       string
	x, y       floatSum // of as many values
	xx, yy, xy floatProducts
}

func (a *pairAggregate) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	pair := types.StoredArray(arg.Type, arg.Str[row])
	if pair.IsNull(0) || pair.IsNull(1) {
		return nil
	}
	if err := a.y.Add(pair, 0, diff); err != nil {
		return err
	}
	if err := a.x.Add(pair, 1, diff); err != nil {
		return err
	}
	y, x := pair.Float[0], pair.Float[1]
	finiteX, finiteY := isFinite(x), isFinite(y)
	if finiteX {
		a.xx.add(x, x, diff)
	}
	if finiteY {
		a.yy.add(y, y, diff)
	}
	if finiteX && finiteY {
		a.xy.add(x, y, diff)
	}
	return nil
}

func isFinite(x float64) bool { return !math.IsNaN(x - x) }

func (a *pairAggregate) Result() (types.Datum, error) {
	n := a.x.n
	switch {
	case a.name == "regr_count":
		return types.IntDatum(max(n, 0)), nil
	case n <= 0 || n == 1 && a.name == "covar_samp":
		return types.NullDatum, nil
	case a.name == "regr_avgx":
		a.x.avg = true
		return a.x.Result()
	case a.name == "regr_avgy":
		a.y.avg = true
		return a.y.Result()
	case a.x.special() || a.y.special():
		return a.notFinite(n)
	}
	return a.deviations(n)
}

// notFinite is the result where an x or a y is infinite or NaN: NaN, but for what rests on the other alone, or is decided by the
// other's being constant, as in PostgreSQL.
func (a *pairAggregate) notFinite(n int64) (types.Datum, error) {
	finite, other := a.xx, &a.x.sum
	if a.x.special() {
		finite, other = a.yy, &a.y.sum
	}
	nan := types.FloatDatum(math.NaN())
	if a.x.special() && a.y.special() {
		return nan, nil
	}
	square, err := finite.deviations(n, other, other)
	if err != nil {
		return types.Datum{}, err
	}
	constant, finiteX := square.Sign() == 0, !a.x.special()
	switch {
	case a.name == "regr_sxx" && finiteX, a.name == "regr_syy" && !finiteX:
		return roundedFloat(ratio(square, big.NewInt(n)))
	case constant && (a.name == "corr" || finiteX && a.onLine()):
		return types.NullDatum, nil
	case constant && a.name == "regr_r2":
		return types.FloatDatum(1), nil
	}
	return nan, nil
}

// onLine tells whether the result is a coefficient of the line through the points.
func (a *pairAggregate) onLine() bool {
	return a.name == "regr_slope" || a.name == "regr_intercept" || a.name == "regr_r2"
}

// ratio is a sum of products over a number.
func ratio(z, by *big.Int) *big.Float {
	f := unitFloat(z, 2*floatUnit)
	return f.Quo(f, new(big.Float).SetPrec(momentBits).SetInt(by))
}

// deviations computes what rests on the distances to the means.
func (a *pairAggregate) deviations(n int64) (types.Datum, error) {
	xx, err := a.xx.deviations(n, &a.x.sum, &a.x.sum)
	if err != nil {
		return types.Datum{}, err
	}
	yy, err := a.yy.deviations(n, &a.y.sum, &a.y.sum)
	if err != nil {
		return types.Datum{}, err
	}
	xy, err := a.xy.deviations(n, &a.x.sum, &a.y.sum)
	if err != nil {
		return types.Datum{}, err
	}
	count := big.NewInt(n)
	switch a.name {
	case "regr_sxx":
		return roundedFloat(ratio(xx, count))
	case "regr_syy":
		return roundedFloat(ratio(yy, count))
	case "regr_sxy":
		return roundedFloat(ratio(xy, count))
	case "covar_pop":
		return roundedFloat(ratio(xy, spread{}.divisor(n)))
	case "covar_samp":
		return roundedFloat(ratio(xy, spread{sample: true}.divisor(n)))
	}
	return a.line(n, xx, yy, xy)
}

// line computes the coefficients of the line through the points.
func (a *pairAggregate) line(n int64, xx, yy, xy *big.Int) (types.Datum, error) {
	f := func(z *big.Int) *big.Float { return new(big.Float).SetPrec(momentBits).SetInt(z) }
	switch {
	case xx.Sign() == 0, a.name == "corr" && yy.Sign() == 0:
		return types.NullDatum, nil
	case a.name == "regr_r2" && yy.Sign() == 0:
		return types.FloatDatum(1), nil
	}
	both := f(xx)
	both.Mul(both, f(yy))
	slope := f(xy)
	slope.Quo(slope, f(xx))
	switch a.name {
	case "corr":
		r := f(xy)
		return roundedFloat(r.Quo(r, both.Sqrt(both)))
	case "regr_r2":
		r := f(xy)
		return roundedFloat(r.Quo(r.Mul(r, r), both))
	case "regr_slope":
		return roundedFloat(slope)
	}
	x, y := unitFloat(a.x.sum.value(), floatUnit), unitFloat(a.y.sum.value(), floatUnit)
	y.Sub(y, slope.Mul(slope, x))
	return roundedFloat(y.Quo(y, new(big.Float).SetInt64(n)))
}

func (a *pairAggregate) Append(dst []byte) []byte {
	dst = a.y.Append(a.x.Append(dst))
	return a.xy.append(a.yy.append(a.xx.append(dst)))
}

func (a *pairAggregate) Decode(b []byte) (rest []byte, err error) {
	for _, s := range []*floatSum{&a.x, &a.y} {
		if b, err = s.Decode(b); err != nil {
			return nil, err
		}
	}
	for _, p := range []*floatProducts{&a.xx, &a.yy, &a.xy} {
		if b, err = p.decode(b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (a *pairAggregate) Merge(o Aggregate) {
	b := o.(*pairAggregate)
	a.x.Merge(&b.x)
	a.y.Merge(&b.y)
	a.xx.merge(&b.xx)
	a.yy.merge(&b.yy)
	a.xy.merge(&b.xy)
}
