package wal

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// model is the slow and obvious version of a group: what was acknowledged, and the change that is under way.
type model struct {
	entries map[uint64]Entry
	meta    map[string]string
	flight  *change
}

// change is an operation on a group.
type change struct {
	kind  kind
	add   []Entry
	index uint64
	key   string
	value string
}

func newModel() *model { return &model{entries: map[uint64]Entry{}, meta: map[string]string{}} }

func (m *model) clone() *model {
	return &model{entries: maps.Clone(m.entries), meta: maps.Clone(m.meta), flight: m.flight}
}

// with returns the model after the first n steps of a change; an append of k entries has k steps, all else has one.
func (m *model) with(c *change, n int) *model {
	out := m.clone()
	switch {
	case n == 0:
	case c.kind == kindEntry:
		for _, e := range c.add[:n] {
			out.entries[e.Index] = e
		}
	case c.kind == kindTruncateSuffix:
		maps.DeleteFunc(out.entries, func(i uint64, _ Entry) bool { return i >= c.index })
	case c.kind == kindTruncatePrefix:
		maps.DeleteFunc(out.entries, func(i uint64, _ Entry) bool { return i <= c.index })
	case c.kind == kindMeta:
		out.meta[c.key] = c.value
	}
	return out
}

// possible lists the states that a crash now may leave.
func (m *model) possible() []*model {
	all := []*model{m}
	if m.flight == nil {
		return all
	}
	for n := 1; n <= max(len(m.flight.add), 1); n++ {
		all = append(all, m.with(m.flight, n))
	}
	return all
}

func (m *model) bounds() (first, last uint64) {
	for i := range m.entries {
		if first == 0 || i < first {
			first = i
		}
		last = max(last, i)
	}
	return first, last
}

// differs says how a group is not this model, or nothing.
func (m *model) differs(g *Group) string {
	first, last := m.bounds()
	if g.FirstIndex() != first || g.LastIndex() != last {
		return fmt.Sprintf("it holds %d to %d, not %d to %d", g.FirstIndex(), g.LastIndex(), first, last)
	}
	for i, want := range m.entries {
		if got, err := g.Get(i); err != nil || !equalEntry(got, want) {
			return fmt.Sprintf("entry %d is %+v (%v), not %+v", i, got, err, want)
		}
	}
	for key, want := range m.meta {
		if got, _ := g.GetMeta(key); string(got) != want {
			return fmt.Sprintf("meta %s is %q, not %q", key, got, want)
		}
	}
	return ""
}

// random makes a change that is valid now. Every entry is different, so that an old one in a new one's place is seen.
func (m *model) random(rng *rand.Rand, serial int) *change {
	first, last := m.bounds()
	switch n := rng.IntN(10); {
	case n == 0:
		return &change{kind: kindMeta, key: fmt.Sprint("key ", rng.IntN(3)), value: fmt.Sprint("value ", serial)}
	case n == 1 && last > 0:
		return &change{kind: kindTruncateSuffix, index: first + uint64(rng.IntN(int(last-first)+2))}
	case n <= 3 && last > 0:
		return &change{kind: kindTruncatePrefix, index: first + uint64(rng.IntN(int(last-first)+1))}
	}
	c := &change{kind: kindEntry}
	next := last + 1
	if last == 0 {
		next = uint64(1 + rng.IntN(50))
	}
	for i := range 1 + rng.IntN(4) {
		data := make([]byte, rng.IntN(300))
		for j := range data {
			data[j] = byte(rng.Uint32())
		}
		c.add = append(c.add, Entry{Index: next + uint64(i), Term: uint64(serial), Type: 1, Data: data, Extensions: []byte{byte(serial)}})
	}
	return c
}

func (c *change) run(g *Group) error {
	switch c.kind {
	case kindEntry:
		return g.Append(c.add)
	case kindTruncateSuffix:
		return g.TruncateSuffix(c.index)
	case kindTruncatePrefix:
		return g.TruncatePrefix(c.index)
	}
	return g.SetMeta(c.key, []byte(c.value))
}

