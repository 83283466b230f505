package wal

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

func isErr(err, target error) bool { return errors.Is(err, target) }

// waitQueued returns when n requests wait behind the one that the writer works on.
func waitQueued(w *WAL, n int) {
	for {
		w.mu.Lock()
		queued := len(w.queue)
		w.mu.Unlock()
		if queued >= n {
			return
		}
		runtime.Gosched()
	}
}

// All that wait while a sync runs share the next write and the next sync, whichever group they are in.
func TestGroupCommit(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	mustAppend(t, w.Group(0), 1, 1)
	gate := make(chan struct{})
	var syncs, writes atomic.Int32
	fs.SetHook(func(op vfs.Op, _ string) error {
		switch op {
		case vfs.OpSync:
			syncs.Add(1)
			<-gate
		case vfs.OpWrite:
			writes.Add(1)
		}
		return nil
	})
	var wg sync.WaitGroup
	wg.Go(func() { mustAppend(t, w.Group(1), 1, 1) })
	for syncs.Load() == 0 {
		runtime.Gosched()
	}
	before := writes.Load()
	for g := uint32(2); g < 50; g++ {
		wg.Go(func() { mustAppend(t, w.Group(g), 1, 3) })
	}
	waitQueued(w, 48)
	gate <- struct{}{}
	gate <- struct{}{}
	wg.Wait()
	close(gate)
	if n := writes.Load() - before; syncs.Load() != 2 || n < 1 || n > 2 { // the second may be the mark
		t.Errorf("48 appends took %d syncs and %d writes", syncs.Load()-1, n)
	}
	for g := uint32(2); g < 50; g++ {
		checkRange(t, w.Group(g), 1, 3)
	}
}

// Appenders, readers and truncations of many groups at once, over files that come and go: readers see only whole,
// right entries. Run with -race.
func TestConcurrentUse(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{FileBytes: 20_000, CacheBytes: 500})
	var wg sync.WaitGroup
	for id := range uint32(6) {
		g := w.Group(id)
		stop := make(chan struct{})
		wg.Go(func() {
			defer close(stop)
			for i := range uint64(200) {
				mustAppend(t, g, 1+i*2, 2)
				if i%20 == 19 {
					must(t, g.TruncatePrefix(i*2-10))
				}
			}
		})
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				first, last := g.FirstIndex(), g.LastIndex()
				for _, i := range []uint64{first, (first + last) / 2, last} {
					e, err := g.Get(i)
					if err == nil && !equalEntry(e, testEntry(id, i)) || err != nil && !errors.Is(err, ErrNotFound) {
						t.Errorf("get %d: %+v, %v", i, e, err)
					}
				}
			}
		})
	}
	wg.Wait()
	for id := range uint32(6) {
		must(t, w.Group(id).TruncatePrefix(400))
	}
	must(t, w.Close())
	names, err := fs.List(testDir)
	must(t, err)
	if len(names) != 1 {
		t.Errorf("files %v are left: nobody needs the old ones", names)
	}
}

// Indexes that do not follow are refused, and leave no trace.
func TestAppendRefusals(t *testing.T) {
	w := mustOpen(t, vfs.NewMem(), Options{MaxFrameBytes: 1000})
	g := w.Group(1)
	for _, bad := range [][]Entry{
		{{Index: 0}}, {{Index: 5}, {Index: 7}}, {{Index: 5}, {Index: 5}},
	} {
		if err := g.Append(bad); !isErr(err, ErrNotNext) {
			t.Errorf("append %v: %v", bad, err)
		}
	}
	mustAppend(t, g, 5, 5)
	for _, first := range []uint64{4, 5, 9, 11} {
		if err := g.Append(entries(1, first, 1)); !isErr(err, ErrNotNext) {
			t.Errorf("append at %d: %v", first, err)
		}
	}
	if err := g.Append([]Entry{{Index: 10, Data: make([]byte, 1001)}}); !isErr(err, ErrTooLarge) {
		t.Errorf("append too much: %v", err)
	}
	if err := g.SetMeta("key", make([]byte, maxMetaValueBytes+1)); !isErr(err, ErrTooLarge) {
		t.Errorf("set too much: %v", err)
	}
	for i := range maxMetaKeys {
		must(t, g.SetMeta(fmt.Sprint(i), []byte("x")))
	}
	if err := g.SetMeta("one more", []byte("x")); !isErr(err, ErrTooLarge) {
		t.Errorf("set too many: %v", err)
	}
	must(t, g.SetMeta("0", nil))
	must(t, g.SetMeta("one more", []byte("x")))
	must(t, g.Append(nil))
	must(t, g.TruncateSuffix(10))
	must(t, g.TruncatePrefix(4))
	checkRange(t, g, 5, 9)
}

// An emptied group may begin anywhere again, also after a restart.
func TestEmptiedGroup(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	mustAppend(t, w.Group(1), 1, 10)
	must(t, w.Group(1).TruncatePrefix(100))
	checkRange(t, w.Group(1), 0, 0)
	must(t, w.Close())
	w = mustOpen(t, fs, Options{})
	checkRange(t, w.Group(1), 0, 0)
	mustAppend(t, w.Group(1), 101, 2)
	must(t, w.Group(1).TruncateSuffix(7))
	mustAppend(t, w.Group(1), 50, 1)
	checkRange(t, w.Group(1), 50, 50)
}

// A group that stands still pins the oldest file; when it lets go, the files between go too.
func TestOldestPins(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{FileBytes: 1000})
	mustAppend(t, w.Group(3), 1, 1)
	mustAppend(t, w.Group(5), 1, 1)
	if _, groups := w.OldestPins(); groups != nil {
		t.Errorf("one file, pinned by %v", groups)
	}
	for i := range uint64(50) {
		mustAppend(t, w.Group(4), 1+i, 1)
	}
	must(t, w.Group(4).TruncatePrefix(49))
	total, groups := w.OldestPins()
	if !slices.Equal(groups, []uint32{3, 5}) || total < 5000 {
		t.Errorf("%d bytes, pinned by %v", total, groups)
	}
	must(t, w.Group(3).TruncatePrefix(1))
	must(t, w.Group(5).TruncatePrefix(1))
	must(t, w.Close())
	if names, _ := fs.List(testDir); len(names) > 2 {
		t.Errorf("files are %v", names)
	}
	w = mustOpen(t, fs, Options{FileBytes: 1000})
	checkRange(t, w.Group(4), 50, 50)
}

// A closed log says so.
func TestClosed(t *testing.T) {
	w := mustOpen(t, vfs.NewMem(), Options{CacheBytes: -1})
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Close())
	if _, err := w.Group(1).Get(1); !isErr(err, ErrClosed) {
		t.Errorf("get: %v", err)
	}
	if err := w.Group(1).Append(entries(1, 4, 1)); !isErr(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
}
