package log

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// filled is a closed partition of several segments, the first ones synced with their indexes.
func filled(t *testing.T, synced bool) *vfs.Mem {
	t.Helper()
	fs := vfs.NewMem()
	p := mustOpen(t, fs, small)
	fill(t, p, 30)
	if synced {
		must(t, p.Sync())
	}
	must(t, p.Close())
	return fs
}

// contents returns the partition's files by path.
func contents(t testing.TB, fs vfs.FS) map[string]string {
	t.Helper()
	names, err := fs.List(testDir)
	must(t, err)
	out := map[string]string{}
	for _, name := range names {
		f, err := fs.Open(testDir + "/" + name)
		must(t, err)
		size, err := f.Size()
		must(t, err)
		b := make([]byte, size)
		if size > 0 {
			_, err = f.ReadAt(b, 0)
			must(t, err)
		}
		must(t, f.Close())
		out[testDir+"/"+name] = string(b)
	}
	return out
}

func mustVerify(t testing.TB, fs vfs.FS, synced Offset) (sum Summary, harmless, harmful []Finding) {
	t.Helper()
	sum, err := Verify(fs, testDir, synced, func(f Finding) {
		if f.Harmless {
			harmless = append(harmless, f)
		} else {
			harmful = append(harmful, f)
		}
	})
	must(t, err)
	return sum, harmless, harmful
}

func flipByte(t testing.TB, fs vfs.FS, path string, at int64) {
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

// TestVerifySound shows that a partition at rest has no findings, that Walk gives all of its records from an offset on, and
// that neither changes a file.
func TestVerifySound(t *testing.T) {
	fs := filled(t, true)
	before := contents(t, fs)
	sum, harmless, harmful := mustVerify(t, fs, 0)
	if len(harmless)+len(harmful) > 0 {
		t.Errorf("findings: %v, %v", harmless, harmful)
	}
	p := mustOpen(t, fs.Crash(vfs.CrashKeep, nil), small)
	if sum.Start != 0 || sum.Next != p.NextOffset() || sum.Records != int(sum.Next) || sum.Batches != 30 ||
		sum.Bytes != p.SizeBytes() || sum.Segments != len(p.Segments()) || sum.Segments < 3 {
		t.Errorf("summary: %+v", sum)
	}
	for from := range sum.Next + 1 {
		at := from
		must(t, Walk(fs, testDir, from, func(b StoredBatch) error {
			if b.File == "" || !bytes.Equal([]byte(before[b.File][b.Position:])[:len(b.Bytes())], b.Bytes()) {
				t.Errorf("batch %d is not at %d of %s", b.BaseOffset(), b.Position, b.File)
			}
			if b.LastOffset() < from || b.BaseOffset() > at {
				t.Errorf("from %d: batch %d to %d after %d", from, b.BaseOffset(), b.LastOffset(), at)
			}
			at = b.LastOffset() + 1
			return nil
		}))
		if at != sum.Next {
			t.Errorf("from %d: walked to %d, want %d", from, at, sum.Next)
		}
	}
	stop := errors.New("stop")
	if err := Walk(fs, testDir, 0, func(StoredBatch) error { return stop }); err != stop {
		t.Errorf("walk: %v", err)
	}
	if !maps.Equal(before, contents(t, fs)) {
		t.Error("the files changed")
	}
}

// TestVerifyFlippedBits shows that each flipped bit of a stored batch is reported with the batch's file and position, also
// if several batches and indexes are damaged, and that one in an index is reported too.
func TestVerifyFlippedBits(t *testing.T) {
	fs := filled(t, true)
	starts := map[string][]int64{} // of batches, by file
	must(t, Walk(fs, testDir, 0, func(b StoredBatch) error {
		starts[b.File] = append(starts[b.File], b.Position)
		return nil
	}))
	for path, data := range contents(t, fs) {
		for at := range int64(len(data)) {
			rotten := fs.Crash(vfs.CrashKeep, nil)
			flipByte(t, rotten, path, at)
			_, harmless, harmful := mustVerify(t, rotten, 0)
			if strings.HasSuffix(path, "index") {
				padding := at >= indexHeaderBytes && (at-indexHeaderBytes)%indexEntryBytes >= 20
				if all := append(harmful, harmless...); !padding && (len(all) == 0 || all[0].File != path || all[0].Position > at) {
					t.Errorf("%s byte %d: %v", path, at, all)
				}
				continue
			}
			start := int64(-1)
			for _, s := range starts[path] {
				if s <= at {
					start = s
				}
			}
			if epoch := at - start; epoch >= posLeaderEpoch && epoch < posMagic {
				continue // not under the CRC, and of no meaning here
			}
			if len(harmful) == 0 || harmful[0].File != path || harmful[0].Position != start {
				t.Fatalf("%s byte %d: %v %v, want one at %d", path, at, harmful, harmless, start)
			}
		}
	}
}

// TestVerifyFindsAll shows that behind a bad batch the others are still looked at, also where no index entry points.
func TestVerifyFindsAll(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, Options{})
	var starts []int64
	for range 5 {
		starts = append(starts, p.SizeBytes())
		fill(t, p, 1)
	}
	must(t, p.Sync())
	must(t, p.Close())
	for _, i := range []int{1, 2, 4} {
		flipByte(t, fs, newSegment(testDir, 0).path, starts[i]+70)
	}
	sum, _, harmful := mustVerify(t, fs, 0)
	if len(harmful) != 3 || harmful[0].Position != starts[1] || harmful[1].Position != starts[2] || harmful[2].Position != starts[4] || sum.Batches != 2 {
		t.Errorf("%+v, want three at %v; %+v", harmful, starts, sum)
	}
}

