package exec

import (
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// unionTopology is SELECT g FROM a UNION ALL SELECT v FROM a WHERE v > 1 UNION ALL SELECT g FROM b, with the input's number and
// the key. b comes over an exchange.
func unionTopology(t *testing.T, a, b *table) *plan.Topology {
	row := func(n int64, column int) plan.Step {
		return plan.Step{Project: []*plan.Expr{plan.Column(column, types.Int8), plan.Const(types.Int8, types.Datum{Int: n}), plan.Column(0, types.Int8)}}
	}
	more := plan.Step{Filter: operator(t, ">", plan.Column(2, types.Int8), plan.Const(types.Int8, types.Datum{Int: 1}))}
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{{ID: 1, Source: tableSource(b.rel), Steps: []plan.Step{row(2, 1)}, Key: []int{1, 2}, Target: 1}},
		Tasks: []plan.Task{{ID: 2,
			Inputs: []plan.Input{
				{Source: tableSource(a.rel), Steps: []plan.Step{row(0, 1)}},
				{Source: tableSource(a.rel), Steps: []plan.Step{more, row(1, 2)}},
				{Source: changesSource(1, 3)},
			},
			Sink: plan.Sink{Kind: plan.SinkView, Key: []int{1, 2}, Columns: bigints(3)},
		}},
	}
}

// naiveUnion is the same, row by row.
func naiveUnion(a, b *table) []string {
	var out []string
	for id, row := range a.rows {
		out = append(out, text(row[1], types.Datum{Int: 0}, types.Datum{Int: id}))
		if row[2].Int > 1 {
			out = append(out, text(row[2], types.Datum{Int: 1}, types.Datum{Int: id}))
		}
	}
	for id, row := range b.rows {
		out = append(out, text(row[1], types.Datum{Int: 2}, types.Datum{Int: id}))
	}
	slices.Sort(out)
	return out
}

func TestUnionUnderFaults(t *testing.T) {
	for seed := range int64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			d := newDriver(t, seed, true)
			a, b := newTable(20000), newTable(20001)
			for range 10 {
				d.change(a)
				d.change(b)
			}
			r := d.run(relation(20002, catalog.KindView, 3, []int{1, 2}), unionTopology(t, a, b), sources(a, b))
			check(t, d, []*runner{r}, []*table{a, b}, func() [][]string { return [][]string{naiveUnion(a, b)} })
		})
	}
}
