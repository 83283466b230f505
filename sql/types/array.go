package types

import (
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// ArrayElement is an element of an array of texts.
type ArrayElement struct {
	Text string
	Null bool
}

// ParseArray splits the text form of a one-dimensional array, '{a,"b c",NULL}'. Error: 22P02.
func ParseArray(s string) ([]ArrayElement, error) {
	body := trimSpace(s)
	if len(body) < 2 || body[0] != '{' || body[len(body)-1] != '}' {
		return nil, malformedArray(s)
	}
	body = trimSpace(body[1 : len(body)-1])
	var out []ArrayElement
	for body != "" {
		e, rest, ok := cutElement(body)
		if !ok {
			return nil, malformedArray(s)
		}
		out = append(out, e)
		if body = trimSpace(rest); body == "" {
			break
		}
		if body[0] != ',' || trimSpace(body[1:]) == "" {
			return nil, malformedArray(s)
		}
		body = trimSpace(body[1:])
	}
	return out, nil
}

func malformedArray(s string) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "malformed array literal: \"%s\"", s)
}

// cutElement takes the first element off s, which is not empty.
func cutElement(s string) (e ArrayElement, rest string, ok bool) {
	if s[0] == '{' {
		return e, "", false
	}
	quoted := s[0] == '"'
	var text strings.Builder
	i := btoi(quoted)
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			text.WriteByte(s[i])
			continue
		case quoted && c == '"':
			return ArrayElement{Text: text.String()}, s[i+1:], true
		case !quoted && (c == ',' || c == '"' || c == '{' || c == '}'):
			if c != ',' {
				return e, "", false
			}
			return plainElement(text.String()), s[i:], text.Len() > 0
		}
		text.WriteByte(s[i])
	}
	return plainElement(text.String()), "", !quoted
}

func plainElement(s string) ArrayElement {
	s = trimSpace(s)
	return ArrayElement{Text: s, Null: strings.EqualFold(s, "null")}
}

// FormatArray is the reverse of ParseArray.
func FormatArray(elements []ArrayElement) string {
	b := []byte{'{'}
	for i, e := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		if e.Null {
			b = append(b, "NULL"...)
			continue
		}
		b = appendElement(b, e.Text)
	}
	return string(append(b, '}'))
}

func appendElement(b []byte, s string) []byte {
	if s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{},\"\\ \t\n\v\f\r") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// vectorElements splits the text form of t, an array or an oidvector.
func vectorElements(t Type, s string) []ArrayElement {
	if t.ID == IDTextArray {
		out, _ := ParseArray(s) // a stored array is well formed; anything else has no elements
		return out
	}
	var out []ArrayElement
	for _, f := range strings.Fields(s) {
		out = append(out, ArrayElement{Text: f})
	}
	return out
}

// appendBinaryArray appends dimensions, whether there are NULLs, the elements' type, length and lower bound, elements.
func appendBinaryArray(dst []byte, t Type, s string) []byte {
	elements := vectorElements(t, s)
	element, lower := Text, uint32(1)
	if t.ID == IDOIDVector {
		element, lower = OID, 0
	}
	nulls := uint32(0)
	for _, e := range elements {
		if e.Null {
			nulls = 1
		}
	}
	dimensions := uint32(1)
	if len(elements) == 0 && t.ID == IDTextArray {
		dimensions = 0
	}
	dst = appendUint32s(dst, dimensions, nulls, element.OID())
	if dimensions == 1 {
		dst = appendUint32s(dst, uint32(len(elements)), lower)
	}
	for _, e := range elements {
		if e.Null {
			dst = appendUint32s(dst, ^uint32(0))
			continue
		}
		d := StrDatum(e.Text)
		if element == OID {
			n, _ := strconv.ParseUint(e.Text, 10, 32) // an oidvector is made of numbers
			d = IntDatum(int64(n))
		}
		start := len(dst)
		dst = FormatBinary(appendUint32s(dst, 0), element, d)
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

// parseBinaryArray reads an array of texts of at most one dimension.
func parseBinaryArray(t Type, b []byte) (Datum, error) {
	if t.ID != IDTextArray {
		return Datum{}, pgerr.Unsupported("binary input of type %s is", t)
	}
	if len(b) < 12 {
		return Datum{}, badLength(len(b), 12)
	}
	dimensions := binary.BigEndian.Uint32(b)
	if dimensions == 0 {
		return StrDatum("{}"), nil
	}
	if dimensions > 1 || len(b) < 20 {
		return Datum{}, badBinary()
	}
	r := reader{b: b, pos: 20}
	var elements []ArrayElement
	for n := binary.BigEndian.Uint32(b[12:]); n > 0 && r.err == nil; n-- {
		elements = append(elements, r.element())
	}
	if r.err != nil || r.pos != len(b) {
		return Datum{}, badBinary()
	}
	return StrDatum(FormatArray(elements)), nil
}

// element reads a length (-1: NULL) and that many bytes.
func (r *reader) element() ArrayElement {
	head := r.bytes(4)
	if head == nil {
		return ArrayElement{}
	}
	n := int32(binary.BigEndian.Uint32(head))
	if n < 0 {
		return ArrayElement{Null: true}
	}
	return ArrayElement{Text: string(r.bytes(int(n)))}
}
