package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// funcScan gives the rows of set-returning functions side by side. It holds no more than a batch beside what the functions do.
type funcScan struct {
	node  *plan.FuncScan
	env   *Env
	calls []expr.Rows // made at the first Next
	given int64
}

func (f *funcScan) Next(ctx context.Context) (*types.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.calls == nil {
		if err := f.start(ctx); err != nil {
			return nil, err
		}
	}
	b := types.NewBatch(f.node.Types(), 0)
	at := 0
	for i, c := range f.node.Calls {
		cols := b.Cols[at : at+len(c.Types)]
		at += len(c.Types)
		for n := BatchRows; n > 0; {
			got, err := f.calls[i].Next(cols, n)
			if err != nil {
				return nil, err
			}
			if n -= got; got == 0 {
				break
			}
		}
		b.Len = max(b.Len, cols[0].Len())
	}
	if b.Len == 0 {
		return nil, nil
	}
	for _, v := range b.Cols[:at] {
		for v.Len() < b.Len {
			v.Append(types.NullDatum)
		}
	}
	if f.node.Ordinality {
		for range b.Len {
			f.given++
			b.Cols[at].Append(types.IntDatum(f.given))
		}
	}
	return b, nil
}

// start evaluates the arguments.
func (f *funcScan) start(ctx context.Context) error {
	for _, c := range f.node.Calls {
		args := make([]types.Datum, len(c.Args))
		for i, x := range c.Args {
			var err error
			if args[i], err = f.env.evalOne(ctx, x); err != nil {
				return err
			}
		}
		rows, err := expr.NewRows(f.env.context(ctx), c, args)
		if err != nil {
			return err
		}
		f.calls = append(f.calls, rows)
	}
	return nil
}

func (f *funcScan) Close() { f.calls = nil }
