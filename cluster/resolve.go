package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/sql/catalog"
)

// resolveAll resolves every transaction that a predecessor of this process left in doubt, before the node serves. No
// coordinator is at work then, so an undecided transaction stays undecided until it is aborted here.
func (n *Node) resolveAll(ctx context.Context) error {
	deciders := map[shard.TxnID]catalog.ShardID{}
	if b := n.Catalog().Pending(); b != nil {
		id, err := parseTxnID(b.Transaction)
		if err != nil {
			return err
		}
		deciders[id] = b.Decider
	}
	for _, s := range n.shards {
		for _, t := range s.Prepared() {
			deciders[t.Txn] = t.Decider
		}
	}
	for id, decider := range deciders {
		if err := n.resolve(ctx, id, decider); err != nil {
			return fmt.Errorf("resolve transaction %v: %w", id, err)
		}
	}
	if n.damaged() { // and may have transactions in doubt, which will be asked for
		return nil
	}
	for _, s := range n.shards {
		if err := forgetDecisions(ctx, s); err != nil && s.Damage() == nil {
			return err
		}
	}
	return nil
}

// damaged reports whether a shard is isolated.
func (n *Node) damaged() bool {
	return slices.ContainsFunc(n.shards, func(s *shard.Shard) bool { return s.Damage() != nil })
}

// forgetDecisions drops the decisions of s. Nobody asks for them any more: nothing is in doubt anywhere.
func forgetDecisions(ctx context.Context, s *shard.Shard) error {
	ids, err := s.Decisions()
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = s.Propose(ctx, &shard.Forget{Txns: ids})
	return err
}

// resolve asks the decider, which aborts what it has not decided, and carries the answer out on all shards. A transaction whose
// decider is isolated stays in doubt until a start finds that shard mended, and a decision is kept until all shards are sound.
func (n *Node) resolve(ctx context.Context, id shard.TxnID, decider catalog.ShardID) error {
	if int(decider) >= len(n.shards) {
		return fmt.Errorf("its decider is shard %d, there are %d", decider, len(n.shards))
	}
	r, err := n.shards[decider].Propose(ctx, &shard.Decide{Txn: id, Commit: false})
	if err != nil && n.shards[decider].Damage() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	var commit bool
	switch r.Verdict {
	case shard.Decided:
		commit = true
	case shard.Applied, shard.Aborted:
	default:
		return fmt.Errorf("decider answers %v: %s", r.Verdict, r.Reason)
	}
	if err := n.endBatch(id, commit); err != nil {
		return err
	}
	for _, s := range n.shards {
		if s.Damage() != nil || s.Resolved(id) == nil {
			continue
		}
		if r, err := s.Propose(ctx, &shard.Finish{Txn: id, Commit: commit, Participants: r.Others}); err != nil && s.Damage() != nil {
			continue
		} else if err != nil {
			return err
		} else if r.Verdict != shard.Applied {
			return fmt.Errorf("shard %d answers %v: %s", s.ID(), r.Verdict, r.Reason)
		}
	}
	if !n.damaged() {
		n.forgets.add(decider, id)
	}
	return nil
}

// Pauses between attempts at something that cannot be done now.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

// resolveLater resolves a transaction of this process whose coordinator could not end it.
func (n *Node) resolveLater(id shard.TxnID, decider catalog.ShardID) {
	n.goBackground(func() {
		n.persist("resolve transaction", func() error { return n.resolve(n.ctx, id, decider) })
	})
}

// persist calls f until it succeeds or the node closes.
func (n *Node) persist(what string, f func() error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := f()
		if err == nil || n.ctx.Err() != nil {
			return
		}
		n.logger.Warn("will try again", "what", what, "error", err)
		if !sleep(n.ctx, pause) {
			return
		}
	}
}

// sleep returns false if ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// forgetBatch is how many decisions are dropped at once.
const forgetBatch = 256

// forgetter drops decisions that all participants have carried out, many at a time.
type forgetter struct {
	n    *Node
	mu   sync.Mutex
	txns map[catalog.ShardID][]shard.TxnID
}

func (f *forgetter) add(decider catalog.ShardID, id shard.TxnID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.txns == nil {
		f.txns = map[catalog.ShardID][]shard.TxnID{}
	}
	f.txns[decider] = append(f.txns[decider], id)
	ids := f.txns[decider]
	if len(ids) < forgetBatch {
		return
	}
	delete(f.txns, decider)
	f.n.goBackground(func() {
		_, err := f.n.shards[decider].Propose(f.n.ctx, &shard.Forget{Txns: ids})
		if err != nil && !errors.Is(err, context.Canceled) {
			f.n.logger.Debug("decisions are kept until the next start", "shard", decider, "error", err)
		}
	})
}
