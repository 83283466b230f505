package expr

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"
	"golang.org/x/text/unicode/norm"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	register("parse_ident(text,bool)", rows(func(k *call, i int) error {
		parts, err := parseIdent(k.str(0, i), k.int(1, i) != 0)
		if err != nil {
			return err
		}
		k.out.Str[i] = types.TextArrayOf(parts)
		return nil
	}))
	register("unistr(text)", rows(func(k *call, i int) (err error) {
		k.out.Str[i], err = unistr(k.str(0, i))
		return err
	}))
	register("pg_size_bytes(text)", rows(func(k *call, i int) (err error) {
		k.out.Int[i], err = sizeBytes(k.str(0, i))
		return err
	}))
	register("normalize(text,text)", rows(func(k *call, i int) error {
		form, err := normalForm(k.str(1, i))
		k.out.Str[i] = form.String(k.str(0, i))
		return err
	}))
	register("is_normalized(text,text)", rows(func(k *call, i int) error {
		form, err := normalForm(k.str(1, i))
		k.out.Int[i] = bit(form.IsNormalString(k.str(0, i)))
		return err
	}))
}

// normalForms are the names of Unicode's normal forms, by norm.Form.
var normalForms = [...]string{norm.NFC: "NFC", norm.NFD: "NFD", norm.NFKC: "NFKC", norm.NFKD: "NFKD"}

func normalForm(name string) (norm.Form, error) {
	for form, word := range normalForms {
		if strings.EqualFold(name, word) {
			return norm.Form(form), nil
		}
	}
	return norm.NFC, pgerr.New(pgerr.InvalidParameterValue, "invalid normalization form: %s", name)
}

// parseIdent takes a qualified name apart. If strict is not set, what follows it is passed over. Error: 22023.
func parseIdent(name string, strict bool) (parts []string, err error) {
	bad := func() *pgerr.Error {
		return pgerr.New(pgerr.InvalidParameterValue, "string is not a valid identifier: \"%s\"", name)
	}
	space := func(s string) string { return strings.TrimLeft(s, " \t\n\r\f\v") }
	rest, behindDot := space(name), false
	for {
		part, after, ok := cutIdent(rest)
		switch {
		case !ok && strings.HasPrefix(rest, `"`):
			return nil, bad().WithDetail("String has unclosed double quotes.")
		case part == "" && strings.HasPrefix(rest, `"`):
			return nil, bad().WithDetail("Quoted identifier must not be empty.")
		case !ok && strings.HasPrefix(rest, "."):
			return nil, bad().WithDetail("No valid identifier before \".\".")
		case !ok && behindDot:
			return nil, bad().WithDetail("No valid identifier after \".\".")
		case !ok:
			return nil, bad()
		}
		parts, rest = append(parts, part), space(after)
		if !strings.HasPrefix(rest, ".") {
			break
		}
		rest, behindDot = space(rest[1:]), true
	}
	if rest != "" && strict {
		return nil, bad()
	}
	return parts, nil
}

