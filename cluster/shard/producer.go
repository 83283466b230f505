package shard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// producerBatches is how many batches of a producer are remembered per partition: as many as a Kafka client has under way
// at once, so any of them may come again (KIP-98; ProducerStateEntry.NUM_BATCHES_TO_RETAIN).
const producerBatches = 5

// producer is what a partition knows of a producer that numbers its records: what makes a repeated append recognisable.
type producer struct {
	epoch   int16
	batches []producedBatch // the last ones of the epoch, oldest first; at least one
}

// producedBatch is an appended batch. Sequence numbers wrap from the largest int32 to 0, so last may be below first.
type producedBatch struct {
	first, last int32
	base        log.Offset
}

// producerOf returns the batch as its producer numbered it; ok is false if it has no producer.
func producerOf(r log.Batch) (id int64, p producedBatch, ok bool) {
	first := r.BaseSequence()
	last := int32((int64(first) + int64(r.LastOffset()-r.BaseOffset())) & math.MaxInt32)
	return r.ProducerID(), producedBatch{first: first, last: last}, r.ProducerID() >= 0
}

func (p *producer) newest() producedBatch { return p.batches[len(p.batches)-1] }

// repeated returns the offset of a batch that was appended before, if it is among the remembered ones.
func (p *producer) repeated(epoch int16, b producedBatch) (log.Offset, bool) {
	if p == nil || p.epoch != epoch {
		return 0, false
	}
	for _, old := range p.batches {
		if old.first == b.first && old.last == b.last {
			return old.base, true
		}
	}
	return 0, false
}

// check returns whether a batch that is no repetition may follow. The first one of a producer that is not known may have any
// number, as what came before may be forgotten; the first one of a newer epoch has 0.
func (p *producer) check(epoch int16, b producedBatch) Verdict {
	switch {
	case p == nil:
		return Applied
	case epoch < p.epoch:
		return StaleEpoch
	case epoch > p.epoch && b.first != 0:
		return OutOfOrder
	case epoch == p.epoch && b.first != int32((int64(p.newest().last)+1)&math.MaxInt32):
		return OutOfOrder
	}
	return Applied
}

// with returns the producer after another batch.
func (p *producer) with(epoch int16, b producedBatch) *producer {
	out := &producer{epoch: epoch}
	if p != nil && p.epoch == epoch {
		out.batches = append(out.batches, p.batches[max(0, len(p.batches)-producerBatches+1):]...)
	}
	out.batches = append(out.batches, b)
	return out
}

// append appends the stored form.
func (p *producer) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(p.epoch))
	dst = binary.AppendUvarint(dst, uint64(len(p.batches)))
	for _, b := range p.batches {
		dst = binary.AppendUvarint(dst, uint64(b.first))
		dst = binary.AppendUvarint(dst, uint64(b.last))
		dst = binary.AppendUvarint(dst, uint64(b.base))
	}
	return dst
}

func (d *decoder) producer() *producer {
	p := &producer{epoch: int16(d.bounded(math.MaxInt16))}
	n := d.count()
	if n == 0 || n > producerBatches {
		d.fail("batches of a producer")
		return p
	}
	for range n {
		p.batches = append(p.batches, producedBatch{int32(d.bounded(math.MaxInt32)), int32(d.bounded(math.MaxInt32)), d.offset()})
	}
	return p
}

// String returns "epoch 1: 0-4 at 10, 5-5 at 20": sequence numbers and offsets.
func (p *producer) String() string {
	out := make([]string, len(p.batches))
	for i, b := range p.batches {
		out[i] = fmt.Sprintf("%d-%d at %d", b.first, b.last, b.base)
	}
	return fmt.Sprintf("epoch %d: %s", p.epoch, strings.Join(out, ", "))
}

// repeatedBatch returns the offset that a batch got when it was appended before.
func (m *machine) repeatedBatch(id catalog.PartitionID, r log.Batch) (log.Offset, bool) {
	producer, b, ok := producerOf(r)
	if !ok {
		return 0, false
	}
	return m.producers[id][producer].repeated(r.ProducerEpoch(), b)
}

// checkProducer returns why a producer's batch cannot be written, nil if it can or was before. Like a Kafka client's request, an
// op has at most one batch of a partition if that has a producer.
func (b *batch) checkProducer(id catalog.PartitionID, r log.Batch, self TxnID) *Result {
	producerID, batch, ok := producerOf(r)
	switch {
	case !ok:
		return nil
	case self != TxnID{}: // its place in the sequence would be known at the decision only
		return invalid("batch of %v: a transaction has no producers", id)
	case r.ProducerEpoch() < 0 || batch.first < 0:
		return invalid("batch of %v: producer %d without epoch or sequence number", id, producerID)
	case slices.Contains(b.sequenced, id):
		return invalid("two batches of producers for %v", id)
	}
	b.sequenced = append(b.sequenced, id)
	if _, again := b.m.repeatedBatch(id, r); again {
		return nil
	}
	if v := b.m.producers[id][producerID].check(r.ProducerEpoch(), batch); v != Applied {
		return &Result{Verdict: v}
	}
	return nil
}

// produced remembers a batch that was appended at base. If that makes too many producers of the partition, the one whose last
// append is the oldest is forgotten: offsets decide, so every replica and every replay forgets the same one.
func (b *batch) produced(id catalog.PartitionID, r log.Batch, base log.Offset) {
	producerID, batch, ok := producerOf(r)
	if !ok {
		return
	}
	known := b.m.producers[id]
	if known == nil {
		known = map[int64]*producer{}
		b.m.producers[id] = known
	}
	batch.base = base
	p := known[producerID].with(r.ProducerEpoch(), batch)
	known[producerID] = p
	b.put(producerKey(id, producerID), p.append(nil))
	if len(known) > log.MaxProducers {
		oldest := oldestProducer(known)
		delete(known, oldest)
		b.delete(producerKey(id, oldest))
	}
}

// oldestProducer returns the one whose last batch has the lowest offset. No two have the same.
func oldestProducer(known map[int64]*producer) (oldest int64) {
	lowest := log.Offset(math.MaxInt64)
	for id, p := range known {
		if base := p.newest().base; base < lowest {
			oldest, lowest = id, base
		}
	}
	return oldest
}

func (m *machine) loadProducers() error {
	return m.each(keyProducer, producerKeyBytes, func(k, v []byte) error {
		id := parsePartitionKey(k)
		if m.producers[id] == nil {
			m.producers[id] = map[int64]*producer{}
		}
		d := decoder{b: bytes.Clone(v)}
		m.producers[id][parseProducerID(k)] = d.producer()
		return d.end()
	})
}

// dropProducers forgets the producers of a relation's partitions.
func (b *batch) dropProducers(id catalog.RelationID) {
	b.deleteRange(producerPrefix(catalog.PartitionID{Topic: id.Topic(0)}), producerPrefix(catalog.PartitionID{Topic: (id + 1).Topic(0)}))
	for p := range b.m.producers {
		if p.Topic.Relation() == id {
			delete(b.m.producers, p)
		}
	}
}

func producerPrefix(p catalog.PartitionID) []byte {
	b := binary.BigEndian.AppendUint64(ownKey(keyProducer, 20), uint64(p.Topic))
	return binary.BigEndian.AppendUint32(b, p.Partition)
}

func producerKey(p catalog.PartitionID, id int64) []byte {
	return binary.BigEndian.AppendUint64(producerPrefix(p), uint64(id))
}

func parseProducerID(k []byte) int64 { return int64(binary.BigEndian.Uint64(k[14:])) }
