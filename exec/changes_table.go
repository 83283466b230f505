package exec

import (
	"bytes"
	"context"

	"github.com/millracedb/millrace/sql/types"
)

// The values of _op.
const (
	opInsert = "insert"
	opUpdate = "update"
	opDelete = "delete"
)

// tableChanges reads the changelog of a table or view. Of a record the row before and the row after go through the steps
// apart: what passes on both sides is an update, only before a delete, only after an insert.
type tableChanges struct {
	*Changes
	before, after *types.Batch
	records       []changeRecord
}

// changeRecord is one record: the places of its rows in before and after, -1 if there is none.
type changeRecord struct {
	before, after int
	timestamp     int64
}

func (t *tableChanges) read(ctx context.Context) (*types.Batch, bool, error) {
	ts := t.node.Relation.Types()
	t.before, t.after, t.records = types.NewBatch(ts, 0), types.NewBatch(ts, 0), t.records[:0]
	more := true
	for size := 0; len(t.records) < BatchRows && size < readLogBytes; {
		rec, err := t.log.next()
		if err != nil {
			return nil, false, err
		}
		if rec == nil {
			more = false
			break
		}
		size += len(rec.Value) + len(rec.Key) + 16
		if err := t.add(rec); err != nil {
			return nil, false, err
		}
	}
	b, err := t.output(ctx)
	return b, more, err
}

// add decodes a record.
func (t *tableChanges) add(rec *record) error {
	before := beforeOf(rec)
	if t.node.Relation.Query != nil && bytes.Equal(before, rec.Value) {
		return nil // a view repeats the present row where the log would end with another one
	}
	r := changeRecord{before: -1, after: -1, timestamp: timestamptzOfMillis(rec.TimestampMillis)}
	if before != nil {
		r.before = t.before.Len
		if err := types.DecodeRowMissing(before, t.node.Relation.Missing(), t.before); err != nil {
			return err
		}
	}
	if rec.Value != nil {
		r.after = t.after.Len
		if err := types.DecodeRowMissing(rec.Value, t.node.Relation.Missing(), t.after); err != nil {
			return err
		}
	}
	t.records = append(t.records, r)
	return nil
}

// beforeOf returns the row before the change, nil if there was none.
func beforeOf(rec *record) []byte {
	for _, h := range rec.Headers {
		if h.Key == BeforeHeader {
			return h.Value
		}
	}
	return nil
}

// output runs the steps over both sides and returns what the client sees.
func (t *tableChanges) output(ctx context.Context) (*types.Batch, error) {
	if len(t.records) == 0 {
		return nil, nil
	}
	before, beforePlaces, err := t.run(ctx, t.before)
	if err != nil {
		return nil, err
	}
	after, afterPlaces, err := t.run(ctx, t.after)
	if err != nil {
		return nil, err
	}
	wasAt, isAt := invert(beforePlaces, t.before.Len), invert(afterPlaces, t.after.Len)
	out := types.NewBatch(append([]types.Type{types.Text, types.Timestamptz}, after.Types()...), len(t.records))
	for _, r := range t.records {
		was, is := lookup(wasAt, r.before), lookup(isAt, r.after)
		switch {
		case was >= 0 && is >= 0:
			appendChange(out, opUpdate, r.timestamp, after, is)
		case is >= 0:
			appendChange(out, opInsert, r.timestamp, after, is)
		case was >= 0:
			appendChange(out, opDelete, r.timestamp, before, was)
		}
	}
	return out, nil
}

func appendChange(out *types.Batch, op string, timestamp int64, b *types.Batch, row int) {
	out.Cols[0].Append(types.StrDatum(op))
	out.Cols[1].Append(types.IntDatum(timestamp))
	for c, v := range b.Cols {
		out.Cols[c+2].AppendFrom(v, row)
	}
	out.Len++
}

// invert returns, for each of n places, the row that came from it, or -1.
func invert(places []int, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	for row, p := range places {
		out[p] = row
	}
	return out
}

func lookup(rows []int, place int) int {
	if place < 0 {
		return -1
	}
	return rows[place]
}
