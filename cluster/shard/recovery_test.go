package shard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// crash returns a rig that finds the files after a power cut, and the given store.
func (r *rig) crash(db *state.Memory) *rig {
	r.t.Helper()
	return startRig(r.t, r.fs.Crash(vfs.CrashDrop, nil), db)
}

// TestRecovery shows a shard again after power cuts: without and with a snapshot, the store ahead of the logs and behind.
func TestRecovery(t *testing.T) {
	r := newRig(t)
	wantRows, wantRecords := []string{}, []string{}
	step := func(i int) {
		t.Helper()
		r.want(Applied, &Write{Parts: []Part{tablePart(0, row{fmt.Sprintf("k%d", i), "v", absent})}})
		wantRows = append(wantRows, fmt.Sprintf("k%d=v@%d", i, i))
		wantRecords = append(wantRecords, "v")
		r.wantShard(wantRows, wantRecords)
	}
	step(0)
	old := clone(t, r.db)
	step(1)
	r = r.crash(clone(t, r.db)) // the logs are behind
	step(2)
	r = r.crash(old) // the store is behind: older than the last start
	step(3)
	r.snapshot()
	after := clone(t, r.db)
	step(4)
	r = r.crash(clone(t, r.db))
	step(5)
	r = r.crash(after)
	step(6)
}

func (r *rig) snapshot() {
	r.t.Helper()
	if taken, err := r.shard.TakeSnapshot(); !taken || err != nil {
		r.t.Fatalf("snapshot: %v, %v", taken, err)
	}
}

// TestSnapshotCutsLog shows that a snapshot empties the group's part of the write-ahead log, and that the outcomes that it
// made useless go with the next apply.
func TestSnapshotCutsLog(t *testing.T) {
	r := newRig(t)
	for i := range 5 {
		r.want(Applied, &Write{Parts: []Part{streamPart(0, fmt.Sprint(i))}})
	}
	r.snapshot()
	if first := r.wal.Group(1).FirstIndex(); first != 0 {
		t.Errorf("first entry after the snapshot: %d", first)
	}
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "5")}})
	if n := r.count(keyOutcome); n != 1 {
		t.Errorf("%d outcomes are kept", n)
	}
	r.crash(r.db).wantShard(nil, []string{"0", "1", "2", "3", "4", "5"})
}

// count counts the shard's own keys of a kind.
func (r *rig) count(kind byte) (n int) {
	r.t.Helper()
	prefix := ownKey(kind, 0)
	it := r.db.Scan(prefix, state.PrefixEnd(prefix))
	for it.Next() {
		n++
	}
	must(r.t, it.Close())
	return n
}

// TestSnapshotIsWanted shows that a snapshot is taken by itself after so many bytes of entries.
func TestSnapshotIsWanted(t *testing.T) {
	taken := make(chan struct{}, 8)
	r := newRig(t)
	r.shard.cfg.Snapshotted = func() { taken <- struct{}{} }
	big := strings.Repeat("x", 4<<20)
	for range snapshotBytes/(4<<20) + 1 {
		r.want(Applied, &Write{Parts: []Part{streamPart(0, big)}})
	}
	<-taken
}

// refuse opens a shard and wants an error that says why not, or that it is isolated.
func refuse(t *testing.T, fs *vfs.Mem, db *state.Memory, want string) {
	t.Helper()
	if problems, _ := inspect(t, fs, db); len(problems) == 0 {
		t.Errorf("%q: the stopped shard has no problem", want)
	}
	w, err := wal.Open(fs, "wal", wal.Options{FileBytes: 1 << 20})
	must(t, err)
	defer w.Close()
	fatal := make(chan error, 100)
	s, err := Open(Config{Group: 1, NodeID: "n", FS: fs, Dir: "shard", WAL: w, Stores: memoryStores{db, fs},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Fatal: func(err error) { fatal <- err }})
	if err == nil {
		err = errors.Join(s.WaitReady(context.Background()), s.Damage())
		select {
		case err = <-fatal:
		default:
		}
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestRefusals shows that a shard does not start from what cannot be right: the store is older than the snapshot, the write-ahead log or the snapshot is gone, the snapshot has rotted.
func TestRefusals(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "a", "b")}})
	old := clone(t, r.db)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "c")}})
	r.snapshot()
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "d")}})
	r.close()
	files := func() *vfs.Mem { return r.fs.Crash(vfs.CrashKeep, nil) }

	refuse(t, files(), clone(t, old), "the snapshot says")
	refuse(t, files(), state.NewMemory(), "the snapshot says")

	noWAL := files()
	must(t, noWAL.RemoveAll("wal"))
	refuse(t, noWAL, clone(t, r.db), "the write-ahead log up to")

	noSnapshot := files()
	must(t, noSnapshot.RemoveAll("shard/snapshot"))
	refuse(t, noSnapshot, clone(t, r.db), "the snapshot covers entries up to 0")

	rotten := files()
	f, err := rotten.OpenRW("shard/snapshot/snapshot")
	must(t, err)
	_, err = f.WriteAt([]byte{'x'}, 40)
	must(t, err)
	refuse(t, rotten, clone(t, r.db), "snapshot is corrupt")

	startRig(t, files(), clone(t, r.db)).wantShard(nil, []string{"a", "b", "c", "d"})
}

