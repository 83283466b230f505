package log

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// model is the slow and obvious version of a partition: its batches, and how far it was stored.
type model struct {
	batches [][]byte
	synced  Offset // all below survives every crash
	start   Offset // all below may be gone
}

func (m *model) next() Offset {
	if len(m.batches) == 0 {
		return 0
	}
	b, _, _ := ParseBatch(m.batches[len(m.batches)-1])
	return b.LastOffset() + 1
}

// truncate removes the batches that hold to or more.
func (m *model) truncate(to Offset) {
	for m.next() > to {
		m.batches = slices.Clip(m.batches[:len(m.batches)-1])
	}
	m.synced = min(m.synced, m.next())
}

// wreck is what a crash left, with the model then.
type wreck struct {
	fs    *vfs.Mem
	model model
	op    string
}

// check opens the wreck and compares: everything that was synced is there, everything that is there was appended; and
// then the partition works.
func (w wreck) check(t *testing.T) {
	t.Helper()
	opt := small
	opt.SyncedOffset = w.model.synced
	sum, _, harmful := mustVerify(t, w.fs, w.model.synced)
	if len(harmful) > 0 {
		t.Fatalf("crash before %s: verify: %v", w.op, harmful)
	}
	p, err := OpenPartition(w.fs, testDir, opt)
	if err != nil {
		t.Fatalf("crash before %s: open: %v", w.op, err)
	}
	defer p.Close()
	if sum.Start != p.StartOffset() || sum.Next != p.NextOffset() {
		t.Fatalf("crash before %s: verified [%d, %d), recovered [%d, %d)", w.op, sum.Start, sum.Next, p.StartOffset(), p.NextOffset())
	}
	if p.NextOffset() < w.model.synced || p.NextOffset() > w.model.next() || p.StartOffset() > w.model.start {
		t.Fatalf("crash before %s: recovered [%d, %d), synced up to %d, appended [%d, %d)", w.op, p.StartOffset(), p.NextOffset(),
			w.model.synced, w.model.start, w.model.next())
	}
	w.checkBatches(t, p)
	w.checkStored(t, p.NextOffset())
	fill(t, p, 3)
	must(t, p.Sync())
	next := p.NextOffset()
	must(t, p.Close())
	opt.SyncedOffset = next
	cut := w.fs.Crash(vfs.CrashDrop, nil)
	if _, _, harmful := mustVerify(t, cut, next); len(harmful) > 0 {
		t.Fatalf("crash before %s, recovery and a power cut: verify: %v", w.op, harmful)
	}
	again, err := OpenPartition(cut, testDir, opt)
	if err != nil {
		t.Fatalf("crash before %s: open again: %v", w.op, err)
	}
	if again.NextOffset() != next {
		t.Fatalf("crash before %s: opened again at %d, want %d", w.op, again.NextOffset(), next)
	}
	must(t, again.Close())
}

// checkStored says that what is there after recovery survives a power cut now.
func (w wreck) checkStored(t *testing.T, next Offset) {
	t.Helper()
	p, err := OpenPartition(w.fs.Crash(vfs.CrashDrop, nil), testDir, small)
	if err != nil {
		t.Fatalf("crash before %s, and after recovery: %v", w.op, err)
	}
	if p.NextOffset() != next {
		t.Fatalf("crash before %s: recovered up to %d, then only %d", w.op, next, p.NextOffset())
	}
	must(t, p.Close())
}

func (w wreck) checkBatches(t *testing.T, p *Partition) {
	t.Helper()
	var all []byte
	for off := p.StartOffset(); off < p.NextOffset(); {
		b, err := p.Read(off, 500, nil)
		if err != nil {
			t.Fatalf("crash before %s: read %d: %v", w.op, off, err)
		}
		all = append(all, b...)
		for len(b) > 0 {
			batch, rest, err := ParseBatch(b)
			must(t, err)
			off, b = batch.LastOffset()+1, rest
		}
	}
	for _, want := range w.model.batches {
		b, _, _ := ParseBatch(want)
		if b.BaseOffset() < p.StartOffset() || b.BaseOffset() >= p.NextOffset() {
			continue
		}
		if !bytes.HasPrefix(all, want) {
			t.Fatalf("crash before %s: batch %d is not what was appended", w.op, b.BaseOffset())
		}
		all = all[len(want):]
	}
}

// A crash before any write, sync, truncation or removal leaves a partition that opens, has all that was synced and
// nothing that was not appended. Random appends, syncs, truncations and drops over small segments; what is appended
// after a truncation differs from what was there.
func TestPartitionCrashEverywhere(t *testing.T) {
	for seed := range uint64(3) {
		for _, mode := range []vfs.CrashMode{vfs.CrashDrop, vfs.CrashKeep, vfs.CrashTear, vfs.CrashHoles} {
			t.Run(fmt.Sprintf("seed=%d,%s", seed, mode), func(t *testing.T) { partitionCrash(t, seed, mode) })
		}
	}
}

