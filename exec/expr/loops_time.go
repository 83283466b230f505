package expr

import (
	"math"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	now := func(k *call) error {
		k.out.Int[0] = types.FromTime(k.Now)
		return nil
	}
	for _, id := range []string{"now()", "current_timestamp()", "transaction_timestamp()", "statement_timestamp()"} {
		registerSafe(id, now)
	}
	registerSafe("localtimestamp()", func(k *call) error {
		k.out.Int[0] = types.ToLocal(types.FromTime(k.Now), k.Location)
		return nil
	})
	registerSafe("current_date()", func(k *call) error {
		k.out.Int[0] = floorDiv(types.ToLocal(types.FromTime(k.Now), k.Location), microsPerDay)
		return nil
	})
	registerSafe("clock_timestamp()", func(k *call) error {
		for i := range k.out.Int {
			k.out.Int[i] = types.FromTime(time.Now())
		}
		return nil
	})
	registerDates()
	registerFields()
	register("to_timestamp(float8)", rows(toTimestamp))
	register("make_date(int4,int4,int4)", rows(makeDate))
	register("make_timestamptz(int4,int4,int4,int4,int4,float8)", makeTimestampLoop(sessionZone))
	register("make_timestamp(int4,int4,int4,int4,int4,float8)", makeTimestampLoop(utc))
	register("to_char(timestamptz,text)", toCharLoop(sessionZone))
	register("to_char(timestamp,text)", toCharLoop(utc))
	for _, t := range []string{"timestamptz", "timestamp"} {
		registerSafe("isfinite("+t+")", intLoop(func(t int64) int64 { return bit(!isInfiniteTime(t)) }))
	}
	register("to_date(text,text)", rows(dateByPattern))
	register("to_timestamp(text,text)", rows(timestampByPattern))
	registerZones()
	registerSafe("isfinite(date)", intLoop(func(d int64) int64 { return bit(d != types.DateInfinity && d != types.DateNegInfinity) }))
}

func registerFields() {
	register("date_trunc(text,timestamptz)", truncateLoop(types.Timestamptz, func(k *call, i int) (*time.Location, error) { return k.Location, nil }))
	register("date_trunc(text,timestamptz,text)", truncateLoop(types.Timestamptz, func(k *call, i int) (*time.Location, error) { return types.LoadZone(k.str(2, i)) }))
	moment := func(k *call, i int) (field, error) {
		return momentField(types.Timestamptz, k.str(0, i), k.int(1, i), k.Location)
	}
	date := func(k *call, i int) (field, error) { return dateField(k.str(0, i), k.int(1, i)) }
	local := func(k *call, i int) (field, error) {
		return momentField(types.Timestamp, k.str(0, i), k.int(1, i), time.UTC)
	}
	register("date_trunc(text,timestamp)", truncateLoop(types.Timestamp, func(*call, int) (*time.Location, error) { return time.UTC, nil }))
	register("extract(text,timestamp)", extractLoop(local))
	register("date_part(text,timestamp)", extractLoop(local))
	register("extract(text,timestamptz)", extractLoop(moment))
	register("extract(text,date)", extractLoop(date))
	register("date_part(text,timestamptz)", extractLoop(moment))
	register("date_part(text,date)", extractLoop(func(k *call, i int) (field, error) {
		at, err := startOfDate(k.int(1, i), time.UTC) // as of a timestamp, unlike extract
		if err != nil {
			return field{}, err
		}
		return momentField(types.Timestamp, k.str(0, i), at, time.UTC)
	}))
}

// truncateLoop truncates moments; a unit is looked up once for as long as it stays the same.
func truncateLoop(t types.Type, zone func(k *call, i int) (*time.Location, error)) loop {
	return func(k *call) error {
		var unit truncation
		var last string
		return k.each(func(i int) error {
			if at := k.int(1, i); isInfiniteTime(at) { // whatever the unit and the zone
				k.out.Int[i] = at
				return nil
			}
			if name := k.str(0, i); unit.name == "" || name != last {
				var err error
				if unit, err = truncationOf(name, t); err != nil {
					return err
				}
				last = name
			}
			loc, err := zone(k, i)
			if err != nil {
				return err
			}
			k.out.Int[i] = unit.start(k.int(1, i), loc)
			return nil
		})
	}
}

// extractLoop gives a field as numeric or double precision.
func extractLoop(get func(k *call, i int) (field, error)) loop {
	return rows(func(k *call, i int) error {
		f, err := get(k, i)
		switch {
		case err != nil:
			return err
		case f.null:
			k.setNull(i)
		case k.out.Type.ID == types.IDNumeric:
			f.decimal(&k.out.Dec[i])
		default:
			k.out.Float[i] = f.float()
		}
		return nil
	})
}