// TestFailedSync shows that a failed write to the write-ahead log is reported as fatal and never acknowledged.
func TestFailedSync(t *testing.T) {
	r := newRig(t)
	broken := errors.New("disk is broken")
	r.fs.SetHook(func(op vfs.Op, name string) error {
		if op == vfs.OpSync {
			return broken
		}
		return nil
	})
	_, err := r.shard.Propose(context.Background(), &Write{Parts: []Part{streamPart(0, "a")}})
	if !errors.Is(err, ErrUnknown) {
		t.Errorf("answer: %v", err)
	}
	if err := <-r.fatal; !errors.Is(err, broken) {
		t.Errorf("fatal: %v", err)
	}
}

// TestTransaction walks a transaction through its life: locks, the decision, what readers see, what is forgotten.
func TestTransaction(t *testing.T) {
	r := newRig(t)
	both := []catalog.ShardID{0, 1}
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent})}})
	id := TxnID{7}
	r.want(Applied, &Prepare{Txn: id, Decider: 0, Parts: []Part{tablePart(0, row{"a", "2", at(0)})}})
	r.want(Aborted, &Decide{Txn: TxnID{8}, Commit: true, Participants: both}) // unknown
	r.want(Aborted, &Decide{Txn: id, Commit: true, Participants: both})       // not whole
	r.want(Conflict, &Prepare{Txn: id, Decider: 0, Parts: []Part{tablePart(0, row{"b", "2", at(0)})}})
	r.want(Applied, &Prepare{Txn: id, Decider: 0, Parts: []Part{tablePart(0, row{"b", "2", absent})}, Last: true})
	if res := r.want(Locked, &Write{Parts: []Part{tablePart(0, row{key: "b", value: "3"})}}); res.Txn != id || string(res.Conflict.Key) != "b" {
		t.Errorf("locked: %+v", res)
	}
	r.wantShard([]string{"a=1@0"}, []string{"1"})
	r = r.crash(r.db)
	r.want(Locked, &Write{Parts: []Part{tablePart(0, row{key: "a", value: "3"})}})
	resolved := r.shard.Resolved(id)
	r.want(Applied, &Decide{Txn: id, Commit: true, Participants: both})
	<-resolved
	r.wantShard([]string{"a=2@1", "b=2@2"}, []string{"1", "2", "2"})
	if res := r.want(Decided, &Decide{Txn: id}); fmt.Sprint(res.Others) != fmt.Sprint(both) {
		t.Errorf("participants: %v", res.Others)
	}
	r = r.crash(r.db) // the logs have to be filled from what was staged
	r.wantShard([]string{"a=2@1", "b=2@2"}, []string{"1", "2", "2"})
	r.snapshot()
	r.want(Applied, &Forget{Txns: []TxnID{id}})
	if staged, kept := r.count(keyStaged), r.count(keyDecision); staged != 0 || kept != 0 {
		t.Errorf("%d parts and %d decisions are kept", staged, kept)
	}
}

// TestAbortedTransaction shows that an abort leaves nothing, and that a commit that comes too late is refused.
func TestAbortedTransaction(t *testing.T) {
	r := newRig(t)
	prepare := func(id TxnID, decider catalog.ShardID) {
		r.want(Applied, &Prepare{Txn: id, Decider: decider, Parts: []Part{tablePart(0, row{"a", "1", absent})}, Last: true})
	}
	prepare(TxnID{1}, 0)
	r.want(Applied, &Decide{Txn: TxnID{1}})
	r.want(Aborted, &Decide{Txn: TxnID{1}, Commit: true, Participants: []catalog.ShardID{0, 1}})
	r.want(Aborted, &Prepare{Txn: TxnID{1}, Decider: 0, Last: true})
	prepare(TxnID{2}, 5)
	r.want(Aborted, &Decide{Txn: TxnID{2}, Commit: true}) // another shard decides
	r.want(Applied, &Finish{Txn: TxnID{2}})
	r.want(Applied, &Finish{Txn: TxnID{2}, Commit: true}) // finished before
	if n := r.count(keyStaged); n != 0 {
		t.Errorf("%d parts are kept", n)
	}
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "2", absent})}})
	r.wantShard([]string{"a=2@0"}, []string{"2"})
}

