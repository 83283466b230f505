package expr

import (
	"bytes"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	for _, t := range []types.Type{types.JSON, types.JSONB} {
		p := t.ShortName() + "_"
		register("to_"+t.ShortName()+"(any)", rows(func(k *call, i int) error {
			return k.finishJSON(i, k.appendAsJSON(nil, k.args[0], i))
		}))
		for _, variant := range []string{"()", "(any)"} {
			register(p+"build_array"+variant, rows(func(k *call, i int) error { return k.finishJSON(i, k.buildArray(i)) }))
			register(p+"build_object"+variant, rows(func(k *call, i int) error {
				b, err := k.buildObject(i)
				if err != nil {
					return err
				}
				return k.finishJSON(i, b)
			}))
		}
		register(p+"object(_text)", rows(func(k *call, i int) error {
			all := k.texts(0, i)
			if len(all)%2 != 0 {
				return pgerr.New("2202E", "array must have even number of elements")
			}
			var keys, values []textElement
			for n := 0; n < len(all); n += 2 {
				keys, values = append(keys, all[n]), append(values, all[n+1])
			}
			return k.objectOf(i, keys, values)
		}))
		register(p+"object(_text,_text)", rows(func(k *call, i int) error {
			keys, values := k.texts(0, i), k.texts(1, i)
			if len(keys) != len(values) {
				return pgerr.New("2202E", "mismatched array dimensions")
			}
			return k.objectOf(i, keys, values)
		}))
	}
}

// finishJSON sets row i of the result to a JSON text.
func (k *call) finishJSON(i int, text []byte) error {
	if k.out.Type.ID == types.IDJSON {
		k.out.Str[i] = string(text)
		return nil
	}
	d, err := types.ParseText(types.JSONB, string(text), types.Scope{})
	k.out.Str[i] = d.Str
	return err
}

// appendAsJSON appends row i of c as to_json writes it: numbers, booleans, json and jsonb as they are, else the text in
// quotes.
func (k *call) appendAsJSON(dst []byte, c column, i int) []byte {
	if c.null(i) {
		return append(dst, "null"...)
	}
	return appendJSON(dst, c.Type, c.Datum(c.at(i)), k.evaluation)
}

func appendJSON(dst []byte, t types.Type, d types.Datum, ev *evaluation) []byte {
	start := len(dst)
	switch {
	case t.ID == types.IDBool, t.ID == types.IDJSON, t.ID == types.IDJSONB:
		return appendText(dst, t, d, ev)
	case t.IsArray():
		return appendJSONArray(dst, types.StoredArray(t, d.Str), ev)
	case t.ID == types.IDBpchar:
		return types.AppendJSONString(dst, d.Str)
	}
	dst = appendText(dst, t, d, ev)
	text := dst[start:]
	switch {
	case t.IsNumber() && text[len(text)-1] <= '9': // NaN and Infinity are no numbers of JSON
		return dst
	case t.ID == types.IDTimestamptz, t.ID == types.IDTimestamp:
		text = isoTimestamp(text)
	}
	return types.AppendJSONString(dst[:start], string(text))
}

// appendJSONArray appends an array of the elements.
func appendJSONArray(dst []byte, elements *types.Vector, ev *evaluation) []byte {
	dst = append(dst, '[')
	for i := range elements.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if elements.IsNull(i) {
			dst = append(dst, "null"...)
		} else {
			dst = appendJSON(dst, elements.Type, elements.Datum(i), ev)
		}
	}
	return append(dst, ']')
}

// isoTimestamp makes of a timestamptz in the style ISO what JSON has of it: a T before the time, minutes in the zone.
func isoTimestamp(text []byte) []byte {
	date, rest, ok := bytes.Cut(text, []byte(" "))
	if !ok {
		return text
	}
	clock, era, bc := bytes.Cut(rest, []byte(" "))
	out := append(append(append([]byte{}, date...), 'T'), clock...)
	if zone := bytes.LastIndexAny(out, "+-"); zone == len(out)-3 {
		out = append(out, ":00"...)
	}
	if bc {
		out = append(append(out, ' '), era...)
	}
	return out
}

func (k *call) buildArray(i int) []byte {
	separator := ", "
	dst := []byte{'['}
	for a, c := range k.args {
		if a > 0 {
			dst = append(dst, separator...)
		}
		dst = k.appendAsJSON(dst, c, i)
	}
	return append(dst, ']')
}

func (k *call) buildObject(i int) ([]byte, error) {
	if len(k.args)%2 != 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "argument list must have even number of elements").
			WithHint("The arguments of %s must consist of alternating keys and values.", buildName(k.out.Type))
	}
	dst := []byte{'{'}
	for a := 0; a < len(k.args); a += 2 {
		if a > 0 {
			dst = append(dst, ", "...)
		}
		c := k.args[a]
		if c.null(i) {
			return nil, nullKey(k.out.Type, a+1)
		}
		if c.Type.ID == types.IDJSON || c.Type.ID == types.IDJSONB || c.Type.IsArray() {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "key value must be scalar, not array, composite, or json")
		}
		dst = types.AppendJSONString(dst, string(k.keyText(c, i)))
		dst = append(dst, " : "...)
		dst = k.appendAsJSON(dst, k.args[a+1], i)
	}
	return append(dst, '}'), nil
}

// keyText is row i of c as the key of a member.
func (k *call) keyText(c column, i int) []byte {
	if c.Type.ID == types.IDBpchar {
		return []byte(c.Str[c.at(i)])
	}
	text := appendText(nil, c.Type, c.Datum(c.at(i)), k.evaluation)
	if c.Type.ID == types.IDTimestamptz || c.Type.ID == types.IDTimestamp {
		return isoTimestamp(text)
	}
	return text
}

func buildName(t types.Type) string { return t.ShortName() + "_build_object()" }

func nullKey(t types.Type, argument int) error {
	if t.ID == types.IDJSON {
		return pgerr.New(pgerr.InvalidParameterValue, "argument %d cannot be null", argument).WithHint("Object keys should be text.")
	}
	return pgerr.New(pgerr.InvalidParameterValue, "argument %d: key must not be null", argument)
}

// objectOf makes an object of texts.
func (k *call) objectOf(i int, keys, values []textElement) error {
	dst := []byte{'{'}
	for n, key := range keys {
		if key.Null {
			return pgerr.New("22004", "null value not allowed for object key")
		}
		if n > 0 {
			dst = append(dst, ", "...)
		}
		dst = append(types.AppendJSONString(dst, key.Text), " : "...)
		if values[n].Null {
			dst = append(dst, "null"...)
		} else {
			dst = types.AppendJSONString(dst, values[n].Text)
		}
	}
	return k.finishJSON(i, append(dst, '}'))
}
