package types

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/cockroachdb/apd/v3"
)

// maxCoeffBytes bounds the coefficient of a numeric: its digits before and after the point in 10 bits per 3 digits.
const maxCoeffBytes = (MaxNumericIntDigits+MaxNumericScale)*10/3/8 + 8

func bitLen(u uint64) int { return bits.Len64(u) }

// reader takes values off bytes that nobody vouches for. After an error it returns zero values.
type reader struct {
	b   []byte
	pos int
	// text is b as a string, made when the first string is read: strings are slices of it.
	text string
	err  error
}

func (r *reader) fail() { r.err = ErrCorrupt }

func (r *reader) uvarint() uint64 {
	if r.err != nil {
		return 0
	}
	if r.pos < len(r.b) && r.b[r.pos] < 0x80 { // most are short
		r.pos++
		return uint64(r.b[r.pos-1])
	}
	if r.pos+1 < len(r.b) && r.b[r.pos+1] < 0x80 {
		r.pos += 2
		return uint64(r.b[r.pos-2]&0x7f) | uint64(r.b[r.pos-1])<<7
	}
	return r.longUvarint()
}

func (r *reader) longUvarint() uint64 {
	u, n := binary.Uvarint(r.b[r.pos:])
	if n <= 0 {
		r.fail()
		return 0
	}
	r.pos += n
	return u
}

func (r *reader) varint() int64 {
	u := r.uvarint()
	i := int64(u >> 1)
	if u&1 != 0 {
		i = ^i
	}
	return i
}

// count reads a number that is at most most.
func (r *reader) count(most int) int {
	u := r.uvarint()
	if u > uint64(most) {
		r.fail()
		return 0
	}
	return int(u)
}

// bytes reads n bytes, aliasing the input.
func (r *reader) bytes(n int) []byte {
	if r.err != nil || n > len(r.b)-r.pos {
		r.fail()
		return nil
	}
	r.pos += n
	return r.b[r.pos-n : r.pos : r.pos]
}

func (r *reader) byte() byte {
	if b := r.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) float() float64 {
	if b := r.bytes(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (r *reader) string() string {
	n := r.count(len(r.b))
	if r.bytes(n) == nil || n == 0 {
		return ""
	}
	if r.text == "" {
		r.text = string(r.b)
	}
	return r.text[r.pos-n : r.pos]
}

func (r *reader) decimal(d *apd.Decimal) {
	head := r.byte()
	d.Negative = head&1 != 0
	switch head >> 1 {
	case 0:
		d.Exponent = -int32(r.count(MaxNumericScale))
		b := r.bytes(r.count(maxCoeffBytes))
		if len(b) <= 8 {
			var u uint64
			for _, x := range b {
				u = u<<8 | uint64(x)
			}
			d.Coeff.SetUint64(u)
			return
		}
		d.Coeff.SetBytes(b)
	case 1:
		d.Form = apd.Infinite
	case 2:
		d.Form = apd.NaN
	default:
		r.fail()
	}
}

// value appends one value to v.
func (r *reader) value(v *Vector) {
	switch v.Type.Class() {
	case ClassInt:
		v.Int = append(v.Int, r.varint())
	case ClassFloat:
		v.Float = append(v.Float, r.float())
	case ClassString:
		v.Str = append(v.Str, r.string())
	case ClassDecimal:
		v.Dec = append(v.Dec, apd.Decimal{})
		r.decimal(&v.Dec[len(v.Dec)-1])
	}
	v.noteNull(false)
}
