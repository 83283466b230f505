package catalog

import (
	"sort"

	"github.com/millracedb/millrace/sql/types"
)

// classFillers make what shows relations, their columns and keys.
var classFillers = map[string]filler{
	"pg_catalog.pg_class":      fillClass,
	"pg_catalog.pg_attribute":  fillAttribute,
	"pg_catalog.pg_attrdef":    fillAttrdef,
	"pg_catalog.pg_index":      fillIndex,
	"pg_catalog.pg_constraint": fillConstraint,
	"pg_catalog.pg_tables":     fillTables,
	"pg_catalog.pg_matviews":   fillMatviews,
	"pg_catalog.pg_views":      fillViews,
	"pg_catalog.pg_indexes":    fillIndexes,
	"pg_catalog.pg_sequence":   fillSequence,
	"pg_catalog.pg_sequences":  fillSequences,
}

// relkind is pg_class.relkind: streams and tables are tables to PostgreSQL's tools.
func (r *Relation) relkind() string {
	switch r.Kind {
	case KindView:
		return "m"
	case KindPlainView:
		return "v"
	case KindSequence:
		return "S"
	case KindIndex:
		return "i"
	}
	return "r"
}

func fillClass(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		c := x.class(r.oid(), r.Schema, r.Name, r.relkind(), len(r.Columns))
		c["relowner"], c["relacl"] = num(r.OwnerID()), x.grantsText(r.Grants)
		c["relhasindex"], c["reloptions"], c["relchecks"] = flag(len(r.shownIndexes()) > 0), optionsArray(r), num(len(r.Checks))
		c["relhastriggers"] = flag(len(r.ForeignKeys)+len(r.ReferencedBy) > 0)
		if r.HasRecords() {
			c["relam"] = num(oidHeap)
		}
		add(c)
		for _, i := range r.shownIndexes() {
			add(x.indexClass(&i))
		}
	}
	for _, s := range SystemRelations() {
		kind := "r"
		if s.View {
			kind = "v"
		}
		add(x.class(s.OID, s.Schema, s.Name, kind, len(s.shown())))
	}
}

// class is a row of pg_class.
func (x *systemContext) class(oid uint32, schema, name, kind string, columns int) record {
	return record{
		"oid": num(oid), "relname": str(name), "relnamespace": num(x.catalog.SchemaOID(schema)), "relowner": num(oidOwner),
		"relfilenode": num(oid), "reltuples": {Float: -1}, "relpersistence": str("p"), "relkind": str(kind), "relnatts": num(columns),
		"relispopulated": flag(true), "relreplident": str("d"),
	}
}

func optionsArray(r *Relation) types.Datum {
	if len(r.Options) == 0 {
		return types.NullDatum
	}
	var out []string
	for name, value := range r.Options {
		out = append(out, name+"="+value)
	}
	sort.Strings(out)
	return str(types.TextArrayOf(out))
}

func fillAttribute(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		for i, c := range r.Columns {
			if !c.Hidden {
				add(x.attribute(r.oid(), i+1, c))
			}
		}
		for i, c := range r.SystemColumns() {
			add(attribute(r.oid(), -1-i, c))
		}
		for _, x := range r.shownIndexes() {
			for i, c := range x.Columns {
				add(attribute(x.OID, i+1, Column{Name: r.Columns[c.Column].Name, Type: r.Columns[c.Column].Type}))
			}
		}
	}
	for _, s := range SystemRelations() {
		for i, c := range s.shown() {
			add(attribute(s.OID, i+1, c))
		}
	}
}

// attribute is a row of pg_attribute for a column of the user's.
func (x *systemContext) attribute(relation uint32, number int, c Column) record {
	out := attribute(relation, number, c)
	out["atthasdef"] = flag(x.catalog.DefaultText(c) != "")
	if c.Identity != "" {
		out["attidentity"] = str(map[Identity]string{IdentityAlways: "a", IdentityByDefault: "d"}[c.Identity])
	}
	return out
}

