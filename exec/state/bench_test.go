package state_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/linxGnu/grocksdb"

	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/tests/bench"
)

// What the benchmarks work on. The cache holds all of it, so that a get costs what RocksDB computes and no disk.
const (
	benchKeys       = 200_000
	benchKeyBytes   = 16
	benchValueBytes = 100
	benchCacheBytes = 256 << 20
	benchGets       = 100 // between two looks at the clock
)

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// benchKey writes key number i into key: keys are not in the order of their numbers.
func benchKey(key []byte, i int) []byte {
	binary.BigEndian.PutUint64(key, uint64(i)*0x9e3779b97f4a7c15)
	return key
}

// openFull opens a store that has all keys, flushed.
func openFull(b *testing.B, cache *state.Cache) *state.RocksDB {
	db, err := state.OpenRocksDB(b.TempDir(), state.Options{Cache: cache})
	check(b, err)
	b.Cleanup(func() { db.Close() })
	value := make([]byte, benchValueBytes)
	for i := 0; i < benchKeys; {
		var batch state.Batch
		for range 1000 {
			batch.Put(benchKey(make([]byte, benchKeyBytes), i), value)
			i++
		}
		check(b, db.Write(&batch))
	}
	check(b, db.Flush())
	return db
}

// BenchmarkGet reads random keys that are there. Both sides copy the value and read the same store; the bare one makes
// grocksdb's calls itself.
func BenchmarkGet(b *testing.B) {
	cache := state.NewCache(benchCacheBytes)
	defer cache.Close()
	db := openFull(b, cache)
	defer db.Close()
	bare, read, _ := db.Bare()
	key := make([]byte, benchKeyBytes)
	gets := func(get func(key []byte) ([]byte, error)) bench.Side {
		rng := rand.New(rand.NewPCG(1, 2))
		return func(d time.Duration) float64 {
			return bench.Until(d, func() float64 {
				for range benchGets {
					if v, err := get(benchKey(key, rng.IntN(benchKeys))); err != nil || len(v) != benchValueBytes {
						b.Fatalf("value of %d bytes, %v", len(v), err)
					}
				}
				return benchGets
			})
		}
	}
	row := bench.Row{Unit: "gets", Bare: "grocksdb Get of the same store",
		Name: fmt.Sprintf("get, %d keys of %d bytes, values of %d", benchKeys, benchKeyBytes, benchValueBytes)}
	bench.Compare(b, row, gets(db.Get), gets(func(key []byte) ([]byte, error) {
		s, err := bare.Get(read, key)
		if err != nil {
			return nil, err
		}
		defer s.Free()
		return append([]byte{}, s.Data()...), nil
	}))
}

// BenchmarkPut overwrites random keys, in batches, each side in a store of its own with the same options, without a
// write-ahead log. Both flush at the end of each round.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{10, 1000} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) { benchmarkPut(b, size) })
	}
}

func benchmarkPut(b *testing.B, size int) {
	cache := state.NewCache(benchCacheBytes)
	defer cache.Close()
	db, other := openFull(b, cache), openFull(b, cache)
	defer db.Close()
	defer other.Close()
	bare, _, opts := other.Bare()
	value := make([]byte, benchValueBytes)
	puts := func(flushed state.DB, put func(rng *rand.Rand)) bench.Side {
		rng := rand.New(rand.NewPCG(3, 4))
		return func(d time.Duration) float64 {
			n := bench.Until(d, func() float64 { put(rng); return float64(size) })
			check(b, flushed.Flush())
			return n
		}
	}
	row := bench.Row{Unit: "puts", Bare: "grocksdb WriteBatch.Put, Write",
		Name: fmt.Sprintf("put in batches of %d, %d keys of %d bytes, values of %d", size, benchKeys, benchKeyBytes, benchValueBytes)}
	bench.Compare(b, row,
		puts(db, func(rng *rand.Rand) {
			var batch state.Batch
			for range size {
				batch.Put(benchKey(make([]byte, benchKeyBytes), rng.IntN(benchKeys)), value)
			}
			check(b, db.Write(&batch))
		}),
		puts(other, func(rng *rand.Rand) {
			batch := grocksdb.NewWriteBatch()
			defer batch.Destroy()
			key := make([]byte, benchKeyBytes)
			for range size {
				batch.Put(benchKey(key, rng.IntN(benchKeys)), value)
			}
			check(b, bare.Write(opts, batch))
		}))
}
