package expr

import (
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

func registerConcat() {
	for _, id := range []string{"textcat", "textanycat", "anytextcat"} {
		registerSafe(id, rows(func(k *call, i int) error {
			k.out.Str[i] = k.textOf(0, i) + k.textOf(1, i)
			return nil
		}))
	}
	registerSafe("concat(any)", func(k *call) error { return k.concat(0, func(int) (string, bool) { return "", true }) })
	registerSafe("concat_ws(text,any)", func(k *call) error {
		return k.concat(1, func(i int) (string, bool) {
			if k.args[0].null(i) {
				return "", false
			}
			return k.str(0, i), true
		})
	})
	registerSafe("array_cat", rows(func(k *call, i int) error {
		k.catArrays(i)
		return nil
	}))
	registerSafe("array_to_string(_text,text)", rows(func(k *call, i int) error {
		k.out.Str[i] = joinArray(k.str(0, i), k.str(1, i), nil)
		return nil
	}))
	registerSafe("array_to_string(_text,text,text)", rows(func(k *call, i int) error {
		if k.args[0].null(i) || k.args[1].null(i) {
			k.setNull(i)
			return nil
		}
		var null *string
		if !k.args[2].null(i) {
			text := k.str(2, i)
			null = &text
		}
		k.out.Str[i] = joinArray(k.str(0, i), k.str(1, i), null)
		return nil
	}))
}

// catArrays appends one array of texts to another; a NULL adds nothing, and only two of them give NULL.
func (k *call) catArrays(i int) {
	switch {
	case k.args[0].null(i) && k.args[1].null(i):
		k.setNull(i)
	case k.args[0].null(i):
		k.out.Str[i] = k.str(1, i)
	case k.args[1].null(i):
		k.out.Str[i] = k.str(0, i)
	default:
		// Stored arrays are well formed.
		first, _ := types.ParseArray(k.str(0, i))
		second, _ := types.ParseArray(k.str(1, i))
		k.out.Str[i] = types.FormatArray(append(first, second...))
	}
}

// concat joins the arguments from first on that are not NULL with a separator; a row without one is NULL.
func (k *call) concat(first int, separator func(i int) (string, bool)) error {
	var b []byte
	for i := range k.n {
		sep, ok := separator(i)
		if !ok {
			k.setNull(i)
			continue
		}
		b = b[:0]
		empty := true
		for a := first; a < len(k.args); a++ {
			c := k.args[a]
			if c.null(i) {
				continue
			}
			if !empty {
				b = append(b, sep...)
			}
			empty = false
			b = k.appendOutput(b, c, i)
		}
		k.out.Str[i] = string(b)
	}
	return nil
}

// appendOutput appends row i of c in its output form, in which a boolean is t or f.
func (k *call) appendOutput(b []byte, c column, i int) []byte {
	return types.FormatText(b, c.Type, c.Datum(c.at(i)), k.Location)
}

// joinArray joins the elements of an array; NULLs are left out, or written as null.
func joinArray(array, separator string, null *string) string {
	elements, _ := types.ParseArray(array) // a stored array is well formed; anything else has no elements
	var texts []string
	for _, e := range elements {
		switch {
		case !e.Null:
			texts = append(texts, e.Text)
		case null != nil:
			texts = append(texts, *null)
		}
	}
	return strings.Join(texts, separator)
}
