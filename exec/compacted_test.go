package exec

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// compactedReader reads one partition; of the interface it has what readers of logs use.
type compactedReader struct {
	Reader
	log *log.Partition
}

func (r compactedReader) ReadLog(_ catalog.PartitionID, from log.Offset, maxBytes int, buf []byte) ([]byte, error) {
	return r.log.Read(from, maxBytes, buf)
}

func (r compactedReader) StartOffset(catalog.PartitionID) log.Offset { return r.log.StartOffset() }
func (r compactedReader) EndOffset(catalog.PartitionID) log.Offset   { return r.log.NextOffset() }

func (r compactedReader) OffsetForTime(_ catalog.PartitionID, millis int64) (log.Offset, error) {
	return r.log.OffsetForTime(millis)
}

// compactedLog is a changelog of a table of which most records are gone: of ten keys some were written often, one early.
func compactedLog(t *testing.T, rel *catalog.Relation) (p *log.Partition, left []log.Offset) {
	t.Helper()
	p, err := log.OpenPartition(vfs.NewMem(), "/p", log.Options{SegmentBytes: 2000, IndexIntervalBytes: 300})
	must(t, err)
	for i := range 300 {
		var b log.BatchBuilder
		for j := range 1 + i%3 {
			key := i * (j + 1) % 7
			if i == 40 {
				key = 99
			}
			one := types.NewBatch(rel.Types(), 1)
			one.AppendRow(row(num(int64(p.NextOffset())+int64(j)), str("a"), null), 1)
			must(t, b.Append(log.Record{Key: fmt.Append(nil, key), Value: types.EncodeRow(nil, one, 0)}))
		}
		batch := bytes.Clone(b.Build())
		log.SetBaseOffset(batch, p.NextOffset())
		must(t, p.Append(batch))
	}
	_, err = p.Compact(log.CompactOptions{Below: p.NextOffset()})
	must(t, err)
	for off := log.Offset(0); off < p.NextOffset(); {
		b, err := p.Read(off, 0, nil)
		must(t, err)
		batch, _, err := log.ParseBatch(b)
		must(t, err)
		for it := batch.Records(); it.Next(); {
			left = append(left, it.Record().Offset)
		}
		off = batch.LastOffset() + 1
	}
	return p, left
}

// Sources and readers of logs come over the gaps of a compacted log: from and to any two offsets they give the records that
// are left between them, and then stand at the second.
func TestReadCompactedLog(t *testing.T) {
	rel := testTable()
	p, left := compactedLog(t, rel)
	defer p.Close()
	if next := p.NextOffset(); len(left) > int(next)/4 || left[0] < 5 {
		t.Fatalf("the test needs gaps: %d of %d records", len(left), next)
	}
	reader := compactedReader{log: p}
	spec := plan.Source{Kind: plan.SourceTable, Relation: rel.ID, Columns: rel.Types()}
	for from := log.Offset(0); from <= p.NextOffset(); from += 13 {
		for to := from; to <= p.NextOffset(); to += 7 {
			var want []log.Offset
			for _, off := range left {
				if off >= from && off < to {
					want = append(want, off)
				}
			}
			rows, next, err := newSource(spec, 0, 0).readLog(reader, from, to, 1<<20, nil)
			must(t, err)
			var got []log.Offset
			for i := range rows.Len {
				got = append(got, log.Offset(rows.Row(i)[0].Int))
			}
			if next != to || !slices.Equal(got, want) {
				t.Fatalf("source from %d to %d: %v, next %d, want %v", from, to, got, next, want)
			}
			l := logReader{reader: reader, from: from, end: to}
			got = nil
			for {
				rec, err := l.next()
				must(t, err)
				if rec == nil {
					break
				}
				got = append(got, rec.Offset)
			}
			if l.from != to || !slices.Equal(got, want) {
				t.Fatalf("reader from %d to %d: %v, next %d, want %v", from, to, got, l.from, want)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
