package bench

import (
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/log/vfs"
	"github.com/millracedb/millrace/sql/catalog"
)

// BenchmarkAppend commits transactions on a stream, each of one batch for one partition, from several producers at once: what is
// acknowledged is fsynced. Ours writes the bytes twice, into the write-ahead log and, without a sync of their own, into
// segments; the bare side writes them once.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []struct {
		name    string
		records int
	}{{"one-record", 1}, {"64KiB", 64 << 10 / (valueBytes + 12 + 8)}} {
		for _, shards := range []int{1, 8} {
			for _, producers := range []int{1, 8, 64} {
				b.Run(fmt.Sprintf("%s/shards=%d/producers=%d", size.name, shards, producers), func(b *testing.B) {
					benchmarkAppend(b, size.name, rowsOf(0, size.records), shards, producers)
				})
			}
		}
	}
}

func benchmarkAppend(b *testing.B, name string, rows []exec.WriteRow, shards, producers int) {
	n, err := openNode(b.TempDir(), shards)
	must(b, err)
	defer n.Close()
	r, err := createRelation(n, catalog.KindStream)
	must(b, err)
	bare := newBareLog(b)
	defer bare.f.Close()
	batch := batchOf(b, rows)
	row := Row{
		Name: fmt.Sprintf("append %s, %d shards, %d producers", name, shards, producers), Unit: "appends",
		Bare: fmt.Sprintf("write + fdatasync of %d bytes, shared by all who wait", len(batch)),
	}
	Compare(b, row,
		produce(b, producers, func(i int) error { return write(n, r, i%shards, rows) }),
		produce(b, producers, func(int) error { return bare.append(batch) }))
}

// produce is a side of producers that call append, each with numbers of its own that go up by one.
func produce(b *testing.B, producers int, appendOne func(i int) error) Side {
	return func(d time.Duration) float64 {
		var done atomic.Int64
		var wg sync.WaitGroup
		for p := range producers {
			wg.Go(func() {
				i := p
				Until(d, func() float64 {
					if err := appendOne(i); err != nil {
						b.Error(err)
					}
					i++
					return 1
				})
				done.Add(int64(i - p))
			})
		}
		wg.Wait()
		return float64(done.Load())
	}
}

// batchOf is the record batch that the node makes of rows.
func batchOf(tb testing.TB, rows []exec.WriteRow) []byte {
	var builder log.BatchBuilder
	for i := range rows {
		must(tb, builder.Append(log.Record{TimestampMillis: 1_700_000_000_000, Key: rows[i].Key, Value: rows[i].Value}))
	}
	return builder.Build()
}

// bareLogBytes is how long the bare file becomes before it begins anew; the files of the write-ahead log are as long.
const bareLogBytes = 64 << 20

// bareLog is the least that a log with group commit does: who comes while another one syncs is in the next write.
type bareLog struct {
	f  vfs.File
	at int64

	mu    sync.Mutex
	group *bareGroup // that takes bytes
	spare []byte     // memory of the group that was stored last
}

// bareGroup is what one write stores. The first who comes to it writes, when the group before is stored.
type bareGroup struct {
	b      []byte
	before chan struct{} // closed when the group before is stored
	stored chan struct{}
	err    error // set before stored is closed
}

func newBareLog(b *testing.B) *bareLog {
	f, err := vfs.OS.Create(filepath.Join(b.TempDir(), "bare"))
	must(b, err)
	must(b, f.Allocate(bareLogBytes))
	must(b, f.Sync())
	none := make(chan struct{})
	close(none)
	return &bareLog{f: f, group: &bareGroup{before: none, stored: make(chan struct{})}}
}

func (l *bareLog) append(b []byte) error {
	l.mu.Lock()
	g := l.group
	first := len(g.b) == 0
	g.b = append(g.b, b...)
	l.mu.Unlock()
	if first {
		<-g.before
		l.mu.Lock()
		l.group = &bareGroup{b: l.spare[:0], before: g.stored, stored: make(chan struct{})}
		l.spare = nil
		l.mu.Unlock()
		g.err = l.store(g.b)
		l.mu.Lock()
		l.spare = g.b
		l.mu.Unlock()
		close(g.stored)
	}
	<-g.stored
	return g.err
}

// store writes and syncs; a full file begins anew, with new blocks.
func (l *bareLog) store(b []byte) error {
	if l.at+int64(len(b)) > bareLogBytes {
		l.at = 0
		if err := l.f.Truncate(0); err != nil {
			return err
		}
		if err := l.f.Allocate(bareLogBytes); err != nil {
			return err
		}
	}
	if _, err := l.f.WriteAt(b, l.at); err != nil {
		return err
	}
	l.at += int64(len(b))
	return l.f.Sync()
}
