package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
)

// newMachine returns a state machine without raft.
func newMachine(t *testing.T, fs vfs.FS, db state.DB) *machine {
	t.Helper()
	m := newStateMachine(Config{FS: fs, Dir: "shard", Fatal: func(err error) { t.Error(err) }}, nil, newView(state.NewSplit(db, nil)), make(chan struct{}, 1))
	must(t, m.load(nil))
	return m
}

// entries makes n entries of random ops.
func entries(seed uint64, n int) (logs []*raft.Log) {
	r := &randomOps{rng: rand.New(rand.NewPCG(seed, 1))}
	for i := range n {
		ops := make([]Op, r.rng.IntN(4))
		for j := range ops {
			ops[j] = r.next()
		}
		logs = append(logs, &raft.Log{Index: uint64(i) + 2, Term: 1, Type: raft.LogCommand, Data: encode(ops...)})
	}
	return logs
}

// applyIn applies entries in batches of at most size.
func applyIn(m *machine, logs []*raft.Log, size int) (results []string) {
	for batch := range slices.Chunk(logs, size) {
		for _, a := range m.ApplyBatch(batch) {
			for _, r := range a.([]Result) {
				results = append(results, fmt.Sprintf("%+v %+v", r, r.Conflict))
			}
		}
	}
	return results
}

// dump lists the store and the logs of a machine.
func dump(t *testing.T, m *machine) (out []string) {
	t.Helper()
	it := m.db.Scan(nil, nil)
	for it.Next() {
		out = append(out, fmt.Sprintf("%x=%x", it.Key(), it.Value()))
	}
	must(t, it.Close())
	return append(out, dumpLogs(t, m)...)
}

func dumpLogs(t *testing.T, m *machine) (out []string) {
	t.Helper()
	for id, p := range m.parts {
		var b []byte
		for from := log.Offset(0); from < p.end; { // a read ends with a segment
			more, err := p.log.Read(from, 1<<30, nil)
			must(t, err)
			for at := 0; at < len(more); {
				batch, rest, err := log.ParseBatch(more[at:])
				must(t, err)
				from, at = batch.LastOffset()+1, len(more)-len(rest)
			}
			b = append(b, more...)
		}
		out = append(out, fmt.Sprintf("%v: %x", id, b))
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: difference at %d of %d and %d:\n%.300s\n%.300s", what, i, len(got), len(want), slices.Concat(got, []string{""})[min(i, len(got))],
				slices.Concat(want, []string{""})[min(i, len(want))])
		}
	}
}

// TestDeterminism shows that store, logs and answers are a function of the entries: however they are batched, and on
// RocksDB as in memory.
func TestDeterminism(t *testing.T) {
	for seed := range uint64(20) {
		logs := entries(seed, 300)
		one := newMachine(t, vfs.NewMem(), state.NewMemory())
		wantResults := applyIn(one, logs, 1)
		want := dump(t, one)
		for _, size := range []int{2, 7, len(logs)} {
			m := newMachine(t, vfs.NewMem(), state.NewMemory())
			same(t, fmt.Sprintf("results in batches of %d", size), applyIn(m, logs, size), wantResults)
			same(t, fmt.Sprintf("contents in batches of %d", size), dump(t, m), want)
		}
		if seed > 1 {
			continue
		}
		rocks, err := state.OpenRocksDB(t.TempDir(), state.Options{WriteBufferBytes: 4 << 20})
		must(t, err)
		m := newMachine(t, vfs.NewMem(), rocks)
		same(t, "results on RocksDB", applyIn(m, logs, 7), wantResults)
		same(t, "contents on RocksDB", dump(t, m), want)
		must(t, rocks.Close())
	}
}

// TestRandomOpsReachEverything shows that the entries of the test above get all verdicts that entries can get.
func TestRandomOpsReachEverything(t *testing.T) {
	seen := map[Verdict]int{}
	for seed := range uint64(20) {
		m := newMachine(t, vfs.NewMem(), state.NewMemory())
		for _, l := range entries(seed, 300) {
			for _, r := range m.Apply(l).([]Result) {
				seen[r.Verdict]++
			}
		}
	}
	for v := Applied; v <= StaleEpoch; v++ {
		if seen[v] == 0 && v != Fenced && v != Invalid {
			t.Errorf("no op got %v: %v", v, seen)
		}
	}
}

// TestApplyTwice shows that entries that the store has already change nothing when they come again.
func TestApplyTwice(t *testing.T) {
	logs := entries(3, 300)
	m := newMachine(t, vfs.NewMem(), state.NewMemory())
	applyIn(m, logs, 10)
	want := dump(t, m)
	for _, l := range logs {
		m.ApplyBatch([]*raft.Log{l})
	}
	if m.failure != nil {
		t.Fatal(m.failure)
	}
	same(t, "after the second time", dump(t, m), want)
}

