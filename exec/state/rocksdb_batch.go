package state

import (
	"bytes"
	"encoding/binary"
)

// The serialized form of a RocksDB write batch (db/write_batch.cc): sequence (8 bytes, zero), count (4 bytes,
// little-endian), then records {tag, varint32 length + key[, varint32 length + value]}. The whole batch crosses into C
// in one call.
const (
	tagDelete      = 0x00
	tagPut         = 0x01
	tagDeleteRange = 0x0f

	batchHeaderBytes = 12
)

// appendWriteBatch appends the serialized form of b to dst, which must be empty.
func appendWriteBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, make([]byte, batchHeaderBytes)...)
	count := len(b.Ops)
	for i := range b.Ops {
		op := &b.Ops[i]
		switch op.Kind {
		case Put:
			dst = appendBytes(append(dst, tagPut), op.Key)
			dst = appendBytes(dst, op.Value)
		case Delete:
			dst = appendBytes(append(dst, tagDelete), op.Key)
		case DeleteRange:
			if bytes.Compare(op.Key, op.Value) >= 0 { // empty; RocksDB refuses a range that ends before it begins
				count--
				continue
			}
			dst = appendBytes(append(dst, tagDeleteRange), op.Key)
			dst = appendBytes(dst, op.Value)
		}
	}
	binary.LittleEndian.PutUint32(dst[8:], uint32(count))
	return dst
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
