package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

// Bounds of retention.
const (
	// retentionInterval is how often the logs are looked through, if nothing is written.
	retentionInterval = 10 * time.Second
	// DefaultDependentBytes is what a continuous query may hold back, of one partition, beyond what the topic's options let go.
	DefaultDependentBytes = 8 << 30
	// compactAge is how long each single change stays in a log that is compacted, ms: so long its readers may be behind.
	compactAge = 60 * 60 * 1000
	// retentionProposals bounds the decisions that are on their way at a time; they are bundled into entries.
	retentionProposals = 16
	// needsRebuild: nothing is kept any more for a query whose reason begins so.
	needsRebuild = catalog.NeedsRebuild
)

// retention decides what the logs of the shards that are led here forget. It decides by entries, which hold only if no
// dependent has registered meanwhile; the shards' files follow by themselves.
type retention struct {
	n    *Node
	wake chan struct{} // capacity 1

	mu         sync.Mutex // one pass at a time
	topologies map[catalog.RelationID]*plan.Topology
}

func newRetention(n *Node) *retention {
	return &retention{n: n, wake: make(chan struct{}, 1), topologies: map[catalog.RelationID]*plan.Topology{}}
}

// rouse asks for a pass soon.
func (r *retention) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *retention) run() {
	ticks := time.NewTicker(retentionInterval)
	defer ticks.Stop()
	for {
		select {
		case <-r.wake:
		case <-ticks.C:
		case <-r.n.ctx.Done():
			return
		}
		if err := r.pass(r.n.ctx); err != nil && r.n.ctx.Err() == nil {
			r.n.logger.Warn("retention was not enforced", "error", err)
		}
	}
}

