package types

import "github.com/cockroachdb/apd/v3"

// Vector is one column of a batch: Len values of one type. Exactly the slice of the type's Class is in use, with a
// value (of no meaning) also where the row is NULL. Nulls is nil if no row is NULL, else has Len entries.
// A vector is immutable once it is shared; whoever appends owns it.
type Vector struct {
	Type  Type
	Nulls []bool
	Int   []int64 // bool 0/1; timestamptz: µs since 2000-01-01 UTC; timestamp likewise, as if it were UTC; date: days since 2000-01-01
	Float []float64
	Str   []string
	Dec   []apd.Decimal // Exponent is minus the display scale, as PostgreSQL's dscale; NaN and Infinity by Form
}

// Datum is one value; its type is known from the context. The field of the type's Class holds it.
type Datum struct {
	Null  bool         `json:"null,omitempty"`
	Int   int64        `json:"int,omitempty"`
	Float float64      `json:"float,omitempty"`
	Str   string       `json:"str,omitempty"`
	Dec   *apd.Decimal `json:"dec,omitempty"`
}

// NullDatum is NULL.
var NullDatum = Datum{Null: true}

// NewVector returns an empty vector with room for capacity values.
func NewVector(t Type, capacity int) *Vector {
	v := &Vector{Type: t}
	switch t.Class() {
	case ClassInt:
		v.Int = make([]int64, 0, capacity)
	case ClassFloat:
		v.Float = make([]float64, 0, capacity)
	case ClassString:
		v.Str = make([]string, 0, capacity)
	case ClassDecimal:
		v.Dec = make([]apd.Decimal, 0, capacity)
	}
	return v
}

// MakeVector returns a vector of n zero values, to be filled in place.
func MakeVector(t Type, n int) *Vector {
	v := &Vector{Type: t}
	switch t.Class() {
	case ClassInt:
		v.Int = make([]int64, n)
	case ClassFloat:
		v.Float = make([]float64, n)
	case ClassString:
		v.Str = make([]string, n)
	case ClassDecimal:
		v.Dec = make([]apd.Decimal, n)
	}
	return v
}

// Len returns the number of values.
func (v *Vector) Len() int {
	switch v.Type.Class() {
	case ClassInt:
		return len(v.Int)
	case ClassFloat:
		return len(v.Float)
	case ClassString:
		return len(v.Str)
	}
	return len(v.Dec)
}

// IsNull reports whether value i is NULL.
func (v *Vector) IsNull(i int) bool { return v.Nulls != nil && v.Nulls[i] }

// SetNull makes value i NULL.
func (v *Vector) SetNull(i int) {
	if v.Nulls == nil {
		v.Nulls = make([]bool, v.Len())
	}
	v.Nulls[i] = true
}

// Datum returns value i. A decimal aliases the vector.
func (v *Vector) Datum(i int) Datum {
	if v.IsNull(i) {
		return NullDatum
	}
	switch v.Type.Class() {
	case ClassInt:
		return Datum{Int: v.Int[i]}
	case ClassFloat:
		return Datum{Float: v.Float[i]}
	case ClassString:
		return Datum{Str: v.Str[i]}
	}
	return Datum{Dec: &v.Dec[i]}
}

// Append adds a value of the vector's type.
func (v *Vector) Append(d Datum) {
	switch v.Type.Class() {
	case ClassInt:
		v.Int = append(v.Int, d.Int)
	case ClassFloat:
		v.Float = append(v.Float, d.Float)
	case ClassString:
		v.Str = append(v.Str, d.Str)
	case ClassDecimal:
		v.appendDecimal(d.Dec)
	}
	v.noteNull(d.Null)
}

func (v *Vector) appendDecimal(d *apd.Decimal) {
	v.Dec = append(v.Dec, apd.Decimal{})
	if d != nil {
		v.Dec[len(v.Dec)-1].Set(d)
	}
}

// noteNull records whether the value just appended is NULL.
func (v *Vector) noteNull(null bool) {
	if v.Nulls != nil {
		v.Nulls = append(v.Nulls, null)
		return
	}
	if null {
		v.Nulls = make([]bool, v.Len(), cap(v.Int)+cap(v.Float)+cap(v.Str)+cap(v.Dec))
		v.Nulls[v.Len()-1] = true
	}
}

// AppendFrom adds value i of o, which has the same class.
func (v *Vector) AppendFrom(o *Vector, i int) {
	switch v.Type.Class() {
	case ClassInt:
		v.Int = append(v.Int, o.Int[i])
	case ClassFloat:
		v.Float = append(v.Float, o.Float[i])
	case ClassString:
		v.Str = append(v.Str, o.Str[i])
	case ClassDecimal:
		v.appendDecimal(&o.Dec[i])
	}
	v.noteNull(o.IsNull(i))
}

