package exec

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/funcs"
	"github.com/millracedb/millrace/sql/types"
)

// These tests run topologies in the in-memory driver, with faults by a seed, and compare the view at rest with the same
// query worked out naively over the contents of the inputs: whatever is cut, repeated, reordered or crashed, the
// result is the same.

const partitions = 3

// table is a base table of the driver: (id bigint primary key, g bigint, v bigint), partitioned by id.
type table struct {
	rel  *catalog.Relation
	rows map[int64][]types.Datum
}

func newTable(id catalog.RelationID) *table {
	return &table{rel: relation(id, catalog.KindTable, 3, []int{0}), rows: map[int64][]types.Datum{}}
}

// relation returns a relation of n bigint columns.
func relation(id catalog.RelationID, kind catalog.Kind, n int, key []int) *catalog.Relation {
	r := &catalog.Relation{ID: id, Name: fmt.Sprint("r", id), Kind: kind, Key: key, Placement: make([]catalog.ShardID, partitions)}
	for i := range n {
		r.Columns = append(r.Columns, catalog.Column{Name: fmt.Sprint("c", i), Type: types.Int8})
	}
	return r
}

func bigints(n int) []types.Type { return slices.Repeat([]types.Type{types.Int8}, n) }

// set writes a row (nil: deletes it) as a shard does: store, and changelog with the row before.
func (d *driver) set(tb *table, id int64, row []types.Datum) {
	keyed := types.NewBatch(bigints(1), 1)
	keyed.AppendRow([]types.Datum{{Int: id}}, 1)
	key := types.EncodeKey(nil, keyed, []int{0}, 0)
	part := tb.rel.Partition(int(types.Partition(key, partitions)))
	rec := log.Record{Key: key}
	if before, ok := tb.rows[id]; ok {
		rec.Headers = []log.Header{{Key: BeforeHeader, Value: encode(before)}}
	}
	if rec.Headers == nil && row == nil {
		return
	}
	var w state.Batch
	if row == nil {
		delete(tb.rows, id)
		w.Delete(state.RowKey(part, key))
	} else {
		tb.rows[id] = row
		rec.Value = encode(row)
		w.Put(state.RowKey(part, key), state.StoredRows{Offset: d.ends[part], Rows: []state.StoredRow{{Count: 1, Row: rec.Value}}}.Append(nil))
	}
	var b log.BatchBuilder
	if err := b.Append(rec); err != nil {
		d.t.Fatal(err)
	}
	d.append(part, b.Build())
	if err := d.store(part.Partition).Write(&w); err != nil {
		d.t.Fatal(err)
	}
}

func encode(row []types.Datum) []byte {
	b := types.NewBatch(bigints(len(row)), 1)
	b.AppendRow(row, 1)
	return types.EncodeRow(nil, b, 0)
}

// change makes a random change of tb: small numbers, so that keys and groups meet, some NULLs.
func (d *driver) change(tb *table) {
	id := d.rng.Int63n(12)
	if d.rng.Intn(4) == 0 {
		d.set(tb, id, nil)
		return
	}
	g := types.Datum{Int: d.rng.Int63n(4)}
	if d.rng.Intn(8) == 0 {
		g = types.NullDatum
	}
	d.set(tb, id, []types.Datum{{Int: id}, g, {Int: d.rng.Int63n(5)}})
}

func tableSource(r *catalog.Relation) plan.Source {
	return plan.Source{Kind: plan.SourceTable, Relation: r.ID, Columns: r.Types()}
}

func changesSource(topic uint16, n int) plan.Source {
	return plan.Source{Kind: plan.SourceChanges, Topic: topic, Columns: bigints(n)}
}

func text(row ...types.Datum) string {
	b := types.NewBatch(bigints(len(row)), 1)
	b.AppendRow(row, 1)
	return rowText(b, 0)
}

// joinTopology is SELECT a.*, b.* FROM a JOIN b ON a.g = b.g.
func joinTopology(a, b *table, kind plan.JoinKind) *plan.Topology {
	return joinTopologyOn(a, b, plan.JoinSpec{Kind: kind})
}

// joinTopologyOn is the same with a condition beside the key. Of a semi or anti join it is SELECT a.*.
func joinTopologyOn(a, b *table, spec plan.JoinSpec) *plan.Topology {
	spec.LeftKey, spec.RightKey = []int{1}, []int{1}
	sink := plan.Sink{Kind: plan.SinkView, Key: []int{0, 3}, Columns: bigints(6)}
	if leftOnly(spec.Kind) {
		sink.Key, sink.Columns = []int{0}, bigints(3)
	}
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{
			{ID: 1, Source: tableSource(a.rel), Key: []int{1}, Target: 1},
			{ID: 2, Source: tableSource(b.rel), Key: []int{1}, Target: 2},
		},
		Tasks: []plan.Task{{ID: 3,
			Inputs: []plan.Input{{Source: changesSource(1, 3)}, {Source: changesSource(2, 3)}},
			Join:   &spec,
			Sink:   sink,
		}},
	}
}

