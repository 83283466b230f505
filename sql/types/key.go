package types

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// The key codec: the order of the bytes (memcmp) is the order of the values in SQL, NULL last and NaN before it; values
// that are equal in SQL have equal bytes, numbers of different types too; each value says where it ends, so the order of
// concatenations is the order of tuples. The bytes are a format: they choose partitions and order stores.
//
//	number      tag, integer part, fraction
//	            |x| = I + F. I is written big endian without leading zeros in n bytes. Not negative: tag 0x40 + n for n ≤ 8,
//	            else 0x49 and n in 4 bytes. F is written as pairs of decimal digits, each plus 1, without zero pairs at the
//	            end, then 0x00. Negative: the tag is 0x7f minus the tag of |x|, the other bytes are complemented.
//	            A double precision that is no integer stands for the shortest decimal that reads as it.
//	-Infinity 0x35, Infinity 0x4a, NaN 0x4b
//	boolean     0x50 or 0x51
//	timestamptz 0x60, µs in 8 bytes big endian, sign bit flipped
//	date        0x61, days in 4 bytes, likewise
//	timestamp   0x62, as timestamptz
//	interval    0x63, days in 8 bytes, likewise, µs in 8 bytes: months count 30 days, days 24 hours
//	time        0x64, µs in 8 bytes big endian
//	enum        0x65, the place of the label in 8 bytes big endian, sign bit flipped
//	strings     0x70, the bytes with 0x00 written as 0x00 0xff, then 0x00 0x01
//	uuid        0x71, its 16 bytes
//	jsonb       0x72, then 0 for the empty array, else the value: 1 null, 2 string, 3 number, 4 and 0 or 1 boolean; 5 array
//	            and 6 object with the number of elements or members in 4 bytes big endian, then these, a key before its value
//	array       0x80, its elements, 0x00
//	NULL        0xf0
//
// A real is the double precision that it widens to. A char(n) is written without the spaces at its end. A bytea is written
// as a string is.
const (
	keyNegInfinity = 0x35
	keyZero        = 0x40
	keyLong        = 0x49
	keyInfinity    = 0x4a
	keyNaN         = 0x4b
	keyFalse       = 0x50
	keyTimestamp   = 0x60
	keyDate        = 0x61
	keyLocalTime   = 0x62
	keyInterval    = 0x63
	keyTime        = 0x64
	keyEnum        = 0x65
	keyString      = 0x70
	keyUUID        = 0x71
	keyJSONB       = 0x72
	keyArray       = 0x80
	keyNull        = 0xf0
)

// EncodeKey appends the key codec's form of the columns cols of row i of b.
func EncodeKey(dst []byte, b *Batch, cols []int, i int) []byte {
	for _, c := range cols {
		dst = EncodeKeyValue(dst, b.Cols[c], i)
	}
	return dst
}

// EncodeKeyValue appends the key codec's form of value i of v.
func EncodeKeyValue(dst []byte, v *Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, keyNull)
	}
	switch v.Type.Class() {
	case ClassInt:
		return appendKeyInt(dst, v.Type, v.Int[i])
	case ClassFloat:
		return appendKeyFloat(dst, v.Float[i])
	case ClassString:
		return appendKeyStr(dst, v.Type, v.Str[i])
	}
	return appendKeyDecimal(dst, &v.Dec[i])
}

// EncodeKeyDatum appends the key codec's form of d, a value of type t.
func EncodeKeyDatum(dst []byte, t Type, d Datum) []byte {
	if d.Null {
		return append(dst, keyNull)
	}
	switch t.Class() {
	case ClassInt:
		return appendKeyInt(dst, t, d.Int)
	case ClassFloat:
		return appendKeyFloat(dst, d.Float)
	case ClassString:
		return appendKeyStr(dst, t, d.Str)
	}
	return appendKeyDecimal(dst, d.Dec)
}

func appendKeyInt(dst []byte, t Type, i int64) []byte {
	switch t.ID {
	case IDBool:
		return append(dst, keyFalse+byte(i))
	case IDTimestamptz:
		return binary.BigEndian.AppendUint64(append(dst, keyTimestamp), uint64(i)^1<<63)
	case IDTimestamp:
		return binary.BigEndian.AppendUint64(append(dst, keyLocalTime), uint64(i)^1<<63)
	case IDTime:
		return binary.BigEndian.AppendUint64(append(dst, keyTime), uint64(i))
	case IDEnum:
		return binary.BigEndian.AppendUint64(append(dst, keyEnum), uint64(i)^1<<63)
	case IDDate:
		return binary.BigEndian.AppendUint32(append(dst, keyDate), uint32(i)^1<<31)
	}
	start := len(dst)
	dst = append(appendKeyUint(dst, magnitude(i)), 0)
	return finishNumber(dst, start, i < 0)
}

func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

// appendKeyUint appends tag and integer part.
func appendKeyUint(dst []byte, u uint64) []byte {
	n := 0
	for x := u; x != 0; x >>= 8 {
		n++
	}
	dst = append(dst, keyZero+byte(n))
	for s := (n - 1) * 8; s >= 0; s -= 8 {
		dst = append(dst, byte(u>>s))
	}
	return dst
}

