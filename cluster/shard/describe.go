package shard

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// ownKeyBytes are the sizes of the shard's own keys by kind.
var ownKeyBytes = map[byte]int{
	keyApplied: 2, keyDecision: txnKeyBytes, keyDropped: droppedKeyBytes, keyFrontier: frontierKeyBytes, keyGarbage: garbageKeyBytes, keyHeld: heldKeyBytes,
	keyEpoch: epochKeyBytes, keyIndex: indexKeyBytes, keyLog: partitionKeyBytes, keyRegistered: registrationKeyBytes, keySegments: segmentsKeyBytes,
	keyOutcome: 2 + 8, keyPartition: partitionKeyBytes, keyProducer: producerKeyBytes, keyStaged: stagedKeyBytes, keyTxn: txnKeyBytes,
}

// Describe says in words what one of the shard's own keys (space state.SpaceShard) and its value mean. Errors:
// state.ErrCorrupt, or of the codec.
func Describe(key, value []byte) (string, error) {
	if len(key) < 2 || key[0] != state.SpaceShard || ownKeyBytes[key[1]] != len(key) {
		return "", fmt.Errorf("key %x: %w", key, state.ErrCorrupt)
	}
	d := decoder{b: bytes.Clone(value)}
	text := describe(key[1], key[2:], &d)
	if err := d.end(); err != nil {
		return "", fmt.Errorf("key %x: %w", key, err)
	}
	return text, nil
}

func describe(kind byte, rest []byte, d *decoder) string {
	switch kind {
	case keyApplied:
		return fmt.Sprintf("applied index: %d", d.uint64())
	case keyPartition:
		return fmt.Sprintf("partition %v: end %d", parsePartitionKey(append([]byte{0, 0}, rest...)), d.offset())
	case keyProducer:
		k := append([]byte{0, 0}, rest...)
		return fmt.Sprintf("producer %d of partition %v: %v", parseProducerID(k), parsePartitionKey(k), d.producer())
	case keyFrontier:
		return fmt.Sprintf("frontier of %v: %s", parseFrontierKey(append([]byte{0, 0}, rest...)), describeFrontiers(d.frontiers()))
	case keyDropped:
		d.b = nil
		return fmt.Sprintf("dropped relation %d", binary.BigEndian.Uint32(rest))
	case keyHeld:
		return fmt.Sprintf("relation %d is held in memory", binary.BigEndian.Uint32(rest))
	case keyEpoch:
		return fmt.Sprintf("epoch of relation %d: %d", binary.BigEndian.Uint32(rest), d.uvarint())
	case keyIndex:
		def := string(d.b)
		d.b = nil
		return fmt.Sprintf("index %d of relation %d: %s", binary.BigEndian.Uint32(rest[4:]), binary.BigEndian.Uint32(rest), def)
	case keyOutcome:
		return fmt.Sprintf("outcome of entry %d: %s", binary.BigEndian.Uint64(rest), d.describeOutcome())
	}
	if text, ok := describeRetained(kind, rest, d); ok {
		return text
	}
	return describeTxn(kind, rest, d)
}

func describeTxn(kind byte, rest []byte, d *decoder) string {
	switch kind {
	case keyTxn:
		decider, parts, prepared := d.shardID(), d.uvarint(), d.bool()
		return fmt.Sprintf("transaction %v: decider shard %d, %d parts, %s", TxnID(rest), decider, parts, either(prepared, "prepared", "staging"))
	case keyStaged:
		p := d.part()
		return fmt.Sprintf("transaction %v, part %d: %v, %s, batch of %d bytes", TxnID(rest[:16]), binary.BigEndian.Uint32(rest[16:]),
			p.Partition, either(p.Table, "table", "stream"), len(p.Batch))
	case keyDecision:
		commit, shards := d.bool(), d.shards()
		return fmt.Sprintf("transaction %v: decided to %s, participants: shards %s", TxnID(rest), either(commit, "commit", "abort"), join(shards))
	}
	d.b = nil
	return fmt.Sprintf("transaction %v: its parts go with the outcome of entry %d", TxnID(rest[8:]), binary.BigEndian.Uint64(rest))
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func join(ids []catalog.ShardID) string { return strings.Trim(fmt.Sprint(ids), "[]") }

// uint64 reads eight bytes, big-endian.
func (d *decoder) uint64() uint64 {
	if len(d.b) < 8 {
		d.fail("number of eight bytes")
		return 0
	}
	v := binary.BigEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

func describeFrontiers(fs []exec.Frontier) string {
	out := make([]string, len(fs))
	for i, f := range fs {
		out[i] = fmt.Sprintf("offset %d", f.Offset)
		if f.Backfilling {
			out[i] += fmt.Sprintf(", backfilling up to key %x", f.Cursor)
		}
	}
	return "[" + strings.Join(out, "; ") + "]"
}

func (d *decoder) describeOutcome() string {
	results, err := decodeOutcome(d.b)
	if d.b = nil; err != nil && d.err == nil {
		d.err = err
	}
	out := make([]string, len(results))
	for i, r := range results {
		out[i] = r.Verdict.String()
		for n, base := range r.Bases {
			out[i] += either(n == 0, " at ", ", ") + describeBase(base)
		}
	}
	return strings.Join(out, "; ")
}

func describeBase(base log.Offset) string {
	if base == skippedBase {
		return "nowhere"
	}
	return fmt.Sprint(base)
}
