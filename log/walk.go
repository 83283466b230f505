package log

import (
	"fmt"
	"math"

	"github.com/millracedb/millrace/log/vfs"
)

// StoredBatch is a verified batch with its place on disk. It is valid until the visitor returns.
type StoredBatch struct {
	Batch
	File     string
	Position int64
}

// Walk calls visit for the batches of the partition in dir, in order, from the one that holds offset from on (or the first
// behind it). It changes nothing and recovers nothing; the partition must not be open. It ends with the first error of visit,
// or with a *CorruptError at the first place that does not verify: a torn end, which OpenPartition would cut, included.
func Walk(fs vfs.FS, dir string, from Offset, visit func(StoredBatch) error) error {
	p := &Partition{fs: vfs.ReadOnly(fs), dir: dir}
	segs, _, err := p.findSegments()
	if err != nil {
		return err
	}
	for i, s := range segs {
		if i+1 < len(segs) && segs[i+1].base <= from {
			continue
		}
		sc, err := p.scan(s)
		if err != nil {
			return err
		}
		err = walkSegment(sc, s, from, visit)
		sc.f.Close()
		if err != nil {
			return err
		}
		if i+1 < len(segs) && segs[i+1].base != sc.end.off {
			return &CorruptError{File: s.path, Position: sc.end.pos, Reason: fmt.Sprintf("offset %d is missing before segment %d", sc.end.off, segs[i+1].base)}
		}
	}
	return nil
}

func walkSegment(sc *scanner, s *recovered, from Offset, visit func(StoredBatch) error) error {
	for sc.end.pos < sc.size {
		batch, at, err := sc.next()
		if err != nil {
			return err
		}
		if sc.bad != nil {
			return &CorruptError{File: s.path, Position: at, Reason: sc.bad.Error()}
		}
		if batch.LastOffset() < from {
			continue
		}
		if err := visit(StoredBatch{Batch: batch, File: s.path, Position: at}); err != nil {
			return err
		}
	}
	return nil
}

// scan opens a segment to be scanned from its beginning. The caller closes the scanner's file.
func (p *Partition) scan(s *recovered) (*scanner, error) {
	f, err := p.fs.Open(s.path)
	if err != nil {
		return nil, err
	}
	return &scanner{f: f, size: s.fileBytes, interval: math.MaxInt64, end: indexEntry{off: s.base}}, nil
}

// next moves over one batch and returns it with its position; if it does not verify bad is set and end stays.
func (s *scanner) next() (Batch, int64, error) {
	at := s.end.pos
	b, err := s.fetch()
	if err != nil {
		return Batch{}, at, err
	}
	s.step(b)
	return Batch{b: b[:s.end.pos-at]}, at, nil
}

// peek returns the batch at end as its header has it, whether it verifies or not; false if that makes no sense, or the file
// ends before the batch does. The batch is valid until the next look.
func (s *scanner) peek() (Batch, bool, error) {
	b, err := s.fetch()
	if err != nil {
		return Batch{}, false, err
	}
	size, err := batchSize(b)
	if err != nil || size > len(b) {
		return Batch{}, false, nil
	}
	return Batch{b: b[:size]}, true, nil
}
