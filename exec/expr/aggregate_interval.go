package expr

import (
	"encoding/binary"
	"math"

	"github.com/millracedb/millrace/sql/types"
)

// intervalSum is sum and avg over intervals.
type intervalSum struct {
	avg                  bool
	n                    int64 // rows that are not NULL
	months, days, micros exactSum
}

func (a *intervalSum) Add(arg *types.Vector, row int, diff int64) error {
	if arg.IsNull(row) {
		return nil
	}
	iv := types.UnpackInterval(arg.Str[row])
	a.n += diff
	a.months.add(int64(iv.Months), diff)
	a.days.add(int64(iv.Days), diff)
	a.micros.add(iv.Micros, diff)
	return nil
}

func (a *intervalSum) Result() (types.Datum, error) {
	if a.n <= 0 {
		return types.NullDatum, nil
	}
	var parts [3]int64
	for i, sum := range []*exactSum{&a.months, &a.days, &a.micros} {
		v := sum.value()
		if !v.IsInt64() || i < 2 && (v.Int64() > math.MaxInt32 || v.Int64() < math.MinInt32) {
			return types.Datum{}, types.IntervalOverflow()
		}
		parts[i] = v.Int64()
	}
	sum := types.Duration{Months: int32(parts[0]), Days: int32(parts[1]), Micros: parts[2]}
	if !a.avg {
		return types.StrDatum(sum.Pack()), nil
	}
	mean, err := scaleInterval(sum, func(x float64) float64 { return x / float64(a.n) })
	return types.StrDatum(mean.Pack()), err
}

func (a *intervalSum) Append(dst []byte) []byte {
	dst = binary.AppendVarint(dst, a.n)
	for _, sum := range []*exactSum{&a.months, &a.days, &a.micros} {
		dst = appendBig(dst, sum.value())
	}
	return dst
}

func (a *intervalSum) Decode(b []byte) (rest []byte, err error) {
	if b, err = decodeVarints(b, &a.n); err != nil {
		return nil, err
	}
	for _, sum := range []*exactSum{&a.months, &a.days, &a.micros} {
		if b, err = decodeBig(b, sum); err != nil {
			return nil, err
		}
	}
	return b, nil
}
