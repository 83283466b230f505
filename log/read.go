package log

import (
	"errors"
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
	r := segmentReader{segmentView: v.find(from), interval: p.opt.IndexIntervalBytes}
	h, err := p.handles.acquire(r.seg)
	if err != nil {
		return nil, err
	}
	defer p.handles.release(h)
	r.h = h
	index := r.sparse
	if index == nil && r.seg != v.active.seg {
		if index, err = h.entries(p.fs); err != nil {
			return nil, err
		}
	}
	return r.read(indexLookup(index, r.seg.base, from), from, maxBytes, buf)
}

// segmentReader reads one segment up to the length in its view.
type segmentReader struct {
	segmentView
	h        *readHandle
	interval int64
}

// read fetches a stretch from the index entry at, which is at most one interval (or one batch) before from, and in it
// finds the batch. If that batch is not whole in the stretch, the stretch is fetched anew from there.
func (r *segmentReader) read(at indexEntry, from Offset, maxBytes int, buf []byte) ([]byte, error) {
	maxBytes = max(maxBytes, 0)
	pos, want := at.pos, max(r.interval, batchHeaderBytes)+int64(min(maxBytes, MaxBatchBytes))
	for {
		b, err := r.fetch(pos, want, buf)
		if err != nil {
			return nil, err
		}
		skip, size, err := r.seek(b, from, pos)
		if err != nil {
			return nil, err
		}
		if size > 0 && skip+size <= len(b) {
			n, err := r.verify(b[skip:], pos+int64(skip), maxBytes)
			if err != nil {
				return nil, err
			}
			return append(b[:0], b[skip:skip+n]...), nil
		}
		if skip == 0 && int64(size) <= want {
			return nil, r.corrupt(pos, fmt.Errorf("%w: the segment ends within a batch", ErrCorrupt))
		}
		pos, want, buf = pos+int64(skip), max(int64(size), want), b
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

// seek walks over headers to the batch that holds from. It returns where that begins and its size; or 0 as size and where
// the first batch begins whose header is not in b, which may be behind b.
func (r *segmentReader) seek(b []byte, from Offset, pos int64) (skip, size int, err error) {
	for len(b)-skip >= batchHeaderBytes {
		size, err := batchSize(b[skip:])
		if err != nil {
			return 0, 0, r.corrupt(pos+int64(skip), err)
		}
		batch := Batch{b: b[skip:]}
		if batch.BaseOffset() > from {
			return 0, 0, r.corrupt(pos+int64(skip), fmt.Errorf("%w: batch %d where %d was expected", ErrCorrupt, batch.BaseOffset(), from))
		}
		if batch.LastOffset() >= from {
			return skip, size, nil
		}
		skip += size
	}
	return skip, 0, nil
}

// verify returns how many bytes of b are whole verified batches: at least one, within maxBytes if more than one.
func (r *segmentReader) verify(b []byte, pos int64, maxBytes int) (int, error) {
	limit := min(maxBytes, len(b))
	for n := 0; ; {
		size, err := batchSize(b[n:])
		if n > 0 && (errors.Is(err, ErrIncomplete) || n+size > limit) {
			return n, nil
		}
		batch, _, err := ParseBatch(b[n:])
		if err != nil {
			return 0, r.corrupt(pos+int64(n), err)
		}
		n += len(batch.b)
	}
}

func (r *segmentReader) corrupt(pos int64, err error) error {
	return &CorruptError{File: r.seg.path, Position: pos, Reason: err.Error()}
}
