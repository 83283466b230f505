package exec

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// withProcessors runs f as on a machine of n processors: with one nothing is done in parallel.
func withProcessors(n int, f func()) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	f()
}

// parallelEnv has the table of testTable and the stream of testStream with so many rows that they are read in parallel. n of
// each row of the table is its id modulo 1000.
func parallelEnv(t *testing.T) func() *Env {
	db := newTestDB(t)
	for from := 0; from < parallelRecords; from += 1000 {
		var table, stream [][]types.Datum
		for i := from; i < from+1000; i++ {
			table = append(table, row(num(int64(i)), str(fmt.Sprint("name", i%7)), num(int64(i%1000))))
			stream = append(stream, row(num(int64(i%50)), str(fmt.Sprint("value", i))))
		}
		db.load(testTable(), table...)
		db.load(testStream(), stream...)
	}
	r := db.snapshot()
	return func() *Env { return &Env{Reader: r} }
}

// smallSide is the right side of joins: numbers from 0 to 9, and names.
func smallSide() plan.Node {
	var rows [][]types.Datum
	for i := range 10 {
		rows = append(rows, row(num(int64(i)), str(fmt.Sprint("small", i))))
	}
	return valuesOf([]types.Type{types.Int8, types.Text}, rows...)
}

// What is done in parallel gives the rows of a single pass, in their order.
func TestParallel(t *testing.T) {
	env := parallelEnv(t)
	table, stream := scanOf(testTable()), scanOf(testStream())
	filtered := &plan.Filter{Input: table, Pred: opX(t, ">", colX(0), numX(500))}
	joined := func(kind plan.JoinKind) plan.Node {
		return &plan.Join{Kind: kind, Left: stream, Right: smallSide(), LeftKeys: []*plan.Expr{colX(0)}, RightKeys: []*plan.Expr{colX(0)}}
	}
	sums := []plan.Agg{aggX(t, "count"), aggX(t, "sum", colX(0)), aggX(t, "avg", colX(0)), aggX(t, "max", textX(1)), aggX(t, "min", colX(0))}
	someSums := sums[1]
	someSums.Filter = opX(t, "<", colX(0), numX(40))
	for name, n := range map[string]*plan.Aggregate{
		"no groups":     {Input: table, Aggs: sums},
		"groups":        {Input: filtered, GroupBy: []*plan.Expr{colX(2)}, Aggs: sums},
		"distinct":      {Input: table, GroupBy: []*plan.Expr{textX(1)}},
		"many groups":   {Input: table, GroupBy: []*plan.Expr{colX(0)}, Aggs: sums[:1]},
		"filter":        {Input: stream, GroupBy: []*plan.Expr{colX(0)}, Aggs: []plan.Agg{someSums}},
		"grouping sets": {Input: table, GroupBy: []*plan.Expr{textX(1), colX(2)}, Aggs: sums[:2], Sets: [][]int{{0}, {1}, {}, {0, 1}}},
		"join":          {Input: joined(plan.JoinInner), GroupBy: []*plan.Expr{textX(3)}, Aggs: sums[:3]},
		"left join":     {Input: joined(plan.JoinLeft), GroupBy: []*plan.Expr{textX(3)}, Aggs: sums[:3]},
	} {
		withProcessors(4, func() {
			if aggSpine(n, begun(env())) == nil {
				t.Errorf("%s: is not done in parallel", name)
			}
		})
		var want, got []string
		withProcessors(1, func() { want = mustRun(t, n, env()) })
		withProcessors(4, func() { got = mustRun(t, n, env()) })
		if n.Sets != nil { // the groups of several sets come batch by batch
			want, got = sortedRows(want), sortedRows(got)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %d rows, want %d, or another order", name, len(got), len(want))
		}
	}
}

func begun(e *Env) *Env {
	e.begin()
	return e
}

// What depends on the order of the rows, on the row outside, or on chance, is done in a single pass.
func TestNotParallel(t *testing.T) {
	env := parallelEnv(t)
	table := scanOf(testTable())
	distinct, ordered := aggX(t, "count", colX(0)), aggX(t, "array_agg", colX(0))
	distinct.Distinct = true
	outer := &plan.Expr{Op: plan.OpOuter, Type: types.Bool, Depth: 1}
	random := opX(t, "<", &plan.Expr{Op: plan.OpCall, Func: "random()", Type: types.Float8}, plan.Const(types.Float8, types.FloatDatum(0.5)))
	for name, n := range map[string]*plan.Aggregate{
		"DISTINCT":   {Input: table, Aggs: []plan.Agg{distinct}},
		"array_agg":  {Input: table, Aggs: []plan.Agg{ordered}},
		"outer row":  {Input: &plan.Filter{Input: table, Pred: outer}},
		"random()":   {Input: &plan.Filter{Input: table, Pred: random}},
		"right join": {Input: &plan.Join{Kind: plan.JoinRight, Left: table, Right: smallSide()}},
	} {
		withProcessors(4, func() {
			if aggSpine(n, begun(env())) != nil {
				t.Errorf("%s is done in parallel", name)
			}
		})
	}
}

