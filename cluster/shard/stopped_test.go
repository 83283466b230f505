package shard

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
	"github.com/millracedb/millrace/sql/catalog"
)

// inspect checks a shard that does not run: what contradicts, and what the next start mends.
func inspect(t *testing.T, fs vfs.FS, db state.DB) (problems, harmless []string) {
	t.Helper()
	problem := func(reason string) { problems = append(problems, reason) }
	note := func(reason string) { harmless = append(harmless, reason) }
	w, err := wal.OpenReadOnly(fs, "wal")
	must(t, err)
	defer w.Close()
	s, err := OpenStopped(fs, "shard", db, w.Group(1))
	if err != nil {
		return []string{err.Error()}, nil
	}
	must(t, s.Check(problem))
	parts, err := s.Partitions()
	must(t, err)
	for _, p := range parts {
		if p.Dropped {
			note(fmt.Sprintf("%v is dropped", p.ID))
			continue
		}
		sum, err := verifyFiles(fs, p, problem, note)
		must(t, err)
		if reason, mends := s.CheckEnd(p, sum.Next); reason != "" && mends {
			note(reason)
		} else if reason != "" {
			problem(reason)
		}
	}
	return problems, harmless
}

func verifyFiles(fs vfs.FS, p StoppedPartition, problem, note func(string)) (log.Summary, error) {
	if !p.Files {
		return log.Summary{}, nil
	}
	return log.Verify(fs, p.Dir, p.Synced, func(f log.Finding) {
		if f.Harmless {
			note(f.Reason)
		} else {
			problem(f.Reason)
		}
	})
}

// wantSound says that nothing contradicts in what a shard is about to be opened from.
func wantSound(t *testing.T, fs vfs.FS, db state.DB) {
	t.Helper()
	if problems, _ := inspect(t, fs, db); len(problems) > 0 {
		t.Errorf("a shard that is to open: %q", problems)
	}
}

// TestStoppedEnds shows what is said of files that are behind the store, and where the write-ahead log cannot help.
func TestStoppedEnds(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "a", "b")}})
	behind := clone(t, r.db)
	r.want(Applied, &Write{Parts: []Part{streamPart(0, "c")}})
	r.close()
	for _, c := range []struct {
		what     string
		fs       vfs.FS
		db       state.DB
		harmless string
	}{
		{"closed", r.fs.Crash(vfs.CrashKeep, nil), r.db, ""},
		{"power cut", r.fs.Crash(vfs.CrashDrop, nil), r.db, "records 0 to 2 are not in the files; the next start takes them from the write-ahead log"},
		{"store behind", r.fs.Crash(vfs.CrashKeep, nil), behind, ""},
	} {
		problems, harmless := inspect(t, c.fs, c.db)
		if len(problems) > 0 || c.harmless == "" && len(harmless) > 0 || c.harmless != "" && !slices.Contains(harmless, c.harmless) {
			t.Errorf("%s: problems %q, harmless %q", c.what, problems, harmless)
		}
	}
	noOutcome := clone(t, r.db)
	must(t, noOutcome.Write(&state.Batch{Ops: []state.Op{{Kind: state.DeleteRange, Key: outcomeKey(0), Value: outcomeKey(1 << 60)}}}))
	problems, _ := inspect(t, r.fs.Crash(vfs.CrashDrop, nil), noOutcome)
	if want := "records 0 to 2 are missing, and the write-ahead log does not hold them"; !slices.Contains(problems, want) {
		t.Errorf("no outcomes: %q", problems)
	}
	short := clone(t, r.db)
	must(t, short.Write(&state.Batch{Ops: []state.Op{{Kind: state.Put, Key: partitionKey(partitionOf(0)), Value: []byte{1}}}}))
	problems, _ = inspect(t, r.fs.Crash(vfs.CrashKeep, nil), short)
	if len(problems) != 1 || !strings.HasPrefix(problems[0], "the files hold records up to 2, state store and write-ahead log account for those below 1") {
		t.Errorf("an end that is too low: %q", problems)
	}
}

// TestDescribe shows the text of each kind of the shard's own keys, and that other keys and broken values are errors.
func TestDescribe(t *testing.T) {
	id := TxnID{1, 15: 2}
	for _, c := range []struct {
		key, value []byte
		want       string
	}{
		{appliedKey(), []byte{0, 0, 0, 0, 0, 0, 1, 0}, "applied index: 256"},
		{partitionKey(partitionOf(3)), []byte{5}, "partition 20000.0-3: end 5"},
		{frontierKey(exec.ConsumerID{Query: relation, Node: 2, Partition: 1, Source: 3}),
			appendFrontiers(nil, []exec.Frontier{{Offset: 4}, {Offset: 5, Backfilling: true, Cursor: []byte{0xab}}}),
			"frontier of 20000/2-1<3: [offset 4; offset 5, backfilling up to key ab]"},
		{droppedKey(relation), nil, "dropped relation 20000"},
		{outcomeKey(9), appendOutcome(nil, []Result{{Verdict: Applied, Bases: []log.Offset{3, skippedBase}}, {Verdict: Conflict}}),
			"outcome of entry 9: applied at 3, nowhere; conflict"},
		{txnKey(id), (&txn{decider: 4, staged: 2, prepared: true}).append(nil),
			"transaction 01000000000000000000000000000002: decider shard 4, 2 parts, prepared"},
		{stagedKey(id, 1), appendPart(nil, &Part{Partition: partitionOf(0), Table: true, Batch: []byte("batch")}),
			"transaction 01000000000000000000000000000002, part 1: 20000.0-0, table, batch of 5 bytes"},
		{decisionKey(id), appendShards(appendBool(nil, true), []catalog.ShardID{0, 4}),
			"transaction 01000000000000000000000000000002: decided to commit, participants: shards 0 4"},
		{garbageKey(7, id), nil, "transaction 01000000000000000000000000000002: its parts go with the outcome of entry 7"},
	} {
		got, err := Describe(c.key, c.value)
		if err != nil || got != c.want {
			t.Errorf("key %x: %q, %v; want %q", c.key, got, err, c.want)
		}
		if _, err := Describe(c.key[:len(c.key)-1], c.value); err == nil {
			t.Errorf("key %x, cut: no error", c.key)
		}
	}
	if _, err := Describe(partitionKey(partitionOf(3)), nil); err == nil {
		t.Error("no value: no error")
	}
}

// TestDescribeEverything shows that whatever a shard writes under its own keys can be described.
func TestDescribeEverything(t *testing.T) {
	seen := map[byte]bool{}
	for seed := range uint64(20) {
		m := newMachine(t, vfs.NewMem(), state.NewMemory())
		applyIn(m, entries(seed, 300), 10)
		if seed == 0 {
			applyIn(m, []*raft.Log{{Index: 1000, Term: 1, Type: raft.LogCommand, Data: encode(&AddIndex{Index: testIndex, Table: relation + 5, Def: []byte(`{"version":1}`)},
				&RaiseEpoch{Relation: relation + 5, Epoch: 2})}}, 1)
		}
		it := m.db.Scan([]byte{state.SpaceShard}, []byte{state.SpaceShard + 1})
		for it.Next() {
			if _, err := Describe(it.Key(), it.Value()); err != nil {
				t.Error(err)
			}
			seen[it.Key()[1]] = true
		}
		must(t, it.Close())
	}
	for kind := range ownKeyBytes {
		if !seen[kind] {
			t.Errorf("there is no key of kind %q", kind)
		}
	}
}
