package cluster

import (
	"bytes"
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/catalog"
)

// buildChunkRows is how many rows get their entries in one op.
const buildChunkRows = 2048

// BuildIndex implements session.Engine: the index is added on each shard, so that changes keep it, and then the rows that are
// there are gone through in chunks.
func (n *Node) BuildIndex(ctx context.Context, table, index *catalog.Relation) error {
	def, err := state.NewIndexDef(table, index.Index).Append(nil)
	if err != nil {
		return err
	}
	for _, id := range n.shardsOf([]*catalog.Relation{table}) {
		if err := n.applyIndexOp(ctx, n.shards[id], &shard.AddIndex{Index: index.ID, Table: table.ID, Def: def}); err != nil {
			return err
		}
	}
	var g errgroup.Group
	for p, id := range table.Placement {
		g.Go(func() error { return n.buildPartition(ctx, n.shards[id], table.Partition(p), index.ID) })
	}
	return g.Wait()
}

// buildPartition makes the entries of one partition's rows. The bounds of the chunks are in the ops, so that all replicas make
// the same; rows that come meanwhile have theirs.
func (n *Node) buildPartition(ctx context.Context, s *shard.Shard, p catalog.PartitionID, index catalog.RelationID) error {
	snapshot := s.Snapshot()
	defer snapshot.Close()
	prefix := state.RowPrefix(p)
	it := snapshot.Rows(p).Scan(prefix, state.PrefixEnd(prefix))
	defer it.Close()
	from := []byte{}
	for rows := 0; it.Next(); rows++ {
		if rows == 0 || rows%buildChunkRows != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		to := bytes.Clone(it.Key()[len(prefix):])
		if err := n.applyIndexOp(ctx, s, &shard.BuildIndex{Index: index, Partition: p, From: from, To: to}); err != nil {
			return err
		}
		from = to
	}
	if err := it.Close(); err != nil {
		return err
	}
	return n.applyIndexOp(ctx, s, &shard.BuildIndex{Index: index, Partition: p, From: from})
}

func (n *Node) applyIndexOp(ctx context.Context, s *shard.Shard, op shard.Op) error {
	r, err := s.Propose(ctx, op)
	switch {
	case err != nil:
		return n.writeError(err)
	case r.Verdict == shard.Dropped:
		return exec.ErrDropped
	case r.Verdict != shard.Applied:
		return fmt.Errorf("index on shard %d: %v: %s", s.ID(), r.Verdict, r.Reason)
	}
	return nil
}

// Fence implements session.Engine: shards refuse what was planned before, and what was prepared before that is waited for.
func (n *Node) Fence(ctx context.Context, table *catalog.Relation) error {
	var staged []shard.PreparedTxn
	for _, id := range n.shardsOf([]*catalog.Relation{table}) {
		if err := n.applyIndexOp(ctx, n.shards[id], &shard.RaiseEpoch{Relation: table.ID, Epoch: table.Epoch}); err != nil {
			return err
		}
		staged = append(staged, n.shards[id].Prepared()...)
	}
	for _, t := range staged {
		if err := wait(ctx, t.Resolved); err != nil {
			return err
		}
	}
	return nil
}

// dropUnbuilt drops the indexes that an earlier process did not come to the end of: their statements have failed.
func (n *Node) dropUnbuilt() error {
	cat := n.Catalog()
	var ids []catalog.RelationID
	for _, r := range cat.Relations() {
		if r.Index != nil && r.Index.Building {
			ids = append(ids, r.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := n.meta.Apply(catalog.Command{Change: &catalog.Change{Version: cat.Version(), Drop: ids}}); err != nil {
		return fmt.Errorf("drop indexes that were not built: %w", err)
	}
	return nil
}
