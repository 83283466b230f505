package log

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sort"

	"github.com/millracedb/millrace/log/vfs"
)

const (
	indexHeaderBytes = 32
	indexEntryBytes  = 24
	// maxIndexBytes bounds what is read of an index: a segment of 64 GiB with an entry every 32 KiB.
	maxIndexBytes = 48 << 20
)

// indexEntry says that the batch with base offset off begins at pos in its segment; the last entry may name the
// segment's end instead. In a time index pos is a timestamp: the greatest of the segment's batches below off.
type indexEntry struct {
	off Offset
	pos int64
}

// indexKind tells the two kinds of index files apart, also entry by entry.
type indexKind struct {
	magic string
	salt  uint64 // goes into each entry's CRC
	least int64  // below every position, or every timestamp
	ties  bool   // positions ascend, timestamps may stay
}

var (
	offsetIndex = indexKind{magic: "MILLIDX1"}
	timeIndex   = indexKind{magic: "MILLTIM1", salt: 1 << 63, least: math.MinInt64, ties: true}
)

// indexLookup returns the last entry at or before off, or the segment's beginning.
func indexLookup(entries []indexEntry, base, off Offset) indexEntry {
	i := sort.Search(len(entries), func(i int) bool { return entries[i].off > off })
	if i == 0 {
		return indexEntry{off: base}
	}
	return entries[i-1]
}

func appendIndexHeader(dst []byte, base Offset) []byte { return offsetIndex.appendHeader(dst, base) }

func appendIndexEntry(dst []byte, base Offset, e indexEntry) []byte {
	return offsetIndex.appendEntry(dst, base, e)
}

func (k indexKind) appendHeader(dst []byte, base Offset) []byte {
	start := len(dst)
	dst = append(dst, k.magic...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(base))
	dst = append(dst, make([]byte, 12)...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

func (k indexKind) appendEntry(dst []byte, base Offset, e indexEntry) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.off))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.pos))
	dst = binary.LittleEndian.AppendUint32(dst, k.entryCRC(base, dst[start:]))
	return append(dst, 0, 0, 0, 0)
}

// entryCRC includes the file's kind and base offset, so that entries of another index are not taken for this one's.
func (k indexKind) entryCRC(base Offset, fields []byte) uint32 {
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(base)^k.salt)
	return crc32.Update(crc32.Checksum(seed[:], castagnoli), castagnoli, fields[:16])
}

// parseIndex returns the valid entries at the start of an index file's bytes: up to the first that is torn, rotten or
// not behind the one before. nil if the header is not valid.
func parseIndex(b []byte, base Offset) []indexEntry { return offsetIndex.parse(b, base) }

func (k indexKind) parse(b []byte, base Offset) []indexEntry {
	if len(b) < indexHeaderBytes || string(b[:indexHeaderBytes]) != string(k.appendHeader(nil, base)) {
		return nil
	}
	b = b[indexHeaderBytes:]
	entries := make([]indexEntry, 0, len(b)/indexEntryBytes)
	last := indexEntry{off: base, pos: k.least}
	for ; len(b) >= indexEntryBytes; b = b[indexEntryBytes:] {
		e := indexEntry{
			off: Offset(binary.LittleEndian.Uint64(b)),
			pos: int64(binary.LittleEndian.Uint64(b[8:])),
		}
		ascends := e.off > last.off && (e.pos > last.pos || k.ties && e.pos == last.pos)
		if binary.LittleEndian.Uint32(b[16:]) != k.entryCRC(base, b) || !ascends {
			break
		}
		entries, last = append(entries, e), e
	}
	return entries
}

// readIndex reads the valid entries of an index file. A missing or damaged file gives fewer entries or none; only a
// disk that cannot be read is an error.
func readIndex(f vfs.File, base Offset) ([]indexEntry, error) { return offsetIndex.read(f, base) }

func (k indexKind) read(f vfs.File, base Offset) ([]indexEntry, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(size, maxIndexBytes))
	if n, err := f.ReadAt(b, 0); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read index: %w", err)
	} else if n < len(b) {
		b = b[:n]
	}
	return k.parse(b, base), nil
}

// readFile reads the valid entries of the index file at path; none if there is no file. size is its length.
func (k indexKind) readFile(fsys vfs.FS, path string, base Offset) (entries []indexEntry, size int64, err error) {
	info, err := fsys.Stat(path)
	if err != nil {
		return nil, 0, nil
	}
	f, err := fsys.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	entries, err = k.read(f, base)
	return entries, info.SizeBytes, err
}

// indexWriter appends evidence to an index file. The last entry is the synced end of the segment and is overwritten
// by the next write; kept entries are those before it.
type indexWriter struct {
	kind indexKind
	f    vfs.File
	base Offset
	kept int
	buf  []byte
}

// write stores sparse entries and the synced end behind those that are kept. It does not sync. An end that is the
// segment's beginning is implied and not written.
func (w *indexWriter) write(sparse []indexEntry, end indexEntry) error {
	w.buf = w.buf[:0]
	for _, e := range sparse {
		w.buf = w.kind.appendEntry(w.buf, w.base, e)
	}
	if end.off > w.base {
		w.buf = w.kind.appendEntry(w.buf, w.base, end)
	}
	at := int64(indexHeaderBytes + w.kept*indexEntryBytes)
	if _, err := w.f.WriteAt(w.buf, at); err != nil {
		return fmt.Errorf("write index of segment %d: %w", w.base, err)
	}
	w.kept += len(sparse)
	return nil
}

// reset makes the file hold the header and exactly these entries, durably.
func (w *indexWriter) reset(sparse []indexEntry, end indexEntry) error {
	if err := w.f.Truncate(0); err != nil {
		return err
	}
	if _, err := w.f.WriteAt(w.kind.appendHeader(nil, w.base), 0); err != nil {
		return err
	}
	w.kept = 0
	if err := w.write(sparse, end); err != nil {
		return err
	}
	return w.f.Sync()
}
