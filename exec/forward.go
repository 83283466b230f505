package exec

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// maxSends bounds how many target partitions a forwarder sends to at a time.
const maxSends = 16

// forwarder carries one source partition to all partitions of a repartition topic. What it sends is a function of what is
// logged, and each target partition stores the frontier up to which it has this source partition: an append applies
// only if it begins there. So retries, restarts and predecessors that still send are harmless.
//
// Each target's stream stands for itself: the changes of the source whose key falls into it. After a crash the targets
// may be at different frontiers, even in the middle of a backfill; those that are at the same frontier go on together.
type forwarder struct {
	rt       *Runtime
	query    *catalog.Relation
	spec     *plan.Forwarder
	host     Host
	source   *source
	pipeline *pipeline
	meter    *Meter
	targets  []*target
	// witness is the target whose stream says what was left out: the rows that fail have no key that would choose one.
	witness *target
}

// target is one partition of the repartition topic.
type target struct {
	part     catalog.PartitionID
	consumer ConsumerID
	stored   []Frontier // nil if it has nothing of this source partition
	frontier Frontier
}

// RunForwarder carries source partition p of forwarder f of the query of q, until ctx ends (nil), the term of h is over
// (ErrFenced) or the relation is dropped (ErrDropped). Any other error means that the query cannot go on.
func RunForwarder(ctx context.Context, rt *Runtime, q *catalog.Relation, f *plan.Forwarder, p uint32, h Host) error {
	w, err := newForwarder(rt, q, f, p, h)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		err := w.recover(ctx)
		if err == nil {
			group, _ := w.hindmost()
			stop := w.meter.countStores(ctx, h, []*source{w.source}, []Frontier{group[0].frontier})
			err = w.run(ctx)
			stop()
		}
		var moved *FrontierError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &moved):
		case errors.Is(err, ErrUnavailable):
			if pause(ctx) != nil {
				return nil
			}
		default:
			return err
		}
	}
	return nil
}

func newForwarder(rt *Runtime, q *catalog.Relation, f *plan.Forwarder, p uint32, h Host) (*forwarder, error) {
	w := &forwarder{rt: rt, query: q, spec: f, host: h, source: newSource(f.Source, q.ID, p), meter: rt.Meters.Of(JobID{f.ID, p}, 1)}
	var err error
	if w.pipeline, err = rt.pipeline(f.Steps); err != nil {
		return nil, err
	}
	for i := range TargetPartitions(q, f) {
		part := catalog.PartitionID{Topic: q.ID.Topic(f.Target), Partition: uint32(i)}
		w.targets = append(w.targets, &target{part: part, consumer: ForwarderConsumer(q, f, uint32(i), p)})
	}
	w.witness = w.targets[int(p)%len(w.targets)]
	return w, nil
}

// TargetPartitions returns how many partitions of its target a forwarder writes: all, or one if it has no key.
func TargetPartitions(q *catalog.Relation, f *plan.Forwarder) int {
	if len(f.Key) == 0 {
		return 1
	}
	return q.Partitions()
}

// ForwarderConsumer names the stream of f from a source partition into a target partition.
func ForwarderConsumer(q *catalog.Relation, f *plan.Forwarder, targetPartition, sourcePartition uint32) ConsumerID {
	return ConsumerID{Query: q.ID, Node: f.ID, Partition: targetPartition, Source: sourcePartition}
}

// recover reads the frontiers that the targets have stored.
func (w *forwarder) recover(ctx context.Context) error {
	r := w.host.Snapshot()
	defer r.Close()
	start := w.source.start(r)
	for _, t := range w.targets {
		stored, err := w.host.RemoteFrontiers(ctx, t.part, t.consumer)
		if err != nil {
			return err
		}
		t.stored, t.frontier = stored, start
		if stored != nil {
			t.frontier = stored[0]
		}
	}
	return nil
}

func (w *forwarder) run(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		group, until := w.hindmost()
		sent, err := w.round(ctx, group, until)
		if err != nil {
			return err
		}
		if sent {
			continue
		}
		if err := w.host.Wait(ctx, w.source.part, group[0].frontier.Offset); err != nil {
			return err
		}
	}
}

