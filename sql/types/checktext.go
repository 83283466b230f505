package types

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// CheckText refuses what is no text: NUL bytes and what is not UTF-8. Errors: 22021 that shows the bytes, as PostgreSQL.
func CheckText(s string) error {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return nil
	}
	return CheckTextBytes([]byte(s))
}

// CheckTextBytes is CheckText of bytes.
func CheckTextBytes(b []byte) error {
	if bytes.IndexByte(b, 0) < 0 && utf8.Valid(b) {
		return nil
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == 0:
			return invalidBytes(b[i : i+1])
		case r == utf8.RuneError && size <= 1:
			return invalidBytes(b[i:min(len(b), i+sequenceLength(b[i]))])
		}
		i += size
	}
	return nil
}

// sequenceLength is how long the first byte of a sequence claims that it is.
func sequenceLength(first byte) int {
	switch {
	case first&0xe0 == 0xc0:
		return 2
	case first&0xf0 == 0xe0:
		return 3
	case first&0xf8 == 0xf0:
		return 4
	}
	return 1
}

func invalidBytes(b []byte) error {
	text := ""
	for _, c := range b {
		text += fmt.Sprintf(" 0x%02x", c)
	}
	return pgerr.New(pgerr.CharacterNotInRepertoire, `invalid byte sequence for encoding "UTF8":%s`, text)
}
