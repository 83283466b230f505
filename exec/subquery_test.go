package exec

import (
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/types"
)

// outerX is a column of the row depth levels out.
func outerX(depth, column int) *plan.Expr {
	return &plan.Expr{Op: plan.OpOuter, Type: types.Int8, Depth: depth, Column: column}
}

func subX(op plan.Op, root plan.Node) *plan.Expr {
	t := types.Bool
	if op == plan.OpSubquery {
		t = root.Types()[0]
	}
	return &plan.Expr{Op: op, Type: t, Sub: &plan.Query{Root: root}}
}

// countingSystem is a system relation of the numbers 1 to 3 that counts how often it is read.
func countingSystem(reads *int) *Env {
	return &Env{System: func(string, string) ([][]types.Datum, error) {
		*reads++
		return [][]types.Datum{row(num(1)), row(num(2)), row(num(3))}, nil
	}}
}

func numbersScan() plan.Node { return plan.NewSystemScan("s", "n", []int{0}, bigints(1)) }

// A subquery that uses nothing from outside is run once for the statement.
func TestUncorrelatedSubquery(t *testing.T) {
	reads := 0
	max := &plan.Aggregate{Input: numbersScan(), Aggs: []plan.Agg{aggX(t, "max", colX(0))}}
	input := valuesOf(bigints(1), row(num(10)), row(num(20)), row(num(30)))
	n := &plan.Project{Input: input, Exprs: []*plan.Expr{colX(0), subX(plan.OpSubquery, max)}}
	wantRows(t, mustRun(t, n, countingSystem(&reads)), "10|3", "20|3", "30|3")
	if reads != 1 {
		t.Errorf("%d reads", reads)
	}
}

// A subquery that uses the row outside is run for each, and one within it that does not is still run once.
func TestCorrelatedSubquery(t *testing.T) {
	reads := 0
	exists := subX(plan.OpExists, &plan.Filter{Input: numbersScan(), Pred: opX(t, "=", colX(0), numX(3))})
	below := &plan.Filter{Input: valuesOf(bigints(1), row(num(5)), row(num(15)), row(num(25))),
		Pred: &plan.Expr{Op: plan.OpAnd, Type: types.Bool, Args: []*plan.Expr{opX(t, "<", colX(0), outerX(1, 0)), exists}}}
	count := &plan.Aggregate{Input: below, Aggs: []plan.Agg{aggX(t, "count")}}
	n := &plan.Project{Input: valuesOf(bigints(1), row(num(10)), row(num(20)), row(num(30)), row(num(0))),
		Exprs: []*plan.Expr{colX(0), subX(plan.OpSubquery, count)}}
	wantRows(t, mustRun(t, n, countingSystem(&reads)), "10|1", "20|2", "30|3", "0|0")
	if reads != 1 {
		t.Errorf("%d reads of the inner subquery", reads)
	}
}

// A row two levels out is reached through the subquery between, which does not use it itself.
func TestSubqueryTwoLevels(t *testing.T) {
	inner := &plan.Project{Input: valuesOf(nil, row()), Exprs: []*plan.Expr{opX(t, "+", outerX(1, 0), outerX(2, 0))}}
	between := &plan.Project{Input: valuesOf(bigints(1), row(num(100))), Exprs: []*plan.Expr{subX(plan.OpSubquery, inner)}}
	n := &plan.Project{Input: valuesOf(bigints(1), row(num(1)), row(num(2))), Exprs: []*plan.Expr{subX(plan.OpSubquery, between)}}
	wantRows(t, mustRun(t, n, &Env{}), "101", "102")
}
