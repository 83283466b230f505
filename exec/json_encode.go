package exec

import (
	"bytes"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// appendJSONRow appends row i of b as an object with a member for each column, as PostgreSQL's row_to_json writes it.
func appendJSONRow(dst []byte, columns []catalog.Column, b *types.Batch, i int) []byte {
	dst = append(dst, '{')
	for c, col := range columns {
		if c > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendJSONString(dst, col.Name), ':')
		dst = appendJSONValue(dst, col.Type, b.Cols[c].Datum(i))
	}
	return append(dst, '}')
}

// appendJSONKey appends the key of row i of b: the value of the key column, or an object of several. Equal values of one
// type have equal bytes. It returns nil if all key columns are NULL: such a record has no key.
func appendJSONKey(dst []byte, rel *catalog.Relation, b *types.Batch, i int) []byte {
	null := true
	for n, c := range rel.Key {
		col, v := rel.Columns[c], canonical(rel.Columns[c].Type, b.Cols[c].Datum(i))
		null = null && v.Null
		if len(rel.Key) > 1 {
			separator := byte(',')
			if n == 0 {
				separator = '{'
			}
			dst = append(appendJSONString(append(dst, separator), col.Name), ':')
		}
		dst = appendJSONValue(dst, col.Type, v)
	}
	switch {
	case null:
		return nil
	case len(rel.Key) > 1:
		return append(dst, '}')
	}
	return dst
}

// canonical returns v without what does not count for equality: zeros behind a numeric's point, the sign of a zero,
// spaces behind a char.
func canonical(t types.Type, v types.Datum) types.Datum {
	switch t.ID {
	case types.IDBpchar:
		v.Str = types.TrimPadding(v.Str)
	case types.IDJSONB:
		v.Str = types.CanonicalJSONB(v.Str)
	case types.IDArray:
		return canonicalArray(t, v)
	}
	if t.ID == types.IDInterval && !v.Null {
		v.Str = types.CanonicalInterval(v.Str)
	}
	if v.Float == 0 {
		v.Float = 0
	}
	if v.Dec != nil && v.Dec.Form == apd.Finite && v.Dec.Exponent < 0 {
		reduced, _ := new(apd.Decimal).Reduce(v.Dec)
		if reduced.Exponent > 0 { // 100, not 1E2
			reduced.Coeff.Mul(&reduced.Coeff, new(apd.BigInt).Exp(apd.NewBigInt(10), apd.NewBigInt(int64(reduced.Exponent)), nil))
			reduced.Exponent = 0
		}
		v.Dec = reduced
	}
	return v
}

func canonicalArray(t types.Type, v types.Datum) types.Datum {
	if v.Null {
		return v
	}
	in := types.StoredArray(t, v.Str)
	out := types.NewVector(in.Type, in.Len())
	for i := range in.Len() {
		out.Append(canonical(in.Type, in.Datum(i)))
	}
	return types.StrDatum(types.EncodeArray(out))
}

func appendJSONArray(dst []byte, elements *types.Vector) []byte {
	dst = append(dst, '[')
	for i := range elements.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSONValue(dst, elements.Type, elements.Datum(i))
	}
	return append(dst, ']')
}

func appendJSONValue(dst []byte, t types.Type, v types.Datum) []byte {
	if v.Null {
		return append(dst, "null"...)
	}
	switch t.ID {
	case types.IDBool:
		if v.Int != 0 {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	case types.IDArray:
		return appendJSONArray(dst, types.StoredArray(t, v.Str))
	case types.IDInt2, types.IDInt4, types.IDInt8, types.IDJSON, types.IDJSONB:
		return types.FormatText(dst, t, v, types.Scope{})
	}
	start := len(dst)
	dst = types.FormatText(dst, t, v, types.Scope{})
	text := dst[start:]
	switch {
	case t.IsNumber() && text[len(text)-1] <= '9': // NaN and Infinity are no numbers of JSON
		return dst
	case t.ID == types.IDTimestamptz, t.ID == types.IDTimestamp:
		text = bytes.Replace(text, []byte(" "), []byte("T"), 1)
		text = bytes.Replace(text, []byte("+00"), []byte("+00:00"), 1)
	}
	return appendJSONString(dst[:start], string(text))
}

const hexDigits = "0123456789abcdef"

// appendJSONString appends a string in quotes, with escapes where JSON wants them and nowhere else.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, `\n`...)
		case r == '\r':
			dst = append(dst, `\r`...)
		case r == '\t':
			dst = append(dst, `\t`...)
		case r < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