// TestReplay shows recovery from every mixture: the store as it was after some entry, the logs as they were after another
// one, cut anywhere. Replaying all entries gives what an undisturbed machine has.
func TestReplay(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 2))
		logs := entries(seed, 120)
		fs := vfs.NewMem()
		db := state.NewMemory()
		m := newMachine(t, fs, db)
		stores, files := []*state.Memory{clone(t, db)}, []*vfs.Mem{}
		for _, l := range logs {
			applyIn(m, []*raft.Log{l}, 1)
			stores = append(stores, clone(t, db))
			files = append(files, fs.Crash(vfs.CrashMode(rng.IntN(4)), rng))
		}
		want := dump(t, m)
		for range 15 {
			again := newMachine(t, files[rng.IntN(len(files))].Crash(vfs.CrashKeep, nil), stores[rng.IntN(len(stores))])
			for _, l := range logs {
				again.ApplyBatch([]*raft.Log{l})
				if again.failure != nil {
					t.Fatal(again.failure)
				}
			}
			again.view.isolateIncomplete("shard")
			if len(again.view.isolated) > 0 {
				t.Fatal(again.view.isolated)
			}
			same(t, "after the replay", dump(t, again), want)
		}
	}
}

// clone copies a store.
func clone(t *testing.T, db *state.Memory) *state.Memory {
	t.Helper()
	var b state.Batch
	it := db.Scan(nil, nil)
	for it.Next() {
		b.Put(slices.Clone(it.Key()), slices.Clone(it.Value()))
	}
	must(t, it.Close())
	out := state.NewMemory()
	must(t, out.Write(&b))
	return out
}

// TestCommit shows the compare-and-set of a consumer: on its frontiers, and on the term.
func TestCommit(t *testing.T) {
	r := newRig(t)
	term, _ := r.shard.Leading()
	c := exec.ConsumerID{Query: relation, Node: 1}
	first, second := []exec.Frontier{{Offset: 3}}, []exec.Frontier{{Offset: 8}}
	commit := func(term uint64, before, after []exec.Frontier) *Commit {
		op := &Commit{exec.Commit{Consumer: c, Term: term, Before: before, After: after, Appends: []exec.Append{{Partition: partitionOf(0), Batch: streamPart(0, "v").Batch}}}}
		op.State.Put(state.TaskPrefix(relation, 0, 1, 0), []byte{byte(after[0].Offset)})
		return op
	}
	r.want(Fenced, commit(term+1, nil, first))
	r.want(Applied, commit(term, nil, first))
	res := r.want(Behind, commit(term, nil, first))
	if fmt.Sprint(res.Frontiers) != fmt.Sprint(first) {
		t.Errorf("stored: %v", res.Frontiers)
	}
	r.want(Applied, commit(0, first, second))
	if got := r.shard.Frontiers(c); fmt.Sprint(got) != fmt.Sprint(second) {
		t.Errorf("frontiers: %v", got)
	}
	if v, err := r.shard.State().Get(state.TaskPrefix(relation, 0, 1, 0)); len(v) != 1 || v[0] != 8 || err != nil {
		t.Errorf("state: %v, %v", v, err)
	}
	r.wantShard(nil, []string{"v", "v"})
	outside := commit(0, second, first)
	outside.State.Put(appliedKey(), []byte("x"))
	r.want(Invalid, outside)
}

// TestInvalidBatches shows that batches that are not whole and new are refused, not applied in part.
func TestInvalidBatches(t *testing.T) {
	r := newRig(t)
	good := tablePart(0, row{key: "a", value: "1"})
	flipped, moved, doubled := good, good, good
	flipped.Batch = slices.Clone(good.Batch)
	flipped.Batch[len(flipped.Batch)-1] ^= 1
	moved.Batch = slices.Clone(good.Batch)
	log.SetBaseOffset(moved.Batch, 7)
	doubled.Batch = slices.Concat(good.Batch, good.Batch)
	keyless, guards := streamPart(0, "x"), good
	keyless.Table = true
	guards.Guards = []Guard{absent, absent}
	for name, p := range map[string]Part{"flipped": flipped, "moved": moved, "doubled": doubled, "keyless": keyless, "guards": guards, "empty": {Partition: good.Partition}} {
		if res := r.propose(&Write{Parts: []Part{good, p}}); res.Verdict != Invalid {
			t.Errorf("%s: %v", name, res.Verdict)
		}
	}
	r.wantShard(nil, nil)
}
