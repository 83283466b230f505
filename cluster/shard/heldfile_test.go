package shard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// heldStore is a store with n rows of the tests' relation.
func heldStore(t testing.TB, n, valueBytes int) *state.Memory {
	t.Helper()
	m := state.NewMemory()
	var b state.Batch
	for i := range n {
		b.Put(state.RowKey(partitionOf(0), fmt.Appendf(nil, "%06d", i)), []byte(strings.Repeat(fmt.Sprint(i%10), valueBytes)))
	}
	b.Put(state.TaskPrefix(relation, 0, 1, 0), nil)
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return m
}

func loadHeldFile(fs vfs.FS, id catalog.RelationID) (*state.Memory, error) {
	m := state.NewMemory()
	return m, readHeldFile(fs, "f", id, m.Load)
}

func pairs(t *testing.T, r state.Reader) (out []string) {
	t.Helper()
	it := r.Scan(nil, nil)
	for it.Next() {
		out = append(out, fmt.Sprintf("%x=%s", it.Key(), it.Value()))
	}
	must(t, it.Close())
	return out
}

// TestHeldFile shows that what was written is read: nothing, a block, several blocks. And that another relation's file is refused.
func TestHeldFile(t *testing.T) {
	for _, m := range []*state.Memory{state.NewMemory(), heldStore(t, 10, 5), heldStore(t, 3000, 400), heldStore(t, 2, heldBlockBytes)} {
		fs := vfs.NewMem()
		must(t, writeHeldFile(fs, "f", relation, 7, m))
		got, err := loadHeldFile(fs, relation)
		must(t, err)
		same(t, "pairs", pairs(t, got), pairs(t, m))
		if got.SizeBytes() != m.SizeBytes() {
			t.Errorf("%d bytes, %d were written", got.SizeBytes(), m.SizeBytes())
		}
		if _, err := loadHeldFile(fs, relation+1); !errors.Is(err, state.ErrCorrupt) {
			t.Errorf("as another relation's: %v", err)
		}
	}
}

// TestHeldFileDamage shows that each flipped bit of a small file and each cut, and random ones of a large file, are found.
func TestHeldFileDamage(t *testing.T) {
	sound := vfs.NewMem()
	must(t, writeHeldFile(sound, "f", relation, 7, heldStore(t, 20, 8)))
	info, err := sound.Stat("f")
	must(t, err)
	for at := range info.SizeBytes {
		flipped, cut := sound.Crash(vfs.CrashKeep, nil), sound.Crash(vfs.CrashKeep, nil)
		must(t, flipByte(flipped, "f", at))
		must(t, cutFile(cut, "f", info.SizeBytes-at))
		for what, fs := range map[string]vfs.FS{"flipped": flipped, "cut": cut} {
			if _, err := loadHeldFile(fs, relation); !errors.Is(err, state.ErrCorrupt) || !strings.HasPrefix(err.Error(), "f at ") {
				t.Errorf("%s at %d: %v", what, at, err)
			}
		}
	}
	must(t, writeHeldFile(sound, "f", relation, 7, heldStore(t, 3000, 400)))
	info, err = sound.Stat("f")
	must(t, err)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		fs := sound.Crash(vfs.CrashKeep, nil)
		at := rng.Int64N(info.SizeBytes)
		must(t, flipByte(fs, "f", at))
		if _, err := loadHeldFile(fs, relation); !errors.Is(err, state.ErrCorrupt) {
			t.Errorf("flipped at %d: %v", at, err)
		}
	}
}

// TestHeldFileBlocksMoved shows that blocks that stand elsewhere, each whole, are found.
func TestHeldFileBlocksMoved(t *testing.T) {
	fs := vfs.NewMem()
	must(t, writeHeldFile(fs, "f", relation, 7, heldStore(t, 2, heldBlockBytes)))
	b := contentsOf(t, fs, "f")
	size := heldBlockHead + int(binary.BigEndian.Uint32(b[heldHeaderBytes:])) // of both rows' blocks
	first, second := b[heldHeaderBytes:heldHeaderBytes+size], b[heldHeaderBytes+size:heldHeaderBytes+2*size]
	moved := slices.Concat(b[:heldHeaderBytes], second, first, b[heldHeaderBytes+2*size:])
	f, err := fs.Create("f")
	must(t, err)
	_, err = f.Write(moved)
	must(t, err)
	if _, err := loadHeldFile(fs, relation); !errors.Is(err, state.ErrCorrupt) {
		t.Errorf("blocks in another order: %v", err)
	}
}

func contentsOf(t testing.TB, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzHeldFile shows that no bytes make the reader panic, and that what it refuses it calls corrupt.
func FuzzHeldFile(f *testing.F) {
	fs := vfs.NewMem()
	if err := writeHeldFile(fs, "f", relation, 7, heldStore(f, 3, 4)); err != nil {
		f.Fatal(err)
	}
	f.Add(contentsOf(f, fs, "f"))
	f.Fuzz(func(t *testing.T, b []byte) {
		fs := vfs.NewMem()
		file, err := fs.Create("f")
		must(t, err)
		_, err = file.Write(b)
		must(t, err)
		if _, err := loadHeldFile(fs, relation); err != nil && !errors.Is(err, state.ErrCorrupt) {
			t.Errorf("%v", err)
		}
	})
}
