package planner

import (
	"fmt"
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/parse"
	"github.com/millracedb/millrace/sql/pgerr"
)

// updatable is a plain view as the target of a statement: the rows of base that meet pred, seen as exprs. It is what PostgreSQL calls
// automatically updatable (CREATE VIEW, "Updatable Views"): one relation and nothing that would take rows together.
type updatable struct {
	view  *catalog.Relation
	base  *catalog.Relation
	exprs []*plan.Expr // a view's column each, over base's stored columns
	pred  *plan.Expr   // nil: all rows
}

// viewTarget makes the plain view r what the statement writes to. Errors: 55000 if it is not of that kind.
func (b *binder) viewTarget(r *catalog.Relation, n ast.Name, w write) (*catalog.Relation, error) {
	if err := b.access(r, w.privilege()); err != nil {
		return nil, err
	}
	q, err := viewQuery(r)
	if err != nil {
		return nil, err
	}
	if detail := notUpdatable(q); detail != "" {
		return nil, errNotUpdatable(r, w, detail)
	}
	item, err := b.bindView(r, r.Name, nil)
	if err != nil {
		return nil, err
	}
	u := &updatable{view: r}
	switch detail := takesTogether(item.node); {
	case detail != "":
		return nil, errNotUpdatable(r, w, detail)
	case !readsOne(q) || !u.flatten(item.node):
		return nil, errNotUpdatable(r, w, "Views that do not select from a single table or view are not automatically updatable.")
	case w != writeDelete && !slices.ContainsFunc(u.exprs, isStored):
		return nil, errNotUpdatable(r, w, "Views that have no updatable columns are not automatically updatable.")
	}
	view := b.view
	b.view = r // what is below is done with the rights of its owner
	base, err := b.writable(u.base, n, w)
	b.view, b.updatable = view, u
	return base, err
}

// flatten puts together what the nodes of a view do to the rows of one relation; false if they do more.
func (u *updatable) flatten(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		u.base = n.Relation
		for _, c := range n.Columns {
			if c < len(u.base.Columns) {
				u.exprs = append(u.exprs, plan.Column(c, u.base.Columns[c].Type))
			} else {
				u.exprs = append(u.exprs, nil) // what the log says of a row is not part of it
			}
		}
		return true
	case *plan.Sort:
		return u.flatten(n.Input)
	case *plan.Filter:
		ok := u.flatten(n.Input) && !usesUnstored(n.Pred, u.exprs)
		if ok {
			u.pred = conjunction(append(conjuncts(u.pred), substitute(n.Pred, u.exprs)))
		}
		return ok
	case *plan.Project:
		if !u.flatten(n.Input) {
			return false
		}
		var exprs []*plan.Expr
		for _, e := range n.Exprs {
			if usesUnstored(e, u.exprs) {
				return false
			}
			exprs = append(exprs, substitute(e, u.exprs))
		}
		u.exprs = exprs
		return true
	}
	return false
}

func usesUnstored(e *plan.Expr, exprs []*plan.Expr) bool {
	found := false
	walkExpr(e, func(x *plan.Expr, depth int) {
		found = found || isColumnAt(x, depth) && exprs[x.Column] == nil
	})
	return found
}

func isStored(e *plan.Expr) bool { return e != nil && e.Op == plan.OpColumn }

// viewQuery is the query of a plain view.
func viewQuery(r *catalog.Relation) (*ast.Select, error) {
	parsed, err := parse.ParseOne(r.View.SQL)
	if err != nil {
		return nil, fmt.Errorf("view %q: %w", r.Name, err)
	}
	sel, ok := parsed.Stmt.(*ast.SelectStmt)
	if !ok {
		return nil, fmt.Errorf("BUG: view %q is no query", r.Name)
	}
	return sel.Query, nil
}

// notUpdatable says why a view's query is none that can be written through, in the order in which PostgreSQL asks; "" for what is left
// to its plan.
func notUpdatable(q *ast.Select) string {
	what := ""
	switch {
	case q.Distinct || q.DistinctOn != nil:
		what = "DISTINCT"
	case q.GroupBy != nil:
		what = "GROUP BY"
	case q.Having != nil:
		what = "HAVING"
	case q.SetOp != "":
		what = "UNION, INTERSECT, or EXCEPT"
	case q.With != nil:
		what = "WITH"
	case q.Limit != nil || q.Offset != nil:
		what = "LIMIT or OFFSET"
	default:
		return ""
	}
	return "Views containing " + what + " are not automatically updatable."
}

