package expr

import (
	"math"
	"strings"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	registerSafe("localtime()", func(k *call) error {
		k.out.Int[0] = dayTime(types.ToLocal(types.FromTime(k.Now), k.Location))
		return nil
	})
	move := func(t, v int, sign int64) loop {
		return rows(func(k *call, i int) error {
			k.out.Int[i] = dayTime(k.int(t, i) + sign*(k.span(v, i).Micros%microsPerDay))
			return nil
		})
	}
	register("time_pl_interval", move(0, 1, 1))
	register("interval_pl_time", move(1, 0, 1))
	register("time_mi_interval", move(0, 1, -1))
	register("time_mi_time", rows(func(k *call, i int) error {
		k.out.Str[i] = types.Duration{Micros: k.int(0, i) - k.int(1, i)}.Pack()
		return nil
	}))
	register("datetime_pl", rows(func(k *call, i int) error { return joinDateTime(k, i, k.int(0, i), k.int(1, i)) }))
	register("timedate_pl", rows(func(k *call, i int) error { return joinDateTime(k, i, k.int(1, i), k.int(0, i)) }))
	register("make_time(int4,int4,float8)", rows(makeTime))
	get := func(k *call, i int) (field, error) { return timeOfDayField(k.str(0, i), k.int(1, i)) }
	register("extract(text,time)", extractLoop(get))
	register("date_part(text,time)", extractLoop(get))
}

// dayTime is the time of day after so many µs from midnight.
func dayTime(micros int64) int64 { return micros - floorDiv(micros, microsPerDay)*microsPerDay }

// timeOfDayLoop gives the time of day of a moment; an infinite one has none.
func timeOfDayLoop(zone func(k *call) *time.Location) loop {
	return rows(func(k *call, i int) error {
		t := k.int(0, i)
		if isInfiniteTime(t) {
			k.setNull(i)
			return nil
		}
		k.out.Int[i] = dayTime(types.ToLocal(t, zone(k)))
		return nil
	})
}

// joinDateTime gives the timestamp of a date and a time of day.
func joinDateTime(k *call, i int, date, clock int64) error {
	t, err := startOfDate(date, time.UTC)
	if err != nil || isInfiniteTime(t) {
		k.out.Int[i] = t
		return err
	}
	k.out.Int[i] = t + clock
	if !types.ValidTimestamp(t + clock) {
		return outOfRange()
	}
	return nil
}

func makeTime(k *call, i int) error {
	hour, minute, second := k.int(0, i), k.int(1, i), k.float(2, i)
	micros := clockOf(hour, minute, second)
	if micros < 0 {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%02g", hour, minute, second)
	}
	k.out.Int[i] = micros
	return nil
}

// clockOf returns µs since midnight, -1 if there is no such time of day.
func clockOf(hour, minute int64, second float64) int64 {
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(second >= 0 && second <= 60) || hour == 24 && (minute > 0 || second > 0) {
		return -1
	}
	return hour*microsPerHour + minute*microsPerMinute + int64(math.RoundToEven(second*1e6))
}

// timeOfDayField returns a field of a time of day.
func timeOfDayField(unit string, clock int64) (field, error) {
	name, known := units[strings.ToLower(unit)]
	if name == "epoch" {
		return field{value: clock, scale: 6}, nil
	}
	if f, ok := clockField(name, clock); ok {
		return f, nil
	}
	return field{}, unitError(unit, types.Time, known)
}
