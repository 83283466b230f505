package expr

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

var errTextLength = pgerr.New(pgerr.ProgramLimitExceeded, "requested length too large")

var errNegativeSubstring = pgerr.New("22011", "negative substring length not allowed")

func init() {
	registerTextToText()
	registerTextToInt()
	registerSubstrings()
	registerConcat()
	for _, name := range []string{"btrim", "trim", "ltrim", "rtrim"} {
		registerTrim(name)
	}
	registerPads()
	registerQuotes()
	register("repeat(text,int4)", rows(func(k *call, i int) error {
		s, n := k.str(0, i), max(k.int(1, i), 0)
		if n*int64(len(s)) > maxText {
			return errTextLength
		}
		k.out.Str[i] = strings.Repeat(s, int(n))
		return nil
	}))
	register("replace(text,text,text)", rows(replaceText))
	registerSafe("translate(text,text,text)", rows(func(k *call, i int) error {
		k.out.Str[i] = translate(k.str(0, i), k.str(1, i), k.str(2, i))
		return nil
	}))
	register("split_part(text,text,int4)", rows(func(k *call, i int) error {
		n := k.int(2, i)
		if n == 0 {
			return pgerr.New(pgerr.InvalidParameterValue, "field position must not be zero")
		}
		k.out.Str[i] = splitPart(k.str(0, i), k.str(1, i), n)
		return nil
	}))
	register("chr(int4)", rows(chrText))
	for _, id := range []string{"to_hex(int4)", "to_hex(int8)"} {
		bits := 32
		if id == "to_hex(int8)" {
			bits = 64
		}
		registerSafe(id, rows(func(k *call, i int) error {
			x := uint64(k.int(0, i)) << (64 - bits) >> (64 - bits)
			k.out.Str[i] = strconv.FormatUint(x, 16)
			return nil
		}))
	}
}

func registerTextToText() {
	for id, f := range map[string]func(string) string{
		"lower": lowerASCII, "upper": upperASCII, "initcap": initcap, "reverse": reverse,
		"md5": func(s string) string { sum := md5.Sum([]byte(s)); return hex.EncodeToString(sum[:]) },
	} {
		registerSafe(id+"(text)", rows(func(k *call, i int) error {
			k.out.Str[i] = f(k.str(0, i))
			return nil
		}))
	}
}

func registerTextToInt() {
	chars := func(s string) int64 { return int64(utf8.RuneCountInString(s)) }
	for id, f := range map[string]func(string) int64{
		"length": chars, "char_length": chars, "character_length": chars,
		"octet_length": func(s string) int64 { return int64(len(s)) }, "bit_length": func(s string) int64 { return int64(len(s)) * 8 },
		"ascii": func(s string) int64 {
			if s == "" {
				return 0
			}
			r, _ := utf8.DecodeRuneInString(s)
			return int64(r)
		},
	} {
		if strings.HasSuffix(id, "length") && id != "bit_length" {
			registerBpcharLength(id, f)
		}
		registerSafe(id+"(text)", func(k *call) error {
			for i := range k.out.Int {
				k.out.Int[i] = f(k.str(0, i))
			}
			return nil
		})
	}
	for _, id := range []string{"position", "strpos"} {
		registerSafe(id+"(text,text)", rows(func(k *call, i int) error {
			k.out.Int[i] = position(k.str(0, i), k.str(1, i))
			return nil
		}))
	}
	for _, id := range []string{"starts_with(text,text)", "text_starts_with"} {
		registerSafe(id, rows(func(k *call, i int) error {
			k.out.Int[i] = bit(strings.HasPrefix(k.str(0, i), k.str(1, i)))
			return nil
		}))
	}
}

// registerBpcharLength registers a length of char(n): spaces at the end do not count, but as bytes.
func registerBpcharLength(name string, length func(string) int64) {
	registerSafe(name+"(bpchar)", rows(func(k *call, i int) error {
		s := k.str(0, i)
		if name != "octet_length" {
			s = types.TrimPadding(s)
		}
		k.out.Int[i] = length(s)
		return nil
	}))
}

