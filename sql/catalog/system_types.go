package catalog

import "github.com/millracedb/millrace/sql/types"

// typeFillers make what shows types.
var typeFillers = map[string]filler{
	"pg_catalog.pg_type":      fillType,
	"pg_catalog.pg_enum":      fillEnum,
	"pg_catalog.pg_collation": fillCollation,
}

// physical is what pg_type says of a type's storage and kind.
type physical struct {
	byValue                  bool
	align, storage, category string
	preferred                bool
	collation                int
	element                  types.Type // of an array
}

// physicals has those that differ from a value of variable length in category U.
var physicals = map[types.ID]physical{
	types.IDBool:        {byValue: true, align: "c", storage: "p", category: "B", preferred: true},
	types.IDInt2:        {byValue: true, align: "s", storage: "p", category: "N"},
	types.IDInt4:        {byValue: true, align: "i", storage: "p", category: "N"},
	types.IDInt8:        {byValue: true, align: "d", storage: "p", category: "N"},
	types.IDFloat8:      {byValue: true, align: "d", storage: "p", category: "N", preferred: true},
	types.IDNumeric:     {align: "i", storage: "m", category: "N"},
	types.IDText:        {align: "i", storage: "x", category: "S", preferred: true, collation: oidDefaultCollation},
	types.IDTimestamptz: {byValue: true, align: "d", storage: "p", category: "D", preferred: true},
	types.IDInterval:    {align: "d", storage: "p", category: "T", preferred: true},
	types.IDTimestamp:   {byValue: true, align: "d", storage: "p", category: "D"},
	types.IDTime:        {byValue: true, align: "d", storage: "p", category: "D"},
	types.IDDate:        {byValue: true, align: "i", storage: "p", category: "D"},
	types.IDOID:         {byValue: true, align: "i", storage: "p", category: "N", preferred: true},
	types.IDName:        {align: "c", storage: "p", category: "S", collation: oidCCollation},
	types.IDChar:        {byValue: true, align: "c", storage: "p", category: "Z"},
	types.IDVoid:        {byValue: true, align: "i", storage: "p", category: "P"},
	types.IDUnknown:     {align: "c", storage: "p", category: "X"},
	types.IDRegtype:     {byValue: true, align: "i", storage: "p", category: "N"},
	types.IDFloat4:      {byValue: true, align: "i", storage: "p", category: "N"},
	types.IDVarchar:     {align: "i", storage: "x", category: "S", collation: oidDefaultCollation},
	types.IDBpchar:      {align: "i", storage: "x", category: "S", collation: oidDefaultCollation},
	types.IDEnum:        {byValue: true, align: "i", storage: "p", category: "E"},
	types.IDUUID:        {align: "c", storage: "p", category: "U"},
	types.IDOIDVector:   {align: "i", storage: "p", category: "A", element: types.OID},
	types.IDInt2Vector:  {align: "i", storage: "p", category: "A", element: types.Int2},
}

func physicalOf(t types.Type) physical {
	if t.IsOID() && t.ID != types.IDOID {
		t = types.Regtype
	}
	if t.IsArray() {
		elem := physicalOf(t.Element())
		p := physical{align: "i", storage: "x", category: "A", collation: elem.collation, element: t.Element()}
		if elem.align == "d" {
			p.align = "d"
		}
		return p
	}
	if p, ok := physicals[t.ID]; ok {
		return p
	}
	return physical{align: "i", storage: "x", category: "U"}
}

func fillType(x *systemContext, add func(record)) {
	var all []types.Type
	for _, id := range types.AllIDs() {
		all = append(all, types.Type{ID: id})
	}
	for _, t := range all {
		if array := types.ArrayOf(t); array.IsArray() {
			all = append(all, array)
		}
	}
	for _, r := range x.catalog.Enums() {
		for _, t := range []types.Type{r.EnumType(), types.ArrayOf(r.EnumType())} {
			row := typeRecord(t)
			row["typname"], row["typnamespace"], row["typowner"] = str(x.catalog.typname(t)), num(x.catalog.SchemaOID(r.Schema)), num(r.OwnerID())
			add(row)
		}
	}
	for _, t := range all {
		add(typeRecord(t))
	}
}

// typeRecord is the row of pg_type of a type of pg_catalog; an enum's name and schema are for the caller to put in.
func typeRecord(t types.Type) record {
	p := physicalOf(t)
	kind := "b"
	switch t.ID {
	case types.IDVoid, types.IDUnknown:
		kind = "p"
	case types.IDEnum:
		kind = "e"
	}
	row := record{
		"oid": num(t.OID()), "typname": str(typname(t)), "typnamespace": num(oidCatalogSchema), "typowner": num(oidOwner),
		"typlen": num(t.Size()), "typbyval": flag(p.byValue), "typtype": str(kind), "typcategory": str(p.category),
		"typispreferred": flag(p.preferred), "typisdefined": flag(true), "typdelim": str(","), "typelem": num(p.element.OID()),
		"typarray": num(types.ArrayOf(t).OID()), "typalign": str(p.align), "typstorage": str(p.storage), "typtypmod": num(-1),
		"typcollation": num(p.collation),
	}
	putTypeFunctions(row, t)
	return row
}

func fillEnum(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Enums() {
		for _, l := range r.Enum.Labels {
			add(record{"oid": num(l.ID), "enumtypid": num(r.oid()), "enumsortorder": {Float: float64(l.Order)}, "enumlabel": str(l.Name)})
		}
	}
}

// typname is pg_type.typname, of the user's types too.
func (c *Catalog) typname(t types.Type) string {
	if r := c.EnumByID(t.Enum); r != nil {
		if t.IsArray() {
			return "_" + r.Name
		}
		return r.Name
	}
	return typname(t)
}

// typname is pg_type.typname.
func typname(t types.Type) string {
	switch {
	case t.ID == types.IDChar:
		return "char"
	case t.IsArray():
		return "_" + typname(t.Element())
	}
	return t.ShortName()
}

func fillCollation(x *systemContext, add func(record)) {
	for _, c := range []struct {
		oid            int
		name, provider string
	}{{oidDefaultCollation, "default", "d"}, {oidCCollation, "C", "c"}, {oidPosixCollation, "POSIX", "c"}} {
		add(record{"oid": num(c.oid), "collname": str(c.name), "collnamespace": num(oidCatalogSchema), "collowner": num(oidOwner),
			"collprovider": str(c.provider), "collisdeterministic": flag(true), "collencoding": num(-1),
			"collcollate": str(c.name), "collctype": str(c.name)})
	}
}
