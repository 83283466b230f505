package cluster_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millracedb/millrace/cluster"
)

var (
	crashStates = flag.Int("crash-states", enoughStates, "states that power cuts leave in TestPowerCuts")
	crashSeed   = flag.Uint64("crash-seed", 1, "of its first history")
)

// What a history consists of.
const (
	histories = 4
	// enoughStates is how many states, of all histories, reach everything that mustHappen names.
	enoughStates  = 800
	lives         = 8 // of one data directory; then the next one begins, as starts become slower
	shards        = 3
	dataDir       = "/data"
	stepsOfClient = 25
	cutGap        = 150 // events between cuts, on the average
	cutsPerLife   = 20
	recoveryGap   = 60 // likewise, of a start that is cut itself
	maxRecoveries = 3  // starts in a row that are cut
)

// TestPowerCuts runs a whole node on a disk in memory, under clients, and cuts the power: before and after any write, sync, rename,
// truncation and so on of any of its files, and within, with what was not synced dropped, torn or there, and each shard's store as
// of any moment since its last flush. What was acknowledged is there afterwards, nothing is there twice, no statement in part,
// views equal their queries, no sequence gives a value again, `log verify` finds nothing, and the node works on: until the
// next cut, which may come during recovery.
//
// Statements and cuts follow from the seed. The order in which goroutines run does not, so a seed gives a similar history, not
// the same one.
func TestPowerCuts(t *testing.T) {
	var mu sync.Mutex
	counts, cuts := map[string]int{}, map[string]int{}
	t.Run("histories", func(t *testing.T) {
		for i := range histories {
			seed := *crashSeed + uint64(i)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := &history{t: t, rng: rand.New(rand.NewPCG(seed, 3)), modes: map[string]int{}, counts: map[string]int{}, cuts: map[string]int{}}
					h.run((*crashStates + histories - 1) / histories)
					t.Logf("%d states, %d of them of starts that were cut; modes %v", h.states, h.recoveries, h.modes)
					mu.Lock()
					defer mu.Unlock()
					for what, n := range h.counts {
						counts[what] += n
						cuts[what] += h.cuts[what]
					}
				})
			})
		}
	})
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%-62s %7d, cut before %5d", what, counts[what], cuts[what])
	}
	for _, what := range mustHappen {
		if *crashStates >= enoughStates && cuts[what] == 0 && !t.Failed() {
			t.Errorf("%s: %d times, and never cut", what, counts[what])
		}
	}
}

// mustHappen is what the load has to lead to, and what has to be cut: one operation of each thing that changes files.
var mustHappen = []string{
	"answer", "store write", "store flush",
	"create LOCK", "rename format.json", // a new data directory
	"rename wal/N.wal", "write wal/N.tmp", "sync wal/N.tmp", "remove wal/N.wal", // the write-ahead log, by the names of its first handles
	"rename meta/snapshot", "create shards/N/held/N-N.mem", "rename shards/N/snapshot/snapshot", "syncdir shards/N/snapshot", "rename shards/N/checkpoints/N-N", // snapshots
	"create shards/N/topics/N.N-N/N.log", "write shards/N/topics/N.N-N/N.log", "sync shards/N/topics/N.N-N/N.log", // append, roll
	"truncate shards/N/topics/N.N-N/N.log", "truncate shards/N/topics/N.N-N/N.index", "truncate shards/N/topics/N.N-N/N.timeindex", // recovery
	"remove shards/N/topics/N.N-N/N.log", // retention
	"rename shards/N/topics/N.N-N/N-N.compacted", "link shards/N/topics/N.N-N/N.log.swap", "rename shards/N/topics/N.N-N/N.log",
	"remove shards/N/topics/N.N-N/N-N.compacted", "create shards/N/topics/N.N-N/compacted", // compaction
	"remove shards/N/topics/N.N-N", // a drop
}

// history is one timeline of a node, and what its power cuts left.
type history struct {
	t       *testing.T
	rng     *rand.Rand
	clock   atomic.Int64 // ahead of the bubble's, ms
	machine *machine
	node    *cluster.Node
	admin   *client
	clients []*client

	states, recoveries int
	modes              map[string]int // states by mode
	counts, cuts       map[string]int // events by kind and file, and cuts before them
}

func (h *history) run(states int) {
	from := empty()
	for life := 1; h.states < states; life++ {
		cuts := h.live(from)
		for _, c := range cuts {
			if h.examine(c); h.t.Failed() {
				return
			}
		}
		from = cuts[h.rng.IntN(len(cuts))]
		if life%lives == 0 {
			from = empty()
		}
	}
}

// fail reports an error of a node on what a cut left.
func (h *history) fail(c *cut, doing string, err error) {
	h.t.Helper()
	if err != nil {
		h.t.Errorf("%s after power cuts%s\n%v", doing, c.story, err)
	}
}

// live starts a node on what a cut left, has clients work with it and cuts the power meanwhile.
func (h *history) live(from *cut) []*cut {
	h.boot(from)
	h.machine.arm(cutGap, cutsPerLife)
	h.fail(from, "start", h.open())
	h.fail(from, "settle", h.settleAll())
	if !h.t.Failed() {
		h.fail(from, "work", h.work(stepsOfClient))
		h.fail(from, "compact", h.compact())
		h.fail(from, "compare", h.settleAll())
	}
	rest := h.machine.cutNow()
	h.fail(from, "close", h.close())
	return append(h.machine.disarm(), rest)
}

