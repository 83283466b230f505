package types

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/big"

	"github.com/cockroachdb/apd/v3"
)

var errNoKey = errors.New("key is none of these types")

// maxKeyDigits bounds the digits of a number that is read from a key.
const maxKeyDigits = 1 << 17

// DecodeKey reads the values of types ts that a key in the key codec stands for. What the codec does not keep is not there: of
// equal values it gives one (1 for 1.00, a char(n) with its spaces, an interval without months), which has the same key.
// Keys of jsonb are not read. Error: the bytes are no key of ts.
func DecodeKey(key []byte, ts []Type) ([]Datum, error) {
	out := make([]Datum, len(ts))
	rest := key
	for i, t := range ts {
		var ok bool
		if out[i], rest, ok = decodeKeyValue(rest, t); !ok {
			return nil, errNoKey
		}
	}
	var again []byte
	for i, t := range ts {
		again = EncodeKeyDatum(again, t, out[i])
	}
	if len(rest) > 0 || !bytes.Equal(again, key) {
		return nil, errNoKey
	}
	return out, nil
}

func decodeKeyValue(b []byte, t Type) (d Datum, rest []byte, ok bool) {
	if len(b) == 0 {
		return Datum{}, nil, false
	}
	if b[0] == keyNull {
		return NullDatum, b[1:], true
	}
	switch t.ID {
	case IDBool:
		return IntDatum(int64(b[0] - keyFalse)), b[1:], b[0] == keyFalse || b[0] == keyFalse+1
	case IDTimestamptz:
		return decodeKeyWord(b, keyTimestamp)
	case IDTimestamp:
		return decodeKeyWord(b, keyLocalTime)
	case IDEnum:
		return decodeKeyWord(b, keyEnum)
	case IDDate:
		if len(b) < 5 || b[0] != keyDate {
			return Datum{}, nil, false
		}
		return IntDatum(int64(int32(binary.BigEndian.Uint32(b[1:]) ^ 1<<31))), b[5:], true
	case IDInterval:
		return decodeKeyInterval(b)
	case IDUUID:
		if len(b) < 17 || b[0] != keyUUID {
			return Datum{}, nil, false
		}
		return StrDatum(string(b[1:17])), b[17:], true
	case IDText, IDVarchar, IDBpchar, IDBytea:
		s, rest, ok := decodeKeyString(b)
		if t.ID != IDBytea && ok {
			d, err := fitDatum(t, s)
			return d, rest, err == nil && CheckText(s) == nil
		}
		return StrDatum(s), rest, ok
	}
	if t.IsNumber() {
		return decodeKeyNumber(b, t)
	}
	return Datum{}, nil, false
}

func decodeKeyWord(b []byte, tag byte) (Datum, []byte, bool) {
	if len(b) < 9 || b[0] != tag {
		return Datum{}, nil, false
	}
	return IntDatum(int64(binary.BigEndian.Uint64(b[1:]) ^ 1<<63)), b[9:], true
}

func decodeKeyInterval(b []byte) (Datum, []byte, bool) {
	if len(b) < 17 || b[0] != keyInterval {
		return Datum{}, nil, false
	}
	days, micros := int64(binary.BigEndian.Uint64(b[1:])^1<<63), int64(binary.BigEndian.Uint64(b[9:]))
	if int64(int32(days)) != days {
		return Datum{}, nil, false
	}
	return StrDatum(Duration{Micros: micros, Days: int32(days)}.Pack()), b[17:], true
}

func decodeKeyString(b []byte) (string, []byte, bool) {
	if b[0] != keyString {
		return "", nil, false
	}
	var out []byte
	for b = b[1:]; len(b) >= 2; {
		switch {
		case b[0] != 0:
			out, b = append(out, b[0]), b[1:]
		case b[1] == 0xff:
			out, b = append(out, 0), b[2:]
		case b[1] == 1:
			return string(out), b[2:], true
		default:
			return "", nil, false
		}
	}
	return "", nil, false
}

// decodeKeyNumber reads a number as the nearest of type t; whether it is equal to that is for DecodeKey to see.
func decodeKeyNumber(b []byte, t Type) (Datum, []byte, bool) {
	switch b[0] {
	case keyNaN:
		return numberDatum(&apd.Decimal{Form: apd.NaN}, t, b[1:])
	case keyInfinity:
		return numberDatum(&apd.Decimal{Form: apd.Infinite}, t, b[1:])
	case keyNegInfinity:
		return numberDatum(&apd.Decimal{Form: apd.Infinite, Negative: true}, t, b[1:])
	}
	negative := b[0] < keyZero
	flip := byte(0)
	tag := b[0]
	if negative {
		flip, tag = 0xff, 0x7f-tag
	}
	size, at := int(tag)-keyZero, 1
	if tag == keyLong {
		if len(b) < 5 {
			return Datum{}, nil, false
		}
		var n [4]byte
		for i := range n {
			n[i] = b[1+i] ^ flip
		}
		size, at = int(binary.BigEndian.Uint32(n[:])), 5
	}
	if size < 0 || size > maxKeyDigits || tag > keyLong || len(b) < at+size {
		return Datum{}, nil, false
	}
	whole := make([]byte, size)
	for i := range whole {
		whole[i] = b[at+i] ^ flip
	}
	text := new(big.Int).SetBytes(whole).Append(nil, 10)
	scale := 0
	for b = b[at+size:]; ; b = b[1:] {
		if len(b) == 0 || scale > maxKeyDigits {
			return Datum{}, nil, false
		}
		pair := b[0] ^ flip
		if pair == 0 {
			break
		}
		if pair > 100 {
			return Datum{}, nil, false
		}
		text, scale = append(text, '0'+(pair-1)/10, '0'+(pair-1)%10), scale+2
	}
	if scale > 0 && text[len(text)-1] == '0' {
		text, scale = text[:len(text)-1], scale-1
	}
	d := &apd.Decimal{Negative: negative, Exponent: int32(-scale)}
	if _, ok := d.Coeff.SetString(string(text), 10); !ok {
		return Datum{}, nil, false
	}
	return numberDatum(d, t, b[1:])
}

// numberDatum converts d to t.
func numberDatum(d *apd.Decimal, t Type, rest []byte) (Datum, []byte, bool) {
	switch t.Class() {
	case ClassDecimal:
		err := FitNumeric(d, t)
		return DecDatum(d), rest, err == nil
	case ClassFloat:
		f, err := d.Float64()
		if d.Form == apd.NaN {
			f, err = math.NaN(), nil
		}
		return FloatDatum(f), rest, err == nil
	}
	i, err := d.Int64()
	return IntDatum(i), rest, err == nil && fitsInteger(i, t)
}

func fitsInteger(i int64, t Type) bool {
	switch t.ID {
	case IDInt2:
		return int64(int16(i)) == i
	case IDInt4:
		return int64(int32(i)) == i
	}
	return true
}
