package expr

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

func init() {
	register("encode(bytea,text)", rows(func(k *call, i int) (err error) {
		k.out.Str[i], err = encodeBytes(k.str(0, i), k.str(1, i))
		return err
	}))
	register("decode(text,text)", rows(func(k *call, i int) (err error) {
		k.out.Str[i], err = decodeBytes(k.str(0, i), k.str(1, i))
		return err
	}))
}

// base64Line is the length of a line of encode's base64 (RFC 2045).
const base64Line = 76

func encodeBytes(s, format string) (string, error) {
	switch strings.ToLower(format) {
	case "hex":
		return hex.EncodeToString([]byte(s)), nil
	case "base64":
		all := base64.StdEncoding.EncodeToString([]byte(s))
		var b strings.Builder
		for len(all) > base64Line {
			b.WriteString(all[:base64Line] + "\n")
			all = all[base64Line:]
		}
		return b.String() + all, nil
	case "escape":
		return escapeBytes(s), nil
	}
	return "", pgerr.New(pgerr.InvalidParameterValue, "unrecognized encoding: \"%s\"", format)
}

// escapeBytes writes zero bytes and those above 127 as octal digits, and doubles backslashes.
func escapeBytes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0 || c > 127:
			fmt.Fprintf(&b, "\\%03o", c)
		case c == '\\':
			b.WriteString(`\\`)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func decodeBytes(s, format string) (string, error) {
	switch strings.ToLower(format) {
	case "hex":
		b, err := types.DecodeHex(s)
		return string(b), err
	case "base64":
		return decodeBase64(s)
	case "escape":
		b, ok := types.DecodeEscape(s)
		if !ok {
			return "", pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
		}
		return string(b), nil
	}
	return "", pgerr.New(pgerr.InvalidParameterValue, "unrecognized encoding: \"%s\"", format)
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeBase64 reads base64 with white space in it, as PostgreSQL's pg_base64_decode does.
func decodeBase64(s string) (string, error) {
	var out []byte
	buf, pos, end := uint32(0), 0, 0
	for _, c := range s {
		digit := 0
		switch {
		case strings.ContainsRune(" \t\n\r", c):
			continue
		case c == '=':
			if end == 0 {
				if pos != 2 && pos != 3 {
					return "", pgerr.New(pgerr.InvalidParameterValue, "unexpected \"=\" while decoding base64 sequence")
				}
				end = pos - 1
			}
		default:
			if digit = strings.IndexRune(base64Digits, c); digit < 0 {
				return "", pgerr.New(pgerr.InvalidParameterValue, "invalid symbol \"%c\" found while decoding base64 sequence", c)
			}
		}
		buf = buf<<6 + uint32(digit)
		if pos++; pos < 4 {
			continue
		}
		out = append(out, byte(buf>>16))
		if end == 0 || end > 1 {
			out = append(out, byte(buf>>8))
		}
		if end == 0 || end > 2 {
			out = append(out, byte(buf))
		}
		buf, pos = 0, 0
	}
	if pos != 0 {
		return "", pgerr.New(pgerr.InvalidParameterValue, "invalid base64 end sequence").WithHint("Input data is missing padding, is truncated, or is otherwise corrupted.")
	}
	return string(out), nil
}
