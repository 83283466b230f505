package shard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// small makes segments of partition 0's topic as small as a batch or two.
func (r *rig) small() {
	r.t.Helper()
	r.want(Applied, &Configure{Topic: relation.Topic(0), SegmentBytes: 200})
}

// settle waits until the files follow the entries.
func (r *rig) settle() {
	r.t.Helper()
	must(r.t, r.shard.Swept(context.Background()))
}

// log0 is partition 0 as the retention sees it.
func (r *rig) log0() *PartitionLog {
	r.t.Helper()
	logs := r.shard.Logs()
	i := slices.IndexFunc(logs, func(l PartitionLog) bool { return l.ID == partitionOf(0) })
	if i < 0 {
		r.t.Fatal("partition 0 is not there")
	}
	return &logs[i]
}

// fileStart is where the files of partition 0 begin.
func (r *rig) fileStart() log.Offset { return r.log0().Segments()[0].Base }

// wantRecordsFrom checks start and records of partition 0 as numbers.
func (r *rig) wantRecordsFrom(from, to int) {
	r.t.Helper()
	s := r.shard.Snapshot()
	defer s.Close()
	want := []string{}
	for i := from; i < to; i++ {
		want = append(want, fmt.Sprint(i))
	}
	if got := records(r.t, s, 0); int(s.StartOffset(partitionOf(0))) != from || !slices.Equal(got, want) {
		r.t.Errorf("start %d, records %v, want %v", s.StartOffset(partitionOf(0)), got, want)
	}
}

func (r *rig) writeNumbers(from, to int) {
	r.t.Helper()
	for i := from; i < to; i++ {
		r.want(Applied, &Write{Parts: []Part{streamPart(0, fmt.Sprint(i))}})
	}
}

// TestTrim shows what a trim takes away from readers and from the disk, that it does not take what an open reader has, and that
// one made without knowing a dependent is refused.
func TestTrim(t *testing.T) {
	r := newRig(t)
	r.small()
	r.writeNumbers(0, 20)
	seen := r.log0().Registered
	r.want(Applied, &Register{Partition: partitionOf(0), Dependent: Dependent{Query: relation + 1, Node: 3}})
	r.want(Behind, &Trim{Partition: partitionOf(0), Before: 10, Registered: seen})
	r.want(Behind, &CompactTo{Partition: partitionOf(0), Below: 10, Registered: seen})
	r.wantRecordsFrom(0, 20)
	r.want(Invalid, &Trim{Partition: partitionOf(0), Before: 21, Registered: seen + 1})
	r.want(Invalid, &Trim{Partition: partitionOf(7), Before: 1})

	held := r.shard.Snapshot()
	r.want(Applied, &Trim{Partition: partitionOf(0), Before: 10, Registered: seen + 1})
	r.settle()
	r.wantRecordsFrom(10, 20)
	if got := records(t, held, 0); len(got) != 20 || r.fileStart() != 0 {
		t.Errorf("reader from before the trim: %v, files from %d", got, r.fileStart())
	}
	held.Close()
	r.settle()
	if at := r.fileStart(); at == 0 || at > 10 {
		t.Errorf("files begin at %d after the last reader from before the trim", at)
	}
	now := r.shard.Snapshot()
	defer now.Close()
	if _, err := now.ReadLog(partitionOf(0), 9, 100, nil); !errors.Is(err, log.ErrOutOfRange) {
		t.Errorf("read below the start: %v", err)
	}
	r.want(Applied, &Trim{Partition: partitionOf(0), Before: 5, Registered: seen + 1})
	r.wantRecordsFrom(10, 20)
	if r.shard.Stats().Trimmed == 0 {
		t.Error("nothing was counted")
	}
}

// TestRegister shows that a dependent's start is the one of the moment at which it was registered, that it outlives
// restarts, and goes with its query.
func TestRegister(t *testing.T) {
	r := newRig(t)
	r.small()
	first, second := Dependent{Query: relation + 1, Node: 3}, Dependent{Query: relation + 2, Node: 3}
	r.want(Applied, &Register{Partition: partitionOf(0), Dependent: first})
	r.writeNumbers(0, 20)
	r.want(Applied, &Trim{Partition: partitionOf(0), Before: 10, Registered: 1})
	r.want(Applied, &Register{Partition: partitionOf(0), Dependent: second})
	r.want(Applied, &Register{Partition: partitionOf(0), Dependent: first})
	check := func(want map[Dependent]log.Offset) {
		t.Helper()
		got := r.log0()
		if fmt.Sprint(got.Dependents) != fmt.Sprint(want) || got.Registered != 2 {
			t.Errorf("%v, %d registrations, want %v", got.Dependents, got.Registered, want)
		}
	}
	check(map[Dependent]log.Offset{first: 0, second: 10})
	r = r.crash(clone(t, r.db))
	check(map[Dependent]log.Offset{first: 0, second: 10})
	r.want(Applied, &Drop{Relations: []catalog.RelationID{relation + 1}})
	check(map[Dependent]log.Offset{second: 10})
	r.want(Dropped, &Register{Partition: partitionOf(0), Dependent: first})
	r.want(Applied, &Drop{Relations: []catalog.RelationID{relation}})
	r.want(Dropped, &Trim{Partition: partitionOf(0), Before: 1})
	for _, kind := range []byte{keyLog, keyRegistered, keySegments} {
		if n := r.count(kind); n != 0 {
			t.Errorf("%d keys of kind %q are left", n, kind)
		}
	}
}

