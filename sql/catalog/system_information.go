package catalog

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// informationFillers make information_schema. Views are in it as views, although PostgreSQL leaves materialized views
// out: tools that look nowhere else find them.
var informationFillers = map[string]filler{
	"information_schema.tables":                          fillInfoTables,
	"information_schema.views":                           fillInfoViews,
	"information_schema.columns":                         fillInfoColumns,
	"information_schema.schemata":                        fillInfoSchemata,
	"information_schema.table_constraints":               fillInfoConstraints,
	"information_schema.check_constraints":               fillInfoChecks,
	"information_schema.key_column_usage":                fillInfoKeyColumns,
	"information_schema.constraint_column_usage":         fillInfoConstraintColumns,
	"information_schema.referential_constraints":         fillInfoReferential,
	"information_schema.information_schema_catalog_name": fillInfoCatalog,
}

// tableRecord begins a row with the names of a relation.
func tableRecord(x *systemContext, r *Relation) record {
	return record{"table_catalog": str(x.env.Database), "table_schema": str(r.Schema), "table_name": str(r.Name)}
}

func fillInfoTables(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		if r.Sequence != nil {
			continue
		}
		t := tableRecord(x, r)
		t["table_type"] = str("BASE TABLE")
		if r.SQL() != "" {
			t["table_type"] = str("VIEW")
		}
		t["is_insertable_into"], t["is_typed"] = yesNo((r.Kind == KindStream || r.Kind == KindTable) && r.Query == nil || r.View != nil && r.View.Insertable), yesNo(false)
		add(t)
	}
}

func fillInfoViews(x *systemContext, add func(record)) {
	for _, r := range append(x.catalog.views(KindView), x.catalog.views(KindPlainView)...) {
		v := tableRecord(x, r)
		v["view_definition"], v["check_option"] = str(r.viewDefinition()), str("NONE")
		for _, c := range []string{"is_updatable", "is_insertable_into", "is_trigger_updatable", "is_trigger_deletable", "is_trigger_insertable_into"} {
			v[c] = yesNo(false)
		}
		if r.View != nil {
			v["is_updatable"], v["is_insertable_into"] = yesNo(r.View.Updatable), yesNo(r.View.Insertable)
		}
		add(v)
	}
}

func fillInfoColumns(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		for i, c := range r.Columns {
			if !c.Hidden {
				add(infoColumn(x, r, i))
			}
		}
	}
}

func infoColumn(x *systemContext, r *Relation, i int) record {
	c := r.Columns[i]
	out := tableRecord(x, r)
	for name, value := range infoType(c.Type) {
		out[name] = value
	}
	out["column_name"], out["ordinal_position"], out["is_nullable"] = str(c.Name), num(i+1), yesNo(!c.NotNull)
	if text := x.catalog.DefaultText(c); text != "" && c.Identity == "" {
		out["column_default"] = str(text)
	}
	out["udt_catalog"], out["udt_schema"], out["udt_name"] = str(x.env.Database), str(catalogSchema), str(x.catalog.typname(c.Type))
	if e := x.catalog.EnumByID(c.Type.Enum); e != nil {
		out["udt_schema"] = str(e.Schema)
	}
	out["dtd_identifier"] = str(strconv.Itoa(i + 1))
	out["is_self_referencing"], out["is_identity"], out["identity_cycle"] = yesNo(false), yesNo(false), yesNo(false)
	if c.Identity != "" {
		out["is_identity"], out["identity_generation"] = yesNo(true), str(strings.ToUpper(string(c.Identity)))
	}
	out["is_generated"], out["is_updatable"] = str("NEVER"), yesNo(r.Kind == KindTable && r.Query == nil)
	return out
}

