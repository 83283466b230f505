package log

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/millracedb/millrace/log/vfs"
)

// scanChunkBytes is how much a scan reads at once; a larger batch is read whole.
const scanChunkBytes = 1 << 20

// scanner verifies the batches of a segment one by one, from an index entry on.
type scanner struct {
	f        vfs.File
	size     int64
	interval int64

	end    indexEntry                   // behind the last batch that verified
	sparse []indexEntry                 // index entries for the batches that verified
	last   int64                        // position of the newest index entry
	visit  func(at indexEntry, b Batch) // nil, or called for each batch that verifies
	chunk  int                          // how much is read at once; 0: scanChunkBytes
	bad    error                        // why the batch at end does not verify; nil if end is the end of the file

	buf   []byte
	start int64 // position of buf in the file
}

// scan verifies all batches from an entry to the end of the file. An error means that the file could not be read.
func (s *scanner) scan(from indexEntry) error {
	s.end, s.last = from, from.pos
	if from.pos > s.size {
		s.end.pos = s.size
		s.bad = fmt.Errorf("%w: the file ends before its stored end %d", ErrCorrupt, from.pos)
	}
	for s.bad == nil && s.end.pos < s.size {
		b, err := s.fetch()
		if err != nil {
			return err
		}
		s.step(b)
	}
	return nil
}

// step takes in the batch at the start of b, or notes why it is bad.
func (s *scanner) step(b []byte) {
	batch, _, err := ParseBatch(b)
	switch {
	case err != nil:
		s.bad = err
	case batch.BaseOffset() != s.end.off:
		s.bad = fmt.Errorf("%w: batch %d where %d was expected", ErrCorrupt, batch.BaseOffset(), s.end.off)
	default:
		if s.end.pos-s.last >= s.interval {
			s.sparse, s.last = append(s.sparse, s.end), s.end.pos
		}
		if s.visit != nil {
			s.visit(s.end, batch)
		}
		s.end = indexEntry{off: batch.LastOffset() + 1, pos: s.end.pos + int64(len(batch.b))}
	}
}

// fetch returns bytes from s.end.pos on: at least the batch there, if the file has it whole.
func (s *scanner) fetch() ([]byte, error) {
	b := s.buffered()
	if size, err := batchSize(b); err == nil && size <= len(b) {
		return b, nil
	}
	if err := s.fill(cmp.Or(s.chunk, scanChunkBytes)); err != nil {
		return nil, err
	}
	b = s.buffered()
	size, err := batchSize(b)
	if err != nil || size <= len(b) {
		return b, nil
	}
	err = s.fill(size)
	return s.buffered(), err
}

func (s *scanner) buffered() []byte {
	if skip := s.end.pos - s.start; skip < int64(len(s.buf)) {
		return s.buf[skip:]
	}
	return nil
}

// fill reads n bytes, or to the end of the file, at s.end.pos.
func (s *scanner) fill(n int) error {
	n = int(min(int64(n), s.size-s.end.pos))
	if cap(s.buf) < n {
		s.buf = make([]byte, n)
	}
	got, err := s.f.ReadAt(s.buf[:n], s.end.pos)
	s.buf, s.start = s.buf[:got], s.end.pos
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read segment: %w", err)
	}
	return nil
}
