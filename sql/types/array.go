package types

import (
	"encoding/binary"
	"encoding/json"
)

// The stored form of an array, a value of ClassString. It has one dimension; its lower bound is 1.
//
//	1 byte    1, or 2 if a NULL bitmap follows
//	uvarint   number of elements n
//	(n+7)/8   if the first byte is 2: bit i%8 of byte i/8 is element i
//	values    of the elements that are not NULL, as in the row codec
//
// Arrays of texts were kept as their text before: a value that begins with a brace is one.
const (
	arrayPlain = 1
	arrayNulls = 2
)

// arrayOIDs are PostgreSQL's numbers of the types of arrays, by the type of their elements.
var arrayOIDs = map[ID]uint32{
	IDBool: 1000, IDBytea: 1001, IDChar: 1002, IDName: 1003, IDInt2: 1005, IDInt4: 1007, IDText: 1009, IDBpchar: 1014, IDVarchar: 1015,
	IDInt8: 1016, IDFloat4: 1021, IDFloat8: 1022, IDOID: 1028, IDTimestamp: 1115, IDDate: 1182, IDTime: 1183, IDTimestamptz: 1185, IDInterval: 1187,
	IDNumeric: 1231, IDRegtype: 2211, IDRegclass: 2210, IDRegproc: 1008, IDRegnamespace: 4090, IDRegrole: 4097, IDUUID: 2951, IDJSON: 199, IDJSONB: 3807,
}

// ArrayOf returns the type of arrays of elem; the zero Type if there is none.
func ArrayOf(elem Type) Type {
	if arrayOIDs[elem.ID] == 0 && elem.ID != IDEnum {
		return Type{}
	}
	elem.ID, elem.Elem = IDArray, elem.ID
	return elem
}

// IsArray reports whether t is a type of arrays.
func (t Type) IsArray() bool { return t.ID == IDArray }

// Element returns the type of the elements of the array type t.
func (t Type) Element() Type {
	t.ID, t.Elem = t.Elem, IDInvalid
	return t
}

// plainType is a Type without the method for JSON.
type plainType Type

// UnmarshalJSON reads a type. Arrays of texts had a number of their own.
func (t *Type) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, (*plainType)(t)); err != nil {
		return err
	}
	if t.ID == idTextArray {
		*t = TextArray
	}
	return nil
}

// EncodeArray returns the stored form of the array of v's values.
func EncodeArray(v *Vector) string {
	n := v.Len()
	head := byte(arrayPlain)
	for i := 0; i < n && head == arrayPlain; i++ {
		if v.IsNull(i) {
			head = arrayNulls
		}
	}
	dst := binary.AppendUvarint([]byte{head}, uint64(n))
	bitmap := len(dst)
	if head == arrayNulls {
		dst = append(dst, make([]byte, (n+7)/8)...)
	}
	for i := range n {
		if v.IsNull(i) {
			dst[bitmap+i/8] |= 1 << (i % 8)
			continue
		}
		dst = appendValue(dst, v, i)
	}
	return string(dst)
}

// DecodeArray returns the elements of s, the stored form of an array of type t. Error: ErrCorrupt.
func DecodeArray(t Type, s string) (*Vector, error) {
	if len(s) > 0 && s[0] == '{' && t.Elem == IDText {
		return parseElements(TextArray, s, Scope{})
	}
	r := reader{b: []byte(s)}
	head := r.byte()
	n := r.count(8 * len(s))
	var bitmap []byte
	switch {
	case head == arrayNulls:
		bitmap = r.bytes((n + 7) / 8)
	case head != arrayPlain || n > len(s):
		r.fail()
	}
	if r.err != nil {
		return nil, r.err
	}
	v := MakeVector(t.Element(), n)
	for i := 0; i < n && r.err == nil; i++ {
		if bitmap != nil && bitmap[i/8]&(1<<(i%8)) != 0 {
			v.SetNull(i)
			continue
		}
		r.set(v, i)
	}
	if r.err == nil && r.pos != len(s) {
		r.fail()
	}
	return v, r.err
}

// StoredArray returns the elements of a value that is known to be well formed; anything else has none.
func StoredArray(t Type, s string) *Vector {
	v, err := DecodeArray(t, s)
	if err != nil {
		return NewVector(t.Element(), 0)
	}
	return v
}

// ArrayLength returns the number of elements of the stored form of an array.
func ArrayLength(s string) int {
	if len(s) > 0 && s[0] == '{' {
		return StoredArray(TextArray, s).Len()
	}
	if s == "" {
		return 0
	}
	n, _ := binary.Uvarint([]byte(s[1:min(len(s), 1+binary.MaxVarintLen64)]))
	return int(n)
}

// TextArrayOf returns the stored form of an array of texts without NULLs.
func TextArrayOf(texts []string) string { return EncodeArray(&Vector{Type: Text, Str: texts}) }

// compareArrays orders two arrays element by element, NULL last, a prefix before what it is one of.
func compareArrays(t Type, a, b string) int {
	v, w := StoredArray(t, a), StoredArray(t, b)
	for i := range min(v.Len(), w.Len()) {
		o := 0
		switch {
		case v.IsNull(i) || w.IsNull(i):
			o = btoi(v.IsNull(i)) - btoi(w.IsNull(i))
		default:
			o = CompareValues(v, i, w, i)
		}
		if o != 0 {
			return o
		}
	}
	return v.Len() - w.Len()
}

// appendKeyArray appends the key codec's form of an array: no key of an element begins with the byte at the end.
func appendKeyArray(dst []byte, t Type, s string) []byte {
	v := StoredArray(t, s)
	dst = append(dst, keyArray)
	for i := range v.Len() {
		dst = EncodeKeyValue(dst, v, i)
	}
	return append(dst, 0)
}
