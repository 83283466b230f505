package planner

import (
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// binder binds one statement: it turns names and untyped values into plan expressions.
type binder struct {
	env     *Env
	params  params
	reads   relations
	view    *catalog.Relation // whose text is being bound, nil: the statement's own
	named   relations         // that the statement's own text names
	through relations         // plain views that were put in
	queries int               // bound so far, against maxQueries
	depth   int               // of expressions and queries, against maxDepth
	// lazy says that refusals may wait until the plan is there: see refuse.go.
	lazy bool
	// continuous: the query is a view's.
	continuous bool
	refused    []error
	// lockedRefs are views in FROM with the locking clauses that apply to them.
	lockedRefs map[*ast.TableRef][]ast.Locking
	lastMark   int // Scan.Mark given
	locked     int // the strongest of strengths, from 1; 0: no rows are locked
}

func newBinder(env *Env) *binder {
	return &binder{env: env, lastMark: plan.TargetMark, params: params{types: append([]types.Type(nil), env.ParamTypes...)}}
}

// enter counts one level of nesting; leave must follow if it does not fail.
func (b *binder) enter() error {
	if b.depth >= maxDepth {
		return tooComplex("nested levels", maxDepth)
	}
	b.depth++
	return nil
}

func (b *binder) leave() { b.depth-- }

// bound is a bound query: its rows, and what its columns are called.
type bound struct {
	node    plan.Node
	columns []outColumn
}

// outColumn is a column of a query's result. expr is over what lies below while the query is being bound.
type outColumn struct {
	name   string
	expr   *plan.Expr
	origin origin
	hidden bool // computed for ORDER BY only
}

func (q *bound) fields() []plan.Field {
	out := make([]plan.Field, len(q.columns))
	for i, c := range q.columns {
		out[i] = c.origin.field(c.name, c.expr)
	}
	return out
}

// cte is a list of WITH items in scope, the newest first. An item sees those behind it.
type cte struct {
	ast.CTE
	next   *cte
	parent *scope // of the query that has the WITH
	used   bool
}

func (c *cte) find(name string) *cte {
	for ; c != nil; c = c.next {
		if c.Name == name {
			c.used = true
			return c
		}
	}
	return nil
}

// bindQuery binds sel. parent is the scope of the query around it, nil at the top. targets, if not nil, are types
// that untyped literals and parameters of the select list take (INSERT).
func (b *binder) bindQuery(sel *ast.Select, parent *scope, ctes *cte, targets []types.Type) (*bound, error) {
	if b.queries++; b.queries > maxQueries {
		return nil, tooComplex("queries", maxQueries)
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	defer b.leave()
	if err := refuseClauses(sel); err != nil {
		return nil, err
	}
	ctes, err := declare(sel.With, ctes, parent)
	if err != nil {
		return nil, err
	}
	if err := checkLocking(sel); err != nil {
		return nil, err
	}
	q, err := b.bindBody(sel, parent, ctes, targets)
	if err != nil {
		return nil, err
	}
	return q, b.bindUnused(ctes, len(sel.With))
}

// declare puts WITH items before those in scope.
func declare(items []ast.CTE, ctes *cte, parent *scope) (*cte, error) {
	for i, c := range items {
		if slices.ContainsFunc(items[:i], func(o ast.CTE) bool { return o.Name == c.Name }) {
			return nil, pgerr.New(pgerr.DuplicateAlias, "WITH query name %q specified more than once", c.Name).At(c.Pos)
		}
		ctes = &cte{CTE: c, next: ctes, parent: parent}
	}
	return ctes, nil
}

// bindUnused binds those of the first n WITH items that nothing used, for their errors.
func (b *binder) bindUnused(ctes *cte, n int) error {
	for ; n > 0; n-- {
		if !ctes.used {
			if _, err := b.bindQuery(ctes.Query, ctes.parent, ctes.next, nil); err != nil {
				return err
			}
		}
		ctes = ctes.next
	}
	return nil
}

func (b *binder) bindBody(sel *ast.Select, parent *scope, ctes *cte, targets []types.Type) (*bound, error) {
	switch {
	case sel.SetOp != "":
		return b.bindSetOp(sel, parent, ctes)
	case sel.Values != nil:
		return b.bindValues(sel, parent, ctes, targets)
	}
	return b.bindSelect(sel, parent, ctes, targets)
}

// refuseClauses names what no query may have.
func refuseClauses(sel *ast.Select) error {
	switch {
	case sel.Recursive:
		return pgerr.Unsupported("WITH RECURSIVE is").At(sel.Pos)
	case sel.Emit != "":
		return pgerr.New(pgerr.FeatureNotSupported, "EMIT is only allowed at the end of a whole query").At(sel.EmitPos)
	}
	return nil
}

// bindCTE binds the query of a WITH item where it is used: items are inlined.
func (b *binder) bindCTE(c *cte, ref *ast.TableRef) (*fromItem, error) {
	q, err := b.bindQuery(c.Query, c.parent, c.next, nil)
	if err != nil {
		return nil, err
	}
	item := q.item(c.Name)
	if err := item.rename(c.Columns, c.Name, c.Pos); err != nil {
		return nil, err
	}
	if ref.Alias != "" {
		item.retitle(ref.Alias)
	}
	return item, item.rename(ref.Columns, item.tables[0].name, ref.Name.Pos)
}

// retitle gives all columns another table name.
func (f *fromItem) retitle(name string) {
	f.tables = []scopeTable{{name: name}}
	for i := range f.columns {
		f.columns[i].table = name
	}
}
