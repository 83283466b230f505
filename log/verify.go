package log

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/millracedb/millrace/log/vfs"
)

// Finding is a place on disk that is not as it should be.
type Finding struct {
	File     string
	Position int64 // in bytes
	Reason   string
	// Harmless: a crash may leave this, and the next OpenPartition mends it. Nothing that was stored is lost.
	Harmless bool
}

// Summary is what Verify has read.
type Summary struct {
	// Start and Next bound the offsets that OpenPartition would find.
	Start, Next                Offset
	Segments, Batches, Records int
	Bytes                      int64 // of batches that verify
}

// Verify reads the whole partition in dir, which must not be open, and calls report for each place that is not what was
// written: batches by CRC, counts and offsets, index entries by what they point at, sequences of producers. It changes
// nothing. synced is as Options.SyncedOffset. An error means that a file could not be read.
//
// What does not verify behind the last evidence that it was stored (FORMAT.md, section 2) is a torn write: one harmless
// finding, and what follows is not looked at, as the next open cuts there.
func Verify(fs vfs.FS, dir string, synced Offset, report func(Finding)) (Summary, error) {
	v := verifier{p: &Partition{fs: vfs.ReadOnly(fs), dir: dir}, report: report, stored: synced, producers: map[int64]sequence{}}
	segs, orphans, err := v.p.findSegments()
	if err != nil {
		return v.sum, err
	}
	for _, name := range orphans {
		report(Finding{File: filepath.Join(dir, name), Reason: "an index without its segment", Harmless: true})
	}
	for i, s := range segs {
		if len(s.entries) > 0 {
			v.stored, v.proven = max(v.stored, s.evidence().off), i
		}
	}
	return v.sum, v.segments(segs)
}

type verifier struct {
	p         *Partition
	report    func(Finding)
	stored    Offset // all below was stored once
	proven    int    // the last segment with evidence; all before it were synced with their indexes
	producers map[int64]sequence
	sum       Summary
	damaged   bool // Next stays where the first damage is
}

func (v *verifier) segments(segs []*recovered) error {
	if len(segs) == 0 {
		if v.stored > 0 {
			v.report(Finding{File: v.p.dir, Reason: fmt.Sprintf("there is no segment, but offsets up to %d were stored", v.stored)})
		}
		return nil
	}
	v.sum.Start, v.sum.Next = segs[0].base, segs[0].base
	for i, s := range segs {
		end, err := v.segment(s, i < v.proven)
		if err != nil || end.torn {
			return err
		}
		var next *recovered
		if i+1 < len(segs) {
			next = segs[i+1]
		}
		if torn := v.gap(s, end, next); torn {
			return nil
		}
	}
	return nil
}

// gap looks at the end of a segment and the beginning of the next one, nil behind the last, and reports whether the log
// is torn there.
func (v *verifier) gap(s *recovered, end segmentEnd, next *recovered) (torn bool) {
	stored := end.at.off < v.stored
	switch {
	case end.lost || next != nil && next.base == end.at.off || next == nil && !stored:
	case next == nil:
		v.damage(s, end.at, fmt.Sprintf("the log ends at offset %d, but offsets up to %d were stored", end.at.off, v.stored))
	case stored:
		v.damage(s, end.at, fmt.Sprintf("offset %d is missing before segment %d", end.at.off, next.base))
	default:
		v.torn(s, end.at, fmt.Sprintf("offset %d is missing before segment %d", end.at.off, next.base))
		return true
	}
	return false
}

// segmentEnd is where a segment ends: at a torn write, or unknown if what follows damage cannot be read.
type segmentEnd struct {
	at         indexEntry
	torn, lost bool
}

