package types

import (
	"errors"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// A row decoded by columns gives what DecodeRow gives for them, whichever are passed over.
func TestDecodeRowColumns(t *testing.T) {
	ts := []Type{Int8, Text, Numeric, Float8, Text, Bool}
	full := NewBatch(ts, 1)
	full.AppendRow([]Datum{IntDatum(-7), StrDatum("abc"), DecDatum(apd.New(1250, -2)), FloatDatum(1.5), NullDatum, BoolDatum(true)}, 1)
	row := EncodeRow(nil, full, 0)
	for mask := range 1 << len(ts) {
		want := make([]int, len(ts))
		var sub []Type
		for c := range ts {
			want[c] = -1
			if mask&(1<<c) != 0 {
				want[c] = len(sub)
				sub = append(sub, ts[c])
			}
		}
		into := NewBatch(sub, 1)
		if err := DecodeRowColumns(row, ts, want, nil, into); err != nil {
			t.Fatalf("mask %b: %v", mask, err)
		}
		if into.Len != 1 {
			t.Fatalf("mask %b: %d rows", mask, into.Len)
		}
		for c, at := range want {
			if at < 0 {
				continue
			}
			got, exp := into.Cols[at], full.Cols[c]
			if got.Len() != 1 || got.IsNull(0) != exp.IsNull(0) || !got.IsNull(0) && CompareValues(got, 0, exp, 0) != 0 {
				t.Errorf("mask %b column %d: %v, want %v", mask, c, got.Datum(0), exp.Datum(0))
			}
		}
	}
}

// Columns that the stored row does not have yet are NULL; bytes that are cut are ErrCorrupt.
func TestDecodeRowColumnsShort(t *testing.T) {
	old := NewBatch([]Type{Int8}, 1)
	old.AppendRow([]Datum{IntDatum(5)}, 1)
	row := EncodeRow(nil, old, 0)
	into := NewBatch([]Type{Text}, 1)
	if err := DecodeRowColumns(row, []Type{Int8, Text}, []int{-1, 0}, nil, into); err != nil || !into.Cols[0].IsNull(0) {
		t.Fatalf("added column: %v, %v", into.Cols[0].Datum(0), err)
	}
	err := DecodeRowColumns(row[:len(row)-1], []Type{Int8}, []int{-1}, nil, NewBatch(nil, 1))
	if !errors.Is(err, ErrCorrupt) {
		t.Fatalf("cut row: %v", err)
	}
}
