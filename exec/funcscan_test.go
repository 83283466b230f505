package exec

import (
	"context"
	"errors"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
)

func seriesScan(from, to int64) *plan.FuncScan {
	return &plan.FuncScan{Calls: []plan.SetCall{{Func: "generate_series(int8,int8)", Args: []*plan.Expr{numX(from), numX(to)},
		Types: bigints(1), Strict: true}}, Ordinality: true}
}

// The rows of a function are made as they are taken: a series that would not fit into memory gives its first rows, and ends
// when its statement is cancelled.
func TestSeriesIsStreamed(t *testing.T) {
	const most = int64(1) << 62
	n := &plan.Limit{Input: seriesScan(1, most), Count: numX(2)}
	wantRows(t, mustRun(t, n, &Env{MemoryBytes: 1}), "1|1", "2|2")

	op, err := Build(seriesScan(1, most), &Env{MemoryBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	ctx, cancel := context.WithCancel(t.Context())
	for range 3 {
		if b, err := op.Next(ctx); err != nil || b.Len != BatchRows {
			t.Fatalf("%v", err)
		}
	}
	cancel()
	if _, err := op.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the statement: %v", err)
	}
}

// Functions stand side by side: behind the end of the shorter one, also batches on, there are NULLs.
func TestFunctionsSideBySide(t *testing.T) {
	n := seriesScan(1, 2*BatchRows+1)
	n.Calls = append(n.Calls, seriesScan(1, BatchRows+1).Calls...)
	last := &plan.Filter{Input: n, Pred: opX(t, ">", colX(0), numX(2*BatchRows-1))}
	wantRows(t, mustRun(t, last, &Env{}), "2048|null|2048", "2049|null|2049")
	first := &plan.Limit{Input: &plan.Filter{Input: n, Pred: opX(t, ">", colX(0), numX(BatchRows))}, Count: numX(2)}
	wantRows(t, mustRun(t, first, &Env{}), "1025|1025|1025", "1026|null|1026")
}