// TestDropRelation shows that a dropped relation is gone for readers, writers and waiters, its files after the next snapshot, and
// that power cuts before and after do not bring it back.
func TestDropRelation(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent})}})
	r.snapshot()
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"b", "1", absent})}})
	before := clone(t, r.db)
	held := r.shard.Snapshot()
	defer held.Close()
	waiting := make(chan error, 1)
	go func() { waiting <- r.shard.Wait(context.Background(), partitionOf(0), 100) }()
	r.want(Applied, &Drop{Relations: []catalog.RelationID{relation}})
	if err := <-waiting; !errors.Is(err, exec.ErrDropped) {
		t.Errorf("waiter: %v", err)
	}
	if got := rows(t, held, 0); len(got) != 2 {
		t.Errorf("snapshot from before: %v", got)
	}
	if _, err := held.ReadLog(partitionOf(0), 0, 100, nil); !errors.Is(err, exec.ErrDropped) {
		t.Errorf("log of a snapshot from before: %v", err)
	}
	for name, db := range map[string]*state.Memory{"behind": before, "ahead": r.db} {
		again := r.crash(clone(t, db))
		again.want(Dropped, &Write{Parts: []Part{tablePart(0, row{"c", "1", absent})}})
		again.wantShard(nil, nil)
		if len(again.shard.Relations()) > 0 {
			t.Errorf("%s: relations %v", name, again.shard.Relations())
		}
		again.snapshot()
		if names, err := again.fs.List("shard/topics"); err != nil || len(names) > 0 {
			t.Errorf("%s: files %v, %v", name, names, err)
		}
	}
}

// TestWaiters shows that waiters are told of the end of a partition and of a frontier, and of nothing else.
func TestWaiters(t *testing.T) {
	r := newRig(t)
	c := exec.ConsumerID{Query: relation, Node: 1}
	ends, frontiers := make(chan error, 1), make(chan error, 1)
	go func() { ends <- r.shard.Wait(context.Background(), partitionOf(0), 1) }()
	go func() { frontiers <- r.shard.WaitFrontier(context.Background(), c, 0, 5) }()
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "a")}})
	r.want(Applied, &Commit{exec.Commit{Consumer: c, After: []exec.Frontier{{Offset: 9, Backfilling: true}}}})
	r.want(Applied, &Commit{exec.Commit{Consumer: c, Before: []exec.Frontier{{Offset: 9, Backfilling: true}}, After: []exec.Frontier{{Offset: 4}}}})
	select {
	case err := <-ends:
		t.Errorf("told too early: %v", err)
	case err := <-frontiers:
		t.Errorf("told too early: %v", err)
	default:
	}
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "b")}})
	must(t, <-ends)
	r.want(Applied, &Commit{exec.Commit{Consumer: c, Before: []exec.Frontier{{Offset: 4}}, After: []exec.Frontier{{Offset: 5}}}})
	must(t, <-frontiers)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.shard.Wait(ctx, partitionOf(0), 2); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestSnapshotReadsOneMoment shows that a snapshot does not see what is appended later, in rows and in the log.
func TestSnapshotReadsOneMoment(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"a", "1", absent})}})
	s := r.shard.Snapshot()
	defer s.Close()
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{"b", "1", absent})}})
	if got := rows(t, s, 0); len(got) != 1 {
		t.Errorf("rows: %v", got)
	}
	b, err := s.ReadLog(partitionOf(0), 0, 1<<20, nil)
	must(t, err)
	if batch, rest, err := log.ParseBatch(b); err != nil || len(rest) > 0 || batch.LastOffset() != 0 {
		t.Errorf("log: %d bytes behind the first batch, %v", len(rest), err)
	}
	if b, err := s.ReadLog(partitionOf(0), 1, 1<<20, nil); err != nil || len(b) > 0 {
		t.Errorf("at the end: %d bytes, %v", len(b), err)
	}
}
