package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// supervisor runs the tasks and forwarders of continuous queries: a job per task and partition, on the shard that leads.
// It follows the catalog: jobs of dropped and failed queries end, and what a dropped relation has stored is removed.
type supervisor struct {
	n       *Node
	cancel  context.CancelFunc
	ctx     context.Context
	done    chan struct{} // closed when follow has ended
	jobs    sync.WaitGroup
	queries map[catalog.RelationID]*runningQuery
	seen    map[catalog.RelationID]struct{} // relations that may have something stored
	nextID  catalog.RelationID              // all relations below it were seen

	mu     sync.Mutex
	meters map[catalog.RelationID]*exec.Meters // of queries that run
}

// runningQuery is a query whose jobs run.
type runningQuery struct {
	cancel context.CancelFunc
	jobs   sync.WaitGroup
}

func newSupervisor(n *Node) *supervisor {
	s := &supervisor{n: n, done: make(chan struct{}), queries: map[catalog.RelationID]*runningQuery{},
		seen: map[catalog.RelationID]struct{}{}, nextID: catalog.FirstRelationID, meters: map[catalog.RelationID]*exec.Meters{}}
	s.ctx, s.cancel = context.WithCancel(n.ctx)
	return s
}

// adopt takes up what the shards hold. A relation that the catalog cannot ever have known says that the catalog is not the
// one of these shards: nothing is removed then.
func (s *supervisor) adopt() error {
	cat := s.n.Catalog()
	for _, sh := range s.n.shards {
		for _, id := range sh.Relations() {
			if id >= cat.NextID() {
				return fmt.Errorf("shard %d holds relation %d, and the catalog has only given ids below %d", sh.ID(), id, cat.NextID())
			}
			s.seen[id] = struct{}{}
		}
	}
	s.nextID = cat.NextID()
	return nil
}

func (s *supervisor) start() { go s.follow() }

// stop ends all jobs and waits for them.
func (s *supervisor) stop() {
	s.cancel()
	if s.n.Ready() || s.started() {
		<-s.done
	}
	s.jobs.Wait()
}

func (s *supervisor) started() bool {
	select {
	case <-s.n.ready:
		return true
	default:
		return false
	}
}

func (s *supervisor) follow() {
	defer close(s.done)
	for {
		cat, changed := s.n.CatalogChanged()
		s.reconcile(cat)
		select {
		case <-changed:
		case <-s.ctx.Done():
			return
		}
	}
}

// reconcile starts and stops jobs so that they are those of cat.
func (s *supervisor) reconcile(cat *catalog.Catalog) {
	for id := s.nextID; id < cat.NextID(); id++ {
		s.seen[id] = struct{}{}
	}
	s.nextID = cat.NextID()
	for id, q := range s.queries {
		if r := cat.ByID(id); r == nil || r.Query.State != catalog.QueryRunning {
			q.cancel()
			if r != nil {
				delete(s.queries, id)
			}
		}
	}
	for _, r := range cat.Relations() {
		s.seen[r.ID] = struct{}{}
		if r.Query != nil && r.Query.State == catalog.QueryRunning && s.queries[r.ID] == nil {
			s.run(cat, r)
		}
	}
	s.removeDropped(cat)
}

// removeDropped removes what relations that are not in the catalog have stored, once their jobs have ended.
func (s *supervisor) removeDropped(cat *catalog.Catalog) {
	var gone []catalog.RelationID
	var ending []*runningQuery
	for id := range s.seen {
		if cat.ByID(id) != nil {
			continue
		}
		gone = append(gone, id)
		if q := s.queries[id]; q != nil {
			ending = append(ending, q)
			delete(s.queries, id)
			s.endMeters(id)
		}
		delete(s.seen, id)
	}
	if len(gone) == 0 {
		return
	}
	s.n.goBackground(func() {
		for _, q := range ending {
			q.jobs.Wait()
		}
		s.n.dropTopics(gone)
	})
}

// dropTopics removes relations from all shards. If the node closes before that, or a shard is isolated, the next start does it.
func (n *Node) dropTopics(ids []catalog.RelationID) {
	for _, sh := range n.shards {
		n.persist("remove dropped relations", func() error {
			_, err := sh.Propose(n.ctx, &shard.Drop{Relations: ids})
			if sh.Damage() != nil {
				return nil
			}
			if err == nil {
				sh.RequestSnapshot() // the files go with it
			}
			return err
		})
	}
}

// job is a task of one partition, or a forwarder of one source partition, on one shard.
type job struct {
	name    string
	shard   *shard.Shard
	id      exec.JobID
	sources []catalog.PartitionID // of other relations
	run     func(ctx context.Context, h exec.Host) error
}

// run starts the jobs of a query.
func (s *supervisor) run(cat *catalog.Catalog, r *catalog.Relation) {
	ctx, cancel := context.WithCancel(s.ctx)
	q := &runningQuery{cancel: cancel}
	s.queries[r.ID] = q
	meters := s.startMeters(r.ID)
	if !cat.Backfilled(r.ID) {
		s.jobs.Go(func() { s.n.markBackfilled(ctx, r) })
	}
	jobs, err := s.jobsOf(cat, r, meters)
	if err != nil {
		s.n.goBackground(func() { s.n.failQuery(r, err) })
		return
	}
	for _, j := range jobs {
		s.jobs.Add(1)
		q.jobs.Add(1)
		s.n.stats.jobs.Add(1)
		go func() {
			defer s.jobs.Done()
			defer q.jobs.Done()
			defer s.n.stats.jobs.Add(-1)
			if err := s.n.keep(ctx, r, j, meters); err != nil {
				s.n.failQuery(r, fmt.Errorf("%s: %w", j.name, err))
			}
		}()
	}
}

