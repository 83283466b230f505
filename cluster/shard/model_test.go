package shard

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// model is what a shard should hold, in the most obvious form. Partition n is number n%2 of relation n/2.
type model struct {
	rows      [modelPartitions]map[string]modelRow
	records   [modelPartitions][]string
	dropped   map[int]bool // relations
	txns      map[TxnID]*modelTxn
	decisions map[TxnID]bool // kept: whether to commit
	frontiers map[exec.ConsumerID]log.Offset
	produced  [modelPartitions][]modelBatch // of each producer's newest epoch, in order
}

// modelBatch is a batch that a producer numbered.
type modelBatch struct {
	producer           int64
	epoch              int16
	first, count, base int
}

const modelPartitions = 6

type modelRow struct {
	value  string
	offset log.Offset
}

// modelTxn is a transaction in doubt.
type modelTxn struct {
	decider  catalog.ShardID
	prepared bool
	parts    []modelPart
}

// modelPart is a write to one partition.
type modelPart struct {
	partition int
	table     bool
	rows      []row
	from      *modelBatch // nil: no producer
}

func newModel() *model {
	m := &model{dropped: map[int]bool{}, txns: map[TxnID]*modelTxn{}, decisions: map[TxnID]bool{}, frontiers: map[exec.ConsumerID]log.Offset{}}
	for p := range m.rows {
		m.rows[p] = map[string]modelRow{}
	}
	return m
}

func (m *model) clone() *model {
	out := &model{records: m.records, dropped: maps.Clone(m.dropped), txns: map[TxnID]*modelTxn{}, decisions: maps.Clone(m.decisions),
		frontiers: maps.Clone(m.frontiers)}
	for p := range m.rows {
		out.rows[p] = maps.Clone(m.rows[p])
		out.records[p] = slices.Clone(m.records[p])
		out.produced[p] = slices.Clone(m.produced[p])
	}
	for id, t := range m.txns {
		out.txns[id] = &modelTxn{t.decider, t.prepared, slices.Clone(t.parts)}
	}
	return out
}

func modelPartition(n int) catalog.PartitionID {
	return catalog.PartitionID{Topic: (relation + catalog.RelationID(n/2)).Topic(0), Partition: uint32(n % 2)}
}

// part is p as an op has it.
func (p modelPart) part() Part {
	var out Part
	if p.table {
		out = tablePart(0, p.rows...)
	} else {
		var values []string
		for _, r := range p.rows {
			values = append(values, r.value)
		}
		out = streamPart(0, values...)
	}
	out.Partition = modelPartition(p.partition)
	if p.from != nil {
		out.Batch = numbered(out.Batch, p.from.producer, p.from.epoch, int32(p.from.first))
	}
	return out
}

func modelParts(ps []modelPart) (out []Part) {
	for _, p := range ps {
		out = append(out, p.part())
	}
	return out
}

// check returns why parts cannot be written, Applied if they can.
func (m *model) check(parts []modelPart, self TxnID) Verdict {
	for _, p := range parts {
		if m.dropped[p.partition/2] {
			return Dropped
		}
		again, v := m.checkProducer(p)
		if v != Applied {
			return v
		}
		if again {
			continue
		}
		for _, r := range p.rows {
			if !p.table {
				continue
			}
			if m.locked(p.partition, r.key, self) {
				return Locked
			}
			old, there := m.rows[p.partition][r.key]
			switch r.guard.Kind {
			case exec.GuardAbsent:
				if there {
					return Conflict
				}
			case exec.GuardAtOffset:
				if !there || old.offset != r.guard.Offset {
					return Conflict
				}
			}
		}
	}
	return Applied
}

// last returns a producer's last batches, newest first.
func (m *model) last(partition int, producer int64) (out []modelBatch) {
	for _, b := range slices.Backward(m.produced[partition]) {
		if b.producer == producer && len(out) < producerBatches {
			out = append(out, b)
		}
	}
	return out
}

func (m *model) checkProducer(p modelPart) (again bool, v Verdict) {
	if p.from == nil {
		return false, Applied
	}
	last := m.last(p.partition, p.from.producer)
	for _, b := range last {
		if b.epoch == p.from.epoch && b.first == p.from.first && b.count == len(p.rows) {
			return true, Applied
		}
	}
	switch {
	case len(last) == 0:
		return false, Applied
	case p.from.epoch < last[0].epoch:
		return false, StaleEpoch
	case p.from.epoch > last[0].epoch && p.from.first != 0, p.from.epoch == last[0].epoch && p.from.first != last[0].first+last[0].count:
		return false, OutOfOrder
	}
	return false, Applied
}

// produce remembers a producer's batch; false if it is there already.
func (m *model) produce(p modelPart) bool {
	if p.from == nil {
		return true
	}
	if again, _ := m.checkProducer(p); again {
		return false
	}
	b := *p.from
	b.count, b.base = len(p.rows), len(m.records[p.partition])
	kept := slices.DeleteFunc(m.produced[p.partition], func(old modelBatch) bool { return old.producer == b.producer && old.epoch != b.epoch })
	m.produced[p.partition] = append(kept, b)
	return true
}

func (m *model) locked(partition int, key string, self TxnID) bool {
	for id, t := range m.txns {
		for _, p := range t.parts {
			holds := func(r row) bool { return r.key == key }
			if id != self && p.table && p.partition == partition && slices.ContainsFunc(p.rows, holds) {
				return true
			}
		}
	}
	return false
}

