// Package types holds SQL types, columnar vectors and batches, and the codecs of values, rows and keys. It knows
// nothing of relations, expressions or storage. Text and binary forms are PostgreSQL's.
package types

import "fmt"

// ID names a SQL type. The values are stored in the catalog and in rows' schemas: never renumber.
type ID uint8

// The types. Unknown is the type of an untyped literal or parameter until it is resolved.
const (
	IDInvalid ID = iota
	IDUnknown
	IDBool
	IDInt2
	IDInt4
	IDInt8
	IDFloat8
	IDNumeric
	IDText
	IDTimestamptz
	IDDate
	IDOID       // catalog relations only
	IDName      // catalog relations only
	IDChar      // "char", catalog relations only
	IDVoid      // functions without a result
	IDRegtype   // catalog relations only; printed as a type's name
	idTextArray // what arrays of texts were before there were others; see Type.UnmarshalJSON
	IDOIDVector // catalog relations only; text form
)

// More types; the numbers between them are kept for others.
const (
	IDFloat4    ID = 19
	IDVarchar   ID = 20
	IDBpchar    ID = 21
	IDBytea     ID = 22
	IDUUID      ID = 23
	IDTime      ID = 24
	IDTimestamp ID = 25
	IDInterval  ID = 26
	IDJSON      ID = 27
	IDJSONB     ID = 28
	IDEnum      ID = 29 // of Type.Enum
	IDArray     ID = 30 // of Type.Elem

	// Numbers of objects in the catalog, which print as names; for expressions and catalog relations only.
	IDRegclass     ID = 31
	IDRegproc      ID = 32
	IDRegnamespace ID = 33
	IDRegrole      ID = 34
	IDInt2Vector   ID = 35 // catalog relations only; text form
)

// What an argument of a polymorphic function is declared as; no value has these types.
const (
	IDAnyElement ID = 40 + iota
	IDAnyArray
	IDAnyNonArray
	IDAnyCompatible
	IDAnyCompatibleArray
	IDAnyEnum
)

// Type is a SQL type with its modifier. It is comparable and copied by value.
type Type struct {
	ID ID `json:"id"`
	// Precision and Scale bound numeric(p,s); Precision is the length of varchar(n) and char(n), and 1 more than the digits of
	// the seconds of time(n), timestamp(n), timestamptz(n) and interval(n). 0 means unconstrained. The Scale of an interval is
	// the set of its fields, if it is limited to some (fieldYear and the like); the Precision is fullPrecision then if no other
	// is given.
	Precision int32 `json:"precision,omitempty"`
	Scale     int16 `json:"scale,omitempty"`
	// Elem is the type of an array's elements; their modifier is the array's.
	Elem ID `json:"elem,omitempty"`
	// Enum is the number of an enum type, or of that of an array's elements, in the catalog, which has its labels; EnumName is what
	// messages call it.
	Enum     uint32 `json:"enum,omitempty"`
	EnumName string `json:"enum_name,omitempty"`
}

// The types without modifier.
var (
	Unknown     = Type{ID: IDUnknown}
	Bool        = Type{ID: IDBool}
	Int2        = Type{ID: IDInt2}
	Int4        = Type{ID: IDInt4}
	Int8        = Type{ID: IDInt8}
	Float8      = Type{ID: IDFloat8}
	Numeric     = Type{ID: IDNumeric}
	Text        = Type{ID: IDText}
	Timestamptz = Type{ID: IDTimestamptz}
	Date        = Type{ID: IDDate}
	OID         = Type{ID: IDOID}
	Name        = Type{ID: IDName}
	Char        = Type{ID: IDChar}
	Void        = Type{ID: IDVoid}
	Regtype     = Type{ID: IDRegtype}
	Regclass    = Type{ID: IDRegclass}
	Regproc     = Type{ID: IDRegproc}
	TextArray   = Type{ID: IDArray, Elem: IDText}
	OIDVector   = Type{ID: IDOIDVector}
	Int2Vector  = Type{ID: IDInt2Vector}
	Float4      = Type{ID: IDFloat4}
	Varchar     = Type{ID: IDVarchar}
	Bpchar      = Type{ID: IDBpchar}
	Bytea       = Type{ID: IDBytea}
	UUID        = Type{ID: IDUUID}
	Timestamp   = Type{ID: IDTimestamp}
	JSON        = Type{ID: IDJSON}
	JSONB       = Type{ID: IDJSONB}
	Interval    = Type{ID: IDInterval}
	Time        = Type{ID: IDTime}
)

