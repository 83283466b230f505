package catalog

import (
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// SplitName cuts a name as written in SQL into its parts, folded to lower case unless quoted.
func SplitName(s string) ([]string, error) {
	var parts []string
	for rest := s; ; {
		part, ok := "", false
		if strings.HasPrefix(rest, `"`) {
			if part, rest, ok = cutQuoted(rest); !ok {
				return nil, badName()
			}
		} else {
			end := strings.IndexByte(rest, '.')
			if end < 0 {
				end = len(rest)
			}
			part, rest = lowerASCII(strings.TrimSpace(rest[:end])), rest[end:]
			if strings.ContainsAny(part, " \t\n\r\f\"") {
				return nil, badName()
			}
		}
		if part == "" {
			return nil, badName()
		}
		parts = append(parts, part)
		if rest = strings.TrimLeft(rest, " \t\n\r\f"); rest == "" {
			return parts, nil
		}
		if rest[0] != '.' {
			return nil, badName()
		}
		rest = strings.TrimLeft(rest[1:], " \t\n\r\f")
	}
}

func badName() error { return pgerr.New(pgerr.InvalidName, "invalid name syntax") }

// cutQuoted cuts a name in double quotes, of which two stand for one, off s.
func cutQuoted(s string) (name, rest string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '"':
		case strings.HasPrefix(s[i+1:], `"`):
			i++
		default:
			return strings.ReplaceAll(s[1:i], `""`, `"`), s[i+1:], true
		}
	}
	return "", "", false
}

// lowerASCII folds as PostgreSQL folds names.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
