package types

import (
	"encoding/binary"
	"math"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
)

// ParseBinary reads PostgreSQL's binary form of a value of type t (the functions *recv). Errors: 22P03, 08P01, and those
// of ParseText for values out of range.
func ParseBinary(t Type, b []byte, in Scope) (Datum, error) {
	switch t.ID {
	case IDFloat4:
		if len(b) != 4 {
			return Datum{}, badLength(len(b), 4)
		}
		return FloatDatum(float64(math.Float32frombits(binary.BigEndian.Uint32(b)))), nil
	case IDBytea:
		return StrDatum(string(b)), nil
	case IDJSONB:
		return parseBinaryJSONB(b)
	case IDInterval:
		if len(b) != intervalSize {
			return Datum{}, badLength(len(b), intervalSize)
		}
		return StrDatum(RoundInterval(t, string(b))), nil
	case IDUUID:
		if len(b) != uuidSize {
			return Datum{}, badLength(len(b), uuidSize)
		}
		return StrDatum(string(b)), nil
	case IDFloat8:
		if len(b) != 8 {
			return Datum{}, badLength(len(b), 8)
		}
		return FloatDatum(math.Float64frombits(binary.BigEndian.Uint64(b))), nil
	case IDNumeric:
		return parseBinaryNumeric(t, b)
	case IDArray, IDOIDVector, IDInt2Vector:
		return parseBinaryArray(t, b, in)
	case IDEnum:
		return parseEnum(t, string(b), in)
	}
	if t.Class() == ClassInt {
		return parseBinaryInt(t, b)
	}
	return ParseText(t, string(b), in)
}

func badLength(have, want int) error {
	if have < want {
		return pgerr.New(pgerr.ProtocolViolation, "insufficient data left in message")
	}
	return badBinary()
}

func badBinary() error {
	return pgerr.New(pgerr.InvalidBinaryRepresentation, "incorrect binary data format")
}

// binarySize is the length of the binary form of a type of ClassInt.
func binarySize(t Type) int { return int(infos[t.ID].size) }

func parseBinaryInt(t Type, b []byte) (Datum, error) {
	if len(b) != binarySize(t) {
		return Datum{}, badLength(len(b), binarySize(t))
	}
	var i int64
	switch len(b) {
	case 1:
		return BoolDatum(b[0] != 0), nil
	case 2:
		i = int64(int16(binary.BigEndian.Uint16(b)))
	case 4:
		i = int64(int32(binary.BigEndian.Uint32(b)))
	case 8:
		i = int64(binary.BigEndian.Uint64(b))
	}
	switch {
	case t.IsOID():
		i = int64(uint32(i))
	case (t.ID == IDTimestamptz || t.ID == IDTimestamp) && i != TimestampInfinity && i != TimestampNegInfinity && !ValidTimestamp(i):
		return Datum{}, pgerr.New(pgerr.DatetimeFieldOverflow, "timestamp out of range")
	case t.ID == IDDate && i != DateInfinity && i != DateNegInfinity && !ValidDate(i):
		return Datum{}, pgerr.New(pgerr.DatetimeFieldOverflow, "date out of range")
	}
	if t.ID == IDTime && (i < 0 || i > microsPerDay) {
		return Datum{}, pgerr.New(pgerr.DatetimeFieldOverflow, "time out of range")
	}
	return IntDatum(RoundSeconds(t, i)), nil
}

// FormatBinary appends PostgreSQL's binary form of d, a value of type t that is not NULL (the functions *send).
func FormatBinary(dst []byte, t Type, d Datum, in Scope) []byte {
	switch t.ID {
	case IDFloat4:
		return binary.BigEndian.AppendUint32(dst, float4Bits(d.Float))
	case IDFloat8:
		return binary.BigEndian.AppendUint64(dst, floatBits(d.Float))
	case IDNumeric:
		return appendBinaryNumeric(dst, d.Dec)
	case IDArray, IDOIDVector, IDInt2Vector:
		return appendBinaryArray(dst, t, d.Str, in)
	case IDEnum:
		return appendEnum(dst, t, d.Int, in)
	}
	if t.ID == IDJSONB {
		dst = append(dst, jsonbVersion)
	}
	if t.Class() == ClassString {
		return append(dst, d.Str...)
	}
	switch binarySize(t) {
	case 1:
		return append(dst, byte(d.Int))
	case 2:
		return binary.BigEndian.AppendUint16(dst, uint16(d.Int))
	case 4:
		return binary.BigEndian.AppendUint32(dst, uint32(d.Int))
	}
	return binary.BigEndian.AppendUint64(dst, uint64(d.Int))
}

