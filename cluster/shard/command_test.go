package shard

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// sampleOps has every kind of op with every field set, and the empty ones.
func sampleOps() []Op {
	parts := []Part{
		{Partition: partitionOf(3), Table: true, Guards: []Guard{{Kind: exec.GuardNone}, absent, at(1 << 40)}, Batch: []byte("batch")},
		{Partition: catalog.PartitionID{Topic: 1<<63 + 5, Partition: 1<<32 - 1}, Batch: []byte("b")},
	}
	id, frontiers := TxnID{1, 2, 15: 9}, []exec.Frontier{{Offset: 5}, {Offset: 7, Backfilling: true, Cursor: []byte("key")}}
	commit := &Commit{exec.Commit{
		Consumer: exec.ConsumerID{Query: 16384, Node: 3, Partition: 4, Source: 5}, Term: 12, Before: nil, After: frontiers,
		State:   state.Batch{Ops: []state.Op{{Kind: state.Put, Key: []byte("k"), Value: []byte("v")}, {Kind: state.Delete, Key: []byte("d")}, {Kind: state.DeleteRange, Key: []byte("a"), Value: []byte("b")}}},
		Appends: []exec.Append{{Partition: partitionOf(1), Batch: []byte("x")}},
	}}
	shards := []catalog.ShardID{0, 7, 255}
	return []Op{
		&Write{Parts: parts}, &Write{}, commit, &Commit{exec.Commit{Before: []exec.Frontier{}, State: state.Batch{Ops: []state.Op{}}}},
		&Prepare{Txn: id, Decider: 4, Parts: parts, Last: true}, &Prepare{},
		&Decide{Txn: id, Commit: true, Participants: shards}, &Decide{}, &Finish{Txn: id, Commit: true, Participants: shards}, &Finish{},
		&Forget{Txns: []TxnID{id, {}}}, &Forget{}, &Drop{Relations: []catalog.RelationID{relation, 1<<32 - 1}}, &Drop{},
		&Register{Partition: partitionOf(1), Dependent: Dependent{Query: relation, Node: 7}}, &Trim{Partition: partitionOf(1), Before: 1 << 40, Registered: 3},
		&CompactTo{Partition: partitionOf(1), Below: 9, TombstonesBefore: -5, Hides: true, Registered: 1},
		&Configure{Topic: relation.Topic(0), SegmentBytes: 1 << 20, SegmentMillis: 5}, &Hold{Relation: relation, Memory: true}, &Hold{},
		&AddIndex{Index: relation + 1, Table: relation, Def: []byte("{}")}, &BuildIndex{Index: relation + 1, Partition: partitionOf(2), From: []byte("a"), To: []byte{}},
		&BuildIndex{Index: 1, Partition: partitionOf(1), From: []byte("b")}, &RaiseEpoch{Relation: relation, Epoch: 1 << 40},
		&Write{Parts: []Part{{Partition: partitionOf(1), Table: true, Check: true, Epoch: 9, Guards: []Guard{absent}, Batch: []byte("c")}}},
		&Write{Parts: []Part{{Partition: partitionOf(1), Table: true, Check: true, Guards: []Guard{{Kind: exec.GuardPresent}}, Batch: []byte("c")}}},
		&Write{Parts: []Part{{Partition: partitionOf(1), Table: true, Check: true, Freeze: true, Epoch: 9, Batch: []byte("c")}}},
	}
}

func encode(ops ...Op) []byte {
	encoded := make([][]byte, len(ops))
	for i, op := range ops {
		encoded[i] = encodeOp(op)
	}
	return appendEntry(nil, encoded)
}

// TestEntryRoundTrip shows that each kind of op comes back as it was, and that all kinds are covered.
func TestEntryRoundTrip(t *testing.T) {
	ops := sampleOps()
	got, err := decodeEntry(encode(ops...))
	must(t, err)
	kinds := map[opKind]bool{}
	for i, op := range ops {
		kinds[op.kind()] = true
		if c, ok := op.(*Commit); ok && c.State.Ops == nil {
			c.State.Ops = []state.Op{}
		}
		if !reflect.DeepEqual(got[i], op) {
			t.Errorf("got  %+v\nwant %+v", got[i], op)
		}
	}
	for k := opKind(1); newOp(k) != nil; k++ {
		if !kinds[k] {
			t.Errorf("kind %d has no sample", k)
		}
	}
}

