package exec

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// testTail follows a testDB. When it is asked to wait it does what the test has queued, one thing a time; with nothing
// queued it behaves as if ctx had ended.
type testTail struct {
	db      *testDB
	queue   []func()
	readers []*testReader
	waits   int
}

func (l *testTail) Snapshot(context.Context) (Reader, error) {
	r := l.db.snapshot()
	l.readers = append(l.readers, r)
	return r, nil
}

func (l *testTail) WaitAny(_ context.Context, ends map[catalog.PartitionID]log.Offset) error {
	l.waits++
	for {
		for p, end := range ends {
			if l.db.ends[p] > end {
				return nil
			}
		}
		if len(l.queue) == 0 {
			return context.DeadlineExceeded
		}
		do := l.queue[0]
		l.queue = l.queue[1:]
		do()
	}
}

// follow reads until the tail has nothing more.
func follow(t *testing.T, c *Changes) []string {
	t.Helper()
	var out []string
	for {
		b, err := c.Next(bg)
		if errors.Is(err, context.DeadlineExceeded) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Len == 0 || b.Len > BatchRows {
			t.Fatalf("a batch of %d rows", b.Len)
		}
		out = append(out, rowsText(b)...)
	}
}

func newChanges(t *testing.T, c *plan.Changes, tail Tail) *Changes {
	t.Helper()
	env := &Env{Expr: expr.Context{Now: time.Date(2000, 1, 1, 0, 0, 9, 0, time.UTC)}}
	ch, err := NewChanges(c, env, tail)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ch.Close)
	return ch
}

// onePartition makes the order of changes that of the writes.
func onePartition(r *catalog.Relation) *catalog.Relation {
	r.Placement = r.Placement[:1]
	return r
}

