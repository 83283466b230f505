package state

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// eachDB runs a test on every implementation of DB.
func eachDB(t *testing.T, test func(t *testing.T, db DB)) {
	t.Run("memory", func(t *testing.T) { test(t, NewMemory()) })
	t.Run("rocksdb", func(t *testing.T) { test(t, openRocks(t, t.TempDir())) })
}

func openRocks(t *testing.T, dir string) *RocksDB {
	t.Helper()
	db, err := OpenRocksDB(dir, Options{WriteBufferBytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, db DB, ops ...Op) {
	t.Helper()
	must(t, db.Write(&Batch{Ops: ops}))
}

func put(key, value string) Op { return Op{Put, []byte(key), []byte(value)} }

// contents lists key=value of [from, to), and checks that both directions agree.
func contents(t *testing.T, r Reader, from, to []byte) []string {
	t.Helper()
	var out []string
	it := r.Scan(from, to)
	for it.Next() {
		out = append(out, string(it.Key())+"="+string(it.Value()))
	}
	must(t, it.Close())
	var back []string
	it = r.ScanBack(from, to)
	for it.Next() {
		back = append(back, string(it.Key())+"="+string(it.Value()))
	}
	must(t, it.Close())
	slices.Reverse(back)
	if !slices.Equal(out, back) {
		t.Errorf("scan of [%q, %q): forwards %q, backwards %q", from, to, out, back)
	}
	return out
}

func wantContents(t *testing.T, r Reader, from, to []byte, want ...string) {
	t.Helper()
	if got := contents(t, r, from, to); !slices.Equal(got, want) {
		t.Errorf("scan of [%q, %q): got %q, want %q", from, to, got, want)
	}
}

// TestGet shows that an absent key is nil and an empty value is not, and that the value is a copy.
func TestGet(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		write(t, db, put("a", "1"), put("empty", ""))
		if v, err := db.Get([]byte("b")); v != nil || err != nil {
			t.Errorf("absent key: %q, %v", v, err)
		}
		if v, err := db.Get([]byte("empty")); v == nil || len(v) != 0 || err != nil {
			t.Errorf("empty value: %v, %v", v, err)
		}
		v, err := db.Get([]byte("a"))
		if string(v) != "1" || err != nil {
			t.Fatalf("got %q, %v", v, err)
		}
		v[0] = 'x'
		if again, _ := db.Get([]byte("a")); string(again) != "1" {
			t.Errorf("after the caller changed his copy: %q", again)
		}
	})
}

// TestBatchOrder shows that the ops of a batch take effect in order.
func TestBatchOrder(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		write(t, db, put("a", "1"), put("b", "1"), put("c", "1"))
		write(t, db, put("b", "2"), Op{DeleteRange, []byte("a"), []byte("c")}, put("a", "3"), Op{Kind: Delete, Key: []byte("c")})
		wantContents(t, db, nil, nil, "a=3")
		write(t, db, Op{DeleteRange, []byte("b"), []byte("a")}, Op{DeleteRange, []byte("a"), []byte("a")})
		wantContents(t, db, nil, nil, "a=3")
	})
}

// TestWriteKeepsNothing shows that the caller may use his slices again after Write.
func TestWriteKeepsNothing(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		key, value := []byte("k"), []byte("v")
		must(t, db.Write(&Batch{Ops: []Op{{Put, key, value}}}))
		key[0], value[0] = 'x', 'x'
		wantContents(t, db, nil, nil, "k=v")
	})
}

// TestScanBounds shows that from is included, to is not, and that nil and empty bounds mean what they say.
func TestScanBounds(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		write(t, db, put("a", "1"), put("b", ""), put("c", "3"))
		wantContents(t, db, []byte("b"), nil, "b=", "c=3")
		wantContents(t, db, nil, []byte("c"), "a=1", "b=")
		wantContents(t, db, []byte("aa"), []byte("bb"), "b=")
		wantContents(t, db, []byte("b"), []byte("b"))
		wantContents(t, db, nil, []byte{})
		wantContents(t, db, []byte("d"), nil)
	})
}

// TestSnapshotIsFrozen shows that a snapshot and an iterator do not see later writes.
func TestSnapshotIsFrozen(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		write(t, db, put("a", "1"), put("b", "1"))
		s := db.Snapshot()
		defer s.Release()
		it := db.Scan(nil, nil)
		write(t, db, put("a", "2"), Op{Kind: Delete, Key: []byte("b")}, put("c", "2"))
		wantContents(t, s, nil, nil, "a=1", "b=1")
		if v, err := s.Get([]byte("a")); string(v) != "1" || err != nil {
			t.Errorf("snapshot: %q, %v", v, err)
		}
		var seen []string
		for it.Next() {
			seen = append(seen, string(it.Key())+"="+string(it.Value()))
		}
		must(t, it.Close())
		if want := []string{"a=1", "b=1"}; !slices.Equal(seen, want) {
			t.Errorf("iterator: got %q, want %q", seen, want)
		}
		wantContents(t, db, nil, nil, "a=2", "c=2")
	})
}

