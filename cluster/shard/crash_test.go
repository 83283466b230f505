package shard

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

var (
	crashSeeds  = flag.Int("crash-seeds", 4, "histories of TestCrashModel")
	crashRounds = flag.Int("crash-rounds", 12, "crashes of each")
)

// maxLeft is in which of the next operations of files the power is cut, at most: a snapshot has more of them.
var maxLeft = map[bool]int{false: 6, true: 16}

// opsPerCrash is about how many ops a shard applies before its power is cut.
const opsPerCrash = 25

// TestCrashModel applies random ops to a shard and to a model of it, and cuts the power: before any write, sync, rename or
// truncation of an append, a snapshot or a recovery, with what was not synced dropped, torn or there, and the store as of
// then or as of an earlier moment. What was acknowledged is there afterwards, and of the op under way all or nothing.
func TestCrashModel(t *testing.T) {
	for seed := range *crashSeeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			h := &history{rig: newRig(t), model: newModel(), rng: rand.New(rand.NewPCG(uint64(seed), 7))}
			h.gen = &generator{rng: h.rng}
			h.hold()
			h.forget()
			for round := range *crashRounds {
				h.round()
				if t.Failed() {
					t.Fatalf("after crash %d", round)
				}
			}
		})
	}
}

// history is a shard, what it should hold, and the stores that a crash may bring back.
type history struct {
	*rig
	model  *model
	rng    *rand.Rand
	gen    *generator
	stores []*state.Memory
}

// hold has some of the relations held in memory.
func (h *history) hold() {
	h.t.Helper()
	for n := range catalog.RelationID(modelPartitions / 2) {
		if h.rng.IntN(2) == 0 {
			h.want(Applied, &Hold{Relation: relation + n, Memory: true})
		}
	}
}

// forget drops all stores but the one of now: a snapshot has synced it.
func (h *history) forget() { h.stores = []*state.Memory{clone(h.t, h.db)} }

func (h *history) round() {
	h.t.Helper()
	for range 1 + h.rng.IntN(2*opsPerCrash) {
		h.step()
	}
	before, snapshot := h.model.clone(), h.rng.IntN(4) == 0
	if snapshot {
		h.forget() // the store is synced before anything else is
	}
	crash := h.arm(h.rig, 1+h.rng.IntN(maxLeft[snapshot]))
	if snapshot {
		_, err := h.shard.TakeSnapshot()
		must(h.t, err)
	} else {
		h.step()
	}
	if !crash.happened() {
		crash.now()
		before = h.model
	}
	h.restart(crash)
	switch got := h.shardText(); got {
	case before.text():
		h.model = before
	case h.model.text():
	default:
		h.t.Errorf("found:\n%s\nwanted:\n%s\nor, with the last op:\n%s", got, before.text(), h.model.text())
	}
}

// step applies one op to both sides.
func (h *history) step() {
	h.t.Helper()
	o := h.gen.next(h.model)
	want := o.apply(h.model)
	res, err := h.shard.Propose(context.Background(), o.op)
	must(h.t, err)
	if res.Verdict != want {
		h.t.Fatalf("%T %+v: %v %s, the model says %v", o.op, o.op, res.Verdict, res.Reason, want)
	}
	if h.rng.IntN(4) == 0 {
		h.stores = append(h.stores, clone(h.t, h.db))
	}
}

// restart opens what the crash left. Its recovery may meet another crash, as often as not.
func (h *history) restart(crash *crash) {
	h.t.Helper()
	h.rig.close()
	for h.rng.IntN(3) == 0 {
		next := &rig{t: h.t, fs: crash.fs, db: crash.db, fatal: make(chan error, 16)}
		again := h.arm(next, 1+h.rng.IntN(12))
		again.mode, again.stores = crash.mode, nil
		next.open()
		must(h.t, next.shard.WaitReady(context.Background()))
		if !again.happened() {
			again.now()
		}
		next.close()
		crash = again
	}
	h.rig = startRig(h.t, crash.fs, crash.db)
	h.stores = append(h.stores, clone(h.t, h.db))
}

// crash is a power cut at a moment that was drawn before, and what it leaves.
type crash struct {
	rig    *rig
	mode   vfs.CrashMode
	rng    *rand.Rand
	stores []*state.Memory // older ones

	mu   sync.Mutex
	left int // operations of files until then
	fs   *vfs.Mem
	db   *state.Memory
}

// arm has the power cut before operation number left of the rig's files.
func (h *history) arm(r *rig, left int) *crash {
	modes := []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles}
	c := &crash{rig: r, left: left, mode: modes[h.rng.IntN(len(modes))], stores: h.stores, rng: rand.New(rand.NewPCG(h.rng.Uint64(), 0))}
	r.fs.SetHook(func(vfs.Op, string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.left--; c.left == 0 {
			c.cut()
		}
		return nil
	})
	return c
}

func (c *crash) happened() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fs != nil
}

// now cuts the power when nothing is under way.
func (c *crash) now() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut()
}

// cut is called under mu.
func (c *crash) cut() {
	c.left = 0
	c.fs = c.rig.fs.Crash(c.mode, c.rng)
	c.db = c.rig.db
	if n := len(c.stores); n > 0 && c.rng.IntN(2) == 0 {
		c.db = c.stores[c.rng.IntN(n)]
	}
	c.db = clone(c.rig.t, c.db)
}
