package types

import (
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// FitString returns s as a value of t, varchar(n) or char(n): a char(n) is filled with spaces. What is too long is cut
// to n characters if cut, as an explicit cast does, or if only spaces are lost. Error: 22001.
func FitString(t Type, s string, cut bool) (string, error) {
	if !t.HasLength() {
		return s, nil
	}
	n := int(t.Precision)
	if len(s) <= n && t.ID == IDVarchar {
		return s, nil
	}
	end, chars := endOfChars(s, n)
	if end < len(s) {
		if !cut && strings.Trim(s[end:], " ") != "" {
			return "", pgerr.New(pgerr.StringDataRightTruncation, "value too long for type %s", t)
		}
		return s[:end], nil
	}
	if t.ID == IDBpchar && chars < n {
		return s + strings.Repeat(" ", n-chars), nil
	}
	return s, nil
}

// endOfChars returns where the first n characters of s end, and how many there are.
func endOfChars(s string, n int) (end, chars int) {
	for end < len(s) && chars < n {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
		chars++
	}
	return end, chars
}

// TrimPadding returns a char(n) without the spaces at its end, which have no meaning.
func TrimPadding(s string) string { return strings.TrimRight(s, " ") }

func fitDatum(t Type, s string) (Datum, error) {
	s, err := FitString(t, s, false)
	return StrDatum(s), err
}
