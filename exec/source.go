package exec

import (
	"bytes"
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// BeforeHeader is the record header of a changelog that holds the row before the change; without it there was none.
const BeforeHeader = "before"

// Bounds of one round of a task or forwarder.
const (
	// roundBytes is how much of a log is read; large enough to amortize a commit, small enough for several in memory.
	roundBytes = 512 << 10
	// chunkRows and chunkBytes bound the rows taken from a store in one step of a backfill.
	chunkRows  = 4096
	chunkBytes = 512 << 10
)

// source reads one partition of a topic as changes. It has no state: the frontier is the caller's.
type source struct {
	spec plan.Source
	part catalog.PartitionID
	buf  []byte
	// undecodable are the records that the last read passed over.
	undecodable []Undecodable
	// chunk is how many keys of the store the last read took.
	chunk int
}

func newSource(spec plan.Source, query catalog.RelationID, partition uint32) *source {
	return &source{spec: spec, part: catalog.PartitionID{Topic: spec.TopicOf(query), Partition: partition}}
}

// start is the frontier of a consumer that has read nothing: of a stream the log from its start, which does not move before the
// consumer's first commit, as it was registered.
func (s *source) start(r Reader) Frontier {
	if s.spec.Kind == plan.SourceTable {
		return Frontier{Backfilling: true}
	}
	return Frontier{Offset: r.StartOffset(s.part)}
}

// behind reports whether r holds something that f has not included.
func (s *source) behind(r Reader, f Frontier) bool {
	return f.Backfilling || f.Offset < r.EndOffset(s.part)
}

// read returns changes from f on and the frontier after them: a bounded number, none only if f is not behind. until bounds
// the offsets read (exclusive) when the source is not backfilling.
//
// While backfilling, f says: of the keys up to Cursor everything below Offset is included, of the others nothing. So read
// takes the changes of keys up to the cursor up to the end of r, then the next chunk of rows as they stand in r. r is of
// one moment, so these rows are exactly as of that end, and the new frontier says the same of more keys.
func (s *source) read(r Reader, f Frontier, until log.Offset, limit int) (*types.Batch, Frontier, error) {
	s.undecodable, s.chunk = nil, 0
	end := r.EndOffset(s.part)
	if !f.Backfilling {
		b, next, err := s.readLog(r, f.Offset, min(end, until), limit, nil)
		return b, Frontier{Offset: next}, err
	}
	b := types.NewBatch(s.spec.Columns, 0)
	if len(f.Cursor) > 0 {
		upTo := func(key []byte) bool { return bytes.Compare(key, f.Cursor) <= 0 }
		var next log.Offset
		var err error
		b, next, err = s.readLog(r, f.Offset, end, limit, upTo)
		if err != nil || next < end {
			return b, Frontier{Offset: next, Backfilling: true, Cursor: f.Cursor}, err
		}
	}
	cursor, done, err := s.readChunk(r, f.Cursor, limit, b)
	if done {
		return b, Frontier{Offset: end}, err
	}
	return b, Frontier{Offset: end, Backfilling: true, Cursor: cursor}, err
}

// readChunk appends rows of the store with keys above cursor to b and returns the last key taken, and whether it was the
// last of all.
func (s *source) readChunk(r Reader, cursor []byte, limit int, b *types.Batch) ([]byte, bool, error) {
	prefix := state.RowPrefix(s.part)
	from := prefix
	if len(cursor) > 0 {
		from = append(state.RowKey(s.part, cursor), 0)
	}
	it := r.Rows(s.part).Scan(from, state.PrefixEnd(prefix))
	defer it.Close()
	size := 0
	for rows := 0; rows < chunkRows && size < min(limit, chunkBytes); rows++ {
		if !it.Next() {
			return cursor, true, it.Close()
		}
		s.chunk++
		cursor = append(cursor[:0:0], it.Key()[len(prefix):]...)
		size += len(it.Value())
		stored, err := state.DecodeRows(it.Value())
		if err != nil {
			return nil, false, fmt.Errorf("rows of %v: %w", s.part, err)
		}
		for _, row := range stored.Rows {
			if err := appendEncodedRow(b, row.Row, s.spec.Missing, row.Count); err != nil {
				return nil, false, err
			}
		}
	}
	return cursor, false, nil
}

// readLog returns the changes of the records in [from, until), at most about limit bytes, of which keep (nil: all) accepts
// the key, and the offset after the last record read.
func (s *source) readLog(r Reader, from, until log.Offset, limit int, keep func(key []byte) bool) (*types.Batch, log.Offset, error) {
	d := newRecordDecoder(s.spec, s.part)
	for size := 0; from < until && size < limit; {
		data, err := r.ReadLog(s.part, from, limit-size, s.buf[:0])
		if err != nil {
			return nil, from, fmt.Errorf("read %v at %d: %w", s.part, from, err)
		}
		if len(data) == 0 {
			break
		}
		s.buf = data
		size += len(data)
		if from, err = d.batches(data, from, until, keep); err != nil {
			return nil, from, fmt.Errorf("decode %v at %d: %w", s.part, from, err)
		}
	}
	s.undecodable = append(s.undecodable, d.undecodable...)
	return d.finish(), from, nil
}

// recordDecoder turns records into a batch of changes.
type recordDecoder struct {
	kind    plan.SourceKind
	part    catalog.PartitionID
	columns []types.Type
	missing []types.Datum
	out     *types.Batch // stored columns
	system  *types.Batch // system columns of streams
	names   []string     // of these
	values  []types.Datum
	stream  *streamDecoder
	// undecodable are the records of streams that are no rows.
	undecodable []Undecodable
}

func newRecordDecoder(spec plan.Source, part catalog.PartitionID) *recordDecoder {
	d := &recordDecoder{kind: spec.Kind, part: part, columns: spec.Columns, missing: spec.Missing}
	stored := spec.Columns
	if spec.Kind == plan.SourceStream {
		d.names = spec.SystemColumns()
		stored = stored[:len(stored)-len(d.names)]
		d.system = types.NewBatch(spec.Columns[len(stored):], 0)
		d.stream = newStreamDecoder(spec.Records, stored)
	}
	d.out = types.NewBatch(stored, 0)
	return d
}

// batches decodes the records of data in [from, until) and returns the offset after the last one seen.
func (d *recordDecoder) batches(data []byte, from, until log.Offset, keep func([]byte) bool) (log.Offset, error) {
	for len(data) > 0 {
		batch, rest, err := log.ParseBatch(data)
		if err != nil {
			return from, err
		}
		data = rest
		for it := batch.Records(); ; {
			if !it.Next() {
				if it.Err() != nil {
					return from, it.Err()
				}
				break
			}
			rec := it.Record()
			if rec.Offset < from {
				continue
			}
			if rec.Offset >= until {
				return until, nil // not from: what was before until may have been compacted away
			}
			from = rec.Offset + 1
			if keep != nil && !keep(rec.Key) {
				continue
			}
			if err := d.record(rec); err != nil {
				return from, err
			}
		}
		from = max(from, min(batch.LastOffset()+1, until))
	}
	return from, nil
}

func (d *recordDecoder) record(rec log.Record) error {
	switch d.kind {
	case plan.SourceStream:
		d.streamRecord(&rec)
		return nil
	case plan.SourceTable:
		return d.tableRecord(rec)
	}
	b, err := types.DecodeBatch(rec.Value, d.columns)
	if err != nil {
		return err
	}
	appendBatch(d.out, b)
	return nil
}

func (d *recordDecoder) streamRecord(rec *log.Record) {
	if !d.stream.isRow(rec) {
		return
	}
	if err := d.stream.decode(rec, d.out, nil); err != nil {
		u := Undecodable{Stream: d.part.Topic.Relation(), Partition: d.part, Offset: rec.Offset, Err: err}
		if d.stream.Records != nil {
			u.Stream = d.stream.Stream
		}
		d.undecodable = append(d.undecodable, u)
		return
	}
	d.values = d.values[:0]
	for _, name := range d.names {
		d.values = append(d.values, systemDatum(name, d.part.Partition, rec))
	}
	d.system.AppendRow(d.values, 1)
}

func (d *recordDecoder) tableRecord(rec log.Record) error {
	for _, h := range rec.Headers {
		if h.Key == BeforeHeader {
			if err := appendEncodedRow(d.out, h.Value, d.missing, -1); err != nil {
				return err
			}
		}
	}
	if rec.Value == nil {
		return nil
	}
	return appendEncodedRow(d.out, rec.Value, d.missing, 1)
}

func (d *recordDecoder) finish() *types.Batch {
	if d.system != nil {
		d.out.Cols = append(d.out.Cols, d.system.Cols...)
	}
	return d.out
}

// unixToPostgresMillis is 2000-01-01 in ms since 1970.
const unixToPostgresMillis = 946684800000

func timestamptzOfMillis(ms int64) int64 { return (ms - unixToPostgresMillis) * 1000 }

// appendEncodedRow appends a row in the row codec with multiplicity diff.
func appendEncodedRow(b *types.Batch, row []byte, missing []types.Datum, diff int64) error {
	if err := types.DecodeRowMissing(row, missing, b); err != nil {
		return err
	}
	if diff == 1 && b.Diffs == nil {
		return nil
	}
	setLastDiff(b, diff)
	return nil
}

// setLastDiff sets the multiplicity of the last row of b.
func setLastDiff(b *types.Batch, diff int64) {
	if b.Diffs == nil {
		b.Diffs = make([]int64, 0, b.Len)
	}
	for len(b.Diffs) < b.Len {
		b.Diffs = append(b.Diffs, 1)
	}
	b.Diffs[b.Len-1] = diff
}

// appendBatch appends all rows of o to b.
func appendBatch(b, o *types.Batch) {
	if b.Len == 0 {
		*b = *o
		return
	}
	for i := range o.Len {
		b.AppendFrom(o, i, o.Diff(i))
	}
}
