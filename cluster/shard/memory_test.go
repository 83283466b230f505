package shard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// heldRow is the row that the tests of held relations write.
func (r *rig) heldRow(key, value string, g Guard) {
	r.t.Helper()
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{key, value, g})}})
}

// heldTask is a commit of a query's task that keeps state and appends nothing.
func heldTask(before, after uint64) *Commit {
	c := &Commit{exec.Commit{Consumer: exec.ConsumerID{Query: relation, Node: 1}, After: []exec.Frontier{{Cursor: fmt.Append(nil, after)}}}}
	if before > 0 {
		c.Before = []exec.Frontier{{Cursor: fmt.Append(nil, before)}}
	}
	c.State.Put(state.TaskPrefix(relation, 0, 1, 0), fmt.Append(nil, after))
	return c
}

func (r *rig) wantTask(want string) {
	r.t.Helper()
	if got, err := r.shard.State().Get(state.TaskPrefix(relation, 0, 1, 0)); string(got) != want || err != nil {
		r.t.Errorf("state of the task: %q, %v, want %q", got, err, want)
	}
}

// heldFiles lists the files of a snapshot that have what is in memory.
func (r *rig) heldFiles() []string {
	r.t.Helper()
	names, err := r.fs.List("shard/held")
	must(r.t, err)
	return names
}

// TestHeld walks a relation in memory through its life: its rows are never on disk, and are the same after power cuts with the store
// ahead and behind, without a snapshot, with one and with several.
func TestHeld(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Hold{Relation: relation, Memory: true})
	r.want(Applied, &Hold{Relation: relation, Memory: true})
	r.heldRow("a", "1", absent)
	r.want(Applied, heldTask(0, 1))
	r.want(Conflict, &Write{Parts: []Part{tablePart(0, row{"a", "2", absent})}})
	r.want(Applied, heldTask(1, 2))
	old := clone(t, r.db)
	r.heldRow("b", "1", absent)
	for _, db := range []*state.Memory{old, clone(t, r.db)} {
		r = r.crash(db)
		r.wantShard([]string{"a=1@0", "b=1@1"}, []string{"1", "1"})
		r.wantTask("2")
	}
	r.snapshot()
	first := r.heldFiles()
	r.want(Applied, &Write{Parts: []Part{{Partition: catalog.PartitionID{Topic: (relation + 1).Topic(0)}, Batch: streamPart(0, "x").Batch}}})
	r.snapshot()
	if again := r.heldFiles(); len(first) != 1 || fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("files %q, and after a snapshot without changes %q", first, again)
	}
	r.heldRow("a", "3", at(0))
	r.snapshot()
	r.want(Applied, heldTask(2, 3))
	r = r.crash(clone(t, r.db))
	r.wantShard([]string{"a=3@2", "b=1@1"}, []string{"1", "1", "3"})
	r.wantTask("3")
	if again := r.heldFiles(); len(again) != 1 || again[0] == first[0] {
		t.Errorf("files %q after %q", again, first)
	}
	for it := r.db.Scan([]byte{state.SpaceRows}, nil); it.Next(); {
		t.Errorf("key %x is on disk", it.Key())
	}
	r.want(Applied, &Drop{Relations: []catalog.RelationID{relation}})
	r.want(Dropped, &Hold{Relation: relation, Memory: true})
	if r.shard.Holds(relation) || r.shard.view.db.Budget().Used() != 0 {
		t.Error("memory of a dropped relation is kept")
	}
	r = r.crash(clone(t, r.db))
	r.wantShard(nil, nil)
	r.snapshot()
	if left := r.heldFiles(); len(left) != 0 {
		t.Errorf("files of a dropped relation: %q", left)
	}
}

// TestHoldTooLate shows that a relation may change its place while it is empty, and stays where it is when it has rows.
func TestHoldTooLate(t *testing.T) {
	for _, memory := range []bool{false, true} {
		r := newRig(t)
		for _, there := range []bool{true, false, memory} {
			r.want(Applied, &Hold{Relation: relation, Memory: there})
			r.snapshot()
		}
		r.heldRow("a", "1", absent)
		r.want(Invalid, &Hold{Relation: relation, Memory: !memory})
		r = r.crash(clone(t, r.db))
		r.wantShard([]string{"a=1@0"}, []string{"1"})
		r.snapshot()
		if r.shard.Holds(relation) != memory {
			t.Errorf("in memory: %t, want %t", !memory, memory)
		}
	}
}

// TestHoldInBatch shows that what became of a Hold does not depend on which entries are applied together with it.
func TestHoldInBatch(t *testing.T) {
	entry := func(index uint64, ops ...Op) *raft.Log {
		return &raft.Log{Index: index, Term: 1, Type: raft.LogCommand, Data: encode(ops...)}
	}
	write := func(value string) Op { return &Write{Parts: []Part{tablePart(0, row{key: "a", value: value})}} }
	logs := []*raft.Log{entry(2, write("1")), entry(3, &Hold{relation, true}, write("")), entry(4, &Hold{relation, true}, write("2")), entry(5, &Hold{relation, false})}
	want := []Verdict{Applied, Invalid, Applied, Applied, Applied, Invalid}
	for size := 1; size <= len(logs); size++ {
		m, got := newMachine(t, vfs.NewMem(), state.NewMemory()), []Verdict(nil)
		for batch := range slices.Chunk(logs, size) {
			for _, a := range m.ApplyBatch(batch) {
				for _, r := range a.([]Result) {
					got = append(got, r.Verdict)
				}
			}
		}
		if !slices.Equal(got, want) || m.db.Held(relation) == nil {
			t.Errorf("in batches of %d: %v, want %v", size, got, want)
		}
	}
}

