package types

import (
	"strconv"

	"github.com/millracedb/millrace/sql/pgerr"
)

// parseObject reads a number, a hyphen for 0, or a name of an object in the catalog.
func parseObject(t Type, s string, in Scope) (Datum, error) {
	word := trimSpace(s)
	if word == "-" {
		return IntDatum(0), nil
	}
	if n, err := strconv.ParseUint(word, 10, 32); err == nil {
		return IntDatum(int64(n)), nil
	}
	if in.Names == nil {
		return Datum{}, pgerr.Unsupported("reading a name as %s here is", t)
	}
	oid, err := in.Names.ObjectOID(t, word)
	return IntDatum(int64(oid)), err
}

// appendObject appends the name of an object; its number if there is none.
func appendObject(dst []byte, t Type, oid uint32, in Scope) []byte {
	if oid == 0 {
		return append(dst, '-')
	}
	if in.Names != nil {
		if name, ok := in.Names.ObjectName(t, oid); ok {
			return append(dst, name...)
		}
	}
	return strconv.AppendUint(dst, uint64(oid), 10)
}
