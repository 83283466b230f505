package log

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/millracedb/millrace/log/vfs"
)

// The bytes of a batch, a segment and an index do not change from one version to the next.
func TestGoldenBytes(t *testing.T) {
	datadriven.RunTest(t, "testdata/bytes", func(t *testing.T, d *datadriven.TestData) string {
		switch d.Cmd {
		case "batch":
			return hex.Dump(goldenBatch(t, d))
		case "partition":
			return goldenPartition(t, d)
		}
		d.Fatalf(t, "unknown command %s", d.Cmd)
		return ""
	})
}

// goldenBatch builds a batch of the lines "timestamp key value [header=value …]"; "-" is null.
func goldenBatch(t *testing.T, d *datadriven.TestData) []byte {
	var base, id int64
	d.MaybeScanArgs(t, "base", &base)
	var b BatchBuilder
	if d.MaybeScanArgs(t, "producer", &id) {
		b.SetProducer(id, 3, 70)
	}
	if d.HasArg("lz4") {
		b.SetCompression(CodecLZ4)
	}
	for line := range strings.Lines(d.Input) {
		must(t, b.Append(goldenRecord(t, strings.Fields(line))))
	}
	batch := bytes.Clone(b.Build())
	SetBaseOffset(batch, Offset(base))
	return batch
}

func goldenRecord(t *testing.T, fields []string) Record {
	t.Helper()
	at, err := strconv.ParseInt(fields[0], 10, 64)
	must(t, err)
	r := Record{TimestampMillis: at, Key: nullable(fields[1]), Value: nullable(fields[2])}
	for _, h := range fields[3:] {
		key, value, _ := strings.Cut(h, "=")
		r.Headers = append(r.Headers, Header{Key: key, Value: nullable(value)})
	}
	return r
}

func nullable(s string) []byte {
	if s == "-" {
		return nil
	}
	return []byte(s)
}

// goldenPartition appends the lines, each a batch of one record, with a Sync at each line "sync" and a Compact at each line
// "compact", and shows the files.
func goldenPartition(t *testing.T, d *datadriven.TestData) string {
	fs := vfs.NewMem()
	p, err := OpenPartition(fs, testDir, Options{SegmentBytes: 200, IndexIntervalBytes: 80})
	must(t, err)
	for line := range strings.Lines(d.Input) {
		if strings.TrimSpace(line) == "sync" {
			must(t, p.Sync())
			continue
		}
		if strings.TrimSpace(line) == "compact" {
			_, err := p.Compact(CompactOptions{Below: p.NextOffset()})
			must(t, err)
			continue
		}
		must(t, p.Append(buildBatch(t, p.NextOffset(), goldenRecord(t, strings.Fields(line)))))
	}
	must(t, p.Close())
	var out strings.Builder
	names, err := fs.List(testDir)
	must(t, err)
	for _, name := range names {
		f, err := fs.Open(testDir + "/" + name)
		must(t, err)
		size, err := f.Size()
		must(t, err)
		b := make([]byte, size)
		f.ReadAt(b, 0)
		fmt.Fprintf(&out, "%s\n%s", name, hex.Dump(b))
	}
	return out.String()
}
