package types

import (
	"strconv"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
)

// Scope is what the text of a value depends on beside the value.
type Scope struct {
	Zone  *time.Location // the session's; nil: UTC
	Names Names          // nil where there are none: texts of enums are not read, and they print as numbers
}

// Names tells the names of what the catalog has a number for.
type Names interface {
	// EnumLabel returns the label of a value of an enum; false: there is none.
	EnumLabel(enum uint32, value int64) (string, bool)
	// EnumValue returns the value that a label of an enum stands for; false: there is none. Error: 55P04.
	EnumValue(enum uint32, label string) (int64, bool, error)
	// TypeName returns what format_type prints for an enum's number in pg_type, or that of its arrays; false: it is neither.
	TypeName(oid uint32) (string, bool)
	// TypeOID returns the number of the enum, or of the arrays of one, with a name as written in SQL; false: there is none.
	TypeOID(name string) (uint32, bool)
	// ObjectName returns the name of the object that a value of type t (regclass and its like) is the number of, as SQL is to write it;
	// false: there is none.
	ObjectName(t Type, oid uint32) (string, bool)
	// ObjectOID returns the number of the object with a name as written in SQL. Errors: 42602, 42P01, 3F000, 42704, 42883.
	ObjectOID(t Type, name string) (uint32, error)
}

// enumArrayBit tells the number of the type of an enum's arrays from the enum's.
const enumArrayBit = 1 << 29

// EnumOf returns the enum type with a number in the catalog; name is what messages call it.
func EnumOf(number uint32, name string) Type { return Type{ID: IDEnum, Enum: number, EnumName: name} }

// EnumOfOID returns the number in the catalog of the enum that oid is the type of, or the type of arrays of.
func EnumOfOID(oid uint32) (number uint32, array bool) {
	return oid &^ enumArrayBit, oid&enumArrayBit != 0
}

// parseEnum reads a label. Errors: 22P02, 55P04.
func parseEnum(t Type, s string, in Scope) (Datum, error) {
	if in.Names == nil {
		return Datum{}, pgerr.Unsupported("reading a value of type %s here is", t)
	}
	v, ok, err := in.Names.EnumValue(t.Enum, s)
	if err == nil && !ok {
		err = pgerr.New(pgerr.InvalidTextRepresentation, "invalid input value for enum %s: \"%s\"", t, s)
	}
	return IntDatum(v), err
}

// appendEnum appends the label of a value; its number where no label is known.
func appendEnum(dst []byte, t Type, v int64, in Scope) []byte {
	if in.Names != nil {
		if label, ok := in.Names.EnumLabel(t.Enum, v); ok {
			return append(dst, label...)
		}
	}
	return strconv.AppendInt(dst, v, 10)
}