// appendKeyBig appends tag and integer part of a number that is not negative.
func appendKeyBig(dst []byte, x *big.Int) []byte {
	if x.IsUint64() {
		return appendKeyUint(dst, x.Uint64())
	}
	b := x.Bytes()
	dst = binary.BigEndian.AppendUint32(append(dst, keyLong), uint32(len(b)))
	return append(dst, b...)
}

// finishNumber complements the number that starts at start if it is negative.
func finishNumber(dst []byte, start int, negative bool) []byte {
	if !negative {
		return dst
	}
	dst[start] = 0x7f - dst[start]
	for i := start + 1; i < len(dst); i++ {
		dst[i] = ^dst[i]
	}
	return dst
}

// appendKeyFraction appends the fraction with the given decimal digits and its end.
func appendKeyFraction(dst, digits []byte) []byte {
	n := len(digits)
	for n > 0 && digits[n-1] == '0' {
		n--
	}
	for i := 0; i < n; i += 2 {
		pair := (digits[i] - '0') * 10
		if i+1 < n {
			pair += digits[i+1] - '0'
		}
		dst = append(dst, pair+1)
	}
	return append(dst, 0)
}

func appendKeyFloat(dst []byte, f float64) []byte {
	switch {
	case f != f:
		return append(dst, keyNaN)
	case math.IsInf(f, 1):
		return append(dst, keyInfinity)
	case math.IsInf(f, -1):
		return append(dst, keyNegInfinity)
	}
	start := len(dst)
	abs := math.Abs(f)
	switch {
	case abs != math.Trunc(abs):
		dst = appendKeyFloatFraction(dst, abs)
	case abs < 1<<63:
		dst = append(appendKeyUint(dst, uint64(abs)), 0)
	default:
		x, _ := big.NewFloat(abs).Int(nil)
		dst = append(appendKeyBig(dst, x), 0)
	}
	return finishNumber(dst, start, f < 0)
}

// appendKeyFloatFraction appends a positive float that is no integer, so below 2^52: its shortest decimal form.
func appendKeyFloatFraction(dst []byte, f float64) []byte {
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'f', -1, 64)
	var whole uint64
	for i, c := range text {
		if c == '.' {
			return appendKeyFraction(appendKeyUint(dst, whole), text[i+1:])
		}
		whole = whole*10 + uint64(c-'0')
	}
	return append(appendKeyUint(dst, whole), 0)
}

func appendKeyDecimal(dst []byte, d *apd.Decimal) []byte {
	switch decimalRank(d) {
	case 2:
		return append(dst, keyNaN)
	case 1:
		return append(dst, keyInfinity)
	case -1:
		return append(dst, keyNegInfinity)
	}
	start := len(dst)
	scale := Scale(d)
	switch {
	case d.Coeff.IsUint64() && scale >= 0 && scale <= 19:
		dst = appendKeySmallDecimal(dst, d.Coeff.Uint64(), scale)
	default:
		dst = appendKeyBigDecimal(dst, d, scale)
	}
	return finishNumber(dst, start, d.Sign() < 0)
}

// appendKeySmallDecimal appends coeff / 10^scale; 10^19 is the highest power below 2^64.
func appendKeySmallDecimal(dst []byte, coeff uint64, scale int) []byte {
	unit := uint64(1)
	for range scale {
		unit *= 10
	}
	dst = appendKeyUint(dst, coeff/unit)
	rest := coeff % unit
	var digits [19]byte
	for i := scale - 1; i >= 0; i-- {
		digits[i] = '0' + byte(rest%10)
		rest /= 10
	}
	return appendKeyFraction(dst, digits[:scale])
}

func appendKeyBigDecimal(dst []byte, d *apd.Decimal, scale int) []byte {
	var whole, rest apd.BigInt
	if scale <= 0 {
		whole.Mul(&d.Coeff, Pow10(-scale))
		return append(appendKeyBig(dst, whole.MathBigInt()), 0)
	}
	whole.QuoRem(&d.Coeff, Pow10(scale), &rest)
	dst = appendKeyBig(dst, whole.MathBigInt())
	text := rest.Append(make([]byte, 0, scale), 10)
	digits := make([]byte, scale)
	for i := range scale - len(text) {
		digits[i] = '0'
	}
	if rest.Sign() == 0 {
		return append(dst, 0)
	}
	copy(digits[scale-len(text):], text)
	return appendKeyFraction(dst, digits)
}

// appendKeyStr appends a value of a type of ClassString.
func appendKeyStr(dst []byte, t Type, s string) []byte {
	switch t.ID {
	case IDUUID:
		return append(append(dst, keyUUID), s...)
	case IDJSONB:
		return appendKeyJSONB(dst, s)
	case IDInterval:
		return appendKeyInterval(dst, s)
	case IDArray:
		return appendKeyArray(dst, t, s)
	case IDBpchar:
		s = TrimPadding(s)
	}
	return appendKeyString(dst, s)
}

func appendKeyString(dst []byte, s string) []byte {
	dst = append(dst, keyString)
	for i := range len(s) {
		dst = append(dst, s[i])
		if s[i] == 0 {
			dst = append(dst, 0xff)
		}
	}
	return append(dst, 0x00, 0x01)
}
