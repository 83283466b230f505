package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// MaxBatchBytes bounds a batch, so that a length on disk or from a client never makes us allocate more.
const MaxBatchBytes = 16 << 20

// Positions of the fields of a batch (FORMAT.md, section 1).
const (
	posBaseOffset      = 0
	posLength          = 8
	posLeaderEpoch     = 12
	posMagic           = 16
	posCRC             = 17
	posAttributes      = 21
	posLastOffsetDelta = 23
	posBaseTimestamp   = 27
	posMaxTimestamp    = 35
	posProducerID      = 43
	posProducerEpoch   = 51
	posBaseSequence    = 53
	posCount           = 57

	// batchHeaderBytes is the size of a batch without records.
	batchHeaderBytes = 61
	// batchLengthBase is how many bytes of a batch its length field does not count.
	batchLengthBase = 12
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Batch is a view of the bytes of one verified record batch. It is valid as long as these bytes are.
type Batch struct {
	b []byte
}

// ParseBatch verifies lengths and CRC of the batch at the start of b and returns it with the bytes behind it.
// The batch aliases b. Errors: ErrIncomplete if b ends too early, else ErrCorrupt.
func ParseBatch(b []byte) (Batch, []byte, error) {
	size, err := batchSize(b)
	if err != nil {
		return Batch{}, nil, err
	}
	if len(b) < size {
		return Batch{}, nil, fmt.Errorf("%w: %d of %d bytes", ErrIncomplete, len(b), size)
	}
	batch := Batch{b: b[:size:size]}
	if got, want := crc32.Checksum(batch.b[posAttributes:], castagnoli), batch.CRC(); got != want {
		return Batch{}, nil, fmt.Errorf("%w: batch CRC is %08x, its bytes give %08x", ErrCorrupt, want, got)
	}
	if err := batch.checkCounts(); err != nil {
		return Batch{}, nil, err
	}
	return batch, b[size:], nil
}

// batchSize returns the size of the batch at the start of b, of which only the header needs to be there.
func batchSize(b []byte) (int, error) {
	if len(b) < batchHeaderBytes {
		return 0, fmt.Errorf("%w: %d bytes", ErrIncomplete, len(b))
	}
	length := int64(int32(binary.BigEndian.Uint32(b[posLength:])))
	if length < batchHeaderBytes-batchLengthBase || length > MaxBatchBytes-batchLengthBase {
		return 0, fmt.Errorf("%w: batch length %d", ErrCorrupt, length)
	}
	if b[posMagic] != 2 {
		return 0, fmt.Errorf("%w: batch magic %d", ErrCorrupt, b[posMagic])
	}
	return int(length) + batchLengthBase, nil
}

func (b Batch) checkCounts() error {
	count, delta := b.Count(), b.int32(posLastOffsetDelta)
	if count < 0 || delta < 0 || int64(delta) < int64(count)-1 {
		return fmt.Errorf("%w: %d records over %d offsets", ErrCorrupt, count, int64(delta)+1)
	}
	if b.BaseOffset() < 0 || b.LastOffset() < b.BaseOffset() {
		return fmt.Errorf("%w: base offset %d", ErrCorrupt, b.BaseOffset())
	}
	return nil
}

// SetBaseOffset gives a batch its place in a partition. The offset is not under the CRC.
func SetBaseOffset(batch []byte, base Offset) {
	binary.BigEndian.PutUint64(batch[posBaseOffset:], uint64(base))
}

func (b Batch) int16(at int) int16 { return int16(binary.BigEndian.Uint16(b.b[at:])) }
func (b Batch) int32(at int) int32 { return int32(binary.BigEndian.Uint32(b.b[at:])) }
func (b Batch) int64(at int) int64 { return int64(binary.BigEndian.Uint64(b.b[at:])) }

// Bytes returns the batch as it is stored.
func (b Batch) Bytes() []byte { return b.b }

// BaseOffset is the offset of the batch's first record, when it was written.
func (b Batch) BaseOffset() Offset { return Offset(b.int64(posBaseOffset)) }

// LastOffset is the offset of the batch's last record, when it was written.
func (b Batch) LastOffset() Offset { return b.BaseOffset() + Offset(b.int32(posLastOffsetDelta)) }

// Count is the number of records. It is below the number of offsets in a batch that was compacted.
func (b Batch) Count() int { return int(b.int32(posCount)) }

// CRC is the stored CRC32C.
func (b Batch) CRC() uint32 { return binary.BigEndian.Uint32(b.b[posCRC:]) }

// Attributes are the batch's flags (FORMAT.md).
func (b Batch) Attributes() int16 { return b.int16(posAttributes) }

// BaseTimestamp is the first record's time in milliseconds since 1970.
func (b Batch) BaseTimestamp() int64 { return b.int64(posBaseTimestamp) }

// MaxTimestamp is the greatest record time in milliseconds since 1970.
func (b Batch) MaxTimestamp() int64 { return b.int64(posMaxTimestamp) }

// ProducerID names the producer, or is -1.
func (b Batch) ProducerID() int64 { return b.int64(posProducerID) }

// ProducerEpoch fences older incarnations of the producer, or is -1.
func (b Batch) ProducerEpoch() int16 { return b.int16(posProducerEpoch) }

// BaseSequence is the first record's number in its producer's sequence, or -1.
func (b Batch) BaseSequence() int32 { return b.int32(posBaseSequence) }

// LeaderEpoch is the partition leader's epoch, or -1.
func (b Batch) LeaderEpoch() int32 { return b.int32(posLeaderEpoch) }
