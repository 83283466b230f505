package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// bindView binds the text of the plain view r as an item of FROM: with the search path and the time zone of its creation,
// and with the names that its relations had then.
func (b *binder) bindView(r *catalog.Relation, name string, locking []ast.Locking) (*fromItem, error) {
	parsed, err := parse.ParseOne(r.View.SQL)
	if err != nil {
		return nil, fmt.Errorf("view %q: %w", r.Name, err)
	}
	sel, ok := parsed.Stmt.(*ast.SelectStmt)
	if !ok {
		return nil, fmt.Errorf("BUG: view %q is no query", r.Name)
	}
	sel.Query.Locking = append(sel.Query.Locking, locking...)
	env, view := b.env, b.view
	inner := *env
	inner.SearchPath = catalog.SplitSearchPath(r.View.Settings["search_path"], "")
	if loc, err := types.LoadZone(r.View.Settings["TimeZone"]); err == nil {
		inner.Location = loc
	}
	b.env, b.view = &inner, r
	q, err := b.bindQuery(sel.Query, nil, nil, nil)
	b.env, b.view = env, view
	if err != nil {
		return nil, inView(r, err)
	}
	if len(q.columns) < len(r.Columns) {
		return nil, fmt.Errorf("BUG: view %q has %d columns, its query %d", r.Name, len(r.Columns), len(q.columns))
	}
	b.through.add(r)
	return viewItem(r, name, q), nil
}

// viewItem names the rows of q, the query of r.
func viewItem(r *catalog.Relation, name string, q *bound) *fromItem {
	item := &fromItem{node: mapNodeExprs(q.node, withoutPosition), tables: []scopeTable{{schema: r.Schema, name: name, relation: r}}}
	item.addColumns(r.Schema, name, r.Columns)
	for i := range item.columns {
		item.columns[i].expr = plan.Column(i, q.columns[i].expr.Type)
		item.columns[i].origin = origin{relation: r, attribute: int16(i + 1)}
	}
	return item
}

// inView says of an error that it is in a view's text, where the statement's places mean nothing.
func inView(r *catalog.Relation, err error) error {
	e := *pgerr.From(err)
	e.Position = 0
	e.Where = strings.TrimPrefix(e.Where+"\n"+fmt.Sprintf("view %q", r.Name), "\n")
	return &e
}

// asSeen gives the columns of r the names that they had when v was created. Later columns are not there.
func (f *fromItem) asSeen(r *catalog.Relation, v *catalog.View) {
	for _, s := range v.Sees {
		if s.Relation != r.ID {
			continue
		}
		for i := range f.columns {
			switch {
			case i < len(r.Columns) && r.Columns[i].Dropped:
				f.columns[i].name = ""
			case i < len(s.Columns):
				f.columns[i].name = s.Columns[i]
			case i < len(r.Columns):
				f.columns[i].name, f.columns[i].hidden = "", true
			}
		}
	}
}

// PlanCreateView makes the descriptor of a plain view; of CREATE OR REPLACE over a view that is there it has that one's
// id. Errors: those of the query, 42701, 42601, 42P07, 42P16, 42809.
func PlanCreateView(stmt *ast.CreateQuery, env *Env) (*catalog.Relation, error) {
	rel, before, err := newView(stmt, env)
	if err != nil {
		return nil, err
	}
	b := newBinder(&Env{Catalog: env.Catalog, SearchPath: env.SearchPath, Location: env.Location})
	b.lazy = true
	q, err := b.bindQuery(stmt.Query, nil, nil, nil)
	if err != nil {
		return nil, err
	}
	if len(b.params.types) > 0 {
		return nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $%d", len(b.params.types)).At(b.params.pos[len(b.params.pos)-1])
	}
	if _, err := b.finish(q); err != nil {
		return nil, err
	}
	if rel.Columns, err = plainViewColumns(stmt, q); err != nil {
		return nil, err
	}
	rel.View = &catalog.View{SQL: strings.TrimSpace(stmt.QueryText), Settings: maps.Clone(env.Settings)}
	markUpdatable(rel.View, stmt.Query, q)
	for _, r := range b.named {
		rel.View.Sees = append(rel.View.Sees, catalog.See(r))
	}
	if before == nil {
		return rel, nil
	}
	for i, c := range before.Columns {
		if i < len(rel.Columns) {
			rel.Columns[i].Comment = c.Comment
		}
	}
	return rel, checkReplace(before, rel, b)
}

