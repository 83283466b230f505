package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

var bigints = []types.Type{types.Int8, types.Int8}

func columns() []catalog.Column {
	return []catalog.Column{{Name: "id", Type: types.Int8}, {Name: "g", Type: types.Int8}}
}

// createBase creates the table (id bigint primary key, g bigint).
func createBase(t testing.TB, n *Node, name string) *catalog.Relation {
	t.Helper()
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: name, Kind: catalog.KindTable, Columns: columns(),
		Key: []int{0}, PartitionBy: []int{0}, Placement: n.Placement(n.Shards())}
	must(t, n.Apply(background, catalog.Command{Create: r}))
	return r
}

// createView creates a view of all rows of source, with the columns in the key g, id: so they cross an exchange.
func createView(t testing.TB, n *Node, name string, source *catalog.Relation, version int) *catalog.Relation {
	t.Helper()
	topology := plan.Topology{
		Version:    version,
		Forwarders: []plan.Forwarder{{ID: 1, Source: plan.Source{Kind: plan.SourceTable, Relation: source.ID, Columns: bigints}, Key: []int{1}, Target: 1}},
		Tasks: []plan.Task{{ID: 2, Inputs: []plan.Input{{Source: plan.Source{Kind: plan.SourceChanges, Topic: 1, Columns: bigints}}},
			Sink: plan.Sink{Kind: plan.SinkView, Key: []int{1, 0}, Columns: bigints}}},
	}
	b, err := json.Marshal(topology)
	must(t, err)
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: name, Kind: catalog.KindView, Columns: columns(), Key: []int{1, 0},
		Placement: n.Placement(n.Shards()), Query: &catalog.Query{Topology: b, DependsOn: []catalog.RelationID{source.ID}, State: catalog.QueryRunning}}
	must(t, n.Apply(background, catalog.Command{Create: r}))
	return r
}

// insert inserts rows {id, g} in one transaction.
func insert(t testing.TB, n *Node, r *catalog.Relation, rows ...[2]int64) {
	t.Helper()
	tx := n.Begin()
	for _, row := range rows {
		b := types.NewBatch(bigints, 1)
		b.AppendRow([]types.Datum{{Int: row[0]}, {Int: row[1]}}, 1)
		key := types.EncodeKey(nil, b, []int{0}, 0)
		must(t, tx.Write(background, []exec.PartitionWrite{{Partition: r.Partition(int(types.Partition(key, r.Partitions()))), Table: true,
			Rows: []exec.WriteRow{{Key: key, Value: types.EncodeRow(nil, b, 0), Guard: exec.GuardAbsent}}}}))
	}
	must(t, tx.Commit(background))
}

// viewRows reads a view strongly, as "id g" in order of partitions and keys, sorted.
func viewRows(t testing.TB, n *Node, r *catalog.Relation) (out []string) {
	t.Helper()
	s, err := n.Snapshot(background, []*catalog.Relation{n.Catalog().ByID(r.ID)}, session.Strong, nil)
	must(t, err)
	defer s.Close()
	for p := range r.Partitions() {
		prefix := state.RowPrefix(r.Partition(p))
		it := s.Rows(r.Partition(p)).Scan(prefix, state.PrefixEnd(prefix))
		for it.Next() {
			stored, err := state.DecodeRows(it.Value())
			must(t, err)
			b := types.NewBatch(bigints, 1)
			must(t, types.DecodeRow(stored.Rows[0].Row, b))
			out = append(out, fmt.Sprintf("%d %d", b.Cols[0].Datum(0).Int, b.Cols[1].Datum(0).Int))
		}
		must(t, it.Close())
	}
	slices.Sort(out)
	return out
}

func wantView(t testing.TB, n *Node, r *catalog.Relation, want ...string) {
	t.Helper()
	if got := viewRows(t, n, r); !slices.Equal(got, want) {
		t.Errorf("view %s: got %v, want %v", r.Name, got, want)
	}
}

// TestView shows that a view has the rows from before it was created, and each later write at once when the write was
// acknowledged; also after restarts, and over another view.
func TestView(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	base := createBase(t, n, "base")
	insert(t, n, base, [2]int64{1, 10}, [2]int64{2, 20})
	view := createView(t, n, "view", base, plan.TopologyVersion)
	second := createView(t, n, "second", view, plan.TopologyVersion)
	wantView(t, n, second, "1 10", "2 20")
	want := []string{"1 10", "2 20"}
	for i := int64(3); i < 9; i++ {
		insert(t, n, base, [2]int64{i, 10 * i})
		want = append(want, fmt.Sprint(i, " ", 10*i))
		wantView(t, n, second, want...)
	}
	must(t, n.Close())
	n = openNode(t, dir)
	wantView(t, n, view, want...)
	insert(t, n, base, [2]int64{9, 90})
	wantView(t, n, second, append(want, "9 90")...)
}

