package shard

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// AddIndex has an index of a table or view kept from now on: each change of a row changes its entries in the same write. Rows that
// are there get theirs by BuildIndex. An index that is there stays as it is.
type AddIndex struct {
	Index, Table catalog.RelationID
	Def          []byte // state.IndexDef
}

// BuildIndex makes the entries of the rows of a partition of the index's table whose keys are in [From, To), To nil: all from
// From on.
type BuildIndex struct {
	Index     catalog.RelationID
	Partition catalog.PartitionID // of the table
	From, To  []byte
}

// RaiseEpoch has writes to a table refused, with the verdict Stale, that were made with a lower epoch.
type RaiseEpoch struct {
	Relation catalog.RelationID
	Epoch    uint64
}

func (*AddIndex) kind() opKind   { return kindAddIndex }
func (*BuildIndex) kind() opKind { return kindBuildIndex }
func (*RaiseEpoch) kind() opKind { return kindRaiseEpoch }

func (x *AddIndex) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(x.Index))
	dst = binary.AppendUvarint(dst, uint64(x.Table))
	return appendBytes(dst, x.Def)
}

func (x *AddIndex) decode(d *decoder) {
	x.Index, x.Table, x.Def = d.relation(), d.relation(), d.bytes()
}

func (x *BuildIndex) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(x.Index))
	dst = appendBytes(appendPartition(dst, x.Partition), x.From)
	dst = appendBool(dst, x.To != nil)
	return appendBytes(dst, x.To)
}

func (x *BuildIndex) decode(d *decoder) {
	x.Index, x.Partition, x.From = d.relation(), d.partition(), d.bytes()
	bounded, to := d.bool(), d.bytes()
	if bounded {
		x.To = to
	}
}

func (x *RaiseEpoch) append(dst []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(x.Relation)), x.Epoch)
}

func (x *RaiseEpoch) decode(d *decoder) { x.Relation, x.Epoch = d.relation(), d.uvarint() }

func (d *decoder) relation() catalog.RelationID { return catalog.RelationID(d.bounded(1<<32 - 1)) }

// rowIndex is an index that is kept.
type rowIndex struct {
	id catalog.RelationID
	*state.Indexer
}

func (b *batch) addIndex(op *AddIndex) (Result, error) {
	if b.gone(op.Index) || b.gone(op.Table) {
		return Result{Verdict: Dropped}, nil
	}
	if b.m.index(op.Table, op.Index) != nil {
		return Result{Verdict: Applied}, nil
	}
	def, err := state.DecodeIndexDef(op.Def)
	if err != nil {
		return *invalid("index %d: %v", op.Index, err), nil
	}
	b.m.indexes[op.Table] = append(b.m.indexes[op.Table], &rowIndex{op.Index, def.Indexer()})
	b.put(indexKey(op.Table, op.Index), op.Def)
	b.change.indexed = append(b.change.indexed, op.Index)
	return Result{Verdict: Applied}, nil
}

func (b *batch) gone(id catalog.RelationID) bool {
	_, gone := b.m.dropped[id]
	return gone
}

// index returns an index of a table, nil if it is not kept here.
func (m *machine) index(table, id catalog.RelationID) *rowIndex {
	for _, x := range m.indexes[table] {
		if x.id == id {
			return x
		}
	}
	return nil
}

// buildIndex takes the rows as they are at this point of the entries: of the store, or as this run of entries has written them.
// An entry that is there already is put again, as it is.
func (b *batch) buildIndex(op *BuildIndex) (Result, error) {
	x := b.m.index(op.Partition.Topic.Relation(), op.Index)
	if x == nil {
		return Result{Verdict: Dropped}, nil
	}
	prefix := state.RowPrefix(op.Partition)
	from, to := append(bytes.Clone(prefix), op.From...), state.PrefixEnd(prefix)
	if op.To != nil {
		to = append(bytes.Clone(prefix), op.To...)
	}
	add := func(rowKey, stored []byte) {
		key := bytes.Clone(rowKey[len(prefix):])
		for _, entry := range x.entries(op.Partition.Partition, key, stored) {
			b.ops.Put(entry, key)
		}
	}
	for k, stored := range b.values {
		if k >= string(from) && k < string(to) {
			add([]byte(k), stored)
		}
	}
	it := b.m.db.Scan(from, to)
	for it.Next() {
		if _, written := b.values[string(it.Key())]; !written {
			add(it.Key(), it.Value())
		}
	}
	return Result{Verdict: Applied}, it.Close()
}

