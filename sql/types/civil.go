package types

import "time"

// Dates are days since 2000-01-01 in the proleptic Gregorian calendar; the year before 1 is 0, as in astronomy.
const (
	microsPerSecond = int64(1e6)
	microsPerDay    = 86400 * microsPerSecond
	epochJulian     = 2451545 // Julian day of 2000-01-01
	unixJulian      = 2440588 // Julian day of 1970-01-01

	// EpochMicros is 2000-01-01 UTC in µs since 1970.
	EpochMicros = (epochJulian - unixJulian) * microsPerDay

	// The first and the last valid finite values, as PostgreSQL's.
	minTimestamp = -211813488000000000
	endTimestamp = 9223371331200000000 // exclusive
	minDate      = -epochJulian
	endDate      = 2147483494 - epochJulian // exclusive
)

// ValidTimestamp reports whether a finite timestamptz or timestamp is in PostgreSQL's range.
func ValidTimestamp(micros int64) bool { return micros >= minTimestamp && micros < endTimestamp }

// ValidDate reports whether a finite date is in PostgreSQL's range.
func ValidDate(days int64) bool { return days >= minDate && days < endDate }

// MakeDate returns the days since 2000-01-01 of a date. The month is 1 to 12; the day may be beyond its month.
func MakeDate(year, month, day int) int64 {
	if month > 2 {
		month++
		year += 4800
	} else {
		month += 13
		year += 4799
	}
	century := year / 100
	julian := year*365 - 32167 + year/4 - century + century/4 + 7834*month/256 + day
	return int64(julian - epochJulian)
}

// SplitDate returns year, month and day of days since 2000-01-01.
func SplitDate(days int64) (year, month, day int) {
	julian := uint64(days+epochJulian) + 32044
	quad := julian / 146097
	extra := (julian-quad*146097)*4 + 3
	julian += 60 + quad*3 + extra/146097
	quad = julian / 1461
	julian -= quad * 1461
	y := julian * 4 / 1461
	if y != 0 {
		julian = (julian + 305) % 365
	} else {
		julian = (julian + 306) % 366
	}
	julian += 123
	year = int(y+quad*4) - 4800
	quad = julian * 2141 / 65536
	return year, int((quad+10)%12) + 1, int(julian - 7834*quad/256)
}

// FromTime returns t as µs since 2000-01-01 UTC.
func FromTime(t time.Time) int64 { return t.UnixMicro() - EpochMicros }

// ToTime returns a finite timestamptz as a time in loc (nil: UTC).
func ToTime(micros int64, loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	seconds, rest := floorDiv(micros, microsPerSecond)
	return time.Unix(seconds+EpochMicros/microsPerSecond, rest*1000).In(loc)
}

// ToLocal returns a finite timestamptz as local time in loc: µs since 2000-01-01 local.
func ToLocal(micros int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return micros
	}
	_, offset := ToTime(micros, loc).Zone()
	return micros + int64(offset)*microsPerSecond
}

// FromLocal returns the moment at which clocks in loc show local (µs since 2000-01-01 local). Of a time that clocks skip
// or show twice it takes what PostgreSQL takes: the offset before the gap, the offset after the overlap.
func FromLocal(local int64, loc *time.Location) int64 {
	if loc == nil || loc == time.UTC {
		return local
	}
	seconds, _ := floorDiv(local, microsPerSecond)
	seconds += EpochMicros / microsPerSecond
	before := time.Unix(seconds-86400, 0).In(loc)
	_, offset := before.Zone()
	if _, end := before.ZoneBounds(); !end.IsZero() {
		_, next := end.Zone()
		first, second := seconds-int64(offset), seconds-int64(next)
		switch boundary := end.Unix(); {
		case first < boundary && second < boundary:
		case first >= boundary && second >= boundary:
			offset = next
		case first <= second:
			offset = next
		}
	}
	return local - int64(offset)*microsPerSecond
}

// floorDiv returns quotient and remainder of a / b, the remainder not negative; b is positive.
func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		return q - 1, r + b
	}
	return q, r
}
