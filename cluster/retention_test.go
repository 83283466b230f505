package cluster

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/millracedb/millrace/cluster/shard"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// createWith creates a relation (id bigint, g bigint) with a configuration.
func createWith(t testing.TB, n *Node, name string, kind catalog.Kind, change func(*catalog.TopicConfig)) *catalog.Relation {
	t.Helper()
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: name, Kind: kind, Columns: columns(),
		Placement: n.Placement(n.Shards()), Config: catalog.DefaultConfig(kind)}
	if kind == catalog.KindTable {
		r.Key, r.PartitionBy = []int{0}, []int{0}
	}
	change(&r.Config)
	must(t, n.Apply(background, catalog.Command{Create: r}))
	return r
}

// createStreamView creates a view of all rows of a stream, with its system columns, in the key partition and offset.
func createStreamView(t testing.TB, n *Node, name string, source *catalog.Relation, version int) *catalog.Relation {
	t.Helper()
	cols := append(bigints[:2:2], types.Int4, types.Int8, types.Timestamptz)
	b, err := json.Marshal(plan.Topology{
		Version:    version,
		Forwarders: []plan.Forwarder{{ID: 1, Source: plan.Source{Kind: plan.SourceStream, Relation: source.ID, Columns: cols}, Key: []int{1}, Target: 1}},
		Tasks: []plan.Task{{ID: 2, Inputs: []plan.Input{{Source: plan.Source{Kind: plan.SourceChanges, Topic: 1, Columns: cols}}},
			Sink: plan.Sink{Kind: plan.SinkView, Key: []int{2, 3}, Columns: cols}}},
	})
	must(t, err)
	r := &catalog.Relation{ID: n.Catalog().NextID(), Schema: "public", Name: name, Kind: catalog.KindView, Key: []int{2, 3},
		Placement: n.Placement(n.Shards()), Query: &catalog.Query{Topology: b, DependsOn: []catalog.RelationID{source.ID}, State: catalog.QueryRunning}}
	must(t, n.Apply(background, catalog.Command{Create: r}))
	return r
}

// send writes count rows to partition p of a stream, each in a transaction.
func send(t testing.TB, n *Node, r *catalog.Relation, p, count int) {
	t.Helper()
	for i := range count {
		b := types.NewBatch(bigints, 1)
		b.AppendRow([]types.Datum{{Int: int64(i)}, {Int: int64(i % 7)}}, 1)
		tx := n.Begin()
		must(t, tx.Write(background, []exec.PartitionWrite{{Partition: r.Partition(p), Rows: []exec.WriteRow{{Value: types.EncodeRow(nil, b, 0)}}}}))
		must(t, tx.Commit(background))
	}
}

// countRows counts the keys of a view, read strongly.
func countRows(t testing.TB, n *Node, r *catalog.Relation) (count int) {
	t.Helper()
	s, err := n.Snapshot(background, []*catalog.Relation{n.Catalog().ByID(r.ID)}, session.Strong, nil)
	must(t, err)
	defer s.Close()
	for p := range r.Partitions() {
		prefix := state.RowPrefix(r.Partition(p))
		it := s.Rows(r.Partition(p)).Scan(prefix, state.PrefixEnd(prefix))
		for it.Next() {
			count++
		}
		must(t, it.Close())
	}
	return count
}

// retain enforces retention now, and waits for the files.
func retain(t testing.TB, n *Node) {
	t.Helper()
	must(t, n.retention.pass(background))
	for _, s := range n.shards {
		must(t, s.Swept(background))
	}
}

// logsOf returns the partitions of a topic.
func logsOf(n *Node, topic catalog.TopicID) (logs []shard.PartitionLog) {
	for _, s := range n.shards {
		for _, l := range s.Logs() {
			if l.ID.Topic == topic {
				logs = append(logs, l)
			}
		}
	}
	return logs
}

func sizeOf(l *shard.PartitionLog) (bytes int64) {
	for _, s := range l.Segments() {
		bytes += s.SizeBytes
	}
	return bytes
}

// TestInternalTopicsArePurged shows that a repartition topic keeps what its reader has not read and little more, and that the view
// is right after that, after a restart, and after more writes.
func TestInternalTopicsArePurged(t *testing.T) {
	dir := t.TempDir()
	n := openWith(t, Config{DataDir: dir, internalSegmentBytes: 2000})
	base := createBase(t, n, "base")
	view := createView(t, n, "view", base, plan.TopologyVersion)
	rows := func(from, to int) {
		for i := from; i < to; i++ {
			insert(t, n, base, [2]int64{int64(i), int64(i % 5)})
		}
		if got := countRows(t, n, view); got != to {
			t.Fatalf("%d rows in the view, want %d", got, to)
		}
	}
	rows(0, 200)
	var before, trimmed int64
	for _, l := range logsOf(n, view.ID.Topic(1)) {
		before += sizeOf(&l)
	}
	retain(t, n)
	for _, l := range logsOf(n, view.ID.Topic(1)) {
		if size := sizeOf(&l); size > 4000 {
			t.Errorf("%d bytes of %v are left", size, l.ID)
		}
		trimmed += int64(l.Start)
	}
	if trimmed == 0 {
		t.Errorf("nothing of %d bytes was trimmed", before)
	}
	rows(200, 220)
	must(t, n.Close())
	n = openWith(t, Config{DataDir: dir, internalSegmentBytes: 2000})
	rows(220, 240)
}