// startMeters makes new meters for a query.
func (s *supervisor) startMeters(id catalog.RelationID) *exec.Meters {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.meters[id] = new(exec.Meters)
	return s.meters[id]
}

func (s *supervisor) endMeters(id catalog.RelationID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.meters, id)
}

// metersOf returns the meters of a query, nil if it was not started.
func (s *supervisor) metersOf(id catalog.RelationID) *exec.Meters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.meters[id]
}

// jobsOf lists the jobs of a query.
func (s *supervisor) jobsOf(cat *catalog.Catalog, r *catalog.Relation, meters *exec.Meters) ([]job, error) {
	topology, err := exec.Topology(r)
	if err != nil {
		return nil, err
	}
	rt := s.n.runtime(r, meters)
	var jobs []job
	for i := range topology.Tasks {
		t := &topology.Tasks[i]
		var inputs []plan.Source
		for _, in := range t.Inputs {
			inputs = append(inputs, in.Source)
		}
		for p, id := range r.Placement {
			jobs = append(jobs, job{fmt.Sprintf("task %d, partition %d", t.ID, p), s.n.shards[id], exec.JobID{Node: t.ID, Partition: uint32(p)}, sourcesOf(uint32(p), inputs...), func(ctx context.Context, h exec.Host) error {
				return exec.RunTask(ctx, rt, r, t, uint32(p), h)
			}})
		}
	}
	for i := range topology.Forwarders {
		more, err := s.forwarderJobs(cat, r, rt, &topology.Forwarders[i])
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, more...)
	}
	return jobs, nil
}

func (s *supervisor) forwarderJobs(cat *catalog.Catalog, r *catalog.Relation, rt *exec.Runtime, f *plan.Forwarder) ([]job, error) {
	source := r
	if f.Source.Relation != 0 {
		if source = cat.ByID(f.Source.Relation); source == nil {
			return nil, fmt.Errorf("source of forwarder %d: %w", f.ID, exec.ErrDropped)
		}
	}
	var jobs []job
	for p, id := range source.Placement {
		jobs = append(jobs, job{fmt.Sprintf("forwarder %d, partition %d", f.ID, p), s.n.shards[id], exec.JobID{Node: f.ID, Partition: uint32(p)}, sourcesOf(uint32(p), f.Source), func(ctx context.Context, h exec.Host) error {
			return exec.RunForwarder(ctx, rt, r, f, uint32(p), h)
		}})
	}
	return jobs, nil
}

// runtime returns what the tasks of a query need beside their shard.
func (n *Node) runtime(r *catalog.Relation, meters *exec.Meters) *exec.Runtime {
	location := time.UTC
	for name, value := range r.Query.Settings {
		if strings.EqualFold(name, "timezone") {
			if l, err := types.LoadZone(value); err == nil {
				location = l
			}
		}
	}
	return &exec.Runtime{
		Location: location, Names: &catalog.Names{Current: n.Catalog}, NowMillis: n.cfg.NowMillis, Meters: meters,
		RowFailed: func(q *catalog.Relation, err error) {
			n.stats.failedRows.Add(1)
			meters.LeaveOut()
			n.logger.Info("a row was left out of a view", "view", q.Name, "error", err)
		},
		Undecodable: func(q *catalog.Relation, u exec.Undecodable) {
			n.stats.undecodable.Add(1)
			meters.LeaveOut()
			n.logger.Info("a record that does not decode was passed over", "view", q.Name, "stream", u.Stream,
				"partition", u.Partition, "offset", u.Offset, "error", u.Err)
		},
		Tables:    tables{n},
		Processed: func(_ *catalog.Relation, _ uint16, changes int) { n.stats.changes.Add(uint64(changes)) },
	}
}

// keep runs a job in each term in which its shard is led here, until ctx ends or the relation is dropped. An error means
// that the query cannot go on. A job that needs a shard which is isolated waits: that ends with the process.
func (n *Node) keep(ctx context.Context, r *catalog.Relation, j job, meters *exec.Meters) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		term, changed := j.shard.Leading()
		if term == 0 {
			select {
			case <-changed:
				continue
			case <-ctx.Done():
				return nil
			}
		}
		err := j.register(ctx, r)
		if err == nil {
			err = j.run(ctx, &host{n: n, shard: j.shard, term: term})
		}
		switch {
		case ctx.Err() != nil, errors.Is(err, exec.ErrDropped):
			return nil
		case errors.Is(err, shard.ErrDamaged), err != nil && j.shard.Damage() != nil:
			n.logger.Debug("waiting for an isolated shard", "view", r.Name, "job", j.name, "error", err)
			<-ctx.Done()
			return nil
		case err != nil && !errors.Is(err, exec.ErrFenced) && !errors.Is(err, exec.ErrUnavailable):
			return err
		}
		if m := meters.Get(j.id); m != nil && err != nil {
			m.Failed(err)
		}
		n.logger.Debug("starting again", "view", r.Name, "job", j.name, "error", err)
		if !sleep(ctx, pause) {
			return nil
		}
	}
}

// failQuery marks a query as failed. Its neighbours go on.
func (n *Node) failQuery(r *catalog.Relation, reason error) {
	n.logger.Error("a continuous query has failed", "view", r.Name, "error", reason)
	change := catalog.QueryStateChange{Relation: r.ID, State: catalog.QueryFailed, Reason: reason.Error()}
	n.persist("mark a query as failed", func() error {
		err := n.meta.Apply(catalog.Command{SetQueryState: &change})
		if errors.Is(err, catalog.ErrStale) { // dropped meanwhile
			return nil
		}
		return err
	})
}