// floatBits returns the bits of f, the same for all NaN: those of C's NAN.
func floatBits(f float64) uint64 {
	if f != f {
		return 0x7ff8000000000000
	}
	return math.Float64bits(f)
}

// float4Bits is floatBits of a real.
func float4Bits(f float64) uint32 {
	if f != f {
		return 0x7fc00000
	}
	return math.Float32bits(float32(f))
}

// The sign words of a binary numeric (src/backend/utils/adt/numeric.c).
const (
	numericNegative    = 0x4000
	numericNaN         = 0xc000
	numericInfinity    = 0xd000
	numericNegInfinity = 0xf000

	infinityScale = 0x20 // what PostgreSQL sends as the scale of an infinity; it has no meaning
)

// appendBinaryNumeric appends ndigits, weight, sign, display scale and digits in base 10000, each 16 bits.
func appendBinaryNumeric(dst []byte, d *apd.Decimal) []byte {
	if d.Form != apd.Finite {
		switch {
		case d.Form == apd.Infinite && d.Negative:
			return appendWords(dst, 0, 0, numericNegInfinity, infinityScale)
		case d.Form == apd.Infinite:
			return appendWords(dst, 0, 0, numericInfinity, infinityScale)
		}
		return appendWords(dst, 0, 0, numericNaN, 0)
	}
	digits, weight := base10000(d)
	sign := uint16(0)
	if d.Sign() < 0 {
		sign = numericNegative
	}
	dst = appendWords(dst, uint16(len(digits)), uint16(weight), sign, uint16(Scale(d)))
	return appendWords(dst, digits...)
}

func appendWords(dst []byte, words ...uint16) []byte {
	for _, w := range words {
		dst = binary.BigEndian.AppendUint16(dst, w)
	}
	return dst
}

// base10000 returns the digits of |d| without zeros at either end, and the weight of the first: it counts 10000^weight.
func base10000(d *apd.Decimal) (digits []uint16, weight int) {
	text := d.Coeff.Append(nil, 10)
	scale := Scale(d)
	for pad := (4 - scale%4) % 4; pad > 0; pad-- {
		text = append(text, '0')
		scale++
	}
	for first := len(text) % 4; len(text) > 0; first = 0 {
		n := 4
		if first != 0 {
			n = first
		}
		var word uint16
		for _, c := range text[:n] {
			word = word*10 + uint16(c-'0')
		}
		digits = append(digits, word)
		text = text[n:]
	}
	weight = len(digits) - scale/4 - 1
	for len(digits) > 0 && digits[0] == 0 {
		digits = digits[1:]
		weight--
	}
	for len(digits) > 0 && digits[len(digits)-1] == 0 {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 {
		weight = 0
	}
	return digits, weight
}

func parseBinaryNumeric(t Type, b []byte) (Datum, error) {
	if len(b) < 8 {
		return Datum{}, badLength(len(b), 8)
	}
	n := int(binary.BigEndian.Uint16(b))
	weight := int(int16(binary.BigEndian.Uint16(b[2:])))
	sign := binary.BigEndian.Uint16(b[4:])
	scale := int(binary.BigEndian.Uint16(b[6:]))
	if len(b) != 8+2*n {
		return Datum{}, badLength(len(b), 8+2*n)
	}
	d := new(apd.Decimal)
	switch sign {
	case 0, numericNegative:
		d.Negative = sign != 0
		if err := setBase10000(d, b[8:], weight, scale); err != nil {
			return Datum{}, err
		}
	case numericNaN:
		d.Form = apd.NaN
	case numericInfinity, numericNegInfinity:
		d.Form, d.Negative = apd.Infinite, sign == numericNegInfinity
	default:
		return Datum{}, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid sign in external \"numeric\" value")
	}
	if err := FitNumeric(d, t); err != nil {
		return Datum{}, err
	}
	return DecDatum(d), nil
}

// setBase10000 sets d's magnitude; digits beyond the display scale are cut off, as PostgreSQL does.
func setBase10000(d *apd.Decimal, b []byte, weight, scale int) error {
	if scale > MaxNumericScale {
		return pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid scale in external \"numeric\" value")
	}
	if (weight+1)*4 > MaxNumericIntDigits+4 {
		return NumericOverflow()
	}
	text := make([]byte, 0, len(b)*2)
	for ; len(b) > 0; b = b[2:] {
		word := binary.BigEndian.Uint16(b)
		if word > 9999 {
			return pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid digit in external \"numeric\" value")
		}
		text = appendPadded(text, int(word), 4)
	}
	have := len(text) - (weight+1)*4 // digits after the point
	if have > scale {
		text = text[:max(len(text)-(have-scale), 0)]
	}
	for ; have < scale; have++ {
		text = append(text, '0')
	}
	return setDigits(d, string(text), scale)
}
