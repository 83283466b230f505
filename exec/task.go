package exec

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// maxCommitBytes bounds what one commit of a task carries. A round that would carry more is run again over less input.
const maxCommitBytes = 8 << 20

// minRoundBytes is the input at which a round is no longer made smaller.
const minRoundBytes = 1

// Runtime is what tasks and forwarders need beside their host.
type Runtime struct {
	// Location is the query's TimeZone at CREATE.
	Location *time.Location
	// Names tells the labels of enums, as they are at the time; nil: there are none.
	Names types.Names
	// NowMillis is the clock, ms since 1970; it stamps records of changelogs.
	NowMillis func() int64
	// RowFailed is told of each row that a query leaves out because an expression failed.
	RowFailed func(query *catalog.Relation, err error)
	// Undecodable, if not nil, is told of each record of a stream that a committed round passed over.
	Undecodable func(query *catalog.Relation, u Undecodable)
	// Processed is told how many changes a committed round took in.
	Processed func(query *catalog.Relation, node uint16, changes int)
	// Tables is for streams that are joined with tables.
	Tables Tables
	// Meters, if not nil, count what the query's jobs do.
	Meters *Meters
}

// context is what expressions of the query are evaluated in.
func (rt *Runtime) context() expr.Context {
	return expr.Context{Location: rt.Location, Names: rt.Names}
}

func (rt *Runtime) pipeline(steps []plan.Step) (*pipeline, error) {
	return compilePipeline(steps, rt.context())
}

// task runs one plan.Task over one partition: read from the frontiers on, run the operators, commit state, output and
// frontiers in one entry, look again. There is no commit interval: a round takes what is there.
type task struct {
	rt        *Runtime
	query     *catalog.Relation
	spec      *plan.Task
	consumer  ConsumerID
	host      Host
	sources   []*source
	pipelines []*pipeline
	join      *joinState
	barrier   *barrier // of a join of events; else nil
	aggregate *aggregateState
	top       *topState
	last      *lastState
	after     *pipeline
	sink      *sink
	meter     *Meter

	stored    []Frontier // as stored; nil if it never committed
	frontiers []Frontier
}

// RunTask runs task t of the query of q over one partition until ctx ends (nil), the host's term is over (ErrFenced), or
// the relation is dropped (ErrDropped). Any other error means that the query cannot go on.
func RunTask(ctx context.Context, rt *Runtime, q *catalog.Relation, t *plan.Task, partition uint32, h Host) error {
	k, err := newTask(rt, q, t, partition, h)
	if err != nil {
		return err
	}
	for {
		if err := k.recover(); err != nil {
			return err
		}
		stop := k.meter.countStores(ctx, h, k.sources, k.frontiers)
		err := k.run(ctx)
		stop()
		var moved *FrontierError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &moved):
			continue // our own commit of unknown outcome was applied after all: begin from what is stored
		default:
			return err
		}
	}
}

func newTask(rt *Runtime, q *catalog.Relation, t *plan.Task, partition uint32, h Host) (*task, error) {
	k := &task{rt: rt, query: q, spec: t, host: h, sink: newSink(t.Sink, q, partition),
		consumer: ConsumerID{Query: q.ID, Node: t.ID, Partition: partition}, meter: rt.Meters.Of(JobID{t.ID, partition}, len(t.Inputs))}
	var err error
	var in [][]types.Type
	for _, input := range t.Inputs {
		k.sources = append(k.sources, newSource(input.Source, q.ID, partition))
		p, err := rt.pipeline(input.Steps)
		if err != nil {
			return nil, err
		}
		k.pipelines = append(k.pipelines, p)
		in = append(in, stepTypes(input.Source.Columns, input.Steps))
	}
	if k.after, err = rt.pipeline(t.After); err != nil {
		return nil, err
	}
	if t.Join != nil {
		ctx := rt.context()
		if k.join, err = newJoinState(*t.Join, in, ctx, k.consumer); err != nil {
			return nil, err
		}
	}
	if t.Join != nil && t.Join.Events {
		if k.barrier, err = newBarrier(k); err != nil {
			return nil, err
		}
	}
	if t.Top != nil {
		k.top = newTopState(*t.Top, in[0], k.consumer)
	}
	if t.Last != nil {
		k.last = newLastState(*t.Last, in[0], k.consumer)
	}
	if t.Aggregate != nil {
		k.aggregate, err = newAggregateState(*t.Aggregate, in[0], q.ID, t.ID, partition)
	}
	return k, err
}

