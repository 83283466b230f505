package shard

import (
	"encoding/binary"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// Kinds of the shard's own keys: the byte after state.SpaceShard. The numbers are a format (DESIGN.md).
const (
	keyApplied    = 'a'
	keyDecision   = 'd'
	keyEpoch      = 'e'
	keyFrontier   = 'f'
	keyGarbage    = 'g'
	keyHeld       = 'm'
	keyIndex      = 'i'
	keyOutcome    = 'o'
	keyPartition  = 'p'
	keyProducer   = 'q'
	keyLog        = 'l'
	keyRegistered = 'r'
	keySegments   = 'c'
	keyStaged     = 's'
	keyTxn        = 't'
	keyDropped    = 'x'
)

func ownKey(kind byte, capacity int) []byte {
	return append(make([]byte, 0, 2+capacity), state.SpaceShard, kind)
}

func appliedKey() []byte { return ownKey(keyApplied, 0) }

func decisionKey(id TxnID) []byte { return append(ownKey(keyDecision, 16), id[:]...) }

func txnKey(id TxnID) []byte { return append(ownKey(keyTxn, 16), id[:]...) }

func stagedPrefix(id TxnID) []byte { return append(ownKey(keyStaged, 20), id[:]...) }

func stagedKey(id TxnID, number uint32) []byte {
	return binary.BigEndian.AppendUint32(stagedPrefix(id), number)
}

func outcomeKey(index uint64) []byte {
	return binary.BigEndian.AppendUint64(ownKey(keyOutcome, 8), index)
}

// garbageKey says that the staged bytes of a transaction that committed at index may go with the outcome of index.
func garbageKey(index uint64, id TxnID) []byte {
	return append(binary.BigEndian.AppendUint64(ownKey(keyGarbage, 24), index), id[:]...)
}

func partitionKey(p catalog.PartitionID) []byte {
	b := binary.BigEndian.AppendUint64(ownKey(keyPartition, 12), uint64(p.Topic))
	return binary.BigEndian.AppendUint32(b, p.Partition)
}

func droppedKey(id catalog.RelationID) []byte {
	return binary.BigEndian.AppendUint32(ownKey(keyDropped, 4), uint32(id))
}

func frontierPrefix(query catalog.RelationID) []byte {
	return binary.BigEndian.AppendUint32(ownKey(keyFrontier, 14), uint32(query))
}

func frontierKey(c exec.ConsumerID) []byte {
	b := binary.BigEndian.AppendUint16(frontierPrefix(c.Query), c.Node)
	b = binary.BigEndian.AppendUint32(b, c.Partition)
	return binary.BigEndian.AppendUint32(b, c.Source)
}

// Sizes of the keys that are parsed at open.
const (
	txnKeyBytes       = 2 + 16
	stagedKeyBytes    = 2 + 16 + 4
	partitionKeyBytes = 2 + 8 + 4
	producerKeyBytes  = 2 + 8 + 4 + 8
	droppedKeyBytes   = 2 + 4
	frontierKeyBytes  = 2 + 4 + 2 + 4 + 4
	garbageKeyBytes   = 2 + 8 + 16
)

func parsePartitionKey(k []byte) catalog.PartitionID {
	return catalog.PartitionID{Topic: catalog.TopicID(binary.BigEndian.Uint64(k[2:])), Partition: binary.BigEndian.Uint32(k[10:])}
}

func parseFrontierKey(k []byte) exec.ConsumerID {
	be := binary.BigEndian
	return exec.ConsumerID{Query: catalog.RelationID(be.Uint32(k[2:])), Node: be.Uint16(k[6:]), Partition: be.Uint32(k[8:]), Source: be.Uint32(k[12:])}
}

// appendRowKey appends what state.RowKey returns.
func appendRowKey(dst []byte, p catalog.PartitionID, key []byte) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, state.SpaceRows), uint64(p.Topic))
	dst = binary.BigEndian.AppendUint32(dst, p.Partition)
	return append(dst, key...)
}

// rowOffset returns the offset of a stored row without decoding the row.
func rowOffset(stored []byte) (log.Offset, error) {
	off, n := binary.Uvarint(stored)
	if n <= 0 {
		return 0, state.ErrCorrupt
	}
	return log.Offset(off), nil
}

// relationRange returns the keys of space that belong to the topics of a relation, or to its query.
func relationRange(space byte, id catalog.RelationID) (from, to []byte) {
	last := state.TopicPrefix(space, id.Topic(1<<16-1))
	return state.TopicPrefix(space, id.Topic(0)), state.PrefixEnd(last)
}
