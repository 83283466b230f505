package cluster

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/millracedb/millrace/cluster/assign"
	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

var _ session.Engine = (*Node)(nil)

// Catalog implements session.Engine.
func (n *Node) Catalog() *catalog.Catalog {
	c, _ := n.meta.Catalog()
	return c
}

// CatalogChanged returns the newest catalog, and a channel that is closed when there is a newer one.
func (n *Node) CatalogChanged() (*catalog.Catalog, <-chan struct{}) { return n.meta.Catalog() }

// Apply implements session.Engine.
func (n *Node) Apply(ctx context.Context, cmd catalog.Command) error {
	if !n.Ready() {
		return errNotReady()
	}
	if len(cmd.Drop) == 0 && cmd.Alter == nil {
		if err := n.space.refusal(); err != nil {
			return err
		}
	}
	err := n.meta.Apply(cmd)
	if err == nil {
		n.configured(ctx, cmd)
	}
	switch {
	case errors.Is(err, group.ErrUnknown):
		return pgerr.New(pgerr.TransactionResolutionUnknown, "it is not known whether the catalog was changed").WithCause(err)
	case errors.Is(err, group.ErrNotLeader):
		return errNotReady().WithCause(err)
	}
	return err
}

func errNotReady() *pgerr.Error {
	return pgerr.New(pgerr.CannotConnectNow, "the node is not ready")
}

// Placement implements session.Engine.
func (n *Node) Placement(partitions int) []catalog.ShardID {
	return assign.Partitions(partitions, len(n.shards))
}

// Snapshot implements session.Engine. What was acknowledged was applied before, so a snapshot of now has it; views are
// waited for.
func (n *Node) Snapshot(ctx context.Context, rels []*catalog.Relation, level session.Consistency, notice func(string)) (exec.Reader, error) {
	if !n.Ready() {
		return nil, errNotReady()
	}
	if err := failedView(rels); err != nil {
		return nil, err
	}
	if level != session.Eventual {
		if err := n.waitAsync(ctx); err != nil {
			return nil, err
		}
	}
	if level != session.Eventual && slices.ContainsFunc(rels, func(r *catalog.Relation) bool { return r.Query != nil }) {
		if err := n.fence(ctx, rels, notice); err != nil {
			return nil, err
		}
	}
	rels = withIndexes(rels)
	before := n.Catalog()
	c, err := n.takeCut(ctx, n.shardsOf(rels))
	if err != nil {
		return nil, err
	}
	after := n.Catalog() // says that a relation is dropped before the shards drop it
	for _, r := range rels {
		if before.ByID(r.ID) != nil && after.ByID(r.ID) == nil {
			c.Close()
			return nil, errRelationGone(r.Partition(0))
		}
	}
	c.relations = make(map[catalog.RelationID]*catalog.Relation, len(rels))
	for _, r := range rels {
		c.relations[r.TopicRelation()] = r // their placements are the same
	}
	return c, nil
}

// Rows implements session.Engine.
func (n *Node) Rows(ctx context.Context, r *catalog.Relation) (exec.Reader, error) {
	rels := []*catalog.Relation{r}
	if r.Query != nil || len(withIndexes(rels)) > 1 { // an entry of an index and its row may be on two shards, and are read as one
		return n.Snapshot(ctx, rels, session.Strong, nil)
	}
	if !n.Ready() {
		return nil, errNotReady()
	}
	if err := n.waitAsync(ctx); err != nil {
		return nil, err
	}
	return &cut{snapshots: make([]*shard.Snapshot, len(n.shards)), relations: map[catalog.RelationID]*catalog.Relation{r.TopicRelation(): r},
		take: func(id catalog.ShardID) *shard.Snapshot { return n.shards[id].Snapshot() }}, nil
}

// withIndexes adds the unique indexes of rels, which have partitions of their own.
func withIndexes(rels []*catalog.Relation) []*catalog.Relation {
	out := rels[:len(rels):len(rels)]
	for _, r := range rels {
		for _, x := range r.Indexes {
			if x.Index.Unique {
				out = append(out, x)
			}
		}
	}
	return out
}

