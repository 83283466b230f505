package group

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/raft"

	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/log/wal"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// words is a state machine that collects what it is told.
type words struct{ all []string }

func (w *words) Apply(l *raft.Log) any {
	w.all = append(w.all, string(l.Data))
	return len(w.all)
}

func (w *words) Snapshot() (raft.FSMSnapshot, error) {
	return wordsSnapshot(strings.Join(w.all, " ")), nil
}

func (w *words) Restore(r io.ReadCloser) error {
	b, err := io.ReadAll(r)
	w.all = strings.Fields(string(b))
	return err
}

type wordsSnapshot string

func (s wordsSnapshot) Persist(sink raft.SnapshotSink) error {
	_, err := io.WriteString(sink, string(s))
	return errors.Join(err, sink.Close())
}

func (wordsSnapshot) Release() {}

// open opens a group over fs; close ends it as a crash would, as far as its files go.
func open(t *testing.T, fs vfs.FS, w *words) (g *Group, close func()) {
	t.Helper()
	l, err := wal.Open(fs, "wal", wal.Options{FileBytes: 1 << 20})
	must(t, err)
	g, err = Open(Config{ID: 3, Name: "words", NodeID: "n", WAL: l, FS: fs, Dir: "words", FSM: w, Restore: true,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Fatal: func(err error) { t.Error(err) }})
	must(t, err)
	close = func() {
		g.Close()
		l.Close()
	}
	t.Cleanup(close)
	_, err = g.WaitReady(context.Background())
	must(t, err)
	return g, close
}

// TestGroup shows entries in order, their answers, and all of them again after crashes, from log and snapshot.
func TestGroup(t *testing.T) {
	fs, want := vfs.NewMem(), []string{}
	lastTerm := uint64(0)
	for i := range 4 {
		w := new(words)
		g, closeGroup := open(t, fs, w)
		if !slices.Equal(w.all, want) {
			t.Fatalf("after crash %d: %v, want %v", i, w.all, want)
		}
		if term, _ := g.Leading(); term <= lastTerm {
			t.Errorf("term %d after %d", term, lastTerm)
		} else {
			lastTerm = term
		}
		var sent []Future
		for j := range 3 {
			want = append(want, fmt.Sprintf("w%d.%d", i, j))
			sent = append(sent, g.Apply([]byte(want[len(want)-1])))
		}
		for j, f := range sent {
			if answer, err := f.Wait(); answer != len(want)-2+j || err != nil {
				t.Errorf("answer %v, %v", answer, err)
			}
		}
		if i%2 == 1 {
			if taken, err := g.Snapshot(); !taken || err != nil {
				t.Errorf("snapshot: %v, %v", taken, err)
			}
		}
		closeGroup()
		if _, err := g.Apply(nil).Wait(); err == nil {
			t.Error("a closed group took an entry")
		}
		fs = fs.Crash(vfs.CrashDrop, nil)
	}
}

// TestFoundingIsRepeated shows that a group can be opened whatever part of its founding a crash has let through.
func TestFoundingIsRepeated(t *testing.T) {
	fs := vfs.NewMem()
	stop := errors.New("power cut")
	for syncs := 0; ; syncs++ {
		left, w := syncs, new(words)
		cut := fs.Crash(vfs.CrashDrop, nil)
		l, err := wal.Open(cut, "wal", wal.Options{FileBytes: 1 << 20})
		must(t, err)
		cut.SetHook(func(op vfs.Op, _ string) error {
			if op == vfs.OpSync {
				if left--; left < 0 {
					return stop
				}
			}
			return nil
		})
		store := &logStore{g: l.Group(3), fatal: func(error) {}}
		err = found(Config{NodeID: "n"}, store, NewSnapshots(cut, "words"), "n")
		l.Close()
		if err != nil && !errors.Is(err, stop) {
			t.Fatal(err)
		}
		done := err == nil
		g, closeGroup := open(t, cut.Crash(vfs.CrashDrop, nil), w)
		_, err = g.Apply([]byte("w")).Wait()
		must(t, err)
		closeGroup()
		if done {
			if syncs < 2 {
				t.Errorf("founded with %d syncs: the test shows nothing", syncs)
			}
			return
		}
	}
}

