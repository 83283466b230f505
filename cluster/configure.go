package cluster

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/sql/catalog"
)

// configured tells the shards what a command of the catalog says of segments, before anybody writes to the relation. What
// fails is done at the next start.
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
			n.logger.Warn("segments are not as configured", "error", err)
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

// configure tells the shards of r where the segments of its topic end. The default needs no words.
func (n *Node) configure(ctx context.Context, r *catalog.Relation) error {
	if !r.HasTopic() {
		return nil
	}
	op := shard.Configure{Topic: r.Topic(), SegmentBytes: r.Config.SegmentBytes, SegmentMillis: r.Config.SegmentAgeMillis}
	var g errgroup.Group
	for _, id := range n.shardsOf([]*catalog.Relation{r}) {
		s := n.shards[id]
		if s.Damage() != nil || s.Configured(op) { // the next start tells a shard that is isolated now
			continue
		}
		g.Go(func() error {
			if _, err := s.Propose(ctx, &op); err != nil {
				return fmt.Errorf("configure the topic of %q: %w", r.Name, err)
			}
			return nil
		})
	}
	return g.Wait()
}
