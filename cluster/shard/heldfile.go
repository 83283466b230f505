package shard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// A held file has what a snapshot holds of one relation that is held in memory. Numbers are big-endian.
//
//	header: "MILLMEM1", relation (4 bytes), index of the entry (8), CRC32C of these (4)
//	block:  bytes of the pairs (4), not 0, CRC32C (4) of the block's position (8), that size (4) and the pairs; pairs
//	end:    0 (4), CRC32C (4) of the position (8), 0 (4) and the count; count of pairs (8). Nothing follows.
//	pair:   length of the key (uvarint), key, length of the value (uvarint), value; in order of the keys
const (
	heldMagic       = "MILLMEM1"
	heldHeaderBytes = 8 + 4 + 8 + 4
	heldBlockHead   = 4 + 4
	heldEndBytes    = heldBlockHead + 8
	// heldBlockBytes is about the size of a block: it ends with the pair that reaches it.
	heldBlockBytes = 256 << 10
	// maxHeldBlockBytes is what a reader takes for a block: the largest pair is an op's.
	maxHeldBlockBytes = heldBlockBytes + MaxOpBytes + 64
)

// heldDir is the directory of held files in a shard's.
const heldDir = "held"

func heldPath(dir, name string) string { return filepath.Join(dir, heldDir, name) }

func heldName(id catalog.RelationID, index uint64) string {
	return fmt.Sprintf("%d-%020d.mem", id, index)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errHeldCorrupt says that it is a held file which is damaged, not the store on disk.
var errHeldCorrupt = fmt.Errorf("what was held in memory: %w", state.ErrCorrupt)

// heldCorrupt is the error of a held file that is not what was written.
func heldCorrupt(name string, at int64, format string, args ...any) error {
	return fmt.Errorf("%s at %d: %w: %s", name, at, errHeldCorrupt, fmt.Sprintf(format, args...))
}

// writeHeldFile writes all of r, synced but for its name.
func writeHeldFile(fsys vfs.FS, name string, id catalog.RelationID, index uint64, r state.Reader) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Create(name)
	if err != nil {
		return err
	}
	w := &heldWriter{f: f}
	w.header(id, index)
	it := r.Scan(nil, nil)
	for w.err == nil && it.Next() {
		w.pair(it.Key(), it.Value())
	}
	err = errors.Join(w.err, it.Close())
	if err == nil {
		err = w.end()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// heldWriter writes a held file, a block at a time.
type heldWriter struct {
	f     vfs.File
	at    int64
	block []byte // with room for its head
	pairs uint64
	err   error
}

func (w *heldWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.f.Write(b)
		w.at += int64(len(b))
	}
}

func (w *heldWriter) header(id catalog.RelationID, index uint64) {
	b := binary.BigEndian.AppendUint32([]byte(heldMagic), uint32(id))
	b = binary.BigEndian.AppendUint64(b, index)
	w.write(binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)))
}

func (w *heldWriter) pair(key, value []byte) {
	if len(w.block) == 0 {
		w.block = append(w.block, make([]byte, heldBlockHead)...)
	}
	w.block = appendBytes(appendBytes(w.block, key), value)
	w.pairs++
	if len(w.block) >= heldBlockBytes {
		w.flush()
	}
}

func (w *heldWriter) flush() {
	if len(w.block) == 0 {
		return
	}
	size := uint32(len(w.block) - heldBlockHead)
	binary.BigEndian.PutUint32(w.block, size)
	binary.BigEndian.PutUint32(w.block[4:], heldChecksum(w.at, size, w.block[heldBlockHead:]))
	w.write(w.block)
	w.block = w.block[:0]
}

func (w *heldWriter) end() error {
	w.flush()
	count := binary.BigEndian.AppendUint64(nil, w.pairs)
	b := binary.BigEndian.AppendUint32(make([]byte, 4, heldEndBytes), heldChecksum(w.at, 0, count))
	w.write(append(b, count...))
	return w.err
}

