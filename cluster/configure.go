package cluster

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// configured tells the shards what a command of the catalog says of segments, before anybody writes to the relation, and of what is
// held in memory. What fails is done at the next start, or, of memory, by whoever writes first.
func (n *Node) configured(ctx context.Context, cmd catalog.Command) {
	n.configureChanged(ctx, n.Catalog(), changedBy(cmd, nil))
}

// configureChanged tells the shards of relations as they are in cat.
func (n *Node) configureChanged(ctx context.Context, cat *catalog.Catalog, ids []catalog.RelationID) {
	for _, id := range ids {
		r := cat.ByID(id)
		if r == nil {
			continue
		}
		if err := n.configure(ctx, r); err != nil {
			n.logger.Warn("a shard does not know yet how a relation is stored", "error", err)
		}
	}
}

// changedBy adds the relations that a command makes or changes to ids.
func changedBy(cmd catalog.Command, ids []catalog.RelationID) []catalog.RelationID {
	switch {
	case cmd.Create != nil:
		ids = append(ids, cmd.Create.ID)
	case cmd.Alter != nil:
		ids = append(ids, cmd.Alter.Relation)
	case cmd.Change != nil:
		for _, r := range cmd.Change.Put {
			ids = append(ids, r.ID)
		}
	case cmd.Batch != nil:
		for _, c := range cmd.Batch.Commands {
			ids = changedBy(c, ids)
		}
	}
	return ids
}

// configureAll tells the shards what an earlier process may not have told them any more.
func (n *Node) configureAll(ctx context.Context) error {
	for _, r := range n.Catalog().Relations() {
		if err := n.configure(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// configure tells the shards of r where the segments of its topic end, and whether it is held in memory. The default needs no words.
func (n *Node) configure(ctx context.Context, r *catalog.Relation) error {
	if !r.HasTopic() {
		return nil
	}
	op := shard.Configure{Topic: r.Topic(), SegmentBytes: r.Config.SegmentBytes, SegmentMillis: r.Config.SegmentAgeMillis}
	var g errgroup.Group
	for _, id := range n.shardsOf([]*catalog.Relation{r}) {
		s := n.shards[id]
		if s.Damage() != nil { // the next start tells a shard that is isolated now
			continue
		}
		g.Go(func() error {
			if err := hold(ctx, s, r); err != nil {
				return fmt.Errorf("hold %q: %w", r.Name, err)
			}
			if s.Configured(op) {
				return nil
			}
			if _, err := s.Propose(ctx, &op); err != nil {
				return fmt.Errorf("configure the topic of %q: %w", r.Name, err)
			}
			return nil
		})
	}
	return g.Wait()
}

// hold has a shard hold a relation where its option state says. Whoever writes to the relation calls it first, as a catalog is seen
// before its shards are told; and a shard may have been told of another one with the same id, which was created in a transaction that
// was rolled back.
func hold(ctx context.Context, s *shard.Shard, r *catalog.Relation) error {
	memory := r.Config.State == catalog.StateMemory
	if s.Holds(r.ID) == memory {
		return nil
	}
	result, err := s.Propose(ctx, &shard.Hold{Relation: r.ID, Memory: memory})
	if err == nil && result.Verdict == shard.Invalid {
		err = fmt.Errorf("BUG: shard %d: %s", s.ID(), result.Reason)
	}
	return err
}

// StateBytes implements session.Engine.
func (n *Node) StateBytes(r *catalog.Relation) (bytes int64) {
	for _, id := range n.shardsOf([]*catalog.Relation{r}) {
		bytes += n.shards[id].StateBytes(r.ID)
	}
	return bytes
}

// Records implements session.Engine.
func (n *Node) Records(r *catalog.Relation) (records int64) {
	for i := range r.Partitions() {
		p := r.Partition(i)
		if s, err := n.shardOf(p); err == nil {
			start, end := s.Offsets(p)
			records += int64(end - start)
		}
	}
	return records
}

// errMemoryFull is what writers to relations with state = 'memory' are told.
func (n *Node) errMemoryFull(err error) error {
	return pgerr.New(pgerr.OutOfMemory, "out of memory: relations with state = 'memory' may hold %d bytes together", n.memory.Limit()).
		WithHint("Delete rows, drop such relations, or give the node more --memory. Reads go on.").WithCause(err)
}
