package expr

import (
	"math"
	"strings"
	"time"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

const (
	microsPerSecond = int64(1e6)
	microsPerMinute = 60 * microsPerSecond
	microsPerHour   = 60 * microsPerMinute
	microsPerDay    = 24 * microsPerHour
)

// floorDiv returns the quotient rounded down; b is positive.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// units maps the names of units of time to one name each, as PostgreSQL's tables do for date_trunc and extract.
var units = map[string]string{
	"microsecond": "microseconds", "microseconds": "microseconds", "us": "microseconds", "usec": "microseconds", "usecs": "microseconds", "useconds": "microseconds",
	"millisecond": "milliseconds", "milliseconds": "milliseconds", "ms": "milliseconds", "msec": "milliseconds", "msecs": "milliseconds", "mseconds": "milliseconds",
	"second": "second", "seconds": "second", "sec": "second", "secs": "second", "s": "second",
	"minute": "minute", "minutes": "minute", "min": "minute", "mins": "minute", "m": "minute",
	"hour": "hour", "hours": "hour", "hr": "hour", "hrs": "hour", "h": "hour",
	"day": "day", "days": "day", "d": "day", "week": "week", "weeks": "week", "w": "week",
	"month": "month", "months": "month", "mon": "month", "mons": "month", "quarter": "quarter", "qtr": "quarter",
	"year": "year", "years": "year", "y": "year", "yr": "year", "yrs": "year",
	"decade": "decade", "decades": "decade", "dec": "decade", "decs": "decade",
	"century": "century", "centuries": "century", "c": "century", "cent": "century",
	"millennium": "millennium", "millennia": "millennium", "mil": "millennium", "mils": "millennium",
	"dow": "dow", "isodow": "isodow", "doy": "doy", "isoyear": "isoyear", "epoch": "epoch", "julian": "julian",
	"timezone": "timezone", "timezone_h": "timezone_hour", "timezone_hour": "timezone_hour", "timezone_m": "timezone_minute", "timezone_minute": "timezone_minute",
}

func unitError(unit string, t types.Type, known bool) error {
	if known {
		return pgerr.New(pgerr.FeatureNotSupported, "unit \"%s\" not supported for type %s", unit, t)
	}
	return pgerr.New(pgerr.InvalidParameterValue, "unit \"%s\" not recognized for type %s", unit, t)
}

func isInfiniteTime(t int64) bool {
	return t == types.TimestampInfinity || t == types.TimestampNegInfinity
}

// truncation is a unit for date_trunc.
type truncation struct {
	name   string // of units
	micros int64  // the length of one that is shorter than a day
}

func truncationOf(unit string, t types.Type) (truncation, error) {
	name := units[strings.ToLower(unit)]
	switch name {
	case "day", "week", "month", "quarter", "year", "decade", "century", "millennium":
		return truncation{name: name}, nil
	case "hour":
		return truncation{name, microsPerHour}, nil
	case "minute":
		return truncation{name, microsPerMinute}, nil
	case "second":
		return truncation{name, microsPerSecond}, nil
	case "milliseconds":
		return truncation{name, 1000}, nil
	case "microseconds":
		return truncation{name, 1}, nil
	}
	return truncation{}, unitError(unit, t, strings.HasPrefix(name, "timezone"))
}

// start returns the start of the unit in which the moment t lies, in a zone.
func (u truncation) start(t int64, loc *time.Location) int64 {
	if isInfiniteTime(t) {
		return t
	}
	local := types.ToLocal(t, loc)
	if u.micros != 0 {
		return t - (local - floorDiv(local, u.micros)*u.micros)
	}
	day := truncateDay(u.name, floorDiv(local, microsPerDay))
	return types.FromLocal(day*microsPerDay, loc)
}

// truncateDay returns the first day of the unit in which a day lies.
func truncateDay(name string, day int64) int64 {
	year, month, _ := types.SplitDate(day)
	switch name {
	case "day":
		return day
	case "week":
		return day - (isoWeekday(day) - 1)
	case "month":
		return types.MakeDate(year, month, 1)
	case "quarter":
		return types.MakeDate(year, (month-1)/3*3+1, 1)
	case "decade":
		year = int(floorDiv(int64(year), 10)) * 10
	case "century":
		year = int(floorDiv(int64(year)-1, 100))*100 + 1
	case "millennium":
		year = int(floorDiv(int64(year)-1, 1000))*1000 + 1
	}
	return types.MakeDate(year, 1, 1)
}

// weekday returns 0 for Sunday to 6; 2000-01-01 was a Saturday.
func weekday(day int64) int64 { return day + 6 - floorDiv(day+6, 7)*7 }

// isoWeekday returns 1 for Monday to 7.
func isoWeekday(day int64) int64 { return (weekday(day)+6)%7 + 1 }

// isoWeek returns the ISO 8601 year and week in which a day lies.
func isoWeek(day int64) (year int, week int64) {
	thursday := day - isoWeekday(day) + 4
	year, _, _ = types.SplitDate(thursday)
	return year, (thursday-types.MakeDate(year, 1, 1))/7 + 1
}

// field is a field of a moment or a date in units of 10^-scale. Of an infinite value it is NULL, or as infinite.
type field struct {
	value    int64
	scale    int
	null     bool
	infinite int // -1, 1
	// dayMicros, if not 0, is to be added as a fraction of a day.
	dayMicros int64
}

// decimal sets z to the field; it is not NULL.
func (f field) decimal(z *apd.Decimal) {
	if f.infinite != 0 {
		setInfinite(z, f.infinite)
		return
	}
	z.SetFinite(f.value, int32(-f.scale))
	if f.dayMicros != 0 {
		var whole, fraction apd.Decimal
		whole.Set(z)
		types.DivDecimal(&fraction, apd.New(f.dayMicros, 0), apd.New(microsPerDay, 0))
		*z = apd.Decimal{}
		_ = addDecimals(z, &whole, &fraction, false) // both are small
	}
}

// float returns the field; it is not NULL.
func (f field) float() float64 {
	if f.infinite != 0 {
		return math.Inf(f.infinite)
	}
	return float64(f.value)/math.Pow10(f.scale) + float64(f.dayMicros)/float64(microsPerDay)
}

// momentField returns a field of the moment t, in a zone; of is timestamptz, or timestamp, which has no zone.
func momentField(of types.Type, unit string, t int64, loc *time.Location) (field, error) {
	name, known := units[strings.ToLower(unit)]
	if isInfiniteTime(t) {
		return infiniteField(unit, name, known, t > 0, of)
	}
	local := types.ToLocal(t, loc)
	day := floorDiv(local, microsPerDay)
	clock := local - day*microsPerDay
	offset := (local - t) / microsPerSecond
	if of.ID == types.IDTimestamp && strings.HasPrefix(name, "timezone") {
		return field{}, unitError(unit, of, known)
	}
	switch name {
	case "epoch":
		return field{value: t + types.EpochMicros, scale: 6}, nil
	case "julian":
		return julianField(day, clock), nil
	case "timezone":
		return field{value: offset}, nil
	case "timezone_hour":
		return field{value: offset / 3600}, nil
	case "timezone_minute":
		return field{value: offset / 60 % 60}, nil
	}
	if f, ok := clockField(name, clock); ok {
		return f, nil
	}
	if v, ok := dayField(name, day); ok {
		return field{value: v}, nil
	}
	return field{}, unitError(unit, of, known)
}

// dateField returns a field of a date.
func dateField(unit string, day int64) (field, error) {
	name, known := units[strings.ToLower(unit)]
	if day == types.DateInfinity || day == types.DateNegInfinity {
		return infiniteField(unit, name, known, day > 0, types.Date)
	}
	switch name {
	case "epoch":
		return field{value: day*86400 + types.EpochMicros/microsPerSecond}, nil
	case "julian":
		return julianField(day, 0), nil
	}
	if v, ok := dayField(name, day); ok {
		return field{value: v}, nil
	}
	return field{}, unitError(unit, types.Date, known)
}

// infiniteField returns a field of an infinite value: years and the like are infinite, others NULL.
func infiniteField(unit, name string, known, positive bool, t types.Type) (field, error) {
	sign := 1
	if !positive {
		sign = -1
	}
	_, isClock := clockField(name, 0)
	_, isDay := dayField(name, 0)
	switch {
	case name == "year" || name == "decade" || name == "century" || name == "millennium" || name == "isoyear" || name == "epoch" || name == "julian":
		return field{infinite: sign}, nil
	case isDay, t.ID != types.IDDate && isClock, t.ID == types.IDTimestamptz && strings.HasPrefix(name, "timezone"):
		return field{null: true}, nil
	}
	return field{}, unitError(unit, t, known)
}

func clockField(name string, clock int64) (field, bool) {
	switch name {
	case "microseconds":
		return field{value: clock % microsPerMinute}, true
	case "milliseconds":
		return field{value: clock % microsPerMinute, scale: 3}, true
	case "second":
		return field{value: clock % microsPerMinute, scale: 6}, true
	case "minute":
		return field{value: clock / microsPerMinute % 60}, true
	case "hour":
		return field{value: clock / microsPerHour}, true
	}
	return field{}, false
}

func dayField(name string, day int64) (int64, bool) {
	year, month, dayOfMonth := types.SplitDate(day)
	isoYear, week := isoWeek(day)
	switch name {
	case "day":
		return int64(dayOfMonth), true
	case "month":
		return int64(month), true
	case "quarter":
		return int64(month-1)/3 + 1, true
	case "week":
		return week, true
	case "year":
		return withoutYearZero(year), true
	case "isoyear":
		return withoutYearZero(isoYear), true
	case "decade":
		return floorDiv(int64(year), 10), true
	case "century":
		return centuryOf(year, 100), true
	case "millennium":
		return centuryOf(year, 1000), true
	case "dow":
		return weekday(day), true
	case "isodow":
		return isoWeekday(day), true
	case "doy":
		return day - types.MakeDate(year, 1, 1) + 1, true
	}
	return 0, false
}

// withoutYearZero numbers years as people do: the year before 1 is -1.
func withoutYearZero(year int) int64 {
	if year <= 0 {
		return int64(year) - 1
	}
	return int64(year)
}

// centuryOf numbers spans of years: the first starts with the year 1, the one before is -1.
func centuryOf(year, span int) int64 {
	if year > 0 {
		return int64((year + span - 1) / span)
	}
	return -int64((span - year) / span)
}

// julianField returns the Julian day; a time of day is its fraction, as PostgreSQL's numeric division gives it.
func julianField(day, clock int64) field {
	const julianOfEpoch = 2451545
	return field{value: day + julianOfEpoch, dayMicros: clock}
}
