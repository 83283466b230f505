package log

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

const testDir = "/data/p-0"

// small makes segments and index intervals of a few batches.
var small = Options{SegmentBytes: 1000, IndexIntervalBytes: 200}

func mustOpen(t testing.TB, fs vfs.FS, opt Options) *Partition {
	t.Helper()
	p, err := OpenPartition(fs, testDir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// testBatch makes a batch at base whose size and contents follow from base: 1 to 4 records.
func testBatch(t testing.TB, base Offset) []byte {
	t.Helper()
	var b BatchBuilder
	for i := range 1 + int(base)%4 {
		off := int(base) + i
		must(t, b.Append(Record{
			TimestampMillis: int64(off), Key: fmt.Appendf(nil, "key %d", off),
			Value: bytes.Repeat(fmt.Appendf(nil, "v%d ", off), off%9),
		}))
	}
	batch := bytes.Clone(b.Build())
	SetBaseOffset(batch, base)
	return batch
}

// fill appends n batches, each in its own Append.
func fill(t testing.TB, p *Partition, n int) {
	t.Helper()
	for range n {
		must(t, p.Append(testBatch(t, p.NextOffset())))
	}
}

// checkContents says that p holds exactly the records from first to next-1, from whatever offset one reads.
func checkContents(t testing.TB, p *Partition, first, next Offset) {
	t.Helper()
	if p.StartOffset() != first || p.NextOffset() != next {
		t.Fatalf("holds [%d, %d), want [%d, %d)", p.StartOffset(), p.NextOffset(), first, next)
	}
	for from := first; from < next; from++ {
		for _, maxBytes := range []int{0, 150, 1 << 20} {
			checkRead(t, p, from, maxBytes)
		}
	}
	for off := first; off < next; {
		off = checkRead(t, p, off, 300)
	}
}

// checkRead reads once, checks the records and returns the offset behind them.
func checkRead(t testing.TB, p *Partition, from Offset, maxBytes int) Offset {
	t.Helper()
	b, err := p.Read(from, maxBytes, nil)
	if err != nil || len(b) == 0 {
		t.Fatalf("read %d: %d bytes, %v", from, len(b), err)
	}
	next, count := Offset(-1), 0
	for total := len(b); len(b) > 0; count++ {
		batch, rest, err := ParseBatch(b)
		must(t, err)
		if count == 0 && (batch.BaseOffset() > from || batch.LastOffset() < from) || count > 0 && batch.BaseOffset() != next {
			t.Fatalf("read %d: batch [%d, %d] after %d", from, batch.BaseOffset(), batch.LastOffset(), next)
		}
		if count > 0 && total > maxBytes {
			t.Fatalf("read %d: %d bytes in several batches, at most %d", from, total, maxBytes)
		}
		if want := testBatch(t, batch.BaseOffset()); !bytes.Equal(want, batch.Bytes()) {
			t.Fatalf("batch %d is not what was appended", batch.BaseOffset())
		}
		next, b = batch.LastOffset()+1, rest
	}
	return next
}

// Appended batches read back from every offset, over several segments, before and after restarts.
func TestPartitionRoundTrip(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	checkContents(t, p, 0, 0)
	fill(t, p, 5)
	must(t, p.Sync())
	fill(t, p, 40)
	next := p.NextOffset()
	checkContents(t, p, 0, next)
	if len(p.Segments()) < 4 {
		t.Fatalf("%d segments: the test needs several", len(p.Segments()))
	}
	must(t, p.Sync())
	checkContents(t, p, 0, next)
	for range 3 {
		must(t, p.Close())
		p = mustOpen(t, fs, small)
		checkContents(t, p, 0, next)
		fill(t, p, 3)
		next = p.NextOffset()
		checkContents(t, p, 0, next)
	}
}

// One Append may hold many batches, and large ones than any buffer.
func TestPartitionLargeBatches(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), Options{SegmentBytes: 1 << 20, IndexIntervalBytes: 100})
	big := make([]byte, 300_000)
	var all []byte
	for i := range 8 {
		all = append(all, buildBatch(t, Offset(2*i), Record{Value: big}, Record{Value: []byte("x")})...)
	}
	must(t, p.Append(all))
	for from := Offset(0); from < 16; from++ {
		b, err := p.Read(from, 10, make([]byte, 0, 50))
		must(t, err)
		batch, rest, err := ParseBatch(b)
		if err != nil || len(rest) > 0 || batch.BaseOffset() != from/2*2 {
			t.Fatalf("read %d: batch %d, %d bytes behind, %v", from, batch.BaseOffset(), len(rest), err)
		}
	}
}

