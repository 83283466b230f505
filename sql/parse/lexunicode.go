package parse

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// unicodeEscape reads \uXXXX or \UXXXXXXXX, surrogate pairs included.
func (l *lexer) unicodeEscape(b []byte, c byte) []byte {
	at := l.i - 2
	r, ok := l.codePoint(c)
	if ok && utf16.IsSurrogate(rune(r)) {
		low := 0
		if ok = r < 0xDC00 && l.at(0) == '\\' && l.at(1)|0x20 == 'u'; ok {
			c = l.at(1)
			l.i += 2
			if low, ok = l.codePoint(c); ok {
				r = int(utf16.DecodeRune(rune(r), rune(low)))
				ok = r != utf8.RuneError
			}
		}
		if !ok {
			l.failNear(at, "invalid Unicode surrogate pair")
			return nil
		}
	}
	if !ok {
		l.fail(at, pgerr.InvalidEscapeSequence, "invalid Unicode escape")
		l.err.WithHint(`Unicode escapes must be \uXXXX or \UXXXXXXXX.`)
		return nil
	}
	if r == 0 || r > utf8.MaxRune {
		l.failNear(at, "invalid Unicode escape value")
		return nil
	}
	return utf8.AppendRune(b, rune(r))
}

func (l *lexer) codePoint(c byte) (int, bool) {
	n := 4
	if c == 'U' {
		n = 8
	}
	v, count := l.digits(16, n)
	return v, count == n
}

// unicodeString adds U&'…' or U&"…", with UESCAPE behind it.
func (l *lexer) unicodeString(start int) {
	quote := l.at(2)
	l.i += 2
	raw, ok := "", false
	if quote == '\'' {
		raw, ok = l.segments(start, func() (string, bool) { return l.delimited('\'') })
	} else {
		l.i++
		if raw, ok = l.delimited('"'); !ok {
			l.failNear(start, "unterminated quoted identifier")
		}
	}
	if !ok {
		return
	}
	escape, ok := l.uescape()
	if !ok {
		return
	}
	text, ok := l.decodeUnicode(start, raw, escape)
	switch {
	case !ok:
	case quote == '"':
		l.addQuoted(start, text)
	default:
		l.add(token{kind: tString, start: int32(start), end: int32(l.i), text: text})
	}
}

// uescape reads UESCAPE 'c', if it stands here.
func (l *lexer) uescape() (byte, bool) {
	end := l.i
	l.skipSpace()
	if l.err != nil {
		return 0, false
	}
	const word = "uescape"
	if l.i+len(word) > len(l.src) || fold(l.src[l.i:l.i+len(word)]) != word || isIdentPart(l.at(len(word))) {
		l.i = end
		return '\\', true
	}
	l.i += len(word)
	l.skipSpace()
	at := l.i
	if l.err != nil {
		return 0, false
	}
	if l.at(0) != '\'' {
		l.failNear(at, "UESCAPE must be followed by a simple string literal")
		return 0, false
	}
	l.i++
	text, ok := l.delimited('\'')
	if !ok || len(text) != 1 || digitValue(text[0]) < 16 || strings.Contains("+'\"", text) || isSpace(text[0]) {
		l.failNear(at, "invalid Unicode escape character")
		return 0, false
	}
	return text[0], true
}

// decodeUnicode resolves \XXXX and \+XXXXXX, with escape for the backslash.
func (l *lexer) decodeUnicode(start int, raw string, escape byte) (string, bool) {
	if strings.IndexByte(raw, escape) < 0 {
		return raw, true
	}
	var b []byte
	for i := 0; i < len(raw); {
		if raw[i] != escape {
			b = append(b, raw[i])
			i++
			continue
		}
		if i+1 < len(raw) && raw[i+1] == escape {
			b = append(b, escape)
			i += 2
			continue
		}
		r, n := unicodeAt(raw[i:], escape)
		if n == 0 {
			l.fail(start, pgerr.SyntaxError, "invalid Unicode escape")
			l.err.WithHint(`Unicode escapes must be \XXXX or \+XXXXXX.`)
			return "", false
		}
		if r == 0 || r > utf8.MaxRune || utf16.IsSurrogate(r) {
			l.fail(start, pgerr.SyntaxError, "invalid Unicode escape value")
			return "", false
		}
		b = utf8.AppendRune(b, r)
		i += n
	}
	return string(b), true
}

// unicodeAt reads one escape, or a surrogate pair of two, at the start of s; n is its length, 0 if it is malformed.
func unicodeAt(s string, escape byte) (r rune, n int) {
	r, n = oneUnicode(s)
	if n > 0 && utf16.IsSurrogate(r) && len(s) > n && s[n] == escape {
		if low, m := oneUnicode(s[n:]); m > 0 {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, n + m
			}
		}
	}
	return r, n
}

func oneUnicode(s string) (rune, int) {
	from, count := 1, 4
	if len(s) > 1 && s[1] == '+' {
		from, count = 2, 6
	}
	if len(s) < from+count {
		return 0, 0
	}
	v := rune(0)
	for _, c := range []byte(s[from : from+count]) {
		d := digitValue(c)
		if d > 15 {
			return 0, 0
		}
		v = v<<4 | rune(d)
	}
	return v, from + count
}
