package exec

import (
	"context"
	"math"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// Env is what one execution of one statement works with. It is for one goroutine, and for one execution: the results of
// uncorrelated subqueries and the memory in use are kept in it.
type Env struct {
	// Reader is the snapshot; it must cover the relations read and, for DML on a table, the one written. It is not closed
	// here. It may be nil if no relation is read.
	Reader Reader
	// Expr is the template of the context in which expressions are evaluated: parameters, time zone, now().
	Expr    expr.Context
	Catalog *catalog.Catalog
	// System gives the rows of a system relation, all its columns.
	System func(schema, name string) ([][]types.Datum, error)
	// Undecodable, if not nil, is told of each record of a stream that is passed over because it does not decode.
	Undecodable func(Undecodable)
	// MemoryBytes bounds what the statement may hold, as estimated; 0 means DefaultMemoryBytes.
	MemoryBytes int64
	// WorkMemBytes is what it may hold before operators that can use the disk instead, if Temp is not nil; 0: half of MemoryBytes.
	WorkMemBytes int64
	Temp         Temp
	Locking      Locking
	// References, if not nil, takes what of foreign keys is left to be looked at after the statement. Without it foreign keys from a table to
	// itself hold only if what is referred to was there before, and nothing is done about rows that refer to those that go.
	References *References

	run *run
	// pinned are rows that scans, by their marks, give instead of what they read.
	pinned map[int]pinnedRow
	// part is what a worker reads of the relation that is divided, joined the tables that it joins with, which it does not change.
	part   *scanPart
	joined map[*plan.Join]joinTable
	// keeps: in a recursive term, joined keeps tables from one run to the next.
	keeps bool
}

// run is the state of one execution; subqueries share it with the statement.
type run struct {
	memory   *memory
	compiled map[*plan.Expr]*expr.Compiled
	// results of subqueries that do not depend on the row outside, and which do.
	results    map[*plan.Query]*types.Batch
	correlated map[*plan.Query]bool
	// work are the rows that came last, by plan.Recursive.ID; items the rows of WITH items that are read in several places.
	work  map[int]*types.Batch
	items map[*plan.Item]*itemRows
	// rooted: the statement's operators are built; what is built from now on is for subqueries.
	rooted bool
}

// begin makes the state of the execution, once.
func (e *Env) begin() {
	if e.run != nil {
		return
	}
	limit := e.MemoryBytes
	if limit <= 0 {
		limit = DefaultMemoryBytes
	}
	soft := limit / 2
	switch {
	case e.Temp == nil:
		soft = math.MaxInt64
	case e.WorkMemBytes > 0:
		soft = min(e.WorkMemBytes, limit-limit/4) // the rest is for what cannot use the disk
	}
	e.run = newRun(&memory{limit: limit, soft: soft})
}

func newRun(m *memory) *run {
	return &run{
		memory:     m,
		compiled:   map[*plan.Expr]*expr.Compiled{},
		results:    map[*plan.Query]*types.Batch{},
		correlated: map[*plan.Query]bool{},
		work:       map[int]*types.Batch{},
		items:      map[*plan.Item]*itemRows{},
	}
}

// compile returns the loop of x. A subquery that is built for each row outside is compiled once.
func (e *Env) compile(x *plan.Expr) (*expr.Compiled, error) {
	if c := e.run.compiled[x]; c != nil {
		return c, nil
	}
	c, err := expr.Compile(x)
	if err == nil {
		e.run.compiled[x] = c
	}
	return c, err
}

func (e *Env) compileAll(xs []*plan.Expr) ([]*expr.Compiled, error) {
	out := make([]*expr.Compiled, len(xs))
	for i, x := range xs {
		c, err := e.compile(x)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// context returns the context of an evaluation; its subqueries run under ctx.
func (e *Env) context(ctx context.Context) *expr.Context {
	c := e.Expr
	if c.Catalog == nil {
		c.Catalog = e.Catalog
	}
	c.Interrupt = ctx
	c.Subquery = func(c *expr.Context, q *plan.Query, outer []types.Datum) (*types.Batch, error) {
		return e.subquery(ctx, c, q, outer)
	}
	return &c
}

// evalAll evaluates all of cs over b.
func (e *Env) evalAll(ctx context.Context, cs []*expr.Compiled, b *types.Batch) ([]*types.Vector, error) {
	if len(cs) == 0 {
		return nil, nil
	}
	c := e.context(ctx)
	out := make([]*types.Vector, len(cs))
	for i, x := range cs {
		v, err := x.Eval(c, b)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// evalRows returns the rows of b for which the predicate is true.
func (e *Env) evalRows(ctx context.Context, pred *expr.Compiled, b *types.Batch) ([]int, error) {
	v, err := pred.Eval(e.context(ctx), b)
	if err != nil {
		return nil, err
	}
	rows := make([]int, 0, b.Len)
	for i := range b.Len {
		if v.Int[i] != 0 && !v.IsNull(i) {
			rows = append(rows, i)
		}
	}
	return rows, nil
}

// Evaluate evaluates an expression without columns for each of n rows.
func (e *Env) Evaluate(ctx context.Context, x *plan.Expr, n int) (*types.Vector, error) {
	e.begin()
	c, err := e.compile(x)
	if err != nil {
		return nil, err
	}
	return c.Eval(e.context(ctx), &types.Batch{Len: n})
}

// evalOne evaluates an expression without columns.
func (e *Env) evalOne(ctx context.Context, x *plan.Expr) (types.Datum, error) {
	switch {
	case x.Op == plan.OpConst:
		return *x.Value, nil
	case x.Op == plan.OpParam && x.Column < len(e.Expr.Params):
		return e.Expr.Params[x.Column], nil
	}
	c, err := e.compile(x)
	if err != nil {
		return types.Datum{}, err
	}
	v, err := c.Eval(e.context(ctx), &types.Batch{Len: 1})
	if err != nil {
		return types.Datum{}, err
	}
	return v.Datum(0), nil
}
