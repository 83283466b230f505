package shard

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
)

// TestTopsHideNoRow shows that each snapshot finds the rows that the store had when it was taken, whenever the bound of their keys became
// known, and whatever was written since.
func TestTopsHideNoRow(t *testing.T) {
	for seed := range uint64(20) {
		m := newMachine(t, vfs.NewMem(), state.NewMemory())
		type then struct {
			s    *Snapshot
			rows map[string][]byte
		}
		var taken []then
		bounds := 0
		for i, batch := range slices.Collect(slices.Chunk(entries(seed, 200), 3)) {
			s := m.view.snapshot()
			rows := map[string][]byte{}
			it := s.State().Scan([]byte{state.SpaceRows}, []byte{state.SpaceRows + 1})
			for it.Next() {
				rows[string(it.Key())] = bytes.Clone(it.Value())
			}
			must(t, it.Close())
			taken = append(taken, then{s, rows})
			bounds += len(s.tops)
			m.ApplyBatch(batch)
			for at, old := range taken {
				for key, want := range old.rows {
					p, _, _ := state.SplitRowKey([]byte(key))
					got, err := old.s.Rows(p).Get([]byte(key))
					must(t, err)
					if !bytes.Equal(got, want) {
						t.Fatalf("seed %d: snapshot %d, after batch %d, has %x under %x, want %x", seed, at, i, got, key, want)
					}
				}
			}
		}
		if bounds == 0 {
			t.Fatalf("seed %d: no bound became known", seed)
		}
		for _, old := range taken {
			old.s.Close()
		}
	}
}

// TestTopAnswersForItsRows shows that a bound says nothing about keys of another partition, or of another space.
func TestTopAnswersForItsRows(t *testing.T) {
	p := partitionOf(1)
	m := newMachine(t, vfs.NewMem(), state.NewMemory())
	must(t, m.view.tops.find(m.db, p))
	top := m.view.tops.of(state.RowKey(p, []byte("k")))
	for key, want := range map[string]bool{
		string(state.RowKey(p, []byte("k"))):                  true,
		string(state.RowKey(partitionOf(2), []byte("k"))):     false,
		string(state.TaskPrefix(p.Topic.Relation(), 1, 0, 0)): false,
		string(state.TopicPrefix(state.SpaceIndex, p.Topic)):  false,
		string(state.RowKey(p, nil)):                          false, // the bound of no rows is their prefix
	} {
		if got := top.below([]byte(key)); got != want {
			t.Errorf("below(%x) = %v", key, got)
		}
	}
	var b state.Batch
	for i := range 3 {
		b.Put(state.RowKey(p, fmt.Append(nil, "k", i)), []byte("v"))
	}
	m.view.tops.raise(&b)
	if top.below(state.RowKey(p, []byte("k2"))) || !top.below(state.RowKey(p, []byte("k3"))) {
		t.Errorf("the bound is %x", *top.key.Load())
	}
	m.view.tops.forget(p.Topic.Relation())
	if m.view.tops.of(state.RowKey(p, []byte("k"))) != nil {
		t.Error("a dropped relation has a bound")
	}
}
