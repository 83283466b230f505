package exec

import (
	"context"
	"slices"
	"sync"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// MaxBlockBytes bounds what a transaction block may have written before its COMMIT, which is held in memory.
const MaxBlockBytes = 256 << 20

// Overlay shows the writes of an open transaction block over a snapshot: rows of tables as the block has left them. What
// it appended to streams is not shown. Several writes to one key collapse into one, under the guard of the first: at
// COMMIT, Flush hands each key to the Tx once.
//
// A statement reads what Over gives it, so it, and a cursor, sees the writes as they were when it began; its own go into a
// Tx of Begin, and belong to the block after that one's Commit.
type Overlay struct {
	reader Reader
	// frozen is what Over shows; nil: the writes as they are.
	frozen map[catalog.PartitionID]state.Snapshot
	*blockWrites
}

// blockWrites is what a block has written. Readers may be in several goroutines; one writes.
type blockWrites struct {
	mu     sync.RWMutex
	tables map[catalog.PartitionID]*tableWrites
	order  []catalog.PartitionID // of tables, by first write
	stream []PartitionWrite
	checks []PartitionWrite
	bytes  int64
	marked bool // there may be a Mark in use
	undo   []undone
	// undoBytes are those of bytes that undo has.
	undoBytes int64
}

// NewOverlay returns an overlay without writes; r may be nil if it is only written to and read through Over.
func NewOverlay(r Reader) *Overlay {
	return &Overlay{reader: r, blockWrites: &blockWrites{tables: map[catalog.PartitionID]*tableWrites{}}}
}

// Over returns the writes as they are now over another snapshot: what the block's next statement reads. Closing it closes
// r. It is not changed by later writes; what is recorded through it belongs to the block all the same.
func (o *Overlay) Over(r Reader) *Overlay {
	o.mu.RLock()
	defer o.mu.RUnlock()
	frozen := make(map[catalog.PartitionID]state.Snapshot, len(o.tables))
	for p, t := range o.tables {
		frozen[p] = t.store.Snapshot()
	}
	return &Overlay{reader: r, frozen: frozen, blockWrites: o.blockWrites}
}

// Empty reports whether there is nothing to commit.
func (o *Overlay) Empty() bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return len(o.order) == 0 && len(o.stream) == 0 && len(o.checks) == 0
}

// Record adds the writes of a statement that has succeeded, and owns them from then on. Errors: 53200 beyond
// MaxBlockBytes; the block must then be rolled back.
func (o *Overlay) Record(ws []PartitionWrite) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range ws {
		for _, r := range w.Rows {
			o.bytes += int64(len(r.Key)+2*len(r.Value)+len(r.Before)) + writeRowBytes
		}
		switch {
		case w.Check:
			o.checks = append(o.checks, w)
			continue
		case !w.Table:
			o.stream = append(o.stream, w)
			continue
		}
		t := o.tables[w.Partition]
		if t == nil {
			t = newTableWrites(w.Partition)
			t.epoch = w.Epoch
			o.tables[w.Partition] = t
			o.order = append(o.order, w.Partition)
		}
		t.epoch = min(t.epoch, w.Epoch)
		if o.marked {
			o.noteUndo(t, w.Rows)
		}
		if err := t.record(w.Rows); err != nil {
			return err
		}
	}
	if o.bytes > MaxBlockBytes {
		return pgerr.New(pgerr.OutOfMemory, "out of memory").
			WithDetail("The writes of a transaction block need more than %d bytes.", int64(MaxBlockBytes))
	}
	return nil
}

// Flush writes what the block amounts to into tx. Nothing must be recorded after it.
func (o *Overlay) Flush(ctx context.Context, tx Tx) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.order {
		rows := o.tables[p].collapsed()
		for len(rows) > 0 {
			n := chunkOf(rows)
			if err := tx.Write(ctx, []PartitionWrite{{Partition: p, Table: true, Epoch: o.tables[p].epoch, Rows: rows[:n:n]}}); err != nil {
				return err
			}
			rows = rows[n:]
		}
	}
	for _, w := range o.checks {
		if w.Rows = o.unwritten(w); len(w.Rows) == 0 {
			continue
		}
		if err := tx.Write(ctx, []PartitionWrite{w}); err != nil {
			return err
		}
	}
	for _, w := range o.stream {
		if err := tx.Write(ctx, []PartitionWrite{w}); err != nil {
			return err
		}
	}
	return nil
}

