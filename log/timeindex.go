package log

import (
	"fmt"
	"math"
	"path/filepath"
	"sort"

	"github.com/millracedb/millrace/log/vfs"
)

// unknownTime stands for the greatest timestamp of a segment that is damaged: newer than every time, so it is not
// dropped for its age, and looked into for every time.
const unknownTime = math.MaxInt64

// OffsetForTime returns the base offset of the first batch whose greatest timestamp is millis or later, NextOffset if
// there is none. Errors as of Read.
func (p *Partition) OffsetForTime(millis int64) (Offset, error) {
	for {
		v := p.view.Load()
		off, err := p.offsetForTime(v, millis)
		if err == nil {
			return off, nil
		}
		if now := p.view.Load(); now.generation != v.generation {
			continue // as in Read
		}
		return 0, fmt.Errorf("find the time %d: %w", millis, err)
	}
}

func (p *Partition) offsetForTime(v *view, millis int64) (Offset, error) {
	if v.closed {
		return 0, ErrClosed
	}
	for i := 0; i <= len(v.sealed); i++ {
		s, active := v.active, i == len(v.sealed)
		if !active {
			s = v.sealed[i]
		}
		if s.maxTime < millis {
			continue
		}
		off, err := p.findTime(s, active, millis)
		if err != nil || off < s.next {
			return off, err
		}
	}
	return v.active.next, nil
}

// findTime returns the base offset of the segment's first batch with a timestamp of millis or later, or the segment's end.
func (p *Partition) findTime(s segmentView, active bool, millis int64) (Offset, error) {
	h, err := p.handles.acquire(s.seg)
	if err != nil {
		return 0, err
	}
	stamps := s.stamps
	if stamps == nil && !active {
		stamps, err = h.stamps(p.fs)
	}
	p.handles.release(h)
	if err != nil {
		return 0, err
	}
	off := s.seg.base
	if i := sort.Search(len(stamps), func(i int) bool { return stamps[i].pos >= millis }); i > 0 {
		off = stamps[i-1].off // all batches below are older
	}
	var buf []byte
	for off < s.next {
		if buf, _, err = p.readSegment(s, active, off, int(p.opt.IndexIntervalBytes), buf); err != nil {
			return 0, err
		}
		for rest := buf; len(rest) > 0; {
			b := firstBatch(rest)
			if b.MaxTimestamp() >= millis {
				return b.BaseOffset(), nil
			}
			off, rest = b.LastOffset()+1, rest[len(b.b):]
		}
	}
	return s.next, nil
}

// stamp sets what the segment knows of time, for the entries of its index. known is what its time index file says, as far
// as it is valid; what it lacks is read from the batches. It returns whether the file is exactly right.
func (p *Partition) stamp(s *segment, known []indexEntry) (right bool, err error) {
	f, err := p.fs.Open(s.path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	s.stamps, s.maxTime, s.firstTime = nil, noTime, noTime
	if s.size == 0 {
		return true, nil
	}
	n := stamped(s.sparse, known)
	s.stamps = known[:n:n]
	if n == len(s.sparse) && n < len(known) && known[n].off == s.next {
		s.maxTime, right = known[n].pos, true
	} else if err := s.scanTimes(f); err != nil {
		return false, err
	}
	s.firstTime, err = firstTime(f, s.base)
	return right && len(known) == n+1, err
}

// stamped returns how many entries of an index the first ones of a time index are for.
func stamped(sparse, known []indexEntry) int {
	n := 0
	for n < len(sparse) && n < len(known) && known[n].off == sparse[n].off {
		n++
	}
	return n
}

func indexFileBytes(entries []indexEntry) int64 {
	return int64(indexHeaderBytes + len(entries)*indexEntryBytes)
}

// scanTimes reads the batches behind the last stamp and sets the others and maxTime.
func (s *segment) scanTimes(f vfs.File) error {
	from, left := indexEntry{off: s.base}, s.sparse[len(s.stamps):]
	if n := len(s.stamps); n > 0 {
		from, s.maxTime = s.sparse[n-1], s.stamps[n-1].pos
	}
	sc := scanner{f: f, size: s.size, interval: math.MaxInt64}
	sc.visit = func(at indexEntry, b Batch) {
		if len(left) > 0 && left[0] == at {
			s.stamps, left = append(s.stamps, indexEntry{off: at.off, pos: s.maxTime}), left[1:]
		}
		s.maxTime = max(s.maxTime, b.MaxTimestamp())
	}
	if err := sc.scan(from); err != nil {
		return err
	}
	if sc.bad != nil {
		s.maxTime = unknownTime
	}
	for _, e := range left {
		s.stamps = append(s.stamps, indexEntry{off: e.off, pos: s.maxTime})
	}
	return nil
}

// firstTime reads the greatest timestamp of a segment's first batch; noTime if that does not verify.
func firstTime(f vfs.File, base Offset) (int64, error) {
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	sc := scanner{f: f, size: size, end: indexEntry{off: base}, interval: math.MaxInt64, chunk: batchHeaderBytes}
	b, err := sc.fetch()
	if err != nil {
		return 0, err
	}
	batch, _, err := ParseBatch(b)
	if err != nil {
		return noTime, nil
	}
	return batch.MaxTimestamp(), nil
}

// restoreTimes opens the time index of a segment that is open for writing, and writes it anew if it is not exactly right.
func (p *Partition) restoreTimes(s *segment) error {
	known, size, err := timeIndex.readFile(p.fs, s.times, s.base)
	if err != nil {
		return err
	}
	right, err := p.stamp(s, known)
	if err != nil {
		return err
	}
	if right && known != nil && size == indexFileBytes(known) {
		s.tw.kept = len(s.stamps)
		s.tw.f, err = p.fs.OpenRW(s.times)
		return err
	}
	if s.tw.f, err = p.fs.Create(s.times); err != nil {
		return err
	}
	if err := s.tw.reset(s.stamps, indexEntry{off: s.next, pos: s.maxTime}); err != nil {
		return err
	}
	return p.fs.SyncDir(filepath.Dir(s.times))
}

// checkTimes makes sure of the time index of a sealed segment whose index is right: sparse are the entries of that.
func (p *Partition) checkTimes(s *segment, sparse []indexEntry) error {
	if n := len(sparse); n > 0 && sparse[n-1].off == s.next {
		sparse = sparse[:n-1]
	}
	known, size, err := timeIndex.readFile(p.fs, s.times, s.base)
	if err != nil {
		return err
	}
	if n := stamped(sparse, known); n == len(sparse) && len(known) == n+1 && known[n].off == s.next && size == indexFileBytes(known) {
		s.maxTime = known[n].pos // the segment itself need not be looked at
		return nil
	}
	s.sparse = sparse
	err = p.restoreTimes(s)
	if s.tw.f != nil {
		s.tw.f.Close()
		s.tw.f = nil
	}
	s.sparse, s.stamps = nil, nil
	return err
}
