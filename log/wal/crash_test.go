package wal

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

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
