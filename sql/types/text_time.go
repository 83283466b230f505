package types

import (
	"regexp"
	"strconv"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
)

func appendDate(dst []byte, days int64) []byte {
	switch days {
	case DateInfinity:
		return append(dst, "infinity"...)
	case DateNegInfinity:
		return append(dst, "-infinity"...)
	}
	year, month, day := SplitDate(days)
	dst = appendYearMonthDay(dst, year, month, day)
	return appendEra(dst, year)
}

func appendYearMonthDay(dst []byte, year, month, day int) []byte {
	if year <= 0 {
		year = 1 - year
	}
	dst = appendPadded(dst, year, 4)
	dst = appendPadded(append(dst, '-'), month, 2)
	return appendPadded(append(dst, '-'), day, 2)
}

func appendEra(dst []byte, year int) []byte {
	if year <= 0 {
		return append(dst, " BC"...)
	}
	return dst
}

func appendTimestamptz(dst []byte, micros int64, loc *time.Location) []byte {
	switch micros {
	case TimestampInfinity:
		return append(dst, "infinity"...)
	case TimestampNegInfinity:
		return append(dst, "-infinity"...)
	}
	offset := 0
	if loc != nil && loc != time.UTC {
		_, offset = ToTime(micros, loc).Zone()
	}
	dst, year := appendMoment(dst, micros+int64(offset)*microsPerSecond)
	dst = appendOffset(dst, offset)
	return appendEra(dst, year)
}

func appendTimestamp(dst []byte, micros int64) []byte {
	switch micros {
	case TimestampInfinity:
		return append(dst, "infinity"...)
	case TimestampNegInfinity:
		return append(dst, "-infinity"...)
	}
	dst, year := appendMoment(dst, micros)
	return appendEra(dst, year)
}

// appendMoment appends date and time of day, and returns the year.
func appendMoment(dst []byte, micros int64) ([]byte, int) {
	days, clock := floorDiv(micros, microsPerDay)
	year, month, day := SplitDate(days)
	dst = appendYearMonthDay(dst, year, month, day)
	return appendClock(append(dst, ' '), clock), year
}

// appendClock appends a time of day in µs, without zeros at the end of the fraction.
func appendClock(dst []byte, clock int64) []byte {
	seconds := int(clock / microsPerSecond)
	dst = appendPadded(dst, seconds/3600, 2)
	dst = appendPadded(append(dst, ':'), seconds/60%60, 2)
	dst = appendPadded(append(dst, ':'), seconds%60, 2)
	if fraction := int(clock % microsPerSecond); fraction != 0 {
		dst = appendPadded(append(dst, '.'), fraction, 6)
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// appendOffset appends a zone's offset in seconds east: +hh[:mm[:ss]].
func appendOffset(dst []byte, offset int) []byte {
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	dst = appendPadded(append(dst, sign), offset/3600, 2)
	if offset%3600 != 0 {
		dst = appendPadded(append(dst, ':'), offset/60%60, 2)
	}
	if offset%60 != 0 {
		dst = appendPadded(append(dst, ':'), offset%60, 2)
	}
	return dst
}

// appendPadded appends n with at least width digits.
func appendPadded(dst []byte, n, width int) []byte {
	for limit := 10; width > 1; width-- {
		if n < limit {
			for range width - 1 {
				dst = append(dst, '0')
			}
			return strconv.AppendInt(dst, int64(n), 10)
		}
		limit *= 10
	}
	return strconv.AppendInt(dst, int64(n), 10)
}

func parseTimestamptz(t Type, s string, loc *time.Location) (Datum, error) {
	return parseMicros(t, s, func(p *moment, local int64) int64 {
		switch {
		case p.hasOffset:
			return local - int64(p.offset)*microsPerSecond
		case p.zone != nil:
			return FromLocal(local, p.zone)
		}
		return FromLocal(local, loc)
	})
}

// parseTimestamp reads a timestamp without time zone; a zone in the text is not looked at.
func parseTimestamp(t Type, s string) (Datum, error) {
	return parseMicros(t, s, func(_ *moment, local int64) int64 { return local })
}

// parseMicros reads a timestamp of type t; resolve makes one of what the text says.
func parseMicros(t Type, s string, resolve func(p *moment, local int64) int64) (Datum, error) {
	p, err := parseMoment(t, s)
	if err != nil {
		return Datum{}, err
	}
	switch p.special {
	case "infinity":
		return IntDatum(TimestampInfinity), nil
	case "-infinity":
		return IntDatum(TimestampNegInfinity), nil
	case "epoch":
		return IntDatum(-EpochMicros), nil
	}
	days := MakeDate(p.year, p.month, p.day)
	if days < minDate-1 || days > endTimestamp/microsPerDay+1 {
		return Datum{}, outOfRange("timestamp", s)
	}
	local := days*microsPerDay + p.clock
	if days > 0 && local < 0 {
		return Datum{}, outOfRange("timestamp", s)
	}
	micros := resolve(&p, local)
	if !ValidTimestamp(micros) {
		return Datum{}, outOfRange("timestamp", s)
	}
	return IntDatum(RoundSeconds(t, micros)), nil
}

// parseTime reads a time of day; a zone in the text is not looked at, but one by name needs a date.
func parseTime(t Type, s string) (Datum, error) {
	p, err := parseMoment(t, s)
	if err != nil {
		return Datum{}, err
	}
	if p.special != "" || p.zone != nil && !p.hasYear {
		return Datum{}, badSyntax(t, s)
	}
	return IntDatum(RoundSeconds(t, p.clock)), nil
}

// yearAndDay is a date as a year and the number of a day in it.
var yearAndDay = regexp.MustCompile(`^\s*(\d{4})\.(\d{3})\s*$`)

// julianDay is a date as the number of a day; 2000-01-01 is julianEpoch.
var julianDay = regexp.MustCompile(`^\s*[Jj](\d+)\s*$`)

const julianEpoch = 2451545

func parseDate(s string) (Datum, error) {
	if m := julianDay.FindStringSubmatch(s); m != nil {
		day, err := strconv.ParseInt(m[1], 10, 32)
		if days := day - julianEpoch; err == nil && ValidDate(days) {
			return IntDatum(days), nil
		}
		return Datum{}, outOfRange("date", s)
	}
	if m := yearAndDay.FindStringSubmatch(s); m != nil {
		year, _ := strconv.Atoi(m[1])
		day, _ := strconv.Atoi(m[2])
		if year == 0 || day < 1 || day > 366 {
			return Datum{}, pgerr.New(pgerr.DatetimeFieldOverflow, "date/time field value out of range: \"%s\"", s)
		}
		return IntDatum(MakeDate(year, 1, 1) + int64(day) - 1), nil
	}
	p, err := parseMoment(Date, s)
	if err != nil {
		return Datum{}, err
	}
	switch p.special {
	case "infinity":
		return IntDatum(DateInfinity), nil
	case "-infinity":
		return IntDatum(DateNegInfinity), nil
	case "epoch":
		return IntDatum(-EpochMicros / microsPerDay), nil
	}
	days := MakeDate(p.year, p.month, p.day)
	if !ValidDate(days) {
		return Datum{}, outOfRange("date", s)
	}
	return IntDatum(days), nil
}

func outOfRange(what, s string) error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "%s out of range: \"%s\"", what, s)
}
