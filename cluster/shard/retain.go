package shard

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// LogState is what entries have decided about a partition's log. It is stored under keyLog.
type LogState struct {
	// Start: records below it are no more, though the files may have them for a while.
	Start log.Offset
	// Below: of the records below it only the last of each key need to be there.
	Below log.Offset
	// TombstonesBefore, ms since 1970: tombstones below Below that are older may be gone.
	TombstonesBefore int64
	// Hides: records below Below are not for readers, who want each single change: the log of a table or view.
	Hides bool
	// Registered counts the registrations of dependents. A Trim or CompactTo names the count that it was made from.
	Registered uint64
}

// first is the first offset that readers may read.
func (s LogState) first() log.Offset {
	if s.Hides {
		return max(s.Start, s.Below)
	}
	return s.Start
}

func (s LogState) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.Start))
	dst = binary.AppendUvarint(dst, uint64(s.Below))
	dst = binary.AppendVarint(dst, s.TombstonesBefore)
	return binary.AppendUvarint(appendBool(dst, s.Hides), s.Registered)
}

func (d *decoder) logState() LogState {
	return LogState{Start: d.offset(), Below: d.offset(), TombstonesBefore: d.varint(), Hides: d.bool(), Registered: d.uvarint()}
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail("number")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// Dependent is a consumer that reads a partition: a task or forwarder, whatever its own partition.
type Dependent struct {
	Query catalog.RelationID
	Node  uint16
}

// registration names a dependent of a partition.
type registration struct {
	partition catalog.PartitionID
	dependent Dependent
}

// Register makes a dependent of a partition known before it reads. What a Trim or CompactTo made without knowing it would
// take away is refused from then on. The partition's start at that moment is kept: it is where the dependent begins.
type Register struct {
	Partition catalog.PartitionID
	Dependent
}

// Trim has the records below Before forgotten: retention, or nobody needs them. Registered is LogState.Registered as the
// proposer saw it; if there are other dependents now the verdict is Behind.
type Trim struct {
	Partition  catalog.PartitionID
	Before     log.Offset
	Registered uint64
}

// CompactTo has the records below Below compacted, and tombstones there forgotten that are older than TombstonesBefore, ms since
// 1970. Hides and Registered are as in LogState and Trim.
type CompactTo struct {
	Partition        catalog.PartitionID
	Below            log.Offset
	TombstonesBefore int64
	Hides            bool
	Registered       uint64
}

// Configure says where the segments of a topic's partitions that come into being later end: their size in bytes, and
// their age in ms (0: any).
type Configure struct {
	Topic                       catalog.TopicID
	SegmentBytes, SegmentMillis int64
}

func (*Register) kind() opKind  { return kindRegister }
func (*Trim) kind() opKind      { return kindTrim }
func (*CompactTo) kind() opKind { return kindCompactTo }
func (*Configure) kind() opKind { return kindConfigure }

func (x *Register) append(dst []byte) []byte {
	dst = binary.AppendUvarint(appendPartition(dst, x.Partition), uint64(x.Query))
	return binary.AppendUvarint(dst, uint64(x.Node))
}

func (x *Register) decode(d *decoder) {
	x.Partition, x.Query, x.Node = d.partition(), catalog.RelationID(d.bounded(1<<32-1)), uint16(d.bounded(1<<16-1))
}

func (x *Trim) append(dst []byte) []byte {
	dst = binary.AppendUvarint(appendPartition(dst, x.Partition), uint64(x.Before))
	return binary.AppendUvarint(dst, x.Registered)
}

func (x *Trim) decode(d *decoder) {
	x.Partition, x.Before, x.Registered = d.partition(), d.offset(), d.uvarint()
}

func (x *CompactTo) append(dst []byte) []byte {
	dst = binary.AppendUvarint(appendPartition(dst, x.Partition), uint64(x.Below))
	dst = appendBool(binary.AppendVarint(dst, x.TombstonesBefore), x.Hides)
	return binary.AppendUvarint(dst, x.Registered)
}

func (x *CompactTo) decode(d *decoder) {
	x.Partition, x.Below, x.TombstonesBefore = d.partition(), d.offset(), d.varint()
	x.Hides, x.Registered = d.bool(), d.uvarint()
}

func (x *Configure) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(x.Topic))
	dst = binary.AppendUvarint(dst, uint64(x.SegmentBytes))
	return binary.AppendUvarint(dst, uint64(x.SegmentMillis))
}

