package exec

import (
	"context"
	"fmt"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// rowReader decodes the stored rows of a relation to the columns that a scan wants.
type rowReader struct {
	stored []types.Type // of the row
	want   []int        // for each stored column its place in the decoded batch, or -1
	system []int        // the same for the system columns of a stream or topic
	names  []string     // of these
	types  []types.Type // of the decoded batch, each column once
	output []int        // for each output column its place in the decoded batch
	stream *streamDecoder
	// missing are the values of columns that are younger than a row.
	missing []types.Datum
}

// newRowReader reads columns, which are positions in plan.ScanColumns of the relation.
func newRowReader(rel *catalog.Relation, columns []int) *rowReader {
	r := &rowReader{stored: rel.Types(), missing: rel.Missing(), want: make([]int, len(rel.Columns))}
	if !rel.Keyed() {
		r.stream = newStreamDecoder(plan.StreamRecords(rel), r.stored)
	}
	for i := range r.want {
		r.want[i] = -1
	}
	system := rel.SystemColumns()
	for _, c := range system {
		r.system, r.names = append(r.system, -1), append(r.names, c.Name)
	}
	for _, c := range columns {
		place, t := r.place(c, system)
		if *place < 0 {
			*place = len(r.types)
			r.types = append(r.types, t)
		}
		r.output = append(r.output, *place)
	}
	return r
}

func (r *rowReader) place(c int, system []catalog.Column) (*int, types.Type) {
	if c < len(r.want) {
		return &r.want[c], r.stored[c]
	}
	c -= len(r.want)
	return &r.system[c], system[c].Type
}

// batch returns an empty batch to decode into.
func (r *rowReader) batch(capacity int) *types.Batch { return types.NewBatch(r.types, capacity) }

// add decodes a row.
func (r *rowReader) add(b *types.Batch, row []byte) error {
	return types.DecodeRowColumns(row, r.stored, r.want, r.missing, b)
}

// addRecord decodes a stream's record: its row, and what the log says of it. An error says that the record is no row of
// the stream; b is as it was then.
func (r *rowReader) addRecord(b *types.Batch, partition uint32, rec *record) error {
	if err := r.stream.decode(rec, b, r.want); err != nil {
		return err
	}
	for i, at := range r.system {
		if at >= 0 {
			b.Cols[at].Append(systemDatum(r.names[i], partition, rec))
		}
	}
	return nil
}

// finish returns the output columns of a decoded batch.
func (r *rowReader) finish(b *types.Batch) *types.Batch {
	out := &types.Batch{Len: b.Len, Cols: make([]*types.Vector, len(r.output))}
	for i, at := range r.output {
		out.Cols[i] = b.Cols[at]
	}
	return out
}

// addRows appends all rows of o, which has the same types, to b, which the caller owns.
func addRows(b, o *types.Batch) {
	for c, v := range o.Cols {
		addVector(b.Cols[c], v)
	}
	b.Len += o.Len
}

func addVector(v, o *types.Vector) {
	before := v.Len()
	v.Int = append(v.Int, o.Int...)
	v.Float = append(v.Float, o.Float...)
	v.Str = append(v.Str, o.Str...)
	v.Dec = append(v.Dec, o.Dec...)
	switch {
	case o.Nulls != nil:
		if v.Nulls == nil {
			v.Nulls = make([]bool, before, v.Len())
		}
		v.Nulls = append(v.Nulls, o.Nulls...)
	case v.Nulls != nil:
		v.Nulls = append(v.Nulls, make([]bool, o.Len())...)
	}
}

// numbers returns 0 … n-1.
func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// next returns the next batch of a scan, nil at the end: up to size rows, which grows to BatchRows. fill adds one row, if
// any, and returns false at the end.
func (r *rowReader) next(ctx context.Context, rel *catalog.Relation, size *int, fill func(*types.Batch) (bool, error)) (*types.Batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := r.batch(*size)
	for n := 1; b.Len < *size; n++ {
		if n%BatchRows == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		ok, err := fill(b)
		if err != nil {
			return nil, fmt.Errorf("scan of relation %q: %w", rel.Name, err)
		}
		if !ok {
			break
		}
	}
	*size = min(*size*4, BatchRows)
	if b.Len == 0 {
		return nil, nil
	}
	return r.finish(b), nil
}
