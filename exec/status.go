package exec

import (
	"math"
	"time"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

// StatusSource is what the status of a query is made of.
type StatusSource interface {
	// Frontiers is FenceSource's.
	Frontiers(p catalog.PartitionID, c ConsumerID) ([]Frontier, error)
	// Offsets returns the bounds of the records of p: [start, end).
	Offsets(p catalog.PartitionID) (start, end log.Offset, err error)
	// RecordMillis returns the time of the record at an offset, or of one shortly before it, ms since 1970; ok is false if it
	// cannot be read.
	RecordMillis(p catalog.PartitionID, at log.Offset) (millis int64, ok bool)
}

// JobStatus is how a task of one partition, or a forwarder of one source partition, stands.
type JobStatus struct {
	JobID
	Forwarder bool
	Final     bool            // it writes the query's relation
	Shard     catalog.ShardID // where it runs
	Inputs    []InputStatus
	// Meter counts what it did since the node started, nil if it has not begun.
	Meter *Meter
}

// InputStatus is how far a job has taken an input in: for a forwarder the target that is furthest behind.
type InputStatus struct {
	Source     catalog.PartitionID
	Table      bool // it begins with the store
	Base       bool // it is of another relation
	Frontier   Frontier
	Start, End log.Offset
	// Done of Total rows or records were taken in, Before of them not by this process; Took is for how long it has been at it.
	// Total is 0 if it is not known.
	Done, Before, Total uint64
	Took                time.Duration
	// OldestMillis is the time of the oldest record that is not included; 0: there is none, or it is not known.
	OldestMillis int64
}

// Lag is how many records, and rows of a store that is being taken in, are not included.
func (s *InputStatus) Lag() uint64 {
	switch {
	case s.Frontier.Backfilling && s.Total > 0:
		return s.Total - s.Done
	case s.Frontier.Backfilling:
		return uint64(s.End - s.Start)
	case s.Frontier.Offset < s.End:
		return uint64(s.End - s.Frontier.Offset)
	}
	return 0
}

// Lag is the sum over the inputs.
func (j *JobStatus) Lag() (n uint64) {
	for i := range j.Inputs {
		n += j.Inputs[i].Lag()
	}
	return n
}

// Backfilling reports whether an input takes a store in, or nothing was committed yet.
func (j *JobStatus) Backfilling() bool {
	for i := range j.Inputs {
		if j.Inputs[i].Frontier.Backfilling {
			return true
		}
	}
	return false
}

// QueryStatus sums up the jobs of a query.
type QueryStatus struct {
	Lag uint64 // records and rows that are not included
	// LagMillis is how old the oldest record is that is not included; -1: that is not known, because only rows of stores are.
	LagMillis int64
	// Done of Total rows of what the query reads were taken in, Left is the estimated time for the rest; -1: no estimate.
	Done, Total uint64
	Left        time.Duration
}

// Status returns how the jobs of q stand, without reading more than a record each: tasks in the order of the topology, then
// forwarders.
func Status(cat *catalog.Catalog, q *catalog.Relation, src StatusSource, m *Meters) ([]JobStatus, error) {
	t, err := Topology(q)
	if err != nil {
		return nil, err
	}
	s := &statusWalk{cat: cat, query: q, src: src, meters: m}
	for i := range t.Tasks {
		for p := range q.Partitions() {
			if err := s.task(&t.Tasks[i], uint32(p)); err != nil {
				return nil, err
			}
		}
	}
	for i := range t.Forwarders {
		if err := s.forwarder(&t.Forwarders[i]); err != nil {
			return nil, err
		}
	}
	return s.jobs, nil
}

type statusWalk struct {
	cat    *catalog.Catalog
	query  *catalog.Relation
	src    StatusSource
	meters *Meters
	jobs   []JobStatus
}

func (s *statusWalk) task(t *plan.Task, p uint32) error {
	j := JobStatus{JobID: JobID{t.ID, p}, Final: t.Sink.Kind != plan.SinkChanges, Shard: s.query.Placement[p]}
	j.Meter = s.meters.Get(j.JobID)
	stored, err := s.src.Frontiers(s.query.Partition(int(p)), ConsumerID{Query: s.query.ID, Node: t.ID, Partition: p})
	if err != nil {
		return err
	}
	for i, in := range t.Inputs {
		var at *Frontier
		if i < len(stored) {
			at = &stored[i]
		}
		if err := s.input(&j, in.Source, p, at); err != nil {
			return err
		}
	}
	s.jobs = append(s.jobs, j)
	return nil
}

func (s *statusWalk) forwarder(f *plan.Forwarder) error {
	placement := s.query.Placement
	if f.Source.Relation != 0 {
		r := s.cat.ByID(f.Source.Relation)
		if r == nil {
			return ErrDropped
		}
		placement = r.Placement
	}
	for p, id := range placement {
		j := JobStatus{JobID: JobID{f.ID, uint32(p)}, Forwarder: true, Shard: id}
		j.Meter = s.meters.Get(j.JobID)
		at, err := s.hindmost(f, uint32(p))
		if err != nil {
			return err
		}
		if err := s.input(&j, f.Source, uint32(p), at); err != nil {
			return err
		}
		s.jobs = append(s.jobs, j)
	}
	return nil
}

// hindmost returns the frontier of the target of f that is furthest behind, nil if one has nothing of source partition p.
func (s *statusWalk) hindmost(f *plan.Forwarder, p uint32) (*Frontier, error) {
	var last *Frontier
	for target := range TargetPartitions(s.query, f) {
		stored, err := s.src.Frontiers(s.query.Partition(target), ForwarderConsumer(s.query, f, uint32(target), p))
		if err != nil || len(stored) == 0 {
			return nil, err
		}
		if last == nil || compareFrontiers(stored[0], *last) < 0 {
			last = &stored[0]
		}
	}
	return last, nil
}

// input adds what is known of the next input of j; a nil frontier: nothing of it was committed.
func (s *statusWalk) input(j *JobStatus, source plan.Source, p uint32, at *Frontier) (err error) {
	in := InputStatus{Source: catalog.PartitionID{Topic: source.TopicOf(s.query.ID), Partition: p}, Table: source.Kind == plan.SourceTable,
		Base: source.Relation != 0}
	if in.Start, in.End, err = s.src.Offsets(in.Source); err != nil {
		return err
	}
	switch {
	case at != nil:
		in.Frontier = *at
	case in.Table:
		in.Frontier.Backfilling = true
	default:
		in.Frontier.Offset = in.Start
	}
	var meter *InputMeter
	if j.Meter != nil && len(j.Inputs) < len(j.Meter.Inputs) {
		meter = &j.Meter.Inputs[len(j.Inputs)]
	}
	in.progress(meter)
	if !in.Frontier.Backfilling && in.Frontier.Offset < in.End {
		in.OldestMillis, _ = s.src.RecordMillis(in.Source, in.Frontier.Offset)
	}
	j.Inputs = append(j.Inputs, in)
	return nil
}

// progress takes from the meter how far a store is taken in, and from the frontier how far a log is.
func (s *InputStatus) progress(m *InputMeter) {
	switch {
	case !s.Table:
		s.Done, s.Total = uint64(max(s.Frontier.Offset-s.Start, 0)), uint64(s.End-s.Start)
		s.Before = s.Done
		if m != nil {
			s.Before -= min(s.Done, m.Read.Rows.Load())
			s.Took = m.took()
		}
	case m != nil:
		s.Done, s.Before, s.Total, s.Took = m.Progress()
	}
	if s.Table && !s.Frontier.Backfilling {
		s.Done = s.Total
	}
}

// Summarize sums up the jobs of a query at a time.
func Summarize(jobs []JobStatus, nowMillis int64) QueryStatus {
	var q QueryStatus
	oldest := int64(math.MaxInt64)
	for i := range jobs {
		q.Lag += jobs[i].Lag()
		for k := range jobs[i].Inputs {
			in := &jobs[i].Inputs[k]
			if in.OldestMillis != 0 {
				oldest = min(oldest, in.OldestMillis)
			}
			if in.Base {
				q.add(in)
			}
		}
	}
	switch {
	case q.Lag == 0:
	case oldest == math.MaxInt64:
		q.LagMillis = -1
	default:
		q.LagMillis = max(nowMillis-oldest, 0)
	}
	return q
}

// add adds the progress of an input. Inputs go on beside one another, so the one that takes longest says how long all do.
func (q *QueryStatus) add(in *InputStatus) {
	q.Done += in.Done
	q.Total += in.Total
	left := in.Total - in.Done
	switch took := in.Done - in.Before; {
	case left == 0 || q.Left < 0:
	case took == 0:
		q.Left = -1
	default:
		q.Left = max(q.Left, time.Duration(float64(in.Took)*float64(left)/float64(took)))
	}
}

// JobActivity sums up what the jobs of a query did since the node started.
type JobActivity struct {
	// RowsIn are changes read of other relations, RowsOut those written to the query's.
	RowsIn, RowsOut   uint64
	Commits, Restarts uint64
	Busy              time.Duration
}

// Activity sums up jobs.
func Activity(jobs []JobStatus) (a JobActivity) {
	for i := range jobs {
		m := jobs[i].Meter
		if m == nil {
			continue
		}
		for k := range jobs[i].Inputs {
			if jobs[i].Inputs[k].Base && k < len(m.Inputs) {
				a.RowsIn += m.Inputs[k].Read.Rows.Load()
			}
		}
		if jobs[i].Final {
			a.RowsOut += m.RowsOut.Load()
		}
		a.Commits += m.Commits.Load()
		a.Restarts += m.Failures.Load()
		a.Busy += time.Duration(m.BusyNanos.Load())
	}
	return a
}