// TestRetention shows that a stream keeps what it is configured to keep, that a view that has read the rest keeps its rows, that a new
// one has exactly the rows from the start, and that all this outlives a restart.
func TestRetention(t *testing.T) {
	dir := t.TempDir()
	n := openNode(t, dir)
	stream := createWith(t, n, "s", catalog.KindStream, func(c *catalog.TopicConfig) { c.SegmentBytes, c.RetentionBytes = 1000, 3000 })
	old := createStreamView(t, n, "old", stream, plan.TopologyVersion)
	send(t, n, stream, 0, 100)
	send(t, n, stream, 1, 3)
	if got := countRows(t, n, old); got != 103 {
		t.Fatalf("%d rows in the view", got)
	}
	retain(t, n)
	l := logsOf(n, stream.Topic())
	if size := sizeOf(&l[0]); l[0].Start < 10 || size < 3000 || size > 5000 || l[1].Start != 0 {
		t.Fatalf("starts %d and %d, %d bytes", l[0].Start, l[1].Start, size)
	}
	left := int(l[0].End-l[0].Start) + 3
	young := createStreamView(t, n, "young", stream, plan.TopologyVersion)
	if got := countRows(t, n, young); got != left {
		t.Errorf("%d rows in the new view, want %d", got, left)
	}
	d := shard.Dependent{Query: young.ID, Node: 1}
	if begin, ok := n.shards[stream.Placement[0]].Begins(stream.Partition(0), d); !ok || begin != l[0].Start {
		t.Errorf("the new view begins at %d, %v; the stream at %d", begin, ok, l[0].Start)
	}
	must(t, n.Close())
	n = openNode(t, dir)
	send(t, n, stream, 0, 60)
	retain(t, n)
	if now := logsOf(n, stream.Topic()); now[0].Start <= l[0].Start {
		t.Errorf("start %d after the restart, %d before", now[0].Start, l[0].Start)
	}
	if a, b := countRows(t, n, old), countRows(t, n, young); a != 163 || b != left+60 {
		t.Errorf("%d and %d rows", a, b)
	}
}

// TestDependentHoldsBack shows that a query that does not go on keeps the log up to a bound, and is marked when it needs more.
func TestDependentHoldsBack(t *testing.T) {
	n := openWith(t, Config{DataDir: t.TempDir(), DependentBytes: 6000})
	stream := createWith(t, n, "s", catalog.KindStream, func(c *catalog.TopicConfig) { c.SegmentBytes, c.RetentionBytes = 1000, 1000 })
	broken := createStreamView(t, n, "broken", stream, plan.TopologyVersion+1)
	send(t, n, stream, 0, 50)
	retain(t, n)
	if l := logsOf(n, stream.Topic()); l[0].Start != 0 {
		t.Fatalf("start %d: the dependent was passed over", l[0].Start)
	}
	send(t, n, stream, 0, 100)
	retain(t, n)
	q := n.Catalog().ByID(broken.ID).Query
	if l := logsOf(n, stream.Topic()); l[0].Start == 0 || q.State != catalog.QueryFailed || !strings.HasPrefix(q.Reason, needsRebuild) {
		t.Errorf("start %d, query %s: %s", l[0].Start, q.State, q.Reason)
	}
}

