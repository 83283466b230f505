package log

import (
	"fmt"
	"io"
)

// Read returns whole batches beginning with the one that holds from: at least one, and no more than maxBytes when it
// is more than one. The caller skips the records below from in the first. The result is empty at NextOffset. The CRC
// of each returned batch was verified just now.
//
// The result is in buf's memory if that is large enough, else in new memory that the caller may pass next time.
// Errors: ErrOutOfRange if from is below StartOffset or above NextOffset; ErrCorrupt (a *CorruptError); ErrClosed.
func (p *Partition) Read(from Offset, maxBytes int, buf []byte) ([]byte, error) {
	for {
		v := p.view.Load()
		out, err := p.readView(v, from, maxBytes, buf[:0])
		if err == nil {
			return out, nil
		}
		// What this view names may have been truncated or closed beneath us; then the error means nothing.
		if now := p.view.Load(); now.generation != v.generation {
			continue
		}
		return nil, err
	}
}

func (p *Partition) readView(v *view, from Offset, maxBytes int, buf []byte) ([]byte, error) {
	switch {
	case v.closed:
		return nil, ErrClosed
	case from < v.start() || from > v.active.next:
		return nil, fmt.Errorf("%w: %d is not in [%d, %d]", ErrOutOfRange, from, v.start(), v.active.next)
	case from == v.active.next:
		return buf, nil
	}
	s := v.find(from)
	b, _, err := p.readSegment(s, s.seg == v.active.seg, from, maxBytes, buf)
	return b, err
}

// readSegment returns the batches that hold from and follow, as Read does, and where the first of them is.
func (p *Partition) readSegment(s segmentView, active bool, from Offset, maxBytes int, buf []byte) ([]byte, indexEntry, error) {
	h, err := p.handles.acquire(s.seg)
	if err != nil {
		return nil, indexEntry{}, err
	}
	defer p.handles.release(h)
	index := s.sparse
	if index == nil && !active {
		if index, err = h.entries(p.fs); err != nil {
			return nil, indexEntry{}, err
		}
	}
	r := segmentReader{segmentView: s, h: h, interval: p.opt.IndexIntervalBytes}
	return r.read(indexLookup(index, s.seg.base, from), from, maxBytes, buf)
}

// segmentReader reads one segment up to the length in its view. It expects each batch to begin at the offset where the
// one before ends, from an index entry on: the base offset is not under the batch's CRC.
type segmentReader struct {
	segmentView
	h        *readHandle
	interval int64
}

// read fetches a stretch from the index entry at, which is at most one interval (or one batch) before from, and in it
// finds the batch. If that batch is not whole in the stretch, the stretch is fetched anew from there.
func (r *segmentReader) read(at indexEntry, from Offset, maxBytes int, buf []byte) ([]byte, indexEntry, error) {
	maxBytes = max(maxBytes, 0)
	want := max(r.interval, batchHeaderBytes) + int64(min(maxBytes, MaxBatchBytes))
	for {
		b, err := r.fetch(at.pos, want, buf)
		if err != nil {
			return nil, at, err
		}
		found, size, err := r.seek(b, at, from)
		if err != nil {
			return nil, at, err
		}
		skip := found.pos - at.pos
		if size > 0 && skip+size <= int64(len(b)) {
			n, err := r.verify(b[skip:], found, maxBytes)
			if err != nil {
				return nil, at, err
			}
			return append(b[:0], b[skip:skip+int64(n)]...), found, nil
		}
		if skip == 0 && size <= want {
			return nil, at, r.corrupt(at.pos, fmt.Errorf("%w: the segment ends within a batch", ErrCorrupt))
		}
		at, want, buf = found, max(size, want), b
	}
}

// fetch reads up to want bytes at pos, into buf if it is large enough.
func (r *segmentReader) fetch(pos, want int64, buf []byte) ([]byte, error) {
	n := min(want, r.size-pos)
	if n <= 0 {
		return nil, r.corrupt(pos, fmt.Errorf("%w: the index points behind the segment's end", ErrCorrupt))
	}
	if int64(cap(buf)) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if got, err := r.h.f.ReadAt(buf, pos); err == io.EOF && int64(got) < n {
		return nil, r.corrupt(pos+int64(got), fmt.Errorf("%w: the file ends here", ErrCorrupt))
	} else if err != nil && err != io.EOF {
		return nil, fmt.Errorf("read segment %d: %w", r.seg.base, err)
	}
	return buf, nil
}

// seek walks over the headers in b, which begins at the entry at, to the batch that holds from. It returns where that
// begins and its size; or 0 as size and where the first batch begins whose header is not in b, which may be behind b.
func (r *segmentReader) seek(b []byte, at indexEntry, from Offset) (found indexEntry, size int64, err error) {
	for {
		if len(b) < batchHeaderBytes {
			return at, 0, nil
		}
		batch, n, err := r.header(b, at)
		if err != nil {
			return at, 0, err
		}
		if batch.LastOffset() >= from {
			return at, int64(n), nil
		}
		at = indexEntry{off: batch.LastOffset() + 1, pos: at.pos + int64(n)}
		b = b[min(n, len(b)):]
	}
}

// header looks at the header of the batch at the start of b, which must be the one that is expected at that place.
func (r *segmentReader) header(b []byte, at indexEntry) (Batch, int, error) {
	size, err := batchSize(b)
	if err != nil {
		return Batch{}, 0, r.corrupt(at.pos, err)
	}
	batch := Batch{b: b}
	if batch.BaseOffset() != at.off {
		return Batch{}, 0, r.corrupt(at.pos, fmt.Errorf("%w: batch %d where %d was expected", ErrCorrupt, batch.BaseOffset(), at.off))
	}
	return batch, size, nil
}

// verify returns how many bytes of b, which begins at the entry at, are whole verified batches: at least one, within
// maxBytes if more than one.
func (r *segmentReader) verify(b []byte, at indexEntry, maxBytes int) (int, error) {
	limit := min(maxBytes, len(b))
	for n := 0; ; {
		if n > 0 && n+batchHeaderBytes > limit {
			return n, nil
		}
		_, size, err := r.header(b[n:], at)
		if err != nil {
			return 0, err
		}
		if n > 0 && n+size > limit {
			return n, nil
		}
		batch, _, err := ParseBatch(b[n:])
		if err != nil {
			return 0, r.corrupt(at.pos, err)
		}
		n += size
		at = indexEntry{off: batch.LastOffset() + 1, pos: at.pos + int64(size)}
	}
}

func (r *segmentReader) corrupt(pos int64, err error) error {
	return &CorruptError{File: r.seg.path, Position: pos, Reason: err.Error()}
}