// unwritten returns the rows of a check that the block does not write: what it writes has guards of its own.
func (o *Overlay) unwritten(w PartitionWrite) []WriteRow {
	t := o.tables[w.Partition]
	if t == nil {
		return w.Rows
	}
	return slices.DeleteFunc(w.Rows, func(r WriteRow) bool { return t.rows[string(r.Key)] != nil })
}

// chunkOf returns how many of rows make a chunk.
func chunkOf(rows []WriteRow) int {
	size := 0
	for i, r := range rows {
		size += len(r.Key) + len(r.Value) + len(r.Before) + writeRowBytes
		if size >= writeChunkBytes {
			return i + 1
		}
	}
	return len(rows)
}

// Begin returns a Tx for one statement of the block: its Commit records the writes, its Abort forgets them.
func (o *Overlay) Begin() Tx { return &statementTx{overlay: o} }

// statementTx gathers the writes of one statement of a block.
type statementTx struct {
	overlay *Overlay
	writes  []PartitionWrite
	bytes   int64
}

func (t *statementTx) Write(_ context.Context, ws []PartitionWrite) error {
	for _, w := range ws {
		for _, r := range w.Rows {
			t.bytes += int64(len(r.Key)+len(r.Value)+len(r.Before)) + writeRowBytes
		}
	}
	if t.bytes > MaxBlockBytes {
		return pgerr.New(pgerr.OutOfMemory, "out of memory").
			WithDetail("The writes of a transaction block need more than %d bytes.", int64(MaxBlockBytes))
	}
	t.writes = append(t.writes, ws...)
	return nil
}

// BeforeCommit implements Tx.
func (t *statementTx) BeforeCommit(func(context.Context) error) {
	panic("BUG: a statement of a block has no commit of its own")
}

func (t *statementTx) Commit(context.Context) error {
	ws := t.writes
	t.writes = nil
	return t.overlay.Record(ws)
}

func (t *statementTx) Abort() { t.writes = nil }

// Rows implements Reader.
func (o *Overlay) Rows(p catalog.PartitionID) state.Reader {
	below := o.reader.Rows(p)
	if o.frozen != nil {
		if written := o.frozen[p]; written != nil {
			return overlayRows{below: below, written: written}
		}
		return below
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	if t := o.tables[p]; t != nil {
		return overlayRows{below: below, written: t.store.Snapshot()}
	}
	return below
}

// wrote reports whether the block has written to a partition.
func (o *Overlay) wrote(p catalog.PartitionID) bool {
	if o.frozen != nil {
		return o.frozen[p] != nil
	}
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.tables[p] != nil
}

// Untaken reports whether the snapshot below is still to be taken. What the block wrote since Over is not shown then either.
func (o *Overlay) Untaken() bool {
	u, ok := o.reader.(untaken)
	return ok && u.Untaken()
}

// OffsetForTime implements Reader.
func (o *Overlay) OffsetForTime(p catalog.PartitionID, millis int64) (log.Offset, error) {
	return o.reader.OffsetForTime(p, millis)
}

// ReadLog implements Reader; the block's own appends are not in it.
func (o *Overlay) ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	return o.reader.ReadLog(p, from, maxBytes, buf)
}

// StartOffset implements Reader.
func (o *Overlay) StartOffset(p catalog.PartitionID) log.Offset { return o.reader.StartOffset(p) }

// EndOffset implements Reader.
func (o *Overlay) EndOffset(p catalog.PartitionID) log.Offset { return o.reader.EndOffset(p) }

// Close closes the snapshot below; the writes stay.
func (o *Overlay) Close() {
	for _, s := range o.frozen {
		s.Release()
	}
	o.reader.Close()
}
