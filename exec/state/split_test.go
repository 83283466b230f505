package state

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/millracedb/millrace/sql/catalog"
)

// splitKey draws a key of the shard's own, or of one of four relations.
func splitKey(rng *rand.Rand) []byte {
	id := catalog.RelationID(1 + rng.IntN(4))
	switch rng.IntN(5) {
	case 0:
		return []byte{SpaceShard, byte(rng.IntN(4))}
	case 1, 2:
		return append(TaskPrefix(id, uint32(rng.IntN(2)), 1, 0), byte(rng.IntN(5)))
	}
	return RowKey(catalog.PartitionID{Topic: id.Topic(0), Partition: uint32(rng.IntN(2))}, []byte{byte(rng.IntN(8))})
}

// splitRange draws a range of keys: of one relation, of a prefix, or over several relations.
func splitRange(rng *rand.Rand) (from, to []byte) {
	switch rng.IntN(4) {
	case 0:
		prefix := TopicPrefix([]byte{SpaceRows, SpaceTask}[rng.IntN(2)], catalog.RelationID(1+rng.IntN(4)).Topic(0))
		return prefix, PrefixEnd(prefix)
	case 1:
		return []byte{SpaceShard}, []byte{SpaceRows}
	case 2:
		return nil, nil
	}
	from, to = splitKey(rng), splitKey(rng)
	return from, to
}

func splitOp(rng *rand.Rand, i int) Op {
	switch rng.IntN(8) {
	case 0, 1:
		return Op{Kind: Delete, Key: splitKey(rng)}
	case 2:
		from, to := splitRange(rng)
		if to == nil {
			to = []byte{SpaceTask + 1}
		}
		return Op{DeleteRange, from, to}
	}
	return Op{Put, splitKey(rng), fmt.Appendf(nil, "%0*d", rng.IntN(20), i)}
}

// TestSplit compares a store of two parts with one of one part under random writes: gets, scans of all kinds of ranges, snapshots
// of before, and the bytes that its budget counts.
func TestSplit(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		budget := NewBudget(1 << 30)
		split, whole := NewSplit(NewMemory(), budget), NewMemory()
		held := []catalog.RelationID{1, 3}
		for _, id := range held {
			split.Hold(id)
		}
		var snapshots [][2]Snapshot
		for i := range 300 {
			var b Batch
			for range rng.IntN(6) {
				b.Ops = append(b.Ops, splitOp(rng, i))
			}
			must(t, split.Write(&b))
			must(t, whole.Write(&b))
			if rng.IntN(10) == 0 {
				snapshots = append(snapshots, [2]Snapshot{split.Snapshot(), whole.Snapshot()})
			}
			sameRange(t, rng, split, whole)
		}
		for _, s := range snapshots {
			sameRange(t, rng, s[0], s[1])
			s[0].Release()
		}
		wantBytes(t, split, budget)
		it := split.Disk().Scan(nil, nil)
		for it.Next() {
			if id, _ := RelationOf(it.Key()); slices.Contains(held, id) {
				t.Errorf("key %x is on disk", it.Key())
			}
		}
		must(t, it.Close())
		split.Free(1)
		split.Free(3)
		if budget.Used() != 0 {
			t.Errorf("%d bytes are counted of nothing", budget.Used())
		}
	}
}

func sameRange(t *testing.T, rng *rand.Rand, got, want Reader) {
	t.Helper()
	from, to := splitRange(rng)
	wantContents(t, got, from, to, contents(t, want, from, to)...) // both ways
	key := splitKey(rng)
	a, err := got.Get(key)
	must(t, err)
	if b, _ := want.Get(key); string(a) != string(b) || (a == nil) != (b == nil) {
		t.Errorf("get %x: %q, want %q", key, a, b)
	}
}

// wantBytes compares what is counted with what there is.
func wantBytes(t *testing.T, s *Split, b *Budget) {
	t.Helper()
	sum := int64(0)
	for _, id := range s.Relations() {
		it := s.Held(id).Scan(nil, nil)
		for it.Next() {
			sum += int64(len(it.Key())+len(it.Value())) + PairOverheadBytes
		}
		must(t, it.Close())
	}
	if sum == 0 || s.MemoryBytes() != sum || b.Used() != sum {
		t.Errorf("%d bytes are counted, the budget has %d, there are %d", s.MemoryBytes(), b.Used(), sum)
	}
}

// TestSplitWriteHeld shows that what is for the disk is passed over.
func TestSplitWriteHeld(t *testing.T) {
	s := NewSplit(NewMemory(), nil)
	s.Hold(1)
	row := func(id catalog.RelationID) []byte {
		return RowKey(catalog.PartitionID{Topic: id.Topic(0)}, []byte("k"))
	}
	var b Batch
	b.Put(row(1), []byte("a"))
	b.Put(row(2), []byte("b"))
	if !s.Touches(&b) || s.Touches(&Batch{Ops: b.Ops[1:]}) {
		t.Error("what touches memory is not told from what does not")
	}
	must(t, s.WriteHeld(&b))
	wantContents(t, s, nil, nil, string(row(1))+"=a")
}

// TestBudget shows that what is set aside counts, and what is promised is not refused.
func TestBudget(t *testing.T) {
	b := NewBudget(100)
	if !b.Reserve(60) || b.Reserve(41) || !b.Reserve(40) {
		t.Error("100 bytes are not 60 and 40")
	}
	b.Release(100)
	b.Promise(150)
	if b.Reserve(1) {
		t.Error("more was given than there is")
	}
	b.Release(150)
	if !b.Reserve(100) || b.Used() != 0 || b.Limit() != 100 {
		t.Errorf("used %d of %d", b.Used(), b.Limit())
	}
}
