package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// FenceSource is what a strong read needs to know of the shards.
type FenceSource interface {
	// EndOffset returns the end of p after everything that was acknowledged before the call.
	EndOffset(p catalog.PartitionID) (log.Offset, error)
	// Frontiers returns the stored frontiers of c on the shard that holds p, nil if it never committed.
	Frontiers(p catalog.PartitionID, c ConsumerID) ([]Frontier, error)
	// WaitFrontier returns when frontier number input of c, stored on the shard of p, is not backfilling and at or past
	// atLeast, or ctx ends (its error).
	WaitFrontier(ctx context.Context, p catalog.PartitionID, c ConsumerID, input int, atLeast log.Offset) error
	// Topology returns the topology of a view, which stays as it is.
	Topology(r *catalog.Relation) (*plan.Topology, error)
}

// Fence returns when every view among rels has included all writes acknowledged before the call. It walks from the base
// relations down: the ends of what a node reads, taken after everything above was waited for, are what its frontiers must
// reach. notice is told of a view that is still being backfilled. A failed view on the way is 55000.
func Fence(ctx context.Context, cat *catalog.Catalog, rels []*catalog.Relation, src FenceSource, notice func(string)) error {
	f := &fence{ctx: ctx, cat: cat, src: src, notice: notice, done: map[catalog.RelationID]bool{}}
	for _, r := range rels {
		if err := f.relation(r); err != nil {
			return err
		}
	}
	return nil
}

type fence struct {
	ctx    context.Context
	cat    *catalog.Catalog
	src    FenceSource
	notice func(string)
	done   map[catalog.RelationID]bool
}

func (f *fence) relation(r *catalog.Relation) error {
	if r.Query == nil || f.done[r.ID] {
		return nil
	}
	f.done[r.ID] = true
	if r.Query.State == catalog.QueryFailed {
		return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "the query of %q has failed: %s", r.Name, r.Query.Reason)
	}
	for _, id := range r.Query.DependsOn {
		dep := f.cat.ByID(id)
		if dep == nil {
			return pgerr.New(pgerr.ObjectNotInPrerequisiteState, "a relation that %q reads was dropped", r.Name)
		}
		if err := f.relation(dep); err != nil {
			return err
		}
	}
	t, err := f.src.Topology(r)
	if err != nil {
		return err
	}
	return f.topology(r, t)
}

// Topology decodes the topology of a view.
func Topology(r *catalog.Relation) (*plan.Topology, error) {
	t := new(plan.Topology)
	if err := json.Unmarshal(r.Query.Topology, t); err != nil {
		return nil, fmt.Errorf("topology of %q: %w", r.Name, err)
	}
	if t.Version != plan.TopologyVersion {
		return nil, fmt.Errorf("topology of %q has version %d, this program knows %d", r.Name, t.Version, plan.TopologyVersion)
	}
	return t, nil
}