// Class says which slice of a Vector holds the values of a type.
type Class uint8

// The physical classes.
const (
	ClassInt     Class = iota // Vector.Int: bool (0, 1), int2, int4, int8, oid and its like, enums (the place of the label), timestamptz, timestamp, date, time
	ClassFloat                // Vector.Float: double precision, and real widened
	ClassString               // Vector.Str: strings; the bytes of bytea and uuid; packed intervals
	ClassDecimal              // Vector.Dec
)

type info struct {
	name  string // as format_type prints it
	oid   uint32
	size  int16 // pg_type.typlen
	class Class
}

var infos = [...]info{
	IDInvalid:     {"invalid", 0, 0, ClassString},
	IDUnknown:     {"unknown", 705, -2, ClassString},
	IDBool:        {"boolean", 16, 1, ClassInt},
	IDInt2:        {"smallint", 21, 2, ClassInt},
	IDInt4:        {"integer", 23, 4, ClassInt},
	IDInt8:        {"bigint", 20, 8, ClassInt},
	IDFloat8:      {"double precision", 701, 8, ClassFloat},
	IDNumeric:     {"numeric", 1700, -1, ClassDecimal},
	IDText:        {"text", 25, -1, ClassString},
	IDTimestamptz: {"timestamp with time zone", 1184, 8, ClassInt},
	IDDate:        {"date", 1082, 4, ClassInt},
	IDOID:         {"oid", 26, 4, ClassInt},
	IDName:        {"name", 19, 64, ClassString},
	IDChar:        {"\"char\"", 18, 1, ClassString},
	IDVoid:        {"void", 2278, 4, ClassString},
	IDRegtype:     {"regtype", 2206, 4, ClassInt},
	IDRegclass:    {"regclass", 2205, 4, ClassInt}, IDRegproc: {"regproc", 24, 4, ClassInt},
	IDRegnamespace: {"regnamespace", 4089, 4, ClassInt}, IDRegrole: {"regrole", 4096, 4, ClassInt},
	IDInt2Vector: {"int2vector", 22, -1, ClassString},
	IDOIDVector:  {"oidvector", 30, -1, ClassString},
	IDFloat4:     {"real", 700, 4, ClassFloat},
	IDVarchar:    {"character varying", 1043, -1, ClassString},
	IDBpchar:     {"character", 1042, -1, ClassString},
	IDBytea:      {"bytea", 17, -1, ClassString},
	IDUUID:       {"uuid", 2950, 16, ClassString},
	IDTimestamp:  {"timestamp without time zone", 1114, 8, ClassInt},
	IDJSON:       {"json", 114, -1, ClassString},
	IDJSONB:      {"jsonb", 3802, -1, ClassString},
	IDInterval:   {"interval", 1186, 16, ClassString},
	IDTime:       {"time without time zone", 1083, 8, ClassInt},
	IDEnum:       {"enum", 0, 4, ClassInt},
	IDArray:      {"array", 0, -1, ClassString},

	IDAnyElement: {"anyelement", 2283, 4, ClassString}, IDAnyArray: {"anyarray", 2277, -1, ClassString},
	IDAnyNonArray: {"anynonarray", 2776, 4, ClassString}, IDAnyCompatible: {"anycompatible", 5077, 4, ClassString},
	IDAnyCompatibleArray: {"anycompatiblearray", 5078, -1, ClassString}, IDAnyEnum: {"anyenum", 3500, 4, ClassString},
}

