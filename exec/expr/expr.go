// Package expr evaluates bound expressions over columnar batches, one vector at a time, and holds the states of
// aggregates. Each signature of sql/funcs has its loop here. It reads no storage; subqueries come through a hook.
package expr

import (
	"context"
	"fmt"
	"time"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// Context is what an evaluation depends on beside the rows. It is only read; one may serve several goroutines.
type Context struct {
	Params     []types.Datum
	ParamTypes []types.Type
	// Outer holds the rows of the enclosing queries, the innermost first.
	Outer    [][]types.Datum
	Location *time.Location
	// Names tells labels of enums, as the catalog has them at the time.
	Names types.Names
	// Now is the time at which the statement's transaction began.
	Now time.Time
	// User is current_user, SessionUser session_user.
	User, SessionUser, Database string
	BackendPID                  int32
	Catalog                     *catalog.Catalog
	// Settings returns the value of a setting of the session; "" if there is none.
	Settings func(name string) string
	// Subquery runs q for one row of the enclosing query.
	Subquery func(c *Context, q *plan.Query, outer []types.Datum) (*types.Batch, error)
	// Sequences gives values of sequences; nil where a statement may have none.
	Sequences Sequences
	// Backend is the session's locks and the other sessions; nil where a statement may have none. Interrupt ends when the
	// statement is to end; nil: never.
	Backend   Backend
	Interrupt context.Context
	// OnError decides about a row for which the evaluation fails. nil: the first failing row's error ends it. Otherwise it
	// is called for each failing row (of the batch given to Eval, maybe more than once); if it returns nil the row's value
	// is NULL and the evaluation goes on.
	OnError func(row int, err error) error
}

// Scope is what texts of values depend on.
func (c *Context) Scope() types.Scope { return types.Scope{Zone: c.Location, Names: c.Names} }

// setting returns the value of a setting of the session, "" if there is none.
func (c *Context) setting(name string) string {
	if c.Settings == nil {
		return ""
	}
	return c.Settings(name)
}

// Compiled is an expression ready to be evaluated. It is immutable, and safe for concurrent use.
type Compiled struct {
	node node
	t    types.Type
}

// Eval returns the expression's value for each row of b. The result may alias b, and must not be changed.
func (e *Compiled) Eval(c *Context, b *types.Batch) (*types.Vector, error) {
	v, err := e.node.eval(&evaluation{Context: c}, b)
	if err != nil {
		return nil, err
	}
	return retyped(v.spread(b.Len), e.t), nil
}

// retyped returns v as a vector of type t, of the same class.
func retyped(v *types.Vector, t types.Type) *types.Vector {
	if v.Type == t {
		return v
	}
	header := *v
	header.Type = t
	return &header
}

// evaluation is one call of Eval, over all rows or over some.
type evaluation struct {
	*Context
	rows []int // the numbers of the rows in the batch given to Eval; nil: all, in order
}

// fail reports the failure of a row: nil means that the row's value is NULL.
func (ev *evaluation) fail(row int, err error) error {
	if ev.OnError == nil {
		return err
	}
	if ev.rows != nil {
		row = ev.rows[row]
	}
	return ev.OnError(row, err)
}

// forRows returns the evaluation over some rows of the present batch.
func (ev *evaluation) forRows(rows []int) *evaluation {
	sub := &evaluation{Context: ev.Context, rows: rows}
	if ev.OnError == nil || ev.rows == nil {
		return sub
	}
	sub.rows = make([]int, len(rows))
	for i, r := range rows {
		sub.rows[i] = ev.rows[r]
	}
	return sub
}

// node evaluates one expression over all rows of a batch.
type node interface {
	eval(ev *evaluation, b *types.Batch) (column, error)
}

// column is the value of an expression: a vector with a value for each row, or with one value that stands for all.
type column struct {
	*types.Vector
	mask int // row i has value i & mask: -1, or 0 for one value
}

func perRow(v *types.Vector) column { return column{v, -1} }

func constant(t types.Type, d types.Datum) column { return column{types.ConstVector(t, d, 1), 0} }

// at returns the place of row i's value.
func (c column) at(i int) int { return i & c.mask }

func (c column) isConst() bool { return c.mask == 0 }

// null reports whether row i is NULL.
func (c column) null(i int) bool { return c.Nulls != nil && c.Nulls[i&c.mask] }

// spread returns a vector with n values.
func (c column) spread(n int) *types.Vector {
	if !c.isConst() {
		return c.Vector
	}
	return types.ConstVector(c.Type, c.Datum(0), n)
}

// Compile prepares e. An error is a bug of the planner, or a plan of a newer version.
func Compile(e *plan.Expr) (*Compiled, error) {
	n, err := compile(e)
	if err != nil {
		return nil, err
	}
	return &Compiled{n, e.Type}, nil
}

// CompileAll prepares several expressions.
func CompileAll(es []*plan.Expr) ([]*Compiled, error) {
	out := make([]*Compiled, len(es))
	for i, e := range es {
		var err error
		if out[i], err = Compile(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func compile(e *plan.Expr) (node, error) {
	switch e.Op {
	case plan.OpConst:
		return constNode{constant(e.Type, *e.Value)}, nil
	case plan.OpColumn:
		return columnNode(e.Column), nil
	case plan.OpOuter:
		return outerNode{e.Type, e.Depth, e.Column}, nil
	case plan.OpParam:
		return paramNode{e.Type, e.Column}, nil
	}
	args, err := compileArgs(e.Args)
	if err != nil {
		return nil, err
	}
	switch e.Op {
	case plan.OpCall:
		return compileCall(e, args)
	case plan.OpAnd:
		return logicNode{args, 0}, nil
	case plan.OpOr:
		return logicNode{args, 1}, nil
	case plan.OpNot:
		return notNode{args[0].node}, nil
	case plan.OpIsNull:
		return isNullNode{args[0].node}, nil
	case plan.OpCase:
		return caseNode{e.Type, args}, nil
	case plan.OpCoalesce:
		return coalesceNode{e.Type, args}, nil
	case plan.OpDistinct:
		return distinctNode{args[0].node, args[1].node}, nil
	case plan.OpIn:
		return compileIn(e, args), nil
	case plan.OpAny, plan.OpAll:
		return compileQuantified(e, args)
	case plan.OpSubquery, plan.OpExists, plan.OpInQuery, plan.OpArrayQuery:
		return subqueryNode{e, args}, nil
	}
	return nil, fmt.Errorf("BUG: no evaluation of %q", e.Op)
}

type constNode struct{ value column }

func (n constNode) eval(*evaluation, *types.Batch) (column, error) { return n.value, nil }

type columnNode int

func (n columnNode) eval(_ *evaluation, b *types.Batch) (column, error) {
	return perRow(b.Cols[n]), nil
}

type outerNode struct {
	t             types.Type
	depth, column int
}

func (n outerNode) eval(ev *evaluation, _ *types.Batch) (column, error) {
	return constant(n.t, ev.Outer[n.depth-1][n.column]), nil
}

type paramNode struct {
	t types.Type
	i int
}

func (n paramNode) eval(ev *evaluation, _ *types.Batch) (column, error) {
	return constant(n.t, ev.Params[n.i]), nil
}
