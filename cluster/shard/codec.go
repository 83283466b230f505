package shard

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// errEncoding is wrapped by all errors of the decoders below.
var errEncoding = errors.New("encoding of a shard's command is broken")

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

func appendPartition(dst []byte, p catalog.PartitionID) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(dst, uint64(p.Topic)), uint64(p.Partition))
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

func appendConsumer(dst []byte, c exec.ConsumerID) []byte {
	dst = binary.AppendUvarint(dst, uint64(c.Query))
	dst = binary.AppendUvarint(dst, uint64(c.Node))
	dst = binary.AppendUvarint(dst, uint64(c.Partition))
	return binary.AppendUvarint(dst, uint64(c.Source))
}

// appendFrontiers keeps the difference between none at all (nil) and an empty list.
func appendFrontiers(dst []byte, fs []exec.Frontier) []byte {
	if fs == nil {
		return append(dst, 0)
	}
	dst = binary.AppendUvarint(dst, uint64(len(fs))+1)
	for _, f := range fs {
		dst = binary.AppendUvarint(dst, uint64(f.Offset))
		dst = appendBool(dst, f.Backfilling)
		dst = appendBytes(dst, f.Cursor)
	}
	return dst
}

// decoder reads what the functions above append. The first error stays; all results are zero then. Slices alias the
// input.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(what string) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: %s", errEncoding, what)
	}
	d.b = nil
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail("end")
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) bool() bool {
	v := d.byte()
	if v > 1 {
		d.fail("boolean")
	}
	return v == 1
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("number")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// bounded reads a number of at most limit.
func (d *decoder) bounded(limit uint64) uint64 {
	v := d.uvarint()
	if v > limit {
		d.fail("number too large")
		return 0
	}
	return v
}

// count reads how many items follow, each of at least one byte.
func (d *decoder) count() int { return int(d.bounded(uint64(len(d.b)))) }

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail("length")
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) offset() log.Offset { return log.Offset(d.bounded(1<<63 - 1)) }

func (d *decoder) partition() catalog.PartitionID {
	topic := d.uvarint()
	return catalog.PartitionID{Topic: catalog.TopicID(topic), Partition: uint32(d.bounded(1<<32 - 1))}
}

func (d *decoder) shardID() catalog.ShardID { return catalog.ShardID(d.bounded(1<<32 - 1)) }

func (d *decoder) txn() (id TxnID) {
	if len(d.b) < len(id) {
		d.fail("transaction id")
		return id
	}
	copy(id[:], d.b)
	d.b = d.b[len(id):]
	return id
}

func (d *decoder) consumer() exec.ConsumerID {
	return exec.ConsumerID{
		Query:     catalog.RelationID(d.bounded(1<<32 - 1)),
		Node:      uint16(d.bounded(1<<16 - 1)),
		Partition: uint32(d.bounded(1<<32 - 1)),
		Source:    uint32(d.bounded(1<<32 - 1)),
	}
}

func (d *decoder) frontiers() []exec.Frontier {
	n := d.uvarint()
	if n == 0 || n-1 > uint64(len(d.b)) {
		if n != 0 {
			d.fail("count of frontiers")
		}
		return nil
	}
	fs := make([]exec.Frontier, 0, n-1)
	for range n - 1 {
		f := exec.Frontier{Offset: d.offset(), Backfilling: d.bool(), Cursor: d.bytes()}
		if len(f.Cursor) == 0 {
			f.Cursor = nil
		}
		if d.err != nil {
			return nil
		}
		fs = append(fs, f)
	}
	return fs
}

// end checks that nothing is left.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		d.fail("bytes behind the end")
	}
	return d.err
}
