package exec

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// topTopology is SELECT * FROM a ORDER BY v DESC, id with the places of spec, of each g if it is grouped.
func topTopology(a *table, spec plan.TopSpec) *plan.Topology {
	spec.Keys = []plan.SortColumn{{Column: 2, Desc: true}, {Column: 0}}
	return &plan.Topology{Version: plan.TopologyVersion,
		Forwarders: []plan.Forwarder{{ID: 1, Source: tableSource(a.rel), Key: spec.GroupBy, Target: 1}},
		Tasks: []plan.Task{{ID: 2, Inputs: []plan.Input{{Source: changesSource(1, 3)}}, Top: &spec,
			Sink: plan.Sink{Kind: plan.SinkView, Key: []int{0}, Columns: bigints(3)}}},
	}
}

// naiveTop is the same by sorting.
func naiveTop(a *table, spec plan.TopSpec) []string {
	groups := map[types.Datum][][]types.Datum{}
	for _, row := range a.rows {
		g := types.Datum{}
		if len(spec.GroupBy) > 0 {
			g = row[1]
		}
		groups[g] = append(groups[g], row)
	}
	out := []string{}
	for _, rows := range groups {
		slices.SortFunc(rows, func(x, y []types.Datum) int {
			return cmp.Or(cmp.Compare(y[2].Int, x[2].Int), cmp.Compare(x[0].Int, y[0].Int))
		})
		for i, row := range rows {
			if int64(i) >= spec.Offset && int64(i) < spec.Offset+spec.Limit {
				out = append(out, text(row...))
			}
		}
	}
	slices.Sort(out)
	return out
}

func TestTopUnderFaults(t *testing.T) {
	for _, spec := range []plan.TopSpec{{Limit: 3}, {Limit: 4, Offset: 2}, {Limit: 1, GroupBy: []int{1}}, {Limit: 2, Offset: 1, GroupBy: []int{1}}, {Limit: 0}} {
		for seed := range int64(seeds) {
			t.Run(fmt.Sprint(spec.GroupBy, spec.Limit, spec.Offset, seed), func(t *testing.T) {
				d := newDriver(t, seed, true)
				a := newTable(20000)
				for range 10 {
					d.change(a)
				}
				r := d.run(relation(20001, catalog.KindView, 3, []int{0}), topTopology(a, spec), sources(a))
				check(t, d, []*runner{r}, []*table{a}, func() [][]string { return [][]string{naiveTop(a, spec)} })
				emptyLeavesNothing(t, d, r, a)
			})
		}
	}
}