func failedView(rels []*catalog.Relation) error {
	for _, r := range rels {
		if r.Query != nil && r.Query.State == catalog.QueryFailed {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the query of %q has failed: %s", r.Name, r.Query.Reason)
		}
	}
	return nil
}

// shardsOf returns the shards that hold partitions of the relations, ascending.
func (n *Node) shardsOf(rels []*catalog.Relation) []catalog.ShardID {
	used := make([]bool, len(n.shards))
	for _, r := range rels {
		for _, id := range r.Placement {
			if int(id) < len(used) {
				used[id] = true
			}
		}
	}
	var ids []catalog.ShardID
	for i, u := range used {
		if u {
			ids = append(ids, catalog.ShardID(i))
		}
	}
	return ids
}

// fence waits for the views among rels. When the catalog changes it looks again: a query may have failed, and then its
// frontiers stand still.
func (n *Node) fence(ctx context.Context, rels []*catalog.Relation, notice func(string)) error {
	notice = once(notice)
	for {
		cat, changed := n.meta.Catalog()
		now := make([]*catalog.Relation, len(rels))
		for i, r := range rels {
			if now[i] = cat.ByID(r.ID); now[i] == nil {
				return errRelationGone(r.Partition(0))
			}
		}
		err := n.fenceUntil(ctx, cat, now, notice, changed)
		if !errors.Is(err, errCatalogChanged) {
			return readError(err)
		}
	}
}

// readError puts what ends a wait into the user's words.
func readError(err error) error {
	switch {
	case errors.Is(err, exec.ErrDropped):
		return pgerr.New(pgerr.UndefinedTable, "a relation that was read has been dropped").WithCause(err)
	case errors.Is(err, exec.ErrUnavailable):
		return errNotReady().WithCause(err)
	}
	return err
}

var errCatalogChanged = errors.New("catalog changed")

func (n *Node) fenceUntil(ctx context.Context, cat *catalog.Catalog, rels []*catalog.Relation, notice func(string), changed <-chan struct{}) error {
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-changed:
			cancel(errCatalogChanged)
		case <-n.ctx.Done():
			cancel(exec.ErrUnavailable)
		case <-waiting.Done():
		}
	}()
	err := exec.Fence(waiting, cat, rels, n, notice)
	if err != nil && ctx.Err() == nil && waiting.Err() != nil {
		return context.Cause(waiting)
	}
	return err
}

// once returns a function that passes each message on once.
func once(notice func(string)) func(string) {
	if notice == nil {
		return nil
	}
	var mu sync.Mutex
	told := map[string]bool{}
	return func(msg string) {
		mu.Lock()
		defer mu.Unlock()
		if !told[msg] {
			told[msg] = true
			notice(msg)
		}
	}
}

// Waiting implements session.Engine.
func (n *Node) Waiting(r *catalog.Relation) string {
	if r.Query == nil || r.Query.State != catalog.QueryRunning {
		return ""
	}
	needs, cat := []*catalog.Relation{r}, n.Catalog()
	for _, id := range r.Query.DependsOn {
		if source := cat.ByID(id); source != nil {
			needs = append(needs, source)
		}
	}
	for _, id := range n.shardsOf(needs) {
		if err := n.shards[id].Damage(); err != nil {
			return messageOf(err)
		}
	}
	return ""
}

// messageOf is an error's text as a user sees it.
func messageOf(err error) string { return pgerr.From(err).Message }

// WaitAny implements session.Engine.
func (n *Node) WaitAny(ctx context.Context, ends map[catalog.PartitionID]log.Offset) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	first := make(chan error, len(ends))
	for p, end := range ends {
		s, err := n.shardOf(p)
		if err != nil {
			return readError(err)
		}
		if s.EndOffset(p) > end {
			return nil
		}
		go func() { first <- s.Wait(waiting, p, end) }()
	}
	if len(ends) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	return readError(<-first)
}
