package planner

import (
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// fromItem is a bound item of FROM: its rows, and the names for them.
type fromItem struct {
	node    plan.Node
	columns []scopeColumn // expressions over node's rows
	tables  []scopeTable
}

// bindFrom binds the comma list of FROM; without one it is a single row without columns. parent is for what the items'
// subqueries may refer to.
func (b *binder) bindFrom(items []ast.TableExpr, parent *scope, ctes *cte) (*fromItem, error) {
	if len(items) == 0 {
		return &fromItem{node: &plan.Values{Rows: [][]*plan.Expr{{}}}}, nil
	}
	var all *fromItem
	for _, item := range items {
		var err error
		if all != nil && isLateral(item) {
			if all, err = b.lateralCross(item, all, parent, ctes); err != nil {
				return nil, err
			}
			continue
		}
		if all != nil && hasLateral(item) {
			if all, err = b.bindJoinBehind(all, item.(*ast.Join), parent, ctes); err != nil {
				return nil, err
			}
			continue
		}
		next, err := b.bindTable(item, parent, ctes)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = next
			continue
		}
		if all, err = crossJoin(all, next); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (b *binder) bindTable(item ast.TableExpr, parent *scope, ctes *cte) (*fromItem, error) {
	switch item := item.(type) {
	case *ast.TableRef:
		return b.bindTableRef(item, ctes)
	case *ast.Derived:
		return b.bindDerived(item, parent, ctes)
	case *ast.Join:
		return b.bindJoin(item, parent, ctes)
	case *ast.FuncTable:
		if isWindowed(item) {
			return b.bindWindowed(item, ctes)
		}
		return b.bindFunctionTable(item, parent, ctes)
	}
	return nil, pgerr.Unsupported("this item of FROM is")
}

// crossJoin pairs all rows of l with all of r.
func crossJoin(l, r *fromItem) (*fromItem, error) {
	for _, t := range r.tables {
		for _, other := range l.tables {
			if other.name == t.name && (other.schema == t.schema || other.relation == nil || t.relation == nil) {
				return nil, pgerr.New(pgerr.DuplicateAlias, "table name %q specified more than once", t.name)
			}
		}
	}
	width := len(l.node.Types())
	out := &fromItem{node: &plan.Join{Kind: plan.JoinInner, Left: l.node, Right: r.node}}
	out.tables = append(append(out.tables, l.tables...), r.tables...)
	for i := len(l.tables); i < len(out.tables); i++ {
		out.tables[i].first += width
	}
	out.columns = append(out.columns, l.columns...)
	for _, c := range r.columns {
		c.expr = shift(c.expr, width)
		out.columns = append(out.columns, c)
	}
	return out, nil
}

func (b *binder) bindTableRef(ref *ast.TableRef, ctes *cte) (*fromItem, error) {
	if len(ref.Name.Parts) == 1 {
		if c := ctes.find(ref.Name.Last()); c != nil {
			return b.bindCTE(c, ref)
		}
	}
	rel, sys, err := b.lookup(ref.Name)
	if err != nil {
		return nil, err
	}
	if rel != nil {
		if err := b.access(rel, catalog.Select); err != nil {
			return nil, err
		}
	}
	name := ref.Alias
	if name == "" {
		name = ref.Name.Last()
	}
	var item *fromItem
	switch {
	case sys != nil:
		item = scanSystem(sys, name)
	case rel.Sequence != nil:
		item = scanSequence(rel, name)
	case rel.View != nil:
		if item, err = b.bindView(rel, name, b.lockedRefs[ref]); err != nil {
			return nil, at(err, ref.Name.Pos)
		}
	default:
		item = scanRelation(rel, name)
		b.reads.add(rel)
		b.scanned = true
	}
	if rel != nil && b.view != nil {
		item.asSeen(rel, b.view.View)
	}
	if ref.Alias != "" {
		item.tables[0].schema = ""
	}
	return item, item.rename(ref.Columns, name, ref.Name.Pos)
}

// scanRelation reads all that r has.
func scanRelation(r *catalog.Relation, name string) *fromItem {
	cols := plan.ScanColumns(r)
	scan := &plan.Scan{Relation: r, Columns: make([]int, len(cols))}
	for i := range cols {
		scan.Columns[i] = i
	}
	item := &fromItem{node: scan, tables: []scopeTable{{schema: r.Schema, name: name, relation: r, scan: scan}}}
	item.addColumns(r.Schema, name, cols)
	for i := range item.columns {
		item.columns[i].origin = origin{relation: r, attribute: int16(i + 1)}
	}
	return item
}

func scanSystem(s *catalog.System, name string) *fromItem {
	positions, ts := make([]int, len(s.Columns)), make([]types.Type, len(s.Columns))
	for i := range s.Columns {
		positions[i], ts[i] = i, s.Columns[i].Type
	}
	item := &fromItem{node: plan.NewSystemScan(s.Schema, s.Name, positions, ts), tables: []scopeTable{{schema: s.Schema, name: name}}}
	item.addColumns(s.Schema, name, s.Columns)
	return item
}

func (f *fromItem) addColumns(schema, table string, cols []catalog.Column) {
	for i, c := range cols {
		f.columns = append(f.columns, scopeColumn{schema: schema, table: table, name: c.Name, expr: plan.Column(i, c.Type), hidden: c.Hidden})
	}
}

// rename applies column aliases to the visible columns.
func (f *fromItem) rename(aliases []string, table string, pos int) error {
	i := 0
	for c := range f.columns {
		if f.columns[c].hidden || i == len(aliases) {
			continue
		}
		f.columns[c].name = aliases[i]
		i++
	}
	if i < len(aliases) {
		return pgerr.New(pgerr.InvalidColumnReference, "table %q has %d columns available but %d columns specified", table, i, len(aliases)).At(pos)
	}
	return nil
}

func (b *binder) bindDerived(d *ast.Derived, parent *scope, ctes *cte) (*fromItem, error) {
	if d.Alias == "" {
		return nil, pgerr.New(pgerr.SyntaxError, "subquery in FROM must have an alias").
			WithHint("For example, FROM (SELECT ...) [AS] foo.").At(d.Pos)
	}
	q, err := b.bindQuery(d.Query, parent, ctes, nil)
	if err != nil {
		return nil, err
	}
	item := q.item(d.Alias)
	return item, item.rename(d.Columns, d.Alias, d.Pos)
}

// item makes a query an item of FROM.
func (q *bound) item(name string) *fromItem {
	item := &fromItem{node: q.node, tables: []scopeTable{{name: name}}}
	for i, f := range q.columns {
		item.columns = append(item.columns, scopeColumn{table: name, name: f.name, expr: plan.Column(i, f.expr.Type), origin: f.origin})
	}
	return item
}
