package catalog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/sql/types"
)

// sample is a catalog with a table of each kind, a stream and a view.
func sample(t *testing.T) *Catalog {
	t.Helper()
	shards := []ShardID{0, 1}
	c := Empty()
	for i, r := range []*Relation{
		{Name: "t", Kind: KindTable, Key: []int{1, 0}, HasPrimaryKey: true, PartitionBy: []int{1, 0}, Options: map[string]string{"partitions": "2"},
			Columns: []Column{{Name: "id", Type: types.Int8, NotNull: true}, {Name: "Part", Type: types.Text, NotNull: true},
				{Name: "price", Type: types.Type{ID: types.IDNumeric, Precision: 10, Scale: 2}, Default: "(0)::numeric"}}},
		{Name: "loose", Kind: KindTable, Key: []int{1}, PartitionBy: []int{1},
			Columns: []Column{{Name: "v", Type: types.Bool}, {Name: RowIDColumn, Type: types.Int8, NotNull: true, Hidden: true}}},
		{Name: "s", Kind: KindStream, Columns: []Column{{Name: "at", Type: types.Timestamptz}, {Name: "day", Type: types.Date}}},
		{Name: "v", Kind: KindView, Key: []int{0}, Columns: []Column{{Name: "n", Type: types.Int4}}, Query: &Query{SQL: "SELECT 1 AS n "}},
	} {
		r.ID, r.Schema, r.Placement = FirstRelationID+RelationID(i), DefaultSchema, shards
		var err error
		if c, err = c.Apply(Command{Create: r}); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

var sampleEnv = SystemEnv{Database: "db", User: "me", Settings: []Setting{{"TimeZone", "UTC", "the session's zone"}}}

// TestSystemRows shows what the system relations say of a small catalog; of their own rows it shows none.
//
//	rows schema.name    the rows, as column=value; what is zero, empty or NULL is left out
func TestSystemRows(t *testing.T) {
	c := sample(t)
	datadriven.RunTest(t, "testdata/system", func(t *testing.T, d *datadriven.TestData) string {
		var b strings.Builder
		for _, name := range strings.Fields(d.Input) {
			schema, name, _ := strings.Cut(name, ".")
			s := SystemRelation(schema, name)
			if s == nil {
				d.Fatalf(t, "no relation %s", name)
			}
			fmt.Fprintf(&b, "%s:\n", name)
			for _, row := range s.Rows(c, sampleEnv) {
				if text := rowText(s, row); !isOfSystem(s, row) {
					b.WriteString("  " + text + "\n")
				}
			}
		}
		return b.String()
	})
}

// isOfSystem reports whether a row describes a system relation.
func isOfSystem(s *System, row []types.Datum) bool {
	for i, c := range s.Columns {
		switch {
		case (c.Name == "oid" || c.Name == "attrelid") && s.Name != "pg_type" && s.Name != "pg_namespace":
			return systemTable().byOID[uint32(row[i].Int)] != nil
		case c.Name == "schemaname":
			return row[i].Str != DefaultSchema
		}
	}
	return false
}

func rowText(s *System, row []types.Datum) string {
	var out []string
	for i, c := range s.Columns {
		text := "NULL"
		if !row[i].Null {
			text = string(types.FormatText(nil, c.Type, row[i], types.Scope{}))
		}
		if !c.Hidden && text != "NULL" && text != "0" && text != "-" && text != "f" && text != "" {
			out = append(out, c.Name+"="+text)
		}
	}
	return strings.Join(out, " ")
}

// TestSystemRelationsHold shows that every system relation can be read, that its rows are as wide as its columns, and
// that names and numbers are each other's.
func TestSystemRelationsHold(t *testing.T) {
	c := sample(t)
	for _, s := range SystemRelations() {
		rows := s.Rows(c, sampleEnv)
		if s.Empty && rows != nil {
			t.Errorf("%s.%s is said to be empty and is not", s.Schema, s.Name)
		}
		for _, row := range rows {
			if len(row) != len(s.Columns) {
				t.Errorf("%s.%s: a row of %d values for %d columns", s.Schema, s.Name, len(row), len(s.Columns))
			}
		}
		if oid, ok := SystemOIDs[s.Name]; ok && s.Schema == catalogSchema && oid != s.OID {
			t.Errorf("%s has the numbers %d and %d", s.Name, oid, s.OID)
		}
	}
	for name := range fillers {
		schema, name, _ := strings.Cut(name, ".")
		if SystemRelation(schema, name) == nil {
			t.Errorf("rows of %s.%s, which is no relation", schema, name)
		}
	}
}
