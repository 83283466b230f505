package types

import (
	"cmp"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/millracedb/millrace/sql/pgerr"
)

// Duration is the value of an interval of time: months and days are kept apart, as their lengths depend on where they are added.
type Duration struct {
	Micros int64
	Days   int32
	Months int32
}

const intervalSize = 16

// Pack returns the form of an interval in vectors and rows, PostgreSQL's binary form: Micros, Days, Months, big endian.
func (v Duration) Pack() string {
	var b [intervalSize]byte
	binary.BigEndian.PutUint64(b[:], uint64(v.Micros))
	binary.BigEndian.PutUint32(b[8:], uint32(v.Days))
	binary.BigEndian.PutUint32(b[12:], uint32(v.Months))
	return string(b[:])
}

// UnpackInterval reads what Pack wrote. The value of a row that is NULL, or is not filled yet, reads as zero.
func UnpackInterval(s string) Duration {
	if len(s) != intervalSize {
		return Duration{}
	}
	b := []byte(s)
	return Duration{int64(binary.BigEndian.Uint64(b)), int32(binary.BigEndian.Uint32(b[8:])), int32(binary.BigEndian.Uint32(b[12:]))}
}

// span returns the length with months of 30 days and days of 24 hours: intervals of equal length are equal.
func (v Duration) span() (days, micros int64) {
	whole, rest := floorDiv(v.Micros, microsPerDay)
	return int64(v.Months)*30 + int64(v.Days) + whole, rest
}

// CompareIntervals orders packed intervals by their lengths.
func CompareIntervals(a, b string) int {
	d, m := UnpackInterval(a).span()
	e, n := UnpackInterval(b).span()
	return cmp.Or(cmp.Compare(d, e), cmp.Compare(m, n))
}

// appendKeyInterval appends the length, in days and µs of a day.
func appendKeyInterval(dst []byte, s string) []byte {
	days, micros := UnpackInterval(s).span()
	dst = binary.BigEndian.AppendUint64(append(dst, keyInterval), uint64(days)^1<<63)
	return binary.BigEndian.AppendUint64(dst, uint64(micros))
}

// IntervalOverflow is the error of an interval that does not fit.
func IntervalOverflow() error {
	return pgerr.New(pgerr.DatetimeFieldOverflow, "interval out of range")
}

// appendInterval appends an interval in the style postgres.
func appendInterval(dst []byte, s string) []byte {
	v := UnpackInterval(s)
	start, negative := len(dst), false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(dst) > start {
			dst = append(dst, ' ')
		}
		if negative && n > 0 {
			dst = append(dst, '+')
		}
		dst = append(strconv.AppendInt(dst, n, 10), unit...)
		if n != 1 {
			dst = append(dst, 's')
		}
		negative = n < 0
	}
	part(int64(v.Months/12), " year")
	part(int64(v.Months%12), " mon")
	part(int64(v.Days), " day")
	if len(dst) > start && v.Micros == 0 {
		return dst
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	switch {
	case v.Micros < 0:
		dst = append(dst, '-')
	case negative:
		dst = append(dst, '+')
	}
	return appendLongClock(dst, magnitude(v.Micros))
}

// appendLongClock appends hours, minutes and seconds; there may be more than 24 hours.
func appendLongClock(dst []byte, micros uint64) []byte {
	const hour = 3600 * microsPerSecond
	dst = appendPadded(dst, int(micros/uint64(hour)), 2)
	return append(dst, appendClock(nil, int64(micros%uint64(hour)))[2:]...)
}

// CanonicalInterval returns the one packed interval that stands for all of the same length.
func CanonicalInterval(s string) string {
	days, micros := UnpackInterval(s).span()
	months := min(max(days/30, math.MinInt32), math.MaxInt32)
	rest := days - months*30
	whole := min(max(rest, math.MinInt32), math.MaxInt32)
	return Duration{micros + (rest-whole)*microsPerDay, int32(whole), int32(months)}.Pack()
}