// world is a log with the models of its groups.
type world struct {
	mu     sync.Mutex
	models []*model
}

func (x *world) snapshot() []*model {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []*model
	for _, m := range x.models {
		all = append(all, m.clone())
	}
	return all
}

// step runs one random change on one group.
func (x *world) step(w *WAL, group int, rng *rand.Rand, serial int) error {
	x.mu.Lock()
	m := x.models[group]
	c := m.random(rng, serial)
	m.flight = c
	x.mu.Unlock()
	if err := c.run(w.Group(uint32(group))); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	done := m.with(c, max(len(c.add), 1))
	done.flight = nil
	*m = *done
	return nil
}

// checkRecovered opens what a crash left and compares every group with what is possible. Then the log is used, and
// opened once more.
func checkRecovered(t *testing.T, fs *vfs.Mem, models []*model, opt Options) {
	t.Helper()
	w, err := Open(fs, testDir, opt)
	if err != nil {
		t.Fatalf("open after the crash: %v", err)
	}
	for id, m := range models {
		g := w.Group(uint32(id))
		var why []string
		for _, p := range m.possible() {
			if d := p.differs(g); d != "" {
				why = append(why, d)
			}
		}
		if len(why) == len(m.possible()) {
			t.Fatalf("group %d is in none of the possible states: %q", id, why)
		}
	}
	checkStored(t, w, fs.Crash(vfs.CrashDrop, nil), opt)
	for id := range models {
		g := w.Group(uint32(id))
		mustAppend(t, g, g.LastIndex()+1, 2)
	}
	last := w.Group(0).LastIndex()
	must(t, w.Close())
	w, err = Open(fs, testDir, opt)
	must(t, err)
	if w.Group(0).LastIndex() != last {
		t.Fatalf("open again: last index %d, want %d", w.Group(0).LastIndex(), last)
	}
	must(t, w.Close())
}

// checkStored says that what w holds right after recovery survives a power cut: fs is what that left.
func checkStored(t *testing.T, w *WAL, fs *vfs.Mem, opt Options) {
	t.Helper()
	after, err := Open(fs, testDir, opt)
	if err != nil {
		t.Fatalf("open after a crash behind recovery: %v", err)
	}
	for _, id := range w.Groups() {
		if got, want := after.Group(id).LastIndex(), w.Group(id).LastIndex(); got != want {
			t.Fatalf("group %d was recovered up to %d, then only %d", id, want, got)
		}
	}
	must(t, after.Close())
}

var crashModes = []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles}

// A crash before any write, sync, rename or removal leaves a log that opens and in which every group has all that was
// acknowledged, plus at most a prefix of what was under way. Random changes, one at a time, over many small files.
func TestCrashEverywhere(t *testing.T) {
	for seed := range uint64(3) {
		for _, mode := range crashModes {
			t.Run(fmt.Sprintf("seed=%d,%s", seed, mode), func(t *testing.T) { crashEverywhere(t, seed, mode) })
		}
	}
}

func crashEverywhere(t *testing.T, seed uint64, mode vfs.CrashMode) {
	opt := Options{FileBytes: 1500 + int64(seed)*1000, CacheBytes: 400}
	x := &world{models: []*model{newModel(), newModel(), newModel()}}
	fs := vfs.NewMem()
	crashRng := rand.New(rand.NewPCG(seed, uint64(mode)))
	type wreck struct {
		fs     *vfs.Mem
		models []*model
	}
	var wrecks []wreck // taken by the writer's goroutine, read when it is gone
	fs.SetHook(func(vfs.Op, string) error {
		wrecks = append(wrecks, wreck{fs.Crash(mode, crashRng), x.snapshot()})
		return nil
	})
	w := mustOpen(t, fs, opt)
	rng := rand.New(rand.NewPCG(seed, 1))
	for serial := range 60 {
		must(t, x.step(w, rng.IntN(len(x.models)), rng, serial))
	}
	must(t, w.Close())
	fs.SetHook(nil)
	wrecks = append(wrecks, wreck{fs.Crash(mode, crashRng), x.snapshot()})
	for _, wr := range wrecks {
		checkRecovered(t, wr.fs, wr.models, opt)
	}
}

