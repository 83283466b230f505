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
	if p.active.size > 0 && p.active.size+int64(len(b)) > p.opt.SegmentBytes {
		if err := p.roll(); err != nil {
			return p.poison(err)
		}
	}
	s := p.active
	if _, err := s.f.WriteAt(b, s.size); err != nil {
		return p.poison(fmt.Errorf("append to segment %d: %w", s.base, err))
	}
	for len(b) > 0 {
		size, _ := batchSize(b)
		batch := Batch{b: b[:size]}
		s.add(batch.BaseOffset(), batch.LastOffset()+1, size, p.opt.IndexIntervalBytes)
		b = b[size:]
	}
	p.publish(func(v *view) { v.active = s.view() })
	return nil
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