// TestLogStore shows the log as raft uses it: missing entries, both ends cut, the middle refused.
func TestLogStore(t *testing.T) {
	l, err := wal.Open(vfs.NewMem(), "wal", wal.Options{FileBytes: 1 << 20})
	must(t, err)
	defer l.Close()
	s := &logStore{g: l.Group(1), fatal: func(err error) { t.Error(err) }}
	if first, err := s.FirstIndex(); first != 0 || err != nil {
		t.Errorf("empty: first %d, %v", first, err)
	}
	for i := uint64(1); i <= 9; i++ {
		must(t, s.StoreLog(&raft.Log{Index: i, Term: 2, Type: raft.LogCommand, Data: []byte{byte(i)}, Extensions: []byte("e")}))
	}
	var e raft.Log
	must(t, s.GetLog(4, &e))
	if e.Index != 4 || e.Term != 2 || e.Type != raft.LogCommand || e.Data[0] != 4 || string(e.Extensions) != "e" {
		t.Errorf("entry: %+v", e)
	}
	must(t, s.DeleteRange(1, 3))
	must(t, s.DeleteRange(8, 9))
	if first, last := s.g.FirstIndex(), s.g.LastIndex(); first != 4 || last != 7 {
		t.Errorf("entries %d to %d", first, last)
	}
	if err := s.DeleteRange(5, 6); err == nil {
		t.Error("entries in the middle were deleted")
	}
	if err := s.GetLog(3, &e); !errors.Is(err, raft.ErrLogNotFound) {
		t.Errorf("missing entry: %v", err)
	}
	if _, err := s.GetUint64([]byte("k")); err == nil || err.Error() != "not found" {
		t.Errorf("missing key: %v", err)
	}
	must(t, s.SetUint64([]byte("k"), 1<<40))
	if v, err := s.GetUint64([]byte("k")); v != 1<<40 || err != nil {
		t.Errorf("key: %d, %v", v, err)
	}
}

// TestSnapshotFile shows that each flipped bit and each cut of the file is noticed, and that a crash while it is replaced leaves
// the old one or the new one.
func TestSnapshotFile(t *testing.T) {
	head := snapshotHead{Index: 7, Term: 2, Version: 1, Configuration: raft.EncodeConfiguration(raft.Configuration{})}
	file, err := encodeSnapshot(head, []byte("contents"))
	must(t, err)
	if _, contents, err := decodeSnapshot(file); string(contents) != "contents" || err != nil {
		t.Fatalf("%q, %v", contents, err)
	}
	for i := range file {
		flipped := slices.Clone(file)
		flipped[i] ^= 1
		if _, _, err := decodeSnapshot(flipped); !errors.Is(err, ErrSnapshotCorrupt) {
			t.Errorf("byte %d flipped: %v", i, err)
		}
		if _, _, err := decodeSnapshot(file[:i]); !errors.Is(err, ErrSnapshotCorrupt) {
			t.Errorf("cut at %d: %v", i, err)
		}
	}
	fs := vfs.NewMem()
	must(t, ReplaceFile(fs, "d/snapshot", file))
	newer, err := encodeSnapshot(head, []byte("newer"))
	must(t, err)
	ops, seen := 0, map[string]bool{}
	fs.SetHook(func(vfs.Op, string) error {
		ops++
		for _, mode := range []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep} {
			contents, err := NewSnapshots(fs.Crash(mode, nil), "d").Newest()
			must(t, err)
			seen[string(contents)] = true
		}
		killed := NewSnapshots(fs.Crash(vfs.CrashKeep, nil), "d")
		found, err := killed.Newest()
		must(t, err)
		must(t, killed.Keep())
		kept, err := NewSnapshots(killed.fs.(*vfs.Mem).Crash(vfs.CrashDrop, nil), "d").Newest()
		if must(t, err); string(kept) != string(found) {
			t.Errorf("a start after a kill found %q, and a power cut then left %q", found, kept)
		}
		return nil
	})
	must(t, ReplaceFile(fs, "d/snapshot", newer))
	fs.SetHook(nil)
	contents, err := NewSnapshots(fs.Crash(vfs.CrashDrop, nil), "d").Newest()
	if string(contents) != "newer" || err != nil || ops < 3 || !seen["contents"] {
		t.Errorf("in the end %q, %v, after %d operations, seen %v", contents, err, ops, seen)
	}
}
