package catalog

import (
	"strconv"
	"strings"

	"github.com/millracedb/millrace/sql/types"
)

// ShownIndex is an index as pg_catalog has it: that of a table's primary key, or one that was made.
type ShownIndex struct {
	OID                         uint32
	Name                        string
	Table                       *Relation
	Columns                     []IndexColumn
	Unique, Primary, Constraint bool
}

// ShownIndexes lists the indexes that there are, table by table, without those that are being built.
func (c *Catalog) ShownIndexes() []ShownIndex {
	var out []ShownIndex
	for _, r := range c.Shown() {
		out = append(out, r.shownIndexes()...)
	}
	return out
}

func (r *Relation) shownIndexes() []ShownIndex {
	var out []ShownIndex
	if r.HasPrimaryKey {
		out = append(out, ShownIndex{OID: r.keyOID(), Name: r.PrimaryKeyName(), Table: r, Columns: r.KeyColumns(), Unique: true, Primary: true, Constraint: true})
	}
	for _, x := range r.Indexes {
		if !x.Index.Building {
			out = append(out, ShownIndex{OID: x.oid(), Name: x.Name, Table: r, Columns: x.Index.Columns, Unique: x.Index.Unique, Constraint: x.Index.Constraint})
		}
	}
	return out
}

// IndexOf returns the index that has a number in pg_class, nil if there is none.
func (c *Catalog) IndexOf(oid uint32) *ShownIndex {
	r := c.ByID(RelationID(oid))
	if id := PrimaryKeyRelation(oid); id != 0 {
		r = c.ByID(id)
	} else if r != nil && r.Index != nil {
		r = c.ByID(r.Index.Table)
	}
	if r == nil {
		return nil
	}
	for _, x := range r.shownIndexes() {
		if x.OID == oid {
			return &x
		}
	}
	return nil
}

// ColumnNames returns the names of the columns, quoted where that is needed.
func (x *ShownIndex) ColumnNames() []string {
	var out []string
	for _, c := range x.Columns {
		out = append(out, quoteIdent(x.Table.Columns[c.Column].Name))
	}
	return out
}

// Definition returns the SQL text of the index, as pg_get_indexdef does.
func (x *ShownIndex) Definition() string {
	head := "CREATE INDEX "
	if x.Unique {
		head = "CREATE UNIQUE INDEX "
	}
	items := x.ColumnNames()
	for i, c := range x.Columns {
		if c.Desc {
			items[i] += " DESC"
		}
		if c.NullsFirst != c.Desc {
			items[i] += map[bool]string{true: " NULLS FIRST", false: " NULLS LAST"}[c.NullsFirst]
		}
	}
	return head + quoteIdent(x.Name) + " ON " + quoteIdent(x.Table.Schema) + "." + quoteIdent(x.Table.Name) + " USING btree (" + strings.Join(items, ", ") + ")"
}

// ConstraintDefinition returns the SQL text of the constraint, as pg_get_constraintdef does; "" if it is none.
func (x *ShownIndex) ConstraintDefinition() string {
	word := "UNIQUE ("
	switch {
	case !x.Constraint:
		return ""
	case x.Primary:
		word = "PRIMARY KEY ("
	}
	return word + strings.Join(x.ColumnNames(), ", ") + ")"
}

// numbers returns the attribute numbers of the columns.
func (x *ShownIndex) numbers(separator string) string {
	var out []string
	for _, c := range x.Columns {
		out = append(out, strconv.Itoa(c.Column+1))
	}
	return strings.Join(out, separator)
}

// options returns pg_index.indoption: bit 0 is descending, bit 1 NULLs first.
func (x *ShownIndex) options() string {
	var out []string
	for _, c := range x.Columns {
		n := 0
		if c.Desc {
			n |= 1
		}
		if c.NullsFirst {
			n |= 2
		}
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, " ")
}

// indexClass is an index's row of pg_class.
func (x *systemContext) indexClass(i *ShownIndex) record {
	c := x.class(i.OID, i.Table.Schema, i.Name, "i", len(i.Columns))
	c["relowner"], c["relam"], c["relreplident"] = num(i.Table.OwnerID()), num(oidBtree), str("n")
	return c
}

func fillIndex(x *systemContext, add func(record)) {
	for _, i := range x.catalog.ShownIndexes() {
		zeros := strings.TrimSuffix(strings.Repeat("0 ", len(i.Columns)), " ")
		add(record{
			"indexrelid": num(i.OID), "indrelid": num(i.Table.oid()), "indnatts": num(len(i.Columns)), "indnkeyatts": num(len(i.Columns)),
			"indisunique": flag(i.Unique), "indisprimary": flag(i.Primary), "indimmediate": flag(true), "indisvalid": flag(true),
			"indisready": flag(true), "indislive": flag(true), "indkey": str(i.numbers(" ")), "indcollation": str(zeros),
			"indclass": str(zeros), "indoption": str(i.options()),
		})
	}
}

// constraints lists the indexes that are of constraints.
func (x *systemContext) constraints() []ShownIndex {
	var out []ShownIndex
	for _, i := range x.catalog.ShownIndexes() {
		if i.Constraint {
			out = append(out, i)
		}
	}
	return out
}

func fillConstraint(x *systemContext, add func(record)) {
	for _, i := range x.constraints() {
		kind := "u"
		if i.Primary {
			kind = "p"
		}
		add(record{
			"oid": num(i.OID), "conname": str(i.Name), "connamespace": num(x.catalog.SchemaOID(i.Table.Schema)), "contype": str(kind),
			"convalidated": flag(true), "conrelid": num(i.Table.oid()), "conindid": num(i.OID), "confupdtype": str(" "),
			"confdeltype": str(" "), "confmatchtype": str(" "), "conislocal": flag(true), "connoinherit": flag(true),
			"conkey": array(types.ArrayOf(types.Int2), "{"+i.numbers(",")+"}"),
		})
	}
	fillChecks(x, add)
	fillForeignKeys(x, add)
}

func fillIndexes(x *systemContext, add func(record)) {
	for _, i := range x.catalog.ShownIndexes() {
		add(record{"schemaname": str(i.Table.Schema), "tablename": str(i.Table.Name), "indexname": str(i.Name), "indexdef": str(i.Definition())})
	}
}
