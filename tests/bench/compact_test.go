package bench

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
)

const (
	compactBytes   = 64 << 20 // of the log before
	compactKeys    = 20_000
	compactRecords = 500 // of a batch
	// compactSegmentBytes makes many segments that are sealed: only those are compacted.
	compactSegmentBytes = 4 << 20
)

// BenchmarkCompact compacts a log in which each key was written about 25 times, in MB of the log before. The bare side reads as
// many bytes and computes their CRC32C twice, as a compaction first finds what goes and then rewrites, and stores as many as
// are left.
func BenchmarkCompact(b *testing.B) {
	dir := b.TempDir()
	source := filepath.Join(dir, "source")
	must(b, os.WriteFile(source, make([]byte, compactBytes), 0o640))
	var p *log.Partition
	round := 0
	row := Row{Name: fmt.Sprintf("compact %d MB of %d keys, batches of %d records", compactBytes>>20, compactKeys, compactRecords),
		Unit: "MB", Bare: "2 x (read + CRC32C), write and fdatasync of what is left"}
	row.Prepare = func() {
		if p != nil {
			must(b, p.Remove())
		}
		p = fillKeyed(b, filepath.Join(dir, fmt.Sprint(round)))
		round++
	}
	ours := func(time.Duration) float64 {
		stats, err := p.Compact(log.CompactOptions{Below: p.NextOffset()})
		must(b, err)
		if stats.RecordsRemoved == 0 {
			b.Fatal("nothing was compacted")
		}
		return float64(stats.BytesBefore) / 1e6
	}
	left := make([]byte, compactKeys*(valueBytes+20))
	buf := make([]byte, readBytes)
	bare := func(time.Duration) float64 {
		readFiles(b, []string{source}, buf)
		n := readFiles(b, []string{source}, buf)
		storeFile(b, filepath.Join(dir, "copy"), left)
		return n / 1e6
	}
	Compare(b, row, ours, bare)
	must(b, p.Close())
}

// fillKeyed makes a log of compactBytes in which all keys are written in turn.
func fillKeyed(b *testing.B, dir string) *log.Partition {
	p, err := log.OpenPartition(vfs.OS, dir, log.Options{SegmentBytes: compactSegmentBytes})
	must(b, err)
	for i := 0; p.SizeBytes() < compactBytes; i += compactRecords {
		batch := batchOf(b, rowsOf(i%compactKeys, compactRecords))
		log.SetBaseOffset(batch, p.NextOffset())
		must(b, p.Append(batch))
	}
	must(b, p.Sync())
	return p
}

func storeFile(b *testing.B, name string, content []byte) {
	f, err := vfs.OS.Create(name)
	must(b, err)
	defer f.Close()
	crc32.Checksum(content, castagnoli)
	_, err = f.WriteAt(content, 0)
	must(b, err)
	must(b, f.Sync())
}
