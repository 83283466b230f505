package log

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// recovered is a segment as it was found, and after its scan what is to be kept of it.
type recovered struct {
	*segment
	fileBytes int64
	entries   []indexEntry // evidence: the valid entries of the index
	indexSize int64
	scanned   bool // bytes behind the evidence were verified
	compacted *compactedFile
}

// compactedFile is a compacted segment that does not have its place yet: path of recovered is its name.
type compactedFile struct {
	place   string       // the path that it gets
	next    Offset       // where it ends
	covered []*recovered // the segments that it stands for; its own base may be among them
}

// recover finds the segments, verifies what has no evidence, cuts what was never stored, and opens the active segment.
// First everything is read and judged; files change only when nothing is corrupt.
func (p *Partition) recover() ([]segmentView, error) {
	segs, orphans, err := p.findSegments()
	if err != nil {
		return nil, err
	}
	keep, err := p.judge(segs)
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Backward(segs[keep:]) {
		if err := s.remove(p.fs, p.dir); err != nil {
			return nil, fmt.Errorf("remove segment %d, which was never stored: %w", s.base, err)
		}
	}
	for _, name := range orphans {
		if err := removeIfThere(p.fs, filepath.Join(p.dir, name)); err != nil {
			return nil, err
		}
	}
	if keep == 0 {
		p.active = newSegment(p.dir, 0)
		if err := p.active.create(p.fs); err != nil {
			return nil, err
		}
		return nil, p.fs.SyncDir(p.dir)
	}
	if err := p.fs.SyncDir(p.dir); err != nil {
		return nil, err
	}
	return p.reopen(segs[:keep])
}

// findSegments lists segments in order with their evidence, and indexes without a segment.
func (p *Partition) findSegments() (segs []*recovered, orphans []string, err error) {
	names, err := p.fs.List(p.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		if base, ok := parseSegmentName(name, segmentSuffix); ok {
			s, err := p.findSegment(base)
			if err != nil {
				return nil, nil, err
			}
			segs = append(segs, s)
		} else if isRefuse(name) {
			orphans = append(orphans, name)
		} else if base, ok := parseIndexName(name); ok {
			if !slices.Contains(names, filepath.Base(newSegment("", base).path)) {
				orphans = append(orphans, name)
			}
		}
	}
	segs, err = p.findCompacted(names, segs)
	return segs, orphans, err
}

func isRefuse(name string) bool {
	return strings.HasSuffix(name, compactingSuffix) || strings.HasSuffix(name, swapSuffix)
}

// findCompacted puts compacted segments in the place of those that they stand for.
func (p *Partition) findCompacted(names []string, segs []*recovered) ([]*recovered, error) {
	for _, name := range names {
		base, next, ok := parseCompactedName(name)
		if !ok {
			continue
		}
		s := &recovered{segment: newSegment(p.dir, base), entries: []indexEntry{}, indexSize: indexHeaderBytes}
		s.compacted = &compactedFile{place: s.path, next: next}
		s.path = filepath.Join(p.dir, name)
		info, err := p.fs.Stat(s.path)
		if err != nil {
			return nil, err
		}
		s.fileBytes = info.SizeBytes
		from := sort.Search(len(segs), func(i int) bool { return segs[i].base >= base })
		to := sort.Search(len(segs), func(i int) bool { return segs[i].base >= next })
		s.compacted.covered = slices.Clone(segs[from:to])
		segs = slices.Replace(segs, from, to, s)
	}
	return segs, nil
}

func (p *Partition) findSegment(base Offset) (*recovered, error) {
	s := &recovered{segment: newSegment(p.dir, base)}
	info, err := p.fs.Stat(s.path)
	if err != nil {
		return nil, err
	}
	s.fileBytes = info.SizeBytes
	if info, err = p.fs.Stat(s.index); err != nil {
		return s, nil // no index: no evidence
	}
	s.indexSize = info.SizeBytes
	f, err := p.fs.Open(s.index)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s.entries, err = readIndex(f, base)
	return s, err
}

// evidence is the last entry of the index: everything before it was stored.
func (s *recovered) evidence() indexEntry {
	if len(s.entries) == 0 {
		return indexEntry{off: s.base}
	}
	return s.entries[len(s.entries)-1]
}

// judge returns how many segments stay. The last of them may have to be cut at its size. ErrCorrupt if what does not
// verify was stored once.
func (p *Partition) judge(segs []*recovered) (keep int, err error) {
	stored := p.opt.SyncedOffset
	for _, s := range segs {
		if len(s.entries) > 0 {
			stored = max(stored, s.evidence().off)
		}
		if s.compacted != nil {
			stored = max(stored, s.compacted.next)
		}
	}
	if len(segs) == 0 && stored > 0 {
		return 0, &CorruptError{File: p.dir, Reason: fmt.Sprintf("no segment, but offsets up to %d were stored", stored)}
	}
	for i, s := range segs {
		bad, err := p.verify(s)
		if err != nil {
			return 0, err
		}
		whole := bad == nil
		if whole && i+1 < len(segs) && segs[i+1].base != s.next {
			bad = fmt.Errorf("offset %d is missing before segment %d", s.next, segs[i+1].base)
		} else if whole && i+1 == len(segs) && s.compacted == nil {
			bad = fmt.Errorf("the log ends at offset %d", s.next)
		}
		if s.compacted != nil && bad == nil && s.next != s.compacted.next {
			bad = fmt.Errorf("it ends at offset %d instead of %d", s.next, s.compacted.next)
		}
		if bad != nil && (s.next < stored || s.compacted != nil) {
			return 0, &CorruptError{File: s.path, Position: s.size, Reason: bad.Error()}
		}
		if bad != nil {
			return i + 1, nil
		}
	}
	return len(segs), nil
}

