package types

import (
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// arrayState is what the reader of an array's text has seen last, as in ArrayCount of PostgreSQL's arrayfuncs.c.
type arrayState uint8

const (
	arrayStart arrayState = iota // nothing yet
	arrayOpen
	arrayElement
	arrayQuoted // inside of quotes
	arrayQuotedEnd
	arrayDelimited
)

// arrayReader splits the text form of a one-dimensional array.
type arrayReader struct {
	text  string
	state arrayState

	elem    []byte // the element in the making
	solid   int    // how much of elem is kept when spaces at its end are cut
	escaped bool   // part of the element was quoted or escaped, so it is not NULL
	add     func(text string, null bool) error
}

// parseArray reads the text form of an array of type t. Errors: 22P02, 0A000 for what has not one dimension from 1 on, and
// those of the elements.
func parseArray(t Type, s string, in Scope) (Datum, error) {
	v, err := parseElements(t, s, in)
	if err != nil {
		return Datum{}, err
	}
	return StrDatum(EncodeArray(v)), nil
}

func parseElements(t Type, s string, in Scope) (*Vector, error) {
	v := NewVector(t.Element(), 0)
	// As in PostgreSQL an array's form is looked at first, then its elements.
	if err := splitArray(s, func(string, bool) error { return nil }); err != nil {
		return nil, err
	}
	err := splitArray(s, func(text string, null bool) error {
		if null {
			v.Append(NullDatum)
			return nil
		}
		d, err := ParseText(v.Type, text, in)
		v.Append(d)
		return err
	})
	return v, err
}

// splitArray calls add for each element of the text form of an array.
func splitArray(s string, add func(text string, null bool) error) error {
	r := &arrayReader{text: s, add: add}
	body, length, err := r.bounds(strings.TrimLeft(s, arraySpace))
	if err != nil {
		return err
	}
	n := 0
	r.add = func(text string, null bool) error {
		n++
		return add(text, null)
	}
	r.text = body // as PostgreSQL's message has it
	if err := r.read(body); err != nil {
		return err
	}
	if r.text = s; length >= 0 && n != length {
		return r.malformed("Specified array dimensions do not match array contents.")
	}
	return nil
}

const arraySpace = " \t\n\v\f\r"

func (r *arrayReader) malformed(detail string) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "malformed array literal: \"%s\"", r.text).WithDetail("%s", detail)
}

func (r *arrayReader) unexpected(c byte) error {
	return r.malformed("Unexpected \"" + string(c) + "\" character.")
}

// bounds reads [1:n]= in front of the elements; length is -1 if it is not there.
func (r *arrayReader) bounds(s string) (body string, length int, err error) {
	if s == "" || s[0] != '[' {
		if s == "" || s[0] != '{' {
			return "", 0, r.malformed("Array value must start with \"{\" or dimension information.")
		}
		return s, -1, nil
	}
	low, high := 1, 0
	rest, high, ok := cutInt(s[1:])
	if !ok {
		return "", 0, r.malformed("\"[\" must introduce explicitly-specified array dimensions.")
	}
	if strings.HasPrefix(rest, ":") {
		low = high
		if rest, high, ok = cutInt(rest[1:]); !ok {
			return "", 0, r.malformed("Missing array dimension value.")
		}
	}
	if !strings.HasPrefix(rest, "]") {
		return "", 0, r.malformed("Missing \"]\" after array dimensions.")
	}
	if high < low {
		return "", 0, pgerr.New("2202E", "upper bound cannot be less than lower bound")
	}
	rest = strings.TrimLeft(rest[1:], arraySpace)
	switch {
	case strings.HasPrefix(rest, "["):
		return "", 0, errDimensions
	case low != 1:
		return "", 0, pgerr.Unsupported("arrays whose first element is not number 1 are")
	case !strings.HasPrefix(rest, "="):
		return "", 0, r.malformed("Missing \"=\" after array dimensions.")
	}
	if rest = strings.TrimLeft(rest[1:], arraySpace); !strings.HasPrefix(rest, "{") {
		return "", 0, r.malformed("Array contents must start with \"{\".")
	}
	return rest, high, nil
}

