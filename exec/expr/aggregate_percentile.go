package expr

import (
	"math"
	"strconv"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// percentile is percentile_cont, percentile_disc and mode: of the fraction, which is the same in all rows, and the values, which come
// in their order. NULLs do not count.
type percentile struct {
	name     string
	result   types.Type
	fraction *types.Vector // its one value, nil before the first row
	values   *types.Vector
}

func (a *percentile) AddRow(args []*types.Vector, row int) (int64, error) {
	value := args[len(args)-1]
	if value.IsNull(row) {
		return 0, nil
	}
	if a.values == nil {
		a.values = types.NewVector(value.Type, 1)
		a.fraction = args[0].Slice(row, row+1)
	}
	a.values.AppendFrom(value, row)
	return int64(valueSize(value, row)) + 16, nil
}

func (a *percentile) Result() (types.Datum, error) {
	switch {
	case a.values == nil:
		return types.NullDatum, nil
	case a.name == "mode":
		return a.mode(), nil
	case !a.result.IsArray() || !a.fraction.Type.IsArray():
		return a.at(a.fraction, 0)
	case a.fraction.IsNull(0):
		return types.NullDatum, nil
	}
	fractions := types.StoredArray(a.fraction.Type, a.fraction.Str[0])
	out := types.NewVector(a.values.Type, fractions.Len())
	for i := range fractions.Len() {
		d, err := a.at(fractions, i)
		if err != nil {
			return d, err
		}
		out.Append(d)
	}
	s, err := encodeArray(out)
	return types.StrDatum(s), err
}

// at returns the value at fraction i of a list.
func (a *percentile) at(fractions *types.Vector, i int) (types.Datum, error) {
	if fractions.IsNull(i) {
		return types.NullDatum, nil
	}
	p, n := fractions.Float[i], a.values.Len()
	if !(p >= 0 && p <= 1) {
		return types.Datum{}, pgerr.New(pgerr.NumericValueOutOfRange, "percentile value %s is not between 0 and 1", strconv.FormatFloat(p, 'g', 6, 64))
	}
	if a.name == "percentile_disc" {
		return a.values.Datum(max(int(math.Ceil(p*float64(n)))-1, 0)), nil
	}
	place := p * float64(n-1)
	low, high := int(math.Floor(place)), int(math.Ceil(place))
	if low == high {
		return a.values.Datum(low), nil
	}
	return a.between(low, high, place-math.Floor(place))
}

// between returns what lies part of the way from one value to another.
func (a *percentile) between(low, high int, part float64) (types.Datum, error) {
	if a.values.Type.ID == types.IDFloat8 {
		l, h := a.values.Float[low], a.values.Float[high]
		return types.FloatDatum(l + part*(h-l)), nil
	}
	return betweenIntervals(a.values.Datum(low), a.values.Datum(high), part)
}

// mode returns the value that is there most often, of several the first.
func (a *percentile) mode() types.Datum {
	best, most, run := 0, 0, 0
	for i := range a.values.Len() {
		if i > 0 && types.CompareValues(a.values, i, a.values, i-1) == 0 {
			run++
		} else {
			run = 1
		}
		if run > most {
			best, most = i, run
		}
	}
	return copyDatum(a.values.Datum(best))
}