// readsOne reports whether there is one relation in FROM, by its name.
func readsOne(q *ast.Select) bool {
	if len(q.From) != 1 {
		return false
	}
	_, ok := q.From[0].(*ast.TableRef)
	return ok
}

// markUpdatable notes in v what may be written through a view, for information_schema; q is what its text was bound to.
func markUpdatable(v *catalog.View, text *ast.Select, q *bound) {
	var u updatable
	if notUpdatable(text) != "" || !readsOne(text) || !u.flatten(q.node) || !slices.ContainsFunc(u.exprs, isStored) {
		return
	}
	v.Insertable = (u.base.Kind == catalog.KindTable || u.base.Kind == catalog.KindStream) && u.base.Query == nil && u.base.Source == nil
	v.Updatable = v.Insertable && u.base.Kind == catalog.KindTable
}

// takesTogether says which of the things that a select list may do makes the plan what it is; "" for none.
func takesTogether(n plan.Node) string {
	switch n := n.(type) {
	case *plan.Project:
		return takesTogether(n.Input)
	case *plan.Sort:
		return takesTogether(n.Input)
	case *plan.Aggregate:
		return "Views that return aggregate functions are not automatically updatable."
	case *plan.Window:
		return "Views that return window functions are not automatically updatable."
	}
	return ""
}

// errNotUpdatable is PostgreSQL's answer to a statement on a view of another kind.
func errNotUpdatable(r *catalog.Relation, w write, detail string) error {
	word, event := map[write]string{writeInsert: "inserting into", writeUpdate: "updating", writeDelete: "deleting from"}[w],
		map[write]string{writeInsert: "INSERT", writeUpdate: "UPDATE", writeDelete: "DELETE"}[w]
	return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "cannot %s view %q", w, r.Name).WithDetail("%s", detail).
		WithHint("To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional ON %s DO INSTEAD rule.", word, event, event)
}

// targetScope is scopeOf for the target of the statement, by the names of the view if that is one.
func (b *binder) targetScope(r *catalog.Relation, alias string) *scope {
	u := b.updatable
	if u == nil {
		return scopeOf(r, alias)
	}
	if alias == "" {
		alias = u.view.Name
	}
	item := &fromItem{tables: []scopeTable{{schema: u.view.Schema, name: alias, relation: u.view}}}
	u.name(item, alias)
	return &scope{columns: item.columns, tables: item.tables}
}

// name gives item the columns of the view.
func (u *updatable) name(item *fromItem, alias string) {
	item.columns = nil
	item.addColumns(u.view.Schema, alias, u.view.Columns)
	for i := range item.columns {
		item.columns[i].expr = u.exprs[i]
		item.columns[i].origin = origin{relation: u.view, attribute: int16(i + 1)}
	}
}

// targetItem is the target as an item of FROM: its rows, and the names for them.
func (b *binder) targetItem(r *catalog.Relation, alias string) *fromItem {
	item := scanRelation(r, alias)
	item.node.(*plan.Scan).Mark = plan.TargetMark
	u := b.updatable
	if u == nil {
		return item
	}
	item.tables = []scopeTable{{schema: u.view.Schema, name: alias, relation: u.view}}
	u.name(item, alias)
	if u.pred != nil {
		item.node = &plan.Filter{Input: item.node, Pred: u.pred}
	}
	return item
}

// targetColumn is columnIndex for the target of the statement. Error: 0A000 for a column of a view that is none of its base's.
func (b *binder) targetColumn(r *catalog.Relation, name string, pos int, w write) (int, error) {
	u := b.updatable
	if u == nil {
		return columnIndex(r, name, pos)
	}
	i, err := columnIndex(u.view, name, pos)
	if err != nil {
		return 0, err
	}
	return u.column(i, w, pos)
}

func (u *updatable) column(i int, w write, pos int) (int, error) {
	if isStored(u.exprs[i]) {
		return u.exprs[i].Column, nil
	}
	verb := map[write]string{writeInsert: "insert into", writeUpdate: "update"}[w]
	return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot %s column %q of view %q", verb, u.view.Columns[i].Name, u.view.Name).
		WithDetail("View columns that are not columns of their base relation are not updatable.").At(pos)
}

// targetColumns is visibleColumns for the target; of a view those of its first n columns.
func (b *binder) targetColumns(r *catalog.Relation, n int) ([]int, error) {
	u := b.updatable
	if u == nil {
		return visibleColumns(r), nil
	}
	var out []int
	for i := range u.view.Columns {
		if i >= n {
			break
		}
		c, err := u.column(i, writeInsert, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