// errDimensions refuses what has more than one dimension.
var errDimensions = pgerr.Unsupported("multidimensional arrays are")

// cutInt takes digits and signs off s; what they say is taken to be at most maxArrayBound.
func cutInt(s string) (rest string, n int, ok bool) {
	i, negative := 0, false
	for ; i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '-' || s[i] == '+'); i++ {
		switch {
		case s[i] == '-':
			negative = true
		case s[i] != '+' && n < maxArrayBound:
			n = n*10 + int(s[i]-'0')
		}
	}
	if negative {
		n = -n
	}
	return s[i:], n, i > 0
}

const maxArrayBound = 1 << 30

// read takes { elements }.
func (r *arrayReader) read(s string) error {
	for i := 0; i < len(s); i++ {
		c := s[i]
		var err error
		switch {
		case c == '\\':
			if r.state == arrayQuotedEnd {
				return r.unexpected(c)
			}
			if i++; i == len(s) {
				return r.malformed("Unexpected end of input.")
			}
			if r.state != arrayQuoted {
				r.state = arrayElement
			}
			r.keep(s[i])
			r.escaped = true
		case r.state == arrayQuoted && c != '"':
			r.keep(c)
		case c == '}':
			if r.state == arrayDelimited {
				return r.unexpected(c)
			}
			if r.state != arrayOpen {
				if err := r.end(); err != nil {
					return err
				}
			}
			if strings.Trim(s[i+1:], arraySpace) != "" {
				return r.malformed("Junk after closing right brace.")
			}
			return nil
		default:
			err = r.step(c)
		}
		if err != nil {
			return err
		}
	}
	return r.malformed("Unexpected end of input.")
}

// step takes a character that is neither escaped, nor in quotes, nor the end.
func (r *arrayReader) step(c byte) error {
	switch {
	case c == '{':
		switch r.state {
		case arrayStart:
			r.state = arrayOpen
			return nil
		case arrayOpen:
			return errDimensions
		}
		return r.unexpected(c)
	case c == '"':
		switch r.state {
		case arrayQuoted:
			r.state = arrayQuotedEnd
		case arrayOpen, arrayDelimited:
			r.state, r.escaped = arrayQuoted, true
		default:
			return r.malformed("Unexpected array element.")
		}
	case c == ',':
		if r.state != arrayElement && r.state != arrayQuotedEnd {
			return r.unexpected(c)
		}
		err := r.end()
		r.state = arrayDelimited
		return err
	case strings.IndexByte(arraySpace, c) >= 0:
		if r.state == arrayElement {
			r.elem = append(r.elem, c)
		}
	case r.state == arrayQuotedEnd:
		return r.malformed("Unexpected array element.")
	default:
		r.state = arrayElement
		r.keep(c)
	}
	return nil
}

func (r *arrayReader) keep(c byte) {
	r.elem = append(r.elem, c)
	r.solid = len(r.elem)
}

// end hands the element over.
func (r *arrayReader) end() error {
	text := string(r.elem[:r.solid])
	null := !r.escaped && strings.EqualFold(text, "null")
	r.elem, r.solid, r.escaped = r.elem[:0], 0, false
	return r.add(text, null)
}

// appendArray appends the text form of an array of type t.
func appendArray(dst []byte, t Type, s string, in Scope) []byte {
	v := StoredArray(t, s)
	var text []byte
	dst = append(dst, '{')
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.IsNull(i) {
			dst = append(dst, "NULL"...)
			continue
		}
		text = FormatText(text[:0], v.Type, v.Datum(i), in)
		dst = appendElement(dst, string(text))
	}
	return append(dst, '}')
}

func appendElement(b []byte, s string) []byte {
	if s != "" && !strings.EqualFold(s, "null") && !strings.ContainsAny(s, "{},\"\\"+arraySpace) {
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
