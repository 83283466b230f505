package parse

import "strings"

// number adds an integer, a decimal or a float constant; letters right behind it are an error, as in PostgreSQL 15.
func (l *lexer) number(start int) {
	k := tInteger
	l.skipDigits()
	if l.at(0) == '.' && l.at(1) != '.' {
		k = tNumber
		l.i++
		l.skipDigits()
	}
	if l.at(0)|0x20 == 'e' {
		n := 1
		if l.at(1) == '+' || l.at(1) == '-' {
			n = 2
		}
		if isDigit(l.at(n)) {
			k = tNumber
			l.i += n
			l.skipDigits()
		} else if n == 2 {
			l.i += 2
			l.failNear(start, "trailing junk after numeric literal")
			return
		}
	}
	if !l.junk(start, "numeric literal") {
		l.add(token{kind: k, start: int32(start), end: int32(l.i), text: l.src[start:l.i]})
	}
}

func (l *lexer) skipDigits() {
	for isDigit(l.at(0)) {
		l.i++
	}
}

// junk fails if an identifier starts right here.
func (l *lexer) junk(start int, behind string) bool {
	if !isIdentStart(l.at(0)) {
		return false
	}
	for l.i < len(l.src) && isIdentPart(l.src[l.i]) {
		l.i++
	}
	l.failNear(start, "trailing junk after "+behind)
	return true
}

// param adds $n; i is at its first digit.
func (l *lexer) param(start int) {
	l.skipDigits()
	if !l.junk(start, "parameter") {
		l.add(token{kind: tParam, start: int32(start), end: int32(l.i), text: l.src[start+1 : l.i]})
	}
}

const opChars = "~!@#^&|`?+-*/%<>="

func isOpChar(c byte) bool { return c != 0 && strings.IndexByte(opChars, c) >= 0 }

// symbol adds an operator or punctuation.
func (l *lexer) symbol(start int, c byte) {
	if isOpChar(c) {
		l.operator(start)
		return
	}
	n := 0
	switch {
	case strings.IndexByte(",()[];", c) >= 0:
		n = 1
	case c == '.':
		n = 1
		if l.at(1) == '.' {
			n = 2
		}
	case c == ':':
		n = 1
		if l.at(1) == ':' || l.at(1) == '=' {
			n = 2
		}
	default:
		l.i++
		l.failNear(start, "syntax error")
		return
	}
	l.i += n
	l.add(token{kind: tPunct, start: int32(start), end: int32(l.i), text: l.src[start:l.i]})
}

// operator adds the longest run of operator characters that is one by PostgreSQL's rules: it ends before -- and /*,
// and a run of several characters ends in + or - only if it contains one of ~ ! @ # ^ & | ` ? %.
func (l *lexer) operator(start int) {
	end := start
	for end < len(l.src) && isOpChar(l.src[end]) {
		if next := l.src[end:]; strings.HasPrefix(next, "--") || strings.HasPrefix(next, "/*") {
			break
		}
		end++
	}
	for end-start > 1 && (l.src[end-1] == '+' || l.src[end-1] == '-') {
		if strings.ContainsAny(l.src[start:end-1], "~!@#^&|`?%") {
			break
		}
		end--
	}
	l.i = end
	if end-start > maxIdentBytes {
		l.failNear(start, "operator too long")
		return
	}
	t := token{kind: tOp, start: int32(start), end: int32(end), text: l.src[start:end]}
	switch t.text {
	case "=>":
		t.kind = tPunct
	case "!=":
		t.text = "<>"
	}
	l.add(t)
}
