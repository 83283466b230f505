package types

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/apd/v3"
)

// MaxBatchRows bounds the rows of an encoded batch; with the length of the input it bounds what a decoder allocates.
const MaxBatchRows = 1 << 20

// The batch codec: a columnar batch of changes, the value of a record of an internal topic.
//
//	1 byte      format, 1
//	uvarint     rows, columns
//	1 byte      1 if multiplicities follow, as varints, one a row; else 0: all are 1
//	per column  1 byte type, 1 byte: 1 if a NULL bitmap of (rows+7)/8 bytes follows, else 0; then the values that are not
//	            NULL as in the row codec
const batchFormat = 1

// EncodeBatch appends the batch codec's form of b, which has at most MaxBatchRows rows.
func EncodeBatch(dst []byte, b *Batch) []byte {
	if b.Len > MaxBatchRows {
		panic(fmt.Sprintf("BUG: batch of %d rows is to be encoded", b.Len))
	}
	dst = append(dst, batchFormat)
	dst = binary.AppendUvarint(dst, uint64(b.Len))
	dst = binary.AppendUvarint(dst, uint64(len(b.Cols)))
	dst = appendDiffs(dst, b.Diffs)
	for _, v := range b.Cols {
		dst = appendColumn(dst, v, b.Len)
	}
	return dst
}

func appendDiffs(dst []byte, diffs []int64) []byte {
	if diffs == nil {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	for _, d := range diffs {
		dst = binary.AppendVarint(dst, d)
	}
	return dst
}

func appendColumn(dst []byte, v *Vector, rows int) []byte {
	dst = append(dst, byte(v.Type.ID))
	if v.Nulls == nil {
		dst = append(dst, 0)
		for i := range rows {
			dst = appendValue(dst, v, i)
		}
		return dst
	}
	dst = append(dst, 1)
	bitmap := len(dst)
	for range (rows + 7) / 8 {
		dst = append(dst, 0)
	}
	for i := range rows {
		if v.Nulls[i] {
			dst[bitmap+i/8] |= 1 << (i % 8)
			continue
		}
		dst = appendValue(dst, v, i)
	}
	return dst
}

// DecodeBatch decodes a batch whose columns have the types ts. Nothing aliases data. Errors: ErrCorrupt, also if the
// columns are of other types.
func DecodeBatch(data []byte, ts []Type) (*Batch, error) {
	if len(data) == 0 || data[0] != batchFormat {
		return nil, fmt.Errorf("batch: format: %w", ErrCorrupt)
	}
	r := reader{b: data, pos: 1}
	rows := r.count(MaxBatchRows)
	if n := r.count(len(ts)); r.err != nil || n != len(ts) {
		return nil, fmt.Errorf("batch: header: %w", ErrCorrupt)
	}
	b := &Batch{Cols: make([]*Vector, len(ts)), Len: rows, Diffs: r.diffs(rows)}
	for c, t := range ts {
		b.Cols[c] = r.column(t, rows)
		if r.err != nil {
			return nil, fmt.Errorf("batch: column %d of type %v: %w", c, t, r.err)
		}
	}
	if r.err != nil || r.pos != len(data) {
		return nil, fmt.Errorf("batch: %w", ErrCorrupt)
	}
	return b, nil
}

// flag reads a byte that is 0 or 1.
func (r *reader) flag() bool {
	b := r.byte()
	if b > 1 {
		r.fail()
	}
	return b == 1
}

func (r *reader) diffs(rows int) []int64 {
	if !r.flag() {
		return nil
	}
	if rows > len(r.b)-r.pos {
		r.fail()
		return nil
	}
	diffs := make([]int64, rows)
	for i := range diffs {
		diffs[i] = r.varint()
	}
	return diffs
}

// column reads a column. A value takes at least a byte and a NULL a bit, which bounds what is allocated.
func (r *reader) column(t Type, rows int) *Vector {
	if id := ID(r.byte()); id != t.ID && (id != idTextArray || t != TextArray) {
		r.fail()
	}
	var bitmap []byte
	if r.flag() {
		bitmap = r.bytes((rows + 7) / 8)
	} else if rows > len(r.b)-r.pos {
		r.fail()
	}
	if r.err != nil {
		return nil
	}
	v := MakeVector(t, rows)
	if bitmap != nil {
		v.Nulls = make([]bool, rows)
	}
	for i := 0; i < rows && r.err == nil; i++ {
		if bitmap != nil && bitmap[i/8]&(1<<(i%8)) != 0 {
			v.Nulls[i] = true
			continue
		}
		r.set(v, i)
	}
	return v
}

// set reads value i of v, which is zero.
func (r *reader) set(v *Vector, i int) {
	switch v.Type.Class() {
	case ClassInt:
		v.Int[i] = r.varint()
	case ClassFloat:
		v.Float[i] = r.float()
	case ClassString:
		v.Str[i] = r.string()
	case ClassDecimal:
		v.Dec[i] = apd.Decimal{}
		r.decimal(&v.Dec[i])
	}
}
