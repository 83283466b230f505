package log

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// keyed appends n batches of records under few keys: updates, tombstones, records without a key, headers, some compressed,
// of several producers. A record's time is ten times its offset.
func keyed(t testing.TB, p *Partition, rng *rand.Rand, n, keys int) {
	t.Helper()
	for range n {
		var b BatchBuilder
		b.SetCompression([]Codec{CodecNone, CodecLZ4, CodecZstd}[rng.IntN(3)])
		next := p.NextOffset()
		b.SetProducer(int64(next/50), 0, int32(next)) // a producer's first sequence number may be any
		for i := range 1 + rng.IntN(6) {
			off := next + Offset(i)
			r := Record{TimestampMillis: 10 * int64(off), Key: fmt.Appendf(nil, "key %d", rng.IntN(keys)), Value: fmt.Appendf(nil, "value value value %d", off)}
			if keys > 1 && rng.IntN(3) == 0 {
				r.Key = fmt.Appendf(nil, "rare key %d", rng.IntN(20*keys)) // whose last record is often an old one
			}
			switch rng.IntN(8) {
			case 0:
				r.Key = nil
			case 1:
				r.Value = nil
			case 2:
				r.Headers = []Header{{Key: "before", Value: []byte("the row before")}}
			}
			must(t, b.Append(r))
		}
		batch := bytes.Clone(b.Build())
		SetBaseOffset(batch, next)
		must(t, p.Append(batch))
	}
}

// readAll reads all records, by offset, and checks that each Read gives the batch that spans its offset.
func readAll(t testing.TB, p *Partition) map[Offset]string {
	t.Helper()
	all := map[Offset]string{}
	for off := p.StartOffset(); off < p.NextOffset(); {
		b, err := p.Read(off, 300, nil)
		must(t, err)
		for len(b) > 0 {
			batch, rest, err := ParseBatch(b)
			must(t, err)
			if batch.BaseOffset() > off || batch.LastOffset() < off {
				t.Fatalf("read %d: batch %d to %d", off, batch.BaseOffset(), batch.LastOffset())
			}
			for _, r := range collect(t, batch) {
				all[r.Offset] = fmt.Sprintf("%d %q %q %q %v", r.TimestampMillis, r.Key, r.Value, r.Headers, r.Value == nil)
			}
			off, b = batch.LastOffset()+1, rest
		}
	}
	return all
}

// readRecords is the slow way to all records with their keys.
func readRecords(t testing.TB, p *Partition) (all []Record) {
	t.Helper()
	for off := p.StartOffset(); off < p.NextOffset(); {
		b, err := p.Read(off, 0, nil)
		must(t, err)
		batch := firstBatch(b)
		all = append(all, collect(t, batch)...)
		off = batch.LastOffset() + 1
	}
	return all
}

// survivors says what a compaction has to leave, from the definition.
func survivors(all []Record, limit Offset, tombstonesBefore int64) map[Offset]bool {
	last := map[string]Offset{}
	for _, r := range all {
		if r.Key != nil {
			last[string(r.Key)] = r.Offset
		}
	}
	keep := map[Offset]bool{}
	for _, r := range all {
		superseded := r.Key != nil && last[string(r.Key)] != r.Offset
		expired := r.Key != nil && r.Value == nil && r.TimestampMillis < tombstonesBefore
		keep[r.Offset] = r.Offset >= limit || !superseded && !expired
	}
	return keep
}

// limitOf is the end of the last sealed segment that ends at or below below.
func limitOf(p *Partition, below Offset) Offset {
	limit := p.StartOffset()
	for _, s := range p.Segments() {
		if s.Sealed && s.Next <= below {
			limit = s.Next
		}
	}
	return limit
}

func checkSound(t testing.TB, fs *vfs.Mem, synced Offset) {
	t.Helper()
	if _, harmless, harmful := mustVerify(t, fs.Crash(vfs.CrashKeep, nil), synced); len(harmless)+len(harmful) > 0 {
		t.Fatalf("verify: %v %v", harmless, harmful)
	}
}

