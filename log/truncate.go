package log

import (
	"fmt"
	"slices"
)

// TruncateTo removes everything from offset to on, durably. A batch that holds to goes as a whole, so NextOffset is at
// most to afterwards. ErrOutOfRange if to is below StartOffset or above NextOffset.
func (p *Partition) TruncateTo(to Offset) error {
	p.syncMu.Lock()
	defer p.syncMu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.usable(); err != nil {
		return err
	}
	v := p.view.Load()
	if to < v.start() || to > v.active.next {
		return fmt.Errorf("truncate partition %s: %w: %d is not in [%d, %d]", p.dir, ErrOutOfRange, to, v.start(), v.active.next)
	}
	if to == v.active.next {
		return nil
	}
	last := v.find(to)
	_, end, err := p.readSegment(last, last.seg == v.active.seg, to, 0, nil)
	if err != nil {
		return fmt.Errorf("truncate partition %s: %w", p.dir, err)
	}
	p.cuts.Add(1)
	if err := p.cut(v, last, end); err != nil {
		return p.poison(fmt.Errorf("truncate to %d: %w", to, err))
	}
	return nil
}

// cut makes the segment of last end at end and the active one. Readers are moved away first: an old view that fails
// sees that it is old.
func (p *Partition) cut(v *view, last segmentView, end indexEntry) error {
	all := append(slices.Clip(slices.Clone(v.sealed)), v.active)
	i := slices.IndexFunc(all, func(s segmentView) bool { return s.seg == last.seg })
	s, err := p.reload(last)
	if err != nil {
		return err
	}
	n := len(s.sparse)
	for n > 0 && s.sparse[n-1].pos >= end.pos {
		n--
	}
	s.sparse = s.sparse[:n:n]
	s.next, s.size, s.sealed = end.off, end.pos, false
	if _, err := p.stamp(s, s.stamps[:min(n, len(s.stamps))]); err != nil {
		return err
	}
	p.active = s
	p.unsynced = slices.DeleteFunc(p.unsynced, func(u *segment) bool { return u.base >= s.base })
	p.pending.Store(int32(len(p.unsynced)))
	p.view.Store(&view{sealed: slices.Clip(all[:i]), active: s.view(), generation: v.generation + 1})
	p.handles.forget(last.seg)
	for _, gone := range slices.Backward(all[i+1:]) {
		p.handles.forget(gone.seg)
		if err := gone.seg.remove(p.fs, p.dir); err != nil {
			return err
		}
	}
	return p.cutFiles(s)
}

// cutFiles cuts the index before the segment, so that there never is evidence for bytes that are gone.
func (p *Partition) cutFiles(s *segment) error {
	stored := indexEntry{off: s.base}
	if s.synced >= s.size {
		stored = indexEntry{off: s.next, pos: s.size}
	}
	s.unsaved = min(s.unsaved, len(s.sparse))
	if err := s.w.reset(s.sparse[:s.unsaved], stored); err != nil {
		return err
	}
	if err := s.tw.reset(s.stamps[:s.unsaved], indexEntry{off: stored.off, pos: s.maxTime}); err != nil {
		return err
	}
	if err := s.f.Truncate(s.size); err != nil {
		return err
	}
	if err := s.f.Sync(); err != nil {
		return err
	}
	s.synced = s.size
	return nil
}

// reload returns the segment ready for writing, as a new one: readers' handles of the old one know an index that ends
// too late. A stored segment is opened again; an active or un-synced one is open already.
func (p *Partition) reload(v segmentView) (*segment, error) {
	s := *v.seg
	if s.f != nil {
		return &s, nil
	}
	var err error
	if s.f, err = p.fs.OpenRW(s.path); err != nil {
		return nil, err
	}
	if s.w.f, err = p.fs.OpenRW(s.index); err != nil {
		return nil, err
	}
	if s.tw.f, err = p.fs.OpenRW(s.times); err != nil {
		return nil, err
	}
	if s.sparse, err = readIndex(s.w.f, s.base); err != nil {
		return nil, err
	}
	if s.stamps, err = timeIndex.read(s.tw.f, s.base); err != nil {
		return nil, err
	}
	s.unsaved, s.synced = len(s.sparse), v.size
	return &s, nil
}

// DropBefore removes whole segments that lie below offset off, oldest first, durably; the active one stays. StartOffset
// is then the base of the oldest that is left, which may be below off.
func (p *Partition) DropBefore(off Offset) error {
	p.syncMu.Lock()
	defer p.syncMu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.usable(); err != nil {
		return err
	}
	for {
		v := *p.view.Load()
		if len(v.sealed) == 0 || v.sealed[0].next > off {
			return nil
		}
		gone := v.sealed[0].seg
		v.sealed, v.generation = v.sealed[1:], v.generation+1
		p.view.Store(&v)
		p.handles.forget(gone)
		p.unsynced = slices.DeleteFunc(p.unsynced, func(s *segment) bool { return s == gone })
		p.pending.Store(int32(len(p.unsynced)))
		if err := gone.remove(p.fs, p.dir); err != nil {
			return p.poison(fmt.Errorf("drop segment %d: %w", gone.base, err))
		}
	}
}