// stepTypes returns the columns after steps over rows of types in.
func stepTypes(in []types.Type, steps []plan.Step) []types.Type {
	for _, s := range steps {
		in = s.Output(in)
	}
	return in
}

// recover takes up the stored frontiers.
func (k *task) recover() error {
	stored, err := k.host.Frontiers(k.consumer)
	if err != nil {
		return err
	}
	k.setFrontiers(stored)
	if k.barrier != nil {
		k.barrier.pending = false
	}
	if stored == nil {
		k.frontiers = nil
		r := k.host.Snapshot()
		defer r.Close()
		for _, s := range k.sources {
			k.frontiers = append(k.frontiers, s.start(r))
		}
	}
	return nil
}

func (k *task) setFrontiers(stored []Frontier) { k.stored, k.frontiers = stored, stored }

func (k *task) run(ctx context.Context) error {
	limit := roundBytes
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := k.round(ctx, limit)
		var large *commitTooLargeError
		switch {
		case errors.As(err, &large) && limit > minRoundBytes:
			limit = max(limit/8, minRoundBytes)
			continue
		case err != nil:
			return err
		}
		limit = roundBytes
		if !done {
			if err := k.wait(ctx); err != nil {
				return err
			}
		}
	}
}

// commitTooLargeError says that a round's changes do not fit into one entry.
type commitTooLargeError struct{ size int }

func (e *commitTooLargeError) Error() string {
	return fmt.Sprintf("one record causes changes of %d bytes, more than the %d that an entry holds", e.size, maxCommitBytes)
}

// round reads, computes and commits once. It returns false if there was nothing to do.
func (k *task) round(ctx context.Context, limit int) (bool, error) {
	began := time.Now()
	in, next, changes, err := k.read(ctx, limit)
	if err != nil || in == nil {
		return false, err
	}
	c := &Commit{Consumer: k.consumer, Term: k.host.Term(), Before: k.stored, After: next}
	out, err := k.compute(in, c)
	if err != nil {
		return false, err
	}
	now := k.rt.NowMillis()
	at := time.Now()
	if err := k.sink.write(out, k.host.State(), now, c); err != nil {
		return false, err
	}
	at = k.meter.Sink.add(out.Len, at)
	var left failures
	left.take(k.allPipelines(), k.sources)
	if err := left.write(k.query, k.query.Placement[k.consumer.Partition], now, c); err != nil {
		return false, err
	}
	if size := commitSize(c); size > maxCommitBytes {
		return false, &commitTooLargeError{size}
	}
	if err := k.commit(ctx, c); err != nil {
		return false, err
	}
	at = k.meter.Commit.add(0, at)
	k.meter.committed(changes, out.Len, at.Sub(began))
	k.meter.took(k.sources)
	k.setFrontiers(next)
	k.rt.tell(k.query, &left)
	k.rt.Processed(k.query, k.spec.ID, changes)
	return true, nil
}

// allPipelines returns all that may have left rows out.
func (k *task) allPipelines() []*pipeline {
	all := append(k.pipelines[:len(k.pipelines):len(k.pipelines)], k.after)
	if k.join != nil && k.join.cond != nil {
		all = append(all, &k.join.cond.pipeline)
	}
	return all
}

