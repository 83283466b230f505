package wal

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

const benchDataBytes = 200

// BenchmarkBareSync is the yardstick: one write and one fdatasync of the same bytes, into a preallocated file and at
// the end of a growing one.
func BenchmarkBareSync(b *testing.B) {
	for _, allocated := range []bool{true, false} {
		b.Run(fmt.Sprintf("allocated=%v", allocated), func(b *testing.B) {
			f, err := vfs.OS.Create(filepath.Join(b.TempDir(), "f"))
			must(b, err)
			defer f.Close()
			if allocated {
				must(b, f.Allocate(DefaultFileBytes))
				must(b, f.Sync())
			}
			data := make([]byte, benchDataBytes+frameHeaderBytes)
			b.ResetTimer()
			for i := range b.N {
				at := int64(i*len(data)) % (DefaultFileBytes - int64(len(data)))
				if _, err := f.WriteAt(data, at); err != nil {
					b.Fatal(err)
				}
				must(b, f.Sync())
			}
		})
	}
}

// BenchmarkAppend is entries of 200 bytes, one per Append, from 1, 8 and 64 goroutines with a group each.
func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			w, err := Open(vfs.OS, b.TempDir(), Options{})
			must(b, err)
			defer w.Close()
			data := make([]byte, benchDataBytes)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var wg sync.WaitGroup
			for id := range uint32(goroutines) {
				wg.Go(func() {
					g := w.Group(id)
					for i := uint64(1); left.Add(-1) >= 0; i++ {
						if err := g.Append([]Entry{{Index: i, Term: 1, Data: data}}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// BenchmarkAppendLarge is entries of 256 KiB from 4 goroutines.
func BenchmarkAppendLarge(b *testing.B) {
	w, err := Open(vfs.OS, b.TempDir(), Options{})
	must(b, err)
	defer w.Close()
	data := make([]byte, 256<<10)
	b.SetBytes(int64(len(data)))
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var wg sync.WaitGroup
	for id := range uint32(4) {
		wg.Go(func() {
			g := w.Group(id)
			for i := uint64(1); left.Add(-1) >= 0; i++ {
				if err := g.Append([]Entry{{Index: i, Data: data}}); err != nil {
					b.Error(err)
					return
				}
				if i%100 == 99 {
					must(b, g.TruncatePrefix(i-10))
				}
			}
		})
	}
	wg.Wait()
}