// A compaction leaves exactly the records that it has to, with everything that they hold, at their offsets, whatever it may
// remove and however few keys it may hold in memory. Also after several compactions, appends between them, restarts and
// power cuts. Times are found as before, and a verification finds nothing.
func TestCompact(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 9))
		fs := vfs.NewMem()
		p := mustOpen(t, fs, small)
		for round := range 4 {
			keyed(t, p, rng, 60, 15)
			must(t, p.Sync())
			opt := CompactOptions{
				Below: p.StartOffset() + Offset(rng.Int64N(int64(p.NextOffset()-p.StartOffset())+100)), MaxKeys: []int{0, 1, 4}[rng.IntN(3)],
				TombstonesBefore: rng.Int64N(10 * int64(p.NextOffset())),
			}
			records, before, view := readRecords(t, p), readAll(t, p), p.view.Load()
			start, next, limit := p.StartOffset(), p.NextOffset(), limitOf(p, opt.Below)
			stats, err := p.Compact(opt)
			must(t, err)
			want := maps.Clone(before)
			keep := survivors(records, limit, opt.TombstonesBefore)
			maps.DeleteFunc(want, func(off Offset, _ string) bool { return !keep[off] })
			what := fmt.Sprintf("seed %d, round %d", seed, round)
			check := func(p *Partition, when string) {
				t.Helper()
				if got := readAll(t, p); !maps.Equal(got, want) || p.StartOffset() != start || p.NextOffset() != next {
					t.Fatalf("%s, %s: %d records in [%d, %d), want %d in [%d, %d)", what, when, len(got), p.StartOffset(), p.NextOffset(), len(want), start, next)
				}
				checkTimesOf(t, p, what)
			}
			check(p, "compacted")
			if int(stats.RecordsRemoved) != len(before)-len(want) || opt.MaxKeys == 1 && limit > start && stats.Passes < 8 {
				t.Errorf("%s: %+v", what, stats)
			}
			if (p.view.Load().generation != view.generation) != (stats.SegmentsAfter > 0) {
				t.Errorf("%s: readers cannot see that segments were switched", what)
			}
			checkSound(t, fs, next)
			check(mustOpen(t, fs.Crash(vfs.CrashDrop, nil), small), "after a power cut")
			must(t, p.Close())
			p = mustOpen(t, fs, small)
			check(p, "opened again")
		}
		must(t, p.TruncateTo(p.StartOffset()+(p.NextOffset()-p.StartOffset())/3)) // into what is compacted
		keyed(t, p, rng, 30, 15)
		readAll(t, p)
		must(t, p.Sync())
		checkSound(t, fs, p.NextOffset())
	}
}

// What replaces a record is stored before the record goes.
func TestCompactSyncsFirst(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	rng := rand.New(rand.NewPCG(4, 4))
	keyed(t, p, rng, 40, 5)
	must(t, p.Sync())
	keyed(t, p, rng, 10, 5)
	_, err := p.Compact(CompactOptions{Below: p.NextOffset()})
	must(t, err)
	want := readAll(t, p)
	if got := readAll(t, mustOpen(t, fs.Crash(vfs.CrashDrop, nil), small)); !maps.Equal(got, want) {
		t.Errorf("%d records behind a power cut, want %d", len(got), len(want))
	}
}

// A log of one key is as good as empty: few small segments, however much went through it.
func TestCompactMerges(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), small)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		keyed(t, p, rng, 300, 1)
		_, err := p.Compact(CompactOptions{Below: p.NextOffset(), TombstonesBefore: math.MaxInt64})
		must(t, err)
	}
	keyless := 0
	for _, r := range readRecords(t, p) {
		if r.Key == nil {
			keyless++
		}
	}
	var live int64
	for _, s := range p.Segments() {
		live += s.SizeBytes
	}
	if n := len(p.Segments()); int64(n) > 2+2*live/small.SegmentBytes || keyless == 0 {
		t.Errorf("%d segments of %d bytes, %d records without a key", n, live, keyless)
	}
}

