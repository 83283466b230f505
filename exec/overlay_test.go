package exec

import (
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// block is an open transaction block on a testDB.
type block struct {
	db      *testDB
	rel     *catalog.Relation
	overlay *Overlay
}

func newBlock(db *testDB, rel *catalog.Relation) *block {
	return &block{db: db, rel: rel, overlay: NewOverlay(db.snapshot())}
}

// run runs one statement of the block over a new snapshot.
func (b *block) run(f func(*Env, Tx) (int64, *types.Batch, error)) error {
	tx := b.overlay.Begin()
	if _, _, err := f(&Env{Reader: b.overlay.Over(b.db.snapshot())}, tx); err != nil {
		tx.Abort()
		return err
	}
	return tx.Commit(bg)
}

func (b *block) insert(id int64, name string) error {
	p := &plan.Insert{Relation: b.rel, Source: &plan.Query{Root: valuesOf(b.rel.Types(), row(num(id), str(name), null))}}
	return b.run(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunInsert(bg, p, env, tx) })
}

// where is the rows with the id, by point lookup or by scan.
func (b *block) where(t *testing.T, id int64) plan.Node {
	scan := scanOf(b.rel)
	if id%2 == 0 {
		scan.Key = []*plan.Expr{numX(id)}
	}
	return &plan.Filter{Input: scan, Pred: opX(t, "=", colX(0), numX(id))}
}

// update sets id and name of the row with the id.
func (b *block) update(t *testing.T, id, newID int64, name string) error {
	exprs := []*plan.Expr{colX(0), textX(1), colX(2), numX(newID), plan.Const(types.Text, str(name)), colX(2)}
	p := &plan.Update{Relation: b.rel, Input: &plan.Query{Root: &plan.Project{Input: b.where(t, id), Exprs: exprs}}}
	return b.run(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunUpdate(bg, p, env, tx) })
}

func (b *block) delete(t *testing.T, id int64) error {
	p := &plan.Delete{Relation: b.rel, Input: &plan.Query{Root: b.where(t, id)}}
	return b.run(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunDelete(bg, p, env, tx) })
}

func (b *block) contents(t *testing.T) []string {
	return sortedRows(mustRun(t, scanOf(b.rel), &Env{Reader: b.overlay.Over(b.db.snapshot())}))
}

func (b *block) commit() error {
	tx := b.db.begin()
	if err := b.overlay.Flush(bg, tx); err != nil {
		return err
	}
	return tx.Commit(bg)
}

// Random statements in blocks: the block sees what a map of rows says, others see nothing before COMMIT, and COMMIT
// writes each key once (the store checks that, the guards and the rows before).
func TestOverlayRandom(t *testing.T) {
	for seed := range int64(30) {
		rng := rand.New(rand.NewSource(seed))
		db, rel := newTestDB(t), testTable()
		model := map[int64]string{}
		for range 4 {
			b := newBlock(db, rel)
			before := db.contents(rel)
			for step := range 25 {
				applyRandom(t, rng, b, model, fmt.Sprint("v", step))
				wantRows(t, b.contents(t), modelRows(model)...)
			}
			wantRows(t, db.contents(rel), before...)
			if err := b.commit(); err != nil {
				t.Fatal(err)
			}
			wantRows(t, db.contents(rel), modelRows(model)...)
		}
	}
}

// Random statements, marks and ways back to them: the block sees what it saw at the mark, and COMMIT writes that.
func TestOverlayMarks(t *testing.T) {
	type marked struct {
		mark  Mark
		model map[int64]string
	}
	for seed := range int64(30) {
		rng := rand.New(rand.NewSource(seed))
		db, rel := newTestDB(t), testTable()
		model := map[int64]string{}
		for range 4 {
			b := newBlock(db, rel)
			var marks []marked
			for step := range 40 {
				switch i := rng.Intn(len(marks) + 4); {
				case i < len(marks):
					if err := b.overlay.RollbackTo(marks[i].mark); err != nil {
						t.Fatal(err)
					}
					model, marks = maps.Clone(marks[i].model), marks[:i+1]
				case i == len(marks):
					marks = append(marks, marked{b.overlay.Mark(), maps.Clone(model)})
				default:
					applyRandom(t, rng, b, model, fmt.Sprint("v", step))
				}
				wantRows(t, b.contents(t), modelRows(model)...)
			}
			if err := b.commit(); err != nil {
				t.Fatal(err)
			}
			wantRows(t, db.contents(rel), modelRows(model)...)
		}
	}
}