// read takes what is there from all inputs, bounded; nil if no input has anything new.
func (k *task) read(ctx context.Context, limit int) (in []*types.Batch, next []Frontier, changes int, err error) {
	if k.barrier != nil {
		return k.barrier.read(ctx, limit)
	}
	r := k.host.Snapshot()
	defer r.Close()
	behind := k.stored == nil // the first commit is made in any case: it marks the start
	for i, s := range k.sources {
		behind = behind || s.behind(r, k.frontiers[i])
	}
	if !behind {
		return nil, nil, 0, nil
	}
	for i, s := range k.sources {
		at := time.Now()
		b, f, err := s.read(r, k.frontiers[i], math.MaxInt64, limit)
		if err != nil {
			return nil, nil, 0, err
		}
		k.meter.Inputs[i].Read.add(b.Len, at)
		changes += b.Len
		if b, err = k.meter.Inputs[i].Steps.measure(b, k.pipelines[i].run); err != nil {
			return nil, nil, 0, err
		}
		in, next = append(in, b), append(next, f)
	}
	return in, next, changes, nil
}

// compute runs the stateful operator and what follows it.
func (k *task) compute(in []*types.Batch, c *Commit) (*types.Batch, error) {
	out := in[0]
	var err error
	at := time.Now()
	switch {
	case k.join == nil && len(in) > 1:
		out = together(in)
	case k.join != nil:
		out, err = k.join.apply([2]*types.Batch{in[left], in[right]}, k.host.State(), c)
	case k.aggregate != nil:
		out, err = k.computeAggregate(in[0], c)
	case k.top != nil:
		out, err = k.top.apply(in[0], k.host.State(), c)
	case k.last != nil:
		out, err = k.last.apply(in[0], k.host.State(), c)
	}
	if err != nil {
		return nil, err
	}
	k.meter.Operator.add(out.Len, at)
	return k.meter.After.measure(out, k.after.run)
}

// together returns the rows of all batches, whose columns have the same types.
func together(in []*types.Batch) *types.Batch {
	var ts []types.Type
	for _, v := range in[0].Cols {
		ts = append(ts, v.Type)
	}
	out := types.NewBatch(ts, in[0].Len+in[1].Len)
	for _, b := range in {
		for i := range b.Len {
			out.AppendFrom(b, i, b.Diff(i))
		}
	}
	return out
}

func (k *task) computeAggregate(in *types.Batch, c *Commit) (*types.Batch, error) {
	out := types.NewBatch(k.aggregate.outTypes, 0)
	if k.stored == nil {
		first, err := k.aggregate.start()
		if err != nil {
			return nil, err
		}
		appendBatch(out, first)
	}
	ctx := k.rt.context()
	changes, err := k.aggregate.apply(in, k.host.State(), &ctx, c)
	if err != nil {
		return nil, err
	}
	appendBatch(out, changes)
	return out, nil
}

// commit proposes c until its outcome is known.
func (k *task) commit(ctx context.Context, c *Commit) error {
	for {
		err := k.host.Commit(ctx, c)
		if !errors.Is(err, ErrUnavailable) {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
}

// retryPause is how long a consumer waits before it asks an unavailable shard again.
const retryPause = 50 * time.Millisecond

func pause(ctx context.Context) error {
	t := time.NewTimer(retryPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// wait returns when there may be something to do.
func (k *task) wait(ctx context.Context) error {
	if k.barrier != nil {
		return k.barrier.wait(ctx)
	}
	return k.waitInputs(ctx)
}

// waitInputs returns when an input has something new.
func (k *task) waitInputs(ctx context.Context) error {
	ends := map[catalog.PartitionID]log.Offset{}
	for i, s := range k.sources {
		ends[s.part] = k.frontiers[i].Offset
	}
	return waitAny(ctx, k.host, ends)
}

// waitAny returns when one of the partitions of h's shard has an end offset above the given one.
func waitAny(ctx context.Context, h Host, ends map[catalog.PartitionID]log.Offset) error {
	if len(ends) == 1 {
		for p, end := range ends {
			return h.Wait(ctx, p, end)
		}
	}
	any, cancel := context.WithCancel(ctx)
	defer cancel()
	first := make(chan error, len(ends))
	for p, end := range ends {
		go func() { first <- h.Wait(any, p, end) }()
	}
	return <-first
}

// commitSize is about how many bytes c takes in an entry.
func commitSize(c *Commit) int {
	size := 0
	for _, op := range c.State.Ops {
		size += len(op.Key) + len(op.Value)
	}
	for _, a := range c.Appends {
		size += len(a.Batch)
	}
	return size
}
