package expr

import (
	"regexp"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// regex is a compiled regular expression. PostgreSQL lets the first quantifier say whether the whole match is the longest or
// the shortest, and each part take what it prefers within it (docs 9.7.3.5); Go's decides at each quantifier. So an expression
// that has both kinds is matched in two steps: Regexp finds the whole, parts the groups in it.
type regex struct {
	*regexp.Regexp
	parts *regexp.Regexp // nil: Regexp finds the groups as well
	// inexact is the error for who asks where a match begins and ends, and not just whether there is one.
	inexact error
}

// greed says which quantifiers a regular expression has.
type greed struct {
	first        byte // the first that may match more or less: g greedy, l lazy, 0 none
	greedy, lazy bool
	either       bool // there is a |
	groups       bool // there is a group that captures
	edges        bool // what matches depends on what stands around it
}

// mixed reports whether the two ways to choose may differ.
func (g greed) mixed() bool { return g.lazy && (g.greedy || g.either) }

// regexPieces calls f for each piece of a regular expression in Go's syntax: an escape, a bracket expression, a
// parenthesis with what follows it up to the expression, a quantifier with its ? if there is one, or a character.
func regexPieces(text string, f func(piece string, quantifier bool)) {
	for i := 0; i < len(text); {
		n, quantifier := regexPiece(text[i:])
		f(text[i:i+n], quantifier)
		i += n
	}
}

func regexPiece(s string) (n int, quantifier bool) {
	switch s[0] {
	case '\\':
		return min(2, len(s)), false
	case '[':
		return bracketLen(s), false
	case '(':
		if strings.HasPrefix(s, "(?") {
			if end := strings.IndexAny(s, ":)"); end > 0 {
				return end + 1, false
			}
		}
		return 1, false
	case '*', '+', '?':
		n = 1
	case '{':
		if n = strings.IndexByte(s, '}') + 1; n < 3 || s[1] < '0' || s[1] > '9' {
			return 1, false
		}
	default:
		return 1, false
	}
	if n < len(s) && s[n] == '?' {
		n++
	}
	return n, true
}

// bracketLen returns the length of the bracket expression that s starts with.
func bracketLen(s string) int {
	i := 1
	if i < len(s) && s[i] == '^' {
		i++
	}
	if i < len(s) && s[i] == ']' {
		i++
	}
	for ; i < len(s); i++ {
		switch {
		case s[i] == ']':
			return i + 1
		case s[i] == '\\':
			i++
		case s[i] == '[' && i+1 < len(s) && strings.IndexByte(":.=", s[i+1]) >= 0:
			end := strings.Index(s[i+2:], s[i+1:i+2]+"]")
			if end < 0 {
				return len(s)
			}
			i += 2 + end + 1
		}
	}
	return len(s)
}

func greedOf(text string) (g greed) {
	levels := []byte{0} // of each open group, what first is in it
	group := byte(0)    // what first is in the group that has just been closed
	first := func(kind byte) {
		if last := &levels[len(levels)-1]; *last == 0 {
			*last = kind
		}
	}
	regexPieces(text, func(piece string, quantifier bool) {
		if kind := g.note(piece, quantifier); kind != 0 {
			first(kind)
		} else {
			first(group)
		}
		group = 0
		switch {
		case piece[0] == '(' && !strings.HasSuffix(piece, ")"):
			levels = append(levels, 0)
		case piece == ")" && len(levels) > 1:
			group, levels = levels[len(levels)-1], levels[:len(levels)-1]
		}
	})
	first(group)
	g.first = levels[0]
	return g
}

// note adds a piece, and returns its kind if it is a quantifier: g or l. One that repeats so many times exactly has none.
func (g *greed) note(piece string, quantifier bool) byte {
	switch {
	case quantifier && piece[0] == '{' && !strings.Contains(piece, ","):
	case quantifier && len(piece) > 1 && strings.HasSuffix(piece, "?"):
		g.lazy = true
		return 'l'
	case quantifier:
		g.greedy = true
		return 'g'
	case piece == "|":
		g.either = true
	case piece == "(":
		g.groups = true
	case piece == "^", piece == "$", piece == `\b`, piece == `\B`, piece == `\A`, piece == `\z`:
		g.edges = true
	}
	return 0
}

// allLazy makes each quantifier one that prefers less.
func allLazy(text string) string {
	var b strings.Builder
	regexPieces(text, func(piece string, quantifier bool) {
		b.WriteString(piece)
		if quantifier && (len(piece) == 1 || !strings.HasSuffix(piece, "?")) {
			b.WriteByte('?')
		}
	})
	return b.String()
}

// newRegex compiles a translated expression, "(?" + letters + ")" before it. Errors: 2201B, 0A000.
func newRegex(text string) (*regex, error) {
	g := greedOf(text)
	whole := text
	if g.mixed() && g.first == 'l' && !g.either {
		whole = allLazy(text)
	}
	r, err := regexp.Compile(whole)
	if err != nil {
		return nil, pgerr.New(pgerr.InvalidRegularExpression, "invalid regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	if !g.lazy || g.mixed() && (g.first == 'g' || g.either) {
		r.Longest()
	}
	out := &regex{Regexp: r}
	switch {
	case !g.mixed():
	case g.either || g.groups && g.edges:
		out.inexact = errMixedGreed
	default:
		out.parts, err = partsOf(text)
	}
	return out, err
}

// errMixedGreed refuses what has no equal here.
var errMixedGreed = pgerr.Unsupported("a regular expression with greedy and non-greedy quantifiers and | or the edges of the text is")

// partsOf returns what finds the groups within the match of an expression with both kinds of quantifiers.
func partsOf(text string) (*regexp.Regexp, error) {
	end := strings.IndexByte(text, ')') + 1
	return regexp.Compile(text[:end] + `\A(?:` + text[end:] + `)\z`)
}

// FindStringSubmatchIndex is regexp.Regexp's.
func (r *regex) FindStringSubmatchIndex(s string) []int {
	return r.groups(s, r.Regexp.FindStringSubmatchIndex(s))
}

// FindAllStringSubmatchIndex is regexp.Regexp's.
func (r *regex) FindAllStringSubmatchIndex(s string, n int) [][]int {
	found := r.Regexp.FindAllStringSubmatchIndex(s, n)
	for i, m := range found {
		found[i] = r.groups(s, m)
	}
	return found
}

// groups returns a match with the groups that its parts prefer.
func (r *regex) groups(s string, m []int) []int {
	if r.parts == nil || m == nil || len(m) == 2 {
		return m
	}
	inner := r.parts.FindStringSubmatchIndex(s[m[0]:m[1]])
	if inner == nil {
		return m
	}
	for g := range inner {
		if inner[g] >= 0 {
			inner[g] += m[0]
		}
	}
	return inner
}