// The same with all groups at work at once, so that one write holds frames of several; and with crashes during
// recovery itself.
func TestCrashConcurrent(t *testing.T) {
	for seed := range uint64(4) {
		mode := crashModes[2+seed%2]
		t.Run(fmt.Sprintf("seed=%d,%s", seed, mode), func(t *testing.T) { crashConcurrent(t, seed, mode) })
	}
}

func crashConcurrent(t *testing.T, seed uint64, mode vfs.CrashMode) {
	opt := Options{FileBytes: 4000, CacheBytes: 400}
	x := &world{}
	for range 8 {
		x.models = append(x.models, newModel())
	}
	fs := vfs.NewMem()
	w := mustOpen(t, fs, opt)
	rng := rand.New(rand.NewPCG(seed, 7))
	var wrecks []*vfs.Mem
	var models [][]*model
	fs.SetHook(func(vfs.Op, string) error {
		if rng.IntN(4) == 0 {
			// The models first: what is acknowledged between the two is in the crash, and was under way in the model.
			x.mu.Lock()
			defer x.mu.Unlock()
			var now []*model
			for _, m := range x.models {
				now = append(now, m.clone())
			}
			wrecks, models = append(wrecks, fs.Crash(mode, rng)), append(models, now)
		}
		return nil
	})
	var wg sync.WaitGroup
	for group := range x.models {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(100+group)))
			for serial := range 30 {
				if err := x.step(w, group, rng, serial); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	must(t, w.Close())
	for i, wreck := range wrecks {
		again := crashInRecovery(t, wreck, mode, opt, rng)
		checkRecovered(t, again, models[i], opt)
	}
}

// crashInRecovery opens a wreck and has it crash at a random operation of the recovery.
func crashInRecovery(t *testing.T, fs *vfs.Mem, mode vfs.CrashMode, opt Options, rng *rand.Rand) *vfs.Mem {
	t.Helper()
	again := fs.Crash(vfs.CrashKeep, nil)
	fs.SetHook(func(vfs.Op, string) error {
		if rng.IntN(3) == 0 {
			again = fs.Crash(mode, rng)
		}
		return nil
	})
	w, err := Open(fs, testDir, opt)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	must(t, w.Close())
	return again
}

// A failed sync or write poisons the log: the caller hears of it, nothing is tried again, what was published stays
// readable, and after a restart all acknowledged entries are there.
func TestFailurePoisons(t *testing.T) {
	for _, op := range []vfs.Op{vfs.OpSync, vfs.OpWrite} {
		t.Run(string(op), func(t *testing.T) {
			fs := vfs.NewMem()
			w := mustOpen(t, fs, Options{})
			mustAppend(t, w.Group(1), 1, 10)
			var after []vfs.Op
			failing := false
			fs.SetHook(func(o vfs.Op, name string) error {
				if failing {
					after = append(after, o)
				}
				if o == op {
					failing = true
					return fmt.Errorf("the disk is on fire")
				}
				return nil
			})
			err := w.Group(1).Append(entries(1, 11, 1))
			if !isErr(err, ErrFailed) || op == vfs.OpSync && !isErr(err, vfs.ErrSyncFailed) {
				t.Errorf("append: %v", err)
			}
			<-w.Failed()
			for range 3 {
				if err := w.Group(2).Append(entries(2, 1, 1)); !isErr(err, ErrFailed) {
					t.Errorf("append afterwards: %v", err)
				}
			}
			checkRange(t, w.Group(1), 1, 10)
			if err := w.Close(); !isErr(err, ErrFailed) {
				t.Errorf("close: %v", err)
			}
			if op == vfs.OpSync && len(after) > 0 {
				t.Errorf("after the failed sync: %v", after)
			}
			fs.SetHook(nil)
			w2 := mustOpen(t, fs.Crash(vfs.CrashDrop, nil), Options{})
			checkRange(t, w2.Group(1), 1, 10)
		})
	}
}

