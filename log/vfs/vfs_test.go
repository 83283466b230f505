package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// script runs one sequence of operations and tells what it saw, with names below dir.
func script(t *testing.T, fsys FS, dir string) string {
	t.Helper()
	var out strings.Builder
	say := func(what string, err error) {
		kind := "ok"
		for _, e := range []error{fs.ErrNotExist, fs.ErrExist} {
			if errors.Is(err, e) {
				kind = e.Error()
			} else if err != nil && kind == "ok" {
				kind = "failed"
			}
		}
		fmt.Fprintf(&out, "%s: %s\n", what, kind)
	}
	show := func(f File) {
		size, err := f.Size()
		b := make([]byte, size+1)
		n, readErr := f.ReadAt(b, 0)
		fmt.Fprintf(&out, "  %q, %d bytes, eof %v, %v\n", b[:n], size, readErr == io.EOF, err)
	}
	p := func(name string) string { return filepath.Join(dir, name) }

	say("open missing", second(fsys.Open(p("x"))))
	say("mkdir", fsys.MkdirAll(p("a/b")))
	say("mkdir again", fsys.MkdirAll(p("a/b")))
	f, err := fsys.Create(p("a/b/f"))
	say("create", err)
	say("write", second(f.Write([]byte("hello"))))
	say("write more", second(f.Write([]byte(" world"))))
	say("write at", second(f.WriteAt([]byte("J"), 0)))
	show(f)
	say("write behind the end", second(f.WriteAt([]byte("!"), 13)))
	show(f)
	say("truncate", f.Truncate(5))
	say("grow", f.Truncate(7))
	say("allocate less", f.Allocate(3))
	show(f)
	say("append", second(f.Write([]byte("end"))))
	say("sync", f.Sync())
	say("sync directory", fsys.SyncDir(p("a/b")))
	say("link", fsys.Link(p("a/b/f"), p("a/g")))
	say("link again", fsys.Link(p("a/b/f"), p("a/g")))
	say("rename", fsys.Rename(p("a/b/f"), p("a/b/h")))
	say("rename missing", fsys.Rename(p("a/b/f"), p("a/b/h")))
	say("close", f.Close())
	g, err := fsys.OpenRW(p("a/g"))
	say("open linked", err)
	say("remove", fsys.Remove(p("a/g")))
	say("remove missing", fsys.Remove(p("a/g")))
	show(g)
	say("close", g.Close())
	say("mkdir over a file", fsys.MkdirAll(p("a/b/h")))
	names, err := fsys.List(p("a/b"))
	say(fmt.Sprint("list ", names), err)
	info, err := fsys.Stat(p("a/b/h"))
	say(fmt.Sprint("stat ", info), err)
	info, err = fsys.Stat(p("a"))
	say(fmt.Sprint("stat ", info.IsDir), err)
	r, err := fsys.Open(p("a/b/h"))
	say("open", err)
	say("write to a file opened for reading", second(r.Write([]byte("x"))))
	say("close", r.Close())
	e, err := fsys.Create(p("a/b/h"))
	say("create over", err)
	show(e)
	say("close", e.Close())
	say("lock missing", second(fsys.Lock(p("x"))))
	lock, err := fsys.Lock(p("a/b/h"))
	say("lock", err)
	_, err = fsys.Lock(p("a/b/h"))
	say(fmt.Sprint("lock again ", errors.Is(err, ErrLocked)), err)
	say("unlock", lock.Close())
	lock, err = ReadOnly(fsys).Lock(p("a/b/h"))
	say("lock anew", err)
	say("unlock", lock.Close())
	say("remove a full directory", fsys.Remove(p("a/b")))
	say("remove all", fsys.RemoveAll(p("a")))
	say("remove all again", fsys.RemoveAll(p("a")))
	say("stat", second(fsys.Stat(p("a"))))
	return out.String()
}

func second[T any](_ T, err error) error { return err }

// The file system in memory behaves as the real one.
func TestMemIsLikeOS(t *testing.T) {
	real, mem := script(t, OS, t.TempDir()), script(t, NewMem(), "/")
	// Which error a full directory gives differs between systems.
	norm := strings.NewReplacer("full directory: failed", "full directory: refused", "full directory: file already exists", "full directory: refused")
	if norm.Replace(real) != norm.Replace(mem) {
		t.Errorf("the real one:\n%s\nin memory:\n%s", real, mem)
	}
}

func content(t *testing.T, m *Mem, name string) string {
	t.Helper()
	f, err := m.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4096)
	n, _ := f.ReadAt(b, 0)
	return string(b[:n])
}

