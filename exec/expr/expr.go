// Package expr evaluates bound expressions over columnar batches, one vector at a time, and holds the states of
// aggregates. Each signature of sql/funcs has its loop here. It reads no storage; subqueries come through a hook.
package expr

import (
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
	// Now is the time at which the statement's transaction began.
	Now            time.Time
	User, Database string
	BackendPID     int32
	Catalog        *catalog.Catalog
	// Settings returns the value of a setting of the session; "" if there is none.
	Settings func(name string) string
	// Subquery runs q for one row of the enclosing query.
	Subquery func(c *Context, q *plan.Query, outer []types.Datum) (*types.Batch, error)
	// OnError decides about a row for which the evaluation fails. nil: the first failing row's error ends it. Otherwise it
	// is called for each failing row (of the batch given to Eval); if it returns nil the row's value is NULL and the
	// evaluation goes on.
	OnError func(row int, err error) error
}

// fail reports the failure of a row: nil means that the row's value is NULL.
func (c *Context) fail(row int, err error) error {
	if c.OnError == nil {
		return err
	}
	return c.OnError(row, err)
}

// forRows returns c for the evaluation of a batch gathered from the given rows: failing rows are reported by their
// number in the batch that they came from.
func (c *Context) forRows(rows []int) *Context {
	if c.OnError == nil {
		return c
	}
	sub := *c
	sub.OnError = func(row int, err error) error { return c.OnError(rows[row], err) }
	return &sub
}

// Compiled is an expression ready to be evaluated. It is immutable.
type Compiled struct{ node node }

// node evaluates one expression over all rows of a batch.
type node interface {
	eval(c *Context, b *types.Batch) (*types.Vector, error)
}

// Eval returns the expression's value for each row of b. The result may alias b, and must not be changed.
func (e *Compiled) Eval(c *Context, b *types.Batch) (*types.Vector, error) { return e.node.eval(c, b) }

// Compile prepares e. An error is a bug of the planner, or a plan of a newer version.
func Compile(e *plan.Expr) (*Compiled, error) {
	n, err := compile(e)
	if err != nil {
		return nil, err
	}
	return &Compiled{n}, nil
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
	args := make([]node, len(e.Args))
	for i, a := range e.Args {
		var err error
		if args[i], err = compile(a); err != nil {
			return nil, err
		}
	}
	switch e.Op {
	case plan.OpConst:
		return constNode{e.Type, *e.Value}, nil
	case plan.OpColumn:
		return columnNode(e.Column), nil
	case plan.OpOuter:
		return outerNode{e.Type, e.Depth, e.Column}, nil
	case plan.OpParam:
		return paramNode{e.Type, e.Column}, nil
	case plan.OpCall:
		return compileCall(e, args)
	case plan.OpAnd:
		return logicNode{args, 0}, nil
	case plan.OpOr:
		return logicNode{args, 1}, nil
	case plan.OpNot:
		return notNode{args[0]}, nil
	case plan.OpIsNull:
		return isNullNode{args[0]}, nil
	case plan.OpCase:
		return caseNode{e.Type, args}, nil
	case plan.OpCoalesce:
		return coalesceNode{e.Type, args}, nil
	case plan.OpDistinct:
		return distinctNode{args[0], args[1]}, nil
	case plan.OpIn:
		return inNode{args}, nil
	case plan.OpSubquery, plan.OpExists, plan.OpInQuery:
		return subqueryNode{e, args}, nil
	}
	return nil, fmt.Errorf("BUG: no evaluation of %q", e.Op)
}

type constNode struct {
	t types.Type
	d types.Datum
}

func (n constNode) eval(_ *Context, b *types.Batch) (*types.Vector, error) {
	return types.ConstVector(n.t, n.d, b.Len), nil
}

type columnNode int

func (n columnNode) eval(_ *Context, b *types.Batch) (*types.Vector, error) { return b.Cols[n], nil }

type outerNode struct {
	t             types.Type
	depth, column int
}

func (n outerNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	return types.ConstVector(n.t, c.Outer[n.depth-1][n.column], b.Len), nil
}

type paramNode struct {
	t types.Type
	i int
}

func (n paramNode) eval(c *Context, b *types.Batch) (*types.Vector, error) {
	return types.ConstVector(n.t, c.Params[n.i], b.Len), nil
}
