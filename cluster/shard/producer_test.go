package shard

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// numbered gives a batch a producer, as a Kafka client does: fields of record batch v2, and the CRC over what follows it.
func numbered(batch []byte, producer int64, epoch int16, first int32) []byte {
	b := bytes.Clone(batch)
	binary.BigEndian.PutUint64(b[43:], uint64(producer))
	binary.BigEndian.PutUint16(b[51:], uint16(epoch))
	binary.BigEndian.PutUint32(b[53:], uint32(first))
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func numberedPart(partition uint32, producer int64, epoch int16, first int32, values ...string) Part {
	p := streamPart(partition, values...)
	p.Batch = numbered(p.Batch, producer, epoch, first)
	return p
}

// wantBase proposes a write of one part and checks the offset that it is answered with.
func (r *rig) wantBase(want log.Offset, p Part) {
	r.t.Helper()
	if res := r.want(Applied, &Write{Parts: []Part{p}}); fmt.Sprint(res.Bases) != fmt.Sprint([]log.Offset{want}) {
		r.t.Fatalf("bases %v, want %d", res.Bases, want)
	}
}

// TestProducer shows that a repeated append is answered with its offsets and appends nothing, for the last five batches and
// after a restart; that a gap and an older epoch are refused; and that a newer epoch begins at 0.
func TestProducer(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "x")}})
	r.wantBase(1, numberedPart(0, 7, 0, 40, "a", "b"))
	r.wantBase(1, numberedPart(0, 7, 0, 40, "a", "b"))
	r.want(OutOfOrder, &Write{Parts: []Part{numberedPart(0, 7, 0, 43, "c")}})
	r.want(OutOfOrder, &Write{Parts: []Part{numberedPart(0, 7, 0, 41, "b")}}) // a part of a batch is no repetition
	r.wantBase(0, numberedPart(1, 7, 0, 3, "other partition"))
	for i := range int32(5) {
		r.wantBase(log.Offset(3+i), numberedPart(0, 7, 0, 42+i, "c"))
	}
	r.close()
	r.open()
	must(t, r.shard.WaitReady(context.Background()))
	r.wantBase(3, numberedPart(0, 7, 0, 42, "c"))
	r.want(OutOfOrder, &Write{Parts: []Part{numberedPart(0, 7, 0, 40, "a", "b")}}) // the sixth last
	r.want(OutOfOrder, &Write{Parts: []Part{numberedPart(0, 7, 1, 47, "d")}})
	r.wantBase(8, numberedPart(0, 7, 1, 0, "d"))
	r.want(StaleEpoch, &Write{Parts: []Part{numberedPart(0, 7, 0, 46, "c")}})
	r.want(StaleEpoch, &Write{Parts: []Part{streamPart(0, "y"), numberedPart(0, 7, 0, 47, "c")}})
	r.wantBase(9, numberedPart(0, 8, 0, math.MaxInt32-1, "e", "f", "g")) // wraps
	r.wantBase(9, numberedPart(0, 8, 0, math.MaxInt32-1, "e", "f", "g"))
	r.wantBase(12, numberedPart(0, 8, 0, 1, "h"))
	r.wantShard(nil, []string{"x", "a", "b", "c", "c", "c", "c", "c", "d", "e", "f", "g", "h"})
}

// TestProducerOfTable shows that a repetition is recognised although its own guards do not hold any more, beside a new part that
// is applied.
func TestProducerOfTable(t *testing.T) {
	r := newRig(t)
	part := func(partition uint32, producer int64, first int32, rows ...row) Part {
		p := tablePart(partition, rows...)
		p.Batch = numbered(p.Batch, producer, 0, first)
		return p
	}
	insert := part(0, 1, 0, row{"a", "1", absent})
	r.wantBase(0, insert)
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "2", at(0)})}})
	res := r.want(Applied, &Write{Parts: []Part{insert, part(1, 1, 0, row{"b", "1", absent})}})
	if fmt.Sprint(res.Bases) != "[0 0]" {
		t.Errorf("bases %v", res.Bases)
	}
	r.want(Conflict, &Write{Parts: []Part{part(0, 1, 1, row{"a", "3", absent})}})
	r.wantBase(2, part(0, 1, 1, row{"a", "3", at(1)})) // what was refused took no number
	r.wantShard([]string{"a=3@2"}, []string{"1", "2", "3"})
}

// TestProducerInvalid shows where a producer's batch has no place.
func TestProducerInvalid(t *testing.T) {
	r := newRig(t)
	good := numberedPart(0, 1, 0, 0, "v")
	r.want(Invalid, &Write{Parts: []Part{good, numberedPart(0, 2, 0, 0, "v")}})
	r.want(Invalid, &Write{Parts: []Part{numberedPart(0, 1, -1, 0, "v")}})
	r.want(Invalid, &Write{Parts: []Part{numberedPart(0, 1, 0, -1, "v")}})
	r.want(Invalid, &Prepare{Txn: TxnID{1}, Parts: []Part{good}, Last: true})
	r.want(Invalid, &Commit{exec.Commit{Consumer: exec.ConsumerID{Query: relation}, Appends: []exec.Append{{Partition: good.Partition, Batch: good.Batch}}}})
	r.wantShard(nil, nil)
}

// TestProducersAreBounded shows that of too many producers the one that appended the longest time ago is forgotten, in the store
// too, and that those of a dropped relation are.
func TestProducersAreBounded(t *testing.T) {
	m := newMachine(t, vfs.NewMem(), state.NewMemory())
	var ops []Op
	for id := range int64(log.MaxProducers) {
		ops = append(ops, &Write{Parts: []Part{numberedPart(0, id, 0, 0, "v")}})
	}
	ops = append(ops, &Write{Parts: []Part{numberedPart(0, 0, 0, 1, "v")}}, &Write{Parts: []Part{numberedPart(0, log.MaxProducers, 0, 0, "v")}})
	m.Apply(&raft.Log{Index: 2, Term: 1, Type: raft.LogCommand, Data: encode(ops...)})
	again := newMachine(t, vfs.NewMem(), clone(t, m.db.Disk().(*state.Memory)))
	for _, m := range []*machine{m, again} {
		known := m.producers[partitionOf(0)]
		if len(known) != log.MaxProducers || known[0] == nil || known[1] != nil || known[2] == nil {
			t.Errorf("%d producers, 0: %v, 1: %v, 2: %v", len(known), known[0], known[1], known[2])
		}
	}
	m.Apply(&raft.Log{Index: 3, Term: 1, Type: raft.LogCommand, Data: encode(&Drop{Relations: []catalog.RelationID{relation}})})
	must(t, m.loadProducers())
	if len(m.producers) > 0 {
		t.Errorf("producers after the drop: %d", len(m.producers))
	}
}
