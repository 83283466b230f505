package exec

import (
	"context"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// streamScan reads all records of a stream as of the snapshot, partition by partition, in order of offsets.
type streamScan struct {
	env  *Env
	rel  *catalog.Relation
	rows *rowReader
	size int // of the next batch

	partition int // the next one to open
	log       *logReader
}

func (s *streamScan) Next(ctx context.Context) (*types.Batch, error) {
	return s.rows.next(ctx, s.rel, &s.size, s.fill)
}

// fill adds the next record, if any; false at the end.
func (s *streamScan) fill(b *types.Batch) (bool, error) {
	if s.log == nil {
		if s.partition == s.rel.Partitions() {
			return false, nil
		}
		s.open()
	}
	rec, err := s.log.next()
	if err != nil {
		return false, err
	}
	if rec == nil {
		s.log = nil
		return true, nil
	}
	s.env.addRecord(s.rel, s.rows, b, s.log.partition, rec)
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

func (s *streamScan) open() {
	p := s.rel.Partition(s.partition)
	r := s.env.Reader
	s.log = &logReader{reader: r, partition: p, from: r.StartOffset(p), end: r.EndOffset(p)}
	s.partition++
}

func (s *streamScan) Close() { s.log = nil }
