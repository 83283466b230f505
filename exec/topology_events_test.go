package exec

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// driverTables is the driver as the source of tables.
type driverTables struct{ *driver }

func (t driverTables) EndOffset(p catalog.PartitionID) (log.Offset, error) { return t.ends[p], nil }
func (t driverTables) Frontiers(_ catalog.PartitionID, c ConsumerID) ([]Frontier, error) {
	return t.fronts[c], nil
}
func (t driverTables) Topology(r *catalog.Relation) (*plan.Topology, error) { return Topology(r) }

func (t driverTables) WaitFrontier(context.Context, catalog.PartitionID, ConsumerID, int, log.Offset) error {
	return errors.New("the test calls rounds only")
}
func (t driverTables) Fence(context.Context, catalog.RelationID) error { return nil }
func (t driverTables) Partitions(catalog.RelationID) (int, error)      { return partitions, nil }

// TestEventsUnderFaults runs CREATE STREAM q AS SELECT s.*, t.v FROM s LEFT JOIN t ON t.id = s.k, and one by a column that is
// not t's key. Each row of s is there once, with a row of t that is not older than the one that was there when it was
// appended, whatever is cut, repeated or crashed; and the table's later changes take nothing back.
func TestEventsUnderFaults(t *testing.T) {
	for _, direct := range []bool{true, false} {
		for seed := range int64(seeds) {
			t.Run(fmt.Sprint(direct, seed), func(t *testing.T) { eventsUnderFaults(t, seed, direct) })
		}
	}
}

func eventsUnderFaults(t *testing.T, seed int64, direct bool) {
	d := newDriver(t, seed, true)
	s, tb := relation(20000, catalog.KindStream, 2, nil), newTable(20001)
	version := int64(0)
	deleted := map[int64]int64{} // by key: the version of its last deletion
	change := func() {
		version++
		id := d.rng.Int63n(5)
		if d.rng.Intn(5) == 0 {
			d.set(tb, id, nil)
			deleted[id] = version
			return
		}
		d.set(tb, id, []types.Datum{{Int: id}, {Int: id}, {Int: version}})
	}
	for range 4 {
		change()
	}
	q := relation(20002, catalog.KindStream, 3, nil)
	r := d.run(q, eventsTopology(s, tb, direct), map[catalog.RelationID]int{s.ID: partitions, tb.rel.ID: partitions})
	least := map[int64]int64{} // by event: the version of its row when it was appended, 0: none
	keyOf := map[int64]int64{}
	for n := int64(1); n <= 120; n++ {
		for range d.rng.Intn(3) {
			change()
		}
		id := d.rng.Int63n(6)
		part := types.Partition(types.EncodeKeyDatum(nil, types.Int8, types.IntDatum(id)), partitions)
		if !direct {
			part = uint32(d.rng.Intn(partitions))
		}
		d.appendRow(s.Partition(int(part)), types.Datum{Int: id}, types.Datum{Int: n})
		keyOf[n], least[n] = id, 0
		if row := tb.rows[id]; row != nil {
			least[n] = row[2].Int
		}
		for range d.rng.Intn(8) {
			r.step()
		}
		if d.rng.Intn(30) == 0 {
			r.restart()
		}
	}
	r.settle()
	seen := map[int64]bool{}
	for p := range q.Partitions() {
		b := d.readStream(q, uint32(p))
		for i := range b.Len {
			n, k := b.Cols[1].Int[i], b.Cols[0].Int[i]
			if seen[n] || keyOf[n] != k {
				t.Errorf("event %d of key %d, which is of key %d, is there again or for the first time: %v", n, k, keyOf[n], seen[n])
			}
			seen[n] = true
			v := b.Cols[2]
			if v.IsNull(i) && least[n] > deleted[k] || !v.IsNull(i) && v.Int[i] < least[n] {
				t.Errorf("event %d met version %d of key %d, which was at %d", n, v.Int[i], k, least[n])
			}
		}
	}
	if len(seen) != 120 {
		t.Errorf("%d events of 120", len(seen))
	}
}

func eventsTopology(s *catalog.Relation, tb *table, direct bool) *plan.Topology {
	source := plan.Source{Kind: plan.SourceStream, Relation: s.ID, Columns: append(s.Types(), types.Int4, types.Int8, types.Timestamptz)}
	project := []*plan.Expr{plan.Column(0, types.Int8), plan.Column(1, types.Int8)}
	after := []plan.Step{{Project: append(project[:2:2], plan.Column(4, types.Int8))}}
	topology := &plan.Topology{Version: plan.TopologyVersion}
	task := plan.Task{ID: 3, After: after, Sink: plan.Sink{Kind: plan.SinkStream, Columns: bigints(3)}}
	if direct {
		task.Join = &plan.JoinSpec{Kind: plan.JoinLeft, LeftKey: []int{0}, RightKey: []int{0}, Events: true}
		task.Inputs = []plan.Input{{Source: source, Steps: []plan.Step{{Project: project}}}, {Source: tableSource(tb.rel)}}
	} else {
		task.Join = &plan.JoinSpec{Kind: plan.JoinLeft, LeftKey: []int{0}, RightKey: []int{1}, Events: true}
		task.Inputs = []plan.Input{{Source: changesSource(1, 2)}, {Source: changesSource(2, 3)}}
		topology.Forwarders = []plan.Forwarder{
			{ID: 1, Source: source, Steps: []plan.Step{{Project: project}}, Key: []int{0}, Target: 1},
			{ID: 2, Source: tableSource(tb.rel), Key: []int{1}, Target: 2},
		}
	}
	topology.Tasks = []plan.Task{task}
	return topology
}
