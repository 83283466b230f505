package exec

import (
	"context"
	"math"
	"sort"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// windowPartition is the rows of one partition in their order. Rows that are equal in the order are peers; the groups of
// peers are numbered.
type windowPartition struct {
	op     *windowOp
	rows   []int // places in the operator's rows
	group  []int // by row: its group
	starts []int // by group: its first row; the last one is behind the end
}

// span is rows [from, to) of a partition.
type span struct{ from, to int }

// offsets evaluates the frame's offsets, once. Errors: 22004, 22013.
func (c *windowCall) offsets(ctx context.Context, env *Env) error {
	var err error
	if c.start.Datum, err = evalOffset(ctx, env, c.spec.Frame.Start.Offset, "starting"); err != nil {
		return err
	}
	c.end.Datum, err = evalOffset(ctx, env, c.spec.Frame.End.Offset, "ending")
	return err
}

func evalOffset(ctx context.Context, env *Env, x *plan.Expr, which string) (types.Datum, error) {
	if x == nil {
		return types.NullDatum, nil
	}
	d, err := env.evalOne(ctx, x)
	switch {
	case err != nil:
		return d, err
	case d.Null:
		return d, pgerr.New(pgerr.NullValueNotAllowed, "frame %s offset must not be null", which)
	case x.Type.ID == types.IDInterval:
		if types.Compare(x.Type, d, types.StrDatum(types.Duration{}.Pack())) < 0 {
			return d, pgerr.New(pgerr.InvalidFrameOffset, "invalid preceding or following size in window function")
		}
	case d.Int < 0 || d.Float < 0 || d.Float != d.Float || d.Dec != nil && (d.Dec.Negative && !d.Dec.IsZero() || d.Dec.Form == apd.NaN):
		return d, pgerr.New(pgerr.InvalidFrameOffset, "frame %s offset must not be negative", which)
	}
	return d, nil
}

// frame returns the rows that row i sees, before exclusion.
func (p *windowPartition) frame(c *windowCall, i int) span {
	f := c.spec.Frame
	s := span{p.bound(f.Mode, f.Start.Kind, c.start, i, false), p.bound(f.Mode, f.End.Kind, c.end, i, true)}
	s.to = max(s.from, s.to)
	return s
}

// bound returns an end of row i's frame: its first row, or for the end the row behind its last.
func (p *windowPartition) bound(mode plan.FrameMode, kind plan.BoundKind, offset frameOffset, i int, end bool) int {
	switch kind {
	case plan.BoundUnboundedPreceding:
		return 0
	case plan.BoundUnboundedFollowing:
		return len(p.rows)
	case plan.BoundCurrentRow:
		offset = frameOffset{}
		if mode == plan.FrameRange {
			mode = plan.FrameGroups
		}
	}
	if mode == plan.FrameRange {
		return p.rangeBound(offset, kind == plan.BoundPreceding, i, end)
	}
	at, behind := i, len(p.rows)
	if mode == plan.FrameGroups {
		at, behind = p.group[i], len(p.starts)-1
	}
	n := int(min(offset.Int, int64(len(p.rows))))
	if kind == plan.BoundPreceding {
		n = -n
	}
	at += n
	if end {
		at++
	}
	at = min(max(at, 0), behind)
	if mode == plan.FrameGroups {
		return p.starts[at]
	}
	return at
}

// rangeBound is bound for RANGE with an offset: rows whose value is that far from row i's. A row whose value is NULL has
// its peers, and is in no other row's range.
func (p *windowPartition) rangeBound(offset frameOffset, preceding bool, i int, end bool) int {
	v := p.op.keys
	if v.IsNull(p.rows[i]) {
		if end {
			return p.starts[p.group[i]+1]
		}
		return p.starts[p.group[i]]
	}
	desc := p.op.node.OrderBy[0].Desc
	var limit rangeLimit
	if offset.values != nil {
		limit.value = offset.values.Datum(p.rows[i])
	} else {
		limit = moved(v.Type, v.Datum(p.rows[i]), offset.Datum, preceding != desc)
	}
	from, to := 0, len(p.rows)
	for from < to && v.IsNull(p.rows[from]) {
		from = p.starts[p.group[from]+1]
	}
	for to > from && v.IsNull(p.rows[to-1]) {
		to = p.starts[p.group[to-1]]
	}
	return from + sort.Search(to-from, func(k int) bool {
		order := limit.compare(v.Type, v.Datum(p.rows[from+k]))
		if desc {
			order = -order
		}
		if end {
			return order > 0
		}
		return order >= 0
	})
}

// rangeLimit is a value, or beyond all values of its type (-1, 1).
type rangeLimit struct {
	value  types.Datum
	beyond int
}

// compare compares d with the limit.
func (l rangeLimit) compare(t types.Type, d types.Datum) int {
	if l.beyond != 0 {
		return -l.beyond
	}
	if t.Class() == types.ClassInt {
		t = types.Int8
	}
	return types.Compare(t, d, l.value)
}

// moved returns d less offset, or with it added.
func moved(t types.Type, d, offset types.Datum, less bool) rangeLimit {
	switch t.Class() {
	case types.ClassFloat:
		if less {
			return rangeLimit{value: types.FloatDatum(d.Float - offset.Float)}
		}
		return rangeLimit{value: types.FloatDatum(d.Float + offset.Float)}
	case types.ClassDecimal:
		var sum apd.Decimal
		ctx := apd.BaseContext.WithPrecision(0)
		if less {
			_, _ = ctx.Sub(&sum, d.Dec, offset.Dec)
		} else {
			_, _ = ctx.Add(&sum, d.Dec, offset.Dec)
		}
		return rangeLimit{value: types.Datum{Dec: &sum}}
	}
	switch {
	case less && d.Int < math.MinInt64+offset.Int:
		return rangeLimit{beyond: -1}
	case less:
		return rangeLimit{value: types.IntDatum(d.Int - offset.Int)}
	case d.Int > math.MaxInt64-offset.Int:
		return rangeLimit{beyond: 1}
	}
	return rangeLimit{value: types.IntDatum(d.Int + offset.Int)}
}

// spans returns the rows that row i sees: its frame without what is excluded, in their order.
func (p *windowPartition) spans(c *windowCall, i int) []span {
	f := p.frame(c, i)
	from, to := p.starts[p.group[i]], p.starts[p.group[i]+1]
	switch c.spec.Frame.Exclude {
	case "":
		return []span{f}
	case "current row":
		return []span{{f.from, max(f.from, min(f.to, i))}, {max(f.from, i+1), max(f.to, i+1)}}
	case "group":
		return []span{{f.from, max(f.from, min(f.to, from))}, {max(f.from, to), max(f.to, to)}}
	}
	out := []span{{f.from, max(f.from, min(f.to, from))}}
	if i >= f.from && i < f.to {
		out = append(out, span{i, i + 1})
	}
	return append(out, span{max(f.from, to), max(f.to, to)})
}
