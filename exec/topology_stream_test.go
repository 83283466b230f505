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

// TestStreamQueryUnderFaults runs CREATE STREAM q AS SELECT v FROM s UNION ALL SELECT v + 100 FROM s, the second over an
// exchange: whatever is cut, repeated or crashed, each row is there once for each row of s.
func TestStreamQueryUnderFaults(t *testing.T) {
	for seed := range int64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDriver(t, seed, true)
			s := relation(20000, catalog.KindStream, 1, nil)
			r := d.run(relation(20001, catalog.KindStream, 1, nil), streamTopology(t, s), map[catalog.RelationID]int{s.ID: partitions})
			var want []string
			for range 150 {
				v := d.rng.Int63n(50)
				d.appendRow(s.Partition(d.rng.Intn(partitions)), types.Datum{Int: v})
				want = append(want, fmt.Sprint(v), fmt.Sprint(v+100))
				for range d.rng.Intn(6) {
					r.step()
				}
				if d.rng.Intn(30) == 0 {
					r.restart()
				}
			}
			r.settle()
			slices.Sort(want)
			if got := d.streamRows(r.q); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func streamTopology(t *testing.T, s *catalog.Relation) *plan.Topology {
	source := plan.Source{Kind: plan.SourceStream, Relation: s.ID, Columns: s.Types()}
	for _, c := range catalog.StreamSystemColumns[:3] {
		source.Columns = append(source.Columns, c.Type)
	}
	v := plan.Column(0, types.Int8)
	more := operator(t, "+", v, plan.Const(types.Int8, types.Datum{Int: 100}))
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{{ID: 1, Source: source, Steps: []plan.Step{{Project: []*plan.Expr{more}}}, Key: []int{0}, Target: 1}},
		Tasks: []plan.Task{{ID: 2,
			Inputs: []plan.Input{{Source: source, Steps: []plan.Step{{Project: []*plan.Expr{v}}}}, {Source: changesSource(1, 1)}},
			Sink:   plan.Sink{Kind: plan.SinkStream, Columns: bigints(1)},
		}},
	}
}

// appendRow appends a row to a partition of a stream.
func (d *driver) appendRow(p catalog.PartitionID, row ...types.Datum) {
	d.appendRecord(p, log.Record{Value: encode(row)})
}

// readStream returns all rows of a partition of a stream.
func (d *driver) readStream(s *catalog.Relation, p uint32) *types.Batch {
	src := newSource(plan.Source{Kind: plan.SourceStream, Relation: s.ID,
		Columns: append(s.Types(), types.Int4, types.Int8, types.Timestamptz)}, s.ID, p)
	out := types.NewBatch(src.spec.Columns, 0)
	r := d.reader()
	for f := src.start(r); src.behind(r, f); {
		b, next, err := src.read(r, f, 1<<62, roundBytes)
		if err != nil {
			d.t.Fatal(err)
		}
		appendBatch(out, b)
		f = next
	}
	return out
}

// streamRows returns the rows of a stream as text, sorted.
func (d *driver) streamRows(s *catalog.Relation) []string {
	var out []string
	for p := range s.Partitions() {
		b := d.readStream(s, uint32(p))
		for i := range b.Len {
			out = append(out, fmt.Sprint(b.Cols[0].Int[i]))
		}
	}
	slices.Sort(out)
	return out
}
