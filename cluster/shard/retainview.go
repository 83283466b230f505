package shard

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

type partitionLog struct {
	id    catalog.PartitionID
	state LogState
}

type registered struct {
	registration
	start log.Offset
}

type topicSegments struct {
	topic    catalog.TopicID
	segments segments
}

// applyRetained is called under mu.
func (v *view) applyRetained(c *change) {
	for _, l := range c.logs {
		before := v.logs[l.id]
		v.logs[l.id] = l.state
		if e, ok := v.ends.Get(partitionEnd{id: l.id}); ok && e.log != nil {
			v.todo.add(l.id, e.log, before, l.state)
		}
	}
	for _, r := range c.registered {
		v.registered[r.registration] = r.start
	}
	for _, s := range c.segments {
		v.segments[s.topic] = s.segments
	}
}

// dropRetained is called under mu.
func (v *view) dropRetained(id catalog.RelationID) {
	for p := range v.logs {
		if p.Topic.Relation() == id {
			delete(v.logs, p)
		}
	}
	for r := range v.registered {
		if r.partition.Topic.Relation() == id || r.dependent.Query == id {
			delete(v.registered, r)
		}
	}
	for t := range v.segments {
		if t.Relation() == id {
			delete(v.segments, t)
		}
	}
}

// PartitionLog is a partition's log as the one who decides on its retention sees it.
type PartitionLog struct {
	ID  catalog.PartitionID
	End log.Offset
	LogState
	// Dependents are the registered ones, with the offsets where they begin.
	Dependents map[Dependent]log.Offset
	log        *log.Partition
}

// Segments lists the segments of the log, oldest first.
func (p *PartitionLog) Segments() []log.SegmentInfo { return p.log.Segments() }

// RetentionPoint is log.Partition's.
func (p *PartitionLog) RetentionPoint(nowMillis, retentionMillis, retentionBytes int64) log.Offset {
	return p.log.RetentionPoint(nowMillis, retentionMillis, retentionBytes)
}

// Logs lists the partitions that hold records, but for isolated ones, in order of their ids.
func (s *Shard) Logs() []PartitionLog {
	v := s.view
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []PartitionLog
	at := map[catalog.PartitionID]int{}
	v.ends.Scan(func(e partitionEnd) bool {
		if v.isolated[e.id] != nil {
			return true
		}
		at[e.id] = len(out)
		out = append(out, PartitionLog{ID: e.id, End: e.end, LogState: v.logs[e.id], log: e.log})
		return true
	})
	for r, start := range v.registered {
		i, ok := at[r.partition]
		if !ok {
			continue
		}
		if out[i].Dependents == nil {
			out[i].Dependents = map[Dependent]log.Offset{}
		}
		out[i].Dependents[r.dependent] = start
	}
	return out
}

// Begins returns where a dependent of a partition begins; ok is false if it is not registered.
func (s *Shard) Begins(p catalog.PartitionID, d Dependent) (start log.Offset, ok bool) {
	s.view.mu.Lock()
	defer s.view.mu.Unlock()
	start, ok = s.view.registered[registration{p, d}]
	return start, ok
}

// Configured reports whether the segments of a topic end as Configure says.
func (s *Shard) Configured(c Configure) bool {
	s.view.mu.Lock()
	defer s.view.mu.Unlock()
	now, ok := s.view.segments[c.Topic]
	if !ok {
		now = defaultSegments
	}
	return now == segments{c.SegmentBytes, c.SegmentMillis}
}

// DiskBytes is the size of all logs, but for those that cannot be opened.
func (s *Shard) DiskBytes() (total int64) {
	s.view.mu.Lock()
	logs := make([]*log.Partition, 0, s.view.ends.Len())
	s.view.ends.Scan(func(e partitionEnd) bool {
		if e.log != nil {
			logs = append(logs, e.log)
		}
		return true
	})
	s.view.mu.Unlock()
	for _, l := range slices.Clip(logs) {
		total += l.SizeBytes()
	}
	return total
}

// describeRetained is describe for the keys of retain.go.
func describeRetained(kind byte, rest []byte, d *decoder) (string, bool) {
	key := append([]byte{0, 0}, rest...)
	switch kind {
	case keyLog:
		s := d.logState()
		text := fmt.Sprintf("log of partition %v: start %d, %d registrations", parsePartitionKey(key), s.Start, s.Registered)
		if s.Below > 0 {
			text += fmt.Sprintf(", compacted below %d, tombstones before %d ms", s.Below, s.TombstonesBefore)
		}
		return text + either(s.Hides, ", hidden below that", ""), true
	case keyRegistered:
		r := parseRegistrationKey(key)
		return fmt.Sprintf("dependent of partition %v: query %d, node %d, from offset %d", r.partition, r.dependent.Query, r.dependent.Node, d.offset()), true
	case keySegments:
		return fmt.Sprintf("segments of topic %v: %d bytes, %d ms", catalog.TopicID(binary.BigEndian.Uint64(rest)), d.uvarint(), d.uvarint()), true
	}
	return "", false
}
