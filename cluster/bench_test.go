package cluster

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
)

func benchNode(b *testing.B) (*Node, *catalog.Relation) {
	n := openNode(b, b.TempDir())
	return n, createTable(b, n, "t")
}

var lastKey atomic.Int64

func nextPut(value string) put {
	i := lastKey.Add(1)
	return put{p: int(i % 4), key: fmt.Sprintf("%016d", i), value: value, guard: exec.GuardAbsent}
}

// BenchmarkInsert writes 200-byte rows, one a transaction.
func BenchmarkInsert(b *testing.B) {
	value := string(make([]byte, 200))
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			n, r := benchNode(b)
			b.SetParallelism(max(1, clients/2))
			if clients == 1 {
				for b.Loop() {
					must(b, write(n, r, nextPut(value)))
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					must(b, write(n, r, nextPut(value)))
				}
			})
		})
	}
}

// BenchmarkInsertFourShards writes four rows of four shards in a transaction.
func BenchmarkInsertFourShards(b *testing.B) {
	n, r := benchNode(b)
	for b.Loop() {
		must(b, write(n, r, nextPut("v"), nextPut("v"), nextPut("v"), nextPut("v")))
	}
}

// BenchmarkLoad writes 10,000 rows of 100 bytes in a transaction; an op is a row.
func BenchmarkLoad(b *testing.B) {
	value := string(make([]byte, 100))
	for _, table := range []bool{true, false} {
		b.Run(fmt.Sprintf("table=%v", table), func(b *testing.B) {
			n, r := benchNode(b)
			for i := 0; i < b.N; {
				tx := n.Begin()
				for range min(10, (b.N-i+999)/1000) {
					must(b, tx.Write(background, benchRows(r, table, value)))
					i += 1000
				}
				must(b, tx.Commit(background))
			}
		})
	}
}

// benchRows makes 1,000 rows.
func benchRows(r *catalog.Relation, table bool, value string) []exec.PartitionWrite {
	ws := make([]exec.PartitionWrite, 4)
	for p := range ws {
		ws[p] = exec.PartitionWrite{Partition: r.Partition(p), Table: table}
		for range 250 {
			row := exec.WriteRow{Key: fmt.Appendf(nil, "%016d", rand.Int64()), Value: []byte(value)}
			if table {
				row.Guard = exec.GuardAbsent
			}
			ws[p].Rows = append(ws[p].Rows, row)
		}
	}
	return ws
}

// BenchmarkSnapshot takes and closes a snapshot of four shards.
func BenchmarkSnapshot(b *testing.B) {
	n, r := benchNode(b)
	for b.Loop() {
		s, err := n.Snapshot(background, []*catalog.Relation{r}, session.Strong, nil)
		must(b, err)
		s.Close()
	}
}

// BenchmarkStrongRead writes a row and waits until a view over an exchange has it.
func BenchmarkStrongRead(b *testing.B) {
	n := openNode(b, b.TempDir())
	base := createBase(b, n, "base")
	view := createView(b, n, "view", base, plan.TopologyVersion)
	for b.Loop() {
		i := lastKey.Add(1)
		insert(b, n, base, [2]int64{i, i})
		s, err := n.Snapshot(background, []*catalog.Relation{view}, session.Strong, nil)
		must(b, err)
		s.Close()
	}
}