func partitionCrash(t *testing.T, seed uint64, mode vfs.CrashMode) {
	fs := vfs.NewMem()
	var m model
	var wrecks []wreck
	crashRng := rand.New(rand.NewPCG(seed, uint64(mode)))
	snapshot := func(op string) {
		now := m
		now.batches = slices.Clone(m.batches)
		wrecks = append(wrecks, wreck{fs.Crash(mode, crashRng), now, op})
	}
	p := mustOpen(t, fs, small)
	fs.SetHook(func(op vfs.Op, name string) error {
		snapshot(fmt.Sprintf("%s %s", op, name))
		return nil
	})
	rng := rand.New(rand.NewPCG(seed, 1))
	for serial := range 80 {
		m.step(t, p, rng, serial)
	}
	fs.SetHook(nil)
	snapshot("the end")
	for _, w := range wrecks {
		w.check(t)
	}
}

// step runs one random operation. The model changes first where an operation may take effect before it returns, last
// where it may not have taken effect before it returns.
func (m *model) step(t *testing.T, p *Partition, rng *rand.Rand, serial int) {
	switch n := rng.IntN(20); {
	case n < 14:
		var all []byte
		for range 1 + rng.IntN(3) {
			value := fmt.Appendf(make([]byte, rng.IntN(200)), "serial %d", serial)
			b := buildBatch(t, m.next(), append(make([]Record, rng.IntN(3)), Record{Value: value})...)
			m.batches, all = append(m.batches, b), append(all, b...)
		}
		must(t, p.Append(all))
	case n < 18:
		must(t, p.Sync())
		m.synced = m.next()
	case n == 18:
		to := p.StartOffset() + Offset(rng.Int64N(int64(m.next()-p.StartOffset())+1))
		cut := *m
		cut.batches = slices.Clone(m.batches)
		cut.truncate(to)
		m.synced = cut.synced
		must(t, p.TruncateTo(to))
		*m = cut
	default:
		off := Offset(rng.Int64N(int64(m.next()) + 1))
		m.start = max(m.start, off)
		must(t, p.DropBefore(off))
	}
}

// Damage below what was synced is ErrCorrupt at open or at read, never a shorter partition; damage above is cut.
func TestPartitionFlippedBits(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	fill(t, p, 14)
	must(t, p.Sync())
	synced := p.NextOffset()
	fill(t, p, 2)
	next := p.NextOffset()
	segments := p.Segments()
	must(t, p.Close())
	for _, s := range segments {
		for at := range s.SizeBytes {
			rotten := fs.Crash(vfs.CrashKeep, nil)
			flip(t, rotten, s.Path, at)
			p, err := OpenPartition(rotten, testDir, small)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) {
					t.Fatalf("%s byte %d: %v", s.Path, at, err)
				}
				continue
			}
			if p.NextOffset() < synced {
				t.Fatalf("%s byte %d: stored batches were cut: %d", s.Path, at, p.NextOffset())
			}
			checkDamaged(t, p, next)
			must(t, p.Close())
		}
	}
}

// checkDamaged reads everything: each read gives what was appended or ErrCorrupt.
func checkDamaged(t *testing.T, p *Partition, next Offset) {
	t.Helper()
	for off := p.StartOffset(); off < min(next, p.NextOffset()); off = off + 1 + off%4 {
		b, err := p.Read(off, 0, nil)
		if errors.Is(err, ErrCorrupt) {
			continue
		}
		must(t, err)
		want := testBatch(t, off)
		copy(want[posLeaderEpoch:posMagic], b[posLeaderEpoch:posMagic]) // not under the CRC
		if !bytes.Equal(b, want) {
			t.Fatalf("batch %d is not what was appended", off)
		}
	}
}

func flip(t testing.TB, fs vfs.FS, path string, at int64) {
	t.Helper()
	f, err := fs.OpenRW(path)
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], at)
	must(t, err)
	b[0] ^= 1 << (at % 8)
	_, err = f.WriteAt(b[:], at)
	must(t, err)
}