// Nothing is done while too little is new.
func TestCompactDirtyRatio(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), small)
	rng := rand.New(rand.NewPCG(1, 2))
	keyed(t, p, rng, 200, 100_000)
	compact := func() int {
		t.Helper()
		stats, err := p.Compact(CompactOptions{Below: p.NextOffset(), MinDirtyRatio: 0.5})
		must(t, err)
		return stats.Passes
	}
	if compact() != 1 || compact() != 0 {
		t.Error("the first run has to do something, the second nothing")
	}
	keyed(t, p, rng, 50, 100_000)
	if compact() != 0 {
		t.Error("a fifth is new: that is too little")
	}
	keyed(t, p, rng, 250, 100_000)
	if compact() != 1 {
		t.Error("more than half is new: that is enough")
	}
	must(t, p.TruncateTo(p.StartOffset()+10))
	keyed(t, p, rng, 100, 100_000)
	if compact() != 1 {
		t.Error("all is new behind a truncation")
	}
}

// A crash before any step of a compaction leaves each record that has to stay, no record that was not there, and of each key
// the last value; the partition then compacts to the same as without the crash.
func TestCompactCrashEverywhere(t *testing.T) {
	for seed := range uint64(3) {
		for _, mode := range []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles} {
			t.Run(fmt.Sprintf("seed=%d,%s", seed, mode), func(t *testing.T) { compactCrash(t, seed, mode) })
		}
	}
}

func compactCrash(t *testing.T, seed uint64, mode vfs.CrashMode) {
	rng := rand.New(rand.NewPCG(seed, 3))
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	keyed(t, p, rng, 80, 10)
	opt := CompactOptions{Below: p.NextOffset(), TombstonesBefore: 5 * int64(p.NextOffset())}
	must(t, p.Sync())
	before, next := readAll(t, p), p.NextOffset()
	var crashed []*vfs.Mem
	var ops []string
	fs.SetHook(func(op vfs.Op, name string) error {
		crashed, ops = append(crashed, fs.Crash(mode, rng)), append(ops, fmt.Sprintf("%s %s", op, name))
		return nil
	})
	stats, err := p.Compact(opt)
	must(t, err)
	fs.SetHook(nil)
	if stats.SegmentsBefore <= stats.SegmentsAfter || stats.SegmentsAfter < 2 {
		t.Fatalf("the test needs segments that are merged: %+v", stats)
	}
	after := readAll(t, p)
	for i, wreck := range crashed {
		p, err := OpenPartition(wreck, testDir, Options{SegmentBytes: small.SegmentBytes, IndexIntervalBytes: small.IndexIntervalBytes, SyncedOffset: next})
		if err != nil {
			t.Fatalf("crash before %s: %v", ops[i], err)
		}
		check := func(p *Partition, least map[Offset]string) {
			t.Helper()
			got := readAll(t, p)
			if p.StartOffset() != 0 || p.NextOffset() != next || !within(least, got) || !within(got, before) {
				t.Fatalf("crash before %s: %d records in [%d, %d)", ops[i], len(got), p.StartOffset(), p.NextOffset())
			}
			if i%9 == 0 {
				checkTimesOf(t, p, ops[i])
			}
		}
		check(p, after)
		names, err := wreck.List(testDir)
		must(t, err)
		if 3*len(p.Segments()) != len(names) {
			t.Fatalf("crash before %s: left with %v", ops[i], names)
		}
		recovered := mustOpen(t, wreck.Crash(vfs.CrashDrop, nil), small)
		check(recovered, readAll(t, p))
		_, err = recovered.Compact(opt)
		must(t, err)
		if got := readAll(t, recovered); !maps.Equal(got, after) {
			t.Fatalf("crash before %s: compacts to %d records, without the crash to %d", ops[i], len(got), len(after))
		}
		must(t, p.Close())
		must(t, recovered.Close())
	}
}

