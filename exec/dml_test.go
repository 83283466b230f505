package exec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

var bg = context.Background()

// insert runs an INSERT of literal rows and commits it.
func (d *testDB) insert(p *plan.Insert, rows ...[]types.Datum) (int64, []string, error) {
	p.Source = &plan.Query{Root: valuesOf(p.Relation.Types(), rows...)}
	return d.commit(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunInsert(bg, p, env, tx) })
}

// commit runs a statement and commits it; the batch is as text.
func (d *testDB) commit(statement func(*Env, Tx) (int64, *types.Batch, error)) (int64, []string, error) {
	tx := d.begin()
	n, b, err := statement(&Env{Reader: d.snapshot()}, tx)
	if err != nil {
		return 0, nil, err
	}
	var rows []string
	if b != nil {
		rows = rowsText(b)
	}
	return n, rows, tx.Commit(bg)
}

// contents returns a table's rows, sorted.
func (d *testDB) contents(rel *catalog.Relation) []string {
	return sortedRows(mustRun(d.t, scanOf(rel), &Env{Reader: d.snapshot()}))
}

// wantCount checks the outcome of a statement that works.
func wantCount(t *testing.T, got int64, err error, want int64) {
	t.Helper()
	if err != nil || got != want {
		t.Fatalf("%d rows, error %v; want %d", got, err, want)
	}
}

// Rows land in the partitions of their keys and come back with RETURNING.
func TestInsert(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	p := &plan.Insert{Relation: rel, Returning: []*plan.Expr{opX(t, "*", colX(0), numX(2)), textX(1)}}
	n, returned, err := db.insert(p, row(num(2), str("b"), null), row(num(1), str("a"), num(7)))
	wantCount(t, n, err, 2)
	wantRows(t, returned, "4|b", "2|a")
	wantRows(t, db.contents(rel), "1|a|7", "2|b|null")
	for _, id := range []int64{1, 2} {
		got := mustRun(t, &plan.Scan{Relation: rel, Columns: []int{0}, Key: []*plan.Expr{numX(id)}}, &Env{Reader: db.snapshot()})
		wantRows(t, got, fmt.Sprint(id))
	}
}

// RETURNING of a statement that writes nothing is an empty batch with its columns.
func TestReturningNothing(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	p := &plan.Insert{Relation: rel, Returning: []*plan.Expr{colX(0)}, Source: &plan.Query{Root: valuesOf(rel.Types())}}
	n, b, err := RunInsert(bg, p, &Env{Reader: db.snapshot()}, db.begin())
	wantCount(t, n, err, 0)
	if b == nil || len(b.Cols) != 1 || b.Len != 0 {
		t.Errorf("batch %+v", b)
	}
}

// NULL in a NOT NULL column is 23502, with the row as PostgreSQL describes it: long values cut, hidden columns left out.
func TestNotNull(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	rel.Columns = append(rel.Columns, catalog.Column{Name: "secret", Type: types.Int8, Hidden: true})
	long := strings.Repeat("ü", 40)
	_, _, err := db.insert(&plan.Insert{Relation: rel}, row(num(1), null, null, num(1)), row(null, str(long), num(3), num(1)))
	e := wantCode(t, err, pgerr.NotNullViolation, `null value in column "id" of relation "t" violates not-null constraint`)
	if want := "Failing row contains (null, " + strings.Repeat("ü", 32) + "..., 3)."; e.Detail != want || e.Column != "id" || e.Table != "t" {
		t.Errorf("detail %q, want %q; %+v", e.Detail, want, e)
	}
	_, _, err = db.insert(&plan.Insert{Relation: testStream()}, row(null, str("v")))
	wantCode(t, err, pgerr.NotNullViolation, `null value in column "k" of relation "s"`)
}

// A key that is there, or twice in a statement, is 23505.
func TestDuplicateKey(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	_, _, err := db.insert(&plan.Insert{Relation: rel}, row(num(1), str("a"), null), row(num(1), str("b"), null))
	e := wantCode(t, err, pgerr.UniqueViolation, `duplicate key value violates unique constraint "t_pkey"`)
	if e.Detail != "Key (id)=(1) already exists." || e.Constraint != "t_pkey" {
		t.Errorf("%+v", e)
	}
	wantRows(t, db.contents(rel))
	db.load(rel, row(num(1), str("a"), null))
	_, _, err = db.insert(&plan.Insert{Relation: rel}, row(num(2), str("a"), null), row(num(1), str("b"), null))
	wantCode(t, err, pgerr.UniqueViolation, `"t_pkey"`)
	wantRows(t, db.contents(rel), "1|a|null")
}

