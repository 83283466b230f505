package session

import (
	"fmt"
	"strconv"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// systemRows makes the rows of a system relation: all its columns, from the catalog and the session.
func (s *Session) systemRows(cat *catalog.Catalog, schema, name string) ([][]types.Datum, error) {
	if schema == planner.SequenceSchema {
		return s.sequenceRows(name)
	}
	sys := catalog.SystemRelation(schema, name)
	if sys == nil {
		return nil, fmt.Errorf("BUG: no system relation %s.%s", schema, name)
	}
	return sys.Rows(cat, s.systemEnv()), nil
}

// sequenceRows is the row of a sequence, given by its number.
func (s *Session) sequenceRows(number string) ([][]types.Datum, error) {
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("BUG: no sequence %q", number)
	}
	at := s.sequenceState(catalog.RelationID(id))
	called := int64(0)
	if at.Called {
		called = 1
	}
	return [][]types.Datum{{types.IntDatum(at.Last), types.IntDatum(0), types.IntDatum(called)}}, nil
}

// systemEnv is what system relations show of the session.
func (s *Session) systemEnv() catalog.SystemEnv {
	env := catalog.SystemEnv{User: s.options.User, Superuser: s.isSuperuser() == "on", Database: s.options.Database, SequenceState: s.sequenceState,
		Activities: s.activities, Locks: s.engine.ListLocks, Cursors: s.cursors}
	for _, name := range s.settings.all() {
		d, _ := lookupDefinition(name)
		env.Settings = append(env.Settings, catalog.Setting{Name: name, Value: s.settings.value(name), Description: d.help})
	}
	return env
}