// Everything that is queued fails with the write before it: nobody waits for ever.
func TestFailureWakesAll(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	began, gate := make(chan struct{}), make(chan struct{})
	fs.SetHook(func(op vfs.Op, _ string) error {
		if op == vfs.OpSync {
			close(began)
			<-gate
			return fmt.Errorf("the disk is gone")
		}
		return nil
	})
	errs := make(chan error, 20)
	add := func(g uint32) { errs <- w.Group(g).Append(entries(g, 1, 1)) }
	go add(0)
	<-began
	for g := range uint32(19) {
		go add(1 + g)
	}
	waitQueued(w, 19)
	close(gate)
	for range 20 {
		if err := <-errs; !isErr(err, ErrFailed) {
			t.Errorf("append: %v", err)
		}
	}
}

// A lost file, whichever but the newest, is corruption and not a shorter log.
func TestLostFile(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{FileBytes: 1000})
	mustAppend(t, w.Group(1), 1, 5)
	for i := range uint64(40) {
		mustAppend(t, w.Group(1), 6+i, 1)
	}
	must(t, w.Close())
	names, err := fs.List(testDir)
	must(t, err)
	if len(names) < 5 {
		t.Fatalf("%d files: the test needs more", len(names))
	}
	for _, name := range names[:len(names)-1] {
		lost := fs.Crash(vfs.CrashKeep, nil)
		must(t, lost.Remove(testDir+"/"+name))
		if _, err := Open(lost, testDir, Options{FileBytes: 1000}); !isErr(err, ErrCorrupt) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if !slices.Contains(w.Groups(), 1) {
		t.Error("the group is gone")
	}
}

// What was cut stays cut: a frame behind the cut that is whole does not come back when a new frame of the same length as
// the bad one before it takes its place.
func TestCutStaysCut(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	mustAppend(t, w.Group(1), 1, 3)
	var killed *vfs.Mem
	fs.SetHook(func(op vfs.Op, _ string) error {
		if op == vfs.OpSync && killed == nil {
			killed = fs.Crash(vfs.CrashKeep, nil)
		}
		return nil
	})
	mustAppend(t, w.Group(1), 4, 2)
	at, _ := w.Group(1).state.find(4)
	flip(t, killed, filePath(testDir, 1), int64(at.at)+frameHeaderBytes, 1)
	again := mustOpen(t, killed, Options{})
	checkRange(t, again.Group(1), 1, 3)
	var after *vfs.Mem
	killed.SetHook(func(op vfs.Op, _ string) error {
		if op == vfs.OpSync && after == nil {
			after = killed.Crash(vfs.CrashKeep, nil) // before a mark covers what follows
		}
		return nil
	})
	mustAppend(t, again.Group(1), 4, 1)
	checkRange(t, mustOpen(t, after, Options{}).Group(1), 1, 4)
}

// A file that lost its last frame, so that what is left is whole, is found out by the next file's head.
func TestShortenedFile(t *testing.T) {
	fs := vfs.NewMem()
	opt := Options{FileBytes: 600}
	w := mustOpen(t, fs, opt)
	for id := range uint32(10) {
		mustAppend(t, w.Group(id), 1, 2)
	}
	must(t, w.Close())
	shortened := 0
	for id := range uint32(10) {
		at, _ := w.Group(id).state.find(2)
		short := fs.Crash(vfs.CrashKeep, nil)
		f, err := short.OpenRW(filePath(testDir, uint64(at.file)))
		must(t, err)
		if size, _ := f.Size(); size != int64(at.at+at.length) {
			continue // not the last frame of its file
		}
		must(t, f.Truncate(int64(at.at)))
		if _, err := Open(short, testDir, opt); !isErr(err, ErrCorrupt) {
			t.Errorf("without the last entry of group %d: %v", id, err)
		}
		shortened++
	}
	if shortened < 2 {
		t.Errorf("%d files could be shortened: the test needs more", shortened)
	}
}
