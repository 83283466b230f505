package exec

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// A scan gives every row of every partition once, with the columns asked for, in the order asked for.
func TestScanTable(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	var want []string
	for i := range 3000 {
		db.load(rel, row(num(int64(i)), str(fmt.Sprint("name", i)), null))
		want = append(want, fmt.Sprintf("null|name%d|%d|name%d", i, i, i))
	}
	got := mustRun(t, &plan.Scan{Relation: rel, Columns: []int{2, 1, 0, 1}}, &Env{Reader: db.snapshot()})
	wantRows(t, sortedRows(got), sortedRows(want)...)
}

// Without columns a scan still counts rows.
func TestScanNoColumns(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), null), row(num(2), str("b"), null))
	got := mustRun(t, &plan.Scan{Relation: rel}, &Env{Reader: db.snapshot()})
	wantRows(t, got, "", "")
}

// A view's row is given as often as it is there, over batches; rows that are there a negative number of times are not seen.
func TestScanMultiplicity(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	enc := func(r ...types.Datum) []byte {
		b := types.NewBatch(rel.Types(), 1)
		b.AppendRow(r, 1)
		return types.EncodeRow(nil, b, 0)
	}
	db.put(rel.Partition(0), []byte{1}, state.StoredRow{Count: 2500, Row: enc(num(1), str("many"), null)},
		state.StoredRow{Count: 1, Row: enc(num(1), str("once"), null)}, state.StoredRow{Count: -3, Row: enc(num(1), str("less"), null)})
	db.put(rel.Partition(3), []byte{2}, state.StoredRow{Count: -1, Row: enc(num(2), str("gone"), null)})
	counts := map[string]int{}
	for _, r := range mustRun(t, scanOf(rel), &Env{Reader: db.snapshot()}) {
		counts[r]++
	}
	if len(counts) != 2 || counts["1|many|null"] != 2500 || counts["1|once|null"] != 1 {
		t.Errorf("rows %v", counts)
	}
}

// A point lookup finds the row by constant or parameter, whatever the number's type, and nothing for NULL.
func TestScanKey(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	for i := range 50 {
		db.load(rel, row(num(int64(i)), str(fmt.Sprint("name", i)), null))
	}
	param := &plan.Expr{Op: plan.OpParam, Type: types.Int4}
	for _, c := range []struct {
		key    *plan.Expr
		param  types.Datum
		result []string
	}{
		{key: numX(7), result: []string{"7|name7"}},
		{key: numX(70)},
		{key: plan.Const(types.Int8, null)},
		{key: param, param: num(49), result: []string{"49|name49"}},
		{key: plan.Const(types.Float8, types.FloatDatum(8)), result: []string{"8|name8"}},
		{key: plan.Const(types.Float8, types.FloatDatum(8.5))},
	} {
		env := &Env{Reader: db.snapshot(), Expr: expr.Context{Params: row(c.param), ParamTypes: []types.Type{types.Int4}}}
		got := mustRun(t, &plan.Scan{Relation: rel, Columns: []int{0, 1}, Key: []*plan.Expr{c.key}}, env)
		wantRows(t, got, c.result...)
	}
}

// Where rows are not partitioned by their key, a lookup asks every partition.
func TestScanKeyOfUnpartitioned(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	for i := range 50 {
		db.load(rel, row(num(int64(i)), null, null))
	}
	rel.PartitionBy = []int{1}
	for i := range 50 {
		got := mustRun(t, &plan.Scan{Relation: rel, Columns: []int{0}, Key: []*plan.Expr{numX(int64(i))}}, &Env{Reader: db.snapshot()})
		wantRows(t, got, fmt.Sprint(i))
	}
}

