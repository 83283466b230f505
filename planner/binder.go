package planner

import (
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
	scanned bool              // one of reads stands in a FROM
	view    *catalog.Relation // whose text is being bound, nil: the statement's own
	named   relations         // that the statement's own text names
	through relations         // plain views that were put in
	queries int               // bound so far, against maxQueries
	level   int               // of the query that is being bound: how many queries are around it
	steps   int               // recursive terms that are being bound, one in another
	// updatable is the plain view that is the target of the statement, nil if it is none.
	updatable *updatable
	ctes      *cte // of a WITH clause before INSERT, UPDATE or DELETE
	// rowsOf are the columns of the queries that UPDATE assigns from, several at once.
	rowsOf map[*ast.Subquery][]*plan.Expr
	lastID int // plan.Recursive.ID given
	depth  int // of expressions and queries, against maxDepth
	// lazy says that refusals may wait until the plan is there: see refuse.go.
	lazy bool
	// clock: texts such as 'today' may be read, as the statement is not kept.
	clock bool
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
	ctes, err := declare(sel, ctes, parent)
	if err != nil {
		return nil, err
	}
	defer b.enterLevel(parent)()
	if err := checkLocking(sel); err != nil {
		return nil, err
	}
	q, err := b.bindBody(sel, parent, ctes, targets)
	if err != nil {
		return nil, err
	}
	return q, b.bindUnused(ctes, len(sel.With))
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
	case sel.Emit != "":
		return pgerr.New(pgerr.FeatureNotSupported, "EMIT is only allowed at the end of a whole query").At(sel.EmitPos)
	}
	return nil
}

// retitle gives all columns another table name.
func (f *fromItem) retitle(name string) {
	f.tables = []scopeTable{{name: name}}
	for i := range f.columns {
		f.columns[i].table = name
	}
}
