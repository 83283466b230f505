package catalog

import (
	"errors"
	"math"
	"testing"

	"github.com/millracedb/millrace/sql/types"
)

// TestAdvance shows where blocks of a sequence begin and end, at its ends too.
func TestAdvance(t *testing.T) {
	up := &Sequence{Start: 1, Increment: 1, Min: 1, Max: 10}
	down := &Sequence{Start: 5, Increment: -2, Min: 1, Max: 5}
	around := &Sequence{Start: 1, Increment: 3, Min: 1, Max: 8, Cycle: true}
	wide := &Sequence{Start: math.MaxInt64 - 1, Increment: math.MaxInt64, Min: math.MinInt64, Max: math.MaxInt64}
	for _, c := range []struct {
		name         string
		q            *Sequence
		at           SequenceState
		n            int64
		last         int64
		first, count int64
	}{
		{"fresh", up, SequenceState{Last: 1}, 4, 4, 1, 4},
		{"going on", up, SequenceState{4, true}, 4, 8, 5, 4},
		{"to the end", up, SequenceState{8, true}, 4, 10, 9, 2},
		{"at the end", up, SequenceState{10, true}, 4, 10, 0, 0},
		{"down", down, SequenceState{Last: 5}, 32, 1, 5, 3},
		{"down at the end", down, SequenceState{1, true}, 32, 1, 0, 0},
		{"around", around, SequenceState{7, true}, 32, 7, 1, 3},
		{"wide", wide, SequenceState{Last: math.MaxInt64 - 1}, 32, math.MaxInt64 - 1, math.MaxInt64 - 1, 1},
		{"wide at the end", wide, SequenceState{math.MaxInt64 - 1, true}, 32, math.MaxInt64 - 1, 0, 0},
	} {
		after, first, count := c.q.Advance(c.at, c.n)
		if after.Last != c.last || first != c.first || count != c.count {
			t.Errorf("%s: after %v, first %d, count %d", c.name, after, first, count)
		}
	}
}

// TestSequenceMoves shows that a move is a compare-and-set, is no new version, is kept in State, and goes with the sequence.
func TestSequenceMoves(t *testing.T) {
	must := func(c *Catalog, err error) *Catalog {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	q := &Relation{ID: FirstRelationID, Name: "s", Kind: KindSequence, Sequence: &Sequence{Type: types.Int8, Start: 7, Increment: 1, Min: 1, Max: 100}}
	made := must(Empty().Apply(Command{Change: &Change{Put: []*Relation{q}}}))
	start := made.SequenceState(q.ID)
	if start != (SequenceState{Last: 7}) {
		t.Fatalf("starts at %v", start)
	}
	move := SequenceMove{Sequence: q.ID, From: start, To: SequenceState{Last: 38, Called: true}}
	moved := must(made.Apply(Command{Sequence: &move}))
	if moved.Version() != made.Version() || made.SequenceState(q.ID) != start {
		t.Errorf("version %d after %d; the old catalog has %v", moved.Version(), made.Version(), made.SequenceState(q.ID))
	}
	if _, err := moved.Apply(Command{Sequence: &move}); !errors.Is(err, ErrStale) {
		t.Errorf("the same move again: %v", err)
	}
	if again := FromState(moved.State()); again.SequenceState(q.ID) != move.To {
		t.Errorf("from its state: %v", again.SequenceState(q.ID))
	}
	if _, err := moved.Apply(Command{Change: &Change{Version: moved.Version() - 1, Drop: []RelationID{q.ID}}}); !errors.Is(err, ErrStale) {
		t.Errorf("a change of another version: %v", err)
	}
	gone := must(moved.Apply(Command{Change: &Change{Version: moved.Version(), Drop: []RelationID{q.ID}}}))
	if len(gone.State().Sequences) != 0 || len(moved.State().Sequences) != 1 {
		t.Errorf("after the drop %v, before %v", gone.State().Sequences, moved.State().Sequences)
	}
}
