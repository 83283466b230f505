package shard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// batch collects what a run of entries writes, and reads the store as if that were written already. It becomes one
// batch of the store and one change of the view.
type batch struct {
	m         *machine
	ops       state.Batch
	values    map[string][]byte // nil: deleted
	ranges    [][2][]byte       // deleted before values were put
	frontiers map[exec.ConsumerID][]exec.Frontier
	grown     []*partition // in order of their first append
	moved     []*partition // whose LogState has changed
	change    change
	arena     []byte
	sequenced []catalog.PartitionID // with a batch of a producer in the op that is checked
}

// arenaBytes is the size of the memory blocks that keys are cut from.
const arenaBytes = 16 << 10

func newBatch(m *machine) *batch {
	return &batch{m: m, values: map[string][]byte{}, frontiers: map[exec.ConsumerID][]exec.Frontier{}}
}

// get returns the value under a key, nil if there is none.
func (b *batch) get(key []byte) ([]byte, error) {
	if v, ok := b.values[string(key)]; ok {
		return v, nil
	}
	for _, r := range b.ranges {
		if bytes.Compare(key, r[0]) >= 0 && bytes.Compare(key, r[1]) < 0 {
			return nil, nil
		}
	}
	if t := b.m.view.tops.of(key); t != nil && t.below(key) {
		return nil, nil
	}
	return b.m.db.Get(key)
}

func (b *batch) put(key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	b.ops.Put(key, value)
	b.values[string(key)] = value
}

func (b *batch) delete(key []byte) {
	b.ops.Delete(key)
	b.values[string(key)] = nil
}

func (b *batch) deleteRange(from, to []byte) {
	b.ops.DeleteRange(from, to)
	b.hideRange(from, to)
}

// hideRange makes what was written to a range so far invisible to this batch.
func (b *batch) hideRange(from, to []byte) {
	b.ranges = append(b.ranges, [2][]byte{from, to})
	for k := range b.values {
		if k >= string(from) && k < string(to) {
			b.values[k] = nil
		}
	}
}

// rowKey returns the store's key of a row, valid as long as the batch.
func (b *batch) rowKey(p catalog.PartitionID, key []byte) []byte {
	const prefix = 1 + 8 + 4
	if size := prefix + len(key); cap(b.arena)-len(b.arena) < size {
		b.arena = make([]byte, 0, max(arenaBytes, size))
	}
	at := len(b.arena)
	b.arena = appendRowKey(b.arena, p, key)
	return b.arena[at:len(b.arena):len(b.arena)]
}

// appendBatch gives a verified batch its place in a partition.
func (b *batch) appendBatch(id catalog.PartitionID, r log.Batch) (log.Offset, error) {
	p, err := b.m.partition(id)
	if err != nil {
		return 0, err
	}
	if !slices.Contains(b.grown, p) {
		b.grown = append(b.grown, p)
	}
	base := p.add(r)
	b.m.stats.records.Add(uint64(r.Count()))
	b.m.stats.bytes.Add(uint64(len(r.Bytes())))
	if len(p.pending) >= maxPendingBytes {
		return base, p.flush()
	}
	return base, nil
}

// finish writes all of it: first the logs, beyond what readers see, then store and view at once.
func (b *batch) finish() error {
	for _, p := range b.grown {
		if err := p.flush(); err != nil {
			return err
		}
		b.ops.Put(partitionKey(p.id), binary.AppendUvarint(nil, uint64(p.end)))
		b.change.ends = append(b.change.ends, b.m.shown(p))
	}
	for _, p := range b.moved {
		b.change.ends = append(b.change.ends, b.m.shown(p))
	}
	if err := b.prune(); err != nil {
		return err
	}
	if len(b.ops.Ops) == 0 && b.m.applied == 0 {
		return nil
	}
	b.ops.Put(appliedKey(), binary.BigEndian.AppendUint64(nil, b.m.applied))
	return b.m.view.publish(&b.ops, &b.change)
}

// prune drops the outcomes that a durable snapshot made useless, and the staged bytes that were kept with them.
func (b *batch) prune() error {
	to := b.m.pruneTo.Load()
	if to <= b.m.pruned {
		return nil
	}
	b.ops.DeleteRange(outcomeKey(0), outcomeKey(to+1))
	from, end := ownKey(keyGarbage, 0), garbageKey(to+1, TxnID{})
	it := b.m.db.Scan(from, end)
	for it.Next() {
		if len(it.Key()) != garbageKeyBytes {
			it.Close()
			return fmt.Errorf("key %x: %w", it.Key(), state.ErrCorrupt)
		}
		prefix := stagedPrefix(TxnID(it.Key()[10:]))
		b.ops.DeleteRange(prefix, state.PrefixEnd(prefix))
	}
	if err := it.Close(); err != nil {
		return err
	}
	b.ops.DeleteRange(from, end)
	b.m.pruned = to
	return nil
}
