package shard

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

const testIndex = relation + 7

var testIndexDef = state.IndexDef{Version: 1, Columns: []catalog.IndexColumn{{Column: 1, Desc: true}, {Column: 0}}, Types: []types.Type{types.Int8, types.Text}}

// rowOfValues is a stored row of (bigint, text); an empty text is NULL.
func rowOfValues(n int64, s string) []byte {
	b := types.NewBatch(testIndexDef.Types, 1)
	text := types.StrDatum(s)
	if s == "" {
		text = types.NullDatum
	}
	b.AppendRow([]types.Datum{types.IntDatum(n), text}, 1)
	return types.EncodeRow(nil, b, 0)
}

// indexedEntries are n entries that write rows, as a table's and as a view's, with an index that is added and built in the middle.
func indexedEntries(rng *rand.Rand, n int) (logs []*raft.Log) {
	def, _ := testIndexDef.Append(nil)
	for i := range n {
		var ops []Op
		switch i {
		case n / 3:
			ops = append(ops, &AddIndex{Index: testIndex, Table: relation, Def: def}, &RaiseEpoch{Relation: relation, Epoch: 1})
		case n/3 + 2:
			for p := range uint32(2) {
				ops = append(ops, &BuildIndex{Index: testIndex, Partition: partitionOf(p), From: []byte{}, To: []byte("k5")})
			}
		case n/3 + 5:
			for p := range uint32(2) {
				ops = append(ops, &BuildIndex{Index: testIndex, Partition: partitionOf(p), From: []byte("k5")})
			}
		}
		key := fmt.Sprintf("k%d", rng.IntN(12))
		value := string(rowOfValues(rng.Int64N(4), []string{"", "a", "b"}[rng.IntN(3)]))
		if rng.IntN(4) == 0 {
			value = ""
		}
		part := tablePart(0, row{key: key, value: value})
		part.Epoch = uint64(rng.IntN(3))
		ops = append(ops, &Write{Parts: []Part{part}}, viewCommit(rng, key))
		logs = append(logs, &raft.Log{Index: uint64(i) + 2, Term: 1, Type: raft.LogCommand, Data: encode(ops...)})
	}
	return logs
}

// viewCommit puts rows of a view under a key, some of them several times or less than once.
func viewCommit(rng *rand.Rand, key string) Op {
	c := &Commit{exec.Commit{Consumer: exec.ConsumerID{Query: relation, Node: uint16(rng.Uint32())}, After: []exec.Frontier{{Offset: 1}}}}
	stored := state.StoredRows{Offset: 3}
	for n := range rng.IntN(3) {
		stored.Rows = append(stored.Rows, state.StoredRow{Count: []int64{1, 2, -1}[rng.IntN(3)], Row: rowOfValues(int64(n), "v")})
	}
	if len(stored.Rows) == 0 {
		c.State.Delete(state.RowKey(partitionOf(1), []byte(key)))
	} else {
		c.State.Put(state.RowKey(partitionOf(1), []byte(key)), stored.Append(nil))
	}
	return c
}

// TestIndexEqualsRows shows that an index that was added and built among writes has exactly the entries of the rows that are
// there, however the entries are batched, and that the machines are equal.
func TestIndexEqualsRows(t *testing.T) {
	for seed := range uint64(30) {
		logs := indexedEntries(rand.New(rand.NewPCG(seed, 2)), 60)
		var first []string
		for _, size := range []int{1, 3, 60} {
			m := newMachine(t, vfs.NewMem(), state.NewMemory())
			results := applyIn(m, logs, size)
			checkEntries(t, m)
			all := append(results, dump(t, m)...)
			if first == nil {
				first = all
			} else if !slices.Equal(first, all) {
				t.Fatalf("seed %d: batches of %d give something else", seed, size)
			}
			checkEntries(t, newMachine(t, m.fs, clone(t, m.db.Disk().(*state.Memory))))
		}
	}
}

func checkEntries(t *testing.T, m *machine) {
	t.Helper()
	var want, got []string
	x := testIndexDef.Indexer()
	each := func(prefix []byte, f func(key, value []byte)) {
		it := m.db.Scan(prefix, state.PrefixEnd(prefix))
		for it.Next() {
			f(it.Key()[len(prefix):], it.Value())
		}
		must(t, it.Close())
	}
	for p := range uint32(2) {
		each(state.RowPrefix(partitionOf(p)), func(key, value []byte) {
			stored, err := state.DecodeRows(value)
			must(t, err)
			for _, r := range stored.Rows {
				if r.Count > 0 {
					entry, _, err := x.Key(nil, r.Row)
					must(t, err)
					want = append(want, fmt.Sprintf("%d %x%x=%x", p, entry, key, key))
				}
			}
		})
		each(state.IndexPrefix(testIndex, p), func(key, value []byte) { got = append(got, fmt.Sprintf("%d %x=%x", p, key, value)) })
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) || len(got) == 0 {
		t.Fatalf("entries\n%v\nwant\n%v", got, want)
	}
}

// TestDropIndex shows that nothing is left of an index, and that its table goes on; and that a dropped table takes its epoch along.
func TestDropIndex(t *testing.T) {
	m := newMachine(t, vfs.NewMem(), state.NewMemory())
	logs := indexedEntries(rand.New(rand.NewPCG(1, 2)), 60)
	applyIn(m, logs, 10)
	drop := func(index uint64, id catalog.RelationID) {
		applyIn(m, []*raft.Log{{Index: index, Term: 1, Type: raft.LogCommand, Data: encode(&Drop{Relations: []catalog.RelationID{id}})}}, 1)
	}
	drop(100, testIndex)
	if len(m.indexes) > 0 || len(m.epochs) != 1 {
		t.Errorf("indexes %v, epochs %v", m.indexes, m.epochs)
	}
	drop(101, relation)
	for _, space := range [][]byte{{state.SpaceIndex}, ownKey(keyIndex, 0), ownKey(keyEpoch, 0)} {
		it := m.db.Scan(space, state.PrefixEnd(space))
		if it.Next() {
			t.Errorf("key %x is left", it.Key())
		}
		must(t, it.Close())
	}
}

// TestCheckPart shows that a check writes nothing, that its guard counts, and that its key is locked by a transaction.
func TestCheckPart(t *testing.T) {
	r := newRig(t)
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{key: "a", value: "1"})}})
	check := func(g Guard) Part {
		p := tablePart(0, row{key: "a", guard: g})
		p.Check = true
		return p
	}
	r.want(Conflict, &Write{Parts: []Part{check(absent), tablePart(1, row{key: "b", value: "2"})}})
	r.want(Applied, &Write{Parts: []Part{check(at(0)), tablePart(1, row{key: "b", value: "2"})}})
	r.want(Applied, &Prepare{Txn: txnNumber(1), Parts: []Part{check(at(0))}, Last: true})
	r.want(Locked, &Write{Parts: []Part{tablePart(0, row{key: "a", value: "3"})}})
	r.want(Applied, &Finish{Txn: txnNumber(1), Commit: true})
	r.want(Applied, &Write{Parts: []Part{tablePart(0, row{key: "a", value: "3", guard: at(0)})}})
}
