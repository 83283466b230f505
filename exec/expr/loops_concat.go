package expr

import "github.com/millracedb/millrace/sql/types"

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
	return types.FormatText(b, c.Type, c.Datum(c.at(i)), k.Scope())
}
