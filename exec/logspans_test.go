package exec

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// logsReader reads several partitions, and counts what it gave.
type logsReader struct {
	Reader
	logs  map[catalog.PartitionID]*log.Partition
	bytes int
}

func (r *logsReader) ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	b, err := r.logs[p].Read(from, maxBytes, buf)
	r.bytes += len(b)
	return b, err
}

func (r *logsReader) StartOffset(p catalog.PartitionID) log.Offset { return r.logs[p].StartOffset() }
func (r *logsReader) EndOffset(p catalog.PartitionID) log.Offset   { return r.logs[p].NextOffset() }

func (r *logsReader) OffsetForTime(p catalog.PartitionID, millis int64) (log.Offset, error) {
	return r.logs[p].OffsetForTime(millis)
}

// randomLogs are the partitions of rel, of many segments, with times that go forth and sometimes back; of some the oldest segments are
// gone, others are compacted. The newest time is about 10 ms for each batch.
func randomLogs(t *testing.T, rng *rand.Rand, rel *catalog.Relation) *logsReader {
	t.Helper()
	r := &logsReader{logs: map[catalog.PartitionID]*log.Partition{}}
	for i := range rel.Partitions() {
		p, err := log.OpenPartition(vfs.NewMem(), fmt.Sprint("/", i), log.Options{SegmentBytes: 4000, IndexIntervalBytes: 300})
		must(t, err)
		t.Cleanup(func() { p.Close() })
		for n, millis := 0, int64(1e12); n < 200; n++ {
			var b log.BatchBuilder
			for range 1 + rng.Intn(4) {
				one := types.NewBatch(rel.Types(), 1)
				one.AppendRow(row(num(rng.Int63n(100)), str("a value of some length")), 1)
				rec := log.Record{Value: types.EncodeRow(nil, one, 0), TimestampMillis: millis + rng.Int63n(40) - 20}
				if rng.Intn(3) > 0 {
					rec.Key = fmt.Append(nil, rng.Intn(40))
				}
				must(t, b.Append(rec))
			}
			batch := bytes.Clone(b.Build())
			log.SetBaseOffset(batch, p.NextOffset())
			must(t, p.Append(batch))
			if millis += 10; rng.Intn(50) == 0 {
				millis -= 300
			}
		}
		if i%3 > 0 {
			must(t, p.DropBefore(p.NextOffset()/3))
		}
		if i%2 > 0 {
			_, err := p.Compact(log.CompactOptions{Below: p.NextOffset() * 2 / 3})
			must(t, err)
		}
		r.logs[rel.Partition(i)] = p
	}
	return r
}

// A scan that seeks gives what a scan of everything gives of the same records, in the same order, or from the end; whatever the
// range, over rolled segments, the beginning gone and holes from compaction.
func TestLogRangeGivesWhatScanGives(t *testing.T) {
	rel := testStream()
	rel.Placement = make([]catalog.ShardID, 6)
	for seed := range int64(20) {
		rng := rand.New(rand.NewSource(seed))
		r := randomLogs(t, rng, rel)
		all := scanLog(t, r, rel, nil)
		if len(all) < 500 {
			t.Fatalf("seed %d: the test needs records, there are %d", seed, len(all))
		}
		for range 150 {
			lr := randomLogRange(rng, rel)
			var want []logRow
			for _, row := range all {
				if wantedRow(lr, row) {
					want = append(want, row)
				}
			}
			if lr.Reverse {
				slices.Reverse(want)
			}
			if got := scanLog(t, r, rel, &lr); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %s\ngives %v\nwant  %v", seed, rangeText(lr), got, want)
			}
		}
	}
}

// What a narrow range reads does not grow with the log.
func TestLogRangeSeeks(t *testing.T) {
	rel := testStream()
	rel.Placement = make([]catalog.ShardID, 1)
	r := randomLogs(t, rand.New(rand.NewSource(1)), rel)
	all := scanLog(t, r, rel, nil)
	whole := r.bytes
	at := all[len(all)/2]
	for _, lr := range []plan.LogRange{
		{Offsets: &plan.List{Values: []*plan.Expr{numX(at.offset)}}},
		{OffsetLow: &plan.Bound{Value: numX(all[len(all)-2].offset)}},
		{OffsetHigh: &plan.Bound{Value: numX(2)}},
		{TimeLow: &plan.Bound{Value: momentX(1e12 + 1900)}},
		{TimeLow: &plan.Bound{Value: momentX(1e15)}},
		{Partitions: &plan.List{Values: []*plan.Expr{numX(1)}}},
	} {
		r.bytes = 0
		scanLog(t, r, rel, &lr)
		if r.bytes > whole/3 {
			t.Errorf("%s reads %d of %d bytes", rangeText(lr), r.bytes, whole)
		}
	}
	r.bytes = 0
	scan, env := logScan(r, rel, &plan.LogRange{Reverse: true})
	op, err := newScan(scan, env)
	must(t, err)
	b, err := op.Next(context.Background())
	must(t, err)
	if b.Cols[1].Int[0] != int64(r.EndOffset(rel.Partition(0)))-1 || r.bytes > whole/3 {
		t.Errorf("the first batch from the end begins at %d and reads %d of %d bytes", b.Cols[1].Int[0], r.bytes, whole)
	}
}

// logRow is where a row is, when it was stored, and its first column.
type logRow struct{ partition, offset, millis, k int64 }