// TestChangelogIsCompacted shows that the changelog of a table loses what was overwritten, an hour later, that its rows stay, and that
// old and new views have them.
func TestChangelogIsCompacted(t *testing.T) {
	var now atomic.Int64
	now.Store(1e12)
	dir := t.TempDir()
	n := openWith(t, Config{DataDir: dir, NowMillis: now.Load})
	table := createWith(t, n, "t", catalog.KindTable, func(c *catalog.TopicConfig) { c.SegmentBytes = 1000 })
	old := createView(t, n, "old", table, plan.TopologyVersion)
	insert(t, n, table, [2]int64{1, 10})
	b := types.NewBatch(bigints, 1)
	b.AppendRow([]types.Datum{{Int: 1}, {Int: 10}}, 1)
	key, before := types.EncodeKey(nil, b, []int{0}, 0), types.EncodeRow(nil, b, 0)
	part := table.Partition(int(types.Partition(key, table.Partitions())))
	for i := range 100 {
		b := types.NewBatch(bigints, 1)
		b.AppendRow([]types.Datum{{Int: 1}, {Int: int64(100 + i)}}, 1)
		row := types.EncodeRow(nil, b, 0)
		tx := n.Begin()
		must(t, tx.Write(background, []exec.PartitionWrite{{Partition: part, Table: true, Rows: []exec.WriteRow{{Key: key, Value: row, Before: before}}}}))
		must(t, tx.Commit(background))
		before = row
	}
	wantView(t, n, old, "1 199")
	size := func() int64 { return sizeOf(&logsOf(n, table.Topic())[0]) }
	full := size()
	retain(t, n)
	if got := size(); got != full {
		t.Errorf("%d bytes of %d are left at once", got, full)
	}
	now.Add(compactAge + 1)
	retain(t, n)
	if l := logsOf(n, table.Topic())[0]; size() > full/3 || l.Below == 0 || !l.Hides {
		t.Errorf("%d bytes of %d are left, below %d", size(), full, l.Below)
	}
	young := createView(t, n, "young", table, plan.TopologyVersion)
	wantView(t, n, young, "1 199")
	must(t, n.Close())
	n = openWith(t, Config{DataDir: dir, NowMillis: now.Load})
	insert(t, n, table, [2]int64{2, 20})
	wantView(t, n, old, "1 199", "2 20")
	wantView(t, n, young, "1 199", "2 20")
}

// TestDiskFull shows that without room writes and new relations are refused with 53100, reads and drops go on, a view catches up when
// there is room again, and writes are taken.
func TestDiskFull(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	n := openWith(t, Config{DataDir: t.TempDir(), FreeSpace: func(string) (int64, error) { return free.Load(), nil }})
	base := createBase(t, n, "base")
	other := createBase(t, n, "other")
	view := createView(t, n, "view", base, plan.TopologyVersion)
	insert(t, n, base, [2]int64{1, 10})
	wantView(t, n, view, "1 10")
	free.Store(diskReserveBytes - 1)
	n.checkSpace()
	if err := write(n, base, put{p: 0, key: "x", value: "y"}); pgerr.Code(err) != pgerr.DiskFull {
		t.Errorf("write: %v", err)
	}
	create := *other
	create.ID, create.Name = n.Catalog().NextID(), "third"
	if err := n.Apply(background, catalog.Command{Create: &create}); pgerr.Code(err) != pgerr.DiskFull {
		t.Errorf("create: %v", err)
	}
	h := &host{n: n, shard: n.shards[0]}
	if err := h.Commit(background, &exec.Commit{}); !isUnavailable(err) {
		t.Errorf("commit of a task: %v", err)
	}
	if err := h.Send(background, view.Partition(0), &exec.Commit{}); !isUnavailable(err) {
		t.Errorf("commit of a forwarder: %v", err)
	}
	wantView(t, n, view, "1 10")
	must(t, n.Apply(background, catalog.Command{Drop: []catalog.RelationID{other.ID}}))
	free.Store(diskReserveBytes)
	n.checkSpace()
	insert(t, n, base, [2]int64{2, 20})
	wantView(t, n, view, "1 10", "2 20")
}

func isUnavailable(err error) bool {
	return strings.Contains(fmt.Sprint(err), exec.ErrUnavailable.Error())
}

// TestAsync shows that a write to a topic with durability = 'async' is answered before it is decided, that readers see it, in views
// too, that its order holds, and that one that is refused afterwards is counted.
func TestAsync(t *testing.T) {
	n := openNode(t, t.TempDir())
	stream := createWith(t, n, "s", catalog.KindStream, func(c *catalog.TopicConfig) { c.Durability = catalog.DurabilityAsync })
	view := createStreamView(t, n, "view", stream, plan.TopologyVersion)
	for i := 1; i < 50; i++ {
		send(t, n, stream, i%4, 1)
		if got := countRows(t, n, view); got != i {
			t.Fatalf("%d rows in the view after %d writes", got, i)
		}
	}
	if _, err := n.shards[stream.Placement[1]].Propose(background, &shard.Drop{Relations: []catalog.RelationID{stream.ID}}); err != nil {
		t.Fatal(err)
	}
	send(t, n, stream, 1, 1)
	must(t, n.waitAsync(background))
	if lost := n.Stats().AsyncLost; lost != 1 {
		t.Errorf("%d writes were counted as lost", lost)
	}
}