// What marks cost counts until they are dropped, and no longer: a block may use one for each of its statements.
func TestOverlayMarkBytes(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	plain, marked := newBlock(db, rel), newBlock(db, rel)
	for id := range int64(20) {
		first := marked.overlay.Mark()
		for _, b := range []*block{plain, marked} {
			if err := b.insert(id, "a"); err != nil {
				t.Fatal(err)
			}
		}
		if plain.overlay.bytes >= marked.overlay.bytes {
			t.Fatalf("a mark counts %d bytes", marked.overlay.bytes-plain.overlay.bytes)
		}
		if id%2 == 0 {
			if err := errors.Join(marked.overlay.RollbackTo(first), marked.insert(id, "a")); err != nil {
				t.Fatal(err)
			}
		}
		marked.overlay.DropMarks()
		if plain.overlay.bytes != marked.overlay.bytes {
			t.Fatalf("%d bytes, %d without marks", marked.overlay.bytes, plain.overlay.bytes)
		}
	}
}

// applyRandom runs one statement against the block and the model, whose outcomes must agree.
func applyRandom(t *testing.T, rng *rand.Rand, b *block, model map[int64]string, name string) {
	id, other := int64(rng.Intn(6)), int64(rng.Intn(6))
	_, there := model[id]
	switch rng.Intn(4) {
	case 0:
		err := b.insert(id, name)
		if there != (pgerr.Code(err) == pgerr.UniqueViolation) {
			t.Fatalf("insert of %d: %v", id, err)
		}
		if !there {
			model[id] = name
		}
	case 1:
		if err := b.delete(t, id); err != nil {
			t.Fatal(err)
		}
		delete(model, id)
	case 2:
		other = id
		fallthrough
	case 3:
		_, taken := model[other]
		taken = taken && there && other != id
		err := b.update(t, id, other, name)
		if taken != (pgerr.Code(err) == pgerr.UniqueViolation) {
			t.Fatalf("update of %d to %d: %v", id, other, err)
		}
		if there && !taken {
			delete(model, id)
			model[other] = name
		}
	}
}

func modelRows(model map[int64]string) []string {
	var rows []string
	for _, id := range slices.Sorted(maps.Keys(model)) {
		rows = append(rows, fmt.Sprintf("%d|%s|null", id, model[id]))
	}
	return rows
}

