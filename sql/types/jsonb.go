package types

import (
	"cmp"
	"encoding/binary"
	"sort"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/pgerr"
)

// A jsonb is kept as its text in PostgreSQL's normal form: members in the order of their keys' lengths, then bytes, the
// last of those with one key; numbers as numerics print; one space behind commas and colons.

// ParseJSONB reads a JSON text to the normal form of jsonb. Errors as ParseJSON, and 22003.
func ParseJSONB(s string) (*JSONValue, error) {
	v, err := ParseJSON(s, true)
	if err != nil {
		return nil, err
	}
	return v, v.normalize()
}

// StoredJSON returns the tree of a json or jsonb that is a value already.
func StoredJSON(s string) *JSONValue {
	v, err := ParseJSON(s, true)
	if err != nil { // a json may have escapes that no text can hold
		v = &JSONValue{}
	}
	return v
}

func (v *JSONValue) normalize() error {
	switch v.Kind {
	case JSONNumber:
		var d apd.Decimal
		if err := parseNumeric(&d, v.Str); err != nil {
			return err
		}
		v.Str = string(AppendNumeric(nil, &d))
	case JSONObject:
		v.SortMembers()
	}
	for _, item := range v.Items {
		if err := item.normalize(); err != nil {
			return err
		}
	}
	return nil
}

// SortMembers brings the members of an object to jsonb's order; of those with one key the last stays.
func (v *JSONValue) SortMembers() {
	sort.Stable(jsonMembers{v})
	n := 0
	for i := range v.Keys {
		if i+1 < len(v.Keys) && v.Keys[i+1] == v.Keys[i] {
			continue
		}
		v.Keys[n], v.Items[n] = v.Keys[i], v.Items[i]
		n++
	}
	v.Keys, v.Items = v.Keys[:n], v.Items[:n]
}

// jsonMembers sorts the members of an object.
type jsonMembers struct{ *JSONValue }

func (m jsonMembers) Len() int { return len(m.Keys) }
func (m jsonMembers) Less(i, j int) bool {
	if len(m.Keys[i]) != len(m.Keys[j]) {
		return len(m.Keys[i]) < len(m.Keys[j])
	}
	return m.Keys[i] < m.Keys[j]
}
func (m jsonMembers) Swap(i, j int) {
	m.Keys[i], m.Keys[j] = m.Keys[j], m.Keys[i]
	m.Items[i], m.Items[j] = m.Items[j], m.Items[i]
}

// AppendJSONB appends the text of a value in normal form.
func AppendJSONB(dst []byte, v *JSONValue) []byte {
	switch v.Kind {
	case JSONNull:
		return append(dst, "null"...)
	case JSONString:
		return AppendJSONString(dst, v.Str)
	case JSONNumber:
		return append(dst, v.Str...)
	case JSONBool:
		if v.Bool {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	}
	open, end := byte('['), byte(']')
	if v.Kind == JSONObject {
		open, end = '{', '}'
	}
	dst = append(dst, open)
	for i, item := range v.Items {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		if v.Kind == JSONObject {
			dst = append(AppendJSONString(dst, v.Keys[i]), ": "...)
		}
		dst = AppendJSONB(dst, item)
	}
	return append(dst, end)
}

// AppendJSONString appends s in quotes, with escapes where JSON wants them.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= ' ':
			dst = append(dst, c)
		default:
			dst = appendControl(dst, c)
		}
	}
	return append(dst, '"')
}

func appendControl(dst []byte, c byte) []byte {
	if i := strings.IndexByte("\b\f\n\r\t", c); i >= 0 {
		return append(dst, '\\', "bfnrt"[i])
	}
	return append(dst, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&15])
}

func parseJSONText(s string) (Datum, error) {
	if err := CheckText(s); err != nil {
		return Datum{}, err
	}
	_, err := ParseJSON(s, false)
	return StrDatum(s), err
}