// TestCrashAfterTrim shows a shard again that was cut off between the entry and the deletion of the files, and after it,
// with the store ahead and behind, with and without a snapshot between.
func TestCrashAfterTrim(t *testing.T) {
	for _, deleted := range []bool{false, true} {
		for _, snapshot := range []bool{false, true} {
			r := newRig(t)
			r.small()
			r.writeNumbers(0, 10)
			if snapshot {
				r.snapshot()
			}
			r.writeNumbers(10, 20)
			behind := clone(t, r.db)
			held := r.shard.Snapshot()
			r.want(Applied, &Trim{Partition: partitionOf(0), Before: 13})
			if deleted {
				held.Close()
			}
			r.settle()
			r.writeNumbers(20, 23)
			for name, db := range map[string]*state.Memory{"ahead": clone(t, r.db), "behind": behind} {
				again := r.crash(db)
				again.settle()
				again.wantRecordsFrom(13, 23)
				if at := again.fileStart(); at == 0 || at > 13 {
					t.Errorf("deleted %v, snapshot %v, store %s: files begin at %d", deleted, snapshot, name, at)
				}
				again.writeNumbers(23, 25)
				again.wantRecordsFrom(13, 25)
			}
			held.Close()
		}
	}
}

// TestCompactTo shows that a table's changelog is compacted below the horizon, that readers begin there, that the rows stay, and that
// power cuts at any moment change nothing of that.
func TestCompactTo(t *testing.T) {
	r := newRig(t)
	r.small()
	for i := range 60 {
		r.want(Applied, &Write{Parts: []Part{tablePart(0, row{key: fmt.Sprintf("k%d", i%3), value: fmt.Sprint(i)})}})
	}
	wantRows := []string{"k0=57@57", "k1=58@58", "k2=59@59"}
	r.snapshot()
	before, behind := r.log0(), clone(t, r.db)
	size := heldOf(before)
	r.want(Applied, &CompactTo{Partition: partitionOf(0), Below: 50, TombstonesBefore: 1, Hides: true})
	done := make(chan error, 1)
	go func() { done <- r.shard.Swept(context.Background()) }()
	var files []*vfs.Mem
	for running := true; running; {
		select {
		case err := <-done:
			must(t, err)
			running = false
		default:
			if len(files) < 40 {
				files = append(files, r.fs.Crash(vfs.CrashDrop, nil))
			}
		}
	}
	if now := heldOf(r.log0()); now >= size/2 {
		t.Errorf("%d bytes of %d are left", now, size)
	}
	check := func(r *rig) {
		t.Helper()
		r.settle()
		s := r.shard.Snapshot()
		defer s.Close()
		if got := rows(t, s, 0); !slices.Equal(got, wantRows) {
			t.Errorf("rows %v", got)
		}
		if at := s.StartOffset(partitionOf(0)); at != 50 {
			t.Errorf("readers begin at %d", at)
		}
		if got := records(t, s, 0); len(got) != 10 {
			t.Errorf("records from there on: %v", got)
		}
		if now := heldOf(r.log0()); now >= size/2 {
			t.Errorf("%d bytes of %d are left", now, size)
		}
	}
	check(r)
	after := clone(t, r.db)
	if m := newMachine(t, r.fs.Crash(vfs.CrashKeep, nil), clone(t, r.db)); m.view.todo.left() != 0 {
		t.Error("a compaction that came to its end is done again")
	}
	if m := newMachine(t, files[0].Crash(vfs.CrashKeep, nil), clone(t, r.db)); m.view.todo.left() == 0 {
		t.Error("a compaction that was cut off is not done again")
	}
	for _, fs := range append(files, r.fs.Crash(vfs.CrashDrop, nil)) {
		for _, db := range []*state.Memory{behind, after} {
			again := startRig(t, fs.Crash(vfs.CrashKeep, nil), clone(t, db))
			check(again)
			again.close()
		}
	}
}

// left counts the logs with something to do.
func (s *sweeps) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.todo)
}

func heldOf(l *PartitionLog) (bytes int64) {
	for _, s := range l.Segments() {
		bytes += s.SizeBytes
	}
	return bytes
}

// TestConfigure shows that segments end where they are configured to, also after a restart, and those of internal topics where
// the shard's configuration says.
func TestConfigure(t *testing.T) {
	r := newRig(t)
	r.small()
	r.writeNumbers(0, 20)
	if n := len(r.log0().Segments()); n < 5 {
		t.Errorf("%d segments", n)
	}
	r = r.crash(clone(t, r.db))
	n := len(r.log0().Segments())
	r.writeNumbers(20, 40)
	if more := len(r.log0().Segments()); more < n+5 {
		t.Errorf("%d segments, and %d after a restart and as many records", n, more)
	}
	if c := (Configure{Topic: relation.Topic(0), SegmentBytes: 200}); !r.shard.Configured(c) {
		t.Error("the configuration is lost")
	}
}

// TestGrown shows that whoever decides on retention is told when much was written.
func TestGrown(t *testing.T) {
	told := make(chan struct{}, 8)
	r := newRig(t)
	r.shard.machine.grown = func() { told <- struct{}{} }
	for range grownBytes/(4<<20) + 1 {
		r.want(Applied, &Write{Parts: []Part{streamPart(0, strings.Repeat("x", 4<<20))}})
	}
	<-told
}
