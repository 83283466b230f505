package exec

import (
	"testing"
	"time"

	"github.com/millracedb/millrace/sql/types"
)

// BenchmarkMeter is what the counters cost in a round of a task with two inputs, which takes some hundred microseconds at least.
func BenchmarkMeter(b *testing.B) {
	m := newMeter(2)
	batch := types.NewBatch([]types.Type{types.Int8}, 0)
	pass := func(in *types.Batch) (*types.Batch, error) { return in, nil }
	sources := []*source{{}, {}}
	for b.Loop() {
		began := time.Now()
		for i := range m.Inputs {
			at := time.Now()
			m.Inputs[i].Read.add(1, at)
			if _, err := m.Inputs[i].Steps.measure(batch, pass); err != nil {
				b.Fatal(err)
			}
		}
		m.Operator.add(1, time.Now())
		if _, err := m.After.measure(batch, pass); err != nil {
			b.Fatal(err)
		}
		at := m.Sink.add(1, time.Now())
		at = m.Commit.add(0, at)
		m.committed(1, 1, at.Sub(began))
		m.took(sources)
	}
}
