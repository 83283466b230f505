package exec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"sync"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// testTemp holds temporary files in memory. With failAfter writes fail from so many bytes on.
type testTemp struct {
	mu        sync.Mutex
	open      int
	made      int
	written   int
	failAfter int
	flip      bool // reads give another byte than was written
}

type testTempFile struct {
	temp *testTemp
	data []byte
}

var errTempFull = errors.New("no more room")

func (t *testTemp) Create() (TempFile, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open++
	t.made++
	return &testTempFile{temp: t}, nil
}

func (f *testTempFile) Write(b []byte) (int, error) {
	f.temp.mu.Lock()
	defer f.temp.mu.Unlock()
	if f.temp.written += len(b); f.temp.failAfter > 0 && f.temp.written > f.temp.failAfter {
		return 0, errTempFull
	}
	f.data = append(f.data, b...)
	return len(b), nil
}

func (f *testTempFile) ReadAt(b []byte, at int64) (int, error) {
	n, err := bytes.NewReader(f.data).ReadAt(b, at)
	if f.temp.flip && n > 20 {
		b[n-1] ^= 1
	}
	if err == io.EOF && n == len(b) {
		err = nil
	}
	return n, err
}

func (f *testTempFile) Close() error {
	f.temp.mu.Lock()
	defer f.temp.mu.Unlock()
	f.temp.open--
	return nil
}

// spillingPlans are plans whose operators use the disk. Rows of theirs that are equal have equal texts; the sorts are stable.
func spillingPlans(t *testing.T) map[string]plan.Node {
	rng := rand.New(rand.NewSource(11))
	var rows, others [][]types.Datum
	for i := range 10_000 {
		n := num(int64(rng.Intn(7000)))
		if i%100 == 7 {
			n = null
		}
		rows = append(rows, row(num(int64(i)), n, str(fmt.Sprint("a text of row ", i))))
		others = append(others, row(num(int64(rng.Intn(7000)))))
	}
	input, right := valuesOf([]types.Type{types.Int8, types.Int8, types.Text}, rows...), valuesOf(bigints(1), others...)
	column := &plan.Project{Input: input, Exprs: []*plan.Expr{colX(1)}}
	join := func(kind plan.JoinKind) plan.Node {
		return &plan.Join{Kind: kind, Left: input, Right: right, LeftKeys: []*plan.Expr{colX(1)}, RightKeys: []*plan.Expr{colX(0)}}
	}
	distinct, ordered := aggX(t, "count", colX(0)), aggX(t, "array_agg", colX(0))
	distinct.Distinct = true
	ordered.OrderBy = []plan.SortKey{{Expr: colX(0), Desc: true}}
	sort := &plan.Sort{Input: input, Keys: []plan.SortKey{{Expr: colX(1), Desc: true, NullsFirst: true}}}
	filtered := aggX(t, "sum", colX(0))
	filtered.Filter = opX(t, "<", colX(0), numX(5000))
	setOp := func(kind plan.SetOpKind, all bool) plan.Node {
		return &plan.SetOp{Kind: kind, All: all, Left: column, Right: right}
	}
	return map[string]plan.Node{
		"sort":          sort,
		"top":           &plan.Limit{Input: sort, Count: numX(3000), Offset: numX(100)},
		"groups":        &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{colX(1)}, Aggs: []plan.Agg{aggX(t, "count"), aggX(t, "avg", colX(0)), filtered}},
		"ordered":       &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{colX(1)}, Aggs: []plan.Agg{distinct, ordered}},
		"distinct":      &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{textX(2)}},
		"grouping sets": &plan.Aggregate{Input: input, GroupBy: []*plan.Expr{colX(0), colX(1)}, Aggs: []plan.Agg{aggX(t, "count")}, Sets: [][]int{{0}, {}, {1}}},
		"inner join":    join(plan.JoinInner),
		"left join":     join(plan.JoinLeft),
		"right join":    join(plan.JoinRight),
		"full join":     join(plan.JoinFull),
		"intersect":     setOp(plan.SetIntersect, false),
		"intersect all": setOp(plan.SetIntersect, true),
		"except":        setOp(plan.SetExcept, false),
		"except all":    setOp(plan.SetExcept, true),
	}
}