// TestAgainstMap compares a store with a Go map under random batches.
func TestAgainstMap(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		rng, model := rand.New(rand.NewPCG(1, 2)), map[string]string{}
		for range 200 {
			var b Batch
			for range rng.IntN(20) {
				randomOp(rng, &b, model)
			}
			must(t, db.Write(&b))
		}
		want := make([]string, 0, len(model))
		for k, v := range model {
			want = append(want, k+"="+v)
		}
		slices.Sort(want)
		wantContents(t, db, nil, nil, want...)
	})
}

func randomOp(rng *rand.Rand, b *Batch, model map[string]string) {
	key := func() string { return fmt.Sprintf("%03d", rng.IntN(300)) }
	switch k := key(); rng.IntN(8) {
	case 0:
		b.Delete([]byte(k))
		delete(model, k)
	case 1:
		to := key()
		b.DeleteRange([]byte(k), []byte(to))
		for m := range model {
			if m >= k && m < to {
				delete(model, m)
			}
		}
	default:
		v := fmt.Sprint(rng.IntN(1000))
		b.Put([]byte(k), []byte(v))
		model[k] = v
	}
}

// TestReadersBesideWriter shows that a snapshot taken beside a writer holds whole batches.
func TestReadersBesideWriter(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		write(t, db, put("a", "0"), put("b", "0"))
		var wg sync.WaitGroup
		for range 4 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range 200 {
					s := db.Snapshot()
					a, _ := s.Get([]byte("a"))
					b, _ := s.Get([]byte("b"))
					s.Release()
					if !bytes.Equal(a, b) {
						t.Errorf("half a batch: %q, %q", a, b)
					}
				}
			}()
		}
		for i := range 500 {
			write(t, db, put("a", fmt.Sprint(i)), put("b", fmt.Sprint(i)))
		}
		wg.Wait()
	})
}

// TestRocksDBKeepsFlushed shows that flushed writes are there after the store was opened again.
func TestRocksDBKeepsFlushed(t *testing.T) {
	dir := t.TempDir()
	db := openRocks(t, dir)
	write(t, db, put("a", "1"))
	must(t, db.Flush())
	must(t, db.Close())
	wantContents(t, openRocks(t, dir), nil, nil, "a=1")
}

// TestRocksDBCorruption shows that a flipped byte in a table is reported as ErrCorrupt, not read as data.
func TestRocksDBCorruption(t *testing.T) {
	dir := t.TempDir()
	db := openRocks(t, dir)
	for i := range 100 {
		write(t, db, put(fmt.Sprintf("key%03d", i), "some value"))
	}
	must(t, db.Flush())
	must(t, db.Close())
	files, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(files) != 1 {
		t.Fatalf("tables: %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	must(t, err)
	data[20] ^= 1
	must(t, os.WriteFile(files[0], data, 0o640))
	db, err = OpenRocksDB(dir, Options{})
	if err == nil {
		defer db.Close()
		_, err = db.Get([]byte("key000"))
	}
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// TestRocksDBUseAfterClose shows that a closed store answers ErrClosed, and that an open snapshot still reads.
func TestRocksDBUseAfterClose(t *testing.T) {
	db := openRocks(t, t.TempDir())
	write(t, db, put("a", "1"))
	s := db.Snapshot()
	must(t, db.Close())
	wantContents(t, s, nil, nil, "a=1")
	s.Release()
	if _, err := db.Get([]byte("a")); !errors.Is(err, ErrClosed) {
		t.Errorf("Get: %v", err)
	}
	if err := db.Scan(nil, nil).Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("Scan: %v", err)
	}
	if err := db.Write(&Batch{Ops: []Op{put("b", "1")}}); !errors.Is(err, ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	late := db.Snapshot()
	defer late.Release()
	if _, err := late.Get([]byte("a")); !errors.Is(err, ErrClosed) {
		t.Errorf("Get of a snapshot: %v", err)
	}
}

// TestSharedCache shows that several stores can share one cache.
func TestSharedCache(t *testing.T) {
	cache := NewCache(1 << 20)
	defer cache.Close()
	for i := range 2 {
		db, err := OpenRocksDB(t.TempDir(), Options{Cache: cache})
		must(t, err)
		write(t, db, put("a", fmt.Sprint(i)))
		must(t, db.Flush())
		wantContents(t, db, nil, nil, fmt.Sprintf("a=%d", i))
		must(t, db.Close())
	}
}

// TestScanFetches shows that a scan gives every entry, in both directions, whatever number and sizes of them are fetched at once:
// empty values, and ones that are larger than all that is fetched otherwise.
func TestScanFetches(t *testing.T) {
	eachDB(t, func(t *testing.T, db DB) {
		var want []string
		var b Batch
		for i := range 3000 {
			size := i % 50
			if i%700 == 1 {
				size = 100_000
			}
			key, value := fmt.Sprintf("k%05d", i), string(bytes.Repeat([]byte{byte(i)}, size))
			b.Put([]byte(key), []byte(value))
			want = append(want, key+"="+value)
		}
		must(t, db.Write(&b))
		for _, from := range []int{0, 1, 2999} {
			wantContents(t, db, fmt.Appendf(nil, "k%05d", from), nil, want[from:]...)
		}
	})
}
