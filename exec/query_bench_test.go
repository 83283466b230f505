package exec

import (
	"context"
	"fmt"
	"testing"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// benchRows is the size of the table and the stream of the benchmarks.
const benchRows = 100_000

// benchEnv has the table of testTable and the stream of testStream, filled.
func benchEnv(b *testing.B) func() *Env {
	db := newTestDB(&testing.T{})
	for from := 0; from < benchRows; from += 1000 {
		var table, stream [][]types.Datum
		for i := from; i < from+1000; i++ {
			table = append(table, row(num(int64(i)), str(fmt.Sprint("name", i)), num(int64(i%100))))
			stream = append(stream, row(num(int64(i)), str(fmt.Sprint("value", i))))
		}
		db.load(testTable(), table...)
		db.load(testStream(), stream...)
	}
	r := &testReader{db: db, rows: db.rows.Snapshot(), logs: db.logs, ends: db.ends}
	return func() *Env { return &Env{Reader: r} }
}

func benchPlan(b *testing.B, n plan.Node, rows int, env func() *Env) {
	b.ReportAllocs()
	for b.Loop() {
		op, err := Build(n, env())
		if err != nil {
			b.Fatal(err)
		}
		err = drain(bg, op, func(*types.Batch) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		op.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

// What the operators cost by row, over stores in memory.
func BenchmarkQuery(b *testing.B) {
	env := benchEnv(b)
	table := scanOf(testTable())
	for name, n := range map[string]plan.Node{
		"ScanTable":   table,
		"ScanColumn":  &plan.Scan{Relation: testTable(), Columns: []int{2}},
		"ScanStream":  scanOf(testStream()),
		"Filter":      &plan.Filter{Input: table, Pred: opX(b, "<", colX(2), numX(10))},
		"GroupBy":     &plan.Aggregate{Input: table, GroupBy: []*plan.Expr{colX(2)}, Aggs: []plan.Agg{aggX(b, "count"), aggX(b, "sum", colX(0))}},
		"GroupByKey":  &plan.Aggregate{Input: table, GroupBy: []*plan.Expr{colX(0)}, Aggs: []plan.Agg{aggX(b, "count")}},
		"Sort":        &plan.Sort{Input: table, Keys: []plan.SortKey{{Expr: textX(1)}}},
		"Top10":       &plan.Limit{Input: &plan.Sort{Input: table, Keys: []plan.SortKey{{Expr: textX(1)}}}, Count: numX(10)},
		"Join":        &plan.Join{Kind: plan.JoinInner, Left: table, Right: scanOf(testStream()), LeftKeys: []*plan.Expr{colX(0)}, RightKeys: []*plan.Expr{colX(0)}},
		"Limit1":      &plan.Limit{Input: table, Count: numX(1)},
		"LookUpByKey": &plan.Scan{Relation: testTable(), Columns: []int{0, 1, 2}, Key: []*plan.Expr{numX(5000)}},
	} {
		rows := benchRows
		if name == "Limit1" || name == "LookUpByKey" {
			rows = 1
		}
		b.Run(name, func(b *testing.B) { benchPlan(b, n, rows, env) })
	}
}

// nullTx takes what is written and forgets it.
type nullTx struct{ Tx }

func (nullTx) Write(context.Context, []PartitionWrite) error { return nil }

// What an INSERT costs by row above the storage.
func BenchmarkInsert(b *testing.B) {
	rel := testTable()
	for _, n := range []int{1, 1000} {
		var rows [][]types.Datum
		for i := range n {
			rows = append(rows, row(num(int64(i)), str("some name"), num(1)))
		}
		p := &plan.Insert{Relation: rel, Source: &plan.Query{Root: valuesOf(rel.Types(), rows...)}}
		r := &testReader{rows: state.NewMemory().Snapshot()}
		b.Run(fmt.Sprint(n, "rows"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := RunInsert(bg, p, &Env{Reader: r}, nullTx{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}
