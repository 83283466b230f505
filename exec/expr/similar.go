package expr

import (
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

func registerSimilar() {
	register("similar_to_escape(text)", rows(func(k *call, i int) error {
		parts, err := similarParts(k.str(0, i), `\`)
		k.out.Str[i] = similarRegex(parts)
		return err
	}))
	register("similar_to_escape(text,text)", rows(func(k *call, i int) error {
		parts, err := similarParts(k.str(0, i), k.str(1, i))
		k.out.Str[i] = similarRegex(parts)
		return err
	}))
	register("substring(text,text,text)", rows(substringSimilar))
}

// similarRegex is the regular expression for a pattern of SIMILAR TO, as PostgreSQL writes it.
func similarRegex(parts []string) string {
	switch len(parts) {
	case 2:
		return "^(?:" + parts[0] + "){1,1}?(" + parts[1] + ")$"
	case 3:
		return "^(?:" + parts[0] + "){1,1}?(" + parts[1] + "){1,1}(?:" + parts[2] + ")$"
	}
	return "^(?:" + strings.Join(parts, "") + ")$"
}

// similarParts returns a pattern of SIMILAR TO as regular expressions: what stands before, between and behind the marks of
// SUBSTRING, which are the escape character and a double quote (docs 9.7.2). escape is one character, or "" for none.
func similarParts(pattern, escape string) ([]string, error) {
	if utf8.RuneCountInString(escape) > 1 {
		return nil, pgerr.New(pgerr.InvalidEscapeSequence, "invalid escape string").WithHint("Escape string must be empty or one character.")
	}
	s := similar{escape: escape}
	for i, c := range pattern {
		s.add(pattern[i:i+utf8.RuneLen(c)], c)
	}
	if s.parts = append(s.parts, s.part.String()); len(s.parts) > 3 {
		return nil, pgerr.New(pgerr.InvalidUseOfEscapeCharacter, "SQL regular expression may not contain more than two escape-double-quote separators")
	}
	return s.parts, nil
}

// similar is the state of reading a pattern.
type similar struct {
	escape           string
	parts            []string
	part             strings.Builder
	escaped, bracket bool
}

func (s *similar) add(text string, c rune) {
	switch {
	case s.escaped:
		s.escaped = false
		if c == '"' && !s.bracket {
			s.parts = append(s.parts, s.part.String())
			s.part.Reset()
			return
		}
		s.part.WriteString(`\` + text)
	case text == s.escape:
		s.escaped = true
	case s.bracket:
		if c == '\\' {
			text = `\\`
		}
		s.part.WriteString(text)
		s.bracket = c != ']'
	default:
		s.bracket = c == '['
		s.part.WriteString(similarChar(text))
	}
}

// similarChar is what a character outside of brackets means.
func similarChar(text string) string {
	switch text {
	case "%":
		return ".*"
	case "_":
		return "."
	case "(":
		return "(?:"
	case `\`, ".", "^", "$":
		return `\` + text
	}
	return text
}

// substringSimilar gives what the pattern matches between its marks: the part before takes as little as it can, the one
// between then as much as it can. Without marks that is all, if the pattern matches.
func substringSimilar(k *call, i int) error {
	s := k.str(0, i)
	parts, err := similarParts(k.str(1, i), k.str(2, i))
	if err != nil {
		return err
	}
	all, err := compileRegex("^(?:(?:"+strings.Join(parts, ")(?:")+"))$", false)
	if err != nil {
		return err
	}
	if !all.MatchString(s) {
		k.setNull(i)
		return nil
	}
	if len(parts) == 1 {
		k.out.Str[i] = s
		return nil
	}
	from, to, err := betweenMarks(s, parts)
	k.out.Str[i] = s[from:to]
	return err
}

// betweenMarks returns where the part between the marks begins and ends in s, which the whole pattern matches.
func betweenMarks(s string, parts []string) (from, to int, err error) {
	var before, rest, between, behind *regex
	tail := strings.Join(parts[1:], ")(?:")
	for _, r := range []struct {
		to   **regex
		text string
	}{{&before, parts[0]}, {&rest, "(?:" + tail + ")"}, {&between, parts[1]}, {&behind, parts[len(parts)-1]}} {
		if *r.to, err = compileRegex("^(?:"+r.text+")$", false); err != nil {
			return 0, 0, err
		}
	}
	for from < len(s) && !(before.MatchString(s[:from]) && rest.MatchString(s[from:])) {
		from += runeLen(s[from:])
	}
	if len(parts) == 2 {
		return from, len(s), nil
	}
	for to = len(s); to > from && !(behind.MatchString(s[to:]) && between.MatchString(s[from:to])); {
		_, n := utf8.DecodeLastRuneInString(s[:to])
		to -= n
	}
	return from, to, nil
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
