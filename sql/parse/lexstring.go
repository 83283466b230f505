package parse

import (
	"strings"
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