// Writes to one key collapse: what is flushed is the last value under the guard of the first read.
func TestOverlayCollapse(t *testing.T) {
	rel := testTable()
	p := rel.Partition(0)
	at := func(value, before string) WriteRow {
		return WriteRow{Key: []byte("k"), Value: []byte(value), Before: []byte(before), Guard: GuardAtOffset, GuardOffset: 7}
	}
	insert := WriteRow{Key: []byte("k"), Value: []byte("new"), Guard: GuardAbsent}
	deleted := func(w WriteRow) WriteRow { w.Value = nil; return w }
	for _, c := range []struct {
		name  string
		rows  []WriteRow
		want  string
		guard Guard
	}{
		{"insert, update", []WriteRow{insert, at("2", "new")}, "<nil>→2", GuardAbsent},
		{"insert, delete", []WriteRow{insert, deleted(at("", "new"))}, "", 0},
		{"insert, delete, insert", []WriteRow{insert, deleted(at("", "new")), insert}, "<nil>→new", GuardAbsent},
		{"update, update", []WriteRow{at("1", "0"), at("2", "1")}, "0→2", GuardAtOffset},
		{"update, delete", []WriteRow{at("1", "0"), deleted(at("", "1"))}, "0→<nil>", GuardAtOffset},
		{"delete, insert", []WriteRow{deleted(at("", "0")), insert}, "0→new", GuardAtOffset},
	} {
		o := NewOverlay(nil)
		for _, r := range c.rows {
			if err := o.Record([]PartitionWrite{{Partition: p, Table: true, Rows: []WriteRow{r}}}); err != nil {
				t.Fatal(err)
			}
		}
		tx := &testTx{}
		if err := o.Flush(bg, tx); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, w := range tx.writes {
			for _, r := range w.Rows {
				got += orNil(r.Before) + "→" + orNil(r.Value)
				if r.Guard != c.guard || r.Guard == GuardAtOffset && r.GuardOffset != 7 {
					t.Errorf("%s: guard %v at %d", c.name, r.Guard, r.GuardOffset)
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func orNil(b []byte) string {
	if b == nil {
		return "<nil>"
	}
	return string(b)
}

// A row changed by somebody else after the block had read it makes the block's COMMIT fail, although its later statements
// read newer snapshots.
func TestOverlayConflict(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), null))
	b := newBlock(db, rel)
	if err := b.update(t, 1, 1, "mine"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.update(rel, scanOf(rel), nil, colX(0), plan.Const(types.Text, str("theirs")), colX(2)); err != nil {
		t.Fatal(err)
	}
	if err := b.update(t, 1, 1, "mine again"); err != nil {
		t.Fatal(err)
	}
	wantRows(t, b.contents(t), "1|mine again|null")
	var conflict *ConflictError
	if err := b.commit(); !errors.As(err, &conflict) {
		t.Errorf("error %v", err)
	}
	wantRows(t, db.contents(rel), "1|theirs|null")
}

// A statement does not see its own writes, and one that fails leaves nothing.
func TestOverlayStatement(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	b := newBlock(db, rel)
	for id := range int64(3) {
		if err := b.insert(id, "x"); err != nil {
			t.Fatal(err)
		}
	}
	ten := &plan.Project{Input: scanOf(rel), Exprs: []*plan.Expr{opX(t, "+", colX(0), numX(10)), textX(1), colX(2)}}
	p := &plan.Insert{Relation: rel, Source: &plan.Query{Root: ten}}
	copyAll := func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunInsert(bg, p, env, tx) }
	if err := b.run(copyAll); err != nil {
		t.Fatal(err)
	}
	want := []string{"0|x|null", "10|x|null", "11|x|null", "12|x|null", "1|x|null", "2|x|null"}
	wantRows(t, b.contents(t), sortedRows(want)...)
	wantCode(t, b.run(copyAll), pgerr.UniqueViolation, "t_pkey")
	wantRows(t, b.contents(t), sortedRows(want)...)
}

// A cursor goes on to see the block as it was when it was opened, over all partitions.
func TestOverlayCursor(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(100), str("below"), null))
	b := newBlock(db, rel)
	if err := b.insert(1, "x"); err != nil {
		t.Fatal(err)
	}
	cursor := b.overlay.Over(db.snapshot())
	for id := range int64(20) {
		if err := b.insert(id+2, "y"); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.delete(t, 1); err != nil {
		t.Fatal(err)
	}
	wantRows(t, sortedRows(mustRun(t, scanOf(rel), &Env{Reader: cursor})), "100|below|null", "1|x|null")
	if got := mustRun(t, scanOf(rel), &Env{Reader: b.overlay}); len(got) != 21 {
		t.Errorf("the overlay itself shows %d rows", len(got))
	}
}

// Appends to streams are not shown in the block, and are all there after COMMIT, in order.
func TestOverlayStream(t *testing.T) {
	db, rel := newTestDB(t), testStream()
	rel.Placement = rel.Placement[:1]
	b := newBlock(db, rel)
	for i := range int64(3) {
		p := &plan.Insert{Relation: rel, Source: &plan.Query{Root: valuesOf(rel.Types(), row(num(i), null))}}
		if err := b.run(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunInsert(bg, p, env, tx) }); err != nil {
			t.Fatal(err)
		}
	}
	wantRows(t, b.contents(t))
	if b.overlay.Empty() {
		t.Error("empty")
	}
	if err := b.commit(); err != nil {
		t.Fatal(err)
	}
	wantRows(t, mustRun(t, scanOf(rel), &Env{Reader: db.snapshot()}), "0|null", "1|null", "2|null")
}
