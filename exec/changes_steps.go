package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// changeStep is a filter or a projection of EMIT CHANGES. Unlike in a view an expression that fails ends the query: a
// client is there to be told.
type changeStep struct {
	filter  *expr.Compiled
	project []*expr.Compiled
}

func compileSteps(steps []plan.Step, env *Env) ([]changeStep, error) {
	out := make([]changeStep, len(steps))
	for i, s := range steps {
		var err error
		if s.Filter != nil {
			out[i].filter, err = env.compile(s.Filter)
		} else {
			out[i].project, err = env.compileAll(s.Project)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// run takes b through the steps and returns what is left, and for each row of it its place in b.
func (c *Changes) run(ctx context.Context, b *types.Batch) (*types.Batch, []int, error) {
	places := numbers(b.Len)
	for _, s := range c.steps {
		if s.filter == nil {
			cols, err := c.env.evalAll(ctx, s.project, b)
			if err != nil {
				return nil, nil, err
			}
			b = &types.Batch{Cols: cols, Len: b.Len}
			continue
		}
		rows, err := c.env.evalRows(ctx, s.filter, b)
		if err != nil {
			return nil, nil, err
		}
		if len(rows) == b.Len {
			continue
		}
		b = b.Gather(rows)
		for i, r := range rows {
			places[i] = places[r]
		}
		places = places[:len(rows)]
	}
	return b, places, nil
}
