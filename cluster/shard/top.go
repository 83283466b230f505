package shard

import (
	"bytes"
	"maps"
	"sync/atomic"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// maxTops bounds the partitions whose bound is known: the map of them is copied for each one more.
const maxTops = 4096

// rowPrefixBytes is the size of state.RowPrefix.
const rowPrefixBytes = 1 + 8 + 4

// tops know of partitions of tables a bound of the row keys in the store: there is no row behind it. Keys that grow, as serial numbers
// and loads in order have them, are looked up for each row that is inserted, and are not there: the bound says so without the store.
//
// The bound of a partition is looked for when the state machine first has to know that a row is absent there, and then raised by what it
// writes, before readers see that. Deletes do not lower it. So a bound holds for the snapshots that were taken since it is known, as of
// now and as of later; not for older ones, whose last rows may have been deleted when it was looked for. A snapshot therefore keeps
// the tops that there were when it was taken. The map is never changed but replaced; the state machine does that.
type tops struct {
	known atomic.Pointer[map[catalog.PartitionID]*top]
}

// top is the bound of one partition: a row key, or the prefix of one. The state machine writes it, anybody reads it.
type top struct{ key atomic.Pointer[[]byte] }

func newTops() *tops {
	t := new(tops)
	t.known.Store(&map[catalog.PartitionID]*top{})
	return t
}

// below reports that a row key of the partition is behind all rows; of another key it says nothing, which is false.
func (t *top) below(rowKey []byte) bool {
	bound := *t.key.Load()
	return bytes.HasPrefix(rowKey, bound[:rowPrefixBytes]) && bytes.Compare(bound, rowKey) < 0
}

// of returns the bound of the partition of a row key, nil if it is not known.
func (t *tops) of(rowKey []byte) *top {
	p, _, isRow := state.SplitRowKey(rowKey)
	if !isRow {
		return nil
	}
	return (*t.known.Load())[p]
}

// find looks for the bound of a partition in db, if it is not known.
func (t *tops) find(db state.Reader, p catalog.PartitionID) error {
	known := *t.known.Load()
	if known[p] != nil || len(known) >= maxTops {
		return nil
	}
	bound := state.RowPrefix(p) // before all rows
	it := db.ScanBack(bound, state.PrefixEnd(bound))
	if it.Next() {
		bound = bytes.Clone(it.Key())
	}
	if err := it.Close(); err != nil {
		return err
	}
	found := new(top)
	found.key.Store(&bound)
	next := maps.Clone(known)
	next[p] = found
	t.known.Store(&next)
	return nil
}

// raise notes the rows that b puts, before it is written.
func (t *tops) raise(b *state.Batch) {
	if len(*t.known.Load()) == 0 {
		return
	}
	var prefix, highest []byte // of a run of rows of one partition
	var raised *top            // its bound
	end := func() {
		if raised != nil && raised.below(highest) {
			bound := bytes.Clone(highest)
			raised.key.Store(&bound)
		}
	}
	for i := range b.Ops {
		op := &b.Ops[i]
		if op.Kind != state.Put || len(op.Key) < rowPrefixBytes || op.Key[0] != state.SpaceRows {
			continue
		}
		if prefix == nil || !bytes.HasPrefix(op.Key, prefix) {
			end()
			prefix, highest, raised = op.Key[:rowPrefixBytes], op.Key, t.of(op.Key)
		} else if bytes.Compare(highest, op.Key) < 0 {
			highest = op.Key
		}
	}
	end()
}

// forget forgets the partitions of a relation that was dropped.
func (t *tops) forget(id catalog.RelationID) {
	next := maps.Clone(*t.known.Load())
	maps.DeleteFunc(next, func(p catalog.PartitionID, _ *top) bool { return p.Topic.Relation() == id })
	t.known.Store(&next)
}

// topped is a partition's rows in a snapshot, with the bound of their keys.
type topped struct {
	state.Reader
	top *top
}

// Get implements state.Reader.
func (r topped) Get(key []byte) ([]byte, error) {
	if r.top.below(key) {
		return nil, nil
	}
	return r.Reader.Get(key)
}
