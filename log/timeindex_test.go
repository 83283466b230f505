package log

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// timed appends n batches with times that go up and down, in Appends of one to three.
func timed(t testing.TB, p *Partition, rng *rand.Rand, n int) {
	t.Helper()
	for n > 0 {
		var all []byte
		next := p.NextOffset()
		for range min(n, 1+rng.IntN(3)) {
			var records []Record
			for range 1 + rng.IntN(3) {
				at := 1000*int64(next) + rng.Int64N(20_000) - 10_000
				records = append(records, Record{TimestampMillis: at, Value: make([]byte, rng.IntN(60))})
			}
			all = append(all, buildBatch(t, next, records...)...)
			next += Offset(len(records))
			n--
		}
		must(t, p.Append(all))
	}
}

// batchTimes is base offset and time of every batch, read the slow way.
func batchTimes(t testing.TB, p *Partition) (all []indexEntry) {
	t.Helper()
	for off := p.StartOffset(); off < p.NextOffset(); {
		b, err := p.Read(off, 0, nil)
		must(t, err)
		batch := firstBatch(b)
		all = append(all, indexEntry{off: batch.BaseOffset(), pos: batch.MaxTimestamp()})
		off = batch.LastOffset() + 1
	}
	return all
}

// checkTimesOf compares OffsetForTime with a walk over all batches, for times at, before and behind each of them.
func checkTimesOf(t testing.TB, p *Partition, when string) {
	t.Helper()
	all := batchTimes(t, p)
	slow := func(millis int64) Offset {
		for _, b := range all {
			if b.pos >= millis {
				return b.off
			}
		}
		return p.NextOffset()
	}
	for _, b := range all {
		for _, millis := range []int64{b.pos - 1, b.pos, b.pos + 1} {
			if got, err := p.OffsetForTime(millis); err != nil || got != slow(millis) {
				t.Fatalf("%s: time %d: offset %d, want %d, %v", when, millis, got, slow(millis), err)
			}
		}
	}
	if got, err := p.OffsetForTime(noTime); err != nil || got != p.StartOffset() {
		t.Fatalf("%s: the beginning of time: %d, %v", when, got, err)
	}
}

// The time index finds what a walk over all batches finds: in active, sealed and stored segments, after restarts and
// power cuts, truncations and drops.
func TestOffsetForTime(t *testing.T) {
	fs := vfs.NewMem()
	rng := rand.New(rand.NewPCG(1, 1))
	p := mustOpen(t, fs, small)
	checkTimesOf(t, p, "empty")
	for round := range 6 {
		timed(t, p, rng, 12)
		checkTimesOf(t, p, "appended")
		must(t, p.Sync())
		timed(t, p, rng, 7)
		checkTimesOf(t, p, "synced, then appended")
		for _, mode := range []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles} {
			crashed := mustOpen(t, fs.Crash(mode, rng), small)
			checkTimesOf(t, crashed, "crash, "+mode.String())
		}
		switch round % 3 {
		case 0:
			must(t, p.TruncateTo(p.NextOffset()-Offset(rng.IntN(20))))
		case 1:
			must(t, p.DropBefore(p.StartOffset()+20))
		}
		checkTimesOf(t, p, "after a change")
		must(t, p.Close())
		p = mustOpen(t, fs, small)
		checkTimesOf(t, p, "opened again")
	}
}

// A time index is only help: any damage to it, and its loss, changes no answer. Without it, it is made anew.
func TestDamagedTimeIndex(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	timed(t, p, rand.New(rand.NewPCG(2, 2)), 40)
	must(t, p.Sync())
	segments := p.Segments()
	must(t, p.Close())
	for _, s := range segments {
		path := newSegment(testDir, s.Base).times
		info, err := fs.Stat(path)
		must(t, err)
		for at := int64(-1); at < info.SizeBytes; at++ {
			damaged := fs.Crash(vfs.CrashKeep, nil)
			if at < 0 {
				must(t, damaged.Remove(path))
			} else {
				flip(t, damaged, path, at)
			}
			p := mustOpen(t, damaged, small)
			checkTimesOf(t, p, fmt.Sprintf("%s byte %d", path, at))
			must(t, p.Close())
			again, err := damaged.Stat(path)
			if err != nil || again.SizeBytes != info.SizeBytes {
				t.Fatalf("%s was not made anew: %v", path, err)
			}
		}
	}
}

