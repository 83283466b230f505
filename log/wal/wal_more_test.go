package wal

import (
	"bytes"
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

// Every flipped bit is noticed when the log is opened, or it is one that nothing depends on: then everything that was
// acknowledged is there. This holds for the last write too, thanks to the mark behind it.
func TestFlippedBitsAtOpen(t *testing.T) {
	fs := vfs.NewMem()
	opt := Options{FileBytes: 700}
	w := mustOpen(t, fs, opt)
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Group(1).SetMeta("vote", []byte("me")))
	mustAppend(t, w.Group(2), 7, 4)
	mustAppend(t, w.Group(1), 4, 2)
	must(t, w.Close())
	names, err := fs.List(testDir)
	must(t, err)
	unnoticed := 0
	for _, name := range names {
		path := testDir + "/" + name
		info, err := fs.Stat(path)
		must(t, err)
		for at := range info.SizeBytes {
			rotten := fs.Crash(vfs.CrashKeep, nil)
			flip(t, rotten, path, at, 1<<(at%8))
			w, err := Open(rotten, testDir, opt)
			if err != nil {
				if !isErr(err, ErrCorrupt) {
					t.Fatalf("%s byte %d: %v", name, at, err)
				}
				continue
			}
			unnoticed++
			checkRange(t, w.Group(1), 1, 5)
			checkRange(t, w.Group(2), 7, 10)
			if v, _ := w.Group(1).GetMeta("vote"); string(v) != "me" {
				t.Fatalf("%s byte %d: the vote is %q", name, at, v)
			}
			must(t, w.Close())
		}
	}
	if unnoticed > 700 { // the zeros at the end of the newest file, and its mark
		t.Errorf("%d flipped bytes were not noticed", unnoticed)
	}
}

func flip(t testing.TB, fs vfs.FS, path string, at int64, mask byte) {
	t.Helper()
	f, err := fs.OpenRW(path)
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	must(t, err)
	b[0] ^= mask
	_, err = f.WriteAt(b[:], at)
	must(t, err)
}

// A bit that flips while the log is open is noticed by the read.
func TestFlippedBitsAtGet(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{CacheBytes: -1})
	mustAppend(t, w.Group(1), 1, 3)
	at, ok := w.Group(1).state.find(2)
	if !ok {
		t.Fatal("entry 2 is nowhere")
	}
	path := filePath(testDir, 1)
	for i := range int64(at.length) {
		flip(t, fs, path, int64(at.at)+i, 4)
		if _, err := w.Group(1).Get(2); !isErr(err, ErrCorrupt) {
			t.Fatalf("byte %d of the frame: %v", i, err)
		}
		flip(t, fs, path, int64(at.at)+i, 4)
	}
	checkRange(t, w.Group(1), 1, 3)
}

// Bytes in an entry that look like frames of the log are never taken for any, also when the tail is torn before them.
func TestFramesInsidePayloads(t *testing.T) {
	fs := vfs.NewMem()
	w := mustOpen(t, fs, Options{})
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Close())
	f, err := fs.Open(filePath(testDir, 1))
	must(t, err)
	image := make([]byte, 5000)
	_, err = f.ReadAt(image, 0)
	must(t, err)
	w = mustOpen(t, fs, Options{})
	torn := func() *vfs.Mem { // the header of the write is lost, its payload is not
		var crashed *vfs.Mem
		fs.SetHook(func(op vfs.Op, name string) error {
			if op == vfs.OpSync && crashed == nil {
				crashed = fs.Crash(vfs.CrashKeep, nil)
			}
			return nil
		})
		must(t, w.Group(1).Append([]Entry{{Index: 4, Data: bytes.Repeat(image, 3)}}))
		return crashed
	}()
	at, _ := w.Group(1).state.find(4)
	flip(t, torn, filePath(testDir, 1), int64(at.at), 255)
	w = mustOpen(t, torn, Options{})
	checkRange(t, w.Group(1), 1, 3)
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
