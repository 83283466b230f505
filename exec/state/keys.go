package state

import (
	"encoding/binary"

	"github.com/millracedb/millrace/sql/catalog"
)

// The first byte of every key in a shard's store says what the entry is. The numbers are a format.
const (
	SpaceShard byte = 0x01 // the shard's own: applied index, partitions' ends, outcomes, transactions, frontiers
	SpaceRows  byte = 0x02 // rows of tables and views: topic, partition, key codec
	SpaceTask  byte = 0x03 // state of tasks: topic of the query, partition, node, store, key
	SpaceIndex byte = 0x04 // entries of indexes: topic of the index, partition of the table, order codec, key of the row
)

// RowPrefix returns the prefix of the rows of partition p.
func RowPrefix(p catalog.PartitionID) []byte {
	return partitionPrefix(SpaceRows, p)
}

// RowKey returns the key of the row with encoded key k in partition p.
func RowKey(p catalog.PartitionID, k []byte) []byte {
	return append(RowPrefix(p), k...)
}

// TaskPrefix returns the prefix of store number store of task node of query, for one partition. Everything of a query
// shares the prefix that DropPrefix gives.
func TaskPrefix(query catalog.RelationID, partition uint32, node uint16, store byte) []byte {
	b := partitionPrefix(SpaceTask, catalog.PartitionID{Topic: query.Topic(0), Partition: partition})
	b = binary.BigEndian.AppendUint16(b, node)
	return append(b, store)
}

// TopicPrefix returns the prefix of all keys of space that belong to topic t.
func TopicPrefix(space byte, t catalog.TopicID) []byte {
	b := make([]byte, 0, 24)
	b = append(b, space)
	return binary.BigEndian.AppendUint64(b, uint64(t))
}

func partitionPrefix(space byte, p catalog.PartitionID) []byte {
	return binary.BigEndian.AppendUint32(TopicPrefix(space, p.Topic), p.Partition)
}

// PrefixEnd returns the first key after all keys with the prefix, nil if there is none.
func PrefixEnd(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] != 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

// SplitRowKey is the inverse of RowKey; ok is false for another key. The result aliases it.
func SplitRowKey(key []byte) (p catalog.PartitionID, k []byte, ok bool) {
	if len(key) < partitionPrefixBytes || key[0] != SpaceRows {
		return p, nil, false
	}
	return partitionOf(key), key[partitionPrefixBytes:], true
}

// SplitTaskKey takes a key of SpaceTask apart into what TaskPrefix was given and the rest; ok is false for another key. The
// rest aliases it.
func SplitTaskKey(key []byte) (p catalog.PartitionID, node uint16, store byte, rest []byte, ok bool) {
	if len(key) < partitionPrefixBytes+3 || key[0] != SpaceTask {
		return p, 0, 0, nil, false
	}
	tail := key[partitionPrefixBytes:]
	return partitionOf(key), binary.BigEndian.Uint16(tail), tail[2], tail[3:], true
}

// partitionPrefixBytes is the size of the space, the topic and the partition that row keys and task keys begin with.
const partitionPrefixBytes = 1 + 8 + 4

func partitionOf(key []byte) catalog.PartitionID {
	return catalog.PartitionID{Topic: catalog.TopicID(binary.BigEndian.Uint64(key[1:])), Partition: binary.BigEndian.Uint32(key[9:])}
}