func registerDates() {
	add := func(date, days func(k *call, i int) int64) loop {
		return rows(func(k *call, i int) error {
			d, n := date(k, i), days(k, i)
			k.out.Int[i] = d
			if d == types.DateInfinity || d == types.DateNegInfinity {
				return nil
			}
			k.out.Int[i] = d + n
			if !types.ValidDate(d + n) {
				return pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range")
			}
			return nil
		})
	}
	first := func(k *call, i int) int64 { return k.int(0, i) }
	second := func(k *call, i int) int64 { return k.int(1, i) }
	register("date_pli", add(first, second))
	register("integer_pl_date", add(second, first))
	register("date_mii", add(first, func(k *call, i int) int64 { return -k.int(1, i) }))
	register("date_mi", rows(func(k *call, i int) error {
		a, b := k.int(0, i), k.int(1, i)
		for _, d := range []int64{a, b} {
			if d == types.DateInfinity || d == types.DateNegInfinity {
				return pgerr.New(pgerr.DatetimeFieldOverflow, "cannot subtract infinite dates")
			}
		}
		k.out.Int[i] = a - b
		return nil
	}))
}

func toTimestamp(k *call, i int) error {
	f := k.float(0, i)
	switch {
	case f != f:
		return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp cannot be NaN")
	case math.IsInf(f, 1):
		k.out.Int[i] = types.TimestampInfinity
		return nil
	case math.IsInf(f, -1):
		k.out.Int[i] = types.TimestampNegInfinity
		return nil
	}
	micros := math.RoundToEven((f - float64(types.EpochMicros/microsPerSecond)) * 1e6)
	if math.Abs(micros) > math.MaxInt64/2*1.9 || !types.ValidTimestamp(int64(micros)) {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range: \"%s\"", types.AppendFloat(nil, f))
	}
	k.out.Int[i] = int64(micros)
	return nil
}

// dateOf returns a date; ok is false if there is none of that year, month and day.
func dateOf(year, month, day int64) (days int64, ok bool) {
	if year < 0 {
		year++
	} else if year == 0 {
		return 0, false
	}
	if month < 1 || month > 12 || day < 1 || year < -5000 || year > 6000000 {
		return 0, false
	}
	days = types.MakeDate(int(year), int(month), int(day))
	_, m, d := types.SplitDate(days)
	return days, int64(m) == month && int64(d) == day && types.ValidDate(days)
}

func makeDate(k *call, i int) error {
	year, month, day := k.int(0, i), k.int(1, i), k.int(2, i)
	days, ok := dateOf(year, month, day)
	if !ok {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", year, month, day)
	}
	k.out.Int[i] = days
	return nil
}

// makeTimestampLoop makes timestamps of local times in a zone.
func makeTimestampLoop(zone func(k *call) *time.Location) loop {
	return rows(func(k *call, i int) error { return makeTimestamp(k, i, zone(k)) })
}

func makeTimestamp(k *call, i int, loc *time.Location) error {
	year, month, day := k.int(0, i), k.int(1, i), k.int(2, i)
	hour, minute, second := k.int(3, i), k.int(4, i), k.float(5, i)
	days, ok := dateOf(year, month, day)
	if !ok {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "date field value out of range: %d-%02d-%02d", year, month, day)
	}
	clock := clockOf(hour, minute, second)
	if clock < 0 {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "time field value out of range: %d:%02d:%02g", hour, minute, second)
	}
	if days > 106751991-1 {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range")
	}
	k.out.Int[i] = types.FromLocal(days*microsPerDay+clock, loc)
	return nil
}

// The zones in which loops see their moments: a timestamp without time zone is one in UTC.
func sessionZone(k *call) *time.Location { return k.Location }
func utc(*call) *time.Location           { return time.UTC }

func registerZones() {
	register("timezone(text,timestamptz)", rows(func(k *call, i int) error {
		return inZone(k, i, toZone)
	}))
	register("timezone(text,timestamp)", rows(func(k *call, i int) error {
		return inZone(k, i, fromZone)
	}))
}

// inZone converts row i by the zone that it names; what is infinite is so in any zone, even in one that there is not.
func inZone(k *call, i int, convert func(*call, int, int64, *time.Location) error) error {
	at := k.int(1, i)
	if isInfiniteTime(at) {
		k.out.Int[i] = at
		return nil
	}
	loc, err := types.LoadZone(k.str(0, i))
	if err != nil {
		return err
	}
	return convert(k, i, at, loc)
}

// toZone gives the local time of a moment in a zone.
func toZone(k *call, i int, moment int64, loc *time.Location) error {
	return setTimestamp(k, i, moment, types.ToLocal, loc)
}

// fromZone gives the moment of a local time in a zone.
func fromZone(k *call, i int, local int64, loc *time.Location) error {
	return setTimestamp(k, i, local, types.FromLocal, loc)
}

func setTimestamp(k *call, i int, t int64, convert func(int64, *time.Location) int64, loc *time.Location) error {
	k.out.Int[i] = t
	if isInfiniteTime(t) {
		return nil
	}
	k.out.Int[i] = convert(t, loc)
	if !types.ValidTimestamp(k.out.Int[i]) {
		return pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range")
	}
	return nil
}
