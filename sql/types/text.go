package types

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// ParseText reads the text form of a value of type t, as PostgreSQL 15 reads it with DateStyle ISO, MDY. A numeric is rounded to
// the scale of t. Errors: 22P02, 22001, 22003, 22007, 22008, 22021 with PostgreSQL's messages, and those of the Names.
func ParseText(t Type, s string, in Scope) (Datum, error) {
	switch t.ID {
	case IDBool:
		return parseBool(s)
	case IDInt2:
		return parseInt(t, s, 16)
	case IDInt4:
		return parseInt(t, s, 32)
	case IDInt8:
		return parseInt(t, s, 64)
	case IDFloat4:
		return parseFloat4(s)
	case IDFloat8:
		return parseFloat(s)
	case IDNumeric:
		return parseNumericText(t, s)
	case IDTimestamptz:
		return parseTimestamptz(t, s, in.Zone)
	case IDTimestamp:
		return parseTimestamp(t, s)
	case IDInterval:
		return parseInterval(t, s)
	case IDDate:
		return parseDate(s)
	case IDTime:
		return parseTime(t, s)
	case IDOID:
		return parseOID(s)
	case IDRegtype:
		return parseRegtype(s, in)
	case IDRegclass, IDRegproc, IDRegnamespace, IDRegrole:
		return parseObject(t, s, in)
	case IDBytea:
		return parseBytea(s)
	case IDUUID:
		return parseUUID(s)
	case IDEnum:
		return parseEnum(t, s, in)
	case IDJSON:
		return parseJSONText(s)
	case IDJSONB:
		return parseJSONBText(s)
	case IDArray:
		return parseArray(t, s, in)
	}
	if err := CheckText(s); err != nil {
		return Datum{}, err
	}
	if t.HasLength() {
		return fitDatum(t, s)
	}
	return StrDatum(TrimToType(t, s)), nil
}

// TrimToType cuts a string to what a catalog type holds: 63 bytes of a name, the first byte of a "char".
func TrimToType(t Type, s string) string {
	most := len(s)
	switch t.ID {
	case IDName:
		most = 63
	case IDChar:
		most = 1
	}
	if len(s) <= most {
		return s
	}
	for most > 1 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// FormatText appends the text form of d, a value of type t that is not NULL, as PostgreSQL 15 prints it with DateStyle
// ISO and extra_float_digits 1.
func FormatText(dst []byte, t Type, d Datum, in Scope) []byte {
	switch t.ID {
	case IDBool:
		if d.Int != 0 {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case IDFloat4:
		return AppendFloat4(dst, d.Float)
	case IDFloat8:
		return AppendFloat(dst, d.Float)
	case IDBytea:
		return appendBytea(dst, d.Str)
	case IDUUID:
		return appendUUID(dst, d.Str)
	case IDNumeric:
		return AppendNumeric(dst, d.Dec)
	case IDTimestamptz:
		return appendTimestamptz(dst, d.Int, in.Zone)
	case IDTimestamp:
		return appendTimestamp(dst, d.Int)
	case IDInterval:
		return appendInterval(dst, d.Str)
	case IDDate:
		return appendDate(dst, d.Int)
	case IDTime:
		return appendClock(dst, d.Int)
	case IDArray:
		return appendArray(dst, t, d.Str, in)
	case IDEnum:
		return appendEnum(dst, t, d.Int, in)
	case IDRegclass, IDRegproc, IDRegnamespace, IDRegrole:
		return appendObject(dst, t, uint32(d.Int), in)
	case IDRegtype:
		return appendRegtype(dst, uint32(d.Int), in)
	}
	if t.Class() == ClassInt {
		return strconv.AppendInt(dst, d.Int, 10)
	}
	return append(dst, d.Str...)
}

// trimSpace cuts what C's isspace calls white space.
func trimSpace(s string) string { return strings.Trim(s, " \t\n\v\f\r") }

func badSyntax(t Type, s string) error {
	code, name := pgerr.InvalidTextRepresentation, t.Base().String()
	switch t.ID {
	case IDTimestamp:
		code, name = pgerr.InvalidDatetimeFormat, "timestamp" // as PostgreSQL says it
	case IDTime:
		code, name = pgerr.InvalidDatetimeFormat, "time"
	case IDTimestamptz, IDDate, IDInterval:
		code = pgerr.InvalidDatetimeFormat
	}
	return pgerr.New(code, "invalid input syntax for type %s: \"%s\"", name, s)
}

func parseBool(s string) (Datum, error) {
	word := strings.ToLower(trimSpace(s))
	switch {
	case word == "":
	case strings.HasPrefix("true", word), strings.HasPrefix("yes", word), word == "on", word == "1":
		return BoolDatum(true), nil
	case strings.HasPrefix("false", word), strings.HasPrefix("no", word), word == "of", word == "off", word == "0":
		return BoolDatum(false), nil
	}
	return Datum{}, badSyntax(Bool, s)
}
