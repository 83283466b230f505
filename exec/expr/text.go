package expr

import (
	"math"
	"strings"
	"unicode/utf8"
)

// Functions on text, in characters. As in PostgreSQL with the locale C, only the letters A to Z have another case.

func lowerASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

func upperASCII(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'a' && c <= 'z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'a' && b[i] <= 'z' {
					b[i] -= 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

func initcap(s string) string {
	b := []byte(lowerASCII(s))
	inWord := false
	for i, c := range b {
		letter := c >= 'a' && c <= 'z'
		if letter && !inWord {
			b[i] -= 'a' - 'A'
		}
		inWord = letter || c >= '0' && c <= '9'
	}
	return string(b)
}

// skipChars returns the byte at which character n of s starts, counted from 0; len(s) if there are fewer.
func skipChars(s string, n int) int {
	if n <= 0 {
		return 0
	}
	if n >= len(s) {
		return len(s)
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// substring returns the characters from place from, counted from 1, to before place to; places may lie outside.
func substring(s string, from, to int64) string {
	from, to = max(from-1, 0), max(to-1, 0)
	if to <= from {
		return ""
	}
	s = s[skipChars(s, int(min(from, int64(len(s))))):]
	return s[:skipChars(s, int(min(to-from, int64(len(s)))))]
}

// leftOf returns the first n characters, or all but the last -n.
func leftOf(s string, n int64) string {
	if n < 0 {
		n = max(int64(utf8.RuneCountInString(s))+n, 0)
	}
	return s[:skipChars(s, int(min(n, int64(len(s)))))]
}

// rightOf returns the last n characters, or all but the first -n.
func rightOf(s string, n int64) string {
	skip := -n
	if n == math.MinInt32 {
		return s // PostgreSQL cannot turn it either
	}
	if n >= 0 {
		skip = int64(utf8.RuneCountInString(s)) - n
	}
	return s[skipChars(s, int(min(max(skip, 0), int64(len(s))))):]
}

func reverse(s string) string {
	b := make([]byte, len(s))
	at := len(s)
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		at -= n
		copy(b[at:], s[i:i+n])
		i += n
	}
	return string(b)
}

// maxText bounds what a function makes of text, as PostgreSQL's bound of a gigabyte does; it is lower, because a row is
// kept in memory several times.
const maxText = 64 << 20

// pad returns s filled to, or cut to, n characters; left says at which end.
func pad(s string, n int64, fill string, left bool) (string, error) {
	have := int64(utf8.RuneCountInString(s))
	if n <= have {
		return s[:skipChars(s, int(max(n, 0)))], nil
	}
	if fill == "" {
		return s, nil
	}
	missing := n - have
	width := int64(utf8.RuneCountInString(fill))
	if (missing/width+1)*int64(len(fill)) > maxText {
		return "", errTextLength
	}
	filling := strings.Repeat(fill, int(missing/width)) + fill[:skipChars(fill, int(missing%width))]
	if left {
		return filling + s, nil
	}
	return s + filling, nil
}

// splitPart returns field n of s, from 1, or from the end from -1; n is not 0.
func splitPart(s, separator string, n int64) string {
	if separator == "" {
		if n == 1 || n == -1 {
			return s
		}
		return ""
	}
	if n < 0 {
		n += int64(strings.Count(s, separator)) + 2
		if n <= 0 {
			return ""
		}
	}
	for ; n > 1; n-- {
		i := strings.Index(s, separator)
		if i < 0 || s == "" {
			return ""
		}
		s = s[i+len(separator):]
	}
	field, _, _ := strings.Cut(s, separator)
	return field
}

// position returns the place of part in s in characters from 1, 0 if it is not there.
func position(s, part string) int64 {
	i := strings.Index(s, part)
	if i < 0 {
		return 0
	}
	return int64(utf8.RuneCountInString(s[:i])) + 1
}

func translate(s, from, to string) string {
	replacement := []rune(to)
	var b strings.Builder
	for _, r := range s {
		at := -1
		for n, f := range []rune(from) {
			if f == r {
				at = n
				break
			}
		}
		switch {
		case at < 0:
			b.WriteRune(r)
		case at < len(replacement):
			b.WriteRune(replacement[at])
		}
	}
	return b.String()
}

func quoteIdent(s string) string {
	plain := s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] == '_')
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_')
	}
	if plain && !reserved[s] {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func quoteLiteral(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.IndexByte(s, '\\') < 0 {
		return quoted
	}
	return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
}
