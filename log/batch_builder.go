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
	codec         Codec
	packed        []byte // what Build returned last, if compressed
}

// Reset empties the builder and keeps its buffer and its codec: what Build returned before is not valid any more.
func (b *BatchBuilder) Reset() {
	if cap(b.buf) < batchHeaderBytes {
		b.buf = make([]byte, batchHeaderBytes, 1024)
	}
	*b = BatchBuilder{
		buf: b.buf[:batchHeaderBytes], packed: b.packed, codec: b.codec, producerID: -1, producerEpoch: -1, baseSequence: -1,
	}
}

func (b *BatchBuilder) init() {
	if b.buf == nil {
		b.Reset()
	}
}

// Grow makes room for records of about so many bytes, so that appending them copies nothing twice.
func (b *BatchBuilder) Grow(sizeBytes int) {
	size := min(max(len(b.buf), batchHeaderBytes)+max(sizeBytes, 0), MaxBatchBytes)
	if b.buf == nil {
		b.buf = make([]byte, batchHeaderBytes, size)
		b.Reset()
	}
	b.reserve(size)
}

// SetProducer names the producer of the batch and the sequence number of its first record.
func (b *BatchBuilder) SetProducer(id int64, epoch int16, baseSequence int32) {
	b.init()
	b.producerID, b.producerEpoch, b.baseSequence = id, epoch, baseSequence
}

// SetCompression has Build compress the records where that makes the batch smaller. It panics on a codec that is not one
// of the constants.
func (b *BatchBuilder) SetCompression(c Codec) {
	if c != CodecNone && c != CodecLZ4 && c != CodecZstd {
		panic("BUG: unknown " + c.String())
	}
	b.init()
	b.codec = c
}

// SetAttributes sets the batch's flags (FORMAT.md); the bits of the compression are SetCompression's and must be 0.
func (b *BatchBuilder) SetAttributes(attributes int16) {
	b.init()
	b.attributes = attributes
}

// Len is the number of records so far.
func (b *BatchBuilder) Len() int { return int(b.count) }

// SizeBytes is the size of the batch so far, not compressed.
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
	size := len(b.buf) + varintBytes(int64(body)) + body
	if size > MaxBatchBytes || b.count == math.MaxInt32 {
		return fmt.Errorf("%w: %d bytes with the next record", ErrBatchTooLarge, size)
	}
	b.reserve(size)
	b.buf = binary.AppendVarint(b.buf, int64(body))
	b.buf = appendRecordBody(b.buf, r, delta, b.count)
	b.count++
	b.maxTimestamp = max(b.maxTimestamp, r.TimestampMillis)
	return nil
}

// reserve makes room for size bytes. It doubles: append's own growth by a quarter would copy a batch several times over.
func (b *BatchBuilder) reserve(size int) {
	if size > cap(b.buf) {
		b.buf = append(make([]byte, 0, max(size, 2*cap(b.buf))), b.buf...)
	}
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
	b.putHeader(b.buf, newest)
	if b.codec != CodecNone {
		if packed, ok := packBatch(b.packed[:0], b.codec, b.buf); ok {
			b.packed = packed
			return packed
		}
	}
	sealBatch(b.buf)
	return b.buf
}

// putHeader writes all fields of the header but length and CRC.
func (b *BatchBuilder) putHeader(header []byte, newest int64) {
	be := binary.BigEndian
	be.PutUint64(header[posBaseOffset:], 0)
	be.PutUint32(header[posLeaderEpoch:], math.MaxUint32)
	header[posMagic] = 2
	be.PutUint16(header[posAttributes:], uint16(b.attributes))
	be.PutUint32(header[posLastOffsetDelta:], uint32(b.count-1))
	be.PutUint64(header[posBaseTimestamp:], uint64(b.baseTimestamp))
	be.PutUint64(header[posMaxTimestamp:], uint64(newest))
	be.PutUint64(header[posProducerID:], uint64(b.producerID))
	be.PutUint16(header[posProducerEpoch:], uint16(b.producerEpoch))
	be.PutUint32(header[posBaseSequence:], uint32(b.baseSequence))
	be.PutUint32(header[posCount:], uint32(b.count))
}

// sealBatch sets length and CRC of a batch whose other bytes are final.
func sealBatch(batch []byte) {
	binary.BigEndian.PutUint32(batch[posLength:], uint32(len(batch)-batchLengthBase))
	binary.BigEndian.PutUint32(batch[posCRC:], crc32.Checksum(batch[posAttributes:], castagnoli))
}

// packBatch appends to dst the batch with its records compressed, sealed. False if that is not smaller.
func packBatch(dst []byte, c Codec, batch []byte) ([]byte, bool) {
	at := len(dst)
	packed, err := compressRecords(append(dst, batch[:batchHeaderBytes]...), c, batch[batchHeaderBytes:])
	if err != nil || len(packed)-at >= len(batch) {
		return dst, false
	}
	attributes := binary.BigEndian.Uint16(packed[at+posAttributes:]) | uint16(c)
	binary.BigEndian.PutUint16(packed[at+posAttributes:], attributes)
	sealBatch(packed[at:])
	return packed, true
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
