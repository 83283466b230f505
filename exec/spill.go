package exec

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"

	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// Temp gives statements room on disk for what does not fit into their memory. Safe for concurrent use.
type Temp interface {
	// Create returns an empty file that nobody else has. It is gone when it is closed, and with the process. Errors, also of the
	// file's methods: 53400 beyond the bound of all files together, 53100 when the disk is full, 58030.
	Create() (TempFile, error)
}

// TempFile is written once, from its start to its end, then read.
type TempFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

// Of files of rows. Frames are what is written and read at once: a length and a CRC32C, 4 bytes each, then rows in the batch codec.
const (
	frameBytes      = 64 << 10 // about, unless one row is larger
	frameHeadBytes  = 8
	spillPartitions = 16 // of the rows that a hash table has no room for
	maxSpillLevel   = 4  // how often a partition is divided again
	// minSpillRows is how many rows or groups a hash table has at least before it uses the disk: others may hold the memory.
	minSpillRows = 1024
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// spillFile is rows of one type on disk: written, then read by one or several readers.
type spillFile struct {
	file  TempFile
	types []types.Type
	rows  int64
	size  int64 // of the frames
	next  *types.Batch
	bytes int64 // of next, by estimate
	buf   []byte
}

func newSpillFile(temp Temp, ts []types.Type) (*spillFile, error) {
	f, err := temp.Create()
	if err != nil {
		return nil, err
	}
	return &spillFile{file: f, types: ts, next: types.NewBatch(ts, 0)}, nil
}

// add appends row i of b.
func (f *spillFile) add(b *types.Batch, i int) error {
	f.next.AppendFrom(b, i, 1)
	f.bytes += batchBytes(b, i, i+1)
	if f.next.Len < BatchRows && f.bytes < frameBytes {
		return nil
	}
	return f.flush()
}

// flush writes what was added. It is to be called once more at the end.
func (f *spillFile) flush() error {
	if f.next.Len == 0 {
		return nil
	}
	f.buf = types.EncodeBatch(append(f.buf[:0], make([]byte, frameHeadBytes)...), f.next)
	binary.LittleEndian.PutUint32(f.buf, uint32(len(f.buf)-frameHeadBytes))
	binary.LittleEndian.PutUint32(f.buf[4:], crc32.Checksum(f.buf[frameHeadBytes:], castagnoli))
	if _, err := f.file.Write(f.buf); err != nil {
		return err
	}
	f.rows += int64(f.next.Len)
	f.size += int64(len(f.buf))
	f.next, f.bytes = types.NewBatch(f.types, 0), 0
	if len(f.buf) > 2*frameBytes {
		f.buf = nil
	}
	return nil
}

func (f *spillFile) close() {
	if f != nil && f.file != nil {
		_ = f.file.Close()
		f.file = nil
	}
}

// read returns an operator that gives the rows in the order in which they were added. It does not close the file.
func (f *spillFile) read() *spillReader { return &spillReader{spillFile: f} }

type spillReader struct {
	*spillFile
	at int64
}

// Next implements Operator.
func (r *spillReader) Next(ctx context.Context) (*types.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.at >= r.size {
		return nil, nil
	}
	var head [frameHeadBytes]byte
	if _, err := r.file.ReadAt(head[:], r.at); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > r.size-r.at-frameHeadBytes {
		return nil, damagedTemp(fmt.Errorf("a frame of %d bytes at %d of %d", n, r.at, r.size))
	}
	data := make([]byte, n)
	if _, err := r.file.ReadAt(data, r.at+frameHeadBytes); err != nil {
		return nil, err
	}
	if crc32.Checksum(data, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, damagedTemp(fmt.Errorf("the frame at %d has another checksum", r.at))
	}
	r.at += frameHeadBytes + n
	b, err := types.DecodeBatch(data, r.types)
	if err != nil {
		return nil, damagedTemp(err)
	}
	return b, nil
}

// Close implements Operator.
func (r *spillReader) Close() {}

func damagedTemp(cause error) error {
	return pgerr.New(pgerr.DataCorrupted, "a temporary file is damaged").WithCause(cause)
}

// spillSet divides rows by a hash of their keys over files, each made when it has a row.
type spillSet struct {
	temp  Temp
	types []types.Type
	level int
	files [spillPartitions]*spillFile
}

// spillSeeds are by level, so that what fell into one partition is divided on the next level.
var spillSeeds = func() (seeds [maxSpillLevel]maphash.Seed) {
	for i := range seeds {
		seeds[i] = maphash.MakeSeed()
	}
	return seeds
}()

// add appends row i of b to the partition of its key.
func (s *spillSet) add(key []byte, b *types.Batch, i int) error {
	f, err := s.file(int(maphash.Bytes(spillSeeds[s.level], key) % spillPartitions))
	if err != nil {
		return err
	}
	return f.add(b, i)
}

func (s *spillSet) file(p int) (*spillFile, error) {
	if s.files[p] == nil {
		f, err := newSpillFile(s.temp, s.types)
		if err != nil {
			return nil, err
		}
		s.files[p] = f
	}
	return s.files[p], nil
}

// flush writes what was added; then the files can be read.
func (s *spillSet) flush() error {
	for _, f := range s.files {
		if f != nil {
			if err := f.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *spillSet) close() {
	if s == nil {
		return
	}
	for _, f := range s.files {
		f.close()
	}
}
