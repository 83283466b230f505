package parse

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// stringConst adds '…' with its continuations; i is at the opening quote.
func (l *lexer) stringConst(start int, k kind) {
	text, ok := l.segments(start, func() (string, bool) { return l.delimited('\'') })
	if !ok {
		return
	}
	if k == tBits {
		text = string(l.src[start]|0x20) + text
	}
	l.add(token{kind: k, start: int32(start), end: int32(l.i), text: text})
}

// segments reads a string and the strings that continue it behind a newline; i is at the first opening quote.
func (l *lexer) segments(start int, body func() (string, bool)) (string, bool) {
	l.i++
	text, ok := body()
	for ok && l.continued() {
		l.i++
		var more string
		more, ok = body()
		text += more
	}
	if !ok && l.err == nil {
		l.failNear(start, "unterminated quoted string")
	}
	return text, ok && l.err == nil
}

// continued moves to the opening quote of a continuation: white space with a newline in it (and -- comments), then a
// quote. Otherwise it stays.
func (l *lexer) continued() bool {
	newline := false
	for j := l.i; j < len(l.src); {
		switch c := l.src[j]; {
		case c == '\n' || c == '\r':
			newline = true
			j++
		case isSpace(c):
			j++
		case c == '-' && j+1 < len(l.src) && l.src[j+1] == '-':
			n := strings.IndexAny(l.src[j:], "\n\r")
			if n < 0 {
				return false
			}
			j += n
		case c == '\'' && newline:
			l.i = j
			return true
		default:
			return false
		}
	}
	return false
}

// escapeString adds E'…'.
func (l *lexer) escapeString(start int) {
	l.i++
	text, ok := l.segments(start, func() (string, bool) { return l.escapedBody() })
	if !ok {
		return
	}
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		l.fail(start, pgerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8"`)
		return
	}
	l.add(token{kind: tString, start: int32(start), end: int32(l.i), text: text})
}

// escapedBody reads up to the closing quote, with backslash escapes.
func (l *lexer) escapedBody() (string, bool) {
	var b []byte
	for l.i < len(l.src) {
		c := l.src[l.i]
		switch {
		case c == '\'' && l.at(1) == '\'':
			b = append(b, '\'')
			l.i += 2
		case c == '\'':
			l.i++
			return string(b), true
		case c == '\\':
			l.i++
			if b = l.escape(b); l.err != nil {
				return "", false
			}
		default:
			b = append(b, c)
			l.i++
		}
	}
	return "", false
}

// escape appends what stands behind a backslash.
func (l *lexer) escape(b []byte) []byte {
	c := l.at(0)
	if l.i < len(l.src) {
		l.i++
	}
	switch c {
	case 'b':
		return append(b, '\b')
	case 'f':
		return append(b, '\f')
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'u', 'U':
		return l.unicodeEscape(b, c)
	case 'x':
		if v, n := l.digits(16, 2); n > 0 {
			return append(b, byte(v))
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		l.i--
		v, _ := l.digits(8, 3)
		return append(b, byte(v))
	}
	return append(b, c)
}

// digits reads at most n digits of a base.
func (l *lexer) digits(base, n int) (v, count int) {
	for count < n {
		d := digitValue(l.at(0))
		if d >= base {
			break
		}
		v = v*base + d
		count++
		l.i++
	}
	return v, count
}

func digitValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 99
}

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

// dollar adds $n or $tag$…$tag$.
func (l *lexer) dollar(start int) {
	l.i++
	if isDigit(l.at(0)) {
		l.param(start)
		return
	}
	if c := l.at(0); isIdentStart(c) {
		for l.i++; l.i < len(l.src) && isIdentPart(l.src[l.i]) && l.src[l.i] != '$'; l.i++ {
		}
	}
	if l.at(0) != '$' {
		l.i = start + 1
		l.failNear(start, "syntax error")
		return
	}
	l.i++
	tag := l.src[start:l.i]
	n := strings.Index(l.src[l.i:], tag)
	if n < 0 {
		l.i = len(l.src)
		l.failNear(start, "unterminated dollar-quoted string")
		return
	}
	text := l.src[l.i : l.i+n]
	l.i += n + len(tag)
	l.add(token{kind: tString, start: int32(start), end: int32(l.i), text: text})
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
