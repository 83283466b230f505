package planner

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// keyColumnPrefix begins the names of a view's hidden columns: those of its key that the query does not select.
const keyColumnPrefix = "_key_"

// PlanCreateQuery makes the descriptor of a view, or of a stream AS a query, with the topology that keeps it. It returns nil without error if the
// relation is there and the statement says IF NOT EXISTS.
func PlanCreateQuery(stmt *ast.CreateQuery, env *Env, id catalog.RelationID, placement Placement) (*catalog.Relation, error) {
	if err := refuseCreateQuery(stmt); err != nil {
		return nil, err
	}
	rel, before, err := newQueryRelation(stmt, env, id)
	if rel == nil || err != nil {
		return nil, err
	}
	rel.Kind = catalog.KindView
	if stmt.Kind == "stream" {
		rel.Kind = catalog.KindStream
	}
	opts, err := parseOptions(stmt.Options, rel.Kind)
	if err != nil {
		return nil, err
	}
	if opts.topic.Parts != nil {
		return nil, pgerr.Unsupported("a stream AS a query over an existing topic is").At(opts.topicPos)
	}
	q, b, err := bindContinuous(stmt.Query, env)
	if err != nil {
		return nil, err
	}
	rel.Options, rel.Config = opts.given, opts.config
	if rel.Columns, err = viewColumns(stmt, q); err != nil {
		return nil, err
	}
	if err := refuseEnums(rel, false); err != nil {
		return nil, err
	}
	v, err := cutPlaced(q.node, rel, opts, placement)
	if err != nil {
		return nil, at(err, stmt.Query.Pos)
	}
	if err := describeView(rel, v, stmt, env, b); err != nil || before == nil {
		return rel, err
	}
	return rel, checkReplaceQuery(before, rel)
}

// newQueryRelation is the relation to come, and the view that it replaces or nil. It is nil itself if there is one and the statement
// says IF NOT EXISTS. Errors: 42P07, 42809.
func newQueryRelation(stmt *ast.CreateQuery, env *Env, id catalog.RelationID) (rel, before *catalog.Relation, err error) {
	if stmt.OrReplace {
		schema, err := creationSchema(env, stmt.Name)
		if err != nil {
			return nil, nil, err
		}
		before = env.Catalog.Lookup(schema, stmt.Name.Last())
	}
	switch {
	case before == nil:
		rel, err = newRelation(env, stmt.Name, stmt.IfNotExists, id)
		return rel, nil, err
	case before.Kind != catalog.KindView:
		return nil, nil, pgerr.New(pgerr.WrongObjectType, "%q is not a materialized view", before.Name).At(stmt.Name.Pos)
	}
	return &catalog.Relation{ID: id, Schema: before.Schema, Name: before.Name, CreatedAtMicros: env.NowMicros, Replaces: before.ID}, before, nil
}

// checkReplaceQuery checks that the view after can take the place of before. Errors: 42P16, 42P17.
func checkReplaceQuery(before, after *catalog.Relation) error {
	if slices.Contains(after.Query.DependsOn, before.ID) {
		return pgerr.New(codeInvalidObjectDefinition, "infinite recursion detected in rules for relation %q", after.Name)
	}
	return checkReplaceColumns(before.VisibleColumns(), after.VisibleColumns())
}

// ContinuousPlan returns the plan of a view's query, or of a stream's AS a query, as it is before it is cut; with
// env.Unoptimized as it is before the rules.
func ContinuousPlan(stmt *ast.CreateQuery, env *Env) (plan.Node, error) {
	if err := refuseCreateQuery(stmt); err != nil {
		return nil, err
	}
	q, _, err := bindContinuous(stmt.Query, env)
	if err != nil {
		return nil, err
	}
	return q.node, nil
}

func refuseCreateQuery(stmt *ast.CreateQuery) error {
	what := ""
	switch {
	case stmt.OrReplace && stmt.Kind == "stream":
		what = "OR REPLACE of a stream is"
	case stmt.WithData != nil && !*stmt.WithData:
		what = "WITH NO DATA is"
	case stmt.Query.Emit == "final":
		return pgerr.Unsupported("EMIT FINAL is").At(stmt.Query.EmitPos)
	case len(stmt.Query.EmitOptions) > 0:
		return pgerr.Unsupported("options of EMIT CHANGES in CREATE … AS are").At(stmt.Query.EmitOptions[0].Pos)
	default:
		return nil
	}
	return pgerr.Unsupported("%s", what).At(stmt.Name.Pos)
}

