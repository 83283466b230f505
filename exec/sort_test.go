package exec

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Each direction with NULLs first or last, in PostgreSQL's order of doubles.
func TestSort(t *testing.T) {
	f := types.FloatDatum
	input := valuesOf([]types.Type{types.Float8}, row(f(1)), row(null), row(f(math.NaN())), row(f(-1)), row(f(math.Inf(1))), row(f(0.5)))
	key := plan.Column(0, types.Float8)
	for _, c := range []struct {
		key  plan.SortKey
		want []string
	}{
		{plan.SortKey{Expr: key}, []string{"-1", "0.5", "1", "Infinity", "NaN", "null"}},
		{plan.SortKey{Expr: key, NullsFirst: true}, []string{"null", "-1", "0.5", "1", "Infinity", "NaN"}},
		{plan.SortKey{Expr: key, Desc: true}, []string{"NaN", "Infinity", "1", "0.5", "-1", "null"}},
		{plan.SortKey{Expr: key, Desc: true, NullsFirst: true}, []string{"null", "NaN", "Infinity", "1", "0.5", "-1"}},
	} {
		wantRows(t, mustRun(t, &plan.Sort{Input: input, Keys: []plan.SortKey{c.key}}, &Env{}), c.want...)
	}
}

// Several keys, texts by bytes, and rows that are equal in all keys in the order in which they came.
func TestSortStable(t *testing.T) {
	ts := []types.Type{types.Text, types.Int8, types.Int8}
	input := valuesOf(ts, row(str("b"), num(1), num(1)), row(str("a"), num(2), num(2)), row(str("ab"), num(1), num(3)),
		row(str("b"), num(2), num(4)), row(str("a"), num(2), num(5)), row(str("B"), num(0), num(6)))
	keys := []plan.SortKey{{Expr: textX(0), Desc: true}, {Expr: colX(1), Desc: true}}
	wantRows(t, mustRun(t, &plan.Sort{Input: input, Keys: keys}, &Env{}), "b|2|4", "b|1|1", "ab|1|3", "a|2|2", "a|2|5", "B|0|6")
}

// A sort under LIMIT, also below a projection, gives the head of the whole sort and keeps little.
func TestSortTop(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	var rows [][]types.Datum
	for i := range 20_000 {
		rows = append(rows, row(num(int64(rng.Intn(500))), num(int64(i))))
	}
	input := valuesOf(bigints(2), rows...)
	sorted := &plan.Sort{Input: input, Keys: []plan.SortKey{{Expr: colX(0)}}}
	all := mustRun(t, sorted, &Env{})
	limit := &plan.Limit{Input: &plan.Project{Input: sorted, Exprs: []*plan.Expr{colX(0), colX(1)}}, Count: numX(700), Offset: numX(30)}
	got := mustRun(t, limit, &Env{MemoryBytes: 400_000})
	wantRows(t, got, all[30:730]...)
}

// LIMIT and OFFSET cut anywhere; NULL is no bound.
func TestLimit(t *testing.T) {
	var rows [][]types.Datum
	for i := range 3000 {
		rows = append(rows, row(num(int64(i))))
	}
	input := valuesOf(bigints(1), rows...)
	nullX := plan.Const(types.Int8, null)
	for _, c := range []struct {
		count, offset *plan.Expr
		from, to      int
	}{
		{nil, nil, 0, 3000}, {numX(0), nil, 0, 0}, {numX(1), nil, 0, 1}, {numX(1024), numX(1), 1, 1025}, {numX(5000), numX(2999), 2999, 3000},
		{numX(5), numX(3000), 0, 0}, {nullX, nullX, 0, 3000}, {nil, numX(1024), 1024, 3000}, {numX(1500), numX(1500), 1500, 3000},
	} {
		var want []string
		for i := c.from; i < c.to; i++ {
			want = append(want, fmt.Sprint(i))
		}
		wantRows(t, mustRun(t, &plan.Limit{Input: input, Count: c.count, Offset: c.offset}, &Env{}), want...)
	}
	_, err := runPlan(t, &plan.Limit{Input: input, Count: numX(-1)}, &Env{})
	wantCode(t, err, pgerr.InvalidRowCountInLimit, "LIMIT must not be negative")
	_, err = runPlan(t, &plan.Limit{Input: input, Offset: numX(-1)}, &Env{})
	wantCode(t, err, pgerr.InvalidRowCountInOffset, "OFFSET must not be negative")
}

// UNION ALL gives its inputs in turn.
func TestUnion(t *testing.T) {
	one, none := valuesOf(bigints(1), row(num(1))), valuesOf(bigints(1))
	n := &plan.Union{Inputs: []plan.Node{none, one, none, valuesOf(bigints(1), row(num(2)), row(num(3))), none}}
	wantRows(t, mustRun(t, n, &Env{}), "1", "2", "3")
}

// A filter keeps what is true, not what is NULL.
func TestFilter(t *testing.T) {
	n := &plan.Filter{Input: valuesOf(bigints(1), row(num(1)), row(null), row(num(5))), Pred: opX(t, ">", colX(0), numX(2))}
	wantRows(t, mustRun(t, n, &Env{}), "5")
}
