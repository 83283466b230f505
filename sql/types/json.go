package types

import (
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// JSONKind is the kind of a JSON value. Kinds are in jsonb's order.
type JSONKind uint8

// The kinds.
const (
	JSONNull JSONKind = iota
	JSONString
	JSONNumber
	JSONBool
	JSONArray
	JSONObject
)

// String returns the name as json_typeof gives it.
func (k JSONKind) String() string {
	return [...]string{"null", "string", "number", "boolean", "array", "object"}[k]
}

// JSONValue is a JSON value as a tree.
type JSONValue struct {
	Kind  JSONKind
	Bool  bool
	Str   string       // of a string; the text of a number
	Raw   string       // the value as it was written
	Items []*JSONValue // elements of an array, values of an object's members
	Keys  []string     // of an object's members
}

// Member returns the member of an object with a key, the last of them if there are several; nil if there is none.
func (v *JSONValue) Member(key string) *JSONValue {
	for i := len(v.Keys) - 1; i >= 0; i-- {
		if v.Keys[i] == key {
			return v.Items[i]
		}
	}
	return nil
}

// maxJSONDepth bounds how deep arrays and objects stand in each other.
const maxJSONDepth = 6000

// jsonToken is the kind of a token: its character, or one of those below.
type jsonToken byte

const (
	tokenEnd    jsonToken = 0
	tokenString jsonToken = '"'
	tokenNumber jsonToken = '0'
	tokenTrue   jsonToken = 't'
	tokenFalse  jsonToken = 'f'
	tokenNull   jsonToken = 'n'
)

// jsonParser reads JSON as PostgreSQL's jsonapi.c does.
type jsonParser struct {
	s       string
	strict  bool // escapes of strings are read; otherwise only looked at
	token   jsonToken
	start   int // of the token
	end     int // of the token
	last    int // end of the token before
	str     string
	builder strings.Builder
}

// ParseJSON reads a JSON text. strict says that strings are wanted: then escapes must stand for characters that a text
// can have. Errors: 22P02 and 22P05, with PostgreSQL's details; 54001.
func ParseJSON(s string, strict bool) (*JSONValue, error) {
	p := &jsonParser{s: s, strict: strict}
	if err := p.next(); err != nil {
		return nil, err
	}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.token != tokenEnd {
		return nil, p.unexpected("Expected end of input, but found \"%s\".")
	}
	return v, nil
}

func badJSON(detail string, args ...any) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type json").WithDetail(detail, args...)
}

// unexpected is the error for a token; the detail names it.
func (p *jsonParser) unexpected(detail string) error {
	if p.token == tokenEnd {
		return badJSON("The input string ended unexpectedly.")
	}
	return badJSON(detail, p.s[p.start:p.end])
}

// value reads a value that starts at the token.
func (p *jsonParser) value(depth int) (v *JSONValue, err error) {
	if depth > maxJSONDepth {
		return nil, pgerr.New("54001", "stack depth limit exceeded")
	}
	v = &JSONValue{}
	start := p.start
	switch p.token {
	case '{':
		v.Kind = JSONObject
		err = p.object(v, depth)
	case '[':
		v.Kind = JSONArray
		err = p.array(v, depth)
	default:
		if err = p.scalar(v); err == nil {
			err = p.next()
		}
	}
	if err != nil {
		return nil, err
	}
	v.Raw = p.s[start:p.last]
	return v, nil
}

func (p *jsonParser) scalar(v *JSONValue) error {
	switch p.token {
	case tokenString:
		v.Kind, v.Str = JSONString, p.str
	case tokenNumber:
		v.Kind, v.Str = JSONNumber, p.s[p.start:p.end]
	case tokenTrue, tokenFalse:
		v.Kind, v.Bool = JSONBool, p.token == tokenTrue
	case tokenNull:
	default:
		return p.unexpected("Expected JSON value, but found \"%s\".")
	}
	return nil
}

func (p *jsonParser) object(v *JSONValue, depth int) error {
	if err := p.next(); err != nil {
		return err
	}
	if p.token == '}' {
		return p.next()
	}
	if p.token != tokenString {
		return p.unexpected("Expected string or \"}\", but found \"%s\".")
	}
	for {
		if err := p.member(v, depth); err != nil {
			return err
		}
		switch p.token {
		case '}':
			return p.next()
		case ',':
		default:
			return p.unexpected("Expected \",\" or \"}\", but found \"%s\".")
		}
		if err := p.next(); err != nil {
			return err
		}
		if p.token != tokenString {
			return p.unexpected("Expected string, but found \"%s\".")
		}
	}
}

// member reads a key, a colon and a value.
func (p *jsonParser) member(v *JSONValue, depth int) error {
	v.Keys = append(v.Keys, p.str)
	if err := p.next(); err != nil {
		return err
	}
	if p.token != ':' {
		return p.unexpected("Expected \":\", but found \"%s\".")
	}
	return p.item(v, depth)
}

// item reads the value behind the token.
func (p *jsonParser) item(v *JSONValue, depth int) error {
	if err := p.next(); err != nil {
		return err
	}
	item, err := p.value(depth + 1)
	v.Items = append(v.Items, item)
	return err
}

func (p *jsonParser) array(v *JSONValue, depth int) error {
	if err := p.next(); err != nil {
		return err
	}
	if p.token == ']' {
		return p.next()
	}
	item, err := p.value(depth + 1)
	for err == nil {
		v.Items = append(v.Items, item)
		switch p.token {
		case ']':
			return p.next()
		case ',':
		default:
			return p.unexpected("Expected \",\" or \"]\", but found \"%s\".")
		}
		if err = p.next(); err == nil {
			item, err = p.value(depth + 1)
		}
	}
	return err
}