// verify scans what lies behind the evidence and sets next, size and index to what verified. bad says why the rest of
// the file, if there is any, did not.
func (p *Partition) verify(s *recovered) (bad, err error) {
	from := s.evidence()
	s.sparse = s.entries
	sc := scanner{size: s.fileBytes, interval: p.opt.IndexIntervalBytes}
	if from.pos == s.fileBytes {
		s.next, s.size = from.off, from.pos
		return nil, nil
	}
	if sc.f, err = p.fs.Open(s.path); err != nil {
		return nil, err
	}
	defer sc.f.Close()
	if err := sc.scan(from); err != nil {
		return nil, err
	}
	s.scanned = true
	s.sparse = append(s.sparse, sc.sparse...)
	s.next, s.size = sc.end.off, sc.end.pos
	if sc.bad != nil && from.pos > s.fileBytes {
		s.next = s.base // the stored end is gone: how far the file is good does not matter any more
	}
	return sc.bad, nil
}

// reopen makes what was kept durable, with new evidence where there was none, oldest first, and opens the active
// segment.
func (p *Partition) reopen(segs []*recovered) ([]segmentView, error) {
	var sealed []segmentView
	for i, s := range segs {
		active := i == len(segs)-1
		if active {
			p.active = s.segment
		}
		if !active && !s.scanned {
			if err := p.checkTimes(s.segment, s.entries); err != nil {
				return nil, fmt.Errorf("recover time index of segment %d: %w", s.base, err)
			}
			if len(segs[i+1].entries) == 0 {
				if err := p.syncIndexes(s.segment); err != nil {
					return nil, fmt.Errorf("recover segment %d: %w", s.base, err)
				}
			}
			sealed = append(sealed, s.view())
			continue
		}
		if err := p.restore(s); err != nil {
			s.close()
			return nil, fmt.Errorf("recover segment %d: %w", s.base, err)
		}
		if err := p.placeCompacted(s); err != nil {
			s.close()
			return nil, fmt.Errorf("recover compacted segment %d: %w", s.base, err)
		}
		if !active {
			s.close()
			s.sparse, s.stamps = nil, nil
			sealed = append(sealed, s.view())
		}
	}
	return sealed, nil
}

// syncIndexes stores the indexes of a sealed segment, which are right: a process that was killed within its Sync may have written
// them, and not synced. Then there is no evidence in the next segment, which gets it afterwards.
func (p *Partition) syncIndexes(s *segment) error {
	for _, path := range []string{s.index, s.times} {
		f, err := p.fs.OpenRW(path)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// restore opens a segment for writing, cuts and stores it, and writes its index anew if it is not exactly right.
func (p *Partition) restore(s *recovered) (err error) {
	if s.f, err = p.fs.OpenRW(s.path); err != nil {
		return err
	}
	if s.size < s.fileBytes {
		if err := s.f.Truncate(s.size); err != nil {
			return err
		}
	}
	// Also when nothing was cut or scanned: a TruncateTo may have been killed between its truncation and its sync.
	if err := s.f.Sync(); err != nil {
		return err
	}
	s.synced = s.size
	s.dropNearEnd(p.opt.IndexIntervalBytes)
	s.unsaved = len(s.sparse)
	if err := p.restoreIndex(s); err != nil {
		return err
	}
	if s.compacted != nil {
		// What is there is of before the compaction, whose batches may have been newer. Its offsets may agree all the same.
		if err := removeIfThere(p.fs, s.times); err != nil {
			return err
		}
	}
	return p.restoreTimes(s.segment)
}

// placeCompacted gives a compacted segment, whose indexes are right now, its place. The marker goes last: as long as it is
// there all of this is done again.
func (p *Partition) placeCompacted(s *recovered) error {
	c, marker := s.compacted, s.path
	if c == nil {
		return nil
	}
	for _, old := range c.covered {
		if old.base == s.base {
			continue // replaced by the rename
		}
		if err := old.remove(p.fs, p.dir); err != nil {
			return err
		}
	}
	if err := p.fs.Rename(marker, c.place); err != nil {
		return err
	}
	if err := p.fs.SyncDir(p.dir); err != nil {
		return err
	}
	s.path = c.place
	if err := removeIfThere(p.fs, marker); err != nil { // two names of one file: the rename did nothing
		return err
	}
	return p.fs.SyncDir(p.dir)
}

// dropNearEnd forgets a last entry that marked only the end of a Sync: the next Sync overwrites it.
func (s *segment) dropNearEnd(interval int64) {
	n := len(s.sparse)
	if n == 0 {
		return
	}
	var before int64
	if n > 1 {
		before = s.sparse[n-2].pos
	}
	if s.sparse[n-1].pos-before < interval || s.sparse[n-1].pos == s.size {
		s.sparse = s.sparse[: n-1 : n-1]
	}
}

func (p *Partition) restoreIndex(s *recovered) (err error) {
	right := !s.scanned && s.entries != nil && s.indexSize == int64(indexHeaderBytes+len(s.entries)*indexEntryBytes)
	if right {
		s.w.kept = len(s.sparse)
		s.w.f, err = p.fs.OpenRW(s.index)
		return err
	}
	if s.w.f, err = p.fs.Create(s.index); err != nil {
		return err
	}
	if err := s.w.reset(s.sparse, indexEntry{off: s.next, pos: s.size}); err != nil {
		return err
	}
	return p.fs.SyncDir(p.dir)
}