// infoType describes a type.
func infoType(t types.Type) record {
	out := record{"data_type": str(t.Base().String())}
	if t.IsArray() {
		return record{"data_type": str("ARRAY")}
	}
	if t.ID == types.IDEnum {
		return record{"data_type": str("USER-DEFINED")}
	}
	bits := map[types.ID]int{types.IDInt2: 16, types.IDInt4: 32, types.IDInt8: 64, types.IDFloat8: 53, types.IDFloat4: 24}[t.ID]
	switch {
	case bits > 0:
		out["numeric_precision"], out["numeric_precision_radix"] = num(bits), num(2)
		if t.Class() != types.ClassFloat {
			out["numeric_scale"] = num(0)
		}
	case t.ID == types.IDNumeric:
		out["numeric_precision_radix"] = num(10)
		if t.Precision > 0 {
			out["numeric_precision"], out["numeric_scale"] = num(t.Precision), num(t.Scale)
		}
	case t.ID == types.IDText:
		out["character_octet_length"] = num(1 << 30)
	case t.ID == types.IDVarchar || t.ID == types.IDBpchar:
		out["character_octet_length"] = num(1 << 30)
		if t.HasLength() {
			out["character_maximum_length"], out["character_octet_length"] = num(t.Precision), num(4*t.Precision)
		}
	case t.ID == types.IDTimestamptz, t.ID == types.IDTimestamp, t.ID == types.IDInterval, t.ID == types.IDTime:
		digits, _ := t.SecondDigits()
		out["datetime_precision"] = num(digits)
		if fields := t.Fields(); fields != "" {
			out["interval_type"] = str(strings.ToUpper(fields))
		}
	case t.ID == types.IDDate:
		out["datetime_precision"] = num(0)
	}
	return out
}

func fillInfoSchemata(x *systemContext, add func(record)) {
	for _, s := range x.catalog.schemaNames() {
		add(record{"catalog_name": str(x.env.Database), "schema_name": str(s), "schema_owner": str(x.roleName(x.catalog.schemaOwner(s)))})
	}
}

func constraintRecord(x *systemContext, r *Relation, name string) record {
	out := tableRecord(x, r)
	out["constraint_catalog"], out["constraint_schema"], out["constraint_name"] = str(x.env.Database), str(r.Schema), str(name)
	return out
}

func fillInfoConstraints(x *systemContext, add func(record)) {
	for _, i := range x.constraints() {
		kind := "UNIQUE"
		if i.Primary {
			kind = "PRIMARY KEY"
		}
		c := constraintRecord(x, i.Table, i.Name)
		c["constraint_type"], c["is_deferrable"], c["initially_deferred"], c["enforced"] = str(kind), yesNo(false), yesNo(false), yesNo(true)
		add(c)
	}
	for _, r := range x.catalog.Shown() {
		for _, check := range r.Checks {
			c := constraintRecord(x, r, check.Name)
			c["constraint_type"] = str("CHECK")
			c["is_deferrable"], c["initially_deferred"], c["enforced"] = yesNo(false), yesNo(false), yesNo(true)
			add(c)
		}
		for _, f := range r.ForeignKeys {
			c := constraintRecord(x, r, f.Name)
			c["constraint_type"] = str("FOREIGN KEY")
			c["is_deferrable"], c["initially_deferred"], c["enforced"] = yesNo(false), yesNo(false), yesNo(true)
			add(c)
		}
	}
}

func fillInfoChecks(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		for _, check := range r.Checks {
			add(record{"constraint_catalog": str(x.env.Database), "constraint_schema": str(r.Schema), "constraint_name": str(check.Name),
				"check_clause": str("(" + check.SQL + ")")})
		}
	}
}

func fillInfoKeyColumns(x *systemContext, add func(record)) {
	for _, i := range x.constraints() {
		for n, k := range i.Columns {
			c := constraintRecord(x, i.Table, i.Name)
			c["column_name"], c["ordinal_position"] = str(i.Table.Columns[k.Column].Name), num(n+1)
			add(c)
		}
	}
	fillReferringColumns(x, add)
}

func fillInfoConstraintColumns(x *systemContext, add func(record)) {
	for _, i := range x.constraints() {
		for _, k := range i.Columns {
			c := constraintRecord(x, i.Table, i.Name)
			c["column_name"] = str(i.Table.Columns[k.Column].Name)
			add(c)
		}
	}
	fillReferencedColumns(x, add)
}

func fillInfoCatalog(x *systemContext, add func(record)) {
	add(record{"catalog_name": str(x.env.Database)})
}
