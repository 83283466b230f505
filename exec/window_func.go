package exec

import (
	"context"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// windowFunc appends to out the values of c for all rows of p.
type windowFunc func(ctx context.Context, p *windowPartition, c *windowCall, out *types.Vector) error

// windowFuncs are the window functions that are no aggregates, by name.
var windowFuncs = map[string]windowFunc{
	"row_number": ranking(func(_ *windowPartition, i int) types.Datum { return types.IntDatum(int64(i + 1)) }),
	"rank":       ranking(func(p *windowPartition, i int) types.Datum { return types.IntDatum(int64(p.starts[p.group[i]] + 1)) }),
	"dense_rank": ranking(func(p *windowPartition, i int) types.Datum { return types.IntDatum(int64(p.group[i] + 1)) }),
	"percent_rank": ranking(func(p *windowPartition, i int) types.Datum {
		if len(p.rows) == 1 {
			return types.FloatDatum(0)
		}
		return types.FloatDatum(float64(p.starts[p.group[i]]) / float64(len(p.rows)-1))
	}),
	"cume_dist": ranking(func(p *windowPartition, i int) types.Datum {
		return types.FloatDatum(float64(p.starts[p.group[i]+1]) / float64(len(p.rows)))
	}),
	"ntile": ntile,
	"lag": func(_ context.Context, p *windowPartition, c *windowCall, out *types.Vector) error {
		return shifted(p, c, out, -1)
	},
	"lead": func(_ context.Context, p *windowPartition, c *windowCall, out *types.Vector) error {
		return shifted(p, c, out, 1)
	},
	"first_value": nthValue,
	"last_value":  nthValue,
	"nth_value":   nthValue,
}

// ranking is a function of a row's place.
func ranking(value func(p *windowPartition, i int) types.Datum) windowFunc {
	return func(_ context.Context, p *windowPartition, _ *windowCall, out *types.Vector) error {
		for i := range p.rows {
			out.Append(value(p, i))
		}
		return nil
	}
}

// ntile deals the rows into as many buckets as its argument says in the first row, the larger ones first.
func ntile(_ context.Context, p *windowPartition, c *windowCall, out *types.Vector) error {
	d := c.values[0].Datum(p.rows[0])
	if !d.Null && d.Int <= 0 {
		return pgerr.New(pgerr.InvalidArgumentForNtile, "argument of ntile must be greater than zero")
	}
	n := int64(len(p.rows))
	for i := range n {
		if d.Null {
			out.Append(d)
			continue
		}
		size, larger := n/d.Int, n%d.Int
		if i < larger*(size+1) {
			out.Append(types.IntDatum(i/(size+1) + 1))
		} else {
			out.Append(types.IntDatum(larger + (i-larger*(size+1))/size + 1))
		}
	}
	return nil
}

// shifted is lag (sign -1) and lead (sign 1).
func shifted(p *windowPartition, c *windowCall, out *types.Vector, sign int64) error {
	for i, row := range p.rows {
		by := int64(1)
		if len(c.values) > 1 {
			if c.values[1].IsNull(row) {
				out.Append(types.NullDatum)
				continue
			}
			by = c.values[1].Int[row]
		}
		switch at := int64(i) + sign*by; {
		case at >= 0 && at < int64(len(p.rows)):
			out.AppendFrom(c.values[0], p.rows[at])
		case len(c.values) > 2:
			out.AppendFrom(c.values[2], row)
		default:
			out.Append(types.NullDatum)
		}
	}
	return nil
}

// nthValue is first_value, last_value and nth_value.
func nthValue(ctx context.Context, p *windowPartition, c *windowCall, out *types.Vector) error {
	for i, row := range p.rows {
		n := int64(1)
		if c.spec.Func == "nth_value" {
			d := c.values[1].Datum(row)
			if d.Null {
				out.Append(d)
				continue
			}
			if n = d.Int; n <= 0 {
				return pgerr.New(pgerr.InvalidArgumentForNthValue, "argument of nth_value must be greater than zero")
			}
		}
		spans := p.spans(c, i)
		if c.spec.Func == "last_value" {
			n = 0
			for _, s := range spans {
				n += int64(s.to - s.from)
			}
		}
		if at := nthOf(spans, n); at >= 0 {
			out.AppendFrom(c.values[0], p.rows[at])
		} else {
			out.Append(types.NullDatum)
		}
	}
	return ctx.Err()
}

// nthOf returns row n, from 1, of spans, or -1.
func nthOf(spans []span, n int64) int {
	for _, s := range spans {
		if size := int64(s.to - s.from); n > size {
			n -= size
		} else if n > 0 {
			return s.from + int(n) - 1
		}
	}
	return -1
}

// aggregateWindow is an aggregate over each row's frame. Frames of neighbours differ by a few rows: these are added, and
// taken away if the aggregate can; where it cannot, or rows are excluded, a frame that lost rows is computed anew.
func aggregateWindow(ctx context.Context, p *windowPartition, c *windowCall, out *types.Vector) error {
	a := &frameAggregate{p: p, c: c, invertible: expr.Invertible(c.spec.Func)}
	if err := a.reset(); err != nil {
		return err
	}
	for i := range p.rows {
		if i%BatchRows == 0 || a.restarted {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		if err := a.moveTo(p.spans(c, i)); err != nil {
			return err
		}
		d, err := a.result()
		if err != nil {
			return err
		}
		out.Append(d)
	}
	return nil
}

// frameAggregate is an aggregate over a frame that moves.
type frameAggregate struct {
	p          *windowPartition
	c          *windowCall
	invertible bool
	restarted  bool
	state      expr.Aggregate
	join       expr.Ordered // instead of state, for an ordered aggregate
	has        span         // what is in state
	value      *types.Datum
}

func (a *frameAggregate) reset() error {
	spec := a.c.spec
	agg := plan.Agg{Func: spec.Func, Type: spec.Type, Args: spec.Args}
	a.has, a.value, a.restarted = span{}, nil, true
	if a.join = expr.NewOrdered(agg); a.join != nil {
		a.invertible = false
		return nil
	}
	var err error
	a.state, err = expr.NewAggregate(agg)
	return err
}

// moveTo makes the state that of spans.
func (a *frameAggregate) moveTo(spans []span) error {
	if len(spans) != 1 {
		return a.anew(spans)
	}
	s := spans[0]
	switch {
	case s.from == s.to:
		s = span{a.has.to, a.has.to} // an empty frame has no place
		if a.has.from == a.has.to {
			return nil
		}
	case s.from < a.has.from || s.to < a.has.to:
		return a.anew(spans)
	}
	if s.from > a.has.from && (!a.invertible || s.from >= a.has.to) {
		return a.anew([]span{s})
	}
	a.restarted = false
	if err := a.add(span{a.has.from, s.from}, -1); err != nil {
		return err
	}
	if err := a.add(span{a.has.to, s.to}, 1); err != nil {
		return err
	}
	a.has = s
	return nil
}

func (a *frameAggregate) anew(spans []span) error {
	if err := a.reset(); err != nil {
		return err
	}
	for _, s := range spans {
		if err := a.add(s, 1); err != nil {
			return err
		}
	}
	if len(spans) == 1 {
		a.has = spans[0]
	}
	return nil
}

func (a *frameAggregate) add(s span, diff int64) error {
	var arg *types.Vector
	if len(a.c.values) > 0 {
		arg = a.c.values[0]
	}
	for i := s.from; i < s.to; i++ {
		row := a.p.rows[i]
		if a.c.passes != nil && !a.c.passes[row] {
			continue
		}
		a.value = nil
		if a.join != nil {
			if _, err := a.join.AddRow(a.c.values, row); err != nil {
				return err
			}
		} else if err := a.state.Add(arg, row, diff); err != nil {
			return err
		}
	}
	return nil
}

// result returns the aggregate's value; it is computed once for peers.
func (a *frameAggregate) result() (types.Datum, error) {
	if a.value == nil {
		d, err := a.compute()
		if err != nil {
			return d, err
		}
		a.value = &d
	}
	return *a.value, nil
}

func (a *frameAggregate) compute() (types.Datum, error) {
	if a.join != nil {
		return a.join.Result()
	}
	return a.state.Result()
}
