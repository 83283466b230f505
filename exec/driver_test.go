package exec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// driver runs topologies with no server: every partition is a shard of its own, in memory, the clock stands, and each
// round of each task and forwarder is called by the test. A commit does what the shards' FSM does. Faults, by a seed:
// refused commits, commits that were applied but answered as unknown, consumers that forget all and start again, and
// appends of predecessors that arrive late.
type driver struct {
	t      *testing.T
	mu     sync.Mutex
	rng    *rand.Rand
	faults bool
	logs   map[catalog.PartitionID][]byte // whole batches
	ends   map[catalog.PartitionID]log.Offset
	fronts map[ConsumerID][]Frontier
	db     map[uint32]state.DB // by partition
	late   []*Commit           // copies of commits, to be sent again
}

func newDriver(t *testing.T, seed int64, faults bool) *driver {
	return &driver{t: t, rng: rand.New(rand.NewSource(seed)), faults: faults, logs: map[catalog.PartitionID][]byte{},
		ends: map[catalog.PartitionID]log.Offset{}, fronts: map[ConsumerID][]Frontier{}, db: map[uint32]state.DB{}}
}

func (d *driver) store(p uint32) state.DB {
	if d.db[p] == nil {
		d.db[p] = state.NewMemory()
	}
	return d.db[p]
}

// append writes a batch at the end of p.
func (d *driver) append(p catalog.PartitionID, batch []byte) log.Offset {
	b, _, err := log.ParseBatch(batch)
	if err != nil {
		d.t.Fatal(err)
	}
	base := d.ends[p]
	own := bytes.Clone(batch)
	log.SetBaseOffset(own, base)
	d.logs[p] = append(d.logs[p], own...)
	d.ends[p] += log.Offset(b.Count())
	return base
}

// apply is the FSM: compare the frontiers, and set.
func (d *driver) apply(c *Commit) error {
	if stored := d.fronts[c.Consumer]; !slices.EqualFunc(stored, c.Before, sameFrontier) {
		return &FrontierError{Stored: stored}
	}
	d.fronts[c.Consumer] = c.After
	if err := d.store(c.Consumer.Partition).Write(&c.State); err != nil {
		return err
	}
	for _, a := range c.Appends {
		d.append(a.Partition, a.Batch)
	}
	return nil
}

func sameFrontier(a, b Frontier) bool { return compareFrontiers(a, b) == 0 }

// commit applies c with faults.
func (d *driver) commit(c *Commit) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.faults {
		return d.apply(c)
	}
	if d.rng.Intn(4) == 0 {
		d.late = append(d.late, c)
	}
	if len(d.late) > 0 && d.rng.Intn(4) == 0 {
		i := d.rng.Intn(len(d.late))
		_ = d.apply(d.late[i]) // a predecessor that does not know that it was replaced
		d.late = slices.Delete(d.late, i, i+1)
	}
	switch d.rng.Intn(8) {
	case 0:
		return errCrash
	case 1:
		if err := d.apply(c); err != nil {
			return err
		}
		return errCrash
	}
	return d.apply(c)
}

var errCrash = errors.New("crash")

// memHost is the driver as the host of one partition's shard.
type memHost struct {
	*driver
	partition uint32
}

func (h memHost) Term() uint64        { return 1 }
func (h memHost) State() state.Reader { return h.store(h.partition) }
func (h memHost) Snapshot() Reader {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reader()
}

func (d *driver) reader() *memReader {
	r := &memReader{driver: d, ends: map[catalog.PartitionID]log.Offset{}, snaps: map[uint32]state.Snapshot{}}
	for p, end := range d.ends {
		r.ends[p] = end
	}
	return r
}
func (h memHost) Frontiers(c ConsumerID) ([]Frontier, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fronts[c], nil
}
func (h memHost) RemoteFrontiers(_ context.Context, _ catalog.PartitionID, c ConsumerID) ([]Frontier, error) {
	return h.Frontiers(c)
}
func (h memHost) Commit(_ context.Context, c *Commit) error { return h.commit(c) }
func (h memHost) Send(_ context.Context, _ catalog.PartitionID, c *Commit) error {
	return h.commit(c)
}
func (h memHost) Wait(context.Context, catalog.PartitionID, log.Offset) error {
	return errors.New("the test calls rounds only")
}

// memReader is the driver's contents at one moment. Rounds run one at a time, so the stores need no copy.
type memReader struct {
	*driver
	ends  map[catalog.PartitionID]log.Offset
	snaps map[uint32]state.Snapshot
}

func (r *memReader) Close() {}
func (r *memReader) Rows(p catalog.PartitionID) state.Reader {
	return r.store(p.Partition)
}
func (r *memReader) StartOffset(catalog.PartitionID) log.Offset { return 0 }
func (r *memReader) EndOffset(p catalog.PartitionID) log.Offset { return r.ends[p] }

// OffsetForTime says nothing of times.
func (r *memReader) OffsetForTime(catalog.PartitionID, int64) (log.Offset, error) { return 0, nil }

// ReadLog returns whole batches; with faults a random number of them.
func (r *memReader) ReadLog(p catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	data := r.logs[p]
	for len(data) > 0 {
		b, rest, err := log.ParseBatch(data)
		if err != nil {
			return nil, err
		}
		if b.LastOffset() >= r.ends[p] {
			break
		}
		if b.LastOffset() >= from {
			if len(buf) > 0 && (len(buf)+len(b.Bytes()) > maxBytes || r.faults && r.rng.Intn(3) == 0) {
				break
			}
			buf = append(buf, b.Bytes()...)
		}
		data = rest
	}
	return buf, nil
}

