package expr

import (
	"math"
	"time"

	"github.com/millracedb/millrace/sql/types"
)

func registerAges() {
	for name, zone := range map[string]func(*call) *time.Location{"timestamp": utc, "timestamptz": sessionZone} {
		register("age("+name+","+name+")", rows(func(k *call, i int) error {
			v, err := age(k.int(0, i), k.int(1, i), zone(k))
			k.out.Str[i] = v.Pack()
			return err
		}))
	}
	register("justify_interval(interval)", rows(justifyInterval))
	register("make_interval(int4,int4,int4,int4,int4,int4,float8)", rows(makeInterval))
}

// age is the difference field by field, as PostgreSQL's timestamp_age: what is negative borrows from the next field.
func age(a, b int64, loc *time.Location) (types.Duration, error) {
	if isInfiniteTime(a) || isInfiniteTime(b) {
		return types.Duration{}, types.IntervalOverflow()
	}
	sign := int32(1)
	if a < b {
		a, b, sign = b, a, -1
	}
	late, early := types.ToLocal(a, loc), types.ToLocal(b, loc)
	lateDay, earlyDay := floorDiv(late, microsPerDay), floorDiv(early, microsPerDay)
	micros := (late - lateDay*microsPerDay) - (early - earlyDay*microsPerDay)
	y1, m1, d1 := types.SplitDate(lateDay)
	y2, m2, d2 := types.SplitDate(earlyDay)
	months, days := (y1-y2)*12+m1-m2, d1-d2
	if micros < 0 {
		micros, days = micros+microsPerDay, days-1
	}
	for days < 0 { // twice at most: the early month may be shorter than the day that is missing
		days += int(addMonths(types.MakeDate(y2, m2, 1), 1) - types.MakeDate(y2, m2, 1))
		months--
	}
	return types.Duration{Micros: int64(sign) * micros, Days: sign * int32(days), Months: sign * int32(months)}, nil
}

// justifyInterval makes days of 24 hours and months of 30 days, and gives all fields one sign.
func justifyInterval(k *call, i int) error {
	v := k.span(0, i)
	days, micros := int64(v.Days)+v.Micros/microsPerDay, v.Micros%microsPerDay
	months := int64(v.Months) + days/30
	days %= 30
	switch {
	case months > 0 && (days < 0 || days == 0 && micros < 0):
		days, months = days+30, months-1
	case months < 0 && (days > 0 || days == 0 && micros > 0):
		days, months = days-30, months+1
	}
	switch {
	case days > 0 && micros < 0:
		micros, days = micros+microsPerDay, days-1
	case days < 0 && micros > 0:
		micros, days = micros-microsPerDay, days+1
	}
	if months != int64(int32(months)) {
		return types.IntervalOverflow()
	}
	k.out.Str[i] = types.Duration{Micros: micros, Days: int32(days), Months: int32(months)}.Pack()
	return nil
}

// makeInterval makes an interval of years, months, weeks, days, hours, minutes and seconds.
func makeInterval(k *call, i int) error {
	months, days, seconds := k.int(0, i)*12+k.int(1, i), k.int(2, i)*7+k.int(3, i), k.float(6, i)
	const maxSeconds = math.MaxInt64 / 4 / 1e6
	if !(math.Abs(seconds) < maxSeconds) || months != int64(int32(months)) || days != int64(int32(days)) {
		return types.IntervalOverflow()
	}
	micros := k.int(4, i)*microsPerHour + k.int(5, i)*microsPerMinute + int64(math.RoundToEven(seconds*1e6))
	k.out.Str[i] = types.Duration{Micros: micros, Days: int32(days), Months: int32(months)}.Pack()
	return nil
}
