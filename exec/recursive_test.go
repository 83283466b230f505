package exec

import (
	"context"
	"errors"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// doubling gives 1, and then for each row that came last two rows.
func doubling(all bool) *plan.Recursive {
	work := &plan.WorkTable{ID: 1, ColumnTypes: bigints(1)}
	return &plan.Recursive{ID: 1, All: all, Base: valuesOf(bigints(1), row(num(1))), Step: &plan.Union{Inputs: []plan.Node{work, work}}}
}

func used(env *Env) int64 { return env.run.memory.used.Load() }

// A recursion that grows for ever fails beyond the statement's memory, and closing gives all back.
func TestRecursionMemory(t *testing.T) {
	env := &Env{MemoryBytes: 50_000}
	_, err := runPlan(t, doubling(true), env)
	wantCode(t, err, pgerr.OutOfMemory, "out of memory")
	if used(env) != 0 {
		t.Errorf("%d bytes are held after closing", used(env))
	}
}

// Without ALL a row counts once, so the same recursion ends.
func TestRecursionDistinct(t *testing.T) {
	wantRows(t, mustRun(t, doubling(false), &Env{}), "1")
}

// A recursion that neither grows nor ends gives nothing more when its statement is cancelled.
func TestRecursionCancelled(t *testing.T) {
	work := &plan.WorkTable{ID: 1, ColumnTypes: bigints(1)}
	n := &plan.Aggregate{Input: &plan.Recursive{ID: 1, All: true, Base: valuesOf(bigints(1), row(num(1))), Step: work},
		Aggs: []plan.Agg{aggX(t, "count", colX(0))}}
	op, err := Build(n, &Env{})
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, err := op.Next(ctx)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled recursion ended with %v", err)
	}
}

// The table that a recursive term joins is read once, and its memory is given back at the end.
func TestRecursionKeepsTables(t *testing.T) {
	reads := 0
	env := &Env{System: func(string, string) ([][]types.Datum, error) {
		reads++
		var rows [][]types.Datum
		for i := range 50 {
			rows = append(rows, row(num(int64(i)), num(int64(i+1))))
		}
		return rows, nil
	}}
	edges := plan.NewSystemScan("s", "edges", []int{0, 1}, bigints(2))
	step := &plan.Project{Exprs: []*plan.Expr{colX(2)}, Input: &plan.Join{Kind: plan.JoinInner, Left: &plan.WorkTable{ID: 1, ColumnTypes: bigints(1)},
		Right: edges, LeftKeys: []*plan.Expr{colX(0)}, RightKeys: []*plan.Expr{colX(0)}}}
	n := &plan.Recursive{ID: 1, All: true, Base: valuesOf(bigints(1), row(num(0))), Step: step}
	if got := mustRun(t, n, env); len(got) != 51 {
		t.Errorf("%d rows, not 51", len(got))
	}
	if reads != 1 || used(env) != 0 {
		t.Errorf("the table was read %d times; %d bytes are held after closing", reads, used(env))
	}
}