// Indexes are only help: any damage to them, and their loss, leaves all contents in place.
func TestPartitionDamagedIndex(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	fill(t, p, 30)
	must(t, p.Sync())
	next := p.NextOffset()
	segments := p.Segments()
	must(t, p.Close())
	for _, s := range segments {
		index := newSegment(testDir, s.Base).index
		info, err := fs.Stat(index)
		must(t, err)
		for at := int64(-1); at < info.SizeBytes; at++ {
			damaged := fs.Crash(vfs.CrashKeep, nil)
			if at < 0 {
				must(t, damaged.Remove(index))
			} else {
				flip(t, damaged, index, at)
			}
			p, err := OpenPartition(damaged, testDir, small)
			if err != nil || p.NextOffset() != next {
				t.Fatalf("%s byte %d: %v", index, at, err)
			}
			for off := Offset(0); off < next; {
				off = checkRead(t, p, off, 1000)
			}
			must(t, p.Close())
		}
	}
}

// The owner's own record of what it synced is believed: a shorter partition is corrupt, not recovered.
func TestPartitionSyncedOffset(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	fill(t, p, 10)
	next := p.NextOffset()
	lost := fs.Crash(vfs.CrashDrop, nil)
	opt := small
	opt.SyncedOffset = next
	var corrupt *CorruptError
	if _, err := OpenPartition(lost, testDir, opt); !errors.As(err, &corrupt) {
		t.Errorf("open: %v", err)
	}
	if p, err := OpenPartition(lost, testDir, small); err != nil || p.NextOffset() != 0 {
		t.Errorf("open without the record: %v", err)
	}
}

// A missing segment is corruption when something behind it was stored.
func TestPartitionLostSegment(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	fill(t, p, 40)
	must(t, p.Sync())
	segments := p.Segments()
	for _, s := range segments[1:] {
		lost := fs.Crash(vfs.CrashKeep, nil)
		must(t, lost.Remove(s.Path))
		opt := small
		opt.SyncedOffset = p.NextOffset()
		if _, err := OpenPartition(lost, testDir, opt); !errors.Is(err, ErrCorrupt) {
			t.Errorf("without %s: %v", s.Path, err)
		}
	}
}

// A failed sync or write poisons the partition: no write is tried again, reads go on.
func TestPartitionPoisoned(t *testing.T) {
	for _, op := range []vfs.Op{vfs.OpSync, vfs.OpWrite} {
		fs := vfs.NewMem()
		p := mustOpen(t, fs, small)
		fill(t, p, 5)
		next := p.NextOffset()
		fail := true
		var later []vfs.Op
		fs.SetHook(func(o vfs.Op, _ string) error {
			if !fail {
				later = append(later, o)
			}
			if o == op {
				fail = false
				return errors.New("input/output error")
			}
			return nil
		})
		first := p.Append(testBatch(t, next))
		if op == vfs.OpSync {
			must(t, first)
			if first = p.Sync(); !errors.Is(first, vfs.ErrSyncFailed) {
				t.Errorf("sync: %v", first)
			}
		}
		if first == nil {
			t.Errorf("the failed %s was not reported", op)
		}
		for _, err := range []error{p.Sync(), p.Append(testBatch(t, p.NextOffset())), p.TruncateTo(0), p.DropBefore(1)} {
			if !errors.Is(err, ErrPoisoned) {
				t.Errorf("after a failed %s: %v", op, err)
			}
		}
		if len(later) > 0 {
			t.Errorf("after a failed %s: %v", op, later)
		}
		checkRead(t, p, 0, 100)
	}
}

// One appender, a syncer, truncations and many readers at once: a reader gets whole batches, or ErrOutOfRange when they
// are gone. Run with -race.
func TestPartitionConcurrent(t *testing.T) {
	p := mustOpen(t, vfs.NewMem(), small)
	fill(t, p, 5)
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
	for range 3 {
		background(func(rng *rand.Rand) {
			start, next := p.StartOffset(), p.NextOffset()
			from := start + Offset(rng.Int64N(max(1, int64(next-start))))
			b, err := p.Read(from, 400, nil)
			if err != nil && !errors.Is(err, ErrOutOfRange) {
				t.Errorf("read %d: %v", from, err)
			}
			for len(b) > 0 {
				batch, rest, err := ParseBatch(b)
				if err != nil || !bytes.Equal(batch.Bytes(), testBatch(t, batch.BaseOffset())) {
					t.Errorf("read %d: batch %d is wrong, %v", from, batch.BaseOffset(), err)
				}
				b = rest
			}
		})
	}
	background(func(*rand.Rand) { must(t, p.Sync()) })
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 600 {
		fill(t, p, 1)
		switch i % 40 {
		case 20:
			must(t, p.TruncateTo(p.NextOffset()-Offset(rng.Int64N(int64(p.NextOffset()-p.StartOffset())))))
		case 35:
			must(t, p.DropBefore(p.NextOffset()-20))
		}
	}
	close(stop)
	wg.Wait()
}