// attribute is a row of pg_attribute.
func attribute(relation uint32, number int, c Column) record {
	t := physicalOf(c.Type)
	return record{
		"attrelid": num(relation), "attname": str(c.Name), "atttypid": num(c.Type.OID()), "attstattarget": num(-1),
		"attlen": num(c.Type.Size()), "attnum": num(number), "attcacheoff": num(-1), "atttypmod": num(c.Type.Modifier()),
		"attbyval": flag(t.byValue), "attalign": str(t.align), "attstorage": str(t.storage), "attnotnull": flag(c.NotNull),
		"atthasdef": flag(c.Default != ""), "attislocal": flag(true), "attcollation": num(t.collation),
	}
}

func fillAttrdef(x *systemContext, add func(record)) {
	n := 0 // nothing refers to these numbers
	for _, r := range x.catalog.Shown() {
		for i, c := range r.Columns {
			if text := x.catalog.DefaultText(c); text != "" {
				n++
				add(record{"oid": num(n), "adrelid": num(r.oid()), "adnum": num(i + 1), "adbin": str(text)})
			}
		}
	}
}

// fillChecks adds the CHECK constraints.
func fillChecks(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		for i, c := range r.Checks {
			add(record{
				"oid": num(r.checkOID(i)), "conname": str(c.Name), "connamespace": num(x.catalog.SchemaOID(r.Schema)), "contype": str("c"),
				"convalidated": flag(true), "conrelid": num(r.oid()), "confupdtype": str(" "), "confdeltype": str(" "),
				"confmatchtype": str(" "), "conislocal": flag(true), "conbin": str(c.SQL),
			})
		}
	}
}

func fillTables(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		if r.relkind() == "r" {
			add(record{"schemaname": str(r.Schema), "tablename": str(r.Name), "tableowner": str(x.roleName(r.OwnerID())), "hasindexes": flag(len(r.shownIndexes()) > 0)})
		}
	}
	for _, s := range SystemRelations() {
		if !s.View {
			add(record{"schemaname": str(s.Schema), "tablename": str(s.Name), "tableowner": str(x.roleName(BootstrapRole))})
		}
	}
}

func fillMatviews(x *systemContext, add func(record)) {
	for _, r := range x.catalog.views(KindView) {
		add(record{"schemaname": str(r.Schema), "matviewname": str(r.Name), "matviewowner": str(x.roleName(r.OwnerID())),
			"ispopulated": flag(true), "definition": str(r.viewDefinition())})
	}
}

func fillViews(x *systemContext, add func(record)) {
	for _, r := range x.catalog.views(KindPlainView) {
		add(record{"schemaname": str(r.Schema), "viewname": str(r.Name), "viewowner": str(x.roleName(r.OwnerID())), "definition": str(r.viewDefinition())})
	}
}

func (x *systemContext) sequenceState(id RelationID) SequenceState {
	if x.env.SequenceState != nil {
		return x.env.SequenceState(id)
	}
	return x.catalog.SequenceState(id)
}

func fillSequences(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		if q := r.Sequence; q != nil {
			last := types.NullDatum
			if at := x.sequenceState(r.ID); at.Called {
				last = num(at.Last)
			}
			add(record{"schemaname": str(r.Schema), "sequencename": str(r.Name), "sequenceowner": str(x.roleName(r.OwnerID())), "data_type": num(q.Type.OID()),
				"start_value": num(q.Start), "min_value": num(q.Min), "max_value": num(q.Max), "increment_by": num(q.Increment),
				"cycle": flag(q.Cycle), "cache_size": num(1), "last_value": last})
		}
	}
}

func fillSequence(x *systemContext, add func(record)) {
	for _, r := range x.catalog.Shown() {
		if q := r.Sequence; q != nil {
			add(record{"seqrelid": num(r.oid()), "seqtypid": num(q.Type.OID()), "seqstart": num(q.Start), "seqincrement": num(q.Increment),
				"seqmax": num(q.Max), "seqmin": num(q.Min), "seqcache": num(1), "seqcycle": flag(q.Cycle)})
		}
	}
}