// bindContinuous binds the query of a view and applies the rules for such plans.
func bindContinuous(sel *ast.Select, env *Env) (*bound, *binder, error) {
	plain := *sel
	plain.Emit = "" // EMIT CHANGES is what a view does anyway
	b := newBinder(&Env{Catalog: env.Catalog, SearchPath: env.SearchPath, Location: env.Location, Access: env.Access, SchemaAccess: env.SchemaAccess})
	b.continuous = true
	q, err := b.bindQuery(&plain, nil, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	if len(b.params.types) > 0 {
		return nil, nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", len(b.params.types)).At(b.params.pos[len(b.params.pos)-1])
	}
	if env.Unoptimized {
		return q, b, nil
	}
	q.node = applyRules(q.node, continuous)
	if err := refuseExpressions(q.node); err != nil {
		return nil, nil, at(err, sel.Pos)
	}
	q.node = mapNodeExprs(q.node, stored)
	return q, b, nil
}

// stored returns e as it is kept in the catalog: without places in a text, and with constants that JSON can hold.
func stored(e *plan.Expr) *plan.Expr {
	c := *e
	c.Pos = 0
	c.Args = mapList(e.Args, stored)
	if v := e.Value; e.Op == plan.OpConst && !v.Null && (math.IsNaN(v.Float) || math.IsInf(v.Float, 0)) {
		text := string(types.FormatText(nil, e.Type, *v, types.Scope{}))
		if id, ok := funcs.Cast(types.Text, e.Type, funcs.CastExplicit); ok {
			return &plan.Expr{Op: plan.OpCall, Func: id, Type: e.Type, Args: []*plan.Expr{plan.Const(types.Text, types.Datum{Str: text})}}
		}
	}
	return &c
}

// viewColumns names the columns of a view. Errors: 42701, 42601, 0A000.
func viewColumns(stmt *ast.CreateQuery, q *bound) ([]catalog.Column, error) {
	if len(stmt.Columns) > len(q.columns) {
		return nil, pgerr.New(pgerr.SyntaxError, "too many column names were specified").At(stmt.Name.Pos)
	}
	if len(q.columns) == 0 {
		return nil, pgerr.Unsupported("a view without columns is").At(stmt.Query.Pos)
	}
	var out []catalog.Column
	for i, c := range q.columns {
		col := catalog.Column{Name: c.name, Type: c.expr.Type}
		if i < len(stmt.Columns) {
			col.Name = stmt.Columns[i]
		}
		if slices.ContainsFunc(out, func(o catalog.Column) bool { return o.Name == col.Name }) {
			return nil, pgerr.New(pgerr.DuplicateColumn, "column %q specified more than once", col.Name).At(stmt.Name.Pos)
		}
		if !storable(col.Type) {
			return nil, pgerr.Unsupported("column %q: a column of type %s is", col.Name, col.Type).At(stmt.Name.Pos)
		}
		out = append(out, col)
	}
	return out, nil
}

// cutPlaced decides where the view lives, and cuts its plan: if a relation can be read without an exchange where the
// view is placed as it, the view is.
func cutPlaced(n plan.Node, rel *catalog.Relation, opts relationOptions, placement Placement) (*view, error) {
	if rel.Kind == catalog.KindStream {
		n = eventsLeft(n)
		if err := onlyStreams(n); err != nil {
			return nil, err
		}
	}
	try := &cutter{kind: rel.Kind}
	if _, err := try.cutView(n); err != nil {
		return nil, err
	}
	for _, r := range try.alike {
		if opts.partitions == 0 || opts.partitions == r.Partitions() {
			rel.Placement = r.Placement
			break
		}
	}
	if rel.Placement == nil {
		if opts.partitions == 0 {
			opts.partitions = defaultPartitions
		}
		rel.Placement = placement(opts.partitions)
	}
	c := &cutter{kind: rel.Kind, placement: rel.Placement}
	return c.cutView(n)
}

// describeView completes the descriptor.
func describeView(rel *catalog.Relation, v *view, stmt *ast.CreateQuery, env *Env, b *binder) error {
	for i := len(rel.Columns); i < len(v.types); i++ {
		rel.Columns = append(rel.Columns, catalog.Column{Name: freeKeyName(rel.Columns), Type: v.types[i], Hidden: true})
	}
	rel.Key, rel.PartitionBy = v.key, v.partitionBy
	topology, err := json.Marshal(v.topology)
	if err != nil {
		return fmt.Errorf("topology of %s: %w", rel.Name, err)
	}
	rel.Query = &catalog.Query{SQL: strings.TrimSpace(stmt.QueryText), Settings: maps.Clone(env.Settings), Topology: topology, State: catalog.QueryRunning}
	for _, r := range b.reads {
		rel.Query.DependsOn = append(rel.Query.DependsOn, r.ID)
	}
	for _, r := range b.through {
		rel.Query.Through = append(rel.Query.Through, r.ID)
	}
	return nil
}

// freeKeyName returns the first of _key_1, … that no column has.
func freeKeyName(cols []catalog.Column) string {
	for i := 1; ; i++ {
		name := fmt.Sprintf("%s%d", keyColumnPrefix, i)
		if !slices.ContainsFunc(cols, func(c catalog.Column) bool { return c.Name == name }) {
			return name
		}
	}
}