// Of several partitions that fail the first one's error is told, as in a single pass, and nothing stays in use.
func TestParallelErrors(t *testing.T) {
	env := parallelEnv(t)
	// Fails in every partition; which row is the first one depends on the partition.
	divisor := opX(t, "/", numX(1), opX(t, "-", colX(2), numX(3)))
	cast := &plan.Aggregate{Input: &plan.Filter{Input: scanOf(testTable()), Pred: opX(t, ">", divisor, numX(-9))}, Aggs: []plan.Agg{aggX(t, "count")}}
	for range 5 {
		withProcessors(4, func() {
			e := env()
			_, err := runPlan(t, cast, e)
			wantCode(t, err, pgerr.DivisionByZero, "division by zero")
			if n := e.run.memory.used.Load(); n != 0 {
				t.Errorf("%d bytes still in use", n)
			}
		})
	}
	w := &workers{left: make([]partitionWork, 4)}
	for p := range w.left {
		w.left[p].cancel = func() {}
	}
	for _, p := range []int{2, 1, 3} {
		w.ended(p, fmt.Errorf("error of partition %d", p))
	}
	if err := w.result(&Env{}); err == nil || err.Error() != "error of partition 1" {
		t.Errorf("errors of 2, 1 and 3: %v", err)
	}
	if _, ok := w.take(); ok {
		t.Error("a partition is taken after one has failed")
	}
}

// A statement that ends while it works in parallel has its context's error; a panic of a worker is an error of the statement.
func TestParallelEnd(t *testing.T) {
	env := begun(parallelEnv(t)())
	s := &spine{scan: scanOf(testTable())}
	ctx, cancel := context.WithCancel(bg)
	err := s.run(ctx, env, func(ctx context.Context, _ *Env, partition int) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	err = s.run(bg, env, func(_ context.Context, _ *Env, partition int) error { panic(fmt.Sprint("in partition ", partition)) })
	wantCode(t, err, pgerr.InternalError, "in partition 0")
}

// Records that do not decode are told in the order of a single pass; if there are too many to hold them, that is made.
func TestParallelUndecodable(t *testing.T) {
	env := begun(parallelEnv(t)())
	s := &spine{scan: scanOf(testTable())}
	var told []uint32
	env.Undecodable = func(u Undecodable) { told = append(told, u.Partition.Partition) }
	tell := func(n int) error {
		return s.run(bg, env, func(_ context.Context, env *Env, partition int) error {
			for range n {
				env.Undecodable(Undecodable{Partition: catalog.PartitionID{Partition: uint32(partition)}})
			}
			return nil
		})
	}
	if err := tell(2); err != nil || fmt.Sprint(told) != "[0 0 1 1 2 2 3 3]" {
		t.Errorf("told %v, %v", told, err)
	}
	told = nil
	if err := tell(maxHeldUndecodable + 1); !errors.Is(err, errSerial) || told != nil {
		t.Errorf("told %d, %v", len(told), err)
	}
}

// Partitions that are sorted in parallel are merged to what a single pass gives: equal rows come in its order, too.
func TestParallelSort(t *testing.T) {
	env := parallelEnv(t)
	sort := &plan.Sort{Input: scanOf(testTable()), Keys: []plan.SortKey{{Expr: textX(1), Desc: true}}}
	for name, n := range map[string]plan.Node{
		"all":     sort,
		"top":     &plan.Limit{Input: sort, Count: numX(3000), Offset: numX(2500)},
		"few":     &plan.Limit{Input: sort, Count: numX(3)},
		"by pair": &plan.Sort{Input: &plan.Filter{Input: scanOf(testTable()), Pred: opX(t, "<", colX(2), numX(300))}, Keys: []plan.SortKey{{Expr: colX(2)}, {Expr: textX(1)}}},
	} {
		var want, got, little []string
		temp, e := &testTemp{}, env()
		e.Temp, e.WorkMemBytes = temp, 64<<10
		withProcessors(1, func() { want = mustRun(t, n, env()) })
		withProcessors(4, func() {
			if sortSpine(sort, begun(env())) == nil {
				t.Error("is not done in parallel")
			}
			got, little = mustRun(t, n, env()), mustRun(t, n, e)
		})
		for how, rows := range map[string][]string{"in memory": got, "on disk": little} {
			if strings.Join(rows, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s %s: %d rows, want %d, or another order", name, how, len(rows), len(want))
			}
		}
		if temp.open != 0 || e.run.memory.used.Load() != 0 || temp.made == 0 && name != "few" {
			t.Errorf("%s: of %d files %d are open, %d bytes in use", name, temp.made, temp.open, e.run.memory.used.Load())
		}
	}
}