// Segments end where a batch is newer than the segment's first one by more than the limit, however batches come and
// whenever the partition is opened.
func TestRollByAge(t *testing.T) {
	opt := Options{SegmentMillis: 1000}
	times := []int64{0, 500, 1000, 1001, 1500, 900, 2002, 9000, 9001, -5, 10_000, 10_001}
	want := "[0 3 6 7 11]"
	for _, perAppend := range []int{1, 2, 5, 12} {
		fs := vfs.NewMem()
		p := mustOpen(t, fs, opt)
		for i := 0; i < len(times); i += perAppend {
			var all []byte
			for j := i; j < min(i+perAppend, len(times)); j++ {
				all = append(all, buildBatch(t, Offset(j), Record{TimestampMillis: times[j]})...)
			}
			must(t, p.Append(all))
			must(t, p.Close())
			p = mustOpen(t, fs, opt)
		}
		var got []Offset
		for _, s := range p.Segments() {
			got = append(got, s.Base)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%d batches per append: segments %v, want %v", perAppend, got, want)
		}
	}
}

// Retention goes by whole sealed segments, from the oldest on: by age up to the first that is young enough, by size as
// long as enough is left. What is dropped stays dropped.
func TestRetentionPoint(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, Options{SegmentBytes: 1, SegmentMillis: 1}) // one batch per segment
	for i, at := range []int64{100, 50, 300, 200, 1000} {
		must(t, p.Append(buildBatch(t, Offset(i), Record{TimestampMillis: at})))
	}
	one := p.SizeBytes() / 5
	for _, c := range []struct {
		now, millis, bytes int64
		want               Offset
	}{
		{5000, 0, 0, 0}, {5000, -1, -1, 0},
		{1100, 1000, 0, 0}, {1101, 1000, 0, 2}, {1300, 1000, 0, 2}, {1301, 1000, 0, 4}, {1 << 60, 1, 0, 4}, {0, 1, 0, 0},
		{0, 0, 10 * one, 0}, {0, 0, 5 * one, 0}, {0, 0, 4 * one, 1}, {0, 0, 4*one - 1, 1}, {0, 0, 1, 4},
		{1101, 1000, 2 * one, 3},
	} {
		if got := p.RetentionPoint(c.now, c.millis, c.bytes); got != c.want {
			t.Errorf("%+v: %d", c, got)
		}
	}
	must(t, p.DropBefore(p.RetentionPoint(1101, 1000, 0)))
	for range 2 {
		if p.StartOffset() != 2 || p.NextOffset() != 5 {
			t.Fatalf("holds [%d, %d)", p.StartOffset(), p.NextOffset())
		}
		must(t, p.Sync())
		p = mustOpen(t, fs.Crash(vfs.CrashDrop, nil), small)
	}
}

// A time index file gives ascending offsets and no falling times, and never more than its bytes hold.
func FuzzTimeIndex(f *testing.F) {
	b := timeIndex.appendHeader(nil, 100)
	for i := range int64(5) {
		b = timeIndex.appendEntry(b, 100, indexEntry{off: Offset(101 + i), pos: i/2 - 1})
	}
	f.Add(b, int64(100))
	f.Add(b[:70], int64(100))
	f.Fuzz(func(t *testing.T, b []byte, base int64) {
		entries := timeIndex.parse(b, Offset(base))
		last := indexEntry{off: Offset(base), pos: noTime}
		for _, e := range entries {
			if e.off <= last.off || e.pos < last.pos {
				t.Fatalf("entry %v after %v", e, last)
			}
			last = e
		}
		if len(entries)*indexEntryBytes > len(b) {
			t.Fatalf("%d entries in %d bytes", len(entries), len(b))
		}
		if len(offsetIndex.parse(b, Offset(base))) > 0 && len(entries) > 0 {
			t.Fatal("taken for both kinds")
		}
	})
}
