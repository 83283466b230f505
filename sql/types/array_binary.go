package types

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// vectorElements splits the text form of a vector of type t.
func vectorElements(t Type, s string) *Vector {
	v := NewVector(t.VectorElement(), 0)
	for _, f := range strings.Fields(s) {
		n, _ := strconv.ParseUint(f, 10, 32) // it is made of numbers
		v.Append(IntDatum(int64(n)))
	}
	return v
}

// ArrayOfVector returns the stored form of an array with the elements of a value of type t, oidvector or int2vector.
func ArrayOfVector(t Type, s string) string { return EncodeArray(vectorElements(t, s)) }

// appendBinaryArray appends dimensions, whether there are NULLs, the elements' type, length and lower bound, elements.
func appendBinaryArray(dst []byte, t Type, s string, in Scope) []byte {
	lower, dimensions, nulls := uint32(1), uint32(1), uint32(0)
	var v *Vector
	if t.IsVector() {
		v, lower = vectorElements(t, s), 0
	} else if v = StoredArray(t, s); v.Len() == 0 {
		dimensions = 0
	}
	for i := range v.Len() {
		if v.IsNull(i) {
			nulls = 1
		}
	}
	dst = appendUint32s(dst, dimensions, nulls, v.Type.OID())
	if dimensions == 1 {
		dst = appendUint32s(dst, uint32(v.Len()), lower)
	}
	for i := range v.Len() {
		if v.IsNull(i) {
			dst = appendUint32s(dst, ^uint32(0))
			continue
		}
		start := len(dst)
		dst = FormatBinary(appendUint32s(dst, 0), v.Type, v.Datum(i), in)
		binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	}
	return dst
}

func appendUint32s(dst []byte, values ...uint32) []byte {
	for _, v := range values {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	return dst
}

// maxDimensions is how many dimensions an array has in PostgreSQL.
const maxDimensions = 6

// parseBinaryArray reads an array of at most one dimension.
func parseBinaryArray(t Type, b []byte, in Scope) (Datum, error) {
	if !t.IsArray() {
		return Datum{}, pgerr.Unsupported("binary input of type %s is", t)
	}
	if len(b) < 12 {
		return Datum{}, badLength(len(b), 12)
	}
	dimensions, flags, elem := int32(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	switch want := t.Element().OID(); {
	case dimensions < 0:
		return Datum{}, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid number of dimensions: %d", dimensions)
	case dimensions > maxDimensions:
		return Datum{}, pgerr.New("54000", "number of array dimensions (%d) exceeds the maximum allowed (%d)", dimensions, maxDimensions)
	case flags > 1:
		return Datum{}, pgerr.New(pgerr.InvalidBinaryRepresentation, "invalid array flags")
	case elem != want:
		return Datum{}, pgerr.New(pgerr.DatatypeMismatch, "binary data has array element type %d (%s) instead of expected %d (%s)",
			elem, TypeNameOf(elem, -1), want, t.Element().Base())
	case dimensions > 1:
		return Datum{}, errDimensions
	}
	v := NewVector(t.Element(), 0)
	if dimensions == 1 {
		if len(b) < 20 {
			return Datum{}, badLength(len(b), 20)
		}
		if lower := int32(binary.BigEndian.Uint32(b[16:])); lower != 1 {
			return Datum{}, pgerr.Unsupported("arrays whose first element is not number 1 are")
		}
		if err := v.readBinary(b[20:], int32(binary.BigEndian.Uint32(b[12:])), in); err != nil {
			return Datum{}, err
		}
	}
	return StrDatum(EncodeArray(v)), nil
}

// readBinary appends n elements, each a length (-1: NULL) and that many bytes.
func (v *Vector) readBinary(b []byte, n int32, in Scope) error {
	for ; n > 0; n-- {
		if len(b) < 4 {
			return badLength(len(b), 4)
		}
		size := int32(binary.BigEndian.Uint32(b))
		switch b = b[4:]; {
		case size == -1:
			v.Append(NullDatum)
			continue
		case size < -1 || int(size) > len(b):
			return pgerr.New(pgerr.InvalidBinaryRepresentation, "insufficient data left in message")
		}
		d, err := ParseBinary(v.Type, b[:size], in)
		if err != nil {
			return err
		}
		v.Append(d)
		b = b[size:]
	}
	if len(b) > 0 {
		return badBinary()
	}
	return nil
}
