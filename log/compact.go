package log

import (
	"errors"
	"fmt"
	"slices"
)

// DefaultCompactKeys bounds the keys that Compact holds in memory at once: about 64 MiB.
const DefaultCompactKeys = 1 << 20

// CompactOptions say what a compaction may remove.
type CompactOptions struct {
	// Below: only segments that end at or below this offset are rewritten. The owner sees to it that nobody needs each
	// single record below it any more.
	Below Offset
	// TombstonesBefore, in milliseconds since 1970: a tombstone that is its key's last record goes if it is older.
	TombstonesBefore int64
	// MinDirtyRatio, from 0 to 1: nothing is done while less than this part of the bytes below Below was appended since the
	// last compaction. What was compacted before the partition was opened counts as appended since.
	MinDirtyRatio float64
	// MaxKeys bounds the keys held in memory; with more of them the log is read several times. 0: DefaultCompactKeys.
	MaxKeys int
}

// CompactStats say what a compaction did.
type CompactStats struct {
	Passes                        int // over the whole log, to find the last records of all keys; 0: too little was dirty
	SegmentsBefore, SegmentsAfter int // of the segments that were rewritten
	BytesBefore, BytesAfter       int64
	RecordsRemoved                int64
}

// errTruncated ends a compaction: the last record of a key may be gone.
var errTruncated = errors.New("the log was truncated meanwhile")

// Compact rewrites sealed segments so that of each key the last record is left, the last one of the whole log. Records
// without a key and control batches stay. Offsets stay: a batch may then hold fewer records than offsets, none at its
// beginning or end, and a batch that has lost all is taken into the offsets of the one before it. Reads at an offset that
// has no record any more give the batch that spans it, as ever. StartOffset and NextOffset stay.
//
// It first syncs, so that what replaces a record is stored. Appends, reads and syncs go on beside it; truncations and drops
// wait only while a segment is switched, and what was dropped meanwhile is left alone. A truncation ends the compaction with an
// error. One at a time runs per partition. Crash safety: FORMAT.md.
//
// Keys are told apart by 128 bits of a hash with a random seed. Memory: MaxKeys keys, and a bit per offset where records go.
func (p *Partition) Compact(opt CompactOptions) (CompactStats, error) {
	p.compactMu.Lock()
	defer p.compactMu.Unlock()
	if opt.MaxKeys <= 0 {
		opt.MaxKeys = DefaultCompactKeys
	}
	c := &compaction{p: p, opt: opt, dead: offsetSet{}}
	if err := c.run(); err != nil {
		return c.stats, fmt.Errorf("compact partition %s: %w", p.dir, err)
	}
	return c.stats, nil
}

// compaction is one run of Compact: begin takes stock, mark finds the records that go, sweep rewrites.
type compaction struct {
	p     *Partition
	opt   CompactOptions
	cuts  uint64        // of the partition when the run began
	end   Offset        // of the log, as far as it is looked at
	segs  []compactable // what may be rewritten: the oldest segments, contiguous
	dead  offsetSet
	stats CompactStats
}

// compactable is a sealed, stored segment.
type compactable struct {
	segmentView
	records, dead int64
}

// liveBytes is about how much is left of a segment.
func (s *compactable) liveBytes() int64 {
	if s.records == 0 {
		return 0
	}
	return int64(float64(s.size) * float64(s.records-s.dead) / float64(s.records))
}

func (c *compaction) run() error {
	if err := c.begin(); err != nil {
		return err
	}
	if len(c.segs) == 0 || c.dirtyRatio() < c.opt.MinDirtyRatio {
		return nil
	}
	if err := c.mark(); err != nil {
		return err
	}
	for _, g := range c.groups() {
		if err := c.sweep(g); err != nil {
			return err
		}
	}
	c.p.compactedTo, c.p.compactedAt = c.limit(), c.cuts
	return nil
}

// begin takes the log as it is and stores it.
func (c *compaction) begin() error {
	c.cuts = c.p.cuts.Load()
	c.end = c.p.NextOffset()
	if err := c.p.Sync(); err != nil {
		return err
	}
	c.p.mu.Lock()
	defer c.p.mu.Unlock()
	for _, s := range c.p.view.Load().sealed {
		if s.seg.f != nil || s.next > min(c.opt.Below, c.end) {
			break
		}
		c.segs = append(c.segs, compactable{segmentView: s})
	}
	return nil
}

// limit is the offset below which records may go.
func (c *compaction) limit() Offset { return c.segs[len(c.segs)-1].next }

func (c *compaction) dirtyRatio() float64 {
	var all, dirty int64
	clean := c.p.compactedTo
	if c.p.compactedAt != c.cuts {
		clean = 0 // other records may have come in the place of what was cut
	}
	for _, s := range c.segs {
		all += s.size
		if s.next > clean {
			dirty += s.size
		}
	}
	return float64(dirty) / float64(max(all, 1))
}

// groups are neighbours that make one segment each: by what is about left of them they fit into one. Those of which
// nothing goes are left out, unless they are small.
func (c *compaction) groups() (all [][]compactable) {
	for rest := c.segs; len(rest) > 0; {
		live, dead, n := rest[0].liveBytes(), rest[0].dead, 1
		for n < len(rest) && live+rest[n].liveBytes() <= c.p.opt.SegmentBytes {
			live, dead, n = live+rest[n].liveBytes(), dead+rest[n].dead, n+1
		}
		if dead > 0 || n > 1 && live <= c.p.opt.SegmentBytes/2 {
			all = append(all, rest[:n])
		}
		rest = rest[n:]
	}
	return all
}

// segmentOf returns the compactable segment that holds off, nil if none does.
func (c *compaction) segmentOf(off Offset) *compactable {
	i, _ := slices.BinarySearchFunc(c.segs, off, func(s compactable, off Offset) int {
		if s.next <= off {
			return -1
		}
		return 1
	})
	if i == len(c.segs) || off < c.segs[i].seg.base {
		return nil
	}
	return &c.segs[i]
}

// compactReadBytes is how much of the log is read at once.
const compactReadBytes = 1 << 20

// batches calls visit for the batches from offset from to end. What is dropped from the log's start meanwhile is left out.
func (c *compaction) batches(from, end Offset, visit func(Batch) error) error {
	var buf []byte
	for from < end {
		b, err := c.p.Read(from, compactReadBytes, buf)
		if start := c.p.StartOffset(); errors.Is(err, ErrOutOfRange) && from < start {
			from = start
			continue
		}
		if err != nil {
			return err
		}
		if len(b) == 0 {
			return errTruncated
		}
		for buf = b; len(b) > 0 && from < end; {
			batch := firstBatch(b)
			if err := visit(batch); err != nil {
				return err
			}
			from, b = batch.LastOffset()+1, b[len(batch.b):]
		}
	}
	return nil
}