func create(t *testing.T, m *Mem, name, text string) File {
	t.Helper()
	f, err := m.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Content needs a sync of the file, its name one of the directory; the running process sees everything at once.
func TestCrashDropsWhatWasNotSynced(t *testing.T) {
	m := NewMem()
	a := create(t, m, "/a", "one")
	if got := content(t, m.Crash(CrashDrop, nil), "/a"); got != "none" {
		t.Errorf("a name that was not synced: %q", got)
	}
	m.SyncDir("/")
	if got := content(t, m.Crash(CrashDrop, nil), "/a"); got != "" {
		t.Errorf("content that was not synced: %q", got)
	}
	a.Sync()
	a.Write([]byte(" two"))
	crashed := m.Crash(CrashDrop, nil)
	if got := content(t, crashed, "/a"); got != "one" {
		t.Errorf("after a sync: %q", got)
	}
	if got := content(t, m.Crash(CrashKeep, nil), "/a"); got != "one two" {
		t.Errorf("killed: %q", got)
	}
	create(t, crashed, "/b", "other")
	if got := content(t, m, "/b"); got != "none" {
		t.Error("a crash's file system shares with the one before")
	}
	m.Rename("/a", "/c")
	if crashed := m.Crash(CrashDrop, nil); content(t, crashed, "/a") != "one" || content(t, crashed, "/c") != "none" {
		t.Error("a rename that was not synced survived")
	}
	m.SyncDir("/")
	if crashed := m.Crash(CrashDrop, nil); content(t, crashed, "/a") != "none" || content(t, crashed, "/c") != "one" {
		t.Error("a synced rename did not survive")
	}
	m.Remove("/c")
	if got := content(t, m.Crash(CrashDrop, nil), "/c"); got != "one" {
		t.Errorf("a removal that was not synced survived: %q", got)
	}
}

// A torn write keeps a prefix; holes keep sectors in any order. Both touch only what was not synced.
func TestCrashTears(t *testing.T) {
	m := NewMem()
	f := create(t, m, "/f", strings.Repeat("s", 1000))
	m.SyncDir("/")
	f.Sync()
	f.Write([]byte(strings.Repeat("u", 2000)))
	rng := rand.New(rand.NewPCG(1, 2))
	lengths, holes := map[int]bool{}, 0
	for range 200 {
		torn := content(t, m.Crash(CrashTear, rng), "/f")
		if !strings.HasPrefix(strings.Repeat("s", 1000)+strings.Repeat("u", 2000), torn) || len(torn) < 1000 {
			t.Fatalf("torn to %q", torn)
		}
		lengths[len(torn)] = true
		holey := content(t, m.Crash(CrashHoles, rng), "/f")
		if !strings.HasPrefix(holey, strings.Repeat("s", 1000)) {
			t.Fatalf("holes in synced content: %q", holey)
		}
		if strings.Contains(holey, "\x00u") {
			holes++
		}
	}
	if len(lengths) < 50 || holes == 0 {
		t.Errorf("%d lengths, %d with holes: the crashes are too alike", len(lengths), holes)
	}
}

// A file with two names is one file after a crash too.
func TestCrashKeepsLinks(t *testing.T) {
	m := NewMem()
	create(t, m, "/a", "one").Sync()
	m.Link("/a", "/b")
	m.SyncDir("/")
	crashed := m.Crash(CrashDrop, nil)
	f, err := crashed.OpenRW("/a")
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte(" more"))
	if got := content(t, crashed, "/b"); got != "one more" {
		t.Errorf("the other name shows %q", got)
	}
}

// A failed sync is reported as such, and the file takes no more writes or syncs.
func TestFailedSyncStays(t *testing.T) {
	m := NewMem()
	f := create(t, m, "/a", "one")
	m.SetHook(func(op Op, _ string) error {
		if op == OpSync || op == OpSyncDir {
			return errors.New("input/output error")
		}
		return nil
	})
	if err := f.Sync(); !errors.Is(err, ErrSyncFailed) {
		t.Errorf("sync: %v", err)
	}
	if err := m.SyncDir("/"); !errors.Is(err, ErrSyncFailed) {
		t.Errorf("sync directory: %v", err)
	}
	m.SetHook(nil)
	if err := f.Sync(); !errors.Is(err, ErrSyncFailed) {
		t.Errorf("second sync: %v", err)
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, ErrSyncFailed) {
		t.Errorf("write: %v", err)
	}
}

// On the real file system too: a sync that fails once fails for ever on that handle, and says so.
func TestFailedSyncStaysOS(t *testing.T) {
	f, err := OS.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	f.(*osFile).f.Close() // the next sync fails
	if err := f.Sync(); !errors.Is(err, ErrSyncFailed) {
		t.Errorf("sync: %v", err)
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, ErrSyncFailed) {
		t.Errorf("write: %v", err)
	}
}
