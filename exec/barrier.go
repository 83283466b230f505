package exec

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// Tables is what a task that joins a stream with a table asks of the node.
type Tables interface {
	FenceSource
	// Fence returns when the relation, if a query keeps it, has included all that was acknowledged before the call. While
	// the query is failed it waits.
	Fence(ctx context.Context, id catalog.RelationID) error
	// Partitions returns the number of partitions of a relation.
	Partitions(id catalog.RelationID) (int, error)
}

// barrier holds the events of a join with a table back until the table's side has included every write to the table that
// was acknowledged before the events were. In this order:
//
//  1. There are events below offset events in the task's own input. All that was acknowledged before them was so before now.
//  2. If a query keeps the table: wait until that has included all that was acknowledged before now (Fence).
//  3. The ends of the table's partitions are taken; if a forwarder carries them here, wait until it has carried all below.
//  4. The end of the task's own input of the table's side is taken; that input is read up to there.
//  5. The events below events are read, with the table's side as it is by then.
//
// Events that come meanwhile wait for the next barrier, and new writes to the table move none of these ends: neither starves
// the other. The barrier is the task's memory; after a restart a later one takes its place, which is as good.
type barrier struct {
	*task
	relation  catalog.RelationID // the table
	forwarder *plan.Forwarder    // that carries it; nil: the table's partition is read as it lies

	pending bool
	events  log.Offset
	ends    []log.Offset // by partition of the table, which the forwarder must have carried
	carried bool
	known   bool       // end is known
	end     log.Offset // of the table's side
}

// newBarrier returns the barrier of a task with a join of events.
func newBarrier(k *task) (*barrier, error) {
	if k.rt.Tables == nil {
		return nil, fmt.Errorf("BUG: a join of events without a source of tables")
	}
	b := &barrier{task: k}
	source := k.spec.Inputs[right].Source
	if source.Relation == 0 {
		t, err := Topology(k.query)
		if err != nil {
			return nil, err
		}
		for i := range t.Forwarders {
			if t.Forwarders[i].Target == source.Topic {
				b.forwarder, source = &t.Forwarders[i], t.Forwarders[i].Source
			}
		}
	}
	b.relation = source.Relation
	return b, nil
}

// advance goes through steps 1 to 3 as far as it gets without waiting for a forwarder.
func (b *barrier) advance(ctx context.Context) error {
	at := b.frontiers[left].Offset
	if b.pending && at >= b.events {
		b.pending = false
	}
	if !b.pending {
		r := b.host.Snapshot()
		end := r.EndOffset(b.sources[left].part)
		r.Close()
		if end <= at {
			return nil
		}
		if err := b.raise(ctx, end); err != nil {
			return err
		}
	}
	if !b.carried {
		c, _, err := b.lagging()
		if err != nil {
			return err
		}
		b.carried = c == nil
	}
	return nil
}

// raise begins a barrier for the events below end.
func (b *barrier) raise(ctx context.Context, end log.Offset) error {
	if err := b.rt.Tables.Fence(ctx, b.relation); err != nil {
		return err
	}
	b.pending, b.events, b.ends, b.carried, b.known = true, end, nil, b.forwarder == nil, false
	if b.forwarder == nil {
		return nil
	}
	n, err := b.rt.Tables.Partitions(b.relation)
	if err != nil {
		return err
	}
	for p := range n {
		end, err := b.rt.Tables.EndOffset(catalog.PartitionID{Topic: b.relation.Topic(0), Partition: uint32(p)})
		if err != nil {
			return err
		}
		b.ends = append(b.ends, end)
	}
	return nil
}

// lagging returns the first stream of the forwarder that has not carried what it must, and how far it must; nil if none.
func (b *barrier) lagging() (*ConsumerID, log.Offset, error) {
	for p, end := range b.ends {
		c := ForwarderConsumer(b.query, b.forwarder, b.consumer.Partition, uint32(p))
		stored, err := b.host.Frontiers(c)
		if err != nil {
			return nil, 0, err
		}
		if len(stored) == 0 || stored[0].Backfilling || stored[0].Offset < end {
			return &c, end, nil
		}
	}
	return nil, 0, nil
}

// read takes what there is of the table's side, bounded, and events if they may be taken after that; nil if there is nothing.
func (b *barrier) read(ctx context.Context, limit int) (in []*types.Batch, next []Frontier, changes int, err error) {
	if err := b.advance(ctx); err != nil {
		return nil, nil, 0, err
	}
	r := b.host.Snapshot()
	defer r.Close()
	if b.pending && b.carried && !b.known {
		b.known, b.end = true, r.EndOffset(b.sources[right].part)
	}
	if b.stored != nil && !b.sources[right].behind(r, b.frontiers[right]) && !b.open(b.frontiers[right]) {
		return nil, nil, 0, nil
	}
	at := time.Now()
	table, after, err := b.sources[right].read(r, b.frontiers[right], math.MaxInt64, limit)
	if err != nil {
		return nil, nil, 0, err
	}
	at = b.meter.Inputs[right].Read.add(table.Len, at)
	until := b.frontiers[left].Offset
	if b.open(after) {
		until = b.events
	}
	events, passed, err := b.sources[left].read(r, b.frontiers[left], until, limit)
	if err != nil {
		return nil, nil, 0, err
	}
	b.meter.Inputs[left].Read.add(events.Len, at)
	for i, batch := range []*types.Batch{events, table} {
		changes += batch.Len
		if batch, err = b.meter.Inputs[i].Steps.measure(batch, b.pipelines[i].run); err != nil {
			return nil, nil, 0, err
		}
		in = append(in, batch)
	}
	return in, []Frontier{passed, after}, changes, nil
}

// open reports whether events may be taken when the table's side is at f.
func (b *barrier) open(f Frontier) bool {
	return b.pending && b.known && !f.Backfilling && f.Offset >= b.end
}

// wait returns when there may be something to do.
func (b *barrier) wait(ctx context.Context) error {
	if b.pending && !b.carried {
		c, end, err := b.lagging()
		if err != nil || c == nil {
			return err
		}
		return b.rt.Tables.WaitFrontier(ctx, b.query.Partition(int(b.consumer.Partition)), *c, 0, end)
	}
	return b.task.waitInputs(ctx)
}