// The key of several columns is shown whole.
func TestDuplicateKeyOfTwoColumns(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	rel.Key = []int{1, 0}
	_, _, err := db.insert(&plan.Insert{Relation: rel}, row(num(1), str("a"), null), row(num(1), str("a"), num(1)))
	if e := wantCode(t, err, pgerr.UniqueViolation, "duplicate key"); e.Detail != "Key (name, id)=(a, 1) already exists." {
		t.Errorf("detail %q", e.Detail)
	}
}

// Two inserts of one key at the same time: the guard of the second does not hold.
func TestInsertRace(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	var txs []Tx
	for range 2 {
		tx := db.begin()
		p := &plan.Insert{Relation: rel, Source: &plan.Query{Root: valuesOf(rel.Types(), row(num(1), str("a"), null))}}
		if _, _, err := RunInsert(bg, p, &Env{Reader: db.snapshot()}, tx); err != nil {
			t.Fatal(err)
		}
		txs = append(txs, tx)
	}
	var conflict *ConflictError
	if err := txs[0].Commit(bg); err != nil {
		t.Fatal(err)
	}
	if err := txs[1].Commit(bg); !errors.As(err, &conflict) || conflict.Guard != GuardAbsent {
		t.Errorf("error %v", err)
	}
}

// A table without primary key takes equal rows, each under a row id of its own.
func TestHiddenRowID(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	rel.Columns[0] = catalog.Column{Name: catalog.RowIDColumn, Type: types.Int8, NotNull: true, Hidden: true}
	n, _, err := db.insert(&plan.Insert{Relation: rel, OnConflictNothing: true}, row(null, str("a"), null), row(null, str("a"), null))
	wantCount(t, n, err, 2)
	ids := mustRun(t, &plan.Scan{Relation: rel, Columns: []int{0}}, &Env{Reader: db.snapshot()})
	if len(ids) != 2 || ids[0] == ids[1] || strings.HasPrefix(ids[0]+ids[1], "-") || ids[0] == "null" {
		t.Errorf("ids %v", ids)
	}
}

// ON CONFLICT DO NOTHING passes over keys that are there or came before in the statement, and returns the others.
func TestOnConflictNothing(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("old"), null))
	p := &plan.Insert{Relation: rel, OnConflictNothing: true, Returning: []*plan.Expr{colX(0), textX(1)}}
	n, returned, err := db.insert(p, row(num(1), str("x"), null), row(num(2), str("a"), null), row(num(2), str("b"), null), row(num(3), str("c"), null))
	wantCount(t, n, err, 2)
	wantRows(t, returned, "2|a", "3|c")
	wantRows(t, db.contents(rel), "1|old|null", "2|a|null", "3|c|null")
	_, _, err = db.insert(p, row(null, str("x"), null))
	wantCode(t, err, pgerr.NotNullViolation, `column "id"`)
}

// setName is DO UPDATE SET name = name || EXCLUDED.name, n = EXCLUDED.n WHERE t.n < EXCLUDED.n.
func setName(t *testing.T, rel *catalog.Relation) *plan.Insert {
	return &plan.Insert{Relation: rel, Returning: []*plan.Expr{colX(0), textX(1), colX(2)},
		OnConflictSet:   []*plan.Expr{colX(0), opX(t, "||", textX(1), textX(4)), colX(5)},
		OnConflictWhere: opX(t, "<", colX(2), colX(5))}
}

// ON CONFLICT DO UPDATE computes over the old and the new row, in order; rows that WHERE refuses are left and not returned.
func TestOnConflictUpdate(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(1)), row(num(2), str("b"), num(9)), row(num(3), str("c"), num(1)))
	n, returned, err := db.insert(setName(t, rel), row(num(3), str("C"), num(5)), row(num(4), str("D"), num(5)),
		row(num(2), str("B"), num(5)), row(num(2), str("B"), num(6)), row(num(1), str("A"), num(5)))
	wantCount(t, n, err, 3)
	wantRows(t, returned, "3|cC|5", "4|D|5", "1|aA|5")
	wantRows(t, db.contents(rel), "1|aA|5", "2|b|9", "3|cC|5", "4|D|5")
}