// A scan of a stream gives its rows with what the log says of them, from the log's start up to the snapshot's end.
func TestScanStream(t *testing.T) {
	db, rel := newTestDB(t), testStream()
	p := rel.Partition(1)
	rec := func(k int64, v string, ms int64) log.Record {
		b := types.NewBatch(rel.Types(), 1)
		b.AppendRow(row(num(k), str(v)), 1)
		return log.Record{Value: types.EncodeRow(nil, b, 0), TimestampMillis: unixToPostgresMillis + ms}
	}
	db.append(p, rec(1, "a", 0), rec(2, "b", 1), rec(3, "c", 2))
	db.append(p, rec(4, "d", 1000))
	db.append(rel.Partition(0), rec(5, "e", 0))
	db.starts[p] = 1
	snapshot := db.snapshot()
	db.append(p, rec(6, "later", 0))
	scan := &plan.Scan{Relation: rel, Columns: []int{3, 0, 2, 4, 1}}
	wantRows(t, mustRun(t, scan, &Env{Reader: snapshot}),
		"0|5|0|2000-01-01 00:00:00+00|e",
		"1|2|1|2000-01-01 00:00:00.001+00|b",
		"2|3|1|2000-01-01 00:00:00.002+00|c",
		"3|4|1|2000-01-01 00:00:01+00|d")
}

// A snapshot can end inside a batch, and a record that does not decode is no row: the hook is told which.
func TestScanStreamEdges(t *testing.T) {
	db, rel := newTestDB(t), testStream()
	p := rel.Partition(0)
	b := types.NewBatch(rel.Types(), 1)
	b.AppendRow(row(num(1), str("x")), 1)
	value := types.EncodeRow(nil, b, 0)
	db.append(p, log.Record{Value: value}, log.Record{}, log.Record{Value: value}, log.Record{Value: []byte("nonsense")})
	reader := db.snapshot()
	reader.ends[p] = 3
	wantRows(t, mustRun(t, &plan.Scan{Relation: rel, Columns: []int{3}}, &Env{Reader: reader}), "0", "2")
	db.append(p, log.Record{Value: value})
	var told []Undecodable
	env := &Env{Reader: db.snapshot(), Undecodable: func(u Undecodable) { told = append(told, u) }}
	wantRows(t, mustRun(t, &plan.Scan{Relation: rel, Columns: []int{3}}, env), "0", "2", "4")
	if len(told) != 1 || told[0].Stream != rel.ID || told[0].Partition != p || told[0].Offset != 3 || !errors.Is(told[0].Err, types.ErrCorrupt) {
		t.Errorf("told of %+v", told)
	}
}

// System relations come from Env.System, by columns.
func TestScanSystem(t *testing.T) {
	env := &Env{System: func(schema, name string) ([][]types.Datum, error) {
		var rows [][]types.Datum
		for i := range 1500 {
			rows = append(rows, row(num(int64(i)), str(schema+"."+name)))
		}
		return rows, nil
	}}
	got := mustRun(t, plan.NewSystemScan("pg_catalog", "pg_class", []int{1, 0}, []types.Type{types.Text, types.Int8}), env)
	if len(got) != 1500 || got[1499] != "pg_catalog.pg_class|1499" {
		t.Errorf("%d rows, last %q", len(got), got[len(got)-1])
	}
}

// When ctx ends, operators stop with its error.
func TestCancel(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), null, null))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	two := []*plan.Expr{colX(0)}
	for _, n := range []plan.Node{scanOf(rel), scanOf(testStream()), &plan.Scan{Relation: rel, Key: two}, valuesOf(bigints(1), row(num(1))),
		&plan.Join{Kind: plan.JoinInner, Left: scanOf(rel), Right: scanOf(rel)},
		&plan.Aggregate{Input: scanOf(rel)}, &plan.Sort{Input: scanOf(rel), Keys: []plan.SortKey{{Expr: colX(0)}}}} {
		op, err := Build(n, &Env{Reader: db.snapshot(), Catalog: catalog.Empty()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = op.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%T: error %v", n, err)
		}
		op.Close()
		op.Close()
	}
}