// cutIdent takes an identifier off s.
func cutIdent(s string) (ident, rest string, ok bool) {
	if strings.HasPrefix(s, `"`) {
		for i := 1; i < len(s); i++ {
			switch {
			case s[i] != '"':
			case strings.HasPrefix(s[i:], `""`):
				i++
			default:
				return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:], true
			}
		}
		return "", s, false
	}
	n := 0
	for n < len(s) && (s[n] == '_' || s[n] >= 0x80 || isLetter(s[n]) || n > 0 && (s[n] == '$' || s[n] >= '0' && s[n] <= '9')) {
		n++
	}
	return lowerASCII(s[:n]), s[n:], n > 0
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// unistr resolves \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX. Errors: 42601, 22023.
func unistr(s string) (string, error) {
	var b strings.Builder
	high := rune(0)
	for s != "" {
		plain, rest, found := strings.Cut(s, `\`)
		escaped := found && !strings.HasPrefix(rest, `\`)
		if high != 0 && (plain != "" || !escaped) {
			return "", errSurrogate
		}
		b.WriteString(plain)
		if s = rest; !found {
			break
		}
		if !escaped {
			b.WriteByte('\\')
			s = rest[1:]
			continue
		}
		r, n, err := codePoint(rest)
		if err != nil {
			return "", err
		}
		s = rest[n:]
		switch isLow := r >= 0xdc00 && r <= 0xdfff; {
		case high != 0 && isLow:
			b.WriteRune(utf16.DecodeRune(high, r))
			high = 0
		case high != 0 || isLow:
			return "", errSurrogate
		case utf16.IsSurrogate(r):
			high = r
		default:
			b.WriteRune(r)
		}
	}
	if high != 0 {
		return "", errSurrogate
	}
	return b.String(), nil
}

var errSurrogate = pgerr.New(pgerr.SyntaxError, "invalid Unicode surrogate pair")

// codePoint reads what is behind the backslash of an escape, and returns its length.
func codePoint(s string) (r rune, length int, err error) {
	prefix, digits := 1, 0
	switch {
	case strings.HasPrefix(s, "+"):
		digits = 6
	case strings.HasPrefix(s, "u"):
		digits = 4
	case strings.HasPrefix(s, "U"):
		digits = 8
	default:
		prefix, digits = 0, 4
	}
	length = prefix + digits
	v := uint32(0)
	for i := prefix; i < length; i++ {
		d := -1
		if i < len(s) {
			d = strings.IndexByte("0123456789abcdef", lowerASCII(s[i : i+1])[0])
		}
		if d < 0 {
			return 0, 0, pgerr.New(pgerr.SyntaxError, "invalid Unicode escape").
				WithHint(`Unicode escapes must be \XXXX, \+XXXXXX, \uXXXX, or \UXXXXXXXX.`)
		}
		v = v<<4 | uint32(d)
	}
	if v == 0 || v > utf8.MaxRune {
		return 0, 0, pgerr.New(pgerr.InvalidParameterValue, "invalid Unicode code point: %s", fmt.Sprintf("%04X", v))
	}
	return rune(v), length, nil
}

// sizeUnits are the powers of 1024 that units stand for.
var sizeUnits = []string{"bytes", "kB", "MB", "GB", "TB", "PB"}

// sizeBytes reads a size: a number, and a unit. Errors: 22023, 22003.
func sizeBytes(s string) (int64, error) {
	bad := pgerr.New(pgerr.InvalidParameterValue, "invalid size: \"%s\"", s)
	text := strings.Trim(s, " \t\n\r\f\v")
	n := numberLength(text)
	if n == 0 {
		return 0, bad
	}
	var size apd.Decimal
	if _, _, err := size.SetString(text[:n]); err != nil {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "value overflows numeric format")
	}
	unit, power := strings.TrimLeft(text[n:], " \t\n\r\f\v"), -1
	for p, word := range sizeUnits {
		if strings.EqualFold(unit, word) || unit == "" && p == 0 {
			power = p
		}
	}
	if power < 0 {
		return 0, bad.WithDetail("Invalid size unit: \"%s\".", unit).
			WithHint(`Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".`)
	}
	if size.Exponent > 20 && size.Sign() != 0 {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
	}
	size.Coeff.Mul(&size.Coeff, apd.NewBigInt(1<<(10*power)))
	var whole apd.Decimal
	if err := finish(&whole, &size, 0); err != nil {
		return 0, err
	}
	v, err := whole.Int64()
	if err != nil {
		return 0, pgerr.New(pgerr.NumericValueOutOfRange, "bigint out of range")
	}
	return v, nil
}

// numberLength returns the length of the decimal number that s starts with, 0 if there is none.
func numberLength(s string) int {
	digits := func(i int) int {
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i
	}
	start := 0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		start = 1
	}
	n := digits(start)
	some := n > start
	if n < len(s) && s[n] == '.' {
		end := digits(n + 1)
		some = some || end > n+1
		n = end
	}
	if !some {
		return 0
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		from := n + 1
		if from < len(s) && (s[from] == '-' || s[from] == '+') {
			from++
		}
		if end := digits(from); end > from {
			n = end
		}
	}
	return n
}