func (x *Configure) decode(d *decoder) {
	x.Topic = catalog.TopicID(d.uvarint())
	x.SegmentBytes, x.SegmentMillis = int64(d.bounded(1<<63-1)), int64(d.bounded(1<<63-1))
}

// setLog stores the state of a partition's log and shows it to readers.
func (b *batch) setLog(id catalog.PartitionID, s LogState) {
	b.m.logs[id] = s
	b.put(logKey(id), s.append(nil))
	b.change.logs = append(b.change.logs, partitionLog{id, s})
	if p := b.m.parts[id]; p != nil && !slices.Contains(b.moved, p) {
		b.moved = append(b.moved, p)
	}
}

func (b *batch) register(op *Register) (Result, error) {
	_, gone := b.m.dropped[op.Query]
	if gone || b.isDropped(op.Partition) {
		return Result{Verdict: Dropped}, nil
	}
	r := registration{op.Partition, op.Dependent}
	if _, known := b.m.registered[r]; known {
		return Result{Verdict: Applied}, nil
	}
	s := b.m.logs[op.Partition]
	b.m.registered[r] = s.first()
	b.put(registrationKey(r), binary.AppendUvarint(nil, uint64(s.first())))
	b.change.registered = append(b.change.registered, registered{r, s.first()})
	s.Registered++
	b.setLog(op.Partition, s)
	return Result{Verdict: Applied}, nil
}

func (b *batch) trim(op *Trim) (Result, error) {
	s := b.m.logs[op.Partition]
	if refused := b.checkHorizon(op.Partition, op.Before, op.Registered); refused != nil {
		return *refused, nil
	}
	if op.Before > s.Start {
		s.Start = op.Before
		b.setLog(op.Partition, s)
	}
	return Result{Verdict: Applied}, nil
}

func (b *batch) compactTo(op *CompactTo) (Result, error) {
	s := b.m.logs[op.Partition]
	if refused := b.checkHorizon(op.Partition, op.Below, op.Registered); refused != nil {
		return *refused, nil
	}
	if op.Below > s.Below || op.TombstonesBefore > s.TombstonesBefore {
		s.Below, s.TombstonesBefore = max(s.Below, op.Below), max(s.TombstonesBefore, op.TombstonesBefore)
		s.Hides = op.Hides
		b.setLog(op.Partition, s)
	}
	return Result{Verdict: Applied}, nil
}

// checkHorizon returns why nothing below an offset can be taken away, nil if it can.
func (b *batch) checkHorizon(id catalog.PartitionID, below log.Offset, seen uint64) *Result {
	if b.isDropped(id) {
		return &Result{Verdict: Dropped}
	}
	if p := b.m.parts[id]; p == nil || below > p.end {
		return invalid("offset %d of partition %v is beyond its end", below, id)
	}
	if b.m.logs[id].Registered != seen {
		return &Result{Verdict: Behind}
	}
	return nil
}

func (b *batch) configure(op *Configure) (Result, error) {
	if _, gone := b.m.dropped[op.Topic.Relation()]; gone {
		return Result{Verdict: Dropped}, nil
	}
	c := segments{op.SegmentBytes, op.SegmentMillis}
	if b.m.segments[op.Topic] != c {
		b.m.segments[op.Topic] = c
		b.put(segmentsKey(op.Topic), binary.AppendUvarint(binary.AppendUvarint(nil, uint64(c.bytes)), uint64(c.millis)))
		b.change.segments = append(b.change.segments, topicSegments{op.Topic, c})
	}
	return Result{Verdict: Applied}, nil
}