func within(part, whole map[Offset]string) bool {
	for off, r := range part {
		if whole[off] != r {
			return false
		}
	}
	return true
}

// A crash while recovery finishes a compaction is recovered from likewise.
func TestCompactCrashTwice(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 3))
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	keyed(t, p, rng, 50, 10)
	must(t, p.Sync())
	next := p.NextOffset()
	var half []*vfs.Mem
	fs.SetHook(func(op vfs.Op, name string) error {
		if op == vfs.OpSyncDir || op == vfs.OpRename {
			half = append(half, fs.Crash(vfs.CrashKeep, nil))
		}
		return nil
	})
	_, err := p.Compact(CompactOptions{Below: next})
	must(t, err)
	want := readAll(t, p)
	for i, fs := range half {
		var again []*vfs.Mem
		fs.SetHook(func(vfs.Op, string) error {
			for _, mode := range []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear} {
				again = append(again, fs.Crash(mode, rng))
			}
			return nil
		})
		p := mustOpen(t, fs, small)
		least := readAll(t, p)
		must(t, p.Close())
		for _, fs := range again {
			opt := small
			opt.SyncedOffset = next
			p, err := OpenPartition(fs, testDir, opt)
			if err != nil {
				t.Fatalf("crash %d, and again: %v", i, err)
			}
			if got := readAll(t, p); !within(want, got) || !within(least, got) || p.NextOffset() != next {
				t.Fatalf("crash %d, and again: %d records", i, len(got))
			}
			must(t, p.Close())
		}
	}
}

