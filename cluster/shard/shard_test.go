package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// relation is the table or stream that the tests write to.
const relation catalog.RelationID = 20000

func partitionOf(n uint32) catalog.PartitionID {
	return catalog.PartitionID{Topic: relation.Topic(0), Partition: n}
}

// rig is a shard whose files and store the test holds, so that it can crash them.
type rig struct {
	t     *testing.T
	fs    *vfs.Mem
	wal   *wal.WAL
	db    *state.Memory
	shard *Shard
	fatal chan error
	// stores opens the shard's store; nil: db, always.
	stores Stores
	logged bytes.Buffer  // warnings and errors of the shard
	memory *state.Budget // nil: none
}

// memoryStores gives a shard the same store in memory, whatever the directory.
type memoryStores struct {
	db *state.Memory
	fs vfs.FS
}

func (m memoryStores) Open(string, func(error)) (state.Disk, error) { return keepOpen{m.db, m.fs}, nil }

// Verify finds the store sound, and copies of it missing.
func (m memoryStores) Verify(dir string) error {
	if filepath.Base(dir) != StoreDir {
		return fmt.Errorf("a store in memory has no copies: %w", fs.ErrNotExist)
	}
	return nil
}

// keepOpen hides Close, so that a store in memory outlives its shard, as files do.
type keepOpen struct {
	*state.Memory
	fs vfs.FS
}

func (keepOpen) Close() error { return nil }

// Checkpoint writes the contents to a file.
func (k keepOpen) Checkpoint(dir string) error {
	var contents []byte
	it := k.Scan(nil, nil)
	for it.Next() {
		contents = fmt.Appendf(contents, "%x=%x\n", it.Key(), it.Value())
	}
	if err := errors.Join(it.Close(), k.fs.MkdirAll(dir)); err != nil {
		return err
	}
	return group.ReplaceFile(k.fs, filepath.Join(dir, "contents"), contents)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return startRig(t, vfs.NewMem(), state.NewMemory())
}

// startRig opens a shard over the files and the store, and waits until it is ready.
func startRig(t *testing.T, fs *vfs.Mem, db *state.Memory) *rig {
	t.Helper()
	r := &rig{t: t, fs: fs, db: db, fatal: make(chan error, 16)}
	wantSound(t, fs, db)
	r.open()
	must(t, r.shard.WaitReady(context.Background()))
	return r
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	r.wal, err = wal.Open(r.fs, "wal", wal.Options{FileBytes: 1 << 20})
	must(r.t, err)
	if r.stores == nil {
		r.stores = memoryStores{r.db, r.fs}
	}
	r.shard, err = Open(Config{ID: 0, Group: 1, NodeID: "n", FS: r.fs, Dir: "shard", WAL: r.wal, Stores: r.stores, Memory: r.memory,
		Logger: slog.New(slog.NewTextHandler(&r.logged, &slog.HandlerOptions{Level: slog.LevelWarn})), Fatal: func(err error) { r.fatal <- err }})
	must(r.t, err)
	r.t.Cleanup(r.close)
}

func (r *rig) close() {
	r.shard.Close()
	r.wal.Close()
}

// propose proposes an op and returns the result.
func (r *rig) propose(op Op) Result {
	r.t.Helper()
	res, err := r.shard.Propose(context.Background(), op)
	must(r.t, err)
	return res
}

// want proposes an op and checks the verdict.
func (r *rig) want(v Verdict, op Op) Result {
	r.t.Helper()
	res := r.propose(op)
	if res.Verdict != v {
		r.t.Fatalf("%T: got %v %s, want %v", op, res.Verdict, res.Reason, v)
	}
	return res
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// row is a row of a test's table; an empty value deletes.
type row struct {
	key, value string
	guard      Guard
}

var absent = Guard{Kind: exec.GuardAbsent}

func at(off log.Offset) Guard { return Guard{Kind: exec.GuardAtOffset, Offset: off} }

// tablePart makes a part of a table's rows.
func tablePart(partition uint32, rows ...row) Part {
	p := Part{Partition: partitionOf(partition), Table: true}
	var b log.BatchBuilder
	for _, r := range rows {
		rec := log.Record{Key: []byte(r.key), TimestampMillis: 1}
		if r.value != "" {
			rec.Value = []byte(r.value)
		}
		if err := b.Append(rec); err != nil {
			panic(err)
		}
		p.Guards = append(p.Guards, r.guard)
	}
	p.Batch = bytes.Clone(b.Build())
	return p
}

// streamPart makes a part of a stream's records.
func streamPart(partition uint32, values ...string) Part {
	var b log.BatchBuilder
	for _, v := range values {
		if err := b.Append(log.Record{Value: []byte(v), TimestampMillis: 1}); err != nil {
			panic(err)
		}
	}
	return Part{Partition: partitionOf(partition), Batch: bytes.Clone(b.Build())}
}

// rows reads a table's partition as "key=value@offset".
func rows(t *testing.T, s *Snapshot, partition uint32) (out []string) {
	t.Helper()
	prefix := state.RowPrefix(partitionOf(partition))
	it := s.Rows(partitionOf(partition)).Scan(prefix, state.PrefixEnd(prefix))
	for it.Next() {
		stored, err := state.DecodeRows(it.Value())
		must(t, err)
		out = append(out, fmt.Sprintf("%s=%s@%d", it.Key()[len(prefix):], stored.Rows[0].Row, stored.Offset))
	}
	must(t, it.Close())
	return out
}

// records reads a partition's log as values, "-" for null, and checks that the offsets have no gaps.
func records(t *testing.T, s *Snapshot, partition uint32) (out []string) {
	t.Helper()
	id := partitionOf(partition)
	for at := s.StartOffset(id); at < s.EndOffset(id); {
		b, err := s.ReadLog(id, at, 100, nil)
		must(t, err)
		for len(b) > 0 {
			batch, rest, err := log.ParseBatch(b)
			must(t, err)
			for it := batch.Records(); it.Next(); {
				rec := it.Record()
				if rec.Offset != at {
					t.Fatalf("record %d where %d was due", rec.Offset, at)
				}
				at++
				if rec.Value == nil {
					out = append(out, "-")
				} else {
					out = append(out, string(rec.Value))
				}
			}
			b = rest
		}
	}
	return out
}

// wantShard checks rows and records of partition 0.
func (r *rig) wantShard(wantRows, wantRecords []string) {
	r.t.Helper()
	s := r.shard.Snapshot()
	defer s.Close()
	if got := rows(r.t, s, 0); fmt.Sprint(got) != fmt.Sprint(wantRows) {
		r.t.Errorf("rows: got %v, want %v", got, wantRows)
	}
	if got := records(r.t, s, 0); fmt.Sprint(got) != fmt.Sprint(wantRecords) {
		r.t.Errorf("records: got %v, want %v", got, wantRecords)
	}
}

// TestWrite shows rows and records of writes, and that a guard that does not hold refuses the whole op.
func TestWrite(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent}, row{"b", "1", absent})}})
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "2", at(0)})}})
	res := r.want(Conflict, &Write{Parts: []Part{tablePart(0, row{"c", "1", absent}), tablePart(0, row{"b", "9", at(0)})}})
	if c := res.Conflict; string(c.Key) != "b" || c.Guard != exec.GuardAtOffset || c.Partition != partitionOf(0) {
		t.Errorf("conflict: %+v", c)
	}
	r.want(Conflict, &Write{Parts: []Part{tablePart(0, row{"a", "9", absent})}})
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"b", "", at(1)})}})
	r.wantShard([]string{"a=2@2"}, []string{"1", "1", "2", "-"})
}
