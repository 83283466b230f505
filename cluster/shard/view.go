package shard

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tidwall/btree"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// partitionEnd is a partition as readers see it.
type partitionEnd struct {
	id    catalog.PartitionID
	start log.Offset
	end   log.Offset
	log   *log.Partition
}

func partitionLess(a, b partitionEnd) bool {
	if a.id.Topic != b.id.Topic {
		return a.id.Topic < b.id.Topic
	}
	return a.id.Partition < b.id.Partition
}

// view is what readers see of a shard: it changes once an apply, together with the store, under mu. So a snapshot of
// view and store is of one moment. Waiters hold a channel that is closed when what they wait for may have changed.
type view struct {
	mu        sync.Mutex
	db        *state.Split
	tops      *tops
	ends      *btree.BTreeG[partitionEnd]
	frontiers map[exec.ConsumerID][]exec.Frontier
	txns      map[TxnID]*PreparedTxn
	dropped   map[catalog.RelationID]struct{}
	indexed   map[catalog.RelationID]struct{} // indexes that are kept
	finished  finishedRing
	closed    bool

	damage     *damage                       // of the store
	isolated   map[catalog.PartitionID]error // damaged partitions
	isolations atomic.Int32                  // len(isolated)
	logger     *slog.Logger                  // nil: none

	logs       map[catalog.PartitionID]LogState
	registered map[registration]log.Offset
	segments   map[catalog.TopicID]segments
	todo       *sweeps

	partWaiters map[catalog.PartitionID]chan struct{}
	consWaiters map[exec.ConsumerID]chan struct{}
}

// PreparedTxn is a transaction that is staged on a shard and not resolved there.
type PreparedTxn struct {
	Txn      TxnID
	Decider  catalog.ShardID
	Prepared bool          // all of it is there
	Resolved chan struct{} // closed when it is committed or aborted here, or the shard closes
}

func newView(db *state.Split) *view {
	return &view{
		db:        db,
		tops:      newTops(),
		damage:    newDamage(0),
		isolated:  map[catalog.PartitionID]error{},
		ends:      btree.NewBTreeGOptions(partitionLess, btree.Options{NoLocks: true}),
		frontiers: map[exec.ConsumerID][]exec.Frontier{}, txns: map[TxnID]*PreparedTxn{},
		dropped: map[catalog.RelationID]struct{}{}, indexed: map[catalog.RelationID]struct{}{}, finished: newFinishedRing(),
		logs: map[catalog.PartitionID]LogState{}, registered: map[registration]log.Offset{}, segments: map[catalog.TopicID]segments{},
		todo:        newSweeps(),
		partWaiters: map[catalog.PartitionID]chan struct{}{}, consWaiters: map[exec.ConsumerID]chan struct{}{},
	}
}

// change is what an apply does to the view.
type change struct {
	ends      []partitionEnd
	frontiers []consumerFrontiers // in order; a later one of the same consumer wins
	prepared  []PreparedTxn
	resolved  []TxnID
	finished  []finishedTxn // committed transactions over several shards
	dropped   []catalog.RelationID
	indexed   []catalog.RelationID

	logs       []partitionLog
	registered []registered
	segments   []topicSegments
}

type consumerFrontiers struct {
	consumer  exec.ConsumerID
	frontiers []exec.Frontier
}

// publish writes b to the store and changes the view with it.
func (v *view) publish(b *state.Batch, c *change) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tops.raise(b)
	if err := v.db.Write(b); err != nil {
		return err
	}
	v.apply(c)
	return nil
}

func (v *view) apply(c *change) {
	for _, e := range c.ends {
		v.ends.Set(e)
		wake(v.partWaiters, e.id)
	}
	v.applyRetained(c)
	for _, f := range c.frontiers {
		v.frontiers[f.consumer] = f.frontiers
		wake(v.consWaiters, f.consumer)
	}
	for _, id := range c.indexed {
		v.indexed[id] = struct{}{}
	}
	for _, t := range c.prepared {
		if old := v.txns[t.Txn]; old != nil {
			old.Prepared = old.Prepared || t.Prepared
			continue
		}
		t.Resolved = make(chan struct{})
		v.txns[t.Txn] = &t
	}
	for _, id := range c.finished {
		v.finished.add(id)
	}
	for _, id := range c.resolved {
		if t := v.txns[id]; t != nil {
			close(t.Resolved)
			delete(v.txns, id)
		}
	}
	for _, id := range c.dropped {
		v.drop(id)
	}
}

func (v *view) drop(id catalog.RelationID) {
	v.dropped[id] = struct{}{}
	v.db.Free(id)
	v.tops.forget(id)
	delete(v.indexed, id)
	v.dropRetained(id)
	v.free(id)
	var gone []partitionEnd
	v.ends.Ascend(partitionEnd{id: catalog.PartitionID{Topic: id.Topic(0)}}, func(e partitionEnd) bool {
		if e.id.Topic.Relation() != id {
			return false
		}
		gone = append(gone, e)
		return true
	})
	for _, e := range gone {
		v.ends.Delete(e)
	}
	for c := range v.frontiers {
		if c.Query == id {
			delete(v.frontiers, c)
		}
	}
	for p := range v.partWaiters {
		if p.Topic.Relation() == id {
			wake(v.partWaiters, p)
		}
	}
	for c := range v.consWaiters {
		if c.Query == id {
			wake(v.consWaiters, c)
		}
	}
}