// entries returns the keys of the entries of what is stored under a row's key: one for each row that is there. A row that does
// not decode has none.
func (x *rowIndex) entries(partition uint32, key, stored []byte) (out [][]byte) {
	if stored == nil {
		return nil
	}
	rows, err := state.DecodeRows(stored)
	if err != nil {
		return nil
	}
	for _, r := range rows.Rows {
		if r.Count <= 0 {
			continue
		}
		entry, _, err := x.Key(state.IndexPrefix(x.id, partition), r.Row)
		if err != nil {
			continue
		}
		out = append(out, append(entry, key...))
	}
	return out
}

// setRow puts what is stored under the key of a row, nil: nothing, and keeps the indexes. rowKey is state.RowKey of p and key.
func (b *batch) setRow(p catalog.PartitionID, key, rowKey, stored []byte) error {
	if indexes := b.m.indexes[p.Topic.Relation()]; len(indexes) > 0 && p.Topic.Local() == 0 {
		old, err := b.get(rowKey)
		if err != nil {
			return err
		}
		for _, x := range indexes {
			b.reindex(x, p.Partition, key, old, stored)
		}
	}
	if stored == nil {
		b.delete(rowKey)
	} else {
		b.put(rowKey, stored)
	}
	return nil
}

func (b *batch) reindex(x *rowIndex, partition uint32, key, old, stored []byte) {
	before, after := x.entries(partition, key, old), x.entries(partition, key, stored)
	for _, entry := range before {
		if !containsBytes(after, entry) {
			b.ops.Delete(entry)
		}
	}
	for _, entry := range after {
		if !containsBytes(before, entry) {
			b.ops.Put(entry, bytes.Clone(key))
		}
	}
}

func containsBytes(list [][]byte, b []byte) bool {
	return slices.ContainsFunc(list, func(x []byte) bool { return bytes.Equal(x, b) })
}

func (b *batch) raiseEpoch(op *RaiseEpoch) (Result, error) {
	if b.gone(op.Relation) {
		return Result{Verdict: Dropped}, nil
	}
	b.knowEpoch(op.Relation, op.Epoch)
	return Result{Verdict: Applied}, nil
}

// knowEpoch refuses from now on who does not know the epoch of a relation. Who writes with it knows what the catalog had then, so
// others may have to know it as well.
func (b *batch) knowEpoch(id catalog.RelationID, epoch uint64) {
	if epoch > b.m.epochs[id] {
		b.m.epochs[id] = epoch
		b.put(epochKey(id), binary.AppendUvarint(nil, epoch))
	}
}

// dropIndexes forgets a relation that is an index, and the indexes of one that has some.
func (b *batch) dropIndexes(id catalog.RelationID) {
	b.deleteRange(relationRange(state.SpaceIndex, id))
	for table, list := range b.m.indexes {
		for _, x := range list {
			if x.id == id || table == id {
				b.delete(indexKey(table, x.id))
			}
		}
	}
	delete(b.m.indexes, id)
	for table, list := range b.m.indexes {
		kept := slices.DeleteFunc(slices.Clone(list), func(x *rowIndex) bool { return x.id == id })
		if b.m.indexes[table] = kept; len(kept) == 0 {
			delete(b.m.indexes, table)
		}
	}
	if _, raised := b.m.epochs[id]; raised {
		delete(b.m.epochs, id)
		b.delete(epochKey(id))
	}
}

const (
	indexKeyBytes = 2 + 4 + 4
	epochKeyBytes = 2 + 4
)

func indexKey(table, index catalog.RelationID) []byte {
	b := binary.BigEndian.AppendUint32(ownKey(keyIndex, 8), uint32(table))
	return binary.BigEndian.AppendUint32(b, uint32(index))
}

func epochKey(id catalog.RelationID) []byte {
	return binary.BigEndian.AppendUint32(ownKey(keyEpoch, 4), uint32(id))
}

func (m *machine) loadIndexes() error {
	err := m.each(keyIndex, indexKeyBytes, func(k, v []byte) error {
		def, err := state.DecodeIndexDef(v)
		if err != nil {
			return err
		}
		table, id := catalog.RelationID(binary.BigEndian.Uint32(k[2:])), catalog.RelationID(binary.BigEndian.Uint32(k[6:]))
		m.indexes[table] = append(m.indexes[table], &rowIndex{id, def.Indexer()})
		m.view.indexed[id] = struct{}{}
		return nil
	})
	if err != nil {
		return err
	}
	return m.each(keyEpoch, epochKeyBytes, func(k, v []byte) error {
		d := decoder{b: v}
		m.epochs[catalog.RelationID(binary.BigEndian.Uint32(k[2:]))] = d.uvarint()
		return d.end()
	})
}
