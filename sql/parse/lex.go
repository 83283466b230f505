package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// lexer cuts a text into tokens by the rules of PostgreSQL 15's scan.l. It stops at the first error, which becomes
// the last token, so that errors of grammar before it are reported first.
type lexer struct {
	src     string
	i       int // next byte
	toks    []token
	open    []int32 // indexes of parentheses not yet closed
	err     *pgerr.Error
	notices []*pgerr.Error

	seenByte, seenChar int // byte seenByte is character seenChar, from 0
	ascii              bool
}

// run fills toks; the last one is tEOF or tError.
func (l *lexer) run(src string) {
	l.src = src
	l.ascii = isASCII(src)
	for l.err == nil {
		l.skipSpace()
		if l.err != nil {
			return
		}
		if l.i >= len(src) {
			l.add(token{kind: tEOF, start: int32(l.i), end: int32(l.i)})
			return
		}
		if len(l.toks) >= MaxTokens {
			l.fail(l.i, pgerr.ProgramLimitExceeded, "statement has more than %d words", MaxTokens)
			return
		}
		l.scan()
	}
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// char returns the position in characters, from 1, of a byte that is not before the last one asked for.
func (l *lexer) char(at int) int {
	if l.ascii {
		return at + 1
	}
	l.seenChar += utf8.RuneCountInString(l.src[l.seenByte:at])
	l.seenByte = at
	return l.seenChar + 1
}

// add appends t, and pairs parentheses.
func (l *lexer) add(t token) {
	t.pos = int32(l.char(int(t.start)))
	if t.kind == tPunct {
		switch t.text {
		case "(":
			l.open = append(l.open, int32(len(l.toks)))
		case ")":
			if n := len(l.open); n > 0 {
				l.toks[l.open[n-1]].match = int32(len(l.toks))
				l.open = l.open[:n-1]
			}
		case ";":
			l.open = l.open[:0]
		}
	}
	l.toks = append(l.toks, t)
}

// fail ends the scan with an error at byte start.
func (l *lexer) fail(start int, code, format string, args ...any) {
	t := token{kind: tError, start: int32(start), end: int32(l.i)}
	l.add(t)
	l.err = pgerr.New(code, format, args...).At(int(l.toks[len(l.toks)-1].pos))
}

// failNear is fail for 42601, with the text from start to where the scan stands.
func (l *lexer) failNear(start int, what string) {
	l.fail(start, pgerr.SyntaxError, `%s at or near "%s"`, what, clip(l.src[start:l.i]))
}

// clip bounds what an error message repeats of the user's text.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	n := most
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// at returns the byte n places on, 0 behind the end.
func (l *lexer) at(n int) byte {
	if l.i+n < len(l.src) {
		return l.src[l.i+n]
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isIdentStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}
func isIdentPart(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }

// skipSpace passes white space and comments; /* */ nests.
func (l *lexer) skipSpace() {
	for l.i < len(l.src) {
		c := l.src[l.i]
		switch {
		case isSpace(c):
			l.i++
		case c == '-' && l.at(1) == '-':
			l.skipLine()
		case c == '/' && l.at(1) == '*':
			if !l.skipComment() {
				return
			}
		default:
			return
		}
	}
}

// skipLine passes a -- comment, up to the end of its line.
func (l *lexer) skipLine() {
	n := strings.IndexAny(l.src[l.i:], "\n\r")
	if n < 0 {
		n = len(l.src) - l.i
	}
	l.i += n
}

func (l *lexer) skipComment() bool {
	start, depth := l.i, 0
	for l.i < len(l.src) {
		switch {
		case l.src[l.i] == '/' && l.at(1) == '*':
			depth++
			l.i += 2
		case l.src[l.i] == '*' && l.at(1) == '/':
			depth--
			l.i += 2
			if depth == 0 {
				return true
			}
		default:
			l.i++
		}
	}
	l.failNear(start, "unterminated /* comment")
	return false
}

// scan adds the token that starts at i.
func (l *lexer) scan() {
	start, c := l.i, l.src[l.i]
	switch {
	case c == '\'':
		l.stringConst(start, tString)
	case c == '"':
		l.quotedIdent(start)
	case isIdentStart(c):
		l.word(start, c)
	case isDigit(c) || c == '.' && isDigit(l.at(1)):
		l.number(start)
	case c == '$':
		l.dollar(start)
	default:
		l.symbol(start, c)
	}
}

// word adds an identifier or key word, or a string with a letter before it.
func (l *lexer) word(start int, c byte) {
	if l.prefixed(start, c|0x20) {
		return
	}
	for l.i++; l.i < len(l.src) && isIdentPart(l.src[l.i]); l.i++ {
	}
	t := token{kind: tIdent, start: int32(start), end: int32(l.i)}
	t.text = l.cut(fold(l.src[start:l.i]), start)
	if k, ok := keywords[t.text]; ok {
		t.class, t.bare = k.class, k.bare
	}
	l.add(t)
}

// prefixed handles E'…', U&'…', U&"…", B'…', X'…' and N'…'.
func (l *lexer) prefixed(start int, c byte) bool {
	next := l.at(1)
	switch {
	case c == 'e' && next == '\'':
		l.escapeString(start)
	case c == 'u' && next == '&' && (l.at(2) == '\'' || l.at(2) == '"'):
		l.unicodeString(start)
	case (c == 'b' || c == 'x') && next == '\'':
		l.i++
		l.stringConst(start, tBits)
	case c == 'n' && next == '\'':
		l.i++
		l.stringConst(start, tNational)
	default:
		return false
	}
	return true
}

// fold lowers the ASCII letters of an identifier, as PostgreSQL does in a UTF-8 database.
func fold(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// cut shortens an identifier to PostgreSQL's length, with a notice.
func (l *lexer) cut(name string, start int) string {
	if len(name) <= maxIdentBytes {
		return name
	}
	n := maxIdentBytes
	for !utf8.RuneStart(name[n]) {
		n--
	}
	l.notices = append(l.notices, pgerr.New(pgerr.NameTooLong,
		`identifier "%s" will be truncated to "%s"`, clip(name), name[:n]).At(l.char(start)))
	return name[:n]
}

// quotedIdent adds "…", doubled quotes being one.
func (l *lexer) quotedIdent(start int) {
	l.i++
	text, ok := l.delimited('"')
	if !ok {
		l.failNear(start, "unterminated quoted identifier")
		return
	}
	l.addQuoted(start, text)
}

func (l *lexer) addQuoted(start int, text string) {
	if text == "" {
		l.failNear(start, "zero-length delimited identifier")
		return
	}
	l.add(token{kind: tQuoted, start: int32(start), end: int32(l.i), text: l.cut(text, start)})
}

// delimited reads up to quote, which stands for itself when doubled; i is behind the opening one.
func (l *lexer) delimited(quote byte) (string, bool) {
	start, doubled := l.i, false
	for {
		n := strings.IndexByte(l.src[l.i:], quote)
		if n < 0 {
			l.i = len(l.src)
			return "", false
		}
		l.i += n + 1
		if l.at(0) != quote {
			break
		}
		l.i++
		doubled = true
	}
	text := l.src[start : l.i-1]
	if doubled {
		q := string(quote)
		text = strings.ReplaceAll(text, q+q, q)
	}
	return text, true
}