// A row that the statement has inserted or updated cannot be hit again: 21000. One that WHERE refused can.
func TestOnConflictUpdateTwice(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(5)))
	for _, rows := range [][][]types.Datum{
		{row(num(2), str("x"), num(1)), row(num(2), str("y"), num(2))},
		{row(num(1), str("x"), num(6)), row(num(1), str("y"), num(7))},
		{row(num(1), str("x"), num(6)), row(num(1), str("y"), num(0))},
	} {
		_, _, err := db.insert(setName(t, rel), rows...)
		e := wantCode(t, err, pgerr.CardinalityViolation, "ON CONFLICT DO UPDATE command cannot affect row a second time")
		if e.Hint == "" {
			t.Error("no hint")
		}
	}
	n, _, err := db.insert(setName(t, rel), row(num(1), str("x"), num(0)), row(num(1), str("y"), num(7)))
	wantCount(t, n, err, 1)
	wantRows(t, db.contents(rel), "1|ay|7")
}

// DO UPDATE may change the key; a key that is taken is 23505, NULL in a NOT NULL column 23502.
func TestOnConflictUpdateKey(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(1)), row(num(2), str("b"), num(2)))
	p := &plan.Insert{Relation: rel, OnConflictSet: []*plan.Expr{colX(5), textX(1), colX(2)}}
	n, _, err := db.insert(p, row(num(1), str("x"), num(10)))
	wantCount(t, n, err, 1)
	wantRows(t, db.contents(rel), "10|a|1", "2|b|2")
	_, _, err = db.insert(p, row(num(2), str("x"), num(10)))
	wantCode(t, err, pgerr.UniqueViolation, "t_pkey")
	_, _, err = db.insert(p, row(num(2), str("x"), null))
	wantCode(t, err, pgerr.NotNullViolation, `"id"`)
}

// A statement on a keyless stream goes to one partition while it is small, in order.
func TestInsertStream(t *testing.T) {
	db, rel := newTestDB(t), testStream()
	n, _, err := db.insert(&plan.Insert{Relation: rel}, row(num(1), str("a")), row(num(2), str("b")))
	wantCount(t, n, err, 2)
	got := mustRun(t, &plan.Scan{Relation: rel, Columns: []int{3, 0}}, &Env{Reader: db.snapshot()})
	wantRows(t, got, "0|1", "1|2")
}

// A stream with a key keeps the records of one key in one partition.
func TestInsertKeyedStream(t *testing.T) {
	db, rel := newTestDB(t), testStream()
	rel.Key, rel.PartitionBy = []int{0}, []int{0}
	for i := range 40 {
		db.load(rel, row(num(int64(i%10)), str("x")))
	}
	where := map[string]bool{}
	for _, r := range mustRun(t, &plan.Scan{Relation: rel, Columns: []int{0, 2}}, &Env{Reader: db.snapshot()}) {
		where[r] = true
	}
	if len(where) != 10 {
		t.Errorf("keys and partitions %v", where)
	}
}

// A large insert reaches the Tx in pieces, so that it is never in memory whole.
func TestInsertInChunks(t *testing.T) {
	db := newTestDB(t)
	wide := strings.Repeat("x", 1000)
	for _, rel := range []*catalog.Relation{testTable(), testStream()} {
		tx := db.begin()
		in := NewInserter(rel, &Env{Reader: db.snapshot()}, tx)
		b := types.NewBatch(rel.Types(), 0)
		for i := range 4 * BatchRows {
			r := row(num(int64(i)), str(wide), null)
			b.AppendRow(r[:len(rel.Columns)], 1)
		}
		if err := in.Add(bg, b); err != nil {
			t.Fatal(err)
		}
		if n, err := in.Close(bg); n != int64(b.Len) || err != nil {
			t.Fatal(n, err)
		}
		if tx.calls < 10 || tx.most > writeChunkBytes {
			t.Errorf("%d calls, the largest of %d bytes", tx.calls, tx.most)
		}
		used := map[uint32]bool{}
		for _, w := range tx.writes {
			used[w.Partition.Partition] = true
		}
		if err := tx.Commit(bg); err != nil || len(used) != rel.Partitions() || len(db.contents(rel)) != b.Len {
			t.Errorf("partitions %v, %d rows, %v", used, len(db.contents(rel)), err)
		}
	}
}