// topology waits for the nodes of t, each after the writers of what it reads.
func (f *fence) topology(q *catalog.Relation, t *plan.Topology) error {
	w := &topologyFence{fence: f, query: q, topology: t, written: map[uint16]bool{}}
	for i := range t.Tasks {
		if t.Tasks[i].Sink.Kind != plan.SinkChanges {
			if err := w.task(&t.Tasks[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

type topologyFence struct {
	*fence
	query    *catalog.Relation
	topology *plan.Topology
	written  map[uint16]bool // internal topics whose writers were waited for
	noticed  bool
}

func (w *topologyFence) task(t *plan.Task) error {
	for _, in := range t.Inputs {
		if err := w.writers(in.Source); err != nil {
			return err
		}
	}
	for p := range w.query.Partitions() {
		c := ConsumerID{Query: w.query.ID, Node: t.ID, Partition: uint32(p)}
		home := w.query.Partition(p)
		for i, in := range t.Inputs {
			part := catalog.PartitionID{Topic: in.Source.TopicOf(w.query.ID), Partition: uint32(p)}
			if err := w.wait(home, c, i, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// writers waits for everything that writes the source, if it is an internal topic.
func (w *topologyFence) writers(s plan.Source) error {
	if s.Relation != 0 || w.written[s.Topic] {
		return nil
	}
	w.written[s.Topic] = true
	for i := range w.topology.Tasks {
		t := &w.topology.Tasks[i]
		if t.Sink.Kind == plan.SinkChanges && t.Sink.Topic == s.Topic {
			if err := w.task(t); err != nil {
				return err
			}
		}
	}
	for i := range w.topology.Forwarders {
		fw := &w.topology.Forwarders[i]
		if fw.Target == s.Topic {
			if err := w.forwarder(fw); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *topologyFence) forwarder(fw *plan.Forwarder) error {
	if err := w.writers(fw.Source); err != nil {
		return err
	}
	partitions, err := SourcePartitions(w.cat, w.query, fw)
	if err != nil {
		return err
	}
	for p := range partitions {
		part := catalog.PartitionID{Topic: fw.Source.TopicOf(w.query.ID), Partition: uint32(p)}
		for target := range TargetPartitions(w.query, fw) {
			c := ForwarderConsumer(w.query, fw, uint32(target), uint32(p))
			if err := w.wait(w.query.Partition(target), c, 0, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// SourcePartitions returns how many partitions the source of a forwarder has.
func SourcePartitions(cat *catalog.Catalog, q *catalog.Relation, f *plan.Forwarder) (int, error) {
	if f.Source.Relation == 0 {
		return q.Partitions(), nil
	}
	r := cat.ByID(f.Source.Relation)
	if r == nil {
		return 0, fmt.Errorf("source of %q: %w", q.Name, ErrDropped)
	}
	return r.Partitions(), nil
}

// wait waits until c, stored on home's shard, has included all of part.
func (w *topologyFence) wait(home catalog.PartitionID, c ConsumerID, input int, part catalog.PartitionID) error {
	end, err := w.src.EndOffset(part)
	if err != nil {
		return err
	}
	stored, err := w.src.Frontiers(home, c)
	if err != nil {
		return err
	}
	if input < len(stored) && !stored[input].Backfilling && stored[input].Offset >= end {
		return nil
	}
	if (stored == nil || stored[input].Backfilling) && !w.noticed && w.notice != nil {
		w.noticed = true
		w.notice(fmt.Sprintf("%s %q is being backfilled; waiting for it", noticeWord(w.query), w.query.Name))
	}
	err = w.src.WaitFrontier(w.ctx, home, c, input, end)
	if err != nil && errors.Is(err, w.ctx.Err()) {
		at := Frontier{Backfilling: true}
		if stored, _ := w.src.Frontiers(home, c); input < len(stored) {
			at = stored[input]
		}
		return &LagError{Query: w.query, Consumer: c, Source: w.sourceName(part), Partition: part.Partition, At: at, End: end, Cause: err}
	}
	return err
}

// sourceName is what messages call the relation, or the internal topic, that part is of.
func (w *topologyFence) sourceName(part catalog.PartitionID) string {
	if r := w.cat.ByID(part.Topic.Relation()); r != nil && part.Topic.Local() == 0 {
		return strconv.Quote(r.Name)
	}
	return fmt.Sprintf("its topic %d", part.Topic.Local())
}

// LagError says that a strong read ended while it waited for a task or a forwarder, and how far that was.
type LagError struct {
	Query     *catalog.Relation
	Consumer  ConsumerID
	Source    string
	Partition uint32 // of the source
	At        Frontier
	End       log.Offset // what it must include
	Cause     error
}

// Error implements error.
func (e *LagError) Error() string { return e.Cause.Error() + ": " + e.Detail() }

// Unwrap returns why the wait ended.
func (e *LagError) Unwrap() error { return e.Cause }

// Detail says in a sentence who is waited for.
func (e *LagError) Detail() string {
	at := fmt.Sprintf("offset %d", e.At.Offset)
	if e.At.Backfilling {
		at = "the backfill"
	}
	return fmt.Sprintf("The query of %q was waited for: its task %d, partition %d, is at %s of partition %d of %s, and offset %d was acknowledged.",
		e.Query.Name, e.Consumer.Node, e.Consumer.Partition, at, e.Partition, e.Source, e.End-1)
}

// noticeWord is what a notice calls q.
func noticeWord(q *catalog.Relation) string {
	if q.Kind == catalog.KindView {
		return "view"
	}
	return string(q.Kind)
}
