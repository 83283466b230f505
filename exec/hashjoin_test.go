package exec

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// randomRows returns rows (key, number) with keys that repeat and NULLs among them.
func randomRows(rng *rand.Rand, n, keys int) [][]types.Datum {
	rows := make([][]types.Datum, n)
	for i := range rows {
		key := num(int64(rng.Intn(keys)))
		if rng.Intn(6) == 0 {
			key = null
		}
		rows[i] = row(key, num(int64(i)))
	}
	return rows
}

// slowJoin is the obvious join: every pair is looked at.
func slowJoin(kind plan.JoinKind, l, r [][]types.Datum, on func(a, b []types.Datum) bool) []string {
	out := types.NewBatch(bigints(4), 0)
	matched := make([]bool, len(r))
	for _, a := range l {
		found := false
		for j, b := range r {
			if on(a, b) {
				found, matched[j] = true, true
				out.AppendRow(row(a[0], a[1], b[0], b[1]), 1)
			}
		}
		if !found && (kind == plan.JoinLeft || kind == plan.JoinFull) {
			out.AppendRow(row(a[0], a[1], null, null), 1)
		}
	}
	for j, b := range r {
		if !matched[j] && (kind == plan.JoinRight || kind == plan.JoinFull) {
			out.AppendRow(row(null, null, b[0], b[1]), 1)
		}
	}
	return sortedRows(rowsText(out))
}

// A join of every kind, with and without keys and condition, gives what the obvious join gives.
func TestHashJoin(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	equal := func(a, b []types.Datum) bool { return !a[0].Null && !b[0].Null && a[0].Int == b[0].Int }
	less := func(a, b []types.Datum) bool { return a[1].Int < b[1].Int }
	for _, kind := range []plan.JoinKind{plan.JoinInner, plan.JoinLeft, plan.JoinRight, plan.JoinFull} {
		for round := range 40 {
			l, r := randomRows(rng, rng.Intn(60), 1+rng.Intn(20)), randomRows(rng, rng.Intn(60), 1+rng.Intn(20))
			keys, cond := round%2 == 0, round%4 < 2
			n := &plan.Join{Kind: kind, Left: valuesOf(bigints(2), l...), Right: valuesOf(bigints(2), r...)}
			if keys {
				n.LeftKeys, n.RightKeys = []*plan.Expr{colX(0)}, []*plan.Expr{colX(0)}
			}
			if cond {
				n.Cond = opX(t, "<", colX(1), colX(3))
			}
			want := slowJoin(kind, l, r, func(a, b []types.Datum) bool { return (!keys || equal(a, b)) && (!cond || less(a, b)) })
			t.Run(fmt.Sprint(kind, round), func(t *testing.T) {
				wantRows(t, sortedRows(mustRun(t, n, &Env{})), want...)
			})
		}
	}
}

// One row can have more matches than fit a batch, and the row of an outer join is then still matched.
func TestHashJoinManyMatches(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	l, r := randomRows(rng, 30, 2), randomRows(rng, 3000, 2)
	for _, kind := range []plan.JoinKind{plan.JoinLeft, plan.JoinFull} {
		n := &plan.Join{Kind: kind, Left: valuesOf(bigints(2), l...), Right: valuesOf(bigints(2), r...),
			LeftKeys: []*plan.Expr{colX(0)}, RightKeys: []*plan.Expr{colX(0)}, Cond: opX(t, ">", colX(3), numX(2990))}
		want := slowJoin(kind, l, r, func(a, b []types.Datum) bool {
			return !a[0].Null && !b[0].Null && a[0].Int == b[0].Int && b[1].Int > 2990
		})
		wantRows(t, sortedRows(mustRun(t, n, &Env{})), want...)
	}
}

// Keys of different number types match where the numbers are equal.
func TestHashJoinNumberTypes(t *testing.T) {
	n := &plan.Join{Kind: plan.JoinInner, Left: valuesOf(bigints(1), row(num(1)), row(num(2))),
		Right:    valuesOf([]types.Type{types.Float8}, row(types.FloatDatum(2)), row(types.FloatDatum(1.5))),
		LeftKeys: []*plan.Expr{colX(0)}, RightKeys: []*plan.Expr{plan.Column(0, types.Float8)}}
	wantRows(t, mustRun(t, n, &Env{}), "2|2")
}

// What an operator keeps counts; beyond the bound the statement fails and names the operator, and closing gives all back.
func TestMemoryBound(t *testing.T) {
	rows := randomRows(rand.New(rand.NewSource(3)), 5000, 5000)
	input := valuesOf(bigints(2), rows...)
	distinct := aggX(t, "count", colX(1))
	distinct.Distinct = true
	sub := &plan.Query{Root: input}
	for name, n := range map[string]plan.Node{
		"hash join":       &plan.Join{Kind: plan.JoinInner, Left: input, Right: input, LeftKeys: []*plan.Expr{colX(1)}, RightKeys: []*plan.Expr{colX(1)}},
		"hash aggregate":  &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{colX(1)}},
		"hash aggregate ": &plan.Aggregate{Input: input, Aggs: []plan.Agg{distinct}},
		"set operation":   &plan.SetOp{Kind: plan.SetIntersect, Left: input, Right: input},
		"window function": &plan.Window{Input: input, OrderBy: []plan.SortKey{{Expr: colX(1)}}, Calls: []plan.WindowCall{{Func: "rank", Type: types.Int8, Frame: plan.DefaultFrame}}},
		"sort":            &plan.Sort{Input: input, Keys: []plan.SortKey{{Expr: colX(1)}}},
		"subquery":        &plan.Project{Input: valuesOf(nil, row()), Exprs: []*plan.Expr{{Op: plan.OpExists, Type: types.Bool, Sub: sub}}},
	} {
		env := &Env{MemoryBytes: 50_000}
		_, err := runPlan(t, n, env)
		e := wantCode(t, err, pgerr.OutOfMemory, "out of memory")
		if want := "The " + trimmed(name) + " needs more than the 50000 bytes that a statement may use."; e.Detail != want {
			t.Errorf("%s: detail %q", name, e.Detail)
		}
		if env.run.memory.used.Load() != 0 {
			t.Errorf("%s: %d bytes still in use", name, env.run.memory.used.Load())
		}
		mustRun(t, n, &Env{MemoryBytes: 5 << 20})
	}
}

func trimmed(s string) string {
	if s[len(s)-1] == ' ' {
		return s[:len(s)-1]
	}
	return s
}