func logScan(r Reader, rel *catalog.Relation, lr *plan.LogRange) (*plan.Scan, *Env) {
	env := &Env{Reader: r}
	env.begin()
	n := len(rel.Columns)
	return &plan.Scan{Relation: rel, Columns: []int{n, n + 1, n + 2, 0}, Log: lr}, env
}

func scanLog(t *testing.T, r Reader, rel *catalog.Relation, lr *plan.LogRange) []logRow {
	t.Helper()
	scan, env := logScan(r, rel, lr)
	op, err := newScan(scan, env)
	must(t, err)
	defer op.Close()
	var out []logRow
	for {
		b, err := op.Next(context.Background())
		must(t, err)
		if b == nil {
			return out
		}
		for i := range b.Len {
			out = append(out, logRow{b.Cols[0].Int[i], b.Cols[1].Int[i], b.Cols[2].Int[i]/1000 + unixToPostgresMillis, b.Cols[3].Int[i]})
		}
	}
}

func randomLogRange(rng *rand.Rand, rel *catalog.Relation) plan.LogRange {
	lr := plan.LogRange{Reverse: rng.Intn(4) == 0}
	number := func(n int) *plan.Expr { return numX(rng.Int63n(int64(n)) - 5) }
	bound := func(value func() *plan.Expr) *plan.Bound {
		if rng.Intn(2) == 0 {
			return nil
		}
		return &plan.Bound{Value: value(), Inclusive: rng.Intn(2) == 0}
	}
	offset := func() *plan.Expr { return edgeX(rng, number(550), math.MinInt64, math.MaxInt64) }
	moment := func() *plan.Expr {
		x := momentX(1e12 - 100 + rng.Int63n(2200))
		x.Value.Int += []int64{0, 0, 1, -1, 500}[rng.Intn(5)]
		return edgeX(rng, x, types.TimestampNegInfinity, types.TimestampInfinity)
	}
	if rng.Intn(3) == 0 {
		lr.Partitions = randomList(rng, types.Int4, func() *plan.Expr { return number(rel.Partitions() + 8) })
	}
	if rng.Intn(4) == 0 {
		lr.Offsets = randomList(rng, types.Int8, offset)
	} else {
		lr.OffsetLow, lr.OffsetHigh = bound(offset), bound(offset)
	}
	lr.TimeLow, lr.TimeHigh = bound(moment), bound(moment)
	return lr
}

// edgeX is x, or seldom the least, the greatest, or NULL.
func edgeX(rng *rand.Rand, x *plan.Expr, least, greatest int64) *plan.Expr {
	switch rng.Intn(20) {
	case 0:
		return plan.Const(x.Type, num(least))
	case 1:
		return plan.Const(x.Type, num(greatest))
	case 2:
		return plan.Const(x.Type, null)
	}
	return x
}

// randomList is a list of values, written out or an array.
func randomList(rng *rand.Rand, of types.Type, value func() *plan.Expr) *plan.List {
	l, elements := &plan.List{}, types.NewVector(of, 0)
	for range rng.Intn(6) {
		x := value()
		l.Values = append(l.Values, x)
		elements.Append(*x.Value)
	}
	if rng.Intn(2) == 0 {
		return &plan.List{Array: plan.Const(types.ArrayOf(of), str(types.EncodeArray(elements)))}
	}
	return l
}

// momentX is a time in ms since 1970.
func momentX(millis int64) *plan.Expr {
	return plan.Const(types.Timestamptz, num(timestamptzOfMillis(millis)))
}

// wantedRow says slowly whether a row is in the range.
func wantedRow(lr plan.LogRange, r logRow) bool {
	micros := timestamptzOfMillis(r.millis)
	return listed(lr.Partitions, r.partition) && listed(lr.Offsets, r.offset) &&
		bounded(lr.OffsetLow, r.offset, 1) && bounded(lr.OffsetHigh, r.offset, -1) &&
		bounded(lr.TimeLow, micros, 1) && bounded(lr.TimeHigh, micros, -1)
}

func listed(l *plan.List, v int64) bool {
	if l == nil {
		return true
	}
	for _, x := range l.Values {
		if !x.Value.Null && x.Value.Int == v {
			return true
		}
	}
	if l.Array == nil {
		return false
	}
	elements, err := types.DecodeArray(l.Array.Type, l.Array.Value.Str)
	if err != nil {
		panic(err)
	}
	for i := range elements.Len() {
		if d := elements.Datum(i); !d.Null && d.Int == v {
			return true
		}
	}
	return false
}

// bounded reports whether v is on the side of b: above for 1, below for -1.
func bounded(b *plan.Bound, v int64, side int) bool {
	if b == nil {
		return true
	}
	is := cmp.Compare(v, b.Value.Value.Int)
	return !b.Value.Value.Null && (is == side || is == 0 && b.Inclusive)
}

func rangeText(lr plan.LogRange) string {
	value := func(x *plan.Expr) string { return fmt.Sprintf("%+v", *x.Value) }
	list := func(l *plan.List) string {
		if l == nil {
			return "any"
		}
		out := fmt.Sprintf("array %v", l.Array)
		for _, x := range l.Values {
			out += " " + value(x)
		}
		return out
	}
	bound := func(b *plan.Bound) string {
		if b == nil {
			return "none"
		}
		return fmt.Sprint(value(b.Value), b.Inclusive)
	}
	return fmt.Sprintf("partitions %s, offsets %s, %s to %s, times %s to %s, reverse %v", list(lr.Partitions), list(lr.Offsets),
		bound(lr.OffsetLow), bound(lr.OffsetHigh), bound(lr.TimeLow), bound(lr.TimeHigh), lr.Reverse)
}