// With little memory the rows are those that there are with much, in order where there is one; the disk was used, and all of it and of the
// memory is given back.
func TestSpill(t *testing.T) {
	for name, n := range spillingPlans(t) {
		want := mustRun(t, n, &Env{})
		for _, workMem := range []int64{64 << 10, 200 << 10} {
			temp := &testTemp{}
			env := &Env{Temp: temp, WorkMemBytes: workMem}
			got := mustRun(t, n, env)
			if name != "sort" && name != "top" {
				got, want = sortedRows(got), sortedRows(want)
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s with %d bytes: %d rows, want %d, or others", name, workMem, len(got), len(want))
			}
			if temp.made == 0 || temp.open != 0 || env.run.memory.used.Load() != 0 {
				t.Errorf("%s with %d bytes: %d files made, %d left open, %d bytes in use", name, workMem, temp.made, temp.open, env.run.memory.used.Load())
			}
		}
	}
}

// A statement whose temporary file cannot be written or is damaged fails, and leaves nothing; so does one that is closed in between.
func TestSpillFails(t *testing.T) {
	for name, n := range spillingPlans(t) {
		full, damaged, closed := &testTemp{failAfter: 20_000}, &testTemp{flip: true}, &testTemp{}
		if _, err := runPlan(t, n, &Env{Temp: full, WorkMemBytes: 64 << 10}); !errors.Is(err, errTempFull) {
			t.Errorf("%s: a full disk gives %v", name, err)
		}
		if _, err := runPlan(t, n, &Env{Temp: damaged, WorkMemBytes: 64 << 10}); pgerr.Code(err) != pgerr.DataCorrupted {
			t.Errorf("%s: damage gives %v", name, err)
		}
		op, err := Build(n, &Env{Temp: closed, WorkMemBytes: 64 << 10})
		if err != nil {
			t.Fatal(err)
		}
		if b, err := op.Next(bg); b == nil || err != nil {
			t.Errorf("%s: first batch %v, %v", name, b, err)
		}
		op.Close()
		for what, temp := range map[string]*testTemp{"full": full, "damaged": damaged, "closed": closed} {
			if temp.open != 0 {
				t.Errorf("%s, %s: %d files left open", name, what, temp.open)
			}
		}
	}
}

// What is divided on one level is divided anew on the next.
func TestSpillLevels(t *testing.T) {
	temp := &testTemp{}
	first := &spillSet{temp: temp, types: bigints(1)}
	rows := valuesOf(bigints(1))
	for i := range 4000 {
		rows.Rows = append(rows.Rows, []*plan.Expr{numX(int64(i))})
	}
	divide := func(s *spillSet, in Operator) {
		err := drain(bg, in, func(b *types.Batch) error {
			for i := range b.Len {
				if err := s.add(types.EncodeKeyValue(nil, b.Cols[0], i), b, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err = errors.Join(err, s.flush()); err != nil {
			t.Fatal(err)
		}
	}
	op, err := Build(rows, &Env{})
	if err != nil {
		t.Fatal(err)
	}
	divide(first, op)
	second := &spillSet{temp: temp, types: bigints(1), level: 1}
	divide(second, first.files[3].read())
	for p, f := range second.files {
		if f == nil || f.rows > first.files[3].rows/4 {
			t.Errorf("part %d of a part of %d rows: %v", p, first.files[3].rows, f)
		}
	}
}

// releasing gives back the memory that somebody else holds before the batch with the given number.
type releasing struct {
	Operator
	held *account
	left int
}

func (r *releasing) Next(ctx context.Context) (*types.Batch, error) {
	if r.left--; r.left == 0 {
		r.held.release()
	}
	return r.Operator.Next(ctx)
}

// A group whose rows are on disk is not begun in memory when there is room again.
func TestSpillRoomAgain(t *testing.T) {
	var rows [][]types.Datum
	for i := range 8000 {
		rows = append(rows, row(num(int64(i%4000))))
	}
	n := &plan.Aggregate{Input: valuesOf(bigints(1), rows...), GroupBy: []*plan.Expr{colX(0)}, Aggs: []plan.Agg{aggX(t, "count")}}
	temp := &testTemp{}
	env := begun(&Env{Temp: temp, WorkMemBytes: 1 << 20})
	held := env.account("another operator")
	if err := held.grow(1 << 20); err != nil {
		t.Fatal(err)
	}
	a, err := newHashAgg(n, env)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	a.input = &releasing{Operator: a.input, held: &held, left: 4}
	groups := 0
	err = drain(bg, a, func(b *types.Batch) error {
		for i := range b.Len {
			if groups++; b.Cols[1].Int[i] != 2 {
				t.Errorf("group %d has %d rows, want 2", b.Cols[0].Int[i], b.Cols[1].Int[i])
			}
		}
		return nil
	})
	if err != nil || groups != 4000 || temp.made == 0 {
		t.Errorf("%d groups, %d files, %v", groups, temp.made, err)
	}
}
