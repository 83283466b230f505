package types

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/pgerr"
)

// names maps the words for types, as written in SQL, to types.
var names = map[string]Type{
	"boolean": Bool, "bool": Bool,
	"smallint": Int2, "int2": Int2,
	"integer": Int4, "int": Int4, "int4": Int4,
	"bigint": Int8, "int8": Int8,
	"double precision": Float8, "float8": Float8, "float": Float8,
	"numeric": Numeric, "decimal": Numeric, "dec": Numeric,
	"text":                     Text,
	"timestamp with time zone": Timestamptz, "timestamptz": Timestamptz,
	"timestamp without time zone": Timestamp, "timestamp": Timestamp, "interval": Interval, "time without time zone": Time, "time": Time,
	"date": Date, "oid": OID, "name": Name, "\"char\"": Char, "void": Void, "regtype": Regtype, "regclass": Regclass, "regproc": Regproc,
	"regnamespace": {ID: IDRegnamespace}, "regrole": {ID: IDRegrole},
	"real": Float4, "float4": Float4, "bytea": Bytea, "uuid": UUID, "json": JSON, "jsonb": JSONB,
	"character varying": Varchar, "varchar": Varchar, "bpchar": Bpchar, "character": Bpchar,
	"oidvector": OIDVector, "int2vector": Int2Vector, "unknown": Unknown,
}

// ByName returns the type with a name or alias in lower case, without modifier.
func ByName(name string) (Type, bool) {
	if t, ok := names[name]; ok {
		return t, true
	}
	elem, ok := strings.CutPrefix(name, "_")
	if elem == "char" {
		elem = "\"char\""
	}
	if !ok {
		elem, ok = strings.CutSuffix(name, "[]")
	}
	if !ok {
		return Type{}, false
	}
	t := ArrayOf(names[elem])
	return t, t.IsArray()
}

// others are types of PostgreSQL that Millrace does not have; their names are known so that a number can be printed.
var others = map[uint32]string{
	27: "tid", 28: "xid", 142: "xml", 194: "pg_node_tree",
	600: "point", 650: "cidr", 790: "money", 829: "macaddr", 869: "inet", 1033: "aclitem",
	1034: "aclitem[]",
	1266: "time with time zone", 1560: "bit", 1562: "bit varying",
	2249: "record", 2276: "\"any\"", 2277: "anyarray", 2283: "anyelement",
}

// TypeNameOf returns what PostgreSQL's format_type prints for a type's number and modifier (-1: none).
func TypeNameOf(oid uint32, modifier int32) string {
	if oid == 0 {
		return "-"
	}
	if oid == Numeric.OID() && modifier >= 4 {
		m := modifier - 4
		scale := (m&0x7ff ^ 1024) - 1024
		return fmt.Sprintf("numeric(%d,%d)", m>>16&0xffff, scale)
	}
	if name, ok := others[oid]; ok {
		return name
	}
	t, ok := FromOID(oid)
	if !ok {
		return noTypeName
	}
	if t.IsArray() {
		return TypeNameOf(t.Element().OID(), modifier) + "[]"
	}
	return t.withModifier(modifier).String()
}

// FormatType is TypeNameOf that knows enums, too.
func FormatType(oid uint32, modifier int32, in Scope) string {
	if in.Names != nil {
		if name, ok := in.Names.TypeName(oid); ok {
			return name
		}
	}
	return TypeNameOf(oid, modifier)
}

// appendRegtype appends the name of a type, its number if there is none.
func appendRegtype(dst []byte, oid uint32, in Scope) []byte {
	name := FormatType(oid, -1, in)
	if name == noTypeName {
		return strconv.AppendUint(dst, uint64(oid), 10)
	}
	return append(dst, name...)
}

// noTypeName is what format_type prints for a number that is no type's.
const noTypeName = "???"

// parseRegtype reads a type's number or name.
func parseRegtype(s string, in Scope) (Datum, error) {
	word := trimSpace(s)
	if word == "-" {
		return IntDatum(0), nil
	}
	if n, err := strconv.ParseUint(word, 10, 32); err == nil {
		return IntDatum(int64(n)), nil
	}
	name := strings.TrimPrefix(strings.ToLower(word), "pg_catalog.")
	if t, ok := ByName(name); ok {
		return IntDatum(int64(t.OID())), nil
	}
	for oid, other := range others {
		if other == name {
			return IntDatum(int64(oid)), nil
		}
	}
	if in.Names != nil {
		if oid, ok := in.Names.TypeOID(word); ok {
			return IntDatum(int64(oid)), nil
		}
	}
	return Datum{}, pgerr.New(pgerr.UndefinedObject, "type \"%s\" does not exist", s)
}

// shortNames are pg_type.typname.
var shortNames = map[ID]string{
	IDInvalid: "any", IDUnknown: "unknown", IDBool: "bool", IDInt2: "int2", IDInt4: "int4", IDInt8: "int8", IDFloat8: "float8",
	IDNumeric: "numeric", IDText: "text", IDTimestamptz: "timestamptz", IDTimestamp: "timestamp", IDInterval: "interval", IDTime: "time", IDDate: "date", IDOID: "oid", IDName: "name", IDChar: "char",
	IDVoid: "void", IDRegtype: "regtype", IDRegclass: "regclass", IDRegproc: "regproc", IDRegnamespace: "regnamespace", IDRegrole: "regrole", IDOIDVector: "oidvector", IDInt2Vector: "int2vector",
	IDFloat4: "float4", IDVarchar: "varchar", IDBpchar: "bpchar", IDBytea: "bytea", IDUUID: "uuid", IDJSON: "json", IDJSONB: "jsonb",
	IDEnum:    "anyenum", // which functions over enums are declared with
	IDAnyEnum: "anyenum", IDAnyElement: "anyelement", IDAnyArray: "anyarray", IDAnyNonArray: "anynonarray", IDAnyCompatible: "anycompatible", IDAnyCompatibleArray: "anycompatiblearray",
}

// ShortName returns pg_type.typname of t, for example int4.
func (t Type) ShortName() string {
	if t.IsArray() {
		return "_" + shortNames[t.Elem]
	}
	return shortNames[t.ID]
}
