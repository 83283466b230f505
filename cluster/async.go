package cluster

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/millracedb/millrace/cluster/shard"
)

// asyncWrites are the writes of one shard that were answered before they were durable.
type asyncWrites struct {
	mu   sync.Mutex
	last chan struct{} // closed when the last one that was queued has its verdict; nil: there was none
	lost atomic.Uint64 // answered, and then refused or of unknown outcome
}

// async reports whether the transaction may be answered when its shard has taken it: all that it wrote is to topics with
// durability = 'async', and nothing of it depends on the rows that are there.
func (t *tx) async() bool {
	for _, b := range t.order {
		if !b.async || b.table {
			return false
		}
	}
	return true
}

// writeAsync returns when the write is in the shard's queue: it is committed in that order, if the node lives that long.
func (n *Node) writeAsync(ctx context.Context, w partsOf) error {
	a := &n.async[w.shard]
	done := make(chan struct{})
	a.mu.Lock() // so that last is of the write that was queued last
	wait, err := n.shards[w.shard].Submit(ctx, &shard.Write{Parts: w.parts})
	if err != nil {
		a.mu.Unlock()
		return n.writeError(err)
	}
	a.last = done
	a.mu.Unlock()
	go func() {
		defer close(done)
		r, err := wait()
		if err == nil {
			err = verdictError(r, w)
		}
		if err != nil {
			a.lost.Add(1)
			n.logger.Warn("an acknowledged write of a topic with durability = 'async' was lost", "topic", w.parts[0].Partition.Topic, "error", err)
		}
	}()
	return nil
}

// waitAsync returns when all writes that were answered early are committed: a reader sees what was acknowledged.
func (n *Node) waitAsync(ctx context.Context) error {
	for i := range n.async {
		a := &n.async[i]
		a.mu.Lock()
		last := a.last
		a.mu.Unlock()
		if last == nil {
			continue
		}
		if err := wait(ctx, last); err != nil {
			return err
		}
	}
	return nil
}
