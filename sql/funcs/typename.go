package funcs

import (
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// replacements names, for a type of PostgreSQL that Millrace does not have, one that it has.
var replacements = map[string]string{
	"xml":    "text",
	"timetz": "time", "time with time zone": "time", "bit": "", "bit varying": "",
	"varbit": "", "money": "numeric", "inet": "text", "cidr": "text", "macaddr": "text", "point": "", "box": "", "line": "", "circle": "",
	"polygon": "", "path": "", "lseg": "", "tsvector": "", "tsquery": "", "serial": "bigint", "bigserial": "bigint", "smallserial": "smallint",
	"serial4": "bigint", "serial8": "bigint", "serial2": "smallint", "pg_lsn": "", "int4range": "", "int8range": "", "tstzrange": "", "daterange": "",
}

// ParseTypeName returns the type that is written as name (lower case; schema may be empty), with the modifiers in
// parentheses, or as an array. Errors: 42704 unknown type, 0A000 one that Millrace does not have, 22023 and
// 42601 modifiers.
func ParseTypeName(schema, name string, mods []int, array bool) (types.Type, error) {
	if schema != "" && schema != "pg_catalog" {
		return types.Type{}, noType(schema + "." + name)
	}
	if array {
		return arrayOf(name, mods)
	}
	switch name {
	case "numeric", "decimal", "dec":
		return numericType(mods)
	case "char":
		if len(mods) == 0 { // as it is written in double quotes; without them it is character
			return types.Char, nil
		}
		return stringType(types.Bpchar, "char", mods)
	case "character":
		return stringType(types.Bpchar, "char", orOne(mods))
	case "bpchar":
		return stringType(types.Bpchar, "char", mods)
	case "float":
		return floatType(mods)
	case "varchar", "character varying":
		return stringType(types.Varchar, "varchar", mods)
	case "regprocedure", "regoper", "regoperator", "xid", "cid":
		return types.OID, nil
	case "timestamptz", "timestamp with time zone":
		return secondsType(types.Timestamptz, "TIMESTAMP", " WITH TIME ZONE", mods)
	case "timestamp", "timestamp without time zone":
		return secondsType(types.Timestamp, "TIMESTAMP", "", mods)
	case "time", "time without time zone":
		return secondsType(types.Time, "TIME", "", mods)
	}
	if fields, ok := strings.CutPrefix(name, "interval"); ok {
		t, err := secondsType(types.Interval, "INTERVAL", "", mods)
		if fields == "" || err != nil {
			return t, err
		}
		if t, ok = t.WithFields(fields[1:]); ok {
			return t, nil
		}
	}
	if t, ok := types.ByName(name); ok {
		if len(mods) > 0 {
			return types.Type{}, pgerr.New(pgerr.SyntaxError, "type modifier is not allowed for type \"%s\"", name)
		}
		return t, nil
	}
	if instead, ok := replacements[name]; ok {
		return types.Type{}, unsupportedType(name, instead)
	}
	return types.Type{}, noType(name)
}

// secondsType returns a type with digits of seconds; more than 6 are 6.
func secondsType(t types.Type, name, zone string, mods []int) (types.Type, error) {
	switch {
	case len(mods) == 0:
		return t, nil
	case len(mods) > 1 && t == types.Interval:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "invalid INTERVAL type modifier")
	case len(mods) > 1:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "invalid type modifier")
	case mods[0] < 0:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "%s(%d)%s precision must not be negative", name, mods[0], zone)
	}
	return t.WithSeconds(mods[0]), nil
}

func noType(name string) error {
	return pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", name)
}

func unsupportedType(name, instead string) error {
	err := pgerr.Unsupported("type %s is", name)
	if instead != "" {
		err = err.WithHint("Use %s.", instead)
	}
	return err
}

func arrayOf(name string, mods []int) (types.Type, error) {
	elem, err := ParseTypeName("", name, mods, false)
	if err != nil && pgerr.Code(err) != pgerr.FeatureNotSupported {
		return types.Type{}, err
	}
	if t := types.ArrayOf(elem); t.IsArray() {
		return t, nil
	}
	return types.Type{}, pgerr.Unsupported("type %s[] is", name)
}

// orOne is the length of a char.
func orOne(mods []int) []int {
	if len(mods) == 0 {
		return []int{1}
	}
	return mods
}

// stringType returns varchar(n) or char(n).
func stringType(t types.Type, name string, mods []int) (types.Type, error) {
	switch {
	case len(mods) == 0:
		return t, nil
	case len(mods) > 1:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "invalid type modifier")
	case mods[0] < 1:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "length for type %s must be at least 1", name)
	case mods[0] > maxLength:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "length for type %s cannot exceed %d", name, maxLength)
	}
	t.Precision = int32(mods[0])
	return t, nil
}

// The limits of the modifiers of strings and numerics.
const (
	maxLength    = 10485760
	maxPrecision = 1000
	minScale     = -1000
	maxScale     = 1000
)

func numericType(mods []int) (types.Type, error) {
	if len(mods) == 0 {
		return types.Numeric, nil
	}
	if len(mods) > 2 {
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "invalid NUMERIC type modifier")
	}
	precision, scale := mods[0], 0
	if len(mods) == 2 {
		scale = mods[1]
	}
	if precision < 1 || precision > maxPrecision {
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "NUMERIC precision %d must be between 1 and %d", precision, maxPrecision)
	}
	if scale < minScale || scale > maxScale {
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "NUMERIC scale %d must be between %d and %d", scale, minScale, maxScale)
	}
	return types.Type{ID: types.IDNumeric, Precision: int32(precision), Scale: int16(scale)}, nil
}

func floatType(mods []int) (types.Type, error) {
	switch {
	case len(mods) == 0:
		return types.Float8, nil
	case mods[0] < 1:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "precision for type float must be at least 1 bit")
	case mods[0] > 53:
		return types.Type{}, pgerr.New(pgerr.InvalidParameterValue, "precision for type float must be less than 54 bits")
	case mods[0] < 25:
		return types.Float4, nil
	}
	return types.Float8, nil
}