// segment reads one segment with its index.
func (v *verifier) segment(s *recovered, synced bool) (segmentEnd, error) {
	x := v.index(s, synced)
	times, err := v.times(s, synced)
	if err != nil {
		return segmentEnd{}, err
	}
	sc, err := v.p.scan(s)
	if err != nil {
		return segmentEnd{}, err
	}
	defer sc.f.Close()
	v.sum.Segments++
	for sc.end.pos < sc.size {
		x.boundary(sc.end)
		batch, at, err := sc.next()
		if err != nil {
			return segmentEnd{}, err
		}
		if sc.bad == nil {
			v.batch(s, batch, at)
			times.batch(batch)
			continue
		}
		if sc.end.off >= v.stored {
			v.torn(s, sc.end, sc.bad.Error())
			return segmentEnd{at: sc.end, torn: true}, nil
		}
		times.broken = true
		v.damage(s, sc.end, sc.bad.Error())
		if found, err := v.resync(sc, s.entries); !found || err != nil {
			return segmentEnd{lost: true}, err
		}
		x.skip(sc.end.pos)
	}
	x.end(sc.end)
	times.boundary(sc.end.off)
	return segmentEnd{at: sc.end}, nil
}

func (v *verifier) damage(s *recovered, at indexEntry, reason string) {
	v.damaged = true
	v.report(Finding{File: s.path, Position: at.pos, Reason: reason})
}

func (v *verifier) torn(s *recovered, at indexEntry, reason string) {
	v.report(Finding{File: s.path, Position: at.pos, Harmless: true,
		Reason: fmt.Sprintf("%s; nothing says that it was stored, so the next start cuts the log here, at offset %d", reason, at.off)})
}

// resync moves a scanner that stands before a bad batch to the next one that can be looked at: where the bad one says that it
// ends, if what is there says that it is the next, or verifies; or at an index entry. False if there is none.
func (v *verifier) resync(sc *scanner, entries []indexEntry) (bool, error) {
	clear(v.producers)
	from, behind := sc.end, indexEntry{}
	if bad, ok, err := sc.peek(); err != nil {
		return false, err
	} else if ok {
		behind = indexEntry{off: bad.LastOffset() + 1, pos: from.pos + int64(len(bad.b))}
	}
	candidates := []int64{behind.pos}
	for _, e := range entries {
		candidates = append(candidates, e.pos)
	}
	slices.Sort(candidates)
	for _, pos := range candidates {
		if pos <= from.pos || pos >= sc.size {
			continue
		}
		sc.end.pos = pos
		next, ok, err := sc.peek()
		if err != nil {
			return false, err
		}
		if !ok || next.BaseOffset() <= from.off {
			continue
		}
		if _, _, err := ParseBatch(next.b); err == nil || pos == behind.pos && next.BaseOffset() == behind.off {
			sc.bad, sc.end.off = nil, next.BaseOffset()
			return true, nil
		}
	}
	sc.end = from
	return false, nil
}

// batch checks what is inside of a batch whose CRC and place are right.
func (v *verifier) batch(s *recovered, b Batch, at int64) {
	v.sum.Batches++
	v.sum.Records += b.Count()
	v.sum.Bytes += int64(len(b.b))
	if !v.damaged {
		v.sum.Next = b.LastOffset() + 1
	}
	if err := checkRecords(b); err != nil {
		v.report(Finding{File: s.path, Position: at, Reason: err.Error()})
	}
	if reason := v.checkSequence(b); reason != "" {
		v.report(Finding{File: s.path, Position: at, Reason: reason})
	}
	if b.LastOffset()-b.BaseOffset() != Offset(b.Count()-1) {
		clear(v.producers) // compacted: batches of any producer may be gone in this one's offsets
	}
}

// checkRecords walks through the records. Compressed ones cannot be read here and are taken as they are.
func checkRecords(b Batch) error {
	it, last := b.Records(), b.BaseOffset()-1
	for it.Next() {
		if off := it.Record().Offset; off <= last {
			return fmt.Errorf("%w: record %d follows record %d", ErrCorrupt, off, last)
		}
		last = it.Record().Offset
	}
	if err := it.Err(); err != nil && !errors.Is(err, ErrCompressed) {
		return err
	}
	return nil
}