// AllIDs returns every type but IDInvalid, arrays, enums and those of polymorphic functions, in order of their numbers.
func AllIDs() []ID {
	out := make([]ID, 0, len(infos))
	for id := IDUnknown; id < IDAnyElement; id++ {
		if infos[id].oid != 0 {
			out = append(out, id)
		}
	}
	return out
}

// Class returns the physical class of t.
func (t Type) Class() Class { return infos[t.ID].class }

// OID returns PostgreSQL's number of t.
func (t Type) OID() uint32 {
	switch {
	case t.IsArray() && t.Elem == IDEnum:
		return t.Enum | enumArrayBit
	case t.IsArray():
		return arrayOIDs[t.Elem]
	case t.ID == IDEnum:
		return t.Enum
	}
	return infos[t.ID].oid
}

// Size returns pg_type.typlen of t.
func (t Type) Size() int16 { return infos[t.ID].size }

// String returns the name as PostgreSQL's format_type prints it.
func (t Type) String() string {
	if t.IsArray() {
		return t.Element().String() + "[]"
	}
	if t.ID == IDEnum {
		return t.EnumName
	}
	if t.ID == IDNumeric && t.Precision > 0 {
		return fmt.Sprintf("numeric(%d,%d)", t.Precision, t.Scale)
	}
	if t.HasLength() {
		return fmt.Sprintf("%s(%d)", infos[t.ID].name, t.Precision)
	}
	if t.Precision > 0 && t.hasSeconds() {
		return t.precise()
	}
	return infos[t.ID].name
}

// Modifier returns pg_attribute.atttypmod of t, -1 if there is none.
func (t Type) Modifier() int32 {
	if t.IsArray() {
		return t.Element().Modifier()
	}
	if t.ID == IDNumeric && t.Precision > 0 {
		return t.Precision<<16 | int32(t.Scale)&0x7ff + 4
	}
	if t.HasLength() {
		return t.Precision + 4
	}
	if t.Precision > 0 && t.hasSeconds() {
		return t.secondsModifier()
	}
	return -1
}

// HasLength reports whether t is varchar(n) or char(n); n is the Precision.
func (t Type) HasLength() bool {
	return t.Precision > 0 && (t.ID == IDVarchar || t.ID == IDBpchar)
}

// Base returns t without its modifier.
func (t Type) Base() Type { return Type{ID: t.ID, Elem: t.Elem, Enum: t.Enum, EnumName: t.EnumName} }

// IsNumber reports whether t is smallint, integer, bigint, numeric, real or double precision.
func (t Type) IsNumber() bool {
	switch t.ID {
	case IDInt2, IDInt4, IDInt8, IDNumeric, IDFloat4, IDFloat8:
		return true
	}
	return false
}

// VectorElement returns the type of the numbers of an oidvector or int2vector, which are arrays that begin with number 0; the zero
// Type of other types.
func (t Type) VectorElement() Type {
	switch t.ID {
	case IDOIDVector:
		return OID
	case IDInt2Vector:
		return Int2
	}
	return Type{}
}

// IsVector reports whether t is oidvector or int2vector.
func (t Type) IsVector() bool { return t.VectorElement().ID != IDInvalid }

// IsOID reports whether t is the number of an object in the catalog: oid, or one that prints as a name.
func (t Type) IsOID() bool {
	switch t.ID {
	case IDOID, IDRegtype, IDRegclass, IDRegproc, IDRegnamespace, IDRegrole:
		return true
	}
	return false
}

// IsString reports whether t is text, varchar, char or one of the catalog's string types.
func (t Type) IsString() bool {
	switch t.ID {
	case IDText, IDVarchar, IDBpchar, IDName, IDChar, IDUnknown:
		return true
	}
	return false
}

// FromOID returns the type with PostgreSQL's number oid.
func FromOID(oid uint32) (Type, bool) {
	if oid == 0 {
		return Type{}, false
	}
	for _, id := range AllIDs() {
		if infos[id].oid == oid {
			return Type{ID: id}, true
		}
	}
	for elem, array := range arrayOIDs {
		if array == oid {
			return ArrayOf(Type{ID: elem}), true
		}
	}
	return Type{}, false
}