func leftOnly(kind plan.JoinKind) bool { return kind == plan.JoinSemi || kind == plan.JoinAnti }

// naiveJoin is the same by nested loops.
func naiveJoin(a, b *table, kind plan.JoinKind) []string {
	return naiveJoinOn(a, b, kind, func(_, _ []types.Datum) bool { return true })
}

func naiveJoinOn(a, b *table, kind plan.JoinKind, cond func(l, r []types.Datum) bool) []string {
	out := []string{}
	null := types.NullDatum
	met := map[int64]bool{}
	for _, l := range a.rows {
		matched := false
		for _, r := range b.rows {
			if !l[1].Null && !r[1].Null && l[1].Int == r[1].Int && cond(l, r) {
				matched, met[r[0].Int] = true, true
				if !leftOnly(kind) {
					out = append(out, text(append(slices.Clone(l), r...)...))
				}
			}
		}
		switch {
		case !matched && (kind == plan.JoinLeft || kind == plan.JoinFull):
			out = append(out, text(l[0], l[1], l[2], null, null, null))
		case leftOnly(kind) && matched == (kind == plan.JoinSemi):
			out = append(out, text(l...))
		}
	}
	for _, r := range b.rows {
		if !met[r[0].Int] && (kind == plan.JoinRight || kind == plan.JoinFull) {
			out = append(out, text(null, null, null, r[0], r[1], r[2]))
		}
	}
	slices.Sort(out)
	return out
}

func sources(ts ...*table) map[catalog.RelationID]int {
	m := map[catalog.RelationID]int{}
	for _, t := range ts {
		m[t.rel.ID] = partitions
	}
	return m
}

// check interleaves changes with rounds and restarts, settles now and then, and compares.
func check(t *testing.T, d *driver, runners []*runner, tables []*table, want func() [][]string) {
	t.Helper()
	for round := range 6 {
		for range 60 {
			d.change(tables[d.rng.Intn(len(tables))])
			for range d.rng.Intn(6) {
				runners[d.rng.Intn(len(runners))].step()
			}
			if d.rng.Intn(30) == 0 {
				runners[d.rng.Intn(len(runners))].restart()
			}
		}
		for range 2 { // a view over a view settles after it
			for _, r := range runners {
				r.settle()
			}
		}
		for i, w := range want() {
			if got := runners[i].rows(); !slices.Equal(got, w) {
				t.Fatalf("round %d, view %d:\ngot  %v\nwant %v", round, i, got, w)
			}
		}
	}
}

const seeds = 40

var joinKinds = []plan.JoinKind{plan.JoinInner, plan.JoinLeft, plan.JoinRight, plan.JoinFull, plan.JoinSemi, plan.JoinAnti}

func TestJoinUnderFaults(t *testing.T) {
	for _, kind := range joinKinds {
		for seed := range int64(seeds) {
			t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
				testJoin(t, seed, plan.JoinSpec{Kind: kind}, func(_, _ []types.Datum) bool { return true })
			})
		}
	}
}

// TestJoinWithConditionUnderFaults has ON a.g = b.g AND 6 / a.v <= b.v: the condition fails where a.v is 0, and such
// pairs do not match.
func TestJoinWithConditionUnderFaults(t *testing.T) {
	six := plan.Const(types.Int8, types.Datum{Int: 6})
	cond := operator(t, "<=", operator(t, "/", six, plan.Column(2, types.Int8)), plan.Column(5, types.Int8))
	for _, kind := range joinKinds[1:] {
		for seed := range int64(seeds) {
			t.Run(fmt.Sprint(kind, seed), func(t *testing.T) {
				testJoin(t, seed, plan.JoinSpec{Kind: kind, Cond: cond}, func(l, r []types.Datum) bool {
					return l[2].Int != 0 && 6/l[2].Int <= r[2].Int
				})
			})
		}
	}
}

func operator(t *testing.T, op string, l, r *plan.Expr) *plan.Expr {
	sig, err := funcs.ResolveOperator(op, l.Type, r.Type)
	if err != nil {
		t.Fatal(err)
	}
	return &plan.Expr{Op: plan.OpCall, Func: sig.ID, Type: sig.Result, Args: []*plan.Expr{l, r}}
}

func testJoin(t *testing.T, seed int64, spec plan.JoinSpec, cond func(l, r []types.Datum) bool) {
	d := newDriver(t, seed, true)
	a, b := newTable(20000), newTable(20001)
	for range 10 { // contents from before the view: backfill
		d.change(a)
		d.change(b)
	}
	q := relation(20002, catalog.KindView, 6, []int{0, 3})
	if leftOnly(spec.Kind) {
		q = relation(20002, catalog.KindView, 3, []int{0})
	}
	r := d.run(q, joinTopologyOn(a, b, spec), sources(a, b))
	check(t, d, []*runner{r}, []*table{a, b}, func() [][]string { return [][]string{naiveJoinOn(a, b, spec.Kind, cond)} })
}

