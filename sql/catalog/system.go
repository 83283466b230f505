package catalog

import "github.com/millracedb/millrace/sql/types"

// System is a relation of pg_catalog or information_schema: its rows are a pure function of the catalog.
type System struct {
	Schema, Name string
	Columns      []Column
	// Rows returns the rows, with a value for each of Columns.
	Rows func(c *Catalog, env SystemEnv) [][]types.Datum
}

// SystemEnv is what system relations show of the session and the server.
type SystemEnv struct {
	Database, User string
	// Settings are name, value pairs of pg_settings, in order.
	Settings [][2]string
}

// SystemRelation returns the system relation schema.name, nil if there is none.
func SystemRelation(schema, name string) *System { return nil }