// wake closes the channel under k. It is called under mu.
func wake[K comparable](m map[K]chan struct{}, k K) {
	if ch := m[k]; ch != nil {
		close(ch)
		delete(m, k)
	}
}

// waiter returns the channel that wake closes. It is called under mu.
func waiter[K comparable](m map[K]chan struct{}, k K) chan struct{} {
	ch := m[k]
	if ch == nil {
		ch = make(chan struct{})
		m[k] = ch
	}
	return ch
}

// close wakes everybody.
func (v *view) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	for p := range v.partWaiters {
		wake(v.partWaiters, p)
	}
	for c := range v.consWaiters {
		wake(v.consWaiters, c)
	}
	for id, t := range v.txns {
		close(t.Resolved)
		delete(v.txns, id)
	}
}

// wait returns when probe says true, or with its error. While it says false it is asked again after each change of
// what it waits for: probe runs under mu and returns the channel that tells.
func (v *view) wait(ctx context.Context, probe func() (bool, chan struct{}, error)) error {
	for {
		v.mu.Lock()
		if v.closed {
			v.mu.Unlock()
			return exec.ErrUnavailable
		}
		if err := v.damage.get(); err != nil {
			v.mu.Unlock()
			return err
		}
		done, changed, err := probe()
		v.mu.Unlock()
		if done || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-v.damage.found:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waitEnd returns when p has an end above end.
func (v *view) waitEnd(ctx context.Context, p catalog.PartitionID, end log.Offset) error {
	return v.wait(ctx, func() (bool, chan struct{}, error) {
		if _, gone := v.dropped[p.Topic.Relation()]; gone {
			return false, nil, exec.ErrDropped
		}
		if e, _ := v.ends.Get(partitionEnd{id: p}); e.end > end {
			return true, nil, nil
		}
		return false, waiter(v.partWaiters, p), nil
	})
}

// waitFrontier returns when frontier number input of c is at or past atLeast and not backfilling.
func (v *view) waitFrontier(ctx context.Context, c exec.ConsumerID, input int, atLeast log.Offset) error {
	return v.wait(ctx, func() (bool, chan struct{}, error) {
		if _, gone := v.dropped[c.Query]; gone {
			return false, nil, exec.ErrDropped
		}
		if fs := v.frontiers[c]; input < len(fs) && !fs[input].Backfilling && fs[input].Offset >= atLeast {
			return true, nil, nil
		}
		return false, waiter(v.consWaiters, c), nil
	})
}

func (v *view) end(p catalog.PartitionID) log.Offset {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, _ := v.ends.Get(partitionEnd{id: p})
	return e.end
}

func (v *view) bounds(p catalog.PartitionID) (start, end log.Offset) {
	v.mu.Lock()
	defer v.mu.Unlock()
	e, _ := v.ends.Get(partitionEnd{id: p})
	return e.start, e.end
}

func (v *view) frontiersOf(c exec.ConsumerID) []exec.Frontier {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.frontiers[c])
}

// preparedTxns lists the transactions that are not resolved.
func (v *view) preparedTxns() []PreparedTxn {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.listTxns()
}

// finishes counts the transactions over several shards that have committed here.
func (v *view) finishes() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.finished.count
}

// listTxns is called under mu.
func (v *view) listTxns() []PreparedTxn {
	if len(v.txns) == 0 {
		return nil
	}
	out := make([]PreparedTxn, 0, len(v.txns))
	for _, t := range v.txns {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b PreparedTxn) int { return slices.Compare(a.Txn[:], b.Txn[:]) })
	return out
}

// resolved returns a channel that is closed when the transaction is not in doubt here; nil if it is not now.
func (v *view) resolved(id TxnID) <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	if t := v.txns[id]; t != nil {
		return t.Resolved
	}
	return nil
}

// DeciderOf returns the shard that decides on a transaction which is in doubt here.
func (s *Shard) DeciderOf(id TxnID) (decider catalog.ShardID, ok bool) {
	s.view.mu.Lock()
	defer s.view.mu.Unlock()
	t := s.view.txns[id]
	if t == nil {
		return 0, false
	}
	return t.Decider, true
}

// isolateIncomplete isolates, when all entries were replayed, the logs that do not hold what the store says that they hold.
func (v *view) isolateIncomplete(dir string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.ends.Scan(func(e partitionEnd) bool {
		if e.log == nil {
			return true
		}
		if next := e.log.NextOffset(); next < e.end {
			v.isolateLocked(e.id, missingRecords(partitionDir(dir, e.id), next, e.end))
		}
		return true
	})
}

func (v *view) relations() []catalog.RelationID {
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := map[catalog.RelationID]struct{}{}
	v.ends.Scan(func(e partitionEnd) bool {
		seen[e.id.Topic.Relation()] = struct{}{}
		return true
	})
	for c := range v.frontiers {
		seen[c.Query] = struct{}{}
	}
	for id := range v.indexed {
		seen[id] = struct{}{}
	}
	return slices.Sorted(maps.Keys(seen))
}
