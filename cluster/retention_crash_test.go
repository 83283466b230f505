package cluster

import (
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

// smallSegments is the size of the segments of internal topics in the tests that kill.
const smallSegments = 1500

func init() { scenarios["retention"] = retentionScenario }

// panicking is a test in a process that has none: what fails there ends it.
type panicking struct{ testing.TB }

func (panicking) Helper()                      {}
func (panicking) Fatal(args ...any)            { panic(fmt.Sprint(args...)) }
func (panicking) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

const retentionRows = 60

// retentionScenario writes to a table with a view and to a stream that keeps little, while retention is enforced all the time,
// until it is killed.
func retentionScenario(c *child) error {
	t := panicking{}
	base := createBase(t, c.n, "base")
	createView(t, c.n, "view", base, plan.TopologyVersion)
	stream := createWith(t, c.n, "stream", catalog.KindStream, func(c *catalog.TopicConfig) { c.SegmentBytes, c.RetentionBytes = 1000, 2000 })
	createStreamView(t, c.n, "events", stream, plan.TopologyVersion)
	go func() {
		for {
			if err := c.n.retention.pass(background); err != nil {
				panic(err)
			}
		}
	}()
	for i := range retentionRows {
		insert(t, c.n, base, [2]int64{int64(i), int64(i % 5)})
		send(t, c.n, stream, 0, 2)
		fmt.Println(i)
	}
	syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

// TestKillWhileTrimming shows that a node that was killed while it trimmed has every acknowledged row, in its views too, that
// what it has of the stream is whole, and that it goes on.
func TestKillWhileTrimming(t *testing.T) {
	dir := t.TempDir()
	acknowledged, _ := crash(t, dir, "retention", -1)
	if len(acknowledged) != retentionRows {
		t.Fatalf("%d rows were acknowledged", len(acknowledged))
	}
	n := openWith(t, Config{DataDir: dir, internalSegmentBytes: smallSegments})
	byName := func(name string) *catalog.Relation { return n.Catalog().Lookup("public", name) }
	var want []string
	for i := range retentionRows {
		want = append(want, strconv.Itoa(i)+" "+strconv.Itoa(i%5))
	}
	slices.Sort(want)
	wantView(t, n, byName("view"), want...)
	if got := countRows(t, n, byName("events")); got != 2*retentionRows {
		t.Errorf("%d rows in the view of the stream", got)
	}
	for _, topic := range []catalog.TopicID{byName("stream").Topic(), byName("view").ID.Topic(1)} {
		trimmed := false
		for _, l := range logsOf(n, topic) {
			trimmed = trimmed || l.Start > 0
		}
		if !trimmed {
			t.Errorf("topic %v was not trimmed: nothing was shown", topic)
		}
	}
	readAll(t, n, byName("stream"))
	insert(t, n, byName("base"), [2]int64{1000, 1})
	wantView(t, n, byName("view"), slices.Sorted(slices.Values(append(want, "1000 1")))...)
}

// readAll reads a topic from its start to its end.
func readAll(t *testing.T, n *Node, r *catalog.Relation) {
	t.Helper()
	s, err := n.Snapshot(background, []*catalog.Relation{r}, session.Strong, nil)
	must(t, err)
	defer s.Close()
	for p := range r.Partitions() {
		part := r.Partition(p)
		for at := s.StartOffset(part); at < s.EndOffset(part); {
			b, err := s.ReadLog(part, at, 1<<20, nil)
			must(t, err)
			for len(b) > 0 {
				batch, rest, err := log.ParseBatch(b)
				must(t, err)
				at, b = batch.LastOffset()+1, rest
			}
		}
	}
}
