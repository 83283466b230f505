package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// likePattern is a pattern of LIKE, cut at its %: the first chunk stands at the start, the last at the end, the others in
// between in their order.
type likePattern struct {
	chunks []likeChunk // one more than there are %
	fold   bool        // ILIKE
	// broken: the pattern ends with an escape character. That is an error for a text which reaches it; the chunks are those
	// of the pattern with "_%" in its place.
	broken bool
}

// likeChunk is literal text in which any marks the places of _ (bytes of value 0 in text, which no text holds).
type likeChunk struct {
	text string
	any  bool
}

const anyChar = 0

var errEscapeAtEnd = pgerr.New(pgerr.InvalidEscapeSequence, "LIKE pattern must not end with escape character")

func compileLike(pattern string, fold bool) *likePattern {
	if fold {
		pattern = lowerASCII(pattern)
	}
	p := &likePattern{fold: fold}
	var text []byte
	chunk := likeChunk{}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '%':
			chunk.text = string(text)
			p.chunks = append(p.chunks, chunk)
			text, chunk = text[:0], likeChunk{}
		case '_':
			text = append(text, anyChar)
			chunk.any = true
		case '\\':
			i++
			if i < len(pattern) {
				text = append(text, pattern[i])
				continue
			}
			p = compileLike(pattern[:i-1]+"_%", fold)
			p.broken = true
			return p
		default:
			text = append(text, c)
		}
	}
	chunk.text = string(text)
	p.chunks = append(p.chunks, chunk)
	return p
}

// match reports whether s matches. Error: 22025 for a pattern that is broken.
func (p *likePattern) match(s string) (bool, error) {
	ok := p.matchChunks(s)
	if ok && p.broken {
		return false, errEscapeAtEnd
	}
	return ok, nil
}

func (p *likePattern) matchChunks(s string) bool {
	if p.fold {
		s = lowerASCII(s)
	}
	n, ok := p.chunks[0].matchStart(s)
	if !ok {
		return false
	}
	s = s[n:]
	if len(p.chunks) == 1 {
		return s == ""
	}
	last := len(p.chunks) - 1
	for _, c := range p.chunks[1:last] {
		end := c.find(s)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return p.chunks[last].matchEnd(s)
}

// matchStart returns how many bytes at the start of s the chunk matches.
func (c likeChunk) matchStart(s string) (n int, ok bool) {
	if !c.any {
		return len(c.text), strings.HasPrefix(s, c.text)
	}
	for i := range len(c.text) {
		switch {
		case n >= len(s):
			return 0, false
		case c.text[i] == anyChar:
			_, size := utf8.DecodeRuneInString(s[n:])
			n += size
		case c.text[i] != s[n]:
			return 0, false
		default:
			n++
		}
	}
	return n, true
}

// find returns the end of the first match in s, -1 if there is none.
func (c likeChunk) find(s string) int {
	if !c.any {
		i := strings.Index(s, c.text)
		if i < 0 {
			return -1
		}
		return i + len(c.text)
	}
	for i := range s {
		if n, ok := c.matchStart(s[i:]); ok {
			return i + n
		}
	}
	return -1
}

func (c likeChunk) matchEnd(s string) bool {
	if !c.any {
		return strings.HasSuffix(s, c.text)
	}
	// Every place of the chunk is one character, so the match starts as many characters before the end.
	skip := utf8.RuneCountInString(s) - utf8.RuneCountInString(c.text)
	if skip < 0 {
		return false
	}
	s = s[skipChars(s, skip):]
	n, ok := c.matchStart(s)
	return ok && n == len(s)
}

// likeEscape rewrites a pattern with another escape character, "" for none, to one with a backslash.
func likeEscape(pattern, escape string) (string, error) {
	if utf8.RuneCountInString(escape) > 1 {
		return "", pgerr.New(pgerr.InvalidEscapeSequence, "invalid escape string").WithHint("Escape string must be empty or one character.")
	}
	if escape == `\` {
		return pattern, nil
	}
	var b strings.Builder
	for i := 0; i < len(pattern); {
		switch {
		case escape != "" && strings.HasPrefix(pattern[i:], escape):
			b.WriteByte('\\')
			i += len(escape)
			if i < len(pattern) {
				_, n := utf8.DecodeRuneInString(pattern[i:])
				b.WriteString(pattern[i : i+n])
				i += n
			}
		case pattern[i] == '\\':
			b.WriteString(`\\`)
			i++
		default:
			b.WriteByte(pattern[i])
			i++
		}
	}
	return b.String(), nil
}