func (m *model) write(parts []modelPart) {
	for _, p := range parts {
		if m.dropped[p.partition/2] || !m.produce(p) {
			continue
		}
		for _, r := range p.rows {
			at := log.Offset(len(m.records[p.partition]))
			switch {
			case !p.table:
				m.records[p.partition] = append(m.records[p.partition], r.value)
			case r.value == "":
				m.records[p.partition] = append(m.records[p.partition], "-")
				delete(m.rows[p.partition], r.key)
			default:
				m.records[p.partition] = append(m.records[p.partition], r.value)
				m.rows[p.partition][r.key] = modelRow{r.value, at}
			}
		}
	}
}

func (m *model) drop(relation int) {
	m.dropped[relation] = true
	for p := range m.rows {
		if p/2 == relation {
			m.rows[p], m.records[p], m.produced[p] = map[string]modelRow{}, nil, nil
		}
	}
	for c := range m.frontiers {
		if c.Query == modelPartition(2*relation).Topic.Relation() {
			delete(m.frontiers, c)
		}
	}
}

// resolve ends a transaction.
func (m *model) resolve(id TxnID, commit bool) {
	t := m.txns[id]
	delete(m.txns, id)
	if t != nil && commit {
		m.write(t.parts)
	}
}

// text shows the model, as shardText does a shard.
func (m *model) text() string {
	var out strings.Builder
	for p := range m.rows {
		var rows []string
		for key, r := range m.rows[p] {
			rows = append(rows, fmt.Sprintf("%s=%s@%d", key, r.value, r.offset))
		}
		slices.Sort(rows)
		fmt.Fprintf(&out, "partition %d: %s; %s\n", p, rows, m.records[p])
		for producer := range int64(modelProducers) {
			var last []string
			for _, b := range slices.Backward(m.last(p, producer)) {
				last = append(last, fmt.Sprintf("%d-%d at %d", b.first, b.first+b.count-1, b.base))
			}
			if len(last) > 0 {
				fmt.Fprintf(&out, "  producer %d: epoch %d: %s\n", producer, m.last(p, producer)[0].epoch, strings.Join(last, ", "))
			}
		}
	}
	var txns []string
	for id, t := range m.txns {
		txns = append(txns, fmt.Sprintf("%v of %d, %t", id, t.decider, t.prepared))
	}
	slices.Sort(txns)
	fmt.Fprintf(&out, "in doubt: %v\n", txns)
	for c := range modelConsumers {
		fmt.Fprintf(&out, "frontier %d: %d\n", c, m.frontiers[modelConsumer(c)])
	}
	return out.String()
}

const (
	modelConsumers = 3
	modelProducers = 2
)

func modelConsumer(n int) exec.ConsumerID {
	return exec.ConsumerID{Query: relation + catalog.RelationID(n)}
}

func (r *rig) shardText() string {
	r.t.Helper()
	var out strings.Builder
	s := r.shard.Snapshot()
	defer s.Close()
	for p := range modelPartitions {
		fmt.Fprintf(&out, "partition %d: %s; %s\n", p, r.modelRows(s, p), r.modelRecords(s, modelPartition(p)))
		r.modelProducers(&out, modelPartition(p))
	}
	var txns []string
	for _, t := range r.shard.Prepared() {
		txns = append(txns, fmt.Sprintf("%v of %d, %t", t.Txn, t.Decider, t.Prepared))
	}
	slices.Sort(txns)
	fmt.Fprintf(&out, "in doubt: %v\n", txns)
	for c := range modelConsumers {
		var at log.Offset
		if fs := r.shard.Frontiers(modelConsumer(c)); len(fs) > 0 {
			at = fs[0].Offset
		}
		fmt.Fprintf(&out, "frontier %d: %d\n", c, at)
	}
	return out.String()
}

// modelProducers lists what the store says of a partition's producers.
func (r *rig) modelProducers(out *strings.Builder, id catalog.PartitionID) {
	r.t.Helper()
	it := r.db.Scan(producerPrefix(id), state.PrefixEnd(producerPrefix(id)))
	for it.Next() {
		d := decoder{b: it.Value()}
		fmt.Fprintf(out, "  producer %d: %v\n", parseProducerID(it.Key()), d.producer())
		must(r.t, d.end())
	}
	must(r.t, it.Close())
}

func (r *rig) modelRows(s *Snapshot, p int) (out []string) {
	prefix := state.RowPrefix(modelPartition(p))
	it := s.Rows(modelPartition(p)).Scan(prefix, state.PrefixEnd(prefix))
	for it.Next() {
		stored, err := state.DecodeRows(it.Value())
		must(r.t, err)
		out = append(out, fmt.Sprintf("%s=%s@%d", bytes.TrimPrefix(it.Key(), prefix), stored.Rows[0].Row, stored.Offset))
	}
	must(r.t, it.Close())
	slices.Sort(out)
	return out
}

func (r *rig) modelRecords(s *Snapshot, id catalog.PartitionID) (out []string) {
	for at := s.StartOffset(id); at < s.EndOffset(id); {
		b, err := s.ReadLog(id, at, 100, nil)
		must(r.t, err)
		batch, _, err := log.ParseBatch(b)
		must(r.t, err)
		for it := batch.Records(); it.Next(); at++ {
			if rec := it.Record(); rec.Offset != at {
				r.t.Fatalf("record %d where %d was due", rec.Offset, at)
			} else if rec.Value == nil {
				out = append(out, "-")
			} else {
				out = append(out, string(rec.Value))
			}
		}
	}
	return out
}
