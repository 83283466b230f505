package expr

import (
	"math"
	"math/bits"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	registerComparisons("interval_", threeWayLoops(func(k *call, i int) int { return types.CompareIntervals(k.str(0, i), k.str(1, i)) }))
	register("interval_pl", rows(func(k *call, i int) error { return setSum(k, i, k.span(0, i), k.span(1, i), 1) }))
	register("interval_mi", rows(func(k *call, i int) error { return setSum(k, i, k.span(0, i), k.span(1, i), -1) }))
	register("interval_um", rows(func(k *call, i int) error { return setSum(k, i, types.Duration{}, k.span(0, i), -1) }))
	register("interval_mul", rows(func(k *call, i int) error { return setProduct(k, i, k.span(0, i), k.float(1, i)) }))
	register("mul_d_interval", rows(func(k *call, i int) error { return setProduct(k, i, k.span(1, i), k.float(0, i)) }))
	register("interval_div", rows(divideInterval))
	registerMoved("timestamp", utc)
	registerMoved("timestamptz", sessionZone)
	register("date_pl_interval", rows(func(k *call, i int) error { return moveDate(k, i, k.int(0, i), k.span(1, i), 1) }))
	register("interval_pl_date", rows(func(k *call, i int) error { return moveDate(k, i, k.int(1, i), k.span(0, i), 1) }))
	register("date_mi_interval", rows(func(k *call, i int) error { return moveDate(k, i, k.int(0, i), k.span(1, i), -1) }))
	register("timestamp_mi", rows(subtractTimes))
	register("timestamptz_mi", rows(subtractTimes))
	registerIntervalFunctions()
	registerAges()
}

// span is the interval that is argument a in row i.
func (k *call) span(a, i int) types.Duration { return types.UnpackInterval(k.str(a, i)) }

// registerMoved registers the sums and differences of a timestamp type and an interval.
func registerMoved(name string, zone func(k *call) *time.Location) {
	move := func(t, v int, sign int64) loop {
		return rows(func(k *call, i int) (err error) {
			k.out.Int[i], err = moveTime(k.int(t, i), k.span(v, i), sign, zone(k))
			return err
		})
	}
	register(name+"_pl_interval", move(0, 1, 1))
	register("interval_pl_"+name, move(1, 0, 1))
	register(name+"_mi_interval", move(0, 1, -1))
}

func outOfRange() error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range")
}

// moveTime adds sign times v to the moment t: first the months, cutting the day to the month's end, then the days, both
// in local time, then the rest.
func moveTime(t int64, v types.Duration, sign int64, loc *time.Location) (int64, error) {
	if isInfiniteTime(t) {
		return t, nil
	}
	months, days, micros := sign*int64(v.Months), sign*int64(v.Days), sign*v.Micros
	if micros == math.MinInt64 {
		return 0, outOfRange()
	}
	for _, move := range []func(day int64) int64{
		func(day int64) int64 { return addMonths(day, months) },
		func(day int64) int64 { return day + days },
	} {
		local := types.ToLocal(t, loc)
		day := floorDiv(local, microsPerDay)
		moved := move(day)
		if moved == day {
			continue
		}
		if !inDays(moved) {
			return 0, outOfRange()
		}
		t = types.FromLocal(local+(moved-day)*microsPerDay, loc)
		if !types.ValidTimestamp(t) {
			return 0, outOfRange()
		}
	}
	sum := t + micros
	if micros > 0 && sum < t || micros < 0 && sum > t || !types.ValidTimestamp(sum) {
		return 0, outOfRange()
	}
	return sum, nil
}

// inDays reports whether a day is near enough to be counted in µs.
func inDays(day int64) bool { return day > -3_000_000 && day < 106_751_990 }

// addMonths returns the day that is months later, or the last of that month.
func addMonths(day, months int64) int64 {
	if months == 0 {
		return day
	}
	y, m, d := types.SplitDate(day)
	count := int64(y)*12 + int64(m) - 1 + months
	year := floorDiv(count, 12)
	if year > 400_000 || year < -10_000 {
		return math.MaxInt32
	}
	first := types.MakeDate(int(year), int(count-year*12)+1, 1)
	next := floorDiv(count+1, 12)
	length := types.MakeDate(int(next), int(count+1-next*12)+1, 1) - first
	return first + min(int64(d), length) - 1
}

func moveDate(k *call, i int, date int64, v types.Duration, sign int64) error {
	t, err := startOfDate(date, time.UTC)
	if err == nil {
		k.out.Int[i], err = moveTime(t, v, sign, time.UTC)
	}
	return err
}

// subtractTimes gives the time between two moments in days of 24 hours. PostgreSQL 15 wraps around where this fails.
func subtractTimes(k *call, i int) error {
	a, b := k.int(0, i), k.int(1, i)
	if isInfiniteTime(a) || isInfiniteTime(b) {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "cannot subtract infinite timestamps")
	}
	micros := a - b
	if (a >= b) != (micros >= 0) {
		return types.IntervalOverflow()
	}
	k.out.Str[i] = types.Duration{Micros: micros % microsPerDay, Days: int32(micros / microsPerDay)}.Pack()
	return nil
}

