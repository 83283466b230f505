package exec

import (
	"context"
	"math"
	"slices"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

type logOffset = log.Offset

// logSpan is the records of a partition in [from, end).
type logSpan struct {
	partition catalog.PartitionID
	from, end log.Offset
}

// timeSpan is the times in [from, to], in ms since 1970.
type timeSpan struct{ from, to int64 }

var allTimes = timeSpan{math.MinInt64, math.MaxInt64}

func (t timeSpan) has(millis int64) bool { return t.from <= millis && millis <= t.to }

// logSpans evaluates the plan.LogRange of a scan: which parts of the partitions to read, in the order in which they are wanted, and
// which times records must have. Where a time begins the log is asked; where it ends it cannot say, as clocks may go back, so what
// follows is passed over record by record.
func (e *Env) logSpans(ctx context.Context, n *plan.Scan) ([]logSpan, timeSpan, error) {
	r := n.Log
	if r == nil {
		r = &plan.LogRange{}
	}
	from, to, err := e.numberSpan(ctx, r.OffsetLow, r.OffsetHigh, func(v int64) (int64, bool) { return v, true })
	if err != nil {
		return nil, allTimes, err
	}
	var times timeSpan
	if times.from, times.to, err = e.numberSpan(ctx, r.TimeLow, r.TimeHigh, wholeMillis); err != nil {
		return nil, allTimes, err
	}
	offsets, err := e.numbersOf(ctx, r.Offsets)
	if err != nil {
		return nil, allTimes, err
	}
	partitions, err := e.partitionsOf(ctx, n.Relation, r.Partitions)
	if err != nil || from > to || times.from > times.to {
		return nil, allTimes, err
	}
	var spans []logSpan
	for _, p := range partitions {
		whole, err := e.logWithin(p, from, to, times)
		if err != nil {
			return nil, allTimes, err
		}
		if r.Offsets == nil {
			spans = appendSpan(spans, whole)
			continue
		}
		for _, o := range offsets {
			if o := log.Offset(o); whole.from <= o && o < whole.end {
				spans = appendSpan(spans, logSpan{p, o, o + 1})
			}
		}
	}
	if r.Reverse {
		slices.Reverse(spans)
	}
	return spans, times, nil
}

// logWithin returns the part of partition p with offsets in [from, to], from where the times begin.
func (e *Env) logWithin(p catalog.PartitionID, from, to int64, times timeSpan) (logSpan, error) {
	out := logSpan{p, e.Reader.StartOffset(p), e.Reader.EndOffset(p)}
	if times.from > allTimes.from {
		begin, err := e.Reader.OffsetForTime(p, times.from)
		if err != nil {
			return out, err
		}
		out.from = max(out.from, begin)
	}
	out.from = max(out.from, log.Offset(from))
	if to < int64(out.end) {
		out.end = log.Offset(to + 1)
	}
	return out, nil
}

// appendSpan appends a span that has records; one that follows the last is made part of it.
func appendSpan(spans []logSpan, s logSpan) []logSpan {
	if s.from >= s.end {
		return spans
	}
	if n := len(spans); n > 0 && spans[n-1].partition == s.partition && spans[n-1].end == s.from {
		spans[n-1].end = s.end
		return spans
	}
	return append(spans, s)
}

// partitionsOf returns those of rel that are in l, all without one.
func (e *Env) partitionsOf(ctx context.Context, rel *catalog.Relation, l *plan.List) ([]catalog.PartitionID, error) {
	wanted, err := e.numbersOf(ctx, l)
	if err != nil {
		return nil, err
	}
	var out []catalog.PartitionID
	for i := range rel.Partitions() {
		if _, yes := slices.BinarySearch(wanted, int64(i)); l == nil || yes {
			out = append(out, rel.Partition(i))
		}
	}
	return out, nil
}

// numbersOf returns the integers of l, each once, in order.
func (e *Env) numbersOf(ctx context.Context, l *plan.List) ([]int64, error) {
	if l == nil {
		return nil, nil
	}
	var out []int64
	err := e.eachListed(ctx, l, func(_ types.Type, d types.Datum) { out = append(out, d.Int) })
	slices.Sort(out)
	return slices.Compact(out), err
}

// numberSpan returns the whole numbers between bounds: from > to if there are none. floor returns the greatest number that is not above a
// value, and whether it is the value; that of what is above all numbers is math.MaxInt64, below all of them math.MinInt64.
func (e *Env) numberSpan(ctx context.Context, low, high *plan.Bound, floor func(int64) (int64, bool)) (from, to int64, err error) {
	from, to = math.MinInt64, math.MaxInt64
	if low != nil {
		d, err := e.evalOne(ctx, low.Value)
		if err != nil || d.Null {
			return 1, 0, err
		}
		n, exact := floor(d.Int)
		if from = n; !exact || !low.Inclusive {
			if n == math.MaxInt64 {
				return 1, 0, nil
			}
			from = n + 1
		}
	}
	if high != nil {
		d, err := e.evalOne(ctx, high.Value)
		if err != nil || d.Null {
			return 1, 0, err
		}
		n, exact := floor(d.Int)
		if to = n; exact && !high.Inclusive {
			if n == math.MinInt64 {
				return 1, 0, nil
			}
			to = n - 1
		}
	}
	return from, to, nil
}

// wholeMillis returns the ms since 1970 of a timestamptz.
func wholeMillis(micros int64) (int64, bool) {
	switch micros {
	case types.TimestampInfinity:
		return math.MaxInt64, false
	case types.TimestampNegInfinity:
		return math.MinInt64, false
	}
	ms := micros / 1000
	if micros%1000 < 0 {
		ms--
	}
	return ms + unixToPostgresMillis, micros%1000 == 0
}