// TestVerifyTorn shows that damage which nothing says was stored is one harmless finding, at the place where the next open
// cuts, unless the owner knows that it was stored.
func TestVerifyTorn(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, Options{})
	fill(t, p, 5)
	must(t, p.Sync())
	synced := p.SizeBytes()
	stored := p.NextOffset()
	fill(t, p, 5)
	must(t, p.Close())
	path := newSegment(testDir, 0).path
	flipByte(t, fs, path, synced+70)

	sum, harmless, harmful := mustVerify(t, fs, 0)
	if len(harmful) > 0 || len(harmless) != 1 || harmless[0].File != path || harmless[0].Position != synced || sum.Next != stored {
		t.Errorf("%+v: %v, %v; want one harmless at %d", sum, harmful, harmless, synced)
	}
	if _, _, harmful := mustVerify(t, fs, stored+1); len(harmful) != 1 || harmful[0].Position != synced {
		t.Errorf("stored according to the owner: %v", harmful)
	}
	if got := mustOpen(t, fs, Options{}).NextOffset(); got != stored {
		t.Errorf("opened at %d, want %d", got, stored)
	}
}

// TestVerifyMissing shows the findings of files that are gone: a whole segment in the middle, the end of one, all of them.
func TestVerifyMissing(t *testing.T) {
	fs := filled(t, true)
	p := mustOpen(t, fs.Crash(vfs.CrashKeep, nil), small)
	segs := p.Segments()
	gone := fs.Crash(vfs.CrashKeep, nil)
	must(t, gone.Remove(segs[1].Path))
	if _, _, harmful := mustVerify(t, gone, 0); len(harmful) != 1 || harmful[0].File != segs[0].Path || harmful[0].Position != segs[0].SizeBytes {
		t.Errorf("a segment is gone: %v", harmful)
	}
	short := fs.Crash(vfs.CrashKeep, nil)
	last := segs[len(segs)-1]
	f, err := short.OpenRW(last.Path)
	must(t, err)
	must(t, f.Truncate(0))
	if _, _, harmful := mustVerify(t, short, 0); len(harmful) != 1 || harmful[0].File != last.Path {
		t.Errorf("the end is gone: %v", harmful)
	}
	empty := vfs.NewMem()
	must(t, empty.MkdirAll(testDir))
	if _, _, harmful := mustVerify(t, empty, 7); len(harmful) != 1 || harmful[0].File != testDir {
		t.Errorf("all is gone: %v", harmful)
	}
}

// TestVerifyContents shows what is found within batches whose CRC is right: counts that do not fit, sequences with a gap,
// and index entries that point elsewhere.
func TestVerifyContents(t *testing.T) {
	fs := vfs.NewMem()
	p := mustOpen(t, fs, Options{})
	sequenced := func(epoch int16, sequence int32, n int) []byte {
		var b BatchBuilder
		b.SetProducer(7, epoch, sequence)
		for range n {
			must(t, b.Append(Record{Value: []byte("v")}))
		}
		batch := bytes.Clone(b.Build())
		SetBaseOffset(batch, p.NextOffset())
		return batch
	}
	var starts []int64
	for _, b := range [][3]int{{1, 10, 3}, {1, 13, 1}, {1, 15, 1}, {2, 0, 1}, {1, 16, 1}} {
		starts = append(starts, p.SizeBytes())
		must(t, p.Append(sequenced(int16(b[0]), int32(b[1]), b[2])))
	}
	must(t, p.Sync())
	must(t, p.Close())
	_, _, harmful := mustVerify(t, fs, 0)
	if len(harmful) != 2 || harmful[0].Position != starts[2] || harmful[0].Reason != "producer 7 has sequence 15 where 14 is next" ||
		harmful[1].Position != starts[4] || harmful[1].Reason != "producer 7 has epoch 1 behind epoch 2" {
		t.Errorf("sequences: %+v, want them at %v", harmful, starts)
	}

	index, err := fs.OpenRW(newSegment(testDir, 0).index)
	must(t, err)
	_, err = index.WriteAt(appendIndexEntry(nil, 0, indexEntry{off: 3, pos: starts[1] + 1}), indexHeaderBytes)
	must(t, err)
	if _, _, harmful := mustVerify(t, fs, 0); len(harmful) != 3 || harmful[0].File != newSegment(testDir, 0).index || harmful[0].Position != indexHeaderBytes {
		t.Errorf("index: %+v", harmful)
	}
}

// TestVerifyForgetsProducers shows that a producer may go on with any number once MaxProducers others have appended, and not
// one earlier.
func TestVerifyForgetsProducers(t *testing.T) {
	for _, others := range []int{MaxProducers - 1, MaxProducers} {
		fs := vfs.NewMem()
		p := mustOpen(t, fs, Options{})
		add := func(producer int64, sequence int32) {
			var b BatchBuilder
			b.SetProducer(producer, 0, sequence)
			must(t, b.Append(Record{Value: []byte("v")}))
			batch := bytes.Clone(b.Build())
			SetBaseOffset(batch, p.NextOffset())
			must(t, p.Append(batch))
		}
		add(0, 0)
		for id := range others {
			add(int64(1+id), 5)
		}
		add(0, 9)
		must(t, p.Sync())
		must(t, p.Close())
		if _, _, harmful := mustVerify(t, fs, 0); (len(harmful) > 0) != (others < MaxProducers) {
			t.Errorf("after %d others: %+v", others, harmful)
		}
	}
}
