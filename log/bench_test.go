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

// BenchmarkAppend appends batches of 100 records of about 110 bytes, as they are and compressed, with a Sync for each 8 MiB.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []Codec{CodecNone, CodecLZ4, CodecZstd} {
		b.Run(c.String(), func(b *testing.B) {
			p, err := OpenPartition(vfs.OS, b.TempDir(), Options{})
			must(b, err)
			defer p.Close()
			batch := buildPacked(b, 0, c, benchRecords(100)...)
			b.SetBytes(int64(len(batch)))
			unsynced := 0
			for b.Loop() {
				SetBaseOffset(batch, p.NextOffset())
				must(b, p.Append(batch))
				if unsynced += len(batch); unsynced > 8<<20 {
					must(b, p.Sync())
					unsynced = 0
				}
			}
		})
	}
}

// BenchmarkPack builds batches of 100 records of about 110 bytes; BenchmarkUnpack walks through them. MB/s are of the
// records as they are without compression.
func BenchmarkPack(b *testing.B) {
	records := benchRecords(100)
	for _, c := range []Codec{CodecNone, CodecLZ4, CodecZstd} {
		b.Run(c.String(), func(b *testing.B) {
			var builder BatchBuilder
			builder.SetCompression(c)
			for b.Loop() {
				builder.Reset()
				for _, r := range records {
					must(b, builder.Append(r))
				}
				builder.Build()
				b.SetBytes(int64(builder.SizeBytes()))
			}
		})
	}
}

func BenchmarkUnpack(b *testing.B) {
	plain := len(buildBatch(b, 0, benchRecords(100)...))
	for _, c := range []Codec{CodecNone, CodecLZ4, CodecZstd} {
		b.Run(c.String(), func(b *testing.B) {
			raw := buildPacked(b, 0, c, benchRecords(100)...)
			b.SetBytes(int64(plain))
			for b.Loop() {
				batch, _, err := ParseBatch(raw)
				must(b, err)
				for it := batch.Records(); it.Next(); {
				}
			}
		})
	}
}

// BenchmarkCompact compacts 64 MiB of records of about 110 bytes under 100,000 keys, each written about six times, in
// segments of 8 MiB.
func BenchmarkCompact(b *testing.B) {
	for _, maxKeys := range []int{DefaultCompactKeys, 30_000} {
		b.Run(fmt.Sprintf("keys=100000,memory=%d", maxKeys), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				p, err := OpenPartition(vfs.OS, b.TempDir(), Options{SegmentBytes: 8 << 20})
				must(b, err)
				records, builder := benchRecords(100_000), BatchBuilder{}
				for n := 0; p.SizeBytes() < 64<<20; {
					builder.Reset()
					for range 100 {
						must(b, builder.Append(records[n*7919%len(records)]))
						n++
					}
					batch := builder.Build()
					SetBaseOffset(batch, p.NextOffset())
					must(b, p.Append(batch))
				}
				must(b, p.Sync())
				b.SetBytes(p.SizeBytes())
				b.StartTimer()
				_, err = p.Compact(CompactOptions{Below: p.NextOffset(), MaxKeys: maxKeys})
				must(b, err)
				b.StopTimer()
				must(b, p.Remove())
				b.StartTimer()
			}
		})
	}
}

// BenchmarkOffsetForTime looks for times all over a partition of 64 MiB.
func BenchmarkOffsetForTime(b *testing.B) {
	p, err := OpenPartition(vfs.OS, b.TempDir(), Options{SegmentBytes: 8 << 20})
	must(b, err)
	defer p.Close()
	for i := int64(0); p.SizeBytes() < 64<<20; i++ {
		must(b, p.Append(buildBatch(b, p.NextOffset(), Record{TimestampMillis: i, Value: make([]byte, 1000)})))
	}
	must(b, p.Sync())
	at := int64(0)
	for b.Loop() {
		at = (at + 7919) % int64(p.NextOffset())
		if off, err := p.OffsetForTime(at); err != nil || off != Offset(at) {
			b.Fatal(off, err)
		}
	}
}
