package types

import (
	"encoding/hex"
	"unicode/utf8"

	"github.com/millracedb/millrace/sql/pgerr"
)

// parseBytea reads a bytea in hexadecimal (\x, then digits, between which there may be white space) or escape form (\\,
// \ and three octal digits).
func parseBytea(s string) (Datum, error) {
	if len(s) >= 2 && s[0] == '\\' && s[1] == 'x' {
		b, err := DecodeHex(s[2:])
		return StrDatum(string(b)), err
	}
	b, ok := DecodeEscape(s)
	if !ok {
		return Datum{}, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
	}
	return StrDatum(string(b)), nil
}

// DecodeHex reads pairs of hexadecimal digits with white space between them. Error: 22023.
func DecodeHex(s string) ([]byte, error) {
	out := make([]byte, 0, len(s)/2)
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\n', '\r':
			continue
		}
		high, err := hexDigit(s[i:])
		if err != nil {
			return nil, err
		}
		if i++; i == len(s) {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		low, err := hexDigit(s[i:])
		if err != nil {
			return nil, err
		}
		out = append(out, high<<4|low)
	}
	return out, nil
}

// hexDigit is the value of the digit that s starts with.
func hexDigit(s string) (byte, error) {
	switch c := s[0]; {
	case c >= '0' && c <= '9':
		return c - '0', nil
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, nil
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, nil
	}
	_, size := utf8.DecodeRuneInString(s)
	return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal digit: \"%s\"", s[:size])
}

// DecodeEscape reads the escape form of bytes.
func DecodeEscape(s string) (out []byte, ok bool) {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != '\\':
			out = append(out, s[i])
		case i+1 < len(s) && s[i+1] == '\\':
			out = append(out, '\\')
			i++
		case i+3 < len(s) && s[i+1] >= '0' && s[i+1] <= '3' && isOctal(s[i+2]) && isOctal(s[i+3]):
			out = append(out, (s[i+1]-'0')<<6|(s[i+2]-'0')<<3|(s[i+3]-'0'))
			i += 3
		default:
			return nil, false
		}
	}
	return out, true
}

func isOctal(c byte) bool { return c >= '0' && c <= '7' }

func appendBytea(dst []byte, s string) []byte {
	return hex.AppendEncode(append(dst, '\\', 'x'), []byte(s))
}

// uuidSize is the number of bytes of a uuid.
const uuidSize = 16

// parseUUID reads a uuid: 32 hexadecimal digits, between which a hyphen may stand after each four; braces may stand around.
func parseUUID(s string) (Datum, error) {
	rest := s
	braces := rest != "" && rest[0] == '{'
	if braces {
		rest = rest[1:]
	}
	out := make([]byte, 0, uuidSize)
	for i := range uuidSize {
		if len(rest) < 2 {
			return Datum{}, badSyntax(UUID, s)
		}
		b, err := hex.DecodeString(rest[:2])
		if err != nil {
			return Datum{}, badSyntax(UUID, s)
		}
		out, rest = append(out, b[0]), rest[2:]
		if i%2 == 1 && i < uuidSize-1 && rest != "" && rest[0] == '-' {
			rest = rest[1:]
		}
	}
	if braces {
		if rest == "" || rest[0] != '}' {
			return Datum{}, badSyntax(UUID, s)
		}
		rest = rest[1:]
	}
	if rest != "" {
		return Datum{}, badSyntax(UUID, s)
	}
	return StrDatum(string(out)), nil
}

func appendUUID(dst []byte, s string) []byte {
	for i := range len(s) {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, []byte{s[i]})
	}
	return dst
}