// heldChecksum is the CRC of a block at a position: one that stands elsewhere does not verify.
func heldChecksum(at int64, size uint32, payload []byte) uint32 {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(nil, uint64(at)), size)
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, payload)
}

// readHeldFile calls load with each pair, in order; the slices are valid during the call. Errors: state.ErrCorrupt, with file and
// position, also if the file is not there.
func readHeldFile(fsys vfs.FS, name string, id catalog.RelationID, load func(key, value []byte)) error {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return heldCorrupt(name, 0, "the file is gone")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	r := &heldReader{f: f, name: name, size: size, id: id, load: load}
	if err := r.header(); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = r.next(); err != nil {
			return err
		}
	}
	return nil
}

// heldReader reads a held file, a block at a time.
type heldReader struct {
	f        vfs.File
	name     string
	size, at int64
	id       catalog.RelationID
	load     func(key, value []byte)
	buf      []byte
	last     []byte // key
	pairs    uint64
}

func (r *heldReader) corrupt(format string, args ...any) error {
	return heldCorrupt(r.name, r.at, format, args...)
}

// read reads n bytes at an offset from the present position.
func (r *heldReader) read(offset int64, n int) ([]byte, error) {
	if int64(n) > r.size-r.at-offset {
		return nil, r.corrupt("the file ends at %d", r.size)
	}
	r.buf = slices.Grow(r.buf[:0], n)[:n]
	if got, err := r.f.ReadAt(r.buf, r.at+offset); err != nil && (err != io.EOF || got < n) {
		return nil, fmt.Errorf("%s at %d: %w", r.name, r.at+offset, err)
	}
	return r.buf, nil
}

func (r *heldReader) header() error {
	b, err := r.read(0, heldHeaderBytes)
	if err != nil {
		return err
	}
	end := heldHeaderBytes - 4
	if string(b[:8]) != heldMagic || crc32.Checksum(b[:end], castagnoli) != binary.BigEndian.Uint32(b[end:]) {
		return r.corrupt("the header does not verify")
	}
	if got := catalog.RelationID(binary.BigEndian.Uint32(b[8:])); got != r.id {
		return r.corrupt("the file is of relation %d", got)
	}
	r.at = heldHeaderBytes
	return nil
}

// next reads a block; false: it was the end.
func (r *heldReader) next() (bool, error) {
	b, err := r.read(0, heldBlockHead)
	if err != nil {
		return false, err
	}
	size, sum := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	length := int(size)
	if size == 0 {
		length = heldEndBytes - heldBlockHead
	}
	if size > maxHeldBlockBytes {
		return false, r.corrupt("a block of %d bytes", size)
	}
	if b, err = r.read(heldBlockHead, length); err != nil {
		return false, err
	}
	if heldChecksum(r.at, size, b) != sum {
		return false, r.corrupt("a block does not verify")
	}
	if size == 0 {
		return false, r.finish(binary.BigEndian.Uint64(b))
	}
	if err := r.pairsOf(b); err != nil {
		return false, err
	}
	r.at += heldBlockHead + int64(length)
	return true, nil
}

func (r *heldReader) finish(count uint64) error {
	if count != r.pairs {
		return r.corrupt("%d pairs were read, %d were written", r.pairs, count)
	}
	if r.at+heldEndBytes != r.size {
		return r.corrupt("%d bytes follow the end", r.size-r.at-heldEndBytes)
	}
	return nil
}

func (r *heldReader) pairsOf(block []byte) error {
	d := decoder{b: block}
	for len(d.b) > 0 {
		key, value := d.bytes(), d.bytes()
		if d.err != nil {
			return r.corrupt("%v", d.err)
		}
		if id, ok := state.RelationOf(key); !ok || id != r.id || bytes.Compare(key, r.last) <= 0 {
			return r.corrupt("key %x is out of place", key)
		}
		r.last = append(r.last[:0], key...)
		r.load(key, value)
		r.pairs++
	}
	return nil
}
