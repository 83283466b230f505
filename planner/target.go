package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// write says what a statement does to its target, in the words of its errors.
type write string

const (
	writeInsert write = "insert into"
	writeUpdate write = "update"
	writeDelete write = "delete from"
)

// target returns the relation that a statement writes. Errors: 42P01, 42809.
func (b *binder) target(n ast.Name, w write) (*catalog.Relation, error) {
	rel, sys, err := b.lookup(n)
	if err != nil {
		return nil, err
	}
	refuse := func(kind, detail string) error {
		return pgerr.New(pgerr.WrongObjectType, "cannot %s %s %q", w, kind, n.Last()).WithDetail("%s", detail).At(n.Pos)
	}
	switch {
	case sys != nil:
		return nil, refuse("system relation", "System relations show the catalog and are changed by other statements only.")
	case rel.Kind == catalog.KindPlainView:
		return b.viewTarget(rel, n, w)
	}
	return b.writable(rel, n, w)
}

// writable checks that the statement may write rel, which is no plain view.
func (b *binder) writable(rel *catalog.Relation, n ast.Name, w write) (*catalog.Relation, error) {
	refuse := func(kind, detail string) error {
		return pgerr.New(pgerr.WrongObjectType, "cannot %s %s %q", w, kind, rel.Name).WithDetail("%s", detail).At(n.Pos)
	}
	switch {
	case rel.ID.IsSystem():
		return nil, refuse("system relation", "Millrace writes it.")
	case rel.Kind == catalog.KindView:
		return nil, refuse("view", "A view is kept by its query.")
	case rel.Kind == catalog.KindSequence:
		return nil, pgerr.New(pgerr.WrongObjectType, "cannot change sequence %q", rel.Name).At(n.Pos)
	case rel.Source != nil:
		return nil, pgerr.From(refuse("table", "The table holds the last record of each key of a topic.")).
			WithHint("Insert into a stream over the topic, or into the topic itself.")
	case rel.Kind == catalog.KindTopic && w != writeInsert:
		return nil, refuse("topic", "Topics are append-only: they take INSERT and COPY.")
	case rel.Kind == catalog.KindStream && rel.Query != nil:
		return nil, refuse("stream", "The stream is written by its query.")
	case rel.Kind == catalog.KindStream && w != writeInsert:
		return nil, refuse("stream", "Streams are append-only: they take INSERT and COPY.")
	}
	b.reads.add(rel)
	return rel, b.access(rel, w.privilege())
}

// privilege is what w needs.
func (w write) privilege() catalog.Privilege {
	switch w {
	case writeInsert:
		return catalog.Insert
	case writeUpdate:
		return catalog.Update
	}
	return catalog.Delete
}

// readsTarget checks that the statement may read the relation that it writes, if it does.
func (b *binder) readsTarget(rel *catalog.Relation, reads bool) error {
	switch {
	case !reads:
		return nil
	case b.updatable != nil:
		return b.access(b.updatable.view, catalog.Select)
	}
	return b.access(rel, catalog.Select)
}

// scopeOf returns the names of r's columns, over rows of its stored columns. A stream's system columns are not among
// them: rows that are being written have none.
func scopeOf(r *catalog.Relation, alias string) *scope {
	name := alias
	if name == "" {
		name = r.Name
	}
	item := &fromItem{tables: []scopeTable{{schema: r.Schema, name: name, relation: r}}}
	item.addColumns(r.Schema, name, r.Columns)
	for i := range item.columns {
		item.columns[i].origin = origin{relation: r, attribute: int16(i + 1)}
	}
	return &scope{columns: item.columns, tables: item.tables}
}

// columnIndex returns the place of the user's column name in r. Error: 42703.
func columnIndex(r *catalog.Relation, name string, pos int) (int, error) {
	i := slices.IndexFunc(r.Columns, func(c catalog.Column) bool { return c.Name == name && !c.Hidden })
	if i < 0 {
		return 0, pgerr.New(pgerr.UndefinedColumn, "column %q of relation %q does not exist", name, r.Name).At(pos)
	}
	return i, nil
}

// visibleColumns returns the places of r's columns that are not hidden.
func visibleColumns(r *catalog.Relation) []int {
	var out []int
	for i, c := range r.Columns {
		if !c.Hidden {
			out = append(out, i)
		}
	}
	return out
}

// defaultOf returns the DEFAULT of column i of r, or NULL, as the column's type.
func (b *binder) defaultOf(r *catalog.Relation, i int) (*plan.Expr, error) {
	c := r.Columns[i]
	if c.Default == "" && c.Sequence != 0 {
		return b.coerceColumn(nextValue(c.Sequence), c.Name, c.Type, 0)
	}
	if c.Default == "" {
		return plan.Const(c.Type, types.NullDatum), nil
	}
	e, err := parse.ParseExpr(c.Default)
	if err != nil {
		return nil, err
	}
	return b.bindDefault(e, c)
}

// PlanDefaults returns the default of each stored column of r, as the column's type.
func PlanDefaults(r *catalog.Relation, env *Env) ([]*plan.Expr, error) {
	b := newBinder(env)
	out := make([]*plan.Expr, len(r.Columns))
	for i := range r.Columns {
		x, err := b.defaultOf(r, i)
		if err != nil {
			return nil, err
		}
		out[i] = simplify(x)
	}
	return out, nil
}

// bindDefault binds a DEFAULT expression, which refers to nothing. Places in its text are none of the statement's.
func (b *binder) bindDefault(e ast.Expr, c catalog.Column) (*plan.Expr, error) {
	x, err := b.bindExpr(e, &exprContext{scope: &scope{}, clause: "DEFAULT expressions"})
	if err != nil {
		return nil, err
	}
	if x, err = b.coerceColumn(x, c.Name, c.Type, e.Position()); err != nil {
		return nil, err
	}
	return mapExpr(x, withoutPosition), nil
}

// withoutPosition copies the tree of e without places in the text.
func withoutPosition(e *plan.Expr) *plan.Expr {
	c := *e
	c.Pos = 0
	c.Args = mapList(e.Args, withoutPosition)
	return &c
}

// returning binds RETURNING over the rows of s. Nil without items.
func (b *binder) returning(items []ast.SelectItem, s *scope) ([]*plan.Expr, []plan.Field, error) {
	if len(items) == 0 {
		return nil, nil, nil
	}
	s.ctes = b.ctes
	sb := &selectBinder{binder: b, sel: &ast.Select{Items: items}, scope: s}
	if err := sb.listIn(&exprContext{scope: s, clause: "RETURNING"}, nil); err != nil {
		return nil, nil, err
	}
	var exprs []*plan.Expr
	for _, c := range sb.out {
		exprs = append(exprs, simplify(c.expr))
	}
	return exprs, (&bound{columns: sb.out}).fields(), nil
}