// runner is a running query: its tasks and forwarders.
type runner struct {
	d        *driver
	q        *catalog.Relation
	topology *plan.Topology
	rt       *Runtime
	tasks    []*task
	forwards []*forwarder
}

func (d *driver) run(q *catalog.Relation, t *plan.Topology, sourcePartitions map[catalog.RelationID]int) *runner {
	d.t.Helper()
	var err error
	if q.Query == nil {
		q.Query = &catalog.Query{}
	}
	if q.Query.Topology, err = json.Marshal(t); err != nil {
		d.t.Fatal(err)
	}
	if t, err = Topology(q); err != nil { // as it comes back from the catalog
		d.t.Fatal(err)
	}
	r := &runner{d: d, q: q, topology: t, rt: &Runtime{Location: time.UTC, NowMillis: func() int64 { return 1 },
		Tables: driverTables{d}, RowFailed: func(*catalog.Relation, error) {}, Processed: func(*catalog.Relation, uint16, int) {}}}
	for i := range t.Tasks {
		for p := range q.Partitions() {
			k, err := newTask(r.rt, q, &t.Tasks[i], uint32(p), memHost{d, uint32(p)})
			if err != nil {
				d.t.Fatal(err)
			}
			r.tasks = append(r.tasks, k)
		}
	}
	for i := range t.Forwarders {
		n := q.Partitions()
		if id := t.Forwarders[i].Source.Relation; id != 0 {
			n = sourcePartitions[id]
		}
		for p := range n {
			w, err := newForwarder(r.rt, q, &t.Forwarders[i], uint32(p), memHost{d, uint32(p)})
			if err != nil {
				d.t.Fatal(err)
			}
			r.forwards = append(r.forwards, w)
		}
	}
	r.restart()
	return r
}

// restart makes all consumers forget what they know and begin from what is stored.
func (r *runner) restart() {
	for _, k := range r.tasks {
		r.recoverTask(k)
	}
	for _, w := range r.forwards {
		r.recoverForwarder(w)
	}
}

func (r *runner) recoverTask(k *task) {
	if err := k.recover(); err != nil {
		r.d.t.Fatal(err)
	}
}

func (r *runner) recoverForwarder(w *forwarder) {
	if err := w.recover(context.Background()); err != nil {
		r.d.t.Fatal(err)
	}
}

// step runs one round of a consumer chosen at random, and reports whether it did something.
func (r *runner) step() bool {
	n := r.d.rng.Intn(len(r.tasks) + len(r.forwards))
	if n < len(r.tasks) {
		return r.stepTask(r.tasks[n])
	}
	return r.stepForwarder(r.forwards[n-len(r.tasks)])
}

func (r *runner) stepTask(k *task) bool {
	done, err := k.round(context.Background(), roundBytes)
	return r.outcome(done, err, func() { r.recoverTask(k) })
}

func (r *runner) stepForwarder(w *forwarder) bool {
	group, until := w.hindmost()
	done, err := w.round(context.Background(), group, until)
	return r.outcome(done, err, func() { r.recoverForwarder(w) })
}

func (r *runner) outcome(done bool, err error, again func()) bool {
	var moved *FrontierError
	if errors.Is(err, errCrash) || errors.As(err, &moved) {
		again()
		return true
	}
	if err != nil {
		r.d.t.Fatal(err)
	}
	return done
}

// settle runs all consumers until none has anything to do, faults off.
func (r *runner) settle() {
	faults := r.d.faults
	r.d.faults = false
	defer func() { r.d.faults = faults }()
	r.restart()
	for busy := true; busy; {
		busy = false
		for _, w := range r.forwards {
			for r.stepForwarder(w) {
				busy = true
			}
		}
		for _, k := range r.tasks {
			for r.stepTask(k) {
				busy = true
			}
		}
	}
}

// rows returns the rows of q as readers see them, each as text, sorted.
func (r *runner) rows() []string {
	var out []string
	for p := range r.q.Partitions() {
		it := r.d.reader().Rows(r.q.Partition(p)).Scan(state.RowPrefix(r.q.Partition(p)), state.PrefixEnd(state.RowPrefix(r.q.Partition(p))))
		for it.Next() {
			stored, err := state.DecodeRows(it.Value())
			if err != nil {
				r.d.t.Fatal(err)
			}
			for _, row := range stored.Rows {
				b := types.NewBatch(r.q.Types(), 1)
				if err := types.DecodeRow(row.Row, b); err != nil {
					r.d.t.Fatal(err)
				}
				for range row.Count {
					out = append(out, rowText(b, 0))
				}
			}
		}
		if err := it.Close(); err != nil {
			r.d.t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

func rowText(b *types.Batch, i int) string {
	var out []byte
	for c, v := range b.Cols {
		if c > 0 {
			out = append(out, '|')
		}
		if v.IsNull(i) {
			out = append(out, "NULL"...)
			continue
		}
		switch v.Type.Class() {
		case types.ClassInt:
			out = fmt.Append(out, v.Int[i])
		case types.ClassFloat:
			out = fmt.Append(out, v.Float[i])
		case types.ClassString:
			out = append(out, v.Str[i]...)
		default:
			out = append(out, v.Dec[i].String()...)
		}
	}
	return string(out)
}