// setSum sets a result to a plus sign times b.
func setSum(k *call, i int, a, b types.Duration, sign int64) error {
	sum, err := addIntervals(a, b, sign)
	if err == nil {
		k.out.Str[i] = sum.Pack()
	}
	return err
}

// addIntervals returns a plus sign times b.
func addIntervals(a, b types.Duration, sign int64) (types.Duration, error) {
	months := int64(a.Months) + sign*int64(b.Months)
	days := int64(a.Days) + sign*int64(b.Days)
	if sign < 0 && b.Micros == math.MinInt64 {
		return types.Duration{}, types.IntervalOverflow()
	}
	step := sign * b.Micros
	micros := a.Micros + step
	if step > 0 && micros < a.Micros || step < 0 && micros > a.Micros || months != int64(int32(months)) || days != int64(int32(days)) {
		return types.Duration{}, types.IntervalOverflow()
	}
	return types.Duration{Micros: micros, Days: int32(days), Months: int32(months)}, nil
}

// betweenIntervals returns what lies part of the way from low to high.
func betweenIntervals(low, high types.Datum, part float64) (types.Datum, error) {
	l := types.UnpackInterval(low.Str)
	way, err := addIntervals(types.UnpackInterval(high.Str), l, -1)
	if err == nil {
		way, err = scaleInterval(way, func(x float64) float64 { return x * part })
	}
	if err == nil {
		l, err = addIntervals(l, way, 1)
	}
	return types.StrDatum(l.Pack()), err
}

func divideInterval(k *call, i int) error {
	f := k.float(1, i)
	if f == 0 {
		return pgerr.New(pgerr.DivisionByZero, "division by zero")
	}
	return setScaled(k, i, k.span(0, i), func(x float64) float64 { return x / f })
}

func setProduct(k *call, i int, v types.Duration, f float64) error {
	return setScaled(k, i, v, func(x float64) float64 { return x * f })
}

// setScaled gives a scaled interval.
func setScaled(k *call, i int, v types.Duration, scale func(float64) float64) error {
	scaled, err := scaleInterval(v, scale)
	k.out.Str[i] = scaled.Pack()
	return err
}

// scaleInterval scales each field; the fractions of months and days go down to the smaller fields, rounded on their way to µs,
// as PostgreSQL's interval_mul and interval_div do.
func scaleInterval(v types.Duration, scale func(float64) float64) (types.Duration, error) {
	months, days := scale(float64(v.Months)), scale(float64(v.Days))
	if !fitsInt32(months) || !fitsInt32(days) {
		return types.Duration{}, types.IntervalOverflow()
	}
	wholeMonths, wholeDays := math.Trunc(months), math.Trunc(days)
	restDays := roundMicros((months - wholeMonths) * 30)
	seconds := roundMicros((days - wholeDays + restDays - math.Trunc(restDays)) * 86400)
	if math.Abs(seconds) >= 86400 {
		wholeDays += math.Trunc(seconds / 86400)
		seconds -= math.Trunc(seconds/86400) * 86400
	}
	wholeDays += math.Trunc(restDays)
	micros := math.RoundToEven(scale(float64(v.Micros)) + seconds*1e6)
	if !fitsInt32(wholeDays) || !(micros >= math.MinInt64 && micros < -math.MinInt64) {
		return types.Duration{}, types.IntervalOverflow()
	}
	return types.Duration{Micros: int64(micros), Days: int32(wholeDays), Months: int32(wholeMonths)}, nil
}

func fitsInt32(f float64) bool { return f >= math.MinInt32 && f <= math.MaxInt32 }

// roundMicros is PostgreSQL's TSROUND.
func roundMicros(f float64) float64 { return math.RoundToEven(f*1e6) / 1e6 }

// binTime returns the start of the bin of width stride, counted from origin, in which t lies.
func binTime(stride types.Duration, t, origin int64) (int64, error) {
	if isInfiniteTime(t) {
		return t, nil
	}
	if isInfiniteTime(origin) {
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "origin out of range")
	}
	if stride.Months != 0 {
		return 0, pgerr.New(pgerr.FeatureNotSupported, "timestamps cannot be binned into intervals containing months or years")
	}
	hi, days := bits.Mul64(uint64(max(int64(stride.Days), -int64(stride.Days))), uint64(microsPerDay))
	width := int64(days)
	if stride.Days < 0 {
		width = -width
	}
	width += stride.Micros
	switch {
	case hi != 0 || days > math.MaxInt64/2:
		return 0, types.IntervalOverflow()
	case width <= 0:
		return 0, pgerr.New(pgerr.DatetimeFieldOverflow, "stride must be greater than zero")
	}
	return origin + floorDiv(t-origin, width)*width, nil
}
