package exec

import (
	"bytes"
	"fmt"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// maxFailureBytes bounds the text of a row and of a message in millrace.errors; the rest is cut.
const maxFailureBytes = 1 << 10

// failure is a row that a round leaves out because an expression fails for it.
type failure struct {
	err  error
	diff int64 // below 0: the row that failed before is taken back
	row  string
}

// describe returns row i of b as PostgreSQL prints a record: (1,x,).
func describe(b *types.Batch, i int, in types.Scope) string {
	text := []byte{'('}
	for c, v := range b.Cols {
		if c > 0 {
			text = append(text, ',')
		}
		if !v.IsNull(i) {
			text = types.FormatText(text, v.Type, v.Datum(i), in)
		}
		if len(text) > maxFailureBytes {
			return cut(string(text))
		}
	}
	return string(append(text, ')'))
}

func cut(s string) string {
	if len(s) <= maxFailureBytes {
		return s
	}
	return string(bytes.ToValidUTF8([]byte(s[:maxFailureBytes]), nil)) + "…"
}

// failures collects what a round of one query leaves out, for the commit of the round.
type failures struct {
	rows        []failure
	undecodable []Undecodable
}

// take moves what pipelines and sources have noted since the last round into f.
func (f *failures) take(ps []*pipeline, ss []*source) {
	for _, p := range ps {
		f.rows = append(f.rows, p.failures...)
		p.failures = nil
	}
	for _, s := range ss {
		f.undecodable = append(f.undecodable, s.undecodable...)
		s.undecodable = nil
	}
}

// write adds the failures to a commit, as rows of millrace.errors on the commit's own shard.
func (f *failures) write(q *catalog.Relation, shard catalog.ShardID, nowMillis int64, c *Commit) error {
	if len(f.rows)+len(f.undecodable) == 0 {
		return nil
	}
	var records log.BatchBuilder
	for i, row := range f.batch(q).rows() {
		if err := records.Append(log.Record{Value: row, TimestampMillis: nowMillis}); err != nil {
			return fmt.Errorf("failure %d: %w", i, err)
		}
	}
	part := catalog.PartitionID{Topic: catalog.ErrorsID.Topic(0), Partition: uint32(shard)}
	c.Appends = append(c.Appends, Append{Partition: part, Batch: records.Build()})
	return nil
}

// errorRows is a batch of rows of millrace.errors.
type errorRows struct{ *types.Batch }

func (f *failures) batch(q *catalog.Relation) errorRows {
	b := types.NewBatch(catalog.ErrorsStream(0).Types(), len(f.rows)+len(f.undecodable))
	text := func(s string) types.Datum { return types.StrDatum(cut(s)) }
	for _, r := range f.rows {
		change := "failed"
		if r.diff < 0 {
			change = "retracted"
		}
		e := pgerr.From(r.err)
		b.AppendRow([]types.Datum{text(q.Name), text(change), text(e.Code), text(e.Message), text(r.row)}, 1)
	}
	for _, u := range f.undecodable {
		message := fmt.Sprintf("record %d of %v: %s", u.Offset, u.Partition, pgerr.From(u.Err).Message)
		b.AppendRow([]types.Datum{text(q.Name), text("undecodable"), text(pgerr.Code(u.Err)), text(message), types.NullDatum}, 1)
	}
	return errorRows{b}
}

// rows returns the rows in the row codec.
func (b errorRows) rows() [][]byte {
	out := make([][]byte, b.Len)
	for i := range out {
		out[i] = types.EncodeRow(nil, b.Batch, i)
	}
	return out
}

// tell reports committed failures.
func (rt *Runtime) tell(q *catalog.Relation, f *failures) {
	for _, r := range f.rows {
		if r.diff > 0 {
			rt.RowFailed(q, r.err)
		}
	}
	if rt.Undecodable == nil {
		return
	}
	for _, u := range f.undecodable {
		rt.Undecodable(q, u)
	}
}
