package types

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/apd/v3"
)

// The row codec: the values of a stored row. The types are not in it: they are the relation's.
//
//	1 byte      format, 1
//	uvarint     number of columns n
//	(n+7)/8     NULL bitmap: bit i%8 of byte i/8 is column i
//	values      of the columns that are not NULL:
//	  ClassInt      varint (zigzag)
//	  ClassFloat    IEEE 754, 8 bytes little endian; NaN as 0x7ff8000000000000
//	  ClassString   uvarint length, bytes
//	  ClassDecimal  1 byte: bit 0 negative, bits 1–2 form (0 finite, 1 infinite, 2 NaN); if finite: uvarint display
//	                scale, uvarint length, coefficient big endian
const rowFormat = 1

// ErrCorrupt is wrapped by errors of decoders: the bytes are not what the codec writes.
var ErrCorrupt = errors.New("corrupt encoding")

// EncodeRow appends the row codec's form of row i of b.
func EncodeRow(dst []byte, b *Batch, i int) []byte {
	dst = append(dst, rowFormat)
	dst = binary.AppendUvarint(dst, uint64(len(b.Cols)))
	bitmap := len(dst)
	for range (len(b.Cols) + 7) / 8 {
		dst = append(dst, 0)
	}
	for c, v := range b.Cols {
		if v.IsNull(i) {
			dst[bitmap+c/8] |= 1 << (c % 8)
			continue
		}
		dst = appendValue(dst, v, i)
	}
	return dst
}

func appendValue(dst []byte, v *Vector, i int) []byte {
	switch v.Type.Class() {
	case ClassInt:
		return binary.AppendVarint(dst, v.Int[i])
	case ClassFloat:
		return binary.LittleEndian.AppendUint64(dst, floatBits(v.Float[i]))
	case ClassString:
		dst = binary.AppendUvarint(dst, uint64(len(v.Str[i])))
		return append(dst, v.Str[i]...)
	}
	return AppendDecimal(dst, &v.Dec[i])
}

// DecodeRow appends the row to into, with multiplicity 1; the types are those of into.Cols. Columns that the row does not
// have are NULL. Nothing of into aliases row. Errors: ErrCorrupt; into then has columns of different lengths and is of no
// more use.
func DecodeRow(row []byte, into *Batch) error { return DecodeRowMissing(row, nil, into) }

// maxRowColumns bounds the number of columns that a row may say it has: those of a relation, with what was dropped.
const maxRowColumns = 1 << 16

// DecodeRowMissing is DecodeRow for rows that may be older than the last columns: a column that the row does not have is as
// in missing, NULL where that is too short. Columns of the row that into does not have are passed over.
func DecodeRowMissing(row []byte, missing []Datum, into *Batch) error {
	if len(row) == 0 || row[0] != rowFormat {
		return fmt.Errorf("row: format: %w", ErrCorrupt)
	}
	r := reader{b: row, pos: 1}
	n := r.count(maxRowColumns)
	bitmap := r.bytes((n + 7) / 8)
	if r.err != nil {
		return fmt.Errorf("row: header: %w", r.err)
	}
	for c, v := range into.Cols {
		switch {
		case c >= n:
			v.Append(missingDatum(missing, c))
		case bitmap[c/8]&(1<<(c%8)) != 0:
			v.Append(NullDatum)
		default:
			r.value(v)
		}
	}
	if r.err == nil && r.pos != len(row) && n <= len(into.Cols) {
		r.err = ErrCorrupt
	}
	if r.err != nil {
		return fmt.Errorf("row: values: %w", r.err)
	}
	into.noteDiff(1)
	return nil
}

func missingDatum(missing []Datum, c int) Datum {
	if c < len(missing) {
		return missing[c]
	}
	return NullDatum
}

// AppendDecimal appends the row codec's form of a numeric.
func AppendDecimal(dst []byte, d *apd.Decimal) []byte {
	var head byte
	if d.Negative {
		head = 1
	}
	switch d.Form {
	case apd.Infinite:
		return append(dst, head|1<<1)
	case apd.NaN, apd.NaNSignaling:
		return append(dst, 2<<1)
	}
	dst = append(dst, head)
	dst = binary.AppendUvarint(dst, uint64(-d.Exponent))
	if d.Coeff.IsUint64() {
		u := d.Coeff.Uint64()
		n := (bitLen(u) + 7) / 8
		dst = append(dst, byte(n))
		for s := (n - 1) * 8; s >= 0; s -= 8 {
			dst = append(dst, byte(u>>s))
		}
		return dst
	}
	b := d.Coeff.Bytes()
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}

// DecodeDecimal reads what AppendDecimal wrote into d and returns the bytes after it.
func DecodeDecimal(b []byte, d *apd.Decimal) ([]byte, error) {
	r := reader{b: b}
	r.decimal(d)
	return r.b[r.pos:], r.err
}