func registerSubstrings() {
	for _, name := range []string{"substr", "substring"} {
		registerSafe(name+"(text,int4)", rows(func(k *call, i int) error {
			k.out.Str[i] = substring(k.str(0, i), k.int(1, i), int64(len(k.str(0, i)))+1)
			return nil
		}))
		register(name+"(text,int4,int4)", rows(func(k *call, i int) error {
			from, length := k.int(1, i), k.int(2, i)
			if length < 0 {
				return errNegativeSubstring
			}
			k.out.Str[i] = substring(k.str(0, i), from, from+length)
			return nil
		}))
	}
	for name, f := range map[string]func(string, int64) string{"left": leftOf, "right": rightOf} {
		registerSafe(name+"(text,int4)", rows(func(k *call, i int) error {
			k.out.Str[i] = f(k.str(0, i), k.int(1, i))
			return nil
		}))
	}
}

func registerTrim(name string) {
	cut := map[string]func(s, set string) string{"btrim": strings.Trim, "trim": strings.Trim, "ltrim": strings.TrimLeft, "rtrim": strings.TrimRight}[name]
	registerSafe(name+"(text)", rows(func(k *call, i int) error {
		k.out.Str[i] = cut(k.str(0, i), " ")
		return nil
	}))
	registerSafe(name+"(text,text)", rows(func(k *call, i int) error {
		k.out.Str[i] = cut(k.str(0, i), k.str(1, i))
		return nil
	}))
}

func registerPads() {
	for _, name := range []string{"lpad", "rpad"} {
		left := name == "lpad"
		register(name+"(text,int4)", rows(func(k *call, i int) (err error) {
			k.out.Str[i], err = pad(k.str(0, i), k.int(1, i), " ", left)
			return err
		}))
		register(name+"(text,int4,text)", rows(func(k *call, i int) (err error) {
			k.out.Str[i], err = pad(k.str(0, i), k.int(1, i), k.str(2, i), left)
			return err
		}))
	}
}

func registerQuotes() {
	registerSafe("quote_ident(text)", rows(func(k *call, i int) error { k.out.Str[i] = quoteIdent(k.str(0, i)); return nil }))
	registerSafe("quote_literal(text)", rows(func(k *call, i int) error { k.out.Str[i] = quoteLiteral(k.str(0, i)); return nil }))
	registerSafe("quote_literal(any)", func(k *call) error {
		return k.each(func(i int) error { k.out.Str[i] = quoteLiteral(k.textOf(0, i)); return nil })
	})
	registerSafe("quote_nullable(text)", rows(func(k *call, i int) error {
		k.out.Str[i] = "NULL"
		if !k.args[0].null(i) {
			k.out.Str[i] = quoteLiteral(k.str(0, i))
		}
		return nil
	}))
}

func replaceText(k *call, i int) error {
	s, from, to := k.str(0, i), k.str(1, i), k.str(2, i)
	if from == "" {
		k.out.Str[i] = s
		return nil
	}
	if grown := strings.Count(s, from) * max(len(to)-len(from), 0); grown > maxText {
		return errTextLength
	}
	k.out.Str[i] = strings.ReplaceAll(s, from, to)
	return nil
}

func chrText(k *call, i int) error {
	n := k.int(0, i)
	switch {
	case n == 0:
		return pgerr.New(pgerr.ProgramLimitExceeded, "null character not permitted")
	case n < 0:
		return pgerr.New(pgerr.InvalidParameterValue, "character number must be positive")
	case n > utf8.MaxRune:
		return pgerr.New(pgerr.ProgramLimitExceeded, "requested character too large for encoding: %d", n)
	case !utf8.ValidRune(rune(n)):
		return pgerr.New(pgerr.ProgramLimitExceeded, "requested character not valid for encoding: %d", n)
	}
	k.out.Str[i] = string(rune(n))
	return nil
}

// textOf returns argument a of row i, which is not NULL, as text.
func (k *call) textOf(a, i int) string {
	c := k.args[a]
	if c.Type.IsString() {
		return plainText(c.Type, c.Str[c.at(i)])
	}
	var buf [64]byte
	return string(appendText(buf[:0], c.Type, c.Datum(c.at(i)), k.evaluation))
}