// pass looks at every partition of every shard once. The registrations are read before the catalog, and the catalog before
// the frontiers: so whoever is not seen here has registered later, and the entry is refused.
func (r *retention) pass(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	logs := make([][]shard.PartitionLog, len(r.n.shards))
	for i, s := range r.n.shards {
		if term, _ := s.Leading(); term != 0 {
			logs[i] = s.Logs()
		}
	}
	cat := r.n.Catalog()
	readers := r.readers(cat)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(retentionProposals)
	for i, s := range r.n.shards {
		for j := range logs[i] {
			l := &logs[i][j]
			for _, op := range r.decide(cat, readers[l.ID.Topic], l) {
				g.Go(func() error {
					_, err := s.Propose(ctx, op) // refused: the next pass looks again
					if errors.Is(err, shard.ErrNotLeader) {
						return nil
					}
					return err
				})
			}
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return r.releaseSpace(r.n.ctx)
}

// releaseSpace lets go what snapshots keep of the stores' old files.
func (r *retention) releaseSpace(ctx context.Context) error {
	for _, s := range r.n.shards {
		if err := s.ReleaseSpace(ctx, r.n.space.full.Load()); err != nil && !errors.Is(err, shard.ErrNotLeader) {
			return err
		}
	}
	return nil
}

// reader is a task or forwarder that reads a topic.
type reader struct {
	query   *catalog.Relation
	node    uint16
	input   int
	forward *plan.Forwarder // nil: a task
}

// readers lists who reads each topic. A query whose topology is not known has read nothing yet.
func (r *retention) readers(cat *catalog.Catalog) map[catalog.TopicID][]reader {
	out := map[catalog.TopicID][]reader{}
	seen := map[catalog.RelationID]*plan.Topology{}
	for _, q := range cat.Relations() {
		if q.Query == nil {
			continue
		}
		t := r.topologies[q.ID]
		if t == nil {
			var err error
			if t, err = exec.Topology(q); err != nil {
				for _, id := range q.Query.DependsOn {
					out[id.Topic(0)] = append(out[id.Topic(0)], reader{query: q})
				}
				continue
			}
		}
		seen[q.ID] = t
		for i := range t.Tasks {
			for n, in := range t.Tasks[i].Inputs {
				topic := in.Source.TopicOf(q.ID)
				out[topic] = append(out[topic], reader{query: q, node: t.Tasks[i].ID, input: n})
			}
		}
		for i := range t.Forwarders {
			f := &t.Forwarders[i]
			topic := f.Source.TopicOf(q.ID)
			out[topic] = append(out[topic], reader{query: q, node: f.ID, forward: f})
		}
	}
	r.topologies = seen
	return out
}

// needs returns the first offset of l that a reader still needs. One that has committed nothing yet needs all that there
// was when it registered.
func (r *retention) needs(d *reader, l *shard.PartitionLog) log.Offset {
	first := l.Start
	if begin, ok := l.Dependents[shard.Dependent{Query: d.query.ID, Node: d.node}]; ok {
		first = begin
	}
	if d.forward == nil {
		c := exec.ConsumerID{Query: d.query.ID, Node: d.node, Partition: l.ID.Partition}
		return r.frontier(d.query, c, d.input, first)
	}
	least := l.End
	for target := range exec.TargetPartitions(d.query, d.forward) {
		c := exec.ForwarderConsumer(d.query, d.forward, uint32(target), l.ID.Partition)
		least = min(least, r.frontier(d.query, c, 0, first))
	}
	return least
}

// frontier returns a consumer's stored offset, none if it has none.
func (r *retention) frontier(q *catalog.Relation, c exec.ConsumerID, input int, none log.Offset) log.Offset {
	stored, err := r.n.Frontiers(q.Partition(int(c.Partition)), c)
	if err != nil || input >= len(stored) {
		return none
	}
	return stored[input].Offset
}

// decide returns what is to be done with a log.
func (r *retention) decide(cat *catalog.Catalog, readers []reader, l *shard.PartitionLog) []shard.Op {
	owner := cat.ByID(l.ID.Topic.Relation())
	if owner == nil {
		return nil // about to be dropped
	}
	if l.ID.Topic.Local() > 0 {
		return r.trim(l, r.least(readers, l, l.End))
	}
	now, c := r.n.cfg.NowMillis(), owner.Config
	var ops []shard.Op
	if c.Cleanup.Deletes() {
		point := l.RetentionPoint(now, c.RetentionMillis, c.RetentionBytes)
		ops = append(ops, r.trim(l, r.hold(readers, l, point, true))...)
	}
	if c.Cleanup.Compacts() {
		ops = append(ops, r.compact(owner, readers, l, now)...)
	}
	return ops
}

// least returns the first offset below limit that a reader needs, or limit.
func (r *retention) least(readers []reader, l *shard.PartitionLog, limit log.Offset) log.Offset {
	for i := range readers {
		limit = min(limit, r.needs(&readers[i], l))
	}
	return limit
}

// hold returns up to where l can be let go: point, or less if a dependent needs more. A dependent that holds back too much
// is let go: its query fails. Those that run are let go only if running says so.
func (r *retention) hold(readers []reader, l *shard.PartitionLog, point log.Offset, running bool) log.Offset {
	held := point
	for i := range readers {
		d := &readers[i]
		need := r.needs(d, l)
		if may := running || d.query.Query.State == catalog.QueryFailed; need < point && !(may && r.letGo(d, l, need, point)) {
			held = min(held, need)
		}
	}
	return held
}

// letGo reports whether nothing has to be kept for a dependent that needs the records of l from need on, while those below
// point could go.
func (r *retention) letGo(d *reader, l *shard.PartitionLog, need, point log.Offset) bool {
	q := d.query.Query
	if q.State == catalog.QueryFailed && strings.HasPrefix(q.Reason, needsRebuild) {
		return true
	}
	bytes := heldBytes(l, need, point)
	if bytes <= r.n.cfg.DependentBytes {
		return false
	}
	reason := fmt.Errorf("%sit holds back %d bytes of partition %v, from offset %d on, that are to be removed, and at most %d bytes are kept for it",
		needsRebuild, bytes, l.ID, need, r.n.cfg.DependentBytes)
	r.n.failQuery(d.query, reason)
	return true
}

// heldBytes is the size of the segments with records in [from, to).
func heldBytes(l *shard.PartitionLog, from, to log.Offset) (bytes int64) {
	for _, s := range l.Segments() {
		if s.Next > from && s.Base < to {
			bytes += s.SizeBytes
		}
	}
	return bytes
}

// trim returns the entry that forgets the segments of l below off.
func (r *retention) trim(l *shard.PartitionLog, off log.Offset) []shard.Op {
	before := boundary(l, off)
	if before <= l.Start {
		return nil
	}
	return []shard.Op{&shard.Trim{Partition: l.ID, Before: before, Registered: l.Registered}}
}

// boundary returns the end of the last sealed segment that lies below off, 0 if none does.
func boundary(l *shard.PartitionLog, off log.Offset) (end log.Offset) {
	for _, s := range l.Segments() {
		if s.Sealed && s.Next <= off {
			end = s.Next
		}
	}
	return end
}

// compact returns the entry that moves the horizon below which l is compacted: when what has come since the last one is at least as
// much as what was left then. Each change stays for compactAge. A query that runs, or is about to begin, only delays it.
func (r *retention) compact(owner *catalog.Relation, readers []reader, l *shard.PartitionLog, nowMillis int64) []shard.Op {
	var old log.Offset
	for _, s := range l.Segments() {
		if !s.Sealed || s.MaxTimestampMillis > nowMillis-compactAge {
			break
		}
		old = s.Next
	}
	below := boundary(l, r.hold(readers, l, old, false))
	if below <= l.Below || heldBytes(l, l.Below, below) < heldBytes(l, l.Start, l.Below) {
		return nil
	}
	op := &shard.CompactTo{Partition: l.ID, Below: below, Hides: owner.Keyed(), Registered: l.Registered}
	if keep := owner.Config.DeleteRetentionMillis; keep > 0 {
		op.TombstonesBefore = max(0, nowMillis-keep)
	}
	return []shard.Op{op}
}

// sourcesOf lists the partitions of other relations that node number node of a query reads, as partition p of them.
func sourcesOf(p uint32, sources ...plan.Source) (parts []catalog.PartitionID) {
	for _, s := range sources {
		if s.Relation != 0 {
			parts = append(parts, catalog.PartitionID{Topic: s.Relation.Topic(0), Partition: p})
		}
	}
	slices.SortFunc(parts, func(a, b catalog.PartitionID) int { return cmp.Compare(a.Topic, b.Topic) })
	return slices.Compact(parts)
}

// register makes the job known to the partitions that it reads, before it reads.
func (j *job) register(ctx context.Context, q *catalog.Relation) error {
	for _, p := range j.sources {
		d := shard.Dependent{Query: q.ID, Node: j.id.Node}
		if _, known := j.shard.Begins(p, d); known {
			continue
		}
		r, err := j.shard.Propose(ctx, &shard.Register{Partition: p, Dependent: d})
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", exec.ErrUnavailable, err)
		case r.Verdict == shard.Dropped:
			return exec.ErrDropped
		}
	}
	return nil
}
