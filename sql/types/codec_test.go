package types

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

func dec(t testing.TB, s string) *apd.Decimal {
	t.Helper()
	d, _, err := apd.NewFromString(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sampleBatch has a column of each class, NULLs and values at the edges.
func sampleBatch(t testing.TB) *Batch {
	b := NewBatch([]Type{Int8, Float8, Text, Numeric, Bool}, 0)
	b.AppendRow([]Datum{IntDatum(math.MinInt64), FloatDatum(math.NaN()), StrDatum("zürich\x00"), DecDatum(dec(t, "-1.50")), BoolDatum(true)}, 1)
	b.AppendRow([]Datum{NullDatum, NullDatum, NullDatum, NullDatum, NullDatum}, -1)
	b.AppendRow([]Datum{IntDatum(7), FloatDatum(-0.25), StrDatum(""), DecDatum(dec(t, "NaN")), BoolDatum(false)}, 3)
	b.AppendRow([]Datum{IntDatum(math.MaxInt64), FloatDatum(math.Inf(-1)), StrDatum("x"), DecDatum(dec(t, "123456789012345678901234567890.123")), NullDatum}, 1)
	b.AppendRow([]Datum{IntDatum(0), FloatDatum(0), StrDatum("y"), DecDatum(dec(t, "-Infinity")), NullDatum}, 1)
	return b
}

// sameRows compares values by their text, so that NaN equals itself.
func sameRows(t *testing.T, got, want *Batch) {
	t.Helper()
	if got.Len != want.Len {
		t.Fatalf("%d rows, want %d", got.Len, want.Len)
	}
	for i := range want.Len {
		for c := range want.Cols {
			g, w := got.Cols[c], want.Cols[c]
			if g.IsNull(i) != w.IsNull(i) || !w.IsNull(i) && CompareValues(g, i, w, i) != 0 {
				t.Errorf("row %d column %d: %v, want %v", i, c, g.Datum(i), w.Datum(i))
			}
			if w.Type.ID == IDNumeric && !w.IsNull(i) && g.Dec[i].Exponent != w.Dec[i].Exponent {
				t.Errorf("row %d column %d: display scale %d, want %d", i, c, -g.Dec[i].Exponent, -w.Dec[i].Exponent)
			}
		}
	}
}

// A row comes back as it was, and a row written with fewer columns has NULLs for the others.
func TestRowRoundTrip(t *testing.T) {
	in := sampleBatch(t)
	out := NewBatch(in.Types(), 0)
	wider := NewBatch(append(in.Types(), Text), 0)
	for i := range in.Len {
		row := EncodeRow(nil, in, i)
		if err := DecodeRow(row, out); err != nil {
			t.Fatal(err)
		}
		if err := DecodeRow(row, wider); err != nil {
			t.Fatal(err)
		}
		if !wider.Cols[5].IsNull(i) {
			t.Errorf("row %d: column that was not written is not NULL", i)
		}
	}
	sameRows(t, out, in)
	if out.Diffs != nil {
		t.Error("multiplicities, want none")
	}
}

// A row that was cut short, or is of another format, is refused.
func TestRowCorrupt(t *testing.T) {
	in := sampleBatch(t)
	row := EncodeRow(nil, in, 3)
	for n := range len(row) {
		if err := DecodeRow(row[:n], NewBatch(in.Types(), 0)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes: %v", n, len(row), err)
		}
	}
	if err := DecodeRow(append(row, 0), NewBatch(in.Types(), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
}

// A reader that knows fewer columns than a row has passes over the last ones; one that knows more gets what it says that the
// row is too old to have.
func TestRowOfOtherWidth(t *testing.T) {
	in := sampleBatch(t)
	row := EncodeRow(nil, in, 3)
	narrow := NewBatch(in.Types()[:2], 0)
	if err := DecodeRow(row, narrow); err != nil || narrow.Len != 1 || narrow.Cols[0].Len() != 1 || narrow.Cols[1].Len() != 1 {
		t.Errorf("fewer columns: %v, %d rows", err, narrow.Len)
	}
	ts := append(in.Types(), Int4, Text)
	missing := make([]Datum, len(ts)-1)
	missing[len(ts)-2] = IntDatum(42)
	wide := NewBatch(ts, 0)
	if err := DecodeRowMissing(row, missing, wide); err != nil {
		t.Fatal(err)
	}
	if wide.Cols[len(ts)-2].Int[0] != 42 || !wide.Cols[len(ts)-1].IsNull(0) {
		t.Errorf("the younger columns are %v and %v", wide.Cols[len(ts)-2].Datum(0), wide.Cols[len(ts)-1].Datum(0))
	}
	want := make([]int, len(ts))
	for i := range want {
		want[i] = -1
	}
	want[len(ts)-2] = 0
	one := NewBatch([]Type{Int4}, 0)
	if err := DecodeRowColumns(row, ts, want, missing, one); err != nil || one.Cols[0].Int[0] != 42 {
		t.Errorf("one younger column: %v", err)
	}
}

// A batch comes back with its multiplicities; with other types or cut short it is refused.
func TestBatchRoundTrip(t *testing.T) {
	in := sampleBatch(t)
	data := EncodeBatch(nil, in)
	out, err := DecodeBatch(data, in.Types())
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, out, in)
	if !reflect.DeepEqual(out.Diffs, in.Diffs) {
		t.Errorf("multiplicities %v, want %v", out.Diffs, in.Diffs)
	}
	for n := range len(data) {
		if _, err := DecodeBatch(data[:n], in.Types()); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
	if _, err := DecodeBatch(data, []Type{Int4, Float8, Text, Numeric, Bool}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("other types: %v", err)
	}
}

// A batch without columns keeps its number of rows, one without rows its columns.
func TestBatchEmpty(t *testing.T) {
	out, err := DecodeBatch(EncodeBatch(nil, &Batch{Len: 9}), nil)
	if err != nil || out.Len != 9 {
		t.Errorf("without columns: %v, %v", out, err)
	}
	out, err = DecodeBatch(EncodeBatch(nil, NewBatch([]Type{Text}, 0)), []Type{Text})
	if err != nil || out.Len != 0 || len(out.Cols) != 1 {
		t.Errorf("without rows: %v, %v", out, err)
	}
}

// What DecodeRow takes, EncodeRow writes again to bytes that mean the same.
func FuzzDecodeRow(f *testing.F) {
	in := sampleBatch(f)
	for i := range in.Len {
		f.Add(EncodeRow(nil, in, i))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		first, second := NewBatch(in.Types(), 0), NewBatch(in.Types(), 0)
		if DecodeRow(data, first) != nil {
			return
		}
		if err := DecodeRow(EncodeRow(nil, first, 0), second); err != nil {
			t.Fatal(err)
		}
		sameRows(t, second, first)
	})
}

// What DecodeBatch takes, EncodeBatch writes again to bytes that mean the same.
func FuzzDecodeBatch(f *testing.F) {
	in := sampleBatch(f)
	f.Add(EncodeBatch(nil, in))
	f.Add(EncodeBatch(nil, in.Slice(0, 1)))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := DecodeBatch(data, in.Types())
		if err != nil {
			return
		}
		again := EncodeBatch(nil, first)
		second, err := DecodeBatch(again, in.Types())
		if err != nil {
			t.Fatal(err)
		}
		sameRows(t, second, first)
		if !bytes.Equal(EncodeBatch(nil, second), again) {
			t.Error("encoding is not stable")
		}
	})
}

// The hash is the one of Kafka's clients: the values of its UtilsTest.
func TestMurmur2(t *testing.T) {
	for key, want := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string":                       -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		if got := int32(Murmur2([]byte(key))); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
	if got := Partition([]byte("foobar"), 4); got != uint32(-790332482&0x7fffffff)%4 {
		t.Errorf("partition %d", got)
	}
}

func BenchmarkEncodeRow(b *testing.B) {
	in := sampleBatch(b)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = EncodeRow(buf[:0], in, 0)
	}
}

func BenchmarkDecodeRow(b *testing.B) {
	in := sampleBatch(b)
	row := EncodeRow(nil, in, 0)
	out := NewBatch(in.Types(), 1<<10)
	b.ReportAllocs()
	for b.Loop() {
		if out.Len == 1<<10 {
			out = NewBatch(in.Types(), 1<<10)
		}
		if err := DecodeRow(row, out); err != nil {
			b.Fatal(err)
		}
	}
}
