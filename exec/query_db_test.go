package exec

import (
	"bytes"
	"context"
	"sort"
	"testing"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// testDB is what a shard's FSM does with writes, in memory: it checks guards, sets rows, and appends to logs.
type testDB struct {
	t    *testing.T
	rows state.DB
	logs map[catalog.PartitionID][]testBatch
	ends map[catalog.PartitionID]log.Offset
	// starts are the first offsets that a reader may read.
	starts map[catalog.PartitionID]log.Offset
	millis int64 // the time of records
}

// testBatch is a batch of a log: its last offset and its bytes.
type testBatch struct {
	last  log.Offset
	bytes []byte
}

func newTestDB(t *testing.T) *testDB {
	return &testDB{t: t, rows: state.NewMemory(), logs: map[catalog.PartitionID][]testBatch{},
		ends: map[catalog.PartitionID]log.Offset{}, starts: map[catalog.PartitionID]log.Offset{}, millis: unixToPostgresMillis}
}

// snapshot returns a reader of the present contents.
func (d *testDB) snapshot() *testReader {
	r := &testReader{db: d, rows: d.rows.Snapshot(), logs: map[catalog.PartitionID][]testBatch{}, ends: map[catalog.PartitionID]log.Offset{}}
	for p, end := range d.ends {
		r.ends[p], r.logs[p] = end, d.logs[p]
	}
	d.t.Cleanup(r.rows.Release)
	return r
}

type testReader struct {
	db   *testDB
	rows state.Snapshot
	logs map[catalog.PartitionID][]testBatch
	ends map[catalog.PartitionID]log.Offset
	// closed counts calls of Close.
	closed int
}

func (r *testReader) Rows(catalog.PartitionID) state.Reader        { return r.rows }
func (r *testReader) StartOffset(p catalog.PartitionID) log.Offset { return r.db.starts[p] }
func (r *testReader) EndOffset(p catalog.PartitionID) log.Offset   { return r.ends[p] }
func (r *testReader) Close()                                       { r.closed++ }

// ReadLog gives one batch at a time.
func (r *testReader) ReadLog(p catalog.PartitionID, from log.Offset, _ int, buf []byte) ([]byte, error) {
	batches := r.logs[p]
	i := sort.Search(len(batches), func(i int) bool { return batches[i].last >= from })
	if i == len(batches) {
		return buf, nil
	}
	return append(buf, batches[i].bytes...), nil
}

// OffsetForTime looks through all batches.
func (r *testReader) OffsetForTime(p catalog.PartitionID, millis int64) (log.Offset, error) {
	for _, b := range r.logs[p] {
		if batch, _, err := log.ParseBatch(b.bytes); err != nil || batch.MaxTimestamp() >= millis {
			return max(batch.BaseOffset(), r.StartOffset(p)), err
		}
	}
	return r.ends[p], nil
}

// begin returns a write.
func (d *testDB) begin() *testTx { return &testTx{db: d} }

type testTx struct {
	db     *testDB
	writes []PartitionWrite
	calls  int // of Write
	most   int // bytes in one call
}

func (x *testTx) Write(_ context.Context, ws []PartitionWrite) error {
	x.calls++
	size := 0
	for _, w := range ws {
		for _, r := range w.Rows {
			size += len(r.Key) + len(r.Value) + len(r.Before)
		}
	}
	x.most = max(x.most, size)
	x.writes = append(x.writes, ws...)
	return nil
}

func (x *testTx) Abort() {}

func (x *testTx) BeforeCommit(func(context.Context) error) {}

// Commit checks all guards, then writes. That a key is written twice is an error of the caller.
func (x *testTx) Commit(context.Context) error {
	seen := map[string]bool{}
	for _, w := range x.writes {
		for _, r := range w.Rows {
			if !w.Table {
				continue
			}
			key := string(state.RowKey(w.Partition, r.Key))
			if seen[key] {
				x.db.t.Errorf("key %x is written twice", r.Key)
			}
			seen[key] = true
			if err := x.db.check(w.Partition, r); err != nil {
				return err
			}
		}
	}
	for _, w := range x.writes {
		x.db.set(w)
	}
	return nil
}

// check checks the guard of r, and that its Before is what is stored.
func (d *testDB) check(p catalog.PartitionID, r WriteRow) error {
	stored, err := getStored(d.snapshot(), p, r.Key)
	if err != nil {
		return err
	}
	there := len(stored.Rows) > 0
	conflict := r.Guard == GuardAbsent && there || r.Guard == GuardAtOffset && (!there || stored.Offset != r.GuardOffset)
	if conflict {
		return &ConflictError{Partition: p, Key: r.Key, Guard: r.Guard}
	}
	if there != (r.Before != nil) || there && !bytes.Equal(stored.Rows[0].Row, r.Before) {
		d.t.Errorf("before of key %x is %x, stored is %v", r.Key, r.Before, stored)
	}
	return nil
}

// set applies the rows of one partition: the records, and for tables the store.
func (d *testDB) set(w PartitionWrite) {
	var recs []log.Record
	for _, r := range w.Rows {
		rec := log.Record{Key: r.Key, Value: r.Value, TimestampMillis: d.millis}
		if r.Before != nil {
			rec.Headers = []log.Header{{Key: BeforeHeader, Value: r.Before}}
		}
		recs = append(recs, rec)
	}
	offset := d.append(w.Partition, recs...)
	if !w.Table {
		return
	}
	var b state.Batch
	for i, r := range w.Rows {
		if key := state.RowKey(w.Partition, r.Key); r.Value == nil {
			b.Delete(key)
		} else {
			rows := []state.StoredRow{{Count: 1, Row: r.Value}}
			b.Put(key, state.StoredRows{Offset: offset + log.Offset(i), Rows: rows}.Append(nil))
		}
	}
	if err := d.rows.Write(&b); err != nil {
		d.t.Fatal(err)
	}
}

// append appends records as one batch and returns the first one's offset.
func (d *testDB) append(p catalog.PartitionID, recs ...log.Record) log.Offset {
	var builder log.BatchBuilder
	for _, rec := range recs {
		if err := builder.Append(rec); err != nil {
			d.t.Fatal(err)
		}
	}
	batch := bytes.Clone(builder.Build())
	base := d.ends[p]
	log.SetBaseOffset(batch, base)
	d.ends[p] += log.Offset(len(recs))
	d.logs[p] = append(d.logs[p], testBatch{last: d.ends[p] - 1, bytes: batch})
	return base
}

// put stores rows under a key of a view, with their multiplicities.
func (d *testDB) put(p catalog.PartitionID, key []byte, rows ...state.StoredRow) {
	var b state.Batch
	b.Put(state.RowKey(p, key), state.StoredRows{Rows: rows}.Append(nil))
	if err := d.rows.Write(&b); err != nil {
		d.t.Fatal(err)
	}
}

// load inserts rows into a table or stream.
func (d *testDB) load(rel *catalog.Relation, rows ...[]types.Datum) {
	d.t.Helper()
	b := types.NewBatch(rel.Types(), len(rows))
	for _, row := range rows {
		b.AppendRow(row, 1)
	}
	tx := d.begin()
	in := NewInserter(rel, &Env{Reader: d.snapshot()}, tx)
	if err := in.Add(context.Background(), b); err != nil {
		d.t.Fatal(err)
	}
	if _, err := in.Close(context.Background()); err != nil {
		d.t.Fatal(err)
	}
	if err := tx.Commit(context.Background()); err != nil {
		d.t.Fatal(err)
	}
}
