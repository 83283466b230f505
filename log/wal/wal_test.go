package wal

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

const testDir = "/node/wal"

// mustOpen opens the log in the test's folder; files have 100 KiB unless opt says something else.
func mustOpen(t testing.TB, fs vfs.FS, opt Options) *WAL {
	t.Helper()
	if opt.FileBytes == 0 {
		opt.FileBytes = 100 << 10
	}
	w, err := Open(fs, testDir, opt)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// entries makes n entries from index first on, whose bytes follow from group and index.
func entries(group uint32, first uint64, n int) []Entry {
	var out []Entry
	for i := range uint64(n) {
		out = append(out, testEntry(group, first+i))
	}
	return out
}

func testEntry(group uint32, index uint64) Entry {
	return Entry{
		Index: index, Term: index/10 + 1, Type: uint8(index % 3), AppendedAtMicros: int64(index) * 1000,
		Data:       bytes.Repeat(fmt.Appendf(nil, "group %d entry %d. ", group, index), int(index%7)+1),
		Extensions: fmt.Appendf(nil, "%d", index)[:index%2],
	}
}

func equalEntry(a, b Entry) bool {
	return a.Index == b.Index && a.Term == b.Term && a.Type == b.Type && a.AppendedAtMicros == b.AppendedAtMicros &&
		bytes.Equal(a.Data, b.Data) && bytes.Equal(a.Extensions, b.Extensions)
}

func mustAppend(t testing.TB, g *Group, first uint64, n int) {
	t.Helper()
	if err := g.Append(entries(g.ID(), first, n)); err != nil {
		t.Fatalf("append %d: %v", first, err)
	}
}

// checkRange says that the group holds exactly the entries first to last, readable and as they were made.
func checkRange(t testing.TB, g *Group, first, last uint64) {
	t.Helper()
	if g.FirstIndex() != first || g.LastIndex() != last {
		t.Fatalf("group %d holds %d to %d, want %d to %d", g.ID(), g.FirstIndex(), g.LastIndex(), first, last)
	}
	for i := first; i <= last && i > 0; i++ {
		e, err := g.Get(i)
		if err != nil {
			t.Fatalf("get %d: %v", i, err)
		}
		if want := testEntry(g.ID(), i); !equalEntry(e, want) {
			t.Fatalf("entry %d is %+v, want %+v", i, e, want)
		}
	}
	for _, i := range []uint64{first - 1, last + 1} {
		if _, err := g.Get(i); !errors.Is(err, ErrNotFound) {
			t.Fatalf("get %d outside: %v, want ErrNotFound", i, err)
		}
	}
}

// Entries, truncations at both ends and metadata of several groups read back, before and after a restart, with and
// without the cache, over many small files.
func TestRoundTrip(t *testing.T) {
	for _, opt := range []Options{{}, {FileBytes: 600}, {FileBytes: 600, CacheBytes: -1}, {FileBytes: 2000, CacheBytes: 300}} {
		t.Run(fmt.Sprintf("file=%d,cache=%d", opt.FileBytes, opt.CacheBytes), func(t *testing.T) {
			fs := vfs.NewMem()
			w := mustOpen(t, fs, opt)
			for g := uint32(1); g <= 3; g++ {
				mustAppend(t, w.Group(g), uint64(g)*10, 5)
				mustAppend(t, w.Group(g), uint64(g)*10+5, 15)
			}
			must(t, w.Group(1).SetMeta("vote", []byte("node 1")))
			must(t, w.Group(1).SetMeta("term", []byte("4")))
			must(t, w.Group(1).SetMeta("term", []byte("5")))
			must(t, w.Group(2).TruncateSuffix(30))
			must(t, w.Group(2).TruncatePrefix(24))
			must(t, w.Group(3).SetMeta("gone", []byte("x")))
			must(t, w.Group(3).SetMeta("gone", nil))
			must(t, w.Group(3).TruncateSuffix(31))
			mustAppend(t, w.Group(3), 31, 2)
			check := func(w *WAL) {
				t.Helper()
				checkRange(t, w.Group(1), 10, 29)
				checkRange(t, w.Group(2), 25, 29)
				checkRange(t, w.Group(3), 30, 32)
				if v, _ := w.Group(1).GetMeta("term"); string(v) != "5" {
					t.Fatalf("term is %q", v)
				}
				if _, ok := w.Group(3).GetMeta("gone"); ok {
					t.Fatal("a removed key is there")
				}
				if got := w.Groups(); !slices.Equal(got, []uint32{1, 2, 3}) {
					t.Fatalf("groups are %v", got)
				}
			}
			check(w)
			for range 3 {
				must(t, w.Close())
				w = mustOpen(t, fs, opt)
				check(w)
			}
			mustAppend(t, w.Group(2), 30, 40)
			checkRange(t, w.Group(2), 25, 69)
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The real file system gives the same.
func TestRoundTripOS(t *testing.T) {
	dir := t.TempDir() + "/a/b"
	w, err := Open(vfs.OS, dir, Options{FileBytes: 4096})
	must(t, err)
	mustAppend(t, w.Group(7), 1, 300)
	must(t, w.Group(7).TruncatePrefix(250))
	must(t, w.Close())
	w, err = Open(vfs.OS, dir, Options{FileBytes: 4096})
	must(t, err)
	checkRange(t, w.Group(7), 251, 300)
	must(t, w.Close())
}