// hindmost returns the targets that are furthest behind, which all are at one frontier, and the offset up to which they may
// be carried without overtaking the next ones.
func (w *forwarder) hindmost() ([]*target, log.Offset) {
	last := w.targets[0].frontier
	for _, t := range w.targets[1:] {
		if compareFrontiers(t.frontier, last) < 0 {
			last = t.frontier
		}
	}
	until := log.Offset(math.MaxInt64)
	var group []*target
	for _, t := range w.targets {
		if compareFrontiers(t.frontier, last) == 0 {
			group = append(group, t)
		} else if !t.frontier.Backfilling {
			until = min(until, t.frontier.Offset)
		}
	}
	return group, until
}

// compareFrontiers orders frontiers by progress: backfilling ones first, by their cursors, then by offset.
func compareFrontiers(a, b Frontier) int {
	if a.Backfilling != b.Backfilling {
		if a.Backfilling {
			return -1
		}
		return 1
	}
	if c := bytes.Compare(a.Cursor, b.Cursor); c != 0 {
		return c
	}
	switch {
	case a.Offset < b.Offset:
		return -1
	case a.Offset > b.Offset:
		return 1
	}
	return 0
}

// round carries the targets of one frontier one step on. It returns false if there was nothing to carry.
func (w *forwarder) round(ctx context.Context, group []*target, until log.Offset) (bool, error) {
	f := group[0].frontier
	first := slices.ContainsFunc(group, func(t *target) bool { return t.stored == nil })
	began := time.Now()
	b, next, err := w.read(f, until, first)
	if err != nil || b == nil {
		return false, err
	}
	changes := b.Len
	w.meter.Inputs[0].Read.add(changes, began)
	if b, err = w.meter.Inputs[0].Steps.measure(b, w.pipeline.run); err != nil {
		return false, err
	}
	at := time.Now()
	parts := w.split(b)
	var left failures
	left.take([]*pipeline{w.pipeline}, []*source{w.source})
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(maxSends)
	for _, t := range group {
		mine := &failures{}
		if t == w.witness {
			mine = &left
		}
		g.Go(func() error { return w.send(ctx, t, parts[t.part.Partition], mine, next) })
	}
	if err := g.Wait(); err != nil {
		return false, err
	}
	at = w.meter.Commit.add(0, at)
	w.meter.committed(changes, b.Len, at.Sub(began))
	w.meter.took([]*source{w.source})
	if slices.Contains(group, w.witness) {
		w.rt.tell(w.query, &left)
	}
	w.rt.Processed(w.query, w.spec.ID, changes)
	return true, nil
}

// read takes the next changes after f; nil if there are none. The first append to a target is made in any case: it says that
// the target has all there is, even if that is nothing.
func (w *forwarder) read(f Frontier, until log.Offset, first bool) (*types.Batch, Frontier, error) {
	r := w.host.Snapshot()
	defer r.Close()
	if !first && !w.source.behind(r, f) {
		return nil, f, nil
	}
	return w.source.read(r, f, until, roundBytes)
}

// split distributes the rows of b over the target partitions.
func (w *forwarder) split(b *types.Batch) []*types.Batch {
	n := len(w.targets)
	if n == 1 {
		return []*types.Batch{b}
	}
	rows := make([][]int, n)
	var key []byte
	for i := range b.Len {
		key = types.EncodeKey(key[:0], b, w.spec.Key, i)
		p := types.Partition(key, n)
		rows[p] = append(rows[p], i)
	}
	parts := make([]*types.Batch, n)
	for p := range parts {
		parts[p] = b.Gather(rows[p])
	}
	return parts
}

// send appends a part to its target and moves the target's frontier. Rows there or not, the frontier moves: a reader
// that waits for this source partition must not wait for ever.
func (w *forwarder) send(ctx context.Context, t *target, b *types.Batch, left *failures, next Frontier) error {
	c := &Commit{Consumer: t.consumer, Before: t.stored, After: []Frontier{next}}
	now := w.rt.NowMillis()
	if err := appendChanges(b, t.part, now, c); err != nil {
		return err
	}
	if err := left.write(w.query, w.query.Placement[t.part.Partition], now, c); err != nil {
		return err
	}
	if err := w.host.Send(ctx, t.part, c); err != nil {
		return err
	}
	t.stored, t.frontier = c.After, next
	return nil
}
