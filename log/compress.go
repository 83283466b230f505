package log

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec names how the records of a batch are compressed: bits 0 to 2 of its attributes, with Kafka's numbers.
type Codec int8

// The codecs that are written and read. Kafka's 1 (gzip) and 2 (snappy) give ErrCompressed.
const (
	CodecNone Codec = 0
	CodecLZ4  Codec = 3
	CodecZstd Codec = 4
)

// String names the codec as the option compression does.
func (c Codec) String() string {
	switch c {
	case CodecNone:
		return "none"
	case CodecLZ4:
		return "lz4"
	case CodecZstd:
		return "zstd"
	}
	return fmt.Sprintf("codec %d", int(c))
}

// MaxRecordsBytes bounds the records of a batch when they are not compressed. What decompresses to more is refused, so
// that every batch can be stored without compression too.
const MaxRecordsBytes = MaxBatchBytes - batchHeaderBytes

// zstdWindowBytes is what Kafka's Go clients use: batches are small, and the window is the cost of a decoder.
const zstdWindowBytes = 64 << 10

var (
	zstdEncoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithWindowSize(zstdWindowBytes), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
		if err != nil {
			panic("BUG: options of the zstd encoder: " + err.Error())
		}
		return e
	})
	zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxRecordsBytes))
		if err != nil {
			panic("BUG: options of the zstd decoder: " + err.Error())
		}
		return d
	})
	lz4Writers = sync.Pool{New: func() any {
		w := lz4.NewWriter(nil)
		// Blocks of 64 KiB are Kafka's; the batch's CRC covers the frame.
		if err := w.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.ChecksumOption(false), lz4.ConcurrencyOption(1)); err != nil {
			panic("BUG: options of the lz4 writer: " + err.Error())
		}
		return w
	}}
	lz4Readers = sync.Pool{New: func() any { return lz4.NewReader(nil) }}
)

// compressRecords appends the compressed records to dst.
func compressRecords(dst []byte, c Codec, records []byte) ([]byte, error) {
	switch c {
	case CodecLZ4:
		return compressLZ4(dst, records)
	case CodecZstd:
		return zstdEncoder().EncodeAll(records, dst), nil
	}
	return nil, fmt.Errorf("%w: %s", ErrCompressed, c)
}

func compressLZ4(dst, records []byte) ([]byte, error) {
	out := bytes.NewBuffer(dst)
	w := lz4Writers.Get().(*lz4.Writer)
	defer lz4Writers.Put(w)
	w.Reset(out)
	if _, err := w.Write(records); err != nil {
		return nil, fmt.Errorf("compress lz4: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress lz4: %w", err)
	}
	return out.Bytes(), nil
}

// decompressRecords returns the records in new memory, of at most MaxRecordsBytes, whatever the bytes say of themselves.
func decompressRecords(c Codec, compressed []byte) ([]byte, error) {
	switch c {
	case CodecLZ4:
		return decompressLZ4(compressed)
	case CodecZstd:
		records, err := zstdDecoder().DecodeAll(compressed, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: zstd records: %w", ErrCorrupt, err)
		}
		return records, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrCompressed, c)
}

func decompressLZ4(compressed []byte) ([]byte, error) {
	r := lz4Readers.Get().(*lz4.Reader)
	defer lz4Readers.Put(r)
	r.Reset(bytes.NewReader(compressed))
	var out bytes.Buffer
	n, err := out.ReadFrom(io.LimitReader(r, MaxRecordsBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%w: lz4 records: %w", ErrCorrupt, err)
	}
	if n > MaxRecordsBytes {
		return nil, fmt.Errorf("%w: lz4 records of more than %d bytes", ErrCorrupt, MaxRecordsBytes)
	}
	return out.Bytes(), nil
}
