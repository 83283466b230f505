package exec

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/sql/types"
)

// Meters counts what the jobs of one query do: a Meter for each task and partition, and for each forwarder and source partition.
// Safe for concurrent use. A nil Meters counts for nobody.
type Meters struct {
	mu      sync.Mutex
	jobs    map[JobID]*Meter
	leftOut atomic.Uint64
}

// LeaveOut counts a row, or a record, that the query has left out.
func (m *Meters) LeaveOut() { m.leftOut.Add(1) }

// LeftOut is how many rows and records the query has left out.
func (m *Meters) LeftOut() uint64 {
	if m == nil {
		return 0
	}
	return m.leftOut.Load()
}

// JobID names a task of one partition, or a forwarder of one source partition, within its query.
type JobID struct {
	Node      uint16 // plan.Task.ID or plan.Forwarder.ID
	Partition uint32
}

// Of returns the meter of a job with so many inputs, the same each time.
func (m *Meters) Of(id JobID, inputs int) *Meter {
	if m == nil {
		return newMeter(inputs)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.jobs == nil {
		m.jobs = map[JobID]*Meter{}
	}
	if m.jobs[id] == nil {
		m.jobs[id] = newMeter(inputs)
	}
	return m.jobs[id]
}

// Get returns the meter of a job, nil if it has not begun.
func (m *Meters) Get(id JobID) *Meter {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.jobs[id]
}

// Meter counts what a job did since the node, or the query, was started. Its job adds to it a few times in a round of
// thousands of rows; everybody may read it.
type Meter struct {
	Commits atomic.Uint64
	// RowsIn and RowsOut are changes: those read, and those written to the sink or the target.
	RowsIn, RowsOut atomic.Uint64
	// BusyNanos is the time of rounds that had something to do, with the wait for their commits.
	BusyNanos atomic.Int64
	// Inputs are the inputs: what is read, then what their steps leave.
	Inputs []InputMeter
	// Operator is the join, the aggregate and the like; After the steps behind it; Sink makes the writes, and Commit is the
	// wait for the entry.
	Operator, After, Sink, Commit StepMeter
	// Failures counts how often the job had to begin again; lastError says why it last did.
	Failures  atomic.Uint64
	lastError atomic.Pointer[string]
}

// StepMeter counts the changes that a step gives and its time.
type StepMeter struct {
	Rows  atomic.Uint64
	Nanos atomic.Int64
}

// InputMeter counts an input, and, while a table's store is taken in, how far that is.
type InputMeter struct {
	Read, Steps StepMeter
	// Total counts the keys of the store, as of when the job began, plus 1; 0: not known yet. Done are those taken, Before those of
	// them that an earlier process took.
	Total, Done, Before atomic.Uint64
	// BeganNanos is when the job began, ns since 1970.
	BeganNanos atomic.Int64
}

func newMeter(inputs int) *Meter { return &Meter{Inputs: make([]InputMeter, inputs)} }

// add counts rows and the time since at, and returns now.
func (s *StepMeter) add(rows int, at time.Time) time.Time {
	now := time.Now()
	s.Rows.Add(uint64(rows))
	s.Nanos.Add(int64(now.Sub(at)))
	return now
}

// committed counts a round that took changes in and gave out.
func (m *Meter) committed(in, out int, took time.Duration) {
	m.Commits.Add(1)
	m.RowsIn.Add(uint64(in))
	m.RowsOut.Add(uint64(out))
	m.BusyNanos.Add(int64(took))
}

// took counts the keys that the last read took from stores.
func (m *Meter) took(sources []*source) {
	for i, s := range sources {
		m.Inputs[i].Done.Add(uint64(s.chunk))
	}
}

// Failed notes why the job has to begin again.
func (m *Meter) Failed(err error) {
	text := err.Error()
	m.lastError.Store(&text)
	m.Failures.Add(1)
}

// LastError says why the job last had to begin again, "" if it never had to.
func (m *Meter) LastError() string {
	if text := m.lastError.Load(); text != nil {
		return *text
	}
	return ""
}

// Progress says how much of a table's store an input has taken in: keys, and the time since the node began with it, in
// which done - before were taken. All are 0 until the store was counted.
func (m *InputMeter) Progress() (done, before, total uint64, took time.Duration) {
	total = m.Total.Load()
	if total == 0 {
		return 0, 0, 0, 0
	}
	total--
	before = m.Before.Load()
	done = min(before+m.Done.Load(), total)
	return done, min(before, done), total, m.took()
}

// took is the time since the job began.
func (m *InputMeter) took() time.Duration {
	return time.Since(time.Unix(0, m.BeganNanos.Load()))
}

// countStores counts the keys of the stores that a job takes in, in the background, so that SHOW QUERIES can tell how far it is.
// It is once for a job and a small part of the backfill's own work. The caller calls the result before it ends.
func (m *Meter) countStores(ctx context.Context, h Host, sources []*source, at []Frontier) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var counting sync.WaitGroup
	for i, s := range sources {
		in := &m.Inputs[i]
		in.BeganNanos.CompareAndSwap(0, time.Now().UnixNano())
		if !at[i].Backfilling || in.Total.Load() != 0 {
			continue
		}
		cursor := at[i].Cursor
		counting.Go(func() {
			r := h.Snapshot()
			defer r.Close()
			before, total, err := countKeys(ctx, r, s, cursor)
			if err == nil { // else nobody can tell
				in.Before.Store(before)
				in.Total.Store(total + 1)
			}
		})
	}
	return func() { cancel(); counting.Wait() }
}

// interruptKeys is after how many keys a count looks whether it is still wanted.
const interruptKeys = 4096

// countKeys counts the keys of a source's store, and those up to cursor.
func countKeys(ctx context.Context, r Reader, s *source, cursor []byte) (before, total uint64, err error) {
	prefix := state.RowPrefix(s.part)
	it := r.Rows(s.part).Scan(prefix, state.PrefixEnd(prefix))
	for it.Next() {
		if string(it.Key()[len(prefix):]) <= string(cursor) {
			before++
		}
		if total++; total%interruptKeys == 0 && ctx.Err() != nil {
			return 0, 0, errors.Join(ctx.Err(), it.Close())
		}
	}
	return before, total, it.Close()
}

// measure runs a step over b and counts it.
func (s *StepMeter) measure(b *types.Batch, run func(*types.Batch) (*types.Batch, error)) (*types.Batch, error) {
	at := time.Now()
	out, err := run(b)
	if err == nil {
		s.add(out.Len, at)
	}
	return out, err
}
