package exec

import (
	"context"
	"fmt"
	"slices"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// streamScan reads the records of a stream as of the snapshot, partition by partition, in order of offsets: all, or those that a
// plan.LogRange says.
type streamScan struct {
	env  *Env
	node *plan.Scan
	rows *rowReader
	size int // of the next batch, or of the next window of a scan from the end

	started bool
	spans   []logSpan // still to be read; the first is log's, if that is not nil
	times   timeSpan
	log     *logReader
}

// Below this many records a span is read in small pieces.
const (
	shortSpan      = 1024
	shortSpanBytes = 64 << 10
)

func newStreamScan(n *plan.Scan, env *Env, rows *rowReader) *streamScan {
	return &streamScan{env: env, node: n, rows: rows, size: firstBatchRows}
}

func (s *streamScan) Next(ctx context.Context) (*types.Batch, error) {
	if !s.started {
		s.started = true
		var err error
		if s.spans, s.times, err = s.env.logSpans(ctx, s.node); err != nil {
			return nil, fmt.Errorf("scan of relation %q: %w", s.node.Relation.Name, err)
		}
		first, end := s.env.partitions(s.node)
		s.spans = slices.DeleteFunc(s.spans, func(l logSpan) bool {
			return int(l.partition.Partition) < first || int(l.partition.Partition) >= end
		})
	}
	if s.node.Log != nil && s.node.Log.Reverse {
		return s.nextBack(ctx)
	}
	return s.rows.next(ctx, s.node.Relation, &s.size, s.fill)
}

// fill adds the next record, if any; false at the end.
func (s *streamScan) fill(b *types.Batch) (bool, error) {
	if s.log == nil {
		if len(s.spans) == 0 {
			return false, nil
		}
		s.log = s.open(s.spans[0])
		s.spans = s.spans[1:]
	}
	ok, err := s.add(b, s.log)
	if !ok {
		s.log = nil
	}
	return true, err
}

// nextBack returns the next records from the end: those of a window of offsets, which grows, in reverse.
func (s *streamScan) nextBack(ctx context.Context) (*types.Batch, error) {
	for len(s.spans) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		window := s.spans[0]
		window.from = max(window.from, window.end-logOffset(s.size))
		if s.spans[0].end = window.from; window.from == s.spans[0].from {
			s.spans = s.spans[1:]
		}
		b := s.rows.batch(s.size)
		s.size = min(s.size*4, BatchRows)
		for log := s.open(window); ; {
			ok, err := s.add(b, log)
			if err != nil {
				return nil, fmt.Errorf("scan of relation %q: %w", s.node.Relation.Name, err)
			}
			if !ok {
				break
			}
		}
		if b.Len > 0 {
			return s.rows.finish(b).Gather(backwards(b.Len)), nil
		}
	}
	return nil, nil
}

func backwards(n int) []int {
	out := numbers(n)
	for i := range out {
		out[i] = n - 1 - i
	}
	return out
}

// add adds the next record of log, if it is wanted; false at the end.
func (s *streamScan) add(b *types.Batch, log *logReader) (bool, error) {
	rec, err := log.next()
	if rec == nil || err != nil {
		return false, err
	}
	if s.times.has(rec.TimestampMillis) {
		s.env.addRecord(s.node.Relation, s.rows, b, log.partition, rec)
	}
	return true, nil
}

// addRecord adds the row of a record to b, if it is one.
func (e *Env) addRecord(rel *catalog.Relation, rows *rowReader, b *types.Batch, p catalog.PartitionID, rec *record) {
	if !rows.stream.isRow(rec) {
		return
	}
	if err := rows.addRecord(b, p.Partition, rec); err != nil && e.Undecodable != nil {
		e.Undecodable(Undecodable{Stream: rel.ID, Partition: p, Offset: rec.Offset, Err: err})
	}
}

func (s *streamScan) open(span logSpan) *logReader {
	l := &logReader{reader: s.env.Reader, partition: span.partition, from: span.from, end: span.end}
	if span.end-span.from <= shortSpan {
		l.maxBytes = shortSpanBytes
	}
	return l
}

func (s *streamScan) Close() { s.log = nil }
