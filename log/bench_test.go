package log

import (
	"fmt"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

func benchRecords(n int) []Record {
	records := make([]Record, n)
	for i := range records {
		records[i] = Record{TimestampMillis: 1_700_000_000_000 + int64(i), Key: fmt.Appendf(nil, "key-%d", i), Value: make([]byte, 100)}
	}
	return records
}

// BenchmarkBuild makes batches of 1,000 records of about 110 bytes.
func BenchmarkBuild(b *testing.B) {
	records := benchRecords(1000)
	var builder BatchBuilder
	for b.Loop() {
		builder.Reset()
		for _, r := range records {
			if err := builder.Append(r); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(builder.Build())))
	}
}

// BenchmarkParse verifies such a batch and walks through its records.
func BenchmarkParse(b *testing.B) {
	raw := buildBatch(b, 0, benchRecords(1000)...)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		batch, _, err := ParseBatch(raw)
		must(b, err)
		it := batch.Records()
		for it.Next() {
			_ = it.Record()
		}
	}
}

// BenchmarkTailRead reads the newest batch of a partition with small batches.
func BenchmarkTailRead(b *testing.B) {
	p, err := OpenPartition(vfs.OS, b.TempDir(), Options{})
	must(b, err)
	defer p.Close()
	for range 5000 {
		must(b, p.Append(buildBatch(b, p.NextOffset(), benchRecords(2)...)))
	}
	var buf []byte
	for b.Loop() {
		buf, err = p.Read(p.NextOffset()-1, 64<<10, buf)
		must(b, err)
	}
}

// BenchmarkScan reads a partition from its start, 1 MiB at a time.
func BenchmarkScan(b *testing.B) {
	p, err := OpenPartition(vfs.OS, b.TempDir(), Options{})
	must(b, err)
	defer p.Close()
	batch := buildBatch(b, 0, benchRecords(100)...)
	for range 5000 {
		SetBaseOffset(batch, p.NextOffset())
		must(b, p.Append(batch))
	}
	b.SetBytes(p.SizeBytes())
	var buf []byte
	for b.Loop() {
		for off := Offset(0); off < p.NextOffset(); {
			buf, err = p.Read(off, 1<<20, buf)
			must(b, err)
			for rest := buf; len(rest) > 0; {
				size, err := batchSize(rest)
				must(b, err)
				off = Batch{b: rest}.LastOffset() + 1
				rest = rest[size:]
			}
		}
	}
}
