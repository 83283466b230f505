package types

import (
	"fmt"
	"math"
	"strings"
)

// The fields that an interval may be limited to: the bits of pg_attribute.atttypmod (INTERVAL_MASK).
const (
	fieldMonth  int16 = 1 << 1
	fieldYear   int16 = 1 << 2
	fieldDay    int16 = 1 << 3
	fieldHour   int16 = 1 << 10
	fieldMinute int16 = 1 << 11
	fieldSecond int16 = 1 << 12

	allFields     = 0x7fff // as PostgreSQL writes that there is no limit
	fullPrecision = maxSecondDigits + 2

	maxSecondDigits = 6
)

// intervalFields are the units of intervals, from the largest.
var intervalFields = []struct {
	name string
	bit  int16
}{{"year", fieldYear}, {"month", fieldMonth}, {"day", fieldDay}, {"hour", fieldHour}, {"minute", fieldMinute}, {"second", fieldSecond}}

// hasSeconds reports whether the modifier of the type is the number of digits of its seconds.
func (t Type) hasSeconds() bool {
	switch t.ID {
	case IDTime, IDTimestamp, IDTimestamptz, IDInterval:
		return true
	}
	return false
}

// WithSeconds returns time, timestamp, timestamptz or interval with so many digits of seconds, at most 6.
func (t Type) WithSeconds(digits int) Type {
	t.Precision = int32(min(digits, maxSecondDigits)) + 1
	return t
}

// WithFields returns an interval limited to the fields that are named, such as "day to second"; false if there are none such.
func (t Type) WithFields(names string) (Type, bool) {
	first, last, isRange := strings.Cut(names, " to ")
	if !isRange {
		last = first
	}
	in := false
	for _, f := range intervalFields {
		in = in || f.name == first
		if in {
			t.Scale |= f.bit
		}
		if f.name == last {
			if t.Precision == 0 {
				t.Precision = fullPrecision
			}
			return t, in
		}
	}
	return t, false
}

// Fields returns what an interval is limited to, such as "day to second"; "" if to nothing.
func (t Type) Fields() string {
	if t.ID != IDInterval || t.Scale == 0 {
		return ""
	}
	first, last := "", ""
	for _, f := range intervalFields {
		if t.Scale&f.bit == 0 {
			continue
		}
		if first == "" {
			first = f.name
		}
		last = f.name
	}
	if first == last {
		return first
	}
	return first + " to " + last
}

// SecondDigits returns how many digits of seconds are kept; ok is false if the type does not say.
func (t Type) SecondDigits() (digits int, ok bool) {
	if !t.hasSeconds() || t.Precision == 0 || t.Precision == fullPrecision {
		return maxSecondDigits, false
	}
	return int(t.Precision) - 1, true
}

// precise is String of a type that hasSeconds with a modifier.
func (t Type) precise() string {
	head, tail, hasTail := strings.Cut(infos[t.ID].name, " ")
	if fields := t.Fields(); fields != "" {
		head += " " + fields
	}
	if digits, ok := t.SecondDigits(); ok {
		head = fmt.Sprintf("%s(%d)", head, digits)
	}
	if hasTail {
		return head + " " + tail
	}
	return head
}

// secondsModifier is Modifier of a type that hasSeconds with a modifier.
func (t Type) secondsModifier() int32 {
	digits, ok := t.SecondDigits()
	if t.ID != IDInterval {
		return int32(digits)
	}
	fields := int32(t.Scale)
	if fields == 0 {
		fields = allFields
	}
	if !ok {
		digits = math.MaxUint16
	}
	return fields<<16 | int32(digits)
}

// withModifier returns t with what atttypmod says, -1 for nothing.
func (t Type) withModifier(modifier int32) Type {
	switch {
	case t.ID == IDVarchar || t.ID == IDBpchar:
		t.Precision = max(modifier-4, 0)
	case modifier < 0 || !t.hasSeconds():
	case t.ID == IDInterval:
		if fields := int16(modifier >> 16); fields != allFields {
			t.Scale, t.Precision = fields, fullPrecision
		}
		if digits := modifier & math.MaxUint16; digits != math.MaxUint16 {
			t.Precision = digits + 1
		}
	default:
		t.Precision = modifier + 1
	}
	return t
}

// RoundSeconds rounds a value of type t in µs to the digits of seconds that t has, halves away from zero.
func RoundSeconds(t Type, micros int64) int64 {
	digits, ok := t.SecondDigits()
	if !ok || t.Class() != ClassInt || micros == TimestampInfinity || micros == TimestampNegInfinity {
		return micros
	}
	return roundMicros(micros, digits)
}

func roundMicros(micros int64, digits int) int64 {
	scale := int64(1)
	for range maxSecondDigits - digits {
		scale *= 10
	}
	half := scale / 2
	if micros < 0 {
		return -((-micros + half) / scale * scale)
	}
	return (micros + half) / scale * scale
}

// RoundInterval limits a packed interval to the fields and digits of t.
func RoundInterval(t Type, packed string) string {
	if t.ID != IDInterval || t.Precision == 0 {
		return packed
	}
	v := UnpackInterval(packed)
	if t.Scale != 0 {
		v = v.limit(t.Scale)
	}
	if digits, ok := t.SecondDigits(); ok {
		v.Micros = roundMicros(v.Micros, digits)
	}
	return v.Pack()
}

// limit cuts what is smaller than the smallest of the fields; larger ones stay, as in PostgreSQL.
func (v Duration) limit(fields int16) Duration {
	unit := int64(1)
	switch {
	case fields&fieldSecond != 0:
	case fields&fieldMinute != 0:
		unit = 60 * microsPerSecond
	case fields&fieldHour != 0:
		unit = 3600 * microsPerSecond
	case fields&fieldDay != 0:
		v.Micros = 0
	case fields&fieldMonth != 0:
		v.Days, v.Micros = 0, 0
	default:
		v.Months, v.Days, v.Micros = v.Months/12*12, 0, 0
	}
	v.Micros = v.Micros / unit * unit
	return v
}

// bareUnit is the unit of a number without one, in an interval of these fields.
func bareUnit(fields int16) string {
	name := "second"
	for _, f := range intervalFields {
		if fields&f.bit != 0 {
			name = f.name
		}
	}
	return name
}