// TestBrokenQuery shows that a query that cannot run is marked with the reason, that its readers are told, those that wait
// already too, and that its neighbour goes on.
func TestBrokenQuery(t *testing.T) {
	n := openNode(t, t.TempDir())
	base := createBase(t, n, "base")
	insert(t, n, base, [2]int64{1, 10})
	good := createView(t, n, "good", base, plan.TopologyVersion)
	bad := createView(t, n, "bad", base, plan.TopologyVersion+1)
	over := createView(t, n, "over", bad, plan.TopologyVersion)
	_, err := n.Snapshot(background, []*catalog.Relation{over}, session.Strong, nil)
	for err != nil && pgerr.Code(err) != pgerr.ObjectNotInPrerequisiteState { // read before it was marked: the topology itself is refused
		if !strings.Contains(err.Error(), "has version") {
			t.Fatal(err)
		}
		_, changed := n.CatalogChanged()
		if n.Catalog().ByID(bad.ID).Query.State != catalog.QueryFailed {
			<-changed
		}
		_, err = n.Snapshot(background, []*catalog.Relation{over}, session.Strong, nil)
	}
	if err == nil || !strings.Contains(err.Error(), `query of "bad" has failed`) {
		t.Errorf("reader: %v", err)
	}
	if r := n.Catalog().ByID(bad.ID); !strings.Contains(r.Query.Reason, "this program knows") {
		t.Errorf("reason: %q", r.Query.Reason)
	}
	insert(t, n, base, [2]int64{2, 20})
	wantView(t, n, good, "1 10", "2 20")
}

// TestResumedQuery shows that a query that was marked as failed and is set to run again goes on where it stopped.
func TestResumedQuery(t *testing.T) {
	n := openNode(t, t.TempDir())
	base := createBase(t, n, "base")
	view := createView(t, n, "view", base, plan.TopologyVersion)
	want := []string{}
	for i := int64(1); i < 6; i++ {
		insert(t, n, base, [2]int64{i, 10 * i})
		want = append(want, fmt.Sprint(i, " ", 10*i))
		slices.Sort(want)
		wantView(t, n, view, want...)
		n.failQuery(view, errors.New("as the test says"))
		insert(t, n, base, [2]int64{-i, 1})
		want = append(want, fmt.Sprint(-i, " 1"))
		slices.Sort(want)
		if _, err := n.Snapshot(background, []*catalog.Relation{n.Catalog().ByID(view.ID)}, session.Strong, nil); pgerr.Code(err) != pgerr.ObjectNotInPrerequisiteState {
			t.Fatalf("reader: %v", err)
		}
		cat := n.Catalog()
		r := *cat.ByID(view.ID)
		q := *r.Query
		q.State, q.Reason, r.Query = catalog.QueryRunning, "", &q
		must(t, n.Apply(background, catalog.Command{Change: &catalog.Change{Version: cat.Version(), Put: []*catalog.Relation{&r}}}))
		wantView(t, n, view, want...)
	}
}

// TestDroppedView shows that the jobs of a dropped view end and that its rows, its frontiers and its internal topic go.
func TestDroppedView(t *testing.T) {
	n := openNode(t, t.TempDir())
	base := createBase(t, n, "base")
	insert(t, n, base, [2]int64{1, 10}, [2]int64{2, 20}, [2]int64{3, 30})
	view := createView(t, n, "view", base, plan.TopologyVersion)
	wantView(t, n, view, "1 10", "2 20", "3 30")
	must(t, n.Apply(background, catalog.Command{Drop: []catalog.RelationID{view.ID}}))
	for _, s := range n.shards {
		if err := s.WaitFrontier(background, exec.ConsumerID{Query: view.ID}, 5, 0); !errors.Is(err, exec.ErrDropped) {
			t.Errorf("shard %d: %v", s.ID(), err)
		}
		if got := s.Relations(); slices.Contains(got, view.ID) {
			t.Errorf("shard %d holds relations %v", s.ID(), got)
		}
	}
	if jobs := n.Stats().Jobs; jobs != 0 {
		t.Errorf("%d jobs run", jobs)
	}
	if _, err := n.Snapshot(background, []*catalog.Relation{view}, session.Strong, nil); pgerr.Code(err) != pgerr.UndefinedTable {
		t.Errorf("reader: %v", err)
	}
}

// TestStrongReadEnds shows that a strong read that waits ends with its context.
func TestStrongReadEnds(t *testing.T) {
	n := openNode(t, t.TempDir())
	base := createBase(t, n, "base")
	view := createView(t, n, "view", base, plan.TopologyVersion)
	wantView(t, n, view)
	n.supervisor.cancel() // nothing follows any more
	n.supervisor.jobs.Wait()
	insert(t, n, base, [2]int64{1, 10})
	ctx, cancel := context.WithCancel(background)
	cancel()
	if _, err := n.Snapshot(ctx, []*catalog.Relation{view}, session.Strong, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
