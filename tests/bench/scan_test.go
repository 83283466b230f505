package bench

import (
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"testing"
	"time"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
)

const (
	scanBytes = 128 << 20 // of the partition's log
	readBytes = 1 << 20   // of one read
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// BenchmarkScan reads a partition's log from its start to its end, from the page cache: each batch is verified and each
// record looked at. The bare side reads the same files and computes their CRC32C.
func BenchmarkScan(b *testing.B) {
	for _, records := range []int{1, 10, 500} {
		b.Run(fmt.Sprintf("records=%d", records), func(b *testing.B) { benchmarkScan(b, records) })
	}
}

func benchmarkScan(b *testing.B, records int) {
	p, err := log.OpenPartition(vfs.OS, b.TempDir(), log.Options{})
	must(b, err)
	defer p.Close()
	fillPartition(b, p, records)
	var files []string
	for _, s := range p.Segments() {
		files = append(files, s.Path)
	}
	buf := make([]byte, readBytes)
	row := Row{Name: fmt.Sprintf("scan a log, batches of %d records of %d bytes", records, valueBytes), Unit: "MB",
		Bare: "read + CRC32C of the same files"}
	Compare(b, row,
		func(d time.Duration) float64 {
			return Until(d, func() float64 { return scanPartition(b, p) / 1e6 })
		},
		func(d time.Duration) float64 {
			return Until(d, func() float64 { return readFiles(b, files, buf) / 1e6 })
		})
}

// fillPartition appends batches of so many records until the log has scanBytes.
func fillPartition(b *testing.B, p *log.Partition, records int) {
	batch := batchOf(b, rowsOf(0, records))
	var chunk []byte
	for p.SizeBytes() < scanBytes {
		chunk = chunk[:0]
		for next := p.NextOffset(); len(chunk) < readBytes; next += log.Offset(records) {
			log.SetBaseOffset(batch, next)
			chunk = append(chunk, batch...)
		}
		must(b, p.Append(chunk))
	}
	must(b, p.Sync())
}

// scanPartition returns the bytes of the log.
func scanPartition(b *testing.B, p *log.Partition) (sum float64) {
	var buf []byte
	for off := p.StartOffset(); off < p.NextOffset(); {
		var err error
		if buf, err = p.Read(off, readBytes, buf); err != nil {
			b.Fatal(err)
		}
		sum += float64(len(buf))
		for batches := buf; len(batches) > 0; {
			batch, rest, err := log.ParseBatch(batches)
			if err != nil {
				b.Fatal(err)
			}
			walkRecords(b, batch)
			off, batches = batch.LastOffset()+1, rest
		}
	}
	return sum
}

func walkRecords(b *testing.B, batch log.Batch) {
	keyBytes := 0
	it := batch.Records()
	for it.Next() {
		keyBytes += len(it.Record().Key)
	}
	if it.Err() != nil || keyBytes == 0 {
		b.Fatalf("%d bytes of keys, %v", keyBytes, it.Err())
	}
}

// readFiles reads files from their start to their end, and returns how many bytes they have.
func readFiles(b *testing.B, names []string, buf []byte) (sum float64) {
	for _, name := range names {
		f, err := os.Open(name)
		must(b, err)
		crc := uint32(0)
		for err == nil {
			var n int
			n, err = f.Read(buf)
			crc = crc32.Update(crc, castagnoli, buf[:n])
			sum += float64(n)
		}
		f.Close()
		if err != io.EOF {
			b.Fatal(err)
		}
	}
	return sum
}
