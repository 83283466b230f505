package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
)

// BatchBuilder makes a record batch from records. The zero value is ready. It is for one goroutine.
//
// Records get the offsets 0, 1, 2 … within the batch; SetBaseOffset on the result gives it its place in a partition.
type BatchBuilder struct {
	buf           []byte
	count         int32
	baseTimestamp int64
	maxTimestamp  int64
	producerID    int64
	producerEpoch int16
	baseSequence  int32
	attributes    int16
}

// Reset empties the builder and keeps its buffer: what Build returned before is not valid any more.
func (b *BatchBuilder) Reset() {
	if cap(b.buf) < batchHeaderBytes {
		b.buf = make([]byte, batchHeaderBytes, 1024)
	}
	*b = BatchBuilder{buf: b.buf[:batchHeaderBytes], producerID: -1, producerEpoch: -1, baseSequence: -1}
}

func (b *BatchBuilder) init() {
	if b.buf == nil {
		b.Reset()
	}
}

// SetProducer names the producer of the batch and the sequence number of its first record.
func (b *BatchBuilder) SetProducer(id int64, epoch int16, baseSequence int32) {
	b.init()
	b.producerID, b.producerEpoch, b.baseSequence = id, epoch, baseSequence
}

// SetAttributes sets the batch's flags (FORMAT.md); compression is not done here, its bits must be 0.
func (b *BatchBuilder) SetAttributes(attributes int16) {
	b.init()
	b.attributes = attributes
}

// Len is the number of records so far.
func (b *BatchBuilder) Len() int { return int(b.count) }

// SizeBytes is the size of the batch so far.
func (b *BatchBuilder) SizeBytes() int { return max(len(b.buf), batchHeaderBytes) }

// Append adds a record; its Offset is ignored and its bytes are copied. ErrBatchTooLarge, with the builder unchanged,
// if the batch would exceed MaxBatchBytes.
func (b *BatchBuilder) Append(r Record) error {
	b.init()
	if b.count == 0 {
		b.baseTimestamp, b.maxTimestamp = r.TimestampMillis, r.TimestampMillis
	}
	delta := r.TimestampMillis - b.baseTimestamp
	body := recordBodyBytes(r, delta, b.count)
	if size := len(b.buf) + varintBytes(int64(body)) + body; size > MaxBatchBytes || b.count == math.MaxInt32 {
		return fmt.Errorf("%w: %d bytes with the next record", ErrBatchTooLarge, size)
	}
	b.buf = binary.AppendVarint(b.buf, int64(body))
	b.buf = appendRecordBody(b.buf, r, delta, b.count)
	b.count++
	b.maxTimestamp = max(b.maxTimestamp, r.TimestampMillis)
	return nil
}

// Build returns the batch with base offset 0 and leader epoch -1, or nil if there is no record. maxTimestamp overrides
// the greatest timestamp of the records. The bytes belong to the builder and are valid until its next Append or Reset.
func (b *BatchBuilder) Build(maxTimestamp ...int64) []byte {
	if b.count == 0 {
		return nil
	}
	newest := b.maxTimestamp
	if len(maxTimestamp) > 0 {
		newest = maxTimestamp[0]
	}
	be := binary.BigEndian
	be.PutUint64(b.buf[posBaseOffset:], 0)
	be.PutUint32(b.buf[posLength:], uint32(len(b.buf)-batchLengthBase))
	be.PutUint32(b.buf[posLeaderEpoch:], math.MaxUint32)
	b.buf[posMagic] = 2
	be.PutUint16(b.buf[posAttributes:], uint16(b.attributes))
	be.PutUint32(b.buf[posLastOffsetDelta:], uint32(b.count-1))
	be.PutUint64(b.buf[posBaseTimestamp:], uint64(b.baseTimestamp))
	be.PutUint64(b.buf[posMaxTimestamp:], uint64(newest))
	be.PutUint64(b.buf[posProducerID:], uint64(b.producerID))
	be.PutUint16(b.buf[posProducerEpoch:], uint16(b.producerEpoch))
	be.PutUint32(b.buf[posBaseSequence:], uint32(b.baseSequence))
	be.PutUint32(b.buf[posCount:], uint32(b.count))
	be.PutUint32(b.buf[posCRC:], crc32.Checksum(b.buf[posAttributes:], castagnoli))
	return b.buf
}

func appendRecordBody(dst []byte, r Record, timestampDelta int64, offsetDelta int32) []byte {
	dst = append(dst, 0) // attributes
	dst = binary.AppendVarint(dst, timestampDelta)
	dst = binary.AppendVarint(dst, int64(offsetDelta))
	dst = appendNullable(dst, r.Key)
	dst = appendNullable(dst, r.Value)
	dst = binary.AppendVarint(dst, int64(len(r.Headers)))
	for _, h := range r.Headers {
		dst = binary.AppendVarint(dst, int64(len(h.Key)))
		dst = append(dst, h.Key...)
		dst = appendNullable(dst, h.Value)
	}
	return dst
}

func appendNullable(dst, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(dst, -1)
	}
	return append(binary.AppendVarint(dst, int64(len(b))), b...)
}

// recordBodyBytes is how much appendRecordBody appends.
func recordBodyBytes(r Record, timestampDelta int64, offsetDelta int32) int {
	n := 1 + varintBytes(timestampDelta) + varintBytes(int64(offsetDelta))
	n += nullableBytes(r.Key) + nullableBytes(r.Value) + varintBytes(int64(len(r.Headers)))
	for _, h := range r.Headers {
		n += varintBytes(int64(len(h.Key))) + len(h.Key) + nullableBytes(h.Value)
	}
	return n
}

func nullableBytes(b []byte) int {
	if b == nil {
		return 1
	}
	return varintBytes(int64(len(b))) + len(b)
}

func varintBytes(v int64) int {
	zigzag := uint64(v)<<1 ^ uint64(v>>63)
	return (bits.Len64(zigzag|1) + 6) / 7
}
