package expr

import (
	"strconv"
	"strings"
	"sync"

	"github.com/millracedb/millrace/sql/pgerr"
)

// regexes keeps compiled regular expressions, up to maxRegexes; then it starts anew.
var regexes = struct {
	sync.Mutex
	byText map[string]*regex
}{byText: map[string]*regex{}}

const (
	maxRegexes    = 256
	maxRegexBytes = 32 << 10 // of one pattern
)

// compileRegex returns PostgreSQL's regular expression as Go's, which never takes more than linear time. What Go's does
// not have, references back and looking around, is 0A000. Errors: 2201B, 0A000.
func compileRegex(pattern string, fold bool) (*regex, error) {
	return compileRegexMode(pattern, regexOptions{fold: fold})
}

func compileRegexMode(pattern string, o regexOptions) (*regex, error) {
	text, err := translateRegex(pattern, o)
	if err != nil {
		return nil, err
	}
	regexes.Lock()
	defer regexes.Unlock()
	if r := regexes.byText[text]; r != nil {
		return r, nil
	}
	r, err := newRegex(text)
	if err != nil {
		return nil, err
	}
	if len(regexes.byText) >= maxRegexes {
		clear(regexes.byText)
	}
	regexes.byText[text] = r
	return r, nil
}

// translateRegex rewrites PostgreSQL's "advanced" syntax to Go's: a dot matches newlines too, \m \M \y are edges of words,
// \Y is none.
func translateRegex(pattern string, o regexOptions) (string, error) {
	if len(pattern) > maxRegexBytes {
		return "", pgerr.New(pgerr.ProgramLimitExceeded, "regular expression is too long")
	}
	var b strings.Builder
	b.WriteString("(?" + o.letters() + ")")
	pattern = strings.TrimPrefix(pattern, "***:")
	for i := 0; i < len(pattern); i++ {
		switch {
		case pattern[i] == '\\' && i+1 < len(pattern):
			i++
			s, err := translateEscape(pattern[i])
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		case looksAround(pattern[i:]):
			return "", pgerr.Unsupported("lookaround in regular expressions is")
		default:
			b.WriteByte(pattern[i])
		}
	}
	return b.String(), nil
}

func looksAround(s string) bool {
	for _, prefix := range []string{"(?=", "(?!", "(?<=", "(?<!"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

func translateEscape(c byte) (string, error) {
	switch c {
	case 'm', 'M', 'y':
		return `\b`, nil
	case 'Y':
		return `\B`, nil
	case 'Z':
		return `\z`, nil
	case 'e':
		return `\x1b`, nil
	}
	if c >= '1' && c <= '9' {
		return "", pgerr.Unsupported("reference \\%s in a regular expression is", strconv.Itoa(int(c-'0')))
	}
	return `\` + string([]byte{c}), nil
}

// regexReplace replaces matches of r; in the replacement \1 … \9 are groups, \& is the match.
func regexReplace(r *regex, s, replacement string, all bool) string {
	limit := 1
	if all {
		limit = -1
	}
	var b strings.Builder
	end := 0
	for _, m := range r.FindAllStringSubmatchIndex(s, limit) {
		b.WriteString(s[end:m[0]])
		writeReplacement(&b, s, replacement, m)
		end = m[1]
	}
	b.WriteString(s[end:])
	return b.String()
}

func writeReplacement(b *strings.Builder, s, replacement string, m []int) {
	for i := 0; i < len(replacement); i++ {
		if replacement[i] != '\\' || i+1 == len(replacement) {
			b.WriteByte(replacement[i])
			continue
		}
		i++
		switch c := replacement[i]; {
		case c == '&':
			b.WriteString(s[m[0]:m[1]])
		case c >= '1' && c <= '9':
			if n := int(c-'0') * 2; n < len(m) && m[n] >= 0 {
				b.WriteString(s[m[n]:m[n+1]])
			}
		case c == '\\':
			b.WriteByte('\\')
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
}