// update is UPDATE t SET … WHERE pred: exprs are over the old row.
func (d *testDB) update(rel *catalog.Relation, input plan.Node, returning []*plan.Expr, set ...*plan.Expr) (int64, []string, error) {
	var exprs []*plan.Expr
	for i, col := range rel.Columns {
		exprs = append(exprs, plan.Column(i, col.Type))
	}
	root := &plan.Project{Input: input, Exprs: append(exprs, set...)}
	p := &plan.Update{Relation: rel, Input: &plan.Query{Root: root}, Returning: returning}
	return d.commit(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunUpdate(bg, p, env, tx) })
}

// An update replaces the rows that it found, guarded, and returns the new ones.
func TestUpdate(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(1)), row(num(2), str("b"), num(2)), row(num(3), str("c"), num(3)))
	input := &plan.Filter{Input: scanOf(rel), Pred: opX(t, ">", colX(0), numX(1))}
	n, returned, err := db.update(rel, input, []*plan.Expr{colX(0), colX(2)}, colX(0), textX(1), opX(t, "+", colX(2), numX(10)))
	wantCount(t, n, err, 2)
	wantRows(t, sortedRows(returned), "2|12", "3|13")
	wantRows(t, db.contents(rel), "1|a|1", "2|b|12", "3|c|13")
	_, _, err = db.update(rel, input, nil, plan.Const(types.Int8, null), textX(1), colX(2))
	wantCode(t, err, pgerr.NotNullViolation, `"id"`)
}

// Keys may move, also into each other's places; the key holds at the end of the statement.
func TestUpdateKey(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	var want []string
	for i := range 100 {
		db.load(rel, row(num(int64(i)), str(fmt.Sprint("r", i)), null))
		want = append(want, fmt.Sprintf("%d|r%d|null", i+1, i))
	}
	n, _, err := db.update(rel, scanOf(rel), nil, opX(t, "+", colX(0), numX(1)), textX(1), colX(2))
	wantCount(t, n, err, 100)
	wantRows(t, db.contents(rel), sortedRows(want)...)

	five := &plan.Filter{Input: scanOf(rel), Pred: opX(t, "=", colX(0), numX(5))}
	_, _, err = db.update(rel, five, nil, numX(6), textX(1), colX(2))
	e := wantCode(t, err, pgerr.UniqueViolation, "t_pkey")
	if e.Detail != "Key (id)=(6) already exists." {
		t.Errorf("detail %q", e.Detail)
	}
	_, _, err = db.update(rel, scanOf(rel), nil, numX(500), textX(1), colX(2))
	wantCode(t, err, pgerr.UniqueViolation, "t_pkey")
	wantRows(t, db.contents(rel), sortedRows(want)...)
}

// A row that a join gives twice is changed, or deleted, once.
func TestUpdateDeleteTwice(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(1)), row(num(2), str("b"), num(2)))
	join := &plan.Join{Kind: plan.JoinInner, Left: scanOf(rel), Right: valuesOf(bigints(1), row(num(10)), row(num(20)))}
	n, _, err := db.update(rel, join, nil, colX(0), textX(1), colX(3))
	wantCount(t, n, err, 2)
	wantRows(t, db.contents(rel), "1|a|10", "2|b|10")

	root := &plan.Project{Input: join, Exprs: []*plan.Expr{colX(0), textX(1), colX(2)}}
	p := &plan.Delete{Relation: rel, Input: &plan.Query{Root: root}, Returning: []*plan.Expr{colX(0)}}
	n, returned, err := db.commit(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunDelete(bg, p, env, tx) })
	wantCount(t, n, err, 2)
	if slices.Sort(returned); !slices.Equal(returned, []string{"1", "2"}) {
		t.Errorf("returned %v", returned)
	}
	wantRows(t, db.contents(rel))
}

// An update of a row that somebody changed after it was read does not commit.
func TestUpdateRace(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(1)))
	p := &plan.Delete{Relation: rel, Input: &plan.Query{Root: scanOf(rel)}}
	tx := db.begin()
	if _, _, err := RunDelete(bg, p, &Env{Reader: db.snapshot()}, tx); err != nil {
		t.Fatal(err)
	}
	_, _, err := db.update(rel, scanOf(rel), nil, colX(0), textX(1), numX(2))
	if err != nil {
		t.Fatal(err)
	}
	var conflict *ConflictError
	if err := tx.Commit(bg); !errors.As(err, &conflict) || conflict.Guard != GuardAtOffset {
		t.Errorf("error %v", err)
	}
}
