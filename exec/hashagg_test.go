package exec

import (
	"fmt"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// Groups come in order of first appearance; NULLs are one group; FILTER and DISTINCT choose what an aggregate sees.
func TestHashAgg(t *testing.T) {
	input := valuesOf(bigints(2), row(num(2), num(10)), row(null, num(1)), row(num(1), num(5)), row(num(2), num(10)),
		row(null, num(7)), row(num(2), null), row(num(2), num(3)))
	sum, distinct, filtered := aggX(t, "sum", colX(1)), aggX(t, "count", colX(1)), aggX(t, "count", colX(1))
	distinct.Distinct = true
	filtered.Filter = opX(t, ">", colX(1), numX(4))
	n := &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{colX(0)},
		Aggs: []plan.Agg{aggX(t, "count"), aggX(t, "count", colX(1)), sum, distinct, filtered, aggX(t, "min", colX(1)), aggX(t, "max", colX(1))}}
	wantRows(t, mustRun(t, n, &Env{}), "2|4|3|23|2|2|3|10", "null|2|2|8|2|1|1|7", "1|1|1|5|1|1|5|5")
}

// Without GROUP BY there is one row, also over nothing; with it there is none over nothing.
func TestHashAggEmpty(t *testing.T) {
	input := valuesOf(bigints(1))
	aggs := []plan.Agg{aggX(t, "count"), aggX(t, "sum", colX(0)), aggX(t, "max", colX(0))}
	wantRows(t, mustRun(t, &plan.Aggregate{Input: input, Aggs: aggs}, &Env{}), "0|null|null")
	wantRows(t, mustRun(t, &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{colX(0)}, Aggs: aggs}, &Env{}))
}

// The argument of an aggregate with FILTER is evaluated for the rows that pass only.
func TestHashAggFilterGuardsArgument(t *testing.T) {
	input := valuesOf(bigints(1), row(num(0)), row(num(2)))
	a := aggX(t, "sum", opX(t, "/", numX(10), colX(0)))
	a.Filter = opX(t, "<>", colX(0), numX(0))
	wantRows(t, mustRun(t, &plan.Aggregate{Input: input, Aggs: []plan.Agg{a}}, &Env{}), "5")
}

// More groups than fit one batch come out whole.
func TestHashAggManyGroups(t *testing.T) {
	var rows [][]types.Datum
	var want []string
	for i := range 2 * BatchRows {
		for range 2 {
			rows = append(rows, row(num(int64(i))))
		}
		want = append(want, fmt.Sprintf("%d|2", i))
	}
	n := &plan.Aggregate{Input: valuesOf(bigints(1), rows...), GroupBy: []*plan.Expr{colX(0)}, Aggs: []plan.Agg{aggX(t, "count")}}
	got := mustRun(t, n, &Env{})
	if len(got) != len(want) || len(sortedRows(got)) != len(want) {
		t.Fatalf("%d groups", len(got))
	}
	for i, r := range got {
		if r != fmt.Sprintf("%d|2", i/1) {
			t.Fatalf("group %d is %s", i, r)
		}
	}
}