// setN is UPDATE t SET n = n WHERE id = id.
func (d *testDB) setN(t *testing.T, rel *catalog.Relation, id, n int64) func() {
	return func() {
		d.millis += 1000
		input := &plan.Filter{Input: scanOf(rel), Pred: opX(t, "=", colX(0), numX(id))}
		if _, _, err := d.update(rel, input, nil, colX(0), textX(1), numX(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// A table's changes: the contents as inserts at the time of the statement, then each write once, with its time.
func TestChangesOfTable(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testTable())
	db.load(rel, row(num(1), str("a"), num(1)))
	tail := &testTail{db: db}
	c := newChanges(t, &plan.Changes{Relation: rel, Snapshot: true}, tail)
	wantRows(t, follow(t, c), "insert|2000-01-01 00:00:09+00|1|a|1")
	tail.queue = []func(){
		db.setN(t, rel, 1, 5),
		func() { db.load(rel, row(num(2), null, num(2))) },
		func() {
			p := &plan.Delete{Relation: rel, Input: &plan.Query{Root: &plan.Filter{Input: scanOf(rel), Pred: opX(t, "=", colX(0), numX(1))}}}
			if _, _, err := db.commit(func(env *Env, tx Tx) (int64, *types.Batch, error) { return RunDelete(bg, p, env, tx) }); err != nil {
				t.Fatal(err)
			}
		},
	}
	wantRows(t, follow(t, c), "update|2000-01-01 00:00:01+00|1|a|5", "insert|2000-01-01 00:00:01+00|2|null|2",
		"delete|2000-01-01 00:00:01+00|1|a|5")
	c.Close()
	for i, r := range tail.readers {
		if r.closed != 1 {
			t.Errorf("reader %d closed %d times", i, r.closed)
		}
	}
}

// Without a snapshot only what comes after the start is given.
func TestChangesWithoutSnapshot(t *testing.T) {
	db, rel := newTestDB(t), testTable()
	db.load(rel, row(num(1), str("a"), num(1)))
	tail := &testTail{db: db}
	c := newChanges(t, &plan.Changes{Relation: rel}, tail)
	wantRows(t, follow(t, c))
	tail.queue = []func(){db.setN(t, rel, 1, 2)}
	wantRows(t, follow(t, c), "update|2000-01-01 00:00:01+00|1|a|2")
}

// A filter makes an update of what comes into sight an insert and of what goes out of sight a delete.
func TestChangesFilter(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testTable())
	tail := &testTail{db: db}
	steps := []plan.Step{{Filter: opX(t, ">", colX(2), numX(10))}, {Project: []*plan.Expr{opX(t, "*", colX(2), numX(2))}},
		{Filter: opX(t, "<", colX(0), numX(100))}}
	c := newChanges(t, &plan.Changes{Relation: rel, Steps: steps, Snapshot: true}, tail)
	tail.queue = []func(){func() { db.load(rel, row(num(1), null, num(11)), row(num(2), null, num(1))) }}
	for _, n := range []int64{12, 5, 6, 20, 60, 70} {
		tail.queue = append(tail.queue, db.setN(t, rel, 1, n))
	}
	var got []string
	for _, r := range follow(t, c) {
		got = append(got, fmt.Sprint(r[:7], r[30:]))
	}
	wantRows(t, got, "insert|22", "update|24", "delete|24", "insert|40", "delete|40")
}

// A stream's contents are its log; what follows is given as it comes, with the system columns.
func TestChangesOfStream(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testStream())
	db.load(rel, row(num(1), str("a")))
	for _, c := range []struct {
		snapshot bool
		want     []string
	}{{true, []string{"1|a|0|0|2000-01-01 00:00:00+00|null|null"}}, {false, nil}} {
		tail := &testTail{db: db}
		ch := newChanges(t, &plan.Changes{Relation: rel, Snapshot: c.snapshot}, tail)
		wantRows(t, follow(t, ch), c.want...)
		at := db.ends[rel.Partition(0)]
		tail.queue = []func(){func() { db.load(rel, row(num(2), str("b")), row(num(3), null)) }}
		wantRows(t, follow(t, ch), fmt.Sprintf("2|b|0|%d|2000-01-01 00:00:00+00|null|null", at), fmt.Sprintf("3|null|0|%d|2000-01-01 00:00:00+00|null|null", at+1))
	}
}

// Much comes in batches of bounded size, every row once, over partitions, with interruptions.
func TestChangesMany(t *testing.T) {
	db, rel := newTestDB(t), testStream()
	tail := &testTail{db: db}
	c := newChanges(t, &plan.Changes{Relation: rel, Snapshot: true}, tail)
	seen := map[string]int{}
	n := int64(0)
	for range 5 {
		var rows [][]types.Datum
		for range 3 * BatchRows / 2 {
			rows = append(rows, row(num(n), null))
			n++
		}
		tail.queue = []func(){func() { db.load(rel, rows...) }}
		ended, cancel := context.WithCancel(bg)
		cancel()
		if _, err := c.Next(ended); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		b, err := c.Next(bg)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range append(rowsText(b), follow(t, c)...) {
			seen[r]++
		}
	}
	if int64(len(seen)) != n {
		t.Errorf("%d different rows of %d", len(seen), n)
	}
	for r, times := range seen {
		if times != 1 {
			t.Errorf("%s %d times", r, times)
		}
	}
}

// Where the log was shortened beyond what was read, the query fails clearly.
func TestChangesLost(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testStream())
	db.load(rel, row(num(1), str("a")))
	tail := &testTail{db: db}
	c := newChanges(t, &plan.Changes{Relation: rel, Snapshot: true}, tail)
	follow(t, c)
	db.load(rel, row(num(2), str("b")), row(num(3), str("c")))
	db.starts[rel.Partition(0)] = 2
	_, err := c.Next(bg)
	wantCode(t, err, pgerr.ObjectNotInPrerequisiteState, `changes of relation "s" are no longer in its log`)
}

// The records with which a view repeats its present row are not changes.
func TestChangesOfViewRepeated(t *testing.T) {
	db, rel := newTestDB(t), onePartition(testTable())
	rel.Kind, rel.Query = catalog.KindView, &catalog.Query{}
	b := types.NewBatch(rel.Types(), 1)
	b.AppendRow(row(num(1), str("a"), num(1)), 1)
	value := types.EncodeRow(nil, b, 0)
	tail := &testTail{db: db}
	c := newChanges(t, &plan.Changes{Relation: rel}, tail)
	follow(t, c)
	before := []log.Header{{Key: BeforeHeader, Value: value}}
	db.append(rel.Partition(0), log.Record{Value: value, Headers: before, TimestampMillis: db.millis},
		log.Record{Headers: before, TimestampMillis: db.millis})
	wantRows(t, follow(t, c), "delete|2000-01-01 00:00:00+00|1|a|1")
}
