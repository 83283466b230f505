package cluster

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// statusRecordBytes is how much of a log is read for the time of a record, unless its batch is larger.
const statusRecordBytes = 1

// markBackfilled waits until a query has taken in what was there when it was created, and marks it so in the catalog. It is a
// strong read: all that was acknowledged before it began. If the node stops before that, the next start does it again, with a little
// more to wait for.
func (n *Node) markBackfilled(ctx context.Context, r *catalog.Relation) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := n.fence(ctx, []*catalog.Relation{r}, nil)
		if err == nil && r.Replaces != 0 {
			err = n.takePlace(ctx, r)
		}
		if err == nil {
			break
		}
		n.logger.Debug("waiting for a backfill", "view", r.Name, "error", err)
		if !sleep(ctx, pause) { // it, or what it reads, has failed or is isolated
			return
		}
	}
	n.persist("mark a query as backfilled", func() error {
		err := n.meta.Apply(catalog.Command{Backfilled: r.ID})
		if errors.Is(err, catalog.ErrStale) { // dropped meanwhile
			return nil
		}
		return err
	})
}

// takePlace puts a view that has taken in what was there into the place of the one that it replaces, by one change of the catalog. What
// has come meanwhile is waited for first. It fails the new version if it cannot take that place any more.
func (n *Node) takePlace(ctx context.Context, r *catalog.Relation) error {
	if err := n.fence(ctx, []*catalog.Relation{r}, nil); err != nil {
		return err
	}
	cat := n.Catalog()
	if now := cat.ByID(r.ID); now == nil || now.Replaces == 0 {
		return nil
	}
	change, err := cat.TakePlace(r.ID)
	if err != nil {
		n.failQuery(r, err)
		return err
	}
	return n.meta.Apply(catalog.Command{Change: change}) // if the catalog has changed, or it is not known: again
}

// WaitBackfill implements session.Engine.
func (n *Node) WaitBackfill(ctx context.Context, id catalog.RelationID) error {
	for {
		cat, changed := n.CatalogChanged()
		r := cat.ByID(id)
		switch {
		case r == nil:
			return exec.ErrDropped
		case cat.Backfilled(id):
			return nil
		}
		if err := failedView([]*catalog.Relation{r}); err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-n.ctx.Done():
			return errNotReady()
		}
	}
}

// Jobs implements session.Engine.
func (n *Node) Jobs(r *catalog.Relation) ([]exec.JobStatus, error) {
	return exec.Status(n.Catalog(), r, n, n.supervisor.metersOf(r.ID))
}

// NowMillis implements session.Engine.
func (n *Node) NowMillis() int64 { return n.cfg.NowMillis() }

var _ exec.StatusSource = (*Node)(nil)

// Offsets implements exec.StatusSource.
func (n *Node) Offsets(p catalog.PartitionID) (start, end log.Offset, err error) {
	s, err := n.shardOf(p)
	if err != nil {
		return 0, 0, err
	}
	start, end = s.Offsets(p)
	return start, end, nil
}

// RecordMillis implements exec.StatusSource: the time of the batch that holds the record.
func (n *Node) RecordMillis(p catalog.PartitionID, at log.Offset) (millis int64, ok bool) {
	s, err := n.shardOf(p)
	if err != nil {
		return 0, false
	}
	snapshot := s.Snapshot()
	defer snapshot.Close()
	data, err := snapshot.ReadLog(p, at, statusRecordBytes, nil)
	if err != nil || len(data) == 0 {
		return 0, false
	}
	b, _, err := log.ParseBatch(data)
	if err != nil {
		return 0, false
	}
	return b.BaseTimestamp(), true
}

// StateSize implements session.Engine.
func (n *Node) StateSize(ctx context.Context, r *catalog.Relation, node uint16) (size exec.StateSize, err error) {
	for p := range r.Partitions() {
		part := r.Partition(p)
		s, err := n.shardOf(part)
		if err != nil {
			return size, err
		}
		from := state.RowPrefix(part)
		to := state.PrefixEnd(from)
		if node != 0 {
			const lastStore = 255
			from, to = state.TaskPrefix(r.ID, uint32(p), node, 0), state.PrefixEnd(state.TaskPrefix(r.ID, uint32(p), node, lastStore))
		}
		snapshot := s.Snapshot()
		err = size.Add(ctx, snapshot.Rows(part), from, to)
		snapshot.Close()
		if err != nil {
			return size, err
		}
	}
	return size, nil
}
