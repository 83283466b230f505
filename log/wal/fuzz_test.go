package wal

import (
	"errors"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// image returns the bytes of a small log's only file.
func image(t testing.TB) []byte {
	fs := vfs.NewMem()
	w, err := Open(fs, testDir, Options{FileBytes: 2000, salt: func() uint64 { return 42 }})
	must(t, err)
	mustAppend(t, w.Group(1), 1, 3)
	must(t, w.Group(1).SetMeta("vote", []byte("me")))
	mustAppend(t, w.Group(2), 7, 2)
	must(t, w.Group(1).TruncateSuffix(3))
	must(t, w.Group(1).TruncatePrefix(1))
	must(t, w.Close())
	f, err := fs.Open(filePath(testDir, 1))
	must(t, err)
	b := make([]byte, 2000)
	_, err = f.ReadAt(b, 0)
	must(t, err)
	return b
}

// Whatever is in a file, the log opens or is corrupt; what it then holds reads back; it takes an append and opens again.
func FuzzOpen(f *testing.F) {
	b := image(f)
	f.Add(b)
	f.Add(b[:700])
	f.Add(b[fileHeaderBytes:])
	f.Fuzz(func(t *testing.T, b []byte) { openAndUse(t, b) })
}

// Frames in any order, with any numbers in them but right checksums: what recovery believes once a CRC holds is still
// checked for sense.
func FuzzReplay(f *testing.F) {
	f.Add([]byte{6, 0, 0, 0, 1, 1, 1, 0, 1, 1, 2, 0, 2, 1, 1, 0, 1, 1, 1, 9})
	f.Add([]byte{5, 1, 3, 9, 4, 1, 0, 2, 6, 0, 0, 0, 1, 1, 10, 3, 3, 1, 9, 0})
	f.Add([]byte{5, 1, 3, 9, 6, 0, 0, 0, 2, 1, 5, 0, 1, 1, 5, 0, 3, 1, 4, 0, 7, 0, 0, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		b := appendFileHeader(nil, fileHeader{seq: 1, salt: 42})
		for ; len(script) >= 4; script = script[4:] {
			fr := frame{kind: kind(script[0]), group: uint32(script[1]), index: uint64(script[2]), term: uint64(script[3]), split: uint32(script[3] & 3)}
			at := len(b)
			b = appendFrame(b, fr, []byte("payload")[:script[3]&7%8], nil)
			place(b[at:], 42, int64(at), int64(at))
		}
		openAndUse(t, b)
	})
}

func openAndUse(t *testing.T, b []byte) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll(testDir))
	f, err := fs.Create(filePath(testDir, 1))
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	opt := Options{FileBytes: 2000, CacheBytes: -1}
	w, err := Open(fs, testDir, opt)
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("open: %v", err)
		}
		return
	}
	last := map[uint32]uint64{}
	for _, id := range append(w.Groups(), 77) {
		g := w.Group(id)
		for i := g.FirstIndex(); i > 0 && i <= g.LastIndex(); i++ {
			if e, err := g.Get(i); err != nil || e.Index != i {
				t.Fatalf("get %d: %d, %v", i, e.Index, err)
			}
		}
		must(t, g.Append([]Entry{{Index: g.LastIndex() + 1, Data: []byte("new")}}))
		last[id] = g.LastIndex()
	}
	must(t, w.Close())
	w, err = Open(fs, testDir, opt)
	if err != nil {
		t.Fatalf("open again: %v", err)
	}
	for id, want := range last {
		if got := w.Group(id).LastIndex(); got != want {
			t.Fatalf("group %d ends at %d, want %d", id, got, want)
		}
	}
	must(t, w.Close())
}
