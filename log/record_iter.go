package log

import (
	"encoding/binary"
	"fmt"
)

// RecordIter walks through the records of a batch:
//
//	it := batch.Records()
//	for it.Next() {
//		r := it.Record()
//	}
//	err := it.Err()
//
// Keys and values alias the batch's bytes, or, of a compressed batch, memory that Records has allocated. The Headers slice is used again by the next Next. Only names of headers
// are allocated otherwise.
type RecordIter struct {
	b        []byte // all records
	pos      int    // of the next one
	start    int    // of the present one
	left     int
	base     Offset
	baseTime int64
	last     Offset
	record   Record
	headers  []Header
	err      error
}

// compressionMask is the part of the attributes that names the compression.
const compressionMask = 7

// minRecordBytes is the size of a record with null key, null value and no headers.
const minRecordBytes = 7

// Compression is how the batch's records are stored.
func (b Batch) Compression() Codec { return Codec(b.Attributes() & compressionMask) }

// Records returns an iterator over the batch's records. Compressed ones are decompressed now, to at most MaxRecordsBytes.
func (b Batch) Records() RecordIter {
	it := RecordIter{
		b:        b.b[batchHeaderBytes:],
		left:     b.Count(),
		base:     b.BaseOffset(),
		baseTime: b.BaseTimestamp(),
		last:     b.LastOffset(),
	}
	if codec := b.Compression(); codec != CodecNone && len(it.b) > 0 {
		it.b, it.err = decompressRecords(codec, it.b)
	}
	if it.err == nil && it.left > len(it.b)/minRecordBytes {
		it.err = fmt.Errorf("%w: %d records in %d bytes", ErrCorrupt, it.left, len(it.b))
	}
	return it
}

// Next moves to the next record. It returns false at the end and at an error.
func (it *RecordIter) Next() bool {
	if it.err != nil {
		return false
	}
	if it.left == 0 {
		if it.pos != len(it.b) {
			it.err = fmt.Errorf("%w: %d bytes behind the last record", ErrCorrupt, len(it.b)-it.pos)
		}
		return false
	}
	it.left--
	if !it.decode() {
		it.err = fmt.Errorf("%w: record does not decode", ErrCorrupt)
		return false
	}
	return true
}

// Record returns the present record; it is valid until the next Next.
func (it *RecordIter) Record() Record { return it.record }

// Err returns what ended the walk early: ErrCorrupt, or ErrCompressed for a codec that is not read here.
func (it *RecordIter) Err() error { return it.err }

// Present is Record without a copy, which costs where it is done for millions; it is valid until the next Next.
func (it *RecordIter) Present() *Record { return &it.record }

// raw is the present record as it is stored, its length included.
func (it *RecordIter) raw() []byte { return it.b[it.start:it.pos] }

func (it *RecordIter) decode() bool {
	length, n := binary.Varint(it.b[it.pos:])
	if n <= 0 || length < 1 || length > int64(len(it.b)-it.pos-n) {
		return false
	}
	it.start, it.pos = it.pos, it.pos+n+int(length)
	d := recordDecoder{b: it.b[it.start+n : it.pos]}
	d.skip(1) // attributes
	it.record.TimestampMillis = it.baseTime + d.varint()
	delta := d.varint()
	it.record.Offset = it.base + Offset(delta)
	it.record.Key = d.bytes()
	it.record.Value = d.bytes()
	it.decodeHeaders(&d)
	return !d.bad && len(d.b) == 0 && delta >= 0 && delta <= int64(it.last-it.base)
}

func (it *RecordIter) decodeHeaders(d *recordDecoder) {
	if it.record.Headers != nil {
		it.record.Headers = nil
	}
	count := d.varint()
	if count == 0 || d.bad {
		return
	}
	if count < 0 || count > int64(len(d.b)/2) { // a header has at least two bytes
		d.bad = true
		return
	}
	it.headers = it.headers[:0]
	for range count {
		it.headers = append(it.headers, Header{Key: string(d.bytes()), Value: d.bytes()})
	}
	it.record.Headers = it.headers
}

// recordDecoder reads fields from the front of b; after the first that is not there it is bad and gives zeros.
type recordDecoder struct {
	b   []byte
	bad bool
}

func (d *recordDecoder) skip(n int) {
	if len(d.b) < n {
		d.bad, d.b = true, nil
		return
	}
	d.b = d.b[n:]
}

func (d *recordDecoder) varint() int64 {
	if len(d.b) > 0 && d.b[0] < 0x80 { // most are short
		u := int64(d.b[0])
		d.b = d.b[1:]
		return u>>1 ^ -(u & 1)
	}
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// bytes reads a length and as many bytes; length -1 is null.
func (d *recordDecoder) bytes() []byte {
	n := d.varint()
	if d.bad || n == -1 {
		return nil
	}
	if n < 0 || n > int64(len(d.b)) {
		d.bad, d.b = true, nil
		return nil
	}
	field := d.b[:n:n]
	d.b = d.b[n:]
	return field
}