// examine looks at what a cut left, and whether a node starts from it and works on; its start may be cut, again and again.
func (h *history) examine(c *cut) {
	for depth := 0; ; depth++ {
		h.note(c)
		h.fail(c, "log verify", c.verify())
		if depth == maxRecoveries || h.rng.IntN(3) != 0 || h.t.Failed() {
			break
		}
		h.boot(c)
		h.machine.arm(recoveryGap, 1)
		h.fail(c, "start", h.open())
		h.fail(c, "close", h.close())
		cuts := h.machine.disarm()
		if len(cuts) == 0 {
			break
		}
		c = cuts[h.rng.IntN(len(cuts))]
		h.recoveries++
	}
	h.boot(c)
	h.fail(c, "start", h.open())
	h.fail(c, "settle", h.settleAll())
	if !h.t.Failed() {
		h.fail(c, "work", h.work(1))
		h.fail(c, "compare", h.settleAll())
	}
	h.fail(c, "close", h.close())
}

func (h *history) note(c *cut) {
	h.states++
	h.modes[c.mode.String()]++
}

func (h *history) boot(c *cut) {
	h.machine = c.start(rand.New(rand.NewPCG(h.rng.Uint64(), 0)), h.cuts)
	h.node, h.admin, h.clients = nil, nil, nil
}

// open starts the node.
func (h *history) open() (err error) {
	m := h.machine
	h.node, err = cluster.Open(cluster.Small(cluster.Config{DataDir: dataDir, Shards: shards, MemoryBytes: 8 << 20,
		Logger: slog.New(slog.DiscardHandler), Fatal: func(err error) { h.t.Errorf("fatal: %v", err) }, FS: m.disk, OpenDB: m.open,
		NowMillis: func() int64 { return time.Now().UnixMilli() + h.clock.Load() },
		FreeSpace: func(string) (int64, error) { return 1 << 40, nil }}, smallSegments))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.node.WaitReady(ctx); err != nil {
		return err
	}
	if lines := h.node.Isolated(); len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	return nil
}

func (h *history) close() error {
	for _, c := range h.clients {
		c.Close()
	}
	if h.admin != nil {
		h.admin.Close()
	}
	var err error
	if h.node != nil {
		err = h.node.Close()
	}
	for what, n := range h.machine.count {
		h.counts[what] += n
	}
	return err
}

// settleAll makes what is missing of the base relations, and settles.
func (h *history) settleAll() (err error) {
	if h.node == nil || h.t.Failed() {
		return nil
	}
	if h.admin == nil {
		if h.admin, err = newClient(h, 0); err != nil {
			return err
		}
		if err := h.define(); err != nil {
			return err
		}
	}
	return h.settle()
}

// define creates the base relations, as far as they are not there.
func (h *history) define() error {
	for i, d := range base {
		if h.node.Catalog().Lookup("", d[0]) != nil {
			continue
		}
		if h.machine.now.schema > i {
			return fmt.Errorf("%s was acknowledged and is not there", d[0])
		}
		if _, err := h.admin.run("%s", d[1]); err != nil {
			return err
		}
		h.machine.know(func(k *knowledge) { k.schema = i + 1 })
		h.machine.event("answer", d[1])
	}
	if h.machine.now.sharedSum {
		return nil
	}
	var values []string
	for id := range sharedRows {
		values = append(values, fmt.Sprintf("(%d, %d)", id, sharedSum/sharedRows))
	}
	_, err := h.admin.run("INSERT INTO shared VALUES %s ON CONFLICT DO NOTHING", strings.Join(values, ", "))
	h.machine.know(func(k *knowledge) { k.sharedSum = err == nil })
	return err
}

// work has all clients take steps at once, while somebody takes snapshots and has things forgotten.
func (h *history) work(steps int) error {
	for n := range writers + 1 {
		c, err := newClient(h, n)
		if err != nil {
			return err
		}
		h.machine.know(func(k *knowledge) { c.facts, c.given, c.givenID = k.fates[n].acknowledged, k.given, k.givenID })
		h.clients = append(h.clients, c)
	}
	var wg sync.WaitGroup
	errs := make([]error, len(h.clients)+1)
	for i, c := range h.clients {
		wg.Go(func() {
			step := c.write
			if i == 0 {
				step = c.define
			}
			for range steps {
				if errs[i] = step(); errs[i] != nil {
					return
				}
			}
		})
	}
	chores := rand.New(rand.NewPCG(h.rng.Uint64(), 1))
	wg.Go(func() { errs[len(h.clients)] = h.chores(chores, 1+steps/3) })
	wg.Wait()
	return errors.Join(errs...)
}

// chores are what a node does by itself from time to time.
func (h *history) chores(rng *rand.Rand, n int) error {
	for range n {
		switch rng.IntN(3) {
		case 0:
			if err := h.node.TakeSnapshots(); err != nil {
				return err
			}
		case 1:
			if err := h.compact(); err != nil {
				return err
			}
		default:
			if err := h.node.Retain(context.Background()); err != nil {
				return err
			}
		}
	}
	return nil
}

// compact has all compacted that can be: what was written is old now.
func (h *history) compact() error {
	h.clock.Add(2 * time.Hour.Milliseconds())
	return h.node.Retain(context.Background())
}
