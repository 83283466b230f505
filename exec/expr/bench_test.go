package expr_test

import (
	"testing"
	"time"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

const benchRows = 1024

// benchBatch has the columns bigint, double precision, text, numeric, timestamptz.
func benchBatch(b testing.TB) *types.Batch {
	batch := types.NewBatch([]types.Type{types.Int8, types.Float8, types.Text, types.Numeric, types.Timestamptz}, benchRows)
	price := vector(b, types.Numeric, []string{"19.99"}).Datum(0)
	for i := range benchRows {
		batch.AppendRow([]types.Datum{types.IntDatum(int64(i)), types.FloatDatum(float64(i) / 7), types.StrDatum("customer 12345"), price,
			types.IntDatum(int64(i) * 1e9)}, 1)
	}
	return batch
}

// call is a function of columns and constants.
func callOf(b testing.TB, id string, args ...*plan.Expr) *plan.Expr {
	s := funcs.ByID(id)
	if s == nil {
		b.Fatalf("no function %s", id)
	}
	return &plan.Expr{Op: plan.OpCall, Func: id, Type: s.Result, Args: args}
}

func BenchmarkEval(b *testing.B) {
	batch := benchBatch(b)
	column := func(i int) *plan.Expr { return plan.Column(i, batch.Cols[i].Type) }
	number := func(i int64) *plan.Expr { return plan.Const(types.Int8, types.IntDatum(i)) }
	text := func(s string) *plan.Expr { return plan.Const(types.Text, types.StrDatum(s)) }
	both := &plan.Expr{Op: plan.OpAnd, Type: types.Bool, Args: []*plan.Expr{callOf(b, "int8gt", column(0), number(100)), callOf(b, "int8lt", column(0), number(900))}}
	for _, c := range []struct {
		name string
		e    *plan.Expr
	}{
		{"int8 + const", callOf(b, "int8pl", column(0), number(5))},
		{"int8 = const", callOf(b, "int8eq", column(0), number(5))},
		{"a > 100 AND a < 900", both},
		{"float8 * float8", callOf(b, "float8mul", column(1), column(1))},
		{"text = const", callOf(b, "texteq", column(2), text("customer 12345"))},
		{"text LIKE prefix", callOf(b, "textlike", column(2), text("cust%"))},
		{"numeric + numeric", callOf(b, "numeric_add", column(3), column(3))},
		{"numeric * numeric", callOf(b, "numeric_mul", column(3), column(3))},
		{"date_trunc", callOf(b, "date_trunc(text,timestamptz)", text("hour"), column(4))},
	} {
		compiled, err := expr.Compile(c.e)
		if err != nil {
			b.Fatal(err)
		}
		ctx := &expr.Context{Location: time.UTC}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := compiled.Eval(ctx, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}

func BenchmarkAggregate(b *testing.B) {
	batch := benchBatch(b)
	for id, c := range map[string]int{"sum(int8)": 0, "sum(float8)": 1, "max(text)": 2, "avg(numeric)": 3} {
		a := newAggregate(b, funcs.ByID(id), batch.Cols[c].Type)
		b.Run(id, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				addAll(b, a, batch.Cols[c], 1)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchRows, "ns/row")
		})
	}
}
