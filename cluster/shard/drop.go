package shard

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// drop removes relations from the store and closes their logs. The files stay until a snapshot has passed the drop: before
// that, a crash may take the drop back for a moment, and the replay of older entries would miss what they append to.
func (b *batch) drop(op *Drop) (Result, error) {
	for _, id := range op.Relations {
		if _, gone := b.m.dropped[id]; gone {
			continue
		}
		b.m.dropped[id] = struct{}{}
		b.put(droppedKey(id), nil)
		b.dropRows(id)
		b.deleteRange(frontierPrefix(id), state.PrefixEnd(frontierPrefix(id)))
		b.dropPartitions(id)
		b.dropProducers(id)
		b.dropRetained(id)
		b.dropIndexes(id)
		b.change.dropped = append(b.change.dropped, id)
	}
	return Result{Verdict: Applied}, nil
}

// dropRows deletes rows and task state. What is held in memory goes as a whole, when readers see the drop.
func (b *batch) dropRows(id catalog.RelationID) {
	for _, space := range []byte{state.SpaceRows, state.SpaceTask} {
		from, to := relationRange(space, id)
		if b.m.db.Held(id) == nil {
			b.deleteRange(from, to)
		} else {
			b.hideRange(from, to)
		}
	}
	if b.m.db.Held(id) != nil {
		b.delete(heldKey(id))
	}
}

func (b *batch) dropPartitions(id catalog.RelationID) {
	b.deleteRange(partitionKey(catalog.PartitionID{Topic: id.Topic(0)}), partitionKey(catalog.PartitionID{Topic: (id + 1).Topic(0)}))
	for p, part := range b.m.parts {
		if p.Topic.Relation() == id {
			if part.log != nil {
				part.log.Close() // what is not synced does not matter any more
			}
			delete(b.m.parts, p)
		}
	}
	grown := b.grown[:0]
	for _, p := range b.grown {
		if p.id.Topic.Relation() != id {
			grown = append(grown, p)
		}
	}
	b.grown = grown
	for c := range b.frontiers {
		if c.Query == id {
			delete(b.frontiers, c)
		}
	}
	kept := b.change.frontiers[:0]
	for _, f := range b.change.frontiers {
		if f.consumer.Query != id {
			kept = append(kept, f)
		}
	}
	b.change.frontiers = kept
}

// removeFiles deletes the files of dropped relations.
func (m *machine) removeFiles(dropped []catalog.RelationID) error {
	if len(dropped) == 0 {
		return nil
	}
	topics := filepath.Join(m.dir, topicsDir)
	names, err := m.fs.List(topics)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if id, ok := parsePartitionDir(name); ok && slices.Contains(dropped, id.Topic.Relation()) {
			if err := m.fs.RemoveAll(filepath.Join(topics, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