// TestJoinOverJoinUnderFaults joins a left join's view, whose rows move between partitions when a join key changes (so that
// a + may overtake the − that it replaces), with a third table.
func TestJoinOverJoinUnderFaults(t *testing.T) {
	for seed := range int64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDriver(t, seed, true)
			a, b, c := newTable(20000), newTable(20001), newTable(20002)
			v := d.run(relation(20003, catalog.KindView, 6, []int{0, 3}), joinTopology(a, b, plan.JoinLeft), sources(a, b))
			w := d.run(relation(20004, catalog.KindView, 9, []int{0, 3, 6}), overTopology(v.q, c), map[catalog.RelationID]int{v.q.ID: partitions, c.rel.ID: partitions})
			check(t, d, []*runner{v, w}, []*table{a, b, c}, func() [][]string {
				return [][]string{naiveJoin(a, b, plan.JoinLeft), naiveOver(a, b, c)}
			})
		})
	}
}

// overTopology is SELECT v.*, c.* FROM v LEFT JOIN c ON v.c2 = c.v, v being the view of joinTopology.
func overTopology(v *catalog.Relation, c *table) *plan.Topology {
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{
			{ID: 1, Source: tableSource(v), Key: []int{2}, Target: 1},
			{ID: 2, Source: tableSource(c.rel), Key: []int{2}, Target: 2},
		},
		Tasks: []plan.Task{{ID: 3,
			Inputs: []plan.Input{{Source: changesSource(1, 6)}, {Source: changesSource(2, 3)}},
			Join:   &plan.JoinSpec{Kind: plan.JoinLeft, LeftKey: []int{2}, RightKey: []int{2}},
			Sink:   plan.Sink{Kind: plan.SinkView, Key: []int{0, 3, 6}, Columns: bigints(9)},
		}},
	}
}

func naiveOver(a, b, c *table) []string {
	out := []string{}
	null := types.NullDatum
	for _, l := range a.rows {
		var lefts [][]types.Datum
		for _, r := range b.rows {
			if !l[1].Null && !r[1].Null && l[1].Int == r[1].Int {
				lefts = append(lefts, append(slices.Clone(l), r...))
			}
		}
		if lefts == nil {
			lefts = [][]types.Datum{append(slices.Clone(l), null, null, null)}
		}
		for _, row := range lefts {
			matched := false
			for _, x := range c.rows {
				if x[2].Int == row[2].Int {
					matched = true
					out = append(out, text(append(slices.Clone(row), x...)...))
				}
			}
			if !matched {
				out = append(out, text(append(slices.Clone(row), null, null, null)...))
			}
		}
	}
	slices.Sort(out)
	return out
}

// groupTopology is SELECT g, count(*), count(g), sum(v), avg(v), min(v), max(v) FROM a GROUP BY g, or without g and GROUP BY.
func groupTopology(a *table, grouped bool) *plan.Topology {
	v, g := []*plan.Expr{plan.Column(2, types.Int8)}, []*plan.Expr{plan.Column(1, types.Int8)}
	spec := plan.AggregateSpec{Aggs: []plan.Agg{
		{Func: "count()", Type: types.Int8}, {Func: "count(any)", Type: types.Int8, Args: g},
		{Func: "sum(int8)", Type: types.Numeric, Args: v}, {Func: "avg(int8)", Type: types.Numeric, Args: v},
		{Func: "min(int8)", Type: types.Int8, Args: v}, {Func: "max(int8)", Type: types.Int8, Args: v},
	}}
	sink := plan.Sink{Kind: plan.SinkView, Columns: aggregateColumns(grouped)}
	if grouped {
		spec.GroupBy, sink.Key = []int{1}, []int{0}
	}
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{{ID: 1, Source: tableSource(a.rel), Key: spec.GroupBy, Target: 1}},
		Tasks:      []plan.Task{{ID: 2, Inputs: []plan.Input{{Source: changesSource(1, 3)}}, Aggregate: &spec, Sink: sink}},
	}
}

func aggregateColumns(grouped bool) []types.Type {
	ts := []types.Type{types.Int8, types.Int8, types.Numeric, types.Numeric, types.Int8, types.Int8}
	if grouped {
		ts = append([]types.Type{types.Int8}, ts...)
	}
	return ts
}