// TestHeldDamage shows that a shard whose file of a held relation is damaged, cut or gone is isolated, and says which and where.
func TestHeldDamage(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Hold{Relation: relation, Memory: true})
	r.heldRow("a", "1", absent)
	r.snapshot()
	r.heldRow("b", "1", absent)
	r.close()
	name := "shard/held/" + r.heldFiles()[0]
	for what, damage := range map[string]func(fs *vfs.Mem) error{
		"a bit":   func(fs *vfs.Mem) error { return flipByte(fs, name, 40) },
		"the end": func(fs *vfs.Mem) error { return cutFile(fs, name, 1) },
		"gone":    func(fs *vfs.Mem) error { return fs.Remove(name) },
	} {
		t.Run(what, func(t *testing.T) {
			files := r.fs.Crash(vfs.CrashKeep, nil)
			must(t, damage(files))
			refuse(t, files, clone(t, r.db), name)
		})
	}
}

func flipByte(fs vfs.FS, name string, at int64) error {
	f, err := fs.OpenRW(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return err
	}
	b[0] ^= 0x10
	_, err = f.WriteAt(b[:], at)
	return err
}

func cutFile(fs vfs.FS, name string, bytes int64) error {
	f, err := fs.OpenRW(name)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	return f.Truncate(size - bytes)
}

// bounded opens the rig's shard again with a budget.
func (r *rig) bounded(limit int64) *state.Budget {
	r.t.Helper()
	r.close()
	b := state.NewBudget(limit)
	r.memory = b
	r.open()
	must(r.t, r.shard.WaitReady(context.Background()))
	return b
}

// TestMemoryBudget shows that what would exceed the budget is refused before it is proposed, that what makes room is not, and that
// what a transaction has staged counts until it ends. Relations on disk are not bounded.
func TestMemoryBudget(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Hold{Relation: relation, Memory: true})
	budget := r.bounded(10_000)
	big := strings.Repeat("x", 4000)
	refused := func(op Op) {
		t.Helper()
		if _, err := r.shard.Propose(context.Background(), op); !errors.Is(err, ErrMemoryFull) {
			t.Errorf("%T: %v", op, err)
		}
	}
	write := func(key, value string) Op { return &Write{Parts: []Part{tablePart(0, row{key: key, value: value})}} }
	r.want(Applied, write("a", big))
	r.want(Applied, &Prepare{Txn: TxnID{1}, Decider: 0, Parts: []Part{tablePart(0, row{key: "b", value: big})}, Last: true})
	refused(write("c", big))
	refused(&Prepare{Txn: TxnID{2}, Decider: 0, Parts: []Part{tablePart(0, row{key: "c", value: big})}, Last: true})
	r.want(Applied, &Decide{Txn: TxnID{1}, Commit: true, Participants: []catalog.ShardID{0}})
	refused(write("c", big))
	commit := heldTask(0, 1)
	commit.State.Ops[0].Value = []byte(big)
	refused(commit)
	onDisk := Part{Partition: catalog.PartitionID{Topic: (relation + 1).Topic(0)}, Table: true, Batch: tablePart(0, row{key: "c", value: big}).Batch}
	r.want(Applied, &Write{Parts: []Part{onDisk}})
	r.want(Applied, write("a", big[1:])) // replaces what is there
	used := budget.Used()
	r.want(Applied, write("a", ""))
	r.want(Applied, write("c", big))
	if budget.Used() > used+1 || budget.Used() < used-1 {
		t.Errorf("%d bytes are used, before as many rows took %d", budget.Used(), used)
	}
	used = budget.Used()
	if again := r.bounded(100); again.Used() != used { // less than there is: it opens, and nothing may grow
		t.Errorf("%d bytes after the start, %d before", again.Used(), used)
	}
	refused(write("d", "1"))
	r.want(Applied, write("b", ""))
}

// TestNoSnapshotWithinReplay shows that no snapshot is cut while the store is ahead of what was replayed: memory is not there yet.
func TestNoSnapshotWithinReplay(t *testing.T) {
	entry := func(index uint64, op Op) *raft.Log {
		return &raft.Log{Index: index, Term: 1, Type: raft.LogCommand, Data: encode(op)}
	}
	logs := []*raft.Log{entry(2, &Hold{Relation: relation, Memory: true}), entry(3, &Write{Parts: []Part{tablePart(0, row{key: "a", value: "1"})}}),
		entry(4, &Write{Parts: []Part{tablePart(0, row{key: "b", value: "1"})}})}
	db := state.NewMemory()
	applyIn(newMachine(t, vfs.NewMem(), db), logs, 1)
	m := newMachine(t, vfs.NewMem(), db)
	for _, l := range logs {
		if _, err := m.Snapshot(); !errors.Is(err, errReplaying) {
			t.Errorf("before entry %d: %v", l.Index, err)
		}
		m.ApplyBatch([]*raft.Log{l})
	}
	if _, err := m.Snapshot(); err != nil {
		t.Error(err)
	}
}
