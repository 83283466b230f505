package types

import (
	"bytes"
	"testing"
)

// A key reads back as a value that has the same key, for values of all types but jsonb; a key of one type is refused, or
// means an equal value, where another type is read.
func TestDecodeKey(t *testing.T) {
	type value struct {
		t Type
		d Datum
	}
	var all []value
	for _, n := range numbers(t) {
		if n.t == OID {
			continue
		}
		all = append(all, value{n.t, n.d})
	}
	for _, s := range []string{"", "a", "a\x01b", "ü", "0123456789abcdef"} {
		all = append(all, value{Text, StrDatum(s)}, value{Bytea, StrDatum(s + "\x00\xff\x00")})
	}
	all = append(all, value{UUID, StrDatum("0123456789abcdef")}, value{Bool, BoolDatum(true)}, value{Bool, BoolDatum(false)},
		value{Interval, StrDatum(Duration{Months: 14, Days: -3, Micros: -1}.Pack())}, value{Int8, NullDatum},
		value{Timestamptz, IntDatum(TimestampNegInfinity)}, value{Timestamp, IntDatum(-7)}, value{Date, IntDatum(DateInfinity)})
	for _, v := range all {
		key := EncodeKeyDatum(EncodeKeyDatum(nil, v.t, v.d), Text, StrDatum("end"))
		got, err := DecodeKey(key, []Type{v.t, Text})
		if err != nil {
			t.Fatalf("%v %v: %v", v.t, v.d, err)
		}
		if again := EncodeKeyDatum(nil, v.t, got[0]); !bytes.HasPrefix(key, again) || got[1].Str != "end" {
			t.Fatalf("%v %v came back as %v", v.t, v.d, got)
		}
		for _, other := range []Type{Int2, Int8, Float8, Numeric, Text, UUID, Bool, Date, Timestamptz} {
			if got, err := DecodeKey(key, []Type{other, Text}); err == nil && !bytes.HasPrefix(key, EncodeKeyDatum(nil, other, got[0])) {
				t.Fatalf("%v %v as %v is %v", v.t, v.d, other, got)
			}
		}
	}
}

// Whatever the bytes are, they are refused or stand for values that have them as their key.
func FuzzDecodeKey(f *testing.F) {
	for _, v := range []int64{0, 1, -1, 255, -256} {
		f.Add(EncodeKeyDatum(EncodeKeyDatum(nil, Int8, IntDatum(v)), Text, StrDatum("a\x01")))
	}
	f.Add([]byte{0x49, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, key []byte) {
		for _, ts := range [][]Type{{Int8, Text}, {Numeric}, {Float8, Bytea}, {Interval}, {Date, Timestamptz}, {Varchar, UUID}} {
			got, err := DecodeKey(key, ts)
			if err != nil {
				continue
			}
			var again []byte
			for i, d := range got {
				again = EncodeKeyDatum(again, ts[i], d)
			}
			if !bytes.Equal(again, key) {
				t.Fatalf("%x as %v is %v", key, ts, got)
			}
		}
	})
}
