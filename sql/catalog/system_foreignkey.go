package catalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// foreignKeys lists all foreign keys, table by table, with their numbers.
func (x *systemContext) foreignKeys(each func(f Reference, oid uint32)) {
	for _, r := range x.catalog.Shown() {
		for i := range r.ForeignKeys {
			each(Reference{r, &r.ForeignKeys[i]}, r.foreignKeyOID(i))
		}
	}
}

// index returns the index that keeps what the foreign key refers to.
func (f Reference) index(c *Catalog) ShownIndex {
	parent := c.ByID(f.Table)
	for _, x := range parent.shownIndexes() {
		if x.Primary && f.Index == 0 || x.OID == uint32(f.Index) {
			return x
		}
	}
	return ShownIndex{Table: parent}
}

func fillForeignKeys(x *systemContext, add func(record)) {
	x.foreignKeys(func(f Reference, oid uint32) {
		match := "s"
		if f.Full {
			match = "f"
		}
		c := record{
			"oid": num(oid), "conname": str(f.Name), "connamespace": num(x.catalog.SchemaOID(f.Child.Schema)), "contype": str("f"),
			"convalidated": flag(true), "conrelid": num(f.Child.oid()), "conindid": num(f.index(x.catalog).OID), "confrelid": num(uint32(f.Table)),
			"confupdtype": str(f.OnUpdate.letter()), "confdeltype": str(f.OnDelete.letter()), "confmatchtype": str(match),
			"conislocal": flag(true), "connoinherit": flag(true), "conkey": attributes(f.Columns), "confkey": attributes(f.Referenced),
		}
		if f.SetColumns != nil {
			c["confdelsetcols"] = attributes(f.SetColumns)
		}
		add(c)
	})
}

// attributes is an array of the numbers of columns.
func attributes(columns []int) types.Datum {
	var out []string
	for _, c := range columns {
		out = append(out, strconv.Itoa(c+1))
	}
	return array(types.ArrayOf(types.Int2), "{"+strings.Join(out, ",")+"}")
}

func fillInfoReferential(x *systemContext, add func(record)) {
	x.foreignKeys(func(f Reference, _ uint32) {
		match := "NONE"
		if f.Full {
			match = "FULL"
		}
		c := record{"constraint_catalog": str(x.env.Database), "constraint_schema": str(f.Child.Schema), "constraint_name": str(f.Name),
			"match_option": str(match), "update_rule": str(f.OnUpdate.words()), "delete_rule": str(f.OnDelete.words())}
		if i := f.index(x.catalog); i.Constraint {
			c["unique_constraint_catalog"], c["unique_constraint_schema"], c["unique_constraint_name"] = str(x.env.Database), str(i.Table.Schema), str(i.Name)
		}
		add(c)
	})
}

// fillReferringColumns adds the columns of foreign keys.
func fillReferringColumns(x *systemContext, add func(record)) {
	x.foreignKeys(func(f Reference, _ uint32) {
		columns := f.index(x.catalog).Columns
		for n, k := range f.Columns {
			c := constraintRecord(x, f.Child, f.Name)
			c["column_name"], c["ordinal_position"] = str(f.Child.Columns[k].Name), num(n+1)
			at := slices.IndexFunc(columns, func(i IndexColumn) bool { return i.Column == f.Referenced[n] })
			c["position_in_unique_constraint"] = num(at + 1)
			add(c)
		}
	})
}

// fillReferencedColumns adds the columns that foreign keys refer to.
func fillReferencedColumns(x *systemContext, add func(record)) {
	x.foreignKeys(func(f Reference, _ uint32) {
		parent := x.catalog.ByID(f.Table)
		for _, k := range f.Referenced {
			c := constraintRecord(x, parent, f.Name)
			c["constraint_schema"], c["column_name"] = str(f.Child.Schema), str(parent.Columns[k].Name)
			add(c)
		}
	})
}
