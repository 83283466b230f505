package shard

import (
	"errors"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Isolated is a partition whose files are damaged: nobody reads or writes it, and nothing of it is cut or deleted.
type Isolated struct {
	Partition catalog.PartitionID
	Damage    error // with SQLSTATE; it wraps log.ErrCorrupt, with file and position
}

// Isolated lists the damaged partitions, in order of their ids.
func (s *Shard) Isolated() []Isolated {
	v := s.view
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Isolated
	for id, err := range v.isolated {
		out = append(out, Isolated{id, isolatedError(id, err)})
	}
	slices.SortFunc(out, func(a, b Isolated) int { return comparePartitions(a.Partition, b.Partition) })
	return out
}

// isolate takes a partition out of use, the first time that it is called for it.
func (v *view) isolate(id catalog.PartitionID, damage error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.isolateLocked(id, damage)
}

func (v *view) isolateLocked(id catalog.PartitionID, damage error) {
	if v.isolated[id] != nil {
		return
	}
	v.isolated[id] = damage
	v.isolations.Store(int32(len(v.isolated)))
	if v.logger != nil {
		v.logger.Error("a partition is damaged and isolated: nobody reads or writes it, and its shard takes no snapshots", "partition", id, "error", damage)
	}
}

// free forgets the damage of a dropped relation. It is called under mu.
func (v *view) free(id catalog.RelationID) {
	for p := range v.isolated {
		if p.Topic.Relation() == id {
			delete(v.isolated, p)
		}
	}
	v.isolations.Store(int32(len(v.isolated)))
}

// unsound reports whether the store or a partition is damaged: then no snapshot is taken.
func (v *view) unsound() bool { return v.damage.get() != nil || v.isolations.Load() > 0 }

// damageOf returns why a partition is isolated, nil if it is not.
func (v *view) damageOf(id catalog.PartitionID) error {
	if v.isolations.Load() == 0 {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.isolated[id] == nil {
		return nil
	}
	return isolatedError(id, v.isolated[id])
}

// isolatedError is what a reader or writer of an isolated partition is told.
func isolatedError(id catalog.PartitionID, damage error) error {
	err := pgerr.New(pgerr.DataCorrupted, "partition %v is damaged and isolated: %v", id, damage).
		WithHint("What is in other partitions is served. Stop the node, bring the partition's files back from a copy, and start it; or drop the relation.").
		WithCause(damage)
	err.Logged = true
	return err
}

// refuseIsolated returns why op cannot be proposed: it would append to a partition that is isolated. The state machine
// never decides on that, as the damage is of this node's files only.
func (v *view) refuseIsolated(op Op) error {
	if v.isolations.Load() == 0 {
		return nil
	}
	for _, id := range appendsTo(op) {
		if err := v.damageOf(id); err != nil {
			return err
		}
	}
	return nil
}

// appendsTo lists the partitions that an op names for appends.
func appendsTo(op Op) (ids []catalog.PartitionID) {
	var parts []Part
	switch op := op.(type) {
	case *Write:
		parts = op.Parts
	case *Prepare:
		parts = op.Parts
	case *Commit:
		for _, a := range op.Appends {
			ids = append(ids, a.Partition)
		}
	}
	for i := range parts {
		ids = append(ids, parts[i].Partition)
	}
	return ids
}

// missingRecords says that a log ends before it should, and that nothing can give the rest back.
func missingRecords(dir string, next, end log.Offset) error {
	return &log.CorruptError{File: dir, Reason: fmt.Sprintf("records %d to %d are missing, and the write-ahead log does not hold them", next, end-1)}
}

// openLog opens a partition's log; of a damaged one it returns nil.
func (m *machine) openLog(id catalog.PartitionID) (*log.Partition, error) {
	end := m.segmentsOf(id.Topic)
	l, err := log.OpenPartition(m.fs, partitionDir(m.dir, id), log.Options{SyncedOffset: m.synced[id], SegmentBytes: end.bytes, SegmentMillis: end.millis})
	if errors.Is(err, log.ErrCorrupt) {
		m.view.isolate(id, err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("partition %v: %w", id, err)
	}
	return l, nil
}
