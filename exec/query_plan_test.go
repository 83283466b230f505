package exec

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Plans by hand, and what they give.

// testTable is a table t (id bigint PRIMARY KEY, name text, n bigint) of four partitions.
func testTable() *catalog.Relation {
	return &catalog.Relation{ID: 20000, Schema: "public", Name: "t", Kind: catalog.KindTable, Key: []int{0}, PartitionBy: []int{0},
		HasPrimaryKey: true, Placement: make([]catalog.ShardID, 4), Columns: []catalog.Column{
			{Name: "id", Type: types.Int8, NotNull: true}, {Name: "name", Type: types.Text}, {Name: "n", Type: types.Int8}}}
}

// testStream is a stream s (k bigint, v text) without key, of two partitions.
func testStream() *catalog.Relation {
	return &catalog.Relation{ID: 20001, Schema: "public", Name: "s", Kind: catalog.KindStream, Placement: make([]catalog.ShardID, 2),
		Columns: []catalog.Column{{Name: "k", Type: types.Int8, NotNull: true}, {Name: "v", Type: types.Text}}}
}

func num(i int64) types.Datum             { return types.IntDatum(i) }
func str(s string) types.Datum            { return types.StrDatum(s) }
func numX(i int64) *plan.Expr             { return plan.Const(types.Int8, num(i)) }
func colX(i int) *plan.Expr               { return plan.Column(i, types.Int8) }
func textX(i int) *plan.Expr              { return plan.Column(i, types.Text) }
func row(ds ...types.Datum) []types.Datum { return ds }

var null = types.NullDatum

// opX is left op right.
func opX(t testing.TB, op string, l, r *plan.Expr) *plan.Expr {
	t.Helper()
	sig, err := funcs.ResolveOperator(op, l.Type, r.Type)
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Expr{Op: plan.OpCall, Func: sig.ID, Type: sig.Result, Args: []*plan.Expr{l, r}}
}

// aggX is an aggregate call.
func aggX(t testing.TB, name string, args ...*plan.Expr) plan.Agg {
	t.Helper()
	var ts []types.Type
	for _, a := range args {
		ts = append(ts, a.Type)
	}
	sig, err := funcs.Resolve(name, ts)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Agg{Func: sig.ID, Type: sig.Result, Args: args}
}

// scanOf scans all stored columns.
func scanOf(rel *catalog.Relation) *plan.Scan {
	return &plan.Scan{Relation: rel, Columns: numbers(len(rel.Columns))}
}

// valuesOf gives rows.
func valuesOf(ts []types.Type, rows ...[]types.Datum) *plan.Values {
	v := &plan.Values{ColumnTypes: ts}
	for _, r := range rows {
		xs := make([]*plan.Expr, len(r))
		for i, d := range r {
			xs[i] = plan.Const(ts[i], d)
		}
		v.Rows = append(v.Rows, xs)
	}
	return v
}

// run runs a plan and returns its rows as text, in order.
func runPlan(t testing.TB, n plan.Node, env *Env) ([]string, error) {
	t.Helper()
	op, err := Build(n, env)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	var out []string
	err = drain(context.Background(), op, func(b *types.Batch) error {
		if b.Len == 0 || b.Len > BatchRows {
			t.Errorf("a batch of %d rows", b.Len)
		}
		if got := b.Types(); !slices.Equal(got, n.Types()) {
			t.Errorf("types %v, want %v", got, n.Types())
		}
		out = append(out, rowsText(b)...)
		return nil
	})
	return out, err
}

// mustRun is runPlan of a plan that works.
func mustRun(t testing.TB, n plan.Node, env *Env) []string {
	t.Helper()
	rows, err := runPlan(t, n, env)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// rowsText returns the rows as 1|a|null.
func rowsText(b *types.Batch) []string {
	var out []string
	for i := range b.Len {
		var cells []string
		for _, v := range b.Cols {
			switch {
			case v.Len() != b.Len:
				cells = append(cells, "LENGTH "+strconv.Itoa(v.Len()))
			case v.IsNull(i):
				cells = append(cells, "null")
			default:
				cells = append(cells, string(types.FormatText(nil, v.Type, v.Datum(i), types.Scope{})))
			}
		}
		out = append(out, strings.Join(cells, "|"))
	}
	return out
}

// sortedRows returns rows sorted, where a plan promises no order.
func sortedRows(rows []string) []string {
	out := slices.Clone(rows)
	slices.Sort(out)
	return out
}

// wantRows compares rows.
func wantRows(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("rows\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantCode checks the SQLSTATE and message of an error.
func wantCode(t testing.TB, err error, code, message string) *pgerr.Error {
	t.Helper()
	if pgerr.Code(err) != code || !strings.Contains(pgerr.From(err).Message, message) {
		t.Fatalf("error %v, want %s %s", err, code, message)
	}
	return pgerr.From(err)
}
