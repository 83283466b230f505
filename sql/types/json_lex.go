package types

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// next reads the next token.
func (p *jsonParser) next() error {
	p.last = p.end
	i := p.end
	for i < len(p.s) && (p.s[i] == ' ' || p.s[i] == '\t' || p.s[i] == '\n' || p.s[i] == '\r') {
		i++
	}
	p.start = i
	if i == len(p.s) {
		p.token, p.end = tokenEnd, i
		return nil
	}
	switch c := p.s[i]; {
	case c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':':
		p.token, p.end = jsonToken(c), i+1
		return nil
	case c == '"':
		p.token = tokenString
		return p.lexString()
	case c == '-' || c >= '0' && c <= '9':
		p.token = tokenNumber
		return p.lexNumber()
	}
	return p.lexWord()
}

func (p *jsonParser) badToken() error {
	return badJSON("Token \"%s\" is invalid.", p.s[p.start:p.end])
}

func isJSONWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

func (p *jsonParser) lexWord() error {
	i := p.start
	for i < len(p.s) && isJSONWord(p.s[i]) {
		i++
	}
	p.end = max(i, p.start+1)
	switch p.s[p.start:p.end] {
	case "true", "false", "null":
		p.token = jsonToken(p.s[p.start])
		return nil
	}
	return p.badToken()
}

func (p *jsonParser) lexNumber() error {
	i := p.start
	if p.s[i] == '-' {
		i++
	}
	ok := true
	digits := func() {
		from := i
		for i < len(p.s) && p.s[i] >= '0' && p.s[i] <= '9' {
			i++
		}
		ok = ok && i > from
	}
	at := func(set string) bool {
		for _, c := range []byte(set) {
			if i < len(p.s) && p.s[i] == c {
				i++
				return true
			}
		}
		return false
	}
	if !at("0") {
		digits()
	}
	if at(".") {
		digits()
	}
	if at("eE") {
		at("+-")
		digits()
	}
	for i < len(p.s) && isJSONWord(p.s[i]) {
		i, ok = i+1, false
	}
	if p.end = i; !ok {
		return p.badToken()
	}
	return nil
}

// lexString reads a string; its value is only right if the parser is strict.
func (p *jsonParser) lexString() error {
	p.builder.Reset()
	high := rune(0) // a surrogate that waits for its second half
	from := p.start + 1
	for i := from; i < len(p.s); i++ {
		c := p.s[i]
		if high != 0 && p.strict && !(c == '\\' && i+1 < len(p.s) && p.s[i+1] == 'u') {
			return errLowSurrogate
		}
		switch {
		case c == '"':
			p.str, p.end = p.s[p.start+1:i], i+1
			if p.builder.Len() > 0 {
				p.builder.WriteString(p.s[from:i])
				p.str = p.builder.String()
			}
			return nil
		case c < ' ':
			return badJSON("Character with value 0x%02x must be escaped.", c)
		case c != '\\':
			continue
		}
		p.builder.WriteString(p.s[from:i])
		n, err := p.escape(i+1, &high)
		if err != nil {
			return err
		}
		i += n
		from = i + 1
	}
	p.end = len(p.s)
	return p.badToken()
}

var (
	errLowSurrogate  = badJSON("Unicode low surrogate must follow a high surrogate.")
	errHighSurrogate = badJSON("Unicode high surrogate must not follow a high surrogate.")
	errZeroEscape    = pgerr.New("22P05", "unsupported Unicode escape sequence").WithDetail("\\u0000 cannot be converted to text.")
)

// escape reads what stands behind a backslash, at i, and returns its length.
func (p *jsonParser) escape(i int, high *rune) (int, error) {
	if i == len(p.s) {
		p.end = i
		return 0, p.badToken()
	}
	plain := map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}
	c := p.s[i]
	if c == 'u' {
		return 5, p.unicodeEscape(i+1, high)
	}
	to, ok := plain[c]
	if !ok {
		_, size := utf8.DecodeRuneInString(p.s[i:])
		return 0, badJSON("Escape sequence \"\\%s\" is invalid.", p.s[i:i+size])
	}
	p.builder.WriteByte(to)
	return 1, nil
}

// unicodeEscape reads the four digits at i.
func (p *jsonParser) unicodeEscape(i int, high *rune) error {
	for n := range 4 {
		if i+n == len(p.s) {
			p.end = len(p.s)
			return p.badToken()
		}
		if c := p.s[i+n]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return badJSON("\"\\u\" must be followed by four hexadecimal digits.")
		}
	}
	u, _ := strconv.ParseUint(p.s[i:i+4], 16, 32) // four digits
	r := rune(u)
	switch {
	case !p.strict:
		p.builder.WriteByte('?')
		return nil
	case r >= 0xd800 && r < 0xdc00:
		if *high != 0 {
			return errHighSurrogate
		}
		*high = r
		return nil
	case r >= 0xdc00 && r < 0xe000:
		if *high == 0 {
			return errLowSurrogate
		}
		r, *high = utf16.DecodeRune(*high, r), 0
	case *high != 0:
		return errLowSurrogate
	case r == 0:
		return errZeroEscape
	}
	p.builder.WriteRune(r)
	return nil
}
