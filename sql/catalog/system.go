package catalog

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/millracedb/millrace/sql/types"
)

// System is a relation of pg_catalog or information_schema: its rows are a pure function of the catalog and the session.
type System struct {
	Schema, Name string
	Columns      []Column
	// OID is the relation's number in pg_class, as in PostgreSQL 15.
	OID uint32
	// View reports whether PostgreSQL has a view there, and not a table.
	View bool
	// Empty reports whether there are never rows: the relation shows things that Millrace does not have.
	Empty bool
	// Rows returns the rows, with a value for each of Columns.
	Rows func(c *Catalog, env SystemEnv) [][]types.Datum
}

// shown returns the columns without hidden ones, which are behind them.
func (s *System) shown() []Column {
	for i, c := range s.Columns {
		if c.Hidden {
			return s.Columns[:i]
		}
	}
	return s.Columns
}

// SystemEnv is what system relations show of the session and the server.
type SystemEnv struct {
	Database, User string // the session's
	Superuser      bool
	// SequenceState says what a sequence gave last; nil: as the catalog has it.
	SequenceState func(RelationID) SequenceState
	// Settings are the settings of pg_settings, in order.
	Settings []Setting
	// Activities are what the server's sessions do; nil: not known.
	Activities func() []Activity
	// Locks are what is locked and waited for; nil: not known.
	Locks func() []Lock
	// Cursors are the session's; nil: it has none.
	Cursors func() []Cursor
}

// Setting is a row of pg_settings.
type Setting struct{ Name, Value, Description string }

// SystemRelation returns the system relation schema.name, nil if there is none. It is shared and must not be changed.
func SystemRelation(schema, name string) *System { return systemTable().byName[schema+"."+name] }

// SystemRelationByOID returns the system relation with a number, nil if there is none.
func SystemRelationByOID(oid uint32) *System { return systemTable().byOID[oid] }

// SystemRelations returns all system relations in a fixed order. They are shared and must not be changed.
func SystemRelations() []*System { return systemTable().all }

//go:embed system_relations.txt
var systemText string

type systems struct {
	all    []*System
	byName map[string]*System
	byOID  map[uint32]*System
}

var systemTable = sync.OnceValue(func() *systems {
	t := &systems{byName: map[string]*System{}, byOID: map[uint32]*System{}}
	for _, line := range strings.Split(systemText, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		s := parseSystem(line)
		fill := fillers[s.Schema+"."+s.Name]
		s.Empty = fill == nil
		s.Rows = func(c *Catalog, env SystemEnv) [][]types.Datum { return systemRows(s, fill, c, env) }
		t.all = append(t.all, s)
		t.byName[s.Schema+"."+s.Name] = s
		t.byOID[s.OID] = s
	}
	return t
})

func parseSystem(line string) *System {
	fields := strings.Fields(line)
	s := &System{View: fields[2] == "v"}
	s.Schema, s.Name, _ = strings.Cut(fields[0], ".")
	if _, err := fmt.Sscan(fields[1], &s.OID); err != nil {
		panic(fmt.Sprintf("BUG: system relation %s: %v", fields[0], err))
	}
	for _, f := range fields[3:] {
		name, word, _ := strings.Cut(f, ":")
		if word == "char" {
			word = `"char"`
		}
		t, ok := types.ByName(word)
		if !ok {
			panic(fmt.Sprintf("BUG: system relation %s: type %s", fields[0], word))
		}
		s.Columns = append(s.Columns, Column{Name: name, Type: t})
	}
	if !s.View && s.Schema == catalogSchema {
		s.Columns = append(s.Columns, Column{Name: tableOIDColumn, Type: types.OID, NotNull: true, Hidden: true})
	}
	return s
}

// tableOIDColumn is a hidden column of tables of pg_catalog: the number of the table itself.
const tableOIDColumn = "tableoid"

// record is a row in the making: values by column. What it does not have is as in the row of a plain object of
// PostgreSQL: zero, false, the empty name; NULL for text and arrays, and for all of information_schema.
type record map[string]types.Datum

// filler makes the rows of a system relation. add takes one.
type filler func(x *systemContext, add func(record))

// systemContext is what fillers see.
type systemContext struct {
	catalog *Catalog
	env     SystemEnv
}

// fillers has those relations that can have rows.
var fillers = map[string]filler{}

func init() {
	for _, m := range []map[string]filler{classFillers, typeFillers, serverFillers, informationFillers, roleFillers, statisticsFillers} {
		for name, f := range m {
			fillers[name] = f
		}
	}
}

func systemRows(s *System, fill filler, c *Catalog, env SystemEnv) [][]types.Datum {
	if fill == nil {
		return nil
	}
	var rows [][]types.Datum
	fill(&systemContext{catalog: c, env: env}, func(r record) {
		row := make([]types.Datum, len(s.Columns))
		used := 0
		for i, col := range s.Columns {
			d, ok := r[col.Name]
			switch {
			case ok:
				used++
			case col.Hidden:
				d = num(s.OID)
			default:
				d = defaultDatum(s, col.Type)
			}
			row[i] = d
		}
		if used != len(r) {
			panic(fmt.Sprintf("BUG: row of %s.%s has columns that it does not", s.Schema, s.Name))
		}
		rows = append(rows, row)
	})
	return rows
}

func defaultDatum(s *System, t types.Type) types.Datum {
	if s.Schema == informationSchema {
		return types.NullDatum
	}
	switch t.ID {
	case types.IDText, types.IDVarchar, types.IDBpchar, types.IDBytea, types.IDUUID, types.IDJSON, types.IDJSONB, types.IDArray, types.IDOIDVector, types.IDInt2Vector, types.IDTimestamptz, types.IDTimestamp, types.IDInterval, types.IDDate, types.IDTime, types.IDNumeric:
		return types.NullDatum
	}
	return types.Datum{}
}

// Values of records.

func str(s string) types.Datum { return types.Datum{Str: s} }

// array is an array of type t by its text, which is well formed.
func array(t types.Type, text string) types.Datum {
	d, err := types.ParseText(t, text, types.Scope{})
	if err != nil {
		panic(fmt.Sprintf("BUG: array %s of type %s: %v", text, t, err))
	}
	return d
}

func num[T ~int | ~int16 | ~int32 | ~int64 | ~uint32](n T) types.Datum {
	return types.Datum{Int: int64(n)}
}

func flag(b bool) types.Datum {
	if b {
		return types.Datum{Int: 1}
	}
	return types.Datum{}
}

func yesNo(b bool) types.Datum {
	if b {
		return str("YES")
	}
	return str("NO")
}
