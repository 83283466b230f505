package wal

import (
	"bytes"
	"slices"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

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