// TestCompression shows that batches are stored in the topic's compression, and read.
func TestCompression(t *testing.T) {
	n := openNode(t, t.TempDir())
	sizes := map[catalog.Compression]int64{}
	for _, c := range []catalog.Compression{catalog.CompressionNone, catalog.CompressionLZ4, catalog.CompressionZstd} {
		r := createWith(t, n, string(c), catalog.KindTable, func(config *catalog.TopicConfig) { config.Compression = c })
		must(t, write(n, r, put{p: 0, key: "k", value: strings.Repeat("abc", 1000)}))
		if got := tableRows(t, n, r); len(got) != 1 || len(got[0]) != len("0/k=")+3000 {
			t.Errorf("%s: %d rows", c, len(got))
		}
		sizes[c] = sizeOf(&logsOf(n, r.Topic())[0])
	}
	base := createBase(t, n, "base")
	view := createView(t, n, "view", base, plan.TopologyVersion)
	packed := *n.Catalog().ByID(view.ID)
	packed.ID, packed.Name, packed.Config.Compression = n.Catalog().NextID(), "packed", catalog.CompressionZstd
	must(t, n.Apply(background, catalog.Command{Create: &packed}))
	var many [][2]int64
	for i := range 500 {
		many = append(many, [2]int64{int64(i), 7})
	}
	insert(t, n, base, many...)
	if a, b := countRows(t, n, view), countRows(t, n, &packed); a != 500 || b != 500 {
		t.Errorf("%d and %d rows", a, b)
	}
	if a, b := sizeOf(&logsOf(n, view.Topic())[0]), sizeOf(&logsOf(n, packed.Topic())[0]); b > 2*a/3 {
		t.Errorf("changelogs of %d bytes, and %d compressed", a, b)
	}
	if plain := sizes[catalog.CompressionNone]; plain < 3000 || sizes[catalog.CompressionLZ4] > plain/3 || sizes[catalog.CompressionZstd] > plain/3 {
		t.Errorf("sizes %v", sizes)
	}
}

// TestRetentionRuns shows that the node enforces retention by itself when it is told that its logs have grown.
func TestRetentionRuns(t *testing.T) {
	n := openNode(t, t.TempDir())
	stream := createWith(t, n, "s", catalog.KindStream, func(c *catalog.TopicConfig) { c.SegmentBytes, c.RetentionBytes = 1000, 1000 })
	send(t, n, stream, 0, 50)
	n.retention.rouse()
	for range 10_000 {
		if logsOf(n, stream.Topic())[0].Start > 0 {
			return
		}
		if _, err := n.shards[0].Propose(background, &shard.Forget{}); err != nil { // an fsync of a pause
			t.Fatal(err)
		}
	}
	t.Error("nothing was trimmed")
}

// TestNeeds shows what a reader still needs: a forwarder the least of what its targets lack, all since its registration while one of
// them has nothing yet; a task what the input lacks.
func TestNeeds(t *testing.T) {
	n := openNode(t, t.TempDir())
	stream := createWith(t, n, "s", catalog.KindStream, func(*catalog.TopicConfig) {})
	view := createStreamView(t, n, "v", stream, plan.TopologyVersion+1) // no jobs of its own
	send(t, n, stream, 0, 20)
	l := &logsOf(n, stream.Topic())[0]
	l.Dependents = map[shard.Dependent]log.Offset{{Query: view.ID, Node: 1}: 2}
	carrier := &reader{query: view, node: 1, forward: &plan.Forwarder{ID: 1, Key: []int{1}, Target: 1}}
	commit := func(c exec.ConsumerID, offsets ...log.Offset) {
		t.Helper()
		op := &shard.Commit{Commit: exec.Commit{Consumer: c}}
		for _, off := range offsets {
			op.After = append(op.After, exec.Frontier{Offset: off})
		}
		r, err := n.shards[view.Placement[c.Partition]].Propose(background, op)
		if err != nil || r.Verdict != shard.Applied {
			t.Fatal(r, err)
		}
	}
	want := func(d *reader, off log.Offset) {
		t.Helper()
		if got := n.retention.needs(d, l); got != off {
			t.Errorf("needs what follows %d, want %d", got, off)
		}
	}
	want(carrier, 2)
	for target, off := range []log.Offset{9, 7, 15} {
		commit(exec.ConsumerID{Query: view.ID, Node: 1, Partition: uint32(target), Source: 0}, off)
		want(carrier, 2)
	}
	commit(exec.ConsumerID{Query: view.ID, Node: 1, Partition: 3, Source: 0}, 8)
	want(carrier, 7)
	task := func(input int) *reader { return &reader{query: view, node: 2, input: input} }
	want(task(1), 0)
	commit(exec.ConsumerID{Query: view.ID, Node: 2, Partition: 0}, 4, 11)
	want(task(0), 4)
	want(task(1), 11)
}