// distinctTopology is SELECT g, count(DISTINCT v), sum(DISTINCT v), count(DISTINCT g) FROM a GROUP BY g, or without g.
func distinctTopology(a *table, grouped bool) *plan.Topology {
	t := groupTopology(a, grouped)
	v, g := []*plan.Expr{plan.Column(2, types.Int8)}, []*plan.Expr{plan.Column(1, types.Int8)}
	t.Tasks[0].Aggregate.Aggs = []plan.Agg{
		{Func: "count(any)", Type: types.Int8, Args: v, Distinct: true}, {Func: "sum(int8)", Type: types.Numeric, Args: v, Distinct: true},
		{Func: "count(any)", Type: types.Int8, Args: g, Distinct: true},
	}
	t.Tasks[0].Sink.Columns = distinctColumns(grouped)
	return t
}

func distinctColumns(grouped bool) []types.Type {
	ts := []types.Type{types.Int8, types.Numeric, types.Int8}
	if grouped {
		ts = append([]types.Type{types.Int8}, ts...)
	}
	return ts
}

func naiveDistinct(a *table, grouped bool) []string {
	values, groups := map[string]map[int64]bool{}, map[string]map[int64]bool{}
	add := func(g string) {
		if values[g] == nil {
			values[g], groups[g] = map[int64]bool{}, map[int64]bool{}
		}
	}
	if !grouped {
		add("")
	}
	for _, row := range a.rows {
		g := ""
		if grouped {
			g = text(row[1]) + "|"
		}
		add(g)
		if values[g][row[2].Int] = true; !row[1].Null {
			groups[g][row[1].Int] = true
		}
	}
	var out []string
	for g, vs := range values {
		sum := int64(0)
		for v := range vs {
			sum += v
		}
		total := fmt.Sprint(sum)
		if len(vs) == 0 {
			total = "NULL"
		}
		out = append(out, fmt.Sprintf("%s%d|%s|%d", g, len(vs), total, len(groups[g])))
	}
	slices.Sort(out)
	return out
}

// naiveGroup is the same as groupTopology, group by group.
func naiveGroup(a *table, grouped bool) []string {
	groups := map[types.Datum][][]types.Datum{}
	if !grouped {
		groups[types.Datum{}] = nil
	}
	for _, row := range a.rows {
		g := types.Datum{}
		if grouped {
			g = row[1]
		}
		groups[g] = append(groups[g], row)
	}
	var out []string
	for g, rows := range groups {
		var counted, sum int64
		lo, hi := int64(math.MaxInt64), int64(math.MinInt64)
		for _, row := range rows {
			if !row[1].Null {
				counted++
			}
			sum += row[2].Int
			lo, hi = min(lo, row[2].Int), max(hi, row[2].Int)
		}
		var b strings.Builder
		if grouped {
			b.WriteString(text(g) + "|")
		}
		fmt.Fprintf(&b, "%d|%d|", len(rows), counted)
		if len(rows) == 0 {
			b.WriteString("NULL|NULL|NULL|NULL")
		} else {
			var avg apd.Decimal
			types.DivDecimal(&avg, apd.New(sum, 0), apd.New(int64(len(rows)), 0))
			fmt.Fprintf(&b, "%d|%v|%d|%d", sum, &avg, lo, hi)
		}
		out = append(out, b.String())
	}
	slices.Sort(out)
	return out
}

func TestAggregateUnderFaults(t *testing.T) {
	testAggregate(t, groupTopology, aggregateColumns, naiveGroup)
}

func TestDistinctUnderFaults(t *testing.T) {
	testAggregate(t, distinctTopology, distinctColumns, naiveDistinct)
}

func testAggregate(t *testing.T, topology func(*table, bool) *plan.Topology, columns func(bool) []types.Type, want func(*table, bool) []string) {
	for _, grouped := range []bool{true, false} {
		for seed := range int64(seeds) {
			t.Run(fmt.Sprint(grouped, seed), func(t *testing.T) {
				d := newDriver(t, seed, true)
				a := newTable(20000)
				for range 10 {
					d.change(a)
				}
				q := relation(20001, catalog.KindView, 0, nil)
				for i, ty := range columns(grouped) {
					q.Columns = append(q.Columns, catalog.Column{Name: fmt.Sprint("c", i), Type: ty})
				}
				r := d.run(q, topology(a, grouped), sources(a))
				check(t, d, []*runner{r}, []*table{a}, func() [][]string { return [][]string{want(a, grouped)} })
				if grouped {
					emptyLeavesNothing(t, d, r, a)
				}
			})
		}
	}
}

// emptyLeavesNothing deletes all rows and checks that no state is left behind.
func emptyLeavesNothing(t *testing.T, d *driver, r *runner, a *table) {
	for id := range a.rows {
		d.set(a, id, nil)
	}
	r.settle()
	for p, db := range d.db {
		it := db.Scan(nil, nil)
		for it.Next() {
			t.Errorf("partition %d still has %x", p, it.Key())
		}
		if err := it.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