func parseJSONBText(s string) (Datum, error) {
	if err := CheckText(s); err != nil {
		return Datum{}, err
	}
	v, err := ParseJSONB(s)
	if err != nil {
		return Datum{}, err
	}
	return StrDatum(string(AppendJSONB(nil, v))), nil
}

// jsonbVersion leads the binary form of a jsonb.
const jsonbVersion = 1

func parseBinaryJSONB(b []byte) (Datum, error) {
	if len(b) == 0 {
		return Datum{}, badLength(0, 1)
	}
	if b[0] != jsonbVersion {
		return Datum{}, pgerr.New(pgerr.InternalError, "unsupported jsonb version number %d", b[0])
	}
	return parseJSONBText(string(b[1:]))
}

// CompareJSONB orders two jsonb values as PostgreSQL does.
func CompareJSONB(a, b string) int {
	if a == b {
		return 0
	}
	x, y := StoredJSON(a), StoredJSON(b)
	if c := cmp.Compare(topRank(x), topRank(y)); c != 0 {
		return c
	}
	return compareJSON(x, y)
}

// topRank puts an empty array before everything else, which PostgreSQL does where it is the whole value.
func topRank(v *JSONValue) int {
	return btoi(v.Kind != JSONArray || len(v.Items) > 0)
}

func compareJSON(x, y *JSONValue) int {
	if x.Kind != y.Kind {
		return cmp.Compare(x.Kind, y.Kind)
	}
	switch x.Kind {
	case JSONString:
		return strings.Compare(x.Str, y.Str)
	case JSONNumber:
		return sign(CompareDecimal(x.Decimal(), y.Decimal()))
	case JSONBool:
		return btoi(x.Bool) - btoi(y.Bool)
	}
	if c := cmp.Compare(len(x.Items), len(y.Items)); c != 0 {
		return c
	}
	for i := range x.Items {
		if x.Kind == JSONObject && x.Keys[i] != y.Keys[i] {
			return strings.Compare(x.Keys[i], y.Keys[i])
		}
		if c := compareJSON(x.Items[i], y.Items[i]); c != 0 {
			return c
		}
	}
	return 0
}

// Decimal returns the number that v is.
func (v *JSONValue) Decimal() *apd.Decimal {
	d := new(apd.Decimal)
	_ = parseNumeric(d, v.Str) // the number of a jsonb is a numeric
	return d
}

// appendKeyJSONB appends the key codec's form of a jsonb.
func appendKeyJSONB(dst []byte, s string) []byte {
	v := StoredJSON(s)
	dst = append(dst, keyJSONB)
	if topRank(v) == 0 {
		return append(dst, 0)
	}
	return appendKeyJSON(dst, v)
}

func appendKeyJSON(dst []byte, v *JSONValue) []byte {
	dst = append(dst, 1+byte(v.Kind))
	switch v.Kind {
	case JSONString:
		return appendKeyString(dst, v.Str)
	case JSONNumber:
		return appendKeyDecimal(dst, v.Decimal())
	case JSONBool:
		return append(dst, byte(btoi(v.Bool)))
	case JSONNull:
		return dst
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(v.Items)))
	for i, item := range v.Items {
		if v.Kind == JSONObject {
			dst = appendKeyString(dst, v.Keys[i])
		}
		dst = appendKeyJSON(dst, item)
	}
	return dst
}

// CanonicalJSONB returns the text that all values equal to a jsonb share: zeros behind the points of numbers are left out.
func CanonicalJSONB(s string) string {
	v := StoredJSON(s)
	v.trimNumbers()
	return string(AppendJSONB(nil, v))
}

func (v *JSONValue) trimNumbers() {
	if v.Kind == JSONNumber && strings.Contains(v.Str, ".") {
		v.Str = strings.TrimRight(strings.TrimRight(v.Str, "0"), ".")
	}
	for _, item := range v.Items {
		item.trimNumbers()
	}
}