// Gather returns a new vector of the values of v at rows, in that order. A row of -1 gives NULL.
func (v *Vector) Gather(rows []int) *Vector {
	out := &Vector{Type: v.Type}
	switch v.Type.Class() {
	case ClassInt:
		out.Int = gather(v.Int, rows)
	case ClassFloat:
		out.Float = gather(v.Float, rows)
	case ClassString:
		out.Str = gather(v.Str, rows)
	case ClassDecimal:
		out.Dec = make([]apd.Decimal, len(rows))
		for i, r := range rows {
			if r >= 0 {
				out.Dec[i].Set(&v.Dec[r])
			}
		}
	}
	for i, r := range rows {
		if r < 0 || v.Nulls != nil && v.Nulls[r] {
			out.SetNull(i)
		}
	}
	return out
}

// gather returns the values at rows, zero values where they are negative.
func gather[T any](values []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		if r >= 0 {
			out[i] = values[r]
		}
	}
	return out
}

// Slice returns rows [from, to) of v, sharing its memory.
func (v *Vector) Slice(from, to int) *Vector {
	out := &Vector{Type: v.Type}
	if v.Nulls != nil {
		out.Nulls = v.Nulls[from:to:to]
	}
	switch v.Type.Class() {
	case ClassInt:
		out.Int = v.Int[from:to:to]
	case ClassFloat:
		out.Float = v.Float[from:to:to]
	case ClassString:
		out.Str = v.Str[from:to:to]
	case ClassDecimal:
		out.Dec = v.Dec[from:to:to]
	}
	return out
}

// ConstVector returns n times d.
func ConstVector(t Type, d Datum, n int) *Vector {
	v := NewVector(t, n)
	for range n {
		v.Append(d)
	}
	return v
}

// Batch is a set of rows, by columns, each with a multiplicity. Operators of continuous queries exchange batches of
// changes: Diffs[i] is how many times row i is added (positive) or taken away (negative); nil means 1 for each.
type Batch struct {
	Cols  []*Vector
	Len   int // rows; kept apart as a batch may have no columns
	Diffs []int64
}

// NewBatch returns an empty batch with columns of the given types.
func NewBatch(ts []Type, capacity int) *Batch {
	b := &Batch{Cols: make([]*Vector, len(ts))}
	for i, t := range ts {
		b.Cols[i] = NewVector(t, capacity)
	}
	return b
}

// Diff returns the multiplicity of row i.
func (b *Batch) Diff(i int) int64 {
	if b.Diffs == nil {
		return 1
	}
	return b.Diffs[i]
}

// AppendRow adds a row with multiplicity diff.
func (b *Batch) AppendRow(row []Datum, diff int64) {
	for i, d := range row {
		b.Cols[i].Append(d)
	}
	b.noteDiff(diff)
}

// AppendFrom adds row i of o with multiplicity diff.
func (b *Batch) AppendFrom(o *Batch, i int, diff int64) {
	for c := range b.Cols {
		b.Cols[c].AppendFrom(o.Cols[c], i)
	}
	b.noteDiff(diff)
}

// noteDiff counts a row just appended.
func (b *Batch) noteDiff(diff int64) {
	b.Len++
	if b.Diffs == nil && diff == 1 {
		return
	}
	for len(b.Diffs) < b.Len-1 {
		b.Diffs = append(b.Diffs, 1)
	}
	b.Diffs = append(b.Diffs, diff)
}

// Row returns row i; decimals alias the batch.
func (b *Batch) Row(i int) []Datum {
	row := make([]Datum, len(b.Cols))
	for c, v := range b.Cols {
		row[c] = v.Datum(i)
	}
	return row
}

// Gather returns a new batch of the given rows (none may be -1), with their multiplicities.
func (b *Batch) Gather(rows []int) *Batch {
	out := &Batch{Cols: make([]*Vector, len(b.Cols)), Len: len(rows)}
	for c, v := range b.Cols {
		out.Cols[c] = v.Gather(rows)
	}
	if b.Diffs != nil {
		out.Diffs = make([]int64, len(rows))
		for i, r := range rows {
			out.Diffs[i] = b.Diffs[r]
		}
	}
	return out
}

// Slice returns rows [from, to), sharing memory.
func (b *Batch) Slice(from, to int) *Batch {
	out := &Batch{Cols: make([]*Vector, len(b.Cols)), Len: to - from}
	for c, v := range b.Cols {
		out.Cols[c] = v.Slice(from, to)
	}
	if b.Diffs != nil {
		out.Diffs = b.Diffs[from:to:to]
	}
	return out
}

// Types returns the types of the columns.
func (b *Batch) Types() []Type {
	ts := make([]Type, len(b.Cols))
	for i, v := range b.Cols {
		ts[i] = v.Type
	}
	return ts
}
