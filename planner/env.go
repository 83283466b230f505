// Package planner turns syntax trees into plans: it binds names and types against a catalog, applies rules, and cuts
// continuous queries into topologies. It is pure: no evaluation, no storage, no clock; what a plan says is in
// planner/plan. See DESIGN.md.
package planner

import (
	"time"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Env is what a statement is planned against. It is not changed, but for ParamTypes.
type Env struct {
	Catalog *catalog.Catalog
	// SearchPath lists the schemas of unqualified names, after pg_catalog if that is not among them; nil means public. There
	// need not be schemas of these names.
	SearchPath []string
	// ParamTypes are the types of $1, …; an invalid or unknown one is inferred. Planning fills in what it inferred,
	// and grows the slice as far as the statement's parameters go.
	ParamTypes []types.Type
	// Location is the session's time zone, in which literals are read; nil means UTC.
	Location *time.Location
	// Names tells the names of what the catalog has numbers for; nil: as Catalog has them.
	Names *catalog.Names
	// Settings are kept with a continuous query (TimeZone, search_path).
	Settings map[string]string
	// Access, if not nil, is asked whether the statement may do something with a relation; as is the owner of the view in whose
	// text the relation stands, 0 where it stands in the statement's own.
	Access func(r *catalog.Relation, as catalog.RoleID, want catalog.Privilege) error
	// SchemaAccess, if not nil, is asked whether the statement may use a schema, or create in it.
	SchemaAccess func(s *catalog.Schema, want catalog.Privilege) error
	// Unoptimized leaves the rules out: the plan shows what was bound, and is not for running.
	Unoptimized bool
	// Records tells about how many records a relation's log has, which is no fewer than it has rows; nil: sizes are not known.
	Records func(r *catalog.Relation) int64
	// NowMicros is the time that a created relation is stamped with, µs since 1970.
	NowMicros int64
}

func (e *Env) location() *time.Location {
	if e.Location == nil {
		return time.UTC
	}
	return e.Location
}

// scope is what texts of literals are read with.
func (e *Env) scope() types.Scope { return types.Scope{Zone: e.location(), Names: e.names()} }

// names tells names as the catalog has them that is planned against.
func (e *Env) names() *catalog.Names {
	if e.Names != nil {
		return e.Names
	}
	return &catalog.Names{Current: func() *catalog.Catalog { return e.Catalog }, Path: e.searchPath()}
}

func (e *Env) searchPath() []string {
	if e.SearchPath == nil {
		return []string{catalog.DefaultSchema}
	}
	return e.SearchPath
}

// Bounds of one statement. The parser bounds depth and length; these bound what inlining can make of it.
const (
	// maxQueries is how many queries, subqueries and inlined CTEs one statement may have.
	maxQueries = 1000
	// maxDepth is how deep expressions and queries may nest.
	maxDepth = 1000
	// maxExprSize is how many nodes an expression may grow to when those below are merged into it.
	maxExprSize = 1000
	// maxColumns is how many columns a relation or a result may have, as in PostgreSQL.
	maxColumns = 1600
)

func tooComplex(what string, limit int) *pgerr.Error {
	return pgerr.New(pgerr.StatementTooComplex, "statement is too complex: more than %d %s", limit, what)
}

// at gives err the place pos in the user's text, unless it has one or is not the user's.
func at(err error, pos int) error {
	if err == nil {
		return nil
	}
	return pgerr.From(err).At(pos)
}
