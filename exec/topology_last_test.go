package exec

import (
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// TestTableOfTopicUnderFaults runs CREATE TABLE (k PRIMARY KEY, v) over a topic: whatever is cut, repeated or crashed, the
// table holds for each key the last record, unless that is a tombstone. Some keys have records in several partitions: then the
// newest of these partitions' last ones counts, a tombstone for none.
func TestTableOfTopicUnderFaults(t *testing.T) {
	for seed := range int64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDriver(t, seed, true)
			topic := relation(20000, catalog.KindTopic, 0, nil)
			table := relation(20001, catalog.KindTable, 2, []int{0})
			r := d.run(table, lastTestTopology(topic, table), map[catalog.RelationID]int{topic.ID: partitions})
			type place struct{ partition, at, value int64 }
			model := map[int64]map[int64]place{}
			for n := range int64(300) {
				k := d.rng.Int63n(12)
				p := k % partitions
				if k < 4 {
					p = d.rng.Int63n(partitions)
				}
				at := 100 + n/8 + d.rng.Int63n(5) // clocks of partitions differ, and step back
				if model[k] == nil {
					model[k] = map[int64]place{}
				}
				rec := log.Record{Key: types.EncodeKeyDatum(nil, types.Int8, types.IntDatum(k)), TimestampMillis: at}
				if delete(model[k], p); d.rng.Intn(4) > 0 {
					rec.Value = encode([]types.Datum{types.IntDatum(k), types.IntDatum(n)})
					model[k][p] = place{p, at, n}
				}
				d.appendRecord(topic.Partition(int(p)), rec)
				for range d.rng.Intn(6) {
					r.step()
				}
				if d.rng.Intn(30) == 0 {
					r.restart()
				}
			}
			r.settle()
			var want []string
			for k, places := range model {
				best := place{at: -1}
				for _, x := range places {
					if x.at > best.at || x.at == best.at && x.partition > best.partition {
						best = x
					}
				}
				if best.at >= 0 {
					want = append(want, fmt.Sprintf("%d|%d", k, best.value))
				}
			}
			slices.Sort(want)
			if got := r.rows(); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func lastTestTopology(topic, table *catalog.Relation) *plan.Topology {
	source := plan.Source{Kind: plan.SourceStream, Relation: topic.ID, Columns: append(table.Types(), types.Int4, types.Timestamptz, types.Bool),
		System:  []string{catalog.PartitionColumn, catalog.TimestampColumn, plan.DeletedColumn},
		Records: &plan.Records{Stream: table.ID, Format: catalog.FormatNative, Names: []string{"k", "v"}, NotNull: []int{0}, Key: []int{0}, Deletes: true}}
	moved := plan.Source{Kind: plan.SourceChanges, Topic: 1, Columns: source.Columns}
	stored := []*plan.Expr{plan.Column(0, types.Int8), plan.Column(1, types.Int8)}
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{{ID: 1, Source: source, Key: []int{0}, Target: 1}},
		Tasks: []plan.Task{{ID: 2, Inputs: []plan.Input{{Source: moved}}, After: []plan.Step{{Project: stored}},
			Last: &plan.LastSpec{GroupBy: []int{0}, Partition: 2, Timestamp: 3, Deleted: 4},
			Sink: plan.Sink{Kind: plan.SinkView, Key: []int{0}, Columns: bigints(2)},
		}},
	}
}

// appendRecord appends a record to a partition.
func (d *driver) appendRecord(p catalog.PartitionID, rec log.Record) {
	var b log.BatchBuilder
	if err := b.Append(rec); err != nil {
		d.t.Fatal(err)
	}
	d.append(p, b.Build())
}
