package exec

import (
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// pipeline runs stateless steps over batches of changes. Multiplicities pass through. A row for which an expression
// fails is left out and reported; as expressions are deterministic, the row that takes it back fails too.
type pipeline struct {
	steps []compiledStep
	ctx   expr.Context
	// failures are the rows left out since they were last taken.
	failures []failure
}

type compiledStep struct {
	filter  *expr.Compiled
	project []*expr.Compiled
	pair    *plan.Pair
}

func compilePipeline(steps []plan.Step, ctx expr.Context) (*pipeline, error) {
	p := &pipeline{ctx: ctx}
	for _, s := range steps {
		var c compiledStep
		var err error
		switch {
		case s.Filter != nil:
			c.filter, err = expr.Compile(s.Filter)
		case s.Pair != nil:
			c.pair = s.Pair
		default:
			c.project, err = expr.CompileAll(s.Project)
		}
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, c)
	}
	return p, nil
}

// run returns the batch after all steps; it may alias b.
func (p *pipeline) run(b *types.Batch) (*types.Batch, error) {
	for _, s := range p.steps {
		if b.Len == 0 && len(s.project) == 0 && s.pair == nil {
			continue
		}
		var err error
		switch {
		case s.filter != nil:
			b, err = p.filter(s.filter, b)
		case s.pair != nil:
			b = pairRows(s.pair, b)
		default:
			b, err = p.project(s.project, b)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

// pairRows pairs each row of b with the constant rows of pair.
func pairRows(pair *plan.Pair, b *types.Batch) *types.Batch {
	n := len(pair.Rows)
	at := make([]int, 0, b.Len*n)
	for i := range b.Len {
		for range n {
			at = append(at, i)
		}
	}
	out := b.Gather(at)
	for c, t := range append(pair.Types[:len(pair.Types):len(pair.Types)], types.Int4) {
		v := types.NewVector(t, len(at))
		for i := range at {
			if c < len(pair.Types) {
				v.Append(pair.Rows[i%n][c])
			} else {
				v.Append(types.IntDatum(int64(i % n)))
			}
		}
		out.Cols = append(out.Cols, v)
	}
	return out
}

func (p *pipeline) filter(pred *expr.Compiled, b *types.Batch) (*types.Batch, error) {
	bad := map[int]bool{}
	v, err := pred.Eval(p.context(b, bad), b)
	if err != nil {
		return nil, err
	}
	rows := make([]int, 0, b.Len)
	for i := range b.Len {
		if !v.IsNull(i) && v.Int[i] != 0 && !bad[i] {
			rows = append(rows, i)
		}
	}
	if len(rows) == b.Len {
		return b, nil
	}
	return b.Gather(rows), nil
}

func (p *pipeline) project(exprs []*expr.Compiled, b *types.Batch) (*types.Batch, error) {
	bad := map[int]bool{}
	ctx := p.context(b, bad)
	out := &types.Batch{Cols: make([]*types.Vector, len(exprs)), Len: b.Len, Diffs: b.Diffs}
	for i, e := range exprs {
		v, err := e.Eval(ctx, b)
		if err != nil {
			return nil, err
		}
		out.Cols[i] = v
	}
	if len(bad) == 0 {
		return out, nil
	}
	return out.Gather(without(b.Len, bad)), nil
}

// context returns the evaluation context that collects failing rows of b in bad.
func (p *pipeline) context(b *types.Batch, bad map[int]bool) *expr.Context {
	ctx := p.ctx
	ctx.OnError = func(row int, err error) error {
		if !bad[row] {
			bad[row] = true
			p.failures = append(p.failures, failure{err: err, diff: b.Diff(row), row: describe(b, row, p.ctx.Scope())})
		}
		return nil
	}
	return &ctx
}

// without returns the numbers below n that are not in bad.
func without(n int, bad map[int]bool) []int {
	rows := make([]int, 0, n-len(bad))
	for i := range n {
		if !bad[i] {
			rows = append(rows, i)
		}
	}
	return rows
}
