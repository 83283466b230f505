package exec

import (
	"context"
	"math/rand/v2"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// writeChunkBytes is how much of a statement's rows is gathered before it goes to the Tx.
const writeChunkBytes = 256 << 10

// writeRowBytes estimates what a row costs beside its bytes.
const writeRowBytes = 96

// rowWriter gathers the rows that a statement writes to one relation and hands them to the Tx in chunks.
type rowWriter struct {
	rel    *catalog.Relation
	json   bool // its format
	tx     Tx
	check  bool             // rows are checked, not written
	chunk  []PartitionWrite // partitions with rows
	place  map[uint32]int   // of a partition in chunk
	bytes  int              // of the chunk, about
	arena  []byte           // encoded rows of the chunk
	spread int              // where a stream's rows without key go, in this chunk
}

func newRowWriter(rel *catalog.Relation, tx Tx) *rowWriter {
	return &rowWriter{rel: rel, json: rel.Format() == catalog.FormatJSON, tx: tx, place: map[uint32]int{}, spread: rand.IntN(max(rel.Partitions(), 1))}
}

// key returns the encoded key of row i of b, stored columns of the relation, in the memory of buf; nil if the relation, or
// the row in JSON, has no key.
func (w *rowWriter) key(buf []byte, b *types.Batch, i int) []byte {
	if len(w.rel.Key) == 0 {
		return nil
	}
	if w.json {
		return appendJSONKey(buf[:0], w.rel, b, i)
	}
	return types.EncodeKey(buf[:0], b, w.rel.Key, i)
}

// value returns row i of b in the relation's format; it must be written next.
func (w *rowWriter) value(b *types.Batch, i int) []byte {
	start := len(w.arena)
	if w.json {
		w.arena = appendJSONRow(w.arena, w.rel.Columns, b, i)
	} else {
		w.arena = types.EncodeRow(w.arena, b, i)
	}
	return w.arena[start:len(w.arena):len(w.arena)]
}

// partition returns where a row with the encoded key belongs. Rows of a stream without key are spread: those of one chunk
// stay together, so that a small statement is a write to one partition.
func (w *rowWriter) partition(key []byte) uint32 {
	if key == nil {
		return uint32(w.spread)
	}
	return types.Partition(key, w.rel.Partitions())
}

// write takes a row for partition p. It keeps the row's value and before, and a copy of the key.
func (w *rowWriter) write(ctx context.Context, p uint32, row WriteRow) error {
	if row.Key != nil {
		start := len(w.arena)
		w.arena = append(w.arena, row.Key...)
		row.Key = w.arena[start:len(w.arena):len(w.arena)]
	}
	at, ok := w.place[p]
	if !ok {
		at = len(w.chunk)
		w.place[p] = at
		w.chunk = append(w.chunk, PartitionWrite{Partition: w.rel.Partition(int(p)), Table: w.rel.Keyed(), Check: w.check, Epoch: w.rel.Epoch})
	}
	w.chunk[at].Rows = append(w.chunk[at].Rows, row)
	w.bytes += len(row.Key) + len(row.Value) + len(row.Before) + writeRowBytes
	if w.bytes < writeChunkBytes {
		return nil
	}
	return w.flush(ctx)
}

// flush hands the chunk to the Tx, which owns its memory from then on.
func (w *rowWriter) flush(ctx context.Context) error {
	if len(w.chunk) == 0 {
		return nil
	}
	chunk, size := w.chunk, len(w.arena)
	w.chunk, w.bytes, w.arena = nil, 0, make([]byte, 0, size)
	clear(w.place)
	w.spread = (w.spread + 1) % w.rel.Partitions()
	return w.tx.Write(ctx, chunk)
}