// Damage to a compacted segment that has not got its place yet is corruption: it was stored. Nothing is changed then.
func TestCompactedDamaged(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	keyed(t, p, rand.New(rand.NewPCG(5, 3)), 60, 5)
	must(t, p.Sync())
	var half *vfs.Mem
	fs.SetHook(func(op vfs.Op, name string) error {
		if op == vfs.OpLink && half == nil {
			half = fs.Crash(vfs.CrashDrop, nil)
		}
		return nil
	})
	_, err := p.Compact(CompactOptions{Below: p.NextOffset()})
	must(t, err)
	var marker string
	for path := range contents(t, half) {
		if _, _, ok := parseCompactedName(path[len(testDir)+1:]); ok {
			marker = path
		}
	}
	if _, harmless, harmful := mustVerify(t, half, 0); len(harmful) > 0 {
		t.Errorf("verify of half a compaction: %v %v", harmless, harmful)
	}
	info, err := half.Stat(marker)
	must(t, err)
	for at := range info.SizeBytes {
		rotten := half.Crash(vfs.CrashKeep, nil)
		flip(t, rotten, marker, at)
		before := contents(t, rotten)
		p, err := OpenPartition(rotten, testDir, small)
		if err == nil {
			must(t, p.Close()) // the leader epoch is not under the CRC
			continue
		}
		if !errors.Is(err, ErrCorrupt) || !maps.Equal(before, contents(t, rotten)) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
	f, err := half.OpenRW(marker)
	must(t, err)
	must(t, f.Truncate(info.SizeBytes/2))
	if _, err := OpenPartition(half, testDir, small); !errors.Is(err, ErrCorrupt) {
		t.Errorf("cut: %v", err)
	}
}

// Offsets that no single batch can span are spanned by several, and are read as such.
func TestCompactWideGap(t *testing.T) {
	fs := vfs.NewMem()
	must(t, fs.MkdirAll(testDir))
	w := rewriter{fs: fs, seg: newSegment(testDir, 0), interval: 100}
	must(t, w.create())
	const far = 5 << 31
	at := func(base Offset) Batch { return firstBatch(buildBatch(t, base, Record{Key: []byte("k")})) }
	must(t, w.put(at(far)))
	must(t, w.put(at(2*far)))
	must(t, w.finish(3*far))
	w.seg.close()
	must(t, renames(fs, w.seg.path+compactingSuffix, w.seg.path, w.seg.index+compactingSuffix, w.seg.index, w.seg.times+compactingSuffix, w.seg.times))
	must(t, fs.SyncDir(testDir))
	p := mustOpen(t, fs, small)
	var offsets []Offset
	for _, r := range readRecords(t, p) {
		offsets = append(offsets, r.Offset)
	}
	if !slices.Equal(offsets, []Offset{far, 2 * far}) || p.NextOffset() != 3*far {
		t.Errorf("records at %v, next %d", offsets, p.NextOffset())
	}
	for _, off := range []Offset{0, 1, far - 1, far, far + 1, 2*far - 1, 3*far - 1} {
		if b, err := p.Read(off, 0, nil); err != nil || firstBatch(b).BaseOffset() > off || firstBatch(b).LastOffset() < off {
			t.Errorf("read %d: %v", off, err)
		}
	}
}

// A failed sync of a file that is only being made poisons the partition like any other; another failure leaves it as it was.
func TestCompactFails(t *testing.T) {
	for _, op := range []vfs.Op{vfs.OpSync, vfs.OpSyncDir, vfs.OpWrite, vfs.OpCreate, vfs.OpRename, vfs.OpLink} {
		fs := vfs.NewMem()
		p := mustOpen(t, fs, small)
		keyed(t, p, rand.New(rand.NewPCG(5, 3)), 60, 5)
		must(t, p.Sync())
		before := readAll(t, p)
		failed := false
		fs.SetHook(func(o vfs.Op, _ string) error {
			if o == op && !failed {
				failed = true
				return errors.New("input/output error")
			}
			return nil
		})
		if _, err := p.Compact(CompactOptions{Below: p.NextOffset()}); err == nil || !failed {
			t.Errorf("%s: the failure was not reported", op)
		}
		if got := readAll(t, p); !maps.Equal(got, before) {
			t.Errorf("%s: records changed", op)
		}
		poisoned := op == vfs.OpSync || op == vfs.OpSyncDir || op == vfs.OpLink
		if err := p.Sync(); errors.Is(err, ErrPoisoned) != poisoned {
			t.Errorf("%s: afterwards: %v", op, err)
		}
		if poisoned {
			continue
		}
		if _, err := p.Compact(CompactOptions{Below: p.NextOffset()}); err != nil {
			t.Errorf("%s: again: %v", op, err)
		}
		checkSound(t, fs, p.NextOffset())
	}
}

// Appends, reads, syncs, drops and compactions at once: a reader always finds the newest value of a key that is never
// deleted, and whole batches. Run with -race.
func TestCompactConcurrent(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	keyed(t, p, rand.New(rand.NewPCG(1, 1)), 50, 10)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	background := func(f func(rng *rand.Rand)) {
		wg.Go(func() {
			for rng := rand.New(rand.NewPCG(1, 1)); ; {
				select {
				case <-stop:
					return
				default:
					f(rng)
				}
			}
		})
	}
	for range 2 {
		background(func(rng *rand.Rand) {
			start, next := p.StartOffset(), p.NextOffset()
			from := start + Offset(rng.Int64N(int64(next-start)))
			b, err := p.Read(from, 400, nil)
			if errors.Is(err, ErrOutOfRange) {
				return
			}
			if err != nil {
				t.Errorf("read %d: %v", from, err)
			}
			if batch := firstBatch(b); batch.BaseOffset() > from || batch.LastOffset() < from {
				t.Errorf("read %d: batch %d to %d", from, batch.BaseOffset(), batch.LastOffset())
			}
			if _, err := p.OffsetForTime(10 * int64(from)); err != nil {
				t.Errorf("time of %d: %v", from, err)
			}
		})
	}
	background(func(*rand.Rand) { must(t, p.Sync()) })
	background(func(*rand.Rand) {
		_, err := p.Compact(CompactOptions{Below: p.NextOffset() - 20, TombstonesBefore: 10 * int64(p.NextOffset()-100)})
		if err != nil {
			t.Errorf("compact: %v", err)
		}
	})
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 600 {
		keyed(t, p, rng, 1, 10)
		if i%150 == 149 {
			must(t, p.DropBefore(p.NextOffset()-200))
		}
	}
	close(stop)
	wg.Wait()
	must(t, p.Sync())
	checkSound(t, fs, p.NextOffset())
}

// A truncation while a compaction runs ends it: the record that was to stay may be gone.
func TestCompactTruncated(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	keyed(t, p, rand.New(rand.NewPCG(5, 3)), 60, 5)
	must(t, p.Sync())
	var once sync.Once
	fs.SetHook(func(op vfs.Op, name string) error {
		if op == vfs.OpCreate {
			once.Do(func() { must(t, p.TruncateTo(p.NextOffset()-1)) })
		}
		return nil
	})
	before := readAll(t, p)
	if _, err := p.Compact(CompactOptions{Below: p.NextOffset()}); !errors.Is(err, errTruncated) {
		t.Errorf("compact: %v", err)
	}
	got := readAll(t, p)
	maps.DeleteFunc(before, func(off Offset, _ string) bool { return off >= p.NextOffset() })
	if !maps.Equal(got, before) {
		t.Error("records went")
	}
	checkSound(t, fs, p.NextOffset())
}

// On a real file system a rename of one name of a file to its other name does nothing: recovery removes the marker itself.
func TestCompactedTwoNames(t *testing.T) {
	dir := t.TempDir()
	p, err := OpenPartition(vfs.OS, dir, small)
	must(t, err)
	keyed(t, p, rand.New(rand.NewPCG(5, 3)), 60, 5)
	_, err = p.Compact(CompactOptions{Below: p.NextOffset()})
	must(t, err)
	want, first := readAll(t, p), p.Segments()[0]
	must(t, p.Sync())
	must(t, p.Close())
	must(t, vfs.OS.Link(first.Path, compactedPath(dir, first.Base, first.Next)))
	must(t, vfs.OS.Link(first.Path, first.Path+swapSuffix))
	p, err = OpenPartition(vfs.OS, dir, small)
	must(t, err)
	defer p.Close()
	if got := readAll(t, p); !maps.Equal(got, want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
	names, err := vfs.OS.List(dir)
	must(t, err)
	if len(names) != 3*len(p.Segments()) {
		t.Errorf("left with %v", names)
	}
}

// A reader that still has the view from before a compaction gets whole batches that span its offset, or an error that is
// gone with the present view; one that has a file open reads on in it.
func TestCompactOldView(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), small)
	keyed(t, p, rand.New(rand.NewPCG(5, 3)), 60, 5)
	must(t, p.Sync())
	old, before := p.view.Load(), readAll(t, p)
	h, err := p.handles.acquire(old.sealed[0].seg)
	must(t, err)
	_, err = p.Compact(CompactOptions{Below: p.NextOffset()})
	must(t, err)
	b := make([]byte, old.sealed[0].size)
	if _, err := h.f.ReadAt(b, 0); err != nil || before[firstBatch(b).BaseOffset()] == "" {
		t.Errorf("the file that was open: %v", err)
	}
	p.handles.release(h)
	failed := 0
	for off := range p.NextOffset() {
		if b, err := p.readView(old, off, 100, nil); err != nil {
			failed++
		} else if batch := firstBatch(b); batch.BaseOffset() > off || batch.LastOffset() < off {
			t.Errorf("read %d: batch %d to %d", off, batch.BaseOffset(), batch.LastOffset())
		}
		if _, err := p.Read(off, 100, nil); err != nil {
			t.Errorf("read %d: %v", off, err)
		}
	}
	if failed == 0 {
		t.Error("the test needs reads that do not fit the files any more")
	}
}