// dropRetained forgets what is known of the logs of a relation, and of it as a dependent.
func (b *batch) dropRetained(id catalog.RelationID) {
	first, last := catalog.PartitionID{Topic: id.Topic(0)}, catalog.PartitionID{Topic: (id + 1).Topic(0)}
	b.deleteRange(logKey(first), logKey(last))
	b.deleteRange(segmentsKey(first.Topic), segmentsKey(last.Topic))
	var gone []registration
	for r := range b.m.registered {
		if r.partition.Topic.Relation() == id || r.dependent.Query == id {
			gone = append(gone, r)
		}
	}
	slices.SortFunc(gone, compareRegistrations)
	for _, r := range gone {
		b.delete(registrationKey(r))
		delete(b.m.registered, r)
	}
	for p := range b.m.logs {
		if p.Topic.Relation() == id {
			delete(b.m.logs, p)
		}
	}
	for t := range b.m.segments {
		if t.Relation() == id {
			delete(b.m.segments, t)
		}
	}
	b.moved = slices.DeleteFunc(b.moved, func(p *partition) bool { return p.id.Topic.Relation() == id })
	b.change.logs = slices.DeleteFunc(b.change.logs, func(l partitionLog) bool { return l.id.Topic.Relation() == id })
}

func compareRegistrations(a, b registration) int {
	return cmp.Or(cmp.Compare(a.partition.Topic, b.partition.Topic), cmp.Compare(a.partition.Partition, b.partition.Partition),
		cmp.Compare(a.dependent.Query, b.dependent.Query), cmp.Compare(a.dependent.Node, b.dependent.Node))
}

// loadRetained reads what setLog, register and configure have stored. It comes before the partitions are opened.
func (m *machine) loadRetained() error {
	err := m.each(keyLog, partitionKeyBytes, func(k, v []byte) error {
		d, id := decoder{b: v}, parsePartitionKey(k)
		m.logs[id] = d.logState()
		m.view.logs[id] = m.logs[id]
		return d.end()
	})
	if err != nil {
		return err
	}
	err = m.each(keySegments, segmentsKeyBytes, func(k, v []byte) error {
		d, id := decoder{b: v}, catalog.TopicID(binary.BigEndian.Uint64(k[2:]))
		m.segments[id] = segments{int64(d.bounded(1<<63 - 1)), int64(d.bounded(1<<63 - 1))}
		m.view.segments[id] = m.segments[id]
		return d.end()
	})
	if err != nil {
		return err
	}
	return m.each(keyRegistered, registrationKeyBytes, func(k, v []byte) error {
		d, r := decoder{b: v}, parseRegistrationKey(k)
		m.registered[r] = d.offset()
		m.view.registered[r] = m.registered[r]
		return d.end()
	})
}

// segments says where segments end; 0: the default.
type segments struct{ bytes, millis int64 }

// defaultSegments is of topics that Configure says nothing of. It is part of the format, as replicas agree on it: never change it.
var defaultSegments = segments{bytes: log.DefaultSegmentBytes, millis: 7 * 24 * 60 * 60 * 1000}

// InternalSegmentBytes is the size of the segments of internal topics: what is read goes in whole segments, so small ones go
// soon.
const InternalSegmentBytes = 8 << 20

// segmentsOf returns where the segments of a topic end.
func (m *machine) segmentsOf(t catalog.TopicID) segments {
	if c, ok := m.segments[t]; ok {
		return c
	}
	if t.Local() > 0 {
		return segments{bytes: m.internalSegmentBytes}
	}
	return defaultSegments
}

func logKey(p catalog.PartitionID) []byte {
	k := partitionKey(p)
	k[1] = keyLog
	return k
}

func segmentsKey(t catalog.TopicID) []byte {
	return binary.BigEndian.AppendUint64(ownKey(keySegments, 8), uint64(t))
}

func registrationKey(r registration) []byte {
	k := partitionKey(r.partition)
	k[1] = keyRegistered
	return binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(k, uint32(r.dependent.Query)), r.dependent.Node)
}

const (
	segmentsKeyBytes     = 2 + 8
	registrationKeyBytes = partitionKeyBytes + 4 + 2
)

func parseRegistrationKey(k []byte) registration {
	rest := k[partitionKeyBytes:]
	return registration{parsePartitionKey(k), Dependent{catalog.RelationID(binary.BigEndian.Uint32(rest)), binary.BigEndian.Uint16(rest[4:])}}
}
