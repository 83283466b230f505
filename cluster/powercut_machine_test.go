package cluster_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/millracedb/millrace/cluster/group"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
)

// machine is what a node runs on: a disk, and a store per shard. From time to time a power cut is drawn: what it would leave
// is copied, and the machine goes on as if nothing had happened.
//
// A cut comes between two events. Events are: the operations of vfs, what is written to a store and flushed, and each answer
// that a client has seen. So for every operation there is a cut that finds it not begun, one that finds it done and nothing
// after it, and in the modes that tear, one that finds it done in part.
type machine struct {
	mu     sync.Mutex
	disk   *vfs.Mem
	stores map[string]*store // by directory
	rng    *rand.Rand
	gap    int // mean number of events between cuts; 0: there are none
	left   int // events until the next cut
	most   int // cuts that are still drawn so
	cuts   []*cut
	count  map[string]int // events by kind and file
	done   map[string]int // cuts by what they were before, of the whole history
	story  string         // of the cuts before
	now    knowledge      // of clients
}

// cut is what a power cut leaves, and what was known to clients then.
type cut struct {
	disk   *vfs.Mem
	stores map[string]*state.Memory
	mode   vfs.CrashMode
	before string // which event, by kind and file
	story  string // of the cuts that led here
	known  knowledge
}

// start returns a machine that finds what the cut left. The cut remains as it is.
func (c *cut) start(rng *rand.Rand, done map[string]int) *machine {
	m := &machine{done: done, disk: c.disk.Crash(vfs.CrashKeep, nil), stores: map[string]*store{}, rng: rng, count: map[string]int{}, now: c.known.clone(), story: c.story}
	for dir, db := range c.stores {
		m.stores[dir] = newStore(m, db.Snapshot())
	}
	m.disk.SetHook(func(op vfs.Op, name string) error {
		m.event(string(op), name)
		return nil
	})
	return m
}

// numbers are what differs between names of files of one kind.
var numbers = regexp.MustCompile(`[0-9a-f]{16,20}|[0-9]+`)

// what names a kind of event: the operation and the kind of file.
func what(kind, name string) string {
	if !strings.HasPrefix(name, dataDir) {
		return kind
	}
	return kind + " " + numbers.ReplaceAllString(strings.TrimPrefix(name, dataDir+"/"), "N")
}

// arm has the power cut about once in gap events, from now on, at most times; and before what was seldom cut.
func (m *machine) arm(gap, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gap, m.most = gap, most
	m.left = 1 + m.rng.IntN(2*gap)
}

// disarm ends that, and gives what was left.
func (m *machine) disarm() []*cut {
	m.mu.Lock()
	defer m.mu.Unlock()
	cuts := m.cuts
	m.gap, m.cuts = 0, nil
	return cuts
}

func (m *machine) event(kind, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.happens(kind, name)
}

// seldom is how many cuts come before events of a kind because there were fewer: before the first one, and one of the next.
const seldom = 2

// happens is called under mu, before what is to happen.
func (m *machine) happens(kind, name string) {
	what := what(kind, name)
	m.count[what]++
	if m.gap == 0 {
		return
	}
	m.left--
	due := m.left <= 0 && m.most > 0
	if due {
		m.most--
		m.left = 1 + m.rng.IntN(2*m.gap)
	}
	if due || m.done[what] == 0 || m.done[what] < seldom && m.rng.IntN(4) == 0 {
		m.cut(what)
	}
}

var cutModes = []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles}

// cut is called under mu: nothing is written to the disk or to a store meanwhile, but for what has begun before.
func (m *machine) cut(before string) {
	c := &cut{mode: cutModes[m.rng.IntN(len(cutModes))], before: before, stores: map[string]*state.Memory{}, known: m.now.clone()}
	c.story = fmt.Sprintf("%s\n  %v before %s", m.story, c.mode, before)
	m.done[before]++
	c.disk = m.disk.Crash(c.mode, m.rng)
	for dir, s := range m.stores {
		c.stores[dir] = s.found()
	}
	m.cuts = append(m.cuts, c)
}

// cutNow cuts the power when nothing is under way.
func (m *machine) cutNow() *cut {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cut("rest")
	c := m.cuts[len(m.cuts)-1]
	m.cuts = m.cuts[:len(m.cuts)-1]
	return c
}

// open is cluster.Config.OpenDB.
func (m *machine) open(dir string, _ state.Options) (state.Disk, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.stores[dir]
	if s == nil {
		s = newStore(m, state.NewMemory().Snapshot())
		m.stores[dir] = s
	}
	return s, nil
}

// store is RocksDB as far as crashes are concerned: it writes what is in memory to disk whenever it likes, all up to some
// write, and at the latest in Flush.
type store struct {
	*state.Memory
	m         *machine
	positions []state.Snapshot // that a cut may find: after the last Flush, and after each write since
}

func newStore(m *machine, from state.Snapshot) *store {
	s := &store{Memory: copyOf(from), m: m}
	s.positions = []state.Snapshot{s.Snapshot()}
	return s
}

func copyOf(s state.Snapshot) *state.Memory {
	to := state.NewMemory()
	var b state.Batch
	it := s.Scan(nil, nil)
	for it.Next() {
		b.Put(it.Key(), it.Value())
	}
	if err := it.Close(); err != nil {
		panic(err)
	}
	if err := to.Write(&b); err != nil {
		panic(err)
	}
	return to
}

// Write implements state.DB.
func (s *store) Write(b *state.Batch) error {
	s.m.event("store write", "")
	if err := s.Memory.Write(b); err != nil {
		return err
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.positions = append(s.positions, s.Snapshot())
	return nil
}

// Flush implements state.DB.
func (s *store) Flush() error {
	s.m.event("store flush", "")
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.positions = s.positions[len(s.positions)-1:]
	return nil
}

// Close implements state.DB: RocksDB flushes then.
func (s *store) Close() error { return s.Flush() }

// Checkpoint implements state.Disk: a directory with the contents, which gets its name at the end.
func (s *store) Checkpoint(dir string) error {
	s.m.mu.Lock()
	at := s.positions[0]
	s.m.mu.Unlock()
	var contents []byte
	it := at.Scan(nil, nil)
	for it.Next() {
		contents = fmt.Appendf(contents, "%x=%x\n", it.Key(), it.Value())
	}
	temp := dir + ".tmp"
	err := errors.Join(it.Close(), s.m.disk.RemoveAll(temp), s.m.disk.MkdirAll(temp))
	if err == nil {
		err = group.ReplaceFile(s.m.disk, filepath.Join(temp, "contents"), contents)
	}
	if err == nil {
		err = s.m.disk.Rename(temp, dir)
	}
	return err
}

// found draws what a cut finds, the ends of what is possible more often than the rest. It is called under machine.mu.
func (s *store) found() *state.Memory {
	i := 0
	switch s.m.rng.IntN(3) {
	case 0:
		i = s.m.rng.IntN(len(s.positions))
	case 1:
		i = len(s.positions) - 1
	}
	return copyOf(s.positions[i])
}

// empty is a machine before its first start.
func empty() *cut {
	fates := make([]fate, 1+writers)
	for i := range fates {
		fates[i].acknowledged = newFacts()
	}
	return &cut{disk: vfs.NewMem(), before: "the first start", known: knowledge{fates: fates}}
}

// store is the store of a shard; an empty one if the shard was never opened.
func (c *cut) store(shard int) state.DB {
	if db := c.stores[filepath.Join(dataDir, "shards", strconv.Itoa(shard), "state")]; db != nil {
		return db
	}
	return state.NewMemory()
}
