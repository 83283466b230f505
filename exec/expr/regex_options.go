package expr

import (
	"regexp"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// regexOptions are the letters behind a regular expression (docs table 9.24).
type regexOptions struct {
	global, fold, literal bool
	// lines: ^ and $ match at newlines; dots: a dot and [^…] match no newline.
	lines, dots bool
}

// parseRegexOptions reads the letters. function, if not empty, is one that has no use for g. Errors: 22023, 0A000.
func parseRegexOptions(letters, function string) (o regexOptions, err error) {
	for _, c := range letters {
		switch c {
		case 'g':
			if function != "" {
				err := pgerr.New(pgerr.InvalidParameterValue, "%s() does not support the \"global\" option", function)
				if function == "regexp_match" {
					err = err.WithHint("Use the regexp_matches function instead.")
				}
				return o, err
			}
			o.global = true
		case 'i':
			o.fold = true
		case 'c':
			o.fold = false
		case 'm', 'n':
			o.lines, o.dots = true, true
		case 'p':
			o.lines, o.dots = false, true
		case 'w':
			o.lines, o.dots = true, false
		case 's':
			o.lines, o.dots = false, false
		case 'q':
			o.literal = true
		case 't':
		case 'x', 'b', 'e':
			return o, pgerr.Unsupported("option \"%c\" of regular expressions is", c)
		default:
			return o, pgerr.New(pgerr.InvalidParameterValue, "invalid regular expression option: \"%c\"", c)
		}
	}
	return o, nil
}

// compile returns the expression with the options.
func (o regexOptions) compile(pattern string) (*regex, error) {
	if o.literal {
		pattern = regexp.QuoteMeta(pattern)
	}
	if o.dots && strings.Contains(pattern, "[^") {
		return nil, pgerr.Unsupported("newline-sensitive matching of [^…] is")
	}
	return compileRegexMode(pattern, o)
}

// findAll returns the matches of r in s, at most n unless that is negative. Unlike Go's it also has the empty match right behind
// another one, as PostgreSQL does, unless skipEmpty is set.
func findAll(r *regex, s string, n int, skipEmpty bool) [][]int {
	found := r.FindAllStringSubmatchIndex(s, -1)
	var out [][]int
	for i, m := range found {
		if n >= 0 && len(out) >= n {
			return out
		}
		out = append(out, m)
		end, next := m[1], len(s)+1
		if i+1 < len(found) {
			next = found[i+1][0]
		}
		if skipEmpty || m[0] == end || next == end {
			continue
		}
		if rest := r.FindStringSubmatchIndex(s[end:]); rest != nil && rest[0] == 0 && rest[1] == 0 && !strings.ContainsAny(r.String(), "^\\") {
			for g := range rest {
				if rest[g] >= 0 {
					rest[g] += end
				}
			}
			out = append(out, rest)
		}
	}
	if n >= 0 && len(out) > n {
		out = out[:n]
	}
	return out
}

// letters are Go's flags for the options.
func (o regexOptions) letters() string {
	out := ""
	if !o.dots {
		out += "s"
	}
	if o.lines {
		out += "m"
	}
	if o.fold {
		out += "i"
	}
	if out == "" {
		return "-s"
	}
	return out
}
