package log

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/millracedb/millrace/log/vfs"
)

// attributeControl marks a batch that is not data (Kafka's transactions).
const attributeControl = 1 << 5

func (b Batch) isControl() bool { return b.Attributes()&attributeControl != 0 }

// sweep writes what is left of a group of neighbours as one segment, and puts that in their place.
func (c *compaction) sweep(group []compactable) error {
	w := &rewriter{fs: c.p.fs, seg: newSegment(c.p.dir, group[0].seg.base), interval: c.p.opt.IndexIntervalBytes}
	next := group[len(group)-1].next
	removed, err := c.rewrite(w, group[0].seg.base, next)
	if err == nil {
		err = w.finish(next)
	}
	w.seg.close()
	gone := false
	if err == nil {
		gone, err = c.install(group, w.seg)
	}
	if err != nil || gone {
		return errors.Join(c.p.failedSync(err), w.discard())
	}
	c.stats.RecordsRemoved += removed
	c.stats.SegmentsBefore += len(group)
	c.stats.SegmentsAfter++
	for _, s := range group {
		c.stats.BytesBefore += s.size
	}
	c.stats.BytesAfter += w.seg.size
	return nil
}

func (c *compaction) rewrite(w *rewriter, from, next Offset) (removed int64, err error) {
	if err := w.create(); err != nil {
		return 0, err
	}
	var buf []byte
	err = c.batches(from, next, func(b Batch) error {
		kept, err := c.filter(b, &buf)
		if err != nil {
			return err
		}
		removed += int64(b.Count() - kept.Count())
		return w.put(kept)
	})
	return removed, err
}

// filter returns the batch without its dead records, in *buf if there were any. All fields of the header but the count stay,
// the timestamps too: OffsetForTime and retention give the same before and after.
func (c *compaction) filter(b Batch, buf *[]byte) (Batch, error) {
	if s := c.segmentOf(b.BaseOffset()); b.isControl() || s == nil || s.dead == 0 {
		return b, nil
	}
	out := append((*buf)[:0], b.b[:batchHeaderBytes]...)
	count := 0
	it := b.Records()
	for it.Next() {
		if !c.dead.has(it.record.Offset) {
			out = append(out, it.raw()...)
			count++
		}
	}
	*buf = out
	if it.Err() != nil || count == b.Count() {
		return b, it.Err()
	}
	binary.BigEndian.PutUint32(out[posCount:], uint32(count))
	binary.BigEndian.PutUint16(out[posAttributes:], uint16(b.Attributes()&^compressionMask))
	if codec := b.Compression(); codec != CodecNone && count > 0 {
		if packed, ok := packBatch(nil, codec, out); ok {
			return Batch{b: packed}, nil
		}
	}
	sealBatch(out)
	return Batch{b: out}, nil
}

// rewriter writes a segment whose batches stay contiguous while some of them go: the one before a gap takes its offsets,
// and at the beginning an empty one does.
type rewriter struct {
	fs       vfs.FS
	seg      *segment // of the new file; f, w and tw are open while it is written
	interval int64

	held    []byte // the last batch: its last offset is not known before the next one comes
	dropped int64  // greatest timestamp of what went at the segment's beginning
	out     []byte // not written yet
	written int64
}

func (w *rewriter) create() (err error) {
	w.dropped = noTime
	if w.seg.f, err = w.fs.Create(w.seg.path + compactingSuffix); err != nil {
		return err
	}
	if err := w.seg.w.create(w.fs, w.seg.index+compactingSuffix); err != nil {
		return err
	}
	return w.seg.tw.create(w.fs, w.seg.times+compactingSuffix)
}

// put adds a batch, unless it is empty.
func (w *rewriter) put(b Batch) error {
	if b.Count() == 0 {
		w.dropped = max(w.dropped, b.MaxTimestamp())
		return nil
	}
	if err := w.closeGap(b.BaseOffset()); err != nil {
		return err
	}
	w.held = append(w.held[:0], b.b...)
	return nil
}

// closeGap writes the held batch with all offsets below next.
func (w *rewriter) closeGap(next Offset) error {
	from := w.seg.base
	if len(w.held) > 0 {
		b := Batch{b: w.held}
		from = b.LastOffset() + 1
		if span := next - 1 - b.BaseOffset(); from < next && span <= math.MaxInt32 {
			binary.BigEndian.PutUint32(w.held[posLastOffsetDelta:], uint32(span))
			sealBatch(w.held)
			from = next
		}
		if err := w.emit(w.held); err != nil {
			return err
		}
	}
	for from < next {
		last := min(next-1, from+math.MaxInt32)
		if err := w.emit(emptyBatch(from, last, w.dropped)); err != nil {
			return err
		}
		from = last + 1
	}
	return nil
}

// emptyBatch spans offsets that have no record.
func emptyBatch(base, last Offset, millis int64) []byte {
	var b BatchBuilder
	b.Reset()
	b.baseTimestamp = millis
	b.putHeader(b.buf, millis)
	binary.BigEndian.PutUint32(b.buf[posLastOffsetDelta:], uint32(last-base))
	SetBaseOffset(b.buf, base)
	sealBatch(b.buf)
	return b.buf
}

func (w *rewriter) emit(b []byte) error {
	w.seg.add(Batch{b: b}, w.interval)
	w.out = append(w.out, b...)
	if len(w.out) < compactReadBytes {
		return nil
	}
	return w.flush()
}

func (w *rewriter) flush() error {
	if _, err := w.seg.f.WriteAt(w.out, w.written); err != nil {
		return err
	}
	w.written += int64(len(w.out))
	w.out = w.out[:0]
	return nil
}

// finish ends the segment at next and stores it with its indexes.
func (w *rewriter) finish(next Offset) error {
	if err := w.closeGap(next); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	s := w.seg
	if s.next != next || s.size != w.written {
		panic(fmt.Sprintf("BUG: rewritten segment ends at %d, not %d", s.next, next))
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	if err := s.w.write(s.sparse, indexEntry{off: s.next, pos: s.size}); err != nil {
		return err
	}
	if err := s.w.f.Sync(); err != nil {
		return err
	}
	if err := s.tw.write(s.stamps, indexEntry{off: s.next, pos: s.maxTime}); err != nil {
		return err
	}
	return s.tw.f.Sync()
}

// discard removes files that were not switched in.
func (w *rewriter) discard() error {
	for _, name := range []string{w.seg.path, w.seg.index, w.seg.times} {
		if err := removeIfThere(w.fs, name+compactingSuffix); err != nil {
			return err
		}
	}
	return nil
}