// Offsets outside give ErrOutOfRange, the end gives nothing, and a gap is refused without a trace.
func TestPartitionBounds(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), small)
	fill(t, p, 30)
	must(t, p.Sync())
	next := p.NextOffset()
	must(t, p.DropBefore(next/2))
	start := p.StartOffset()
	if start == 0 || start > next/2 {
		t.Fatalf("start is %d after dropping before %d", start, next/2)
	}
	for _, off := range []Offset{-1, start - 1, next + 1} {
		if _, err := p.Read(off, 100, nil); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("read %d: %v", off, err)
		}
	}
	if b, err := p.Read(next, 100, nil); err != nil || len(b) > 0 {
		t.Errorf("read at the end: %d bytes, %v", len(b), err)
	}
	for _, b := range [][]byte{
		testBatch(t, next+1), testBatch(t, next-1),
		append(testBatch(t, next), testBatch(t, next)...),
	} {
		if err := p.Append(b); !errors.Is(err, ErrGap) {
			t.Errorf("append: %v, want ErrGap", err)
		}
	}
	if err := p.Append(testBatch(t, next)[:70]); !errors.Is(err, ErrIncomplete) {
		t.Errorf("append half a batch: %v", err)
	}
	checkContents(t, p, start, next)
}

// Truncation cuts at every offset, on a batch boundary at or below it, and survives a crash at once.
func TestPartitionTruncate(t *testing.T) {
	for to := Offset(0); to <= 60; to++ {
		for _, sync := range []bool{false, true} {
			fs := vfs.NewMem()
			p := mustOpen(t, fs, small)
			fill(t, p, 30)
			if sync {
				must(t, p.Sync())
			}
			boundary := batchAt(to)
			if to < p.NextOffset() {
				checkRead(t, p, to, 0) // a reader's open file must not outlive what it knows
			}
			must(t, p.TruncateTo(to))
			if sync {
				crashed := mustOpen(t, fs.Crash(vfs.CrashDrop, nil), small)
				checkContents(t, crashed, 0, boundary)
			}
			fill(t, p, 10)
			must(t, p.Sync())
			next := p.NextOffset()
			for off := Offset(0); off < next; {
				off = checkRead(t, p, off, 500)
			}
			crashed := mustOpen(t, fs.Crash(vfs.CrashDrop, nil), small)
			checkContents(t, crashed, 0, next)
		}
	}
}

// batchAt is the base offset of the batch that holds off, in a partition made by fill.
func batchAt(off Offset) Offset {
	base := Offset(0)
	for base+1+base%4 <= off {
		base += 1 + base%4
	}
	return base
}

// A removed or closed partition says so, and its directory is gone.
func TestPartitionRemove(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	fill(t, p, 10)
	must(t, p.Remove())
	if _, err := p.Read(0, 10, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("read: %v", err)
	}
	if err := p.Append(testBatch(t, p.NextOffset())); !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if err := p.Sync(); !errors.Is(err, ErrClosed) {
		t.Errorf("sync: %v", err)
	}
	if _, err := fs.Stat(testDir); err == nil {
		t.Error("the directory is still there")
	}
}

// What a reader's open file remembers of a segment's index does not outlive a truncation: batches of other sizes that
// take the place of the old ones are found.
func TestPartitionTruncateThenOthers(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), small)
	fill(t, p, 30)
	must(t, p.Sync())
	sealed := p.Segments()[1]
	checkRead(t, p, sealed.Next-1, 0)
	must(t, p.TruncateTo(sealed.Base+5))
	for p.NextOffset() < sealed.Next+50 {
		b := buildBatch(t, p.NextOffset(), Record{Value: make([]byte, 77)})
		must(t, p.Append(b))
	}
	must(t, p.Sync())
	for off := sealed.Base + 5; off < p.NextOffset(); off++ {
		if _, err := p.Read(off, 0, nil); err != nil {
			t.Fatalf("read %d: %v", off, err)
		}
	}
}