// newView is the view to come, and the one that it replaces or nil.
func newView(stmt *ast.CreateQuery, env *Env) (rel, before *catalog.Relation, err error) {
	switch {
	case len(stmt.Options) > 0:
		return nil, nil, pgerr.Unsupported("options of a view are").At(stmt.Options[0].Pos)
	case stmt.Query.Emit != "":
		return nil, nil, pgerr.Unsupported("EMIT in a view is").WithHint("Use CREATE MATERIALIZED VIEW.").At(stmt.Query.EmitPos)
	}
	schema, err := creationSchema(env, stmt.Name)
	if err != nil {
		return nil, nil, err
	}
	before = env.Catalog.Lookup(schema, stmt.Name.Last())
	switch {
	case before != nil && !stmt.OrReplace:
		return nil, nil, pgerr.New(pgerr.DuplicateTable, "relation %q already exists", stmt.Name.Last())
	case before != nil && before.View == nil:
		return nil, nil, pgerr.New(pgerr.WrongObjectType, "%q is not a view", stmt.Name.Last())
	}
	if before == nil {
		if err := relationNameFree(env, schema, stmt.Name.Last()); err != nil {
			return nil, nil, err
		}
	}
	rel = &catalog.Relation{ID: env.Catalog.NextID(), Schema: schema, Name: stmt.Name.Last(), Kind: catalog.KindPlainView, CreatedAtMicros: env.NowMicros}
	if before != nil {
		rel.ID, rel.CreatedAtMicros, rel.Owner, rel.Grants, rel.Comment = before.ID, before.CreatedAtMicros, before.Owner, before.Grants, before.Comment
	}
	return rel, before, nil
}

// plainViewColumns names the columns of a plain view.
func plainViewColumns(stmt *ast.CreateQuery, q *bound) ([]catalog.Column, error) {
	if len(stmt.Columns) > len(q.columns) {
		return nil, pgerr.New(pgerr.SyntaxError, "CREATE VIEW specifies more column names than columns")
	}
	var out []catalog.Column
	for i, c := range q.columns {
		col := catalog.Column{Name: c.name, Type: c.expr.Type}
		if i < len(stmt.Columns) {
			col.Name = stmt.Columns[i]
		}
		if slices.ContainsFunc(out, func(o catalog.Column) bool { return o.Name == col.Name }) {
			return nil, pgerr.New(pgerr.DuplicateColumn, "column %q specified more than once", col.Name)
		}
		out = append(out, col)
	}
	return out, nil
}

// checkReplace checks that the view after can take the place of before: who reads that one finds its columns there.
func checkReplace(before, after *catalog.Relation, b *binder) error {
	if slices.ContainsFunc(b.through, func(r *catalog.Relation) bool { return r.ID == before.ID }) {
		return pgerr.New(codeInvalidObjectDefinition, "infinite recursion detected in rules for relation %q", after.Name)
	}
	if err := checkReplaceColumns(before.Columns, after.Columns); err != nil {
		return err
	}
	for _, d := range b.env.Catalog.Relations() {
		if d.Query != nil && slices.Contains(d.Query.Through, before.ID) {
			return pgerr.Unsupported("replacing view %q, which %s %q was created over, is", before.Name, d.Word(), d.Name).
				WithHint("Drop %q, and create it again afterwards.", d.Name)
		}
	}
	return nil
}

// checkReplaceColumns checks that columns are only added at the end. Error: 42P16.
func checkReplaceColumns(before, after []catalog.Column) error {
	for i, c := range before {
		if i >= len(after) {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot drop columns from view")
		}
		n := after[i]
		if n.Name != c.Name {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot change name of view column %q to %q", c.Name, n.Name).
				WithHint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.")
		}
		if n.Type != c.Type {
			return pgerr.New(pgerr.InvalidTableDefinition, "cannot change data type of view column %q from %s to %s", c.Name, c.Type, n.Type)
		}
	}
	return nil
}

// codeInvalidObjectDefinition is 42P17, which nobody else needs.
const codeInvalidObjectDefinition = "42P17"
