package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// frameHeaderBytes is the size of a frame without its payload.
const frameHeaderBytes = 56

// frameMagic is "MWF1" as a little-endian number.
const frameMagic = 'M' | 'W'<<8 | 'F'<<16 | '1'<<24

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// kind says what a frame does (FORMAT.md).
type kind uint8

const (
	kindEntry kind = iota + 1
	kindTruncateSuffix
	kindTruncatePrefix
	kindMeta
	kindState
	kindHeadEnd
	kindMark
)

// String names the kind.
func (k kind) String() string {
	names := [...]string{"", "entry", "truncate-suffix", "truncate-prefix", "meta", "state", "head-end", "mark"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Types of a meta frame.
const (
	metaSet    = 0
	metaDelete = 1
)

// frame is a frame's header without the fields that depend on its place.
type frame struct {
	length     uint32 // of the payload
	payloadCRC uint32
	group      uint32
	kind       kind
	typ        uint8
	synced     uint32
	split      uint32
	index      uint64
	term       uint64
	micros     int64
}

// appendFrame appends the header of f and its payload, in two parts. The fields that depend on the place in the file
// are filled in by place.
func appendFrame(dst []byte, f frame, payload, more []byte) []byte {
	le := binary.LittleEndian
	crc := crc32.Update(crc32.Checksum(payload, castagnoli), castagnoli, more)
	dst = le.AppendUint32(dst, frameMagic)
	dst = le.AppendUint32(dst, 0) // header CRC
	dst = le.AppendUint32(dst, uint32(len(payload)+len(more)))
	dst = le.AppendUint32(dst, crc)
	dst = le.AppendUint32(dst, f.group)
	dst = append(dst, byte(f.kind), f.typ, 0, 0)
	dst = le.AppendUint32(dst, 0) // synced
	dst = le.AppendUint32(dst, f.split)
	dst = le.AppendUint64(dst, f.index)
	dst = le.AppendUint64(dst, f.term)
	dst = le.AppendUint64(dst, uint64(f.micros))
	dst = append(dst, payload...)
	return append(dst, more...)
}

// place finishes the headers of the frames in b, which go to position pos of the file with that salt, of which the
// bytes before synced are stored.
func place(b []byte, salt uint64, pos, synced int64) {
	for len(b) > 0 {
		binary.LittleEndian.PutUint32(b[24:], uint32(synced))
		binary.LittleEndian.PutUint32(b[4:], headerCRC(b, salt, pos))
		n := frameBytes(b)
		b, pos = b[n:], pos+int64(n)
	}
}

// frameBytes is the size of the frame that begins b; its length must be known to be right.
func frameBytes(b []byte) int { return frameHeaderBytes + int(binary.LittleEndian.Uint32(b[8:])) }

func headerCRC(b []byte, salt uint64, pos int64) uint32 {
	var seed [16]byte
	binary.LittleEndian.PutUint64(seed[:], salt)
	binary.LittleEndian.PutUint64(seed[8:], uint64(pos))
	return crc32.Update(crc32.Checksum(seed[:], castagnoli), castagnoli, b[8:frameHeaderBytes])
}

// parseHeader decodes the frame header at the start of b, if it is one that was written at this place.
func parseHeader(b []byte, salt uint64, pos int64) (frame, bool) {
	le := binary.LittleEndian
	if len(b) < frameHeaderBytes || le.Uint32(b) != frameMagic || le.Uint32(b[4:]) != headerCRC(b, salt, pos) {
		return frame{}, false
	}
	return decodeHeader(b), true
}

// decodeHeader decodes a header without verifying it.
func decodeHeader(b []byte) frame {
	le := binary.LittleEndian
	return frame{
		length:     le.Uint32(b[8:]),
		payloadCRC: le.Uint32(b[12:]),
		group:      le.Uint32(b[16:]),
		kind:       kind(b[20]),
		typ:        b[21],
		synced:     le.Uint32(b[24:]),
		split:      le.Uint32(b[28:]),
		index:      le.Uint64(b[32:]),
		term:       le.Uint64(b[40:]),
		micros:     int64(le.Uint64(b[48:])),
	}
}

// payloadOK verifies a frame's payload against its verified header.
func (f frame) payloadOK(payload []byte) bool {
	return f.split <= f.length && crc32.Checksum(payload, castagnoli) == f.payloadCRC
}

// entry is the entry in an entry frame; it aliases the payload.
func (f frame) entry(payload []byte) Entry {
	cut := len(payload) - int(f.split)
	return Entry{
		Index: f.index, Term: f.term, Type: f.typ, AppendedAtMicros: f.micros,
		Data: payload[:cut:cut], Extensions: payload[cut:len(payload):len(payload)],
	}
}