// TestEntryCut shows that an entry that was cut anywhere, or has bytes behind it, is refused.
func TestEntryCut(t *testing.T) {
	whole := encode(sampleOps()...)
	for n := range whole {
		if _, err := decodeEntry(whole[:n]); !errors.Is(err, errEncoding) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := decodeEntry(append(whole, 0)); !errors.Is(err, errEncoding) {
		t.Errorf("one byte more: %v", err)
	}
	if _, err := decodeEntry([]byte{entryVersion + 1, 0}); !errors.Is(err, errEncoding) {
		t.Errorf("other version: %v", err)
	}
}

// FuzzDecodeEntry shows that no bytes make the decoder panic, and that what decodes encodes to the same meaning.
func FuzzDecodeEntry(f *testing.F) {
	f.Add(encode(sampleOps()...))
	for _, op := range sampleOps() {
		f.Add(encode(op))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ops, err := decodeEntry(b)
		if err != nil {
			return
		}
		again, err := decodeEntry(encode(ops...))
		if err != nil || !bytes.Equal(encode(ops...), encode(again...)) {
			t.Errorf("%x decodes to %+v and then to %+v, %v", b, ops, again, err)
		}
	})
}

// FuzzDecodeOutcome shows the same of outcomes.
func FuzzDecodeOutcome(f *testing.F) {
	f.Add(appendOutcome(nil, []Result{{Verdict: Applied, Bases: []log.Offset{0, 5, skippedBase}}, {Verdict: Conflict}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		results, err := decodeOutcome(b)
		if err != nil {
			return
		}
		again, err := decodeOutcome(appendOutcome(nil, results))
		if err != nil || !reflect.DeepEqual(again, results) {
			t.Errorf("%x: %+v and %+v, %v", b, results, again, err)
		}
	})
}

// randomOps makes ops that meet each other: few keys, few transactions, few consumers, offsets that often are right.
type randomOps struct {
	rng    *rand.Rand
	open   []TxnID // may be prepared further: an id is never used again after its decision
	ended  []TxnID
	txns   byte
	stored map[exec.ConsumerID][]exec.Frontier
}

func (r *randomOps) next() Op {
	switch r.rng.IntN(20) {
	case 0, 1:
		return &Prepare{Txn: r.begin(), Decider: 0, Parts: r.parts(), Last: r.rng.IntN(3) > 0}
	case 2, 10, 11:
		return &Decide{Txn: r.end(), Commit: r.rng.IntN(3) > 0, Participants: []catalog.ShardID{0, 1}[:1+r.rng.IntN(2)]}
	case 3:
		return &Finish{Txn: r.end(), Commit: r.rng.IntN(3) > 0, Participants: []catalog.ShardID{0, 1}}
	case 4:
		return &Forget{Txns: []TxnID{r.end()}}
	case 5:
		if r.rng.IntN(60) == 0 {
			return &Drop{Relations: []catalog.RelationID{relation + catalog.RelationID(r.rng.IntN(3))}}
		}
		return &Drop{}
	case 6, 7, 8, 9:
		return r.commit()
	case 12:
		return r.retain()
	case 13, 14:
		return r.produce()
	case 15:
		return &Hold{Relation: relation + catalog.RelationID(r.rng.IntN(3)), Memory: r.rng.IntN(3) > 0} // mostly too late
	}
	return &Write{Parts: r.parts()}
}

// produce makes an append of a producer: short sequences of few producers, so that many are repeated or out of order.
func (r *randomOps) produce() Op {
	p := streamPart(0, "p", "q")
	p.Partition = r.partition()
	p.Batch = numbered(p.Batch, r.rng.Int64N(2), int16(r.rng.IntN(20)/19), int32(2*r.rng.IntN(4)))
	return &Write{Parts: []Part{p}}
}

// retain makes ops on the logs' horizons; some name a count of dependents or an end that is not right.
func (r *randomOps) retain() Op {
	p := r.partition()
	below, seen := log.Offset(r.rng.IntN(12)), uint64(r.rng.IntN(2))
	switch r.rng.IntN(4) {
	case 0:
		return &Register{Partition: p, Dependent: Dependent{relation + catalog.RelationID(r.rng.IntN(3)), uint16(r.rng.IntN(2))}}
	case 1:
		return &Trim{Partition: p, Before: below, Registered: seen}
	case 2:
		return &CompactTo{Partition: p, Below: below, TombstonesBefore: int64(r.rng.IntN(9)), Hides: r.rng.IntN(2) == 0, Registered: seen}
	}
	return &Configure{Topic: p.Topic, SegmentBytes: 100 + int64(r.rng.IntN(300))}
}

func (r *randomOps) begin() TxnID {
	if len(r.open) == 0 || r.rng.IntN(2) == 0 {
		r.txns++
		r.open = append(r.open, TxnID{r.txns})
	}
	return r.open[r.rng.IntN(len(r.open))]
}

// end returns a transaction that may be decided now, or was before.
func (r *randomOps) end() TxnID {
	if n := len(r.ended); n > 0 && r.rng.IntN(2) == 0 {
		return r.ended[max(0, n-3)+r.rng.IntN(min(n, 3))]
	}
	id := r.begin()
	r.open = slices.DeleteFunc(r.open, func(o TxnID) bool { return o == id })
	r.ended = append(r.ended, id)
	return id
}

func (r *randomOps) partition() catalog.PartitionID {
	id := relation + catalog.RelationID(r.rng.IntN(3))
	return catalog.PartitionID{Topic: id.Topic(0), Partition: uint32(r.rng.IntN(2))}
}

func (r *randomOps) parts() (parts []Part) {
	for range 1 + r.rng.IntN(2) {
		var rows []row
		for range 1 + r.rng.IntN(3) {
			w := row{key: string(rune('a' + r.rng.IntN(6))), value: string(rune('A' + r.rng.IntN(26)))}
			switch r.rng.IntN(6) {
			case 0:
				w.guard = absent
			case 1:
				w.guard = at(log.Offset(r.rng.IntN(40)))
			case 2, 10, 11:
				w.value = ""
			}
			rows = append(rows, w)
		}
		p := tablePart(0, rows...)
		p.Partition = r.partition()
		parts = append(parts, p)
	}
	return parts
}

func (r *randomOps) commit() Op {
	c := exec.Commit{Consumer: exec.ConsumerID{Query: relation + catalog.RelationID(r.rng.IntN(3)), Node: uint16(r.rng.IntN(2))}}
	if r.stored == nil {
		r.stored = map[exec.ConsumerID][]exec.Frontier{}
	}
	c.Before = r.stored[c.Consumer]
	if r.rng.IntN(5) == 0 {
		c.Before = []exec.Frontier{{Offset: log.Offset(r.rng.IntN(9))}}
	}
	c.After = []exec.Frontier{{Offset: log.Offset(r.rng.IntN(9)), Backfilling: r.rng.IntN(2) == 0, Cursor: []byte("c")}}
	key := state.TaskPrefix(c.Consumer.Query, 0, c.Consumer.Node, byte(r.rng.IntN(3)))
	c.State.Put(key, []byte{byte(r.rng.IntN(256))})
	if r.rng.IntN(6) == 0 {
		c.State.DeleteRange(key, state.PrefixEnd(key))
	}
	if r.rng.IntN(2) == 0 {
		c.Appends = []exec.Append{{Partition: catalog.PartitionID{Topic: c.Consumer.Query.Topic(1)}, Batch: streamPart(0, "x", "y").Batch}}
	}
	r.stored[c.Consumer] = c.After
	return &Commit{c}
}
