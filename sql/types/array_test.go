package types

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

func arrayOf(t testing.TB, typ Type, text string) string {
	t.Helper()
	d, err := ParseText(typ, text, Scope{})
	if err != nil {
		t.Fatal(err)
	}
	return d.Str
}

// The keys of arrays have the order of the arrays, and none is a prefix of another, so they may be part of a longer key.
func TestArrayKeys(t *testing.T) {
	for typ, texts := range map[Type][]string{
		ArrayOf(Int4):    {"{}", "{-5}", "{1}", "{1,-1}", "{1,2}", "{1,2,0}", "{1,NULL}", "{2}", "{NULL}", "{NULL,1}", "{NULL,NULL}"},
		TextArray:        {"{}", `{""}`, `{"",a}`, "{a}", "{a,a}", "{aa}", "{b}", "{NULL}"},
		ArrayOf(Numeric): {"{-1.5}", "{1.0}", "{1.00,2}", "{1.01}", "{NaN}", "{NULL}"},
	} {
		var before []byte
		for i, text := range texts {
			key := EncodeKeyDatum(nil, typ, StrDatum(arrayOf(t, typ, text)))
			if i > 0 && (bytes.Compare(before, key) >= 0 || bytes.HasPrefix(key, before)) {
				t.Errorf("%v: the key of %s is %x, that before it %x", typ, text, key, before)
			}
			if i > 0 && Compare(typ, StrDatum(arrayOf(t, typ, texts[i-1])), StrDatum(arrayOf(t, typ, text))) >= 0 {
				t.Errorf("%v: %s is not below %s", typ, texts[i-1], text)
			}
			before = key
		}
	}
	one := EncodeKeyDatum(nil, ArrayOf(Numeric), StrDatum(arrayOf(t, ArrayOf(Numeric), "{1.0}")))
	if other := EncodeKeyDatum(nil, ArrayOf(Numeric), StrDatum(arrayOf(t, ArrayOf(Numeric), "{1}"))); !bytes.Equal(one, other) {
		t.Error("equal arrays have different keys")
	}
}

// Arrays of texts from the time when there were no others are read: their type, values, and columns of internal topics.
func TestOldTextArray(t *testing.T) {
	var typ Type
	if err := json.Unmarshal([]byte(`{"id":16}`), &typ); err != nil || typ != TextArray {
		t.Fatalf("type %v, %v", typ, err)
	}
	const old = `{a,NULL,"b c"}`
	v, err := DecodeArray(typ, old)
	if err != nil || v.Len() != 3 || !v.IsNull(1) || v.Str[2] != "b c" || ArrayLength(old) != 3 {
		t.Errorf("elements %v, %v", v, err)
	}
	if got := string(FormatText(nil, typ, StrDatum(old), Scope{})); got != old {
		t.Errorf("printed as %s", got)
	}
	b := NewBatch([]Type{TextArray}, 1)
	b.AppendRow([]Datum{StrDatum(old)}, 1)
	data := EncodeBatch(nil, b)
	data[bytes.IndexByte(data, byte(IDArray))] = byte(idTextArray)
	if out, err := DecodeBatch(data, b.Types()); err != nil || out.Cols[0].Str[0] != old {
		t.Errorf("batch: %v", err)
	}
}

// An array that was cut short is refused; one that is whole comes back, and its length is known without its elements.
func TestArrayRoundTrip(t *testing.T) {
	for typ, text := range map[Type]string{ArrayOf(Int8): "{1,NULL,-9223372036854775808}", ArrayOf(Bool): "{t,f}", TextArray: `{"",NULL,x}`,
		ArrayOf(Numeric): "{1.50,NaN}", ArrayOf(Float8): "{0.1}", ArrayOf(Interval): "{1 day}"} {
		s := arrayOf(t, typ, text)
		v, err := DecodeArray(typ, s)
		if err != nil || EncodeArray(v) != s || ArrayLength(s) != v.Len() || string(FormatText(nil, typ, StrDatum(s), Scope{})) != text && typ.Elem != IDInterval {
			t.Errorf("%v %s: %v, %v", typ, text, v, err)
		}
		for n := range len(s) {
			if _, err := DecodeArray(typ, s[:n]); !errors.Is(err, ErrCorrupt) {
				t.Errorf("%v: %d of %d bytes: %v", typ, n, len(s), err)
			}
		}
	}
}

// FuzzDecodeArray shows that no bytes make the decoder panic, and that what it takes it writes again.
func FuzzDecodeArray(f *testing.F) {
	f.Add(arrayOf(f, ArrayOf(Int4), "{1,NULL,3}"), true)
	f.Add(arrayOf(f, TextArray, "{a,NULL}"), false)
	f.Fuzz(func(t *testing.T, s string, ints bool) {
		typ := TextArray
		if ints {
			typ = ArrayOf(Int4)
		}
		v, err := DecodeArray(typ, s)
		if err != nil {
			return
		}
		again, err := DecodeArray(typ, EncodeArray(v))
		if err != nil || compareArrays(typ, EncodeArray(again), EncodeArray(v)) != 0 {
			t.Errorf("%q: %v", s, err)
		}
	})
}

// FuzzParseArray shows that an array that is read prints to what reads the same.
func FuzzParseArray(f *testing.F) {
	for _, s := range []string{"{}", `{a,"b c",NULL}`, "[1:2]={a,b}", `{\"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseText(TextArray, s, Scope{})
		if err != nil {
			return
		}
		again, err := ParseText(TextArray, string(FormatText(nil, TextArray, d, Scope{})), Scope{})
		if err != nil || again.Str != d.Str {
			t.Errorf("%q: %v, %v", s, again, err)
		}
	})
}
