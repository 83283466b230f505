package types

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// number is a number of some type, with its exact value as a decimal.
type number struct {
	t     Type
	d     Datum
	value *apd.Decimal
}

func (n number) key() []byte { return EncodeKeyDatum(nil, n.t, n.d) }

// numbers returns numbers of every type around the edges of the key codec, and random ones.
func numbers(t testing.TB) []number {
	var out []number
	rng := rand.New(rand.NewPCG(1, 2))
	ints := []int64{0, 1, -1, 2, 99, 100, 127, 128, 255, 256, -255, -256, 65535, 65536, math.MaxInt32, math.MinInt32,
		1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1}
	for range 200 {
		ints = append(ints, rng.Int64()>>rng.IntN(64))
	}
	for _, i := range ints {
		for _, typ := range []Type{Int8, OID} {
			out = append(out, number{typ, IntDatum(i), apd.New(i, 0)})
		}
		if int64(int16(i)) == i {
			out = append(out, number{Int2, IntDatum(i), apd.New(i, 0)})
		}
	}
	texts := []string{"0.0", "-0.00", "1.0", "1.50", "1.5", "-1.5", "0.5", "0.05", "0.005", "-0.005", "0.051", "18446744073709551615",
		"18446744073709551616", "-18446744073709551616", "18446744073709551616.000", "18446744073709551615.9", "1e300", "-1e300", "0.1", "1.01", "1.001",
		strings.Repeat("9", 700), "0." + strings.Repeat("0", 300) + "1", "NaN", "Infinity", "-Infinity"}
	for range 300 {
		texts = append(texts, fmt.Sprintf("%d.%0*d", rng.Int64()>>rng.IntN(64), 1+rng.IntN(25), rng.IntN(100000)))
	}
	for _, s := range texts {
		d := dec(t, s)
		if d.Form == apd.Finite && d.Exponent > 0 {
			d.Coeff.Mul(&d.Coeff, Pow10(int(d.Exponent)))
			d.Exponent = 0
		}
		out = append(out, number{Numeric, DecDatum(d), d})
	}
	return append(out, floats(t, rng)...)
}

func floats(t testing.TB, rng *rand.Rand) (out []number) {
	fs := []float64{0, math.Copysign(0, -1), 1, -1, 0.1, -0.1, 1.5, 0.005, 1 << 53, 1 << 62, 1 << 63, -(1 << 63), 1 << 64, 1e300, math.MaxFloat64,
		-math.MaxFloat64, math.SmallestNonzeroFloat64, 4503599627370495.5, 4503599627370496.0, math.NaN(), math.Inf(1), math.Inf(-1)}
	for range 300 {
		fs = append(fs, math.Float64frombits(rng.Uint64()), rng.NormFloat64(), math.Trunc(rng.NormFloat64()*1e6))
	}
	for _, f := range fs {
		d := new(apd.Decimal)
		if f == math.Trunc(f) && !math.IsInf(f, 0) {
			d = dec(t, fmt.Sprintf("%.0f", f)) // integers stand for themselves, not for their shortest decimal
		} else {
			d = dec(t, fmt.Sprint(f))
		}
		out = append(out, number{Float8, FloatDatum(f), d})
	}
	return out
}

// The order of the bytes is the order of the values, and equal values have equal bytes, over all types of numbers. The
// model is exact decimal comparison.
func TestKeyNumbers(t *testing.T) {
	ns := numbers(t)
	for _, a := range ns {
		ka := a.key()
		for _, b := range ns {
			want := sign(a.value.CmpTotal(b.value))
			if a.value.Form == apd.Finite && b.value.Form == apd.Finite {
				want = a.value.Cmp(b.value)
			}
			if got := bytes.Compare(ka, b.key()); got != want {
				t.Fatalf("%v %v and %v %v: keys compare %d, values %d", a.t, a.value, b.t, b.value, got, want)
			}
		}
	}
}

// Values of one type keep their order, NULL is last.
func TestKeyOrder(t *testing.T) {
	str := func(ss ...string) (ds []Datum) {
		for _, s := range ss {
			ds = append(ds, StrDatum(s))
		}
		return ds
	}
	ints := func(is ...int64) (ds []Datum) {
		for _, i := range is {
			ds = append(ds, IntDatum(i))
		}
		return ds
	}
	for _, c := range []struct {
		t  Type
		ds []Datum
	}{
		{Bool, ints(0, 1)},
		{Text, str("", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00b", "aa", "ab", "b", "é", "\xff")},
		{Name, str("", "a", "b")},
		{Timestamptz, ints(TimestampNegInfinity, -1, 0, 1, TimestampInfinity)},
		{Date, ints(DateNegInfinity, -1, 0, 1, DateInfinity)},
	} {
		keys := [][]byte{}
		for _, d := range append(c.ds, NullDatum) {
			keys = append(keys, EncodeKeyDatum(nil, c.t, d))
		}
		if !slices.IsSortedFunc(keys, bytes.Compare) || len(slices.CompactFunc(keys, bytes.Equal)) != len(c.ds)+1 {
			t.Errorf("%v: keys are not in order: %x", c.t, keys)
		}
	}
}

// The order of concatenated keys is the order of tuples: no value's key is a prefix of another's.
func TestKeySelfDelimiting(t *testing.T) {
	var keys [][]byte
	for _, n := range numbers(t) {
		keys = append(keys, n.key())
	}
	for _, s := range []string{"", "\x00", "a", "a\x00", "ab"} {
		keys = append(keys, EncodeKeyDatum(nil, Text, StrDatum(s)))
	}
	keys = append(keys, EncodeKeyDatum(nil, Bool, BoolDatum(true)), EncodeKeyDatum(nil, Text, NullDatum))
	for _, a := range keys {
		for _, b := range keys {
			if !bytes.Equal(a, b) && bytes.HasPrefix(b, a) {
				t.Fatalf("%x is a prefix of %x", a, b)
			}
		}
	}
}

// A key of columns is the concatenation of its values' keys, and encoding allocates nothing.
func TestEncodeKey(t *testing.T) {
	b := sampleBatch(t)
	want := EncodeKeyDatum(nil, Text, b.Cols[2].Datum(0))
	want = EncodeKeyDatum(want, Int8, b.Cols[0].Datum(0))
	if got := EncodeKey(nil, b, []int{2, 0}, 0); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	buf := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() { EncodeKey(buf, b, []int{0, 1, 2, 3, 4}, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEncodeKey(b *testing.B) {
	in := sampleBatch(b)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = EncodeKey(buf[:0], in, []int{0, 2}, 2)
	}
}
