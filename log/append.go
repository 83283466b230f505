package log

import (
	"fmt"
)

// Append writes one or more whole batches behind the last, with one write and no sync; Sync makes them durable.
// The first base offset must be NextOffset and each batch must begin where the one before ends, else ErrGap and nothing
// is written. Readers see the batches when Append returns. b is not kept.
// A failed write poisons the partition: it must be opened anew.
func (p *Partition) Append(b []byte) error {
	if p.pending.Load() >= maxUnsyncedSealed {
		if err := p.Sync(); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.usable(); err != nil {
		return err
	}
	if err := checkBatches(b, p.active.next); err != nil {
		return fmt.Errorf("append to partition %s: %w", p.dir, err)
	}
	for len(b) > 0 {
		if p.active.full(firstBatch(b), p.opt) {
			if err := p.roll(); err != nil {
				return p.poison(err)
			}
		}
		n := p.active.fits(b, p.opt)
		if err := p.write(b[:n]); err != nil {
			return p.poison(err)
		}
		b = b[n:]
	}
	return nil
}

// write writes verified batches at the end of the active segment and shows them to readers.
func (p *Partition) write(b []byte) error {
	s := p.active
	if _, err := s.f.WriteAt(b, s.size); err != nil {
		return fmt.Errorf("append to segment %d: %w", s.base, err)
	}
	for len(b) > 0 {
		batch := firstBatch(b)
		s.add(batch, p.opt.IndexIntervalBytes)
		b = b[len(batch.b):]
	}
	p.publish(func(v *view) { v.active = s.view() })
	return nil
}

// firstBatch is the batch at the start of b, which was verified.
func firstBatch(b []byte) Batch {
	size, _ := batchSize(b)
	return Batch{b: b[:size:size]}
}

// full says that a batch belongs into the next segment: by the segment's size, or by the time between its first batch
// and this one. Only bytes decide, no clock and not how batches came in Appends: all replicas have the same segments.
func (s *segment) full(b Batch, opt Options) bool {
	return s.size > 0 && (s.size+int64(len(b.b)) > opt.SegmentBytes || older(s.firstTime, b.MaxTimestamp(), opt.SegmentMillis))
}

// fits returns how many bytes of b, whole batches, go into the segment: at least the first.
func (s *segment) fits(b []byte, opt Options) int {
	first := firstBatch(b)
	as := segment{firstTime: s.firstTime, size: s.size + int64(len(first.b))}
	if s.size == 0 {
		as.firstTime = first.MaxTimestamp()
	}
	n := len(first.b)
	for n < len(b) {
		next := firstBatch(b[n:])
		if as.full(next, opt) {
			break
		}
		as.size += int64(len(next.b))
		n += len(next.b)
	}
	return n
}

// older says that t is before now by more than limit milliseconds; a limit that is not above 0 is none.
func older(t, now, limit int64) bool {
	return limit > 0 && now > t && uint64(now-t) > uint64(limit) // the difference may not fit an int64
}

// checkBatches verifies that b is whole batches with contiguous offsets from next on.
func checkBatches(b []byte, next Offset) error {
	for len(b) > 0 {
		batch, rest, err := ParseBatch(b)
		if err != nil {
			return err
		}
		if batch.BaseOffset() != next {
			return fmt.Errorf("%w: base offset %d, next offset %d", ErrGap, batch.BaseOffset(), next)
		}
		next, b = batch.LastOffset()+1, rest
	}
	return nil
}

// roll seals the active segment and begins the next one.
func (p *Partition) roll() error {
	s := newSegment(p.dir, p.active.next)
	if err := s.create(p.fs); err != nil {
		s.close()
		return err
	}
	sealed := p.active
	sealed.sealed = true
	p.unsynced = append(p.unsynced, sealed)
	p.pending.Store(int32(len(p.unsynced)))
	p.active, p.newNames = s, true
	p.publish(func(v *view) {
		// The old backing array may be grown in place: older views never look behind their own length.
		v.sealed, v.active = append(v.sealed, sealed.view()), s.view()
	})
	return nil
}

// publish replaces the readers' view by a changed copy. Called under mu.
func (p *Partition) publish(change func(*view)) {
	v := *p.view.Load()
	change(&v)
	p.view.Store(&v)
}
