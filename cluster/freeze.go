package cluster

import (
	"context"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// frozen is a cut of all shards, which a transaction keeps.
type frozen struct {
	cut *cut
	// views are those that were waited for: what they show is of the moment.
	views map[catalog.RelationID]bool
}

// freezeAttempts is how often the views are looked at anew because one failed or went while it was waited for.
const freezeAttempts = 10

// Freeze implements session.Engine.
func (n *Node) Freeze(ctx context.Context, level session.Consistency, notice func(string)) (session.Frozen, error) {
	if !n.Ready() {
		return nil, errNotReady()
	}
	views, err := n.fenceAll(ctx, level, notice)
	if err != nil {
		return nil, err
	}
	ids := make([]catalog.ShardID, len(n.shards))
	for i := range ids {
		ids[i] = catalog.ShardID(i)
	}
	c, err := n.takeCut(ctx, ids)
	if err != nil {
		return nil, err
	}
	return &frozen{cut: c, views: views}, nil
}

// fenceAll waits for all views that run, unless the level is eventual, and returns them.
func (n *Node) fenceAll(ctx context.Context, level session.Consistency, notice func(string)) (map[catalog.RelationID]bool, error) {
	if level != session.Eventual {
		if err := n.waitAsync(ctx); err != nil {
			return nil, err
		}
	}
	for attempt := 0; ; attempt++ {
		views := map[catalog.RelationID]bool{}
		var rels []*catalog.Relation
		for _, r := range n.Catalog().Relations() {
			if r.Query != nil && r.Query.State == catalog.QueryRunning && r.Replaces == 0 {
				views[r.ID] = true
				rels = append(rels, r)
			}
		}
		if level == session.Eventual || len(rels) == 0 {
			return views, nil
		}
		err := n.fence(ctx, rels, notice)
		code := pgerr.Code(err)
		if err == nil || attempt >= freezeAttempts || code != pgerr.ObjectNotInPrerequisiteState && code != pgerr.UndefinedTable {
			return views, err
		}
	}
}

// With implements session.Frozen.
func (f *frozen) With(rels []*catalog.Relation) (exec.Reader, error) {
	if err := failedView(rels); err != nil {
		return nil, err
	}
	r := frozenReader{&cut{snapshots: f.cut.snapshots, relations: make(map[catalog.RelationID]*catalog.Relation, len(rels))}}
	for _, rel := range withIndexes(rels) {
		if rel.Query != nil && !f.views[rel.ID] {
			return nil, pgerr.New(pgerr.ObjectNotInPrerequisiteState, "view %q was not there when the transaction's snapshot was taken", rel.Name)
		}
		r.relations[rel.TopicRelation()] = rel
	}
	return r, nil
}

// Close implements session.Frozen.
func (f *frozen) Close() { f.cut.Close() }

// frozenReader reads a cut that somebody else closes.
type frozenReader struct{ *cut }

// Close implements exec.Reader.
func (frozenReader) Close() {}
