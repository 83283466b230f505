package exec

import (
	"fmt"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// changesRecordRows bounds the rows of one record of an internal topic.
const changesRecordRows = 4096

// viewSink writes changes into the store and the changelog of a view's partition.
type viewSink struct {
	part  catalog.PartitionID
	key   []int
	codec log.Codec // of the changelog
}

// viewKey is what a round does to one key of a view.
type viewKey struct {
	key    []byte
	order  []string // rows in order of their first change
	deltas map[string]int64
}

// write adds the changes of b to c. rows reads the view's store as it stands.
func (s *viewSink) write(b *types.Batch, rows state.Reader, nowMillis int64, c *Commit) error {
	var records log.BatchBuilder
	if s.codec != log.CodecNone {
		records.SetCompression(s.codec)
	}
	for _, k := range s.group(b) {
		stored, err := s.load(rows, k.key)
		if err != nil {
			return err
		}
		if err := appendViewRecords(&records, k, stored, nowMillis); err != nil {
			return err
		}
		s.store(k, stored, c)
	}
	if records.Len() > 0 {
		c.Appends = append(c.Appends, Append{Partition: s.part, Batch: records.Build()})
	}
	return nil
}

// group collects the changes by view key, in order of first appearance.
func (s *viewSink) group(b *types.Batch) []*viewKey {
	byKey := make(map[string]*viewKey, b.Len)
	var keys []*viewKey
	var kbuf, rbuf []byte
	for i := range b.Len {
		kbuf = types.EncodeKey(kbuf[:0], b, s.key, i)
		k := byKey[string(kbuf)]
		if k == nil {
			k = &viewKey{key: append([]byte{}, kbuf...), deltas: map[string]int64{}}
			byKey[string(kbuf)] = k
			keys = append(keys, k)
		}
		rbuf = types.EncodeRow(rbuf[:0], b, i)
		if _, seen := k.deltas[string(rbuf)]; !seen {
			k.order = append(k.order, string(rbuf))
		}
		k.deltas[string(rbuf)] += b.Diff(i)
	}
	return keys
}

func (s *viewSink) load(rows state.Reader, key []byte) (state.StoredRows, error) {
	value, err := rows.Get(state.RowKey(s.part, key))
	if err != nil || value == nil {
		return state.StoredRows{}, err
	}
	stored, err := state.DecodeRows(value)
	if err != nil {
		return stored, fmt.Errorf("rows of %v: %w", s.part, err)
	}
	return stored, nil
}

// store adds the new contents of the key to c.
func (s *viewSink) store(k *viewKey, stored state.StoredRows, c *Commit) {
	next := applyDeltas(k, stored)
	if len(next.Rows) == 0 {
		c.State.Delete(state.RowKey(s.part, k.key))
		return
	}
	c.State.Put(state.RowKey(s.part, k.key), next.Append(nil))
}

// applyDeltas returns the rows of a key after the round.
func applyDeltas(k *viewKey, stored state.StoredRows) state.StoredRows {
	var next state.StoredRows
	seen := map[string]bool{}
	for _, r := range stored.Rows {
		seen[string(r.Row)] = true
		if n := r.Count + k.deltas[string(r.Row)]; n != 0 {
			next.Rows = append(next.Rows, state.StoredRow{Count: n, Row: r.Row})
		}
	}
	for _, row := range k.order {
		if n := k.deltas[row]; n != 0 && !seen[row] {
			next.Rows = append(next.Rows, state.StoredRow{Count: n, Row: []byte(row)})
		}
	}
	return next
}

// appendViewRecords adds the changelog records of one key: each takes away at most one row (the header before) and gives at
// most one (the value). The last record of a key holds its present row, or is a tombstone if it has none, as compaction
// keeps that one only; where the changes would end otherwise, a record that takes and gives the present row is added.
func appendViewRecords(records *log.BatchBuilder, k *viewKey, stored state.StoredRows, nowMillis int64) error {
	var gone, come []string
	for _, row := range k.order {
		for n := k.deltas[row]; n < 0; n++ {
			gone = append(gone, row)
		}
		for n := k.deltas[row]; n > 0; n-- {
			come = append(come, row)
		}
	}
	if len(gone)+len(come) == 0 {
		return nil
	}
	for i := 0; i < max(len(gone), len(come)); i++ {
		rec := log.Record{Key: k.key, TimestampMillis: nowMillis}
		if i < len(gone) {
			rec.Headers = []log.Header{{Key: BeforeHeader, Value: []byte(gone[i])}}
		}
		if i < len(come) {
			rec.Value = []byte(come[i])
		}
		if err := records.Append(rec); err != nil {
			return err
		}
	}
	present := presentRow(applyDeltas(k, stored))
	if present == nil || len(come) >= len(gone) && come[len(come)-1] == string(present) {
		return nil
	}
	return records.Append(log.Record{Key: k.key, TimestampMillis: nowMillis, Value: present,
		Headers: []log.Header{{Key: BeforeHeader, Value: present}}})
}

// presentRow returns the row that readers see under a key, nil if there is none.
func presentRow(s state.StoredRows) []byte {
	for _, r := range s.Rows {
		if r.Count > 0 {
			return r.Row
		}
	}
	return nil
}

// appendChanges adds the changes of b to an internal topic's partition.
func appendChanges(b *types.Batch, part catalog.PartitionID, nowMillis int64, c *Commit) error {
	if b.Len == 0 {
		return nil
	}
	var records log.BatchBuilder
	for from := 0; from < b.Len; from += changesRecordRows {
		chunk := b.Slice(from, min(from+changesRecordRows, b.Len))
		rec := log.Record{Value: types.EncodeBatch(nil, chunk), TimestampMillis: nowMillis}
		if err := records.Append(rec); err != nil {
			return err
		}
	}
	c.Appends = append(c.Appends, Append{Partition: part, Batch: records.Build()})
	return nil
}

// streamSink appends rows to a partition of a stream.
type streamSink struct {
	rel  *catalog.Relation
	part catalog.PartitionID
}

// write adds the rows of b to c. Rows of streams only come, and so do those that are made of them.
func (s *streamSink) write(b *types.Batch, nowMillis int64, c *Commit) error {
	var records log.BatchBuilder
	if codec := CodecOf(s.rel); codec != log.CodecNone {
		records.SetCompression(codec)
	}
	for i := range b.Len {
		if b.Diff(i) < 0 {
			return fmt.Errorf("BUG: a row of stream %q is taken back", s.rel.Name)
		}
		rec := log.Record{TimestampMillis: nowMillis}
		if s.rel.Format() == catalog.FormatJSON {
			rec.Value = appendJSONRow(nil, s.rel.Columns, b, i)
		} else {
			rec.Value = types.EncodeRow(nil, b, i)
		}
		for range b.Diff(i) {
			if err := records.Append(rec); err != nil {
				return err
			}
		}
	}
	if records.Len() > 0 {
		c.Appends = append(c.Appends, Append{Partition: s.part, Batch: records.Build()})
	}
	return nil
}

// CodecOf is the compression of the record batches of r's own topic.
func CodecOf(r *catalog.Relation) log.Codec {
	switch r.Config.Compression {
	case catalog.CompressionLZ4:
		return log.CodecLZ4
	case catalog.CompressionZstd:
		return log.CodecZstd
	}
	return log.CodecNone
}

// sink is where a task writes.
type sink struct {
	spec plan.Sink
	view viewSink
	rows streamSink
	part catalog.PartitionID
}

func newSink(spec plan.Sink, q *catalog.Relation, partition uint32) *sink {
	s := &sink{spec: spec, part: catalog.PartitionID{Topic: q.ID.Topic(spec.Topic), Partition: partition}}
	s.rows = streamSink{rel: q, part: s.part}
	s.view = viewSink{part: s.part, key: spec.Key, codec: CodecOf(q)}
	return s
}

func (s *sink) write(b *types.Batch, rows state.Reader, nowMillis int64, c *Commit) error {
	switch s.spec.Kind {
	case plan.SinkView:
		return s.view.write(b, rows, nowMillis, c)
	case plan.SinkStream:
		return s.rows.write(b, nowMillis, c)
	}
	return appendChanges(b, s.part, nowMillis, c)
}
