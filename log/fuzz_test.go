package log

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/millracedb/millrace/log/vfs"
)

// Whatever the bytes, a batch parses to what it says or is refused; walking through its records ends.
func FuzzParseBatch(f *testing.F) {
	f.Add(buildBatch(f, 7, testRecords()...), false)
	f.Add(buildBatch(f, 0, Record{}), true)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix && len(b) >= batchHeaderBytes { // get past length and CRC, to the records
			b[posMagic] = 2
			binary.BigEndian.PutUint32(b[posLength:], uint32(len(b)-batchLengthBase))
			binary.BigEndian.PutUint32(b[posCRC:], crc32.Checksum(b[posAttributes:], castagnoli))
		}
		batch, rest, err := ParseBatch(b)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrIncomplete) {
				t.Fatalf("error is %v", err)
			}
			return
		}
		if len(batch.Bytes())+len(rest) != len(b) {
			t.Fatalf("%d bytes and %d behind, of %d", len(batch.Bytes()), len(rest), len(b))
		}
		n := 0
		it := batch.Records()
		for it.Next() {
			r := it.Record()
			if n++; r.Offset < batch.BaseOffset() || r.Offset > batch.LastOffset() {
				t.Fatalf("offset %d is outside of [%d, %d]", r.Offset, batch.BaseOffset(), batch.LastOffset())
			}
		}
		if it.Err() == nil && n != batch.Count() {
			t.Fatalf("%d records of %d", n, batch.Count())
		}
	})
}

// putFile makes a file with these bytes, synced.
func putFile(t testing.TB, fs vfs.FS, path string, b []byte) {
	t.Helper()
	f, err := fs.Create(path)
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

// Whatever is in the files, a partition opens or is corrupt; what it then holds reads back or is corrupt; it takes an
// append, and opens again.
func FuzzPartitionRecovery(f *testing.F) {
	var segment []byte
	next := Offset(0)
	for range 6 {
		b := testBatch(f, next)
		next += 1 + next%4
		segment = append(segment, b...)
	}
	index := appendIndexHeader(nil, 0)
	index = appendIndexEntry(index, 0, indexEntry{off: 1, pos: int64(len(testBatch(f, 0)))})
	index = appendIndexEntry(index, 0, indexEntry{off: next, pos: int64(len(segment))})
	f.Add(segment, index, int64(0))
	f.Add(segment[:len(segment)-5], index[:40], int64(0))
	f.Add(segment, []byte{}, int64(next))
	f.Fuzz(func(t *testing.T, segment, index []byte, nextBase int64) {
		fs := vfs.NewMem()
		must(t, fs.MkdirAll(testDir))
		first := newSegment(testDir, 0)
		putFile(t, fs, first.path, segment)
		putFile(t, fs, first.index, index)
		if nextBase > 0 {
			putFile(t, fs, newSegment(testDir, Offset(nextBase)).path, segment)
		}
		must(t, fs.SyncDir(testDir))
		p, err := OpenPartition(fs, testDir, small)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("open: %v", err)
			}
			return
		}
		for off := p.StartOffset(); off < p.NextOffset(); {
			b, err := p.Read(off, 100, nil)
			if err != nil {
				if !errors.Is(err, ErrCorrupt) {
					t.Fatalf("read: %v", err)
				}
				break
			}
			for len(b) > 0 {
				var batch Batch
				batch, b, err = ParseBatch(b)
				must(t, err)
				off = batch.LastOffset() + 1
			}
		}
		if p.NextOffset() < 1<<40 {
			must(t, p.Append(testBatch(t, p.NextOffset())))
		}
		must(t, p.Sync())
		next := p.NextOffset()
		must(t, p.Close())
		p, err = OpenPartition(fs.Crash(vfs.CrashDrop, nil), testDir, small)
		if err != nil || p.NextOffset() != next {
			t.Fatalf("open again: %v", err)
		}
		must(t, p.Close())
	})
}

// An index file gives ascending entries only, and never more than its bytes hold.
func FuzzIndex(f *testing.F) {
	b := appendIndexHeader(nil, 100)
	for i := range int64(5) {
		b = appendIndexEntry(b, 100, indexEntry{off: Offset(101 + i), pos: 1 + 10*i})
	}
	f.Add(b, int64(100))
	f.Add(b[:70], int64(100))
	f.Fuzz(func(t *testing.T, b []byte, base int64) {
		entries := parseIndex(b, Offset(base))
		last := indexEntry{off: Offset(base)}
		for _, e := range entries {
			if e.off <= last.off || e.pos <= last.pos {
				t.Fatalf("entry %v after %v", e, last)
			}
			last = e
		}
		if len(entries)*indexEntryBytes > len(b) {
			t.Fatalf("%d entries in %d bytes", len(entries), len(b))
		}
		if got := indexLookup(entries, Offset(base), last.off); got != last {
			t.Fatalf("lookup of the last gives %v", got)
		}
	})
}

// Whatever a compacted segment and the segments around it hold, a partition opens or is corrupt; what it then holds reads
// back; it opens again as the same, and nothing of the compaction is left.
func FuzzCompactedRecovery(f *testing.F) {
	var segment []byte
	next := Offset(0)
	for range 3 {
		b := testBatch(f, next)
		next += 1 + next%4
		segment = append(segment, b...)
	}
	f.Add(segment, segment, testBatch(f, next), int64(0), int64(next))
	f.Add(segment, emptyBatch(0, next-1, 5), testBatch(f, next), int64(0), int64(next))
	f.Add(segment, segment[:len(segment)-3], testBatch(f, next), int64(0), int64(next))
	f.Add(segment, segment, []byte{}, int64(1), int64(1000))
	f.Fuzz(func(t *testing.T, first, compacted, second []byte, base, next int64) {
		if base < 0 || next <= base {
			return
		}
		fs := vfs.NewMem()
		must(t, fs.MkdirAll(testDir))
		putFile(t, fs, newSegment(testDir, 0).path, first)
		putFile(t, fs, newSegment(testDir, Offset(next)).path, second)
		putFile(t, fs, compactedPath(testDir, Offset(base), Offset(next)), compacted)
		putFile(t, fs, newSegment(testDir, Offset(base)).path+swapSuffix, compacted)
		must(t, fs.SyncDir(testDir))
		p, err := OpenPartition(fs, testDir, small)
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatalf("open: %v", err)
			}
			return
		}
		for off := p.StartOffset(); off < p.NextOffset(); {
			b, err := p.Read(off, 100, nil)
			must(t, err)
			off = firstBatch(b).LastOffset() + 1
		}
		start, end, n := p.StartOffset(), p.NextOffset(), len(p.Segments())
		must(t, p.Close())
		fs = fs.Crash(vfs.CrashDrop, nil)
		if p, err = OpenPartition(fs, testDir, small); err != nil || p.StartOffset() != start || p.NextOffset() != end {
			t.Fatalf("open again: %v", err)
		}
		must(t, p.Close())
		if names, err := fs.List(testDir); err != nil || len(names) != 3*n {
			t.Fatalf("%d segments in %v, %v", n, names, err)
		}
	})
}
