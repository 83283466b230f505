package cluster

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/exec/state"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/sql/catalog"
)

// account is a row as it was read: one account a partition.
type account struct {
	value  int
	offset log.Offset
}

// readAccounts reads all accounts in one snapshot.
func readAccounts(t testing.TB, n *Node, r *catalog.Relation) []account {
	t.Helper()
	s, err := n.Snapshot(background, []*catalog.Relation{r}, session.Strong, nil)
	must(t, err)
	defer s.Close()
	accounts := make([]account, r.Partitions())
	for p := range accounts {
		b, err := s.Rows(r.Partition(p)).Get(state.RowKey(r.Partition(p), []byte("a")))
		must(t, err)
		stored, err := state.DecodeRows(b)
		must(t, err)
		accounts[p].offset = stored.Offset
		accounts[p].value, err = strconv.Atoi(string(stored.Rows[0].Row))
		must(t, err)
	}
	return accounts
}

// transfer moves one from an account to another, as often as it takes.
func transfer(t testing.TB, n *Node, r *catalog.Relation, from, to int) (conflicts int) {
	t.Helper()
	for {
		a := readAccounts(t, n, r)
		err := write(n, r,
			put{from, "a", strconv.Itoa(a[from].value - 1), exec.GuardAtOffset, a[from].offset},
			put{to, "a", strconv.Itoa(a[to].value + 1), exec.GuardAtOffset, a[to].offset})
		var conflict *exec.ConflictError
		if !errors.As(err, &conflict) {
			must(t, err)
			return conflicts
		}
		conflicts++
	}
}

// TestTransfers moves amounts between accounts on four shards from many clients at once. No snapshot ever sees half a
// transfer, none is lost, and nobody waits for ever.
func TestTransfers(t *testing.T) {
	n := openNode(t, t.TempDir())
	r := createTable(t, n, "accounts")
	for p := range 4 {
		must(t, write(n, r, put{p: p, key: "a", value: "100"}))
	}
	var clients, readers sync.WaitGroup
	var done atomic.Bool
	var conflicts, snapshots atomic.Int64
	for c := range 6 {
		clients.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(c), 1))
			for range 25 {
				from := rng.IntN(4)
				conflicts.Add(int64(transfer(t, n, r, from, (from+1+rng.IntN(3))%4)))
			}
		})
	}
	for range 2 {
		readers.Go(func() {
			for !done.Load() {
				sum := 0
				for _, a := range readAccounts(t, n, r) {
					sum += a.value
				}
				snapshots.Add(1)
				if sum != 400 {
					t.Errorf("a snapshot sees %d in all", sum)
					return
				}
			}
		})
	}
	clients.Wait()
	done.Store(true)
	readers.Wait()
	total := log.Offset(0)
	for p := range 4 {
		end, err := n.EndOffset(r.Partition(p))
		must(t, err)
		total += end
	}
	if total != 4+2*6*25 {
		t.Errorf("%d records were written", total)
	}
	if conflicts.Load() == 0 || snapshots.Load() == 0 {
		t.Errorf("%d conflicts, %d snapshots: the test shows nothing", conflicts.Load(), snapshots.Load())
	}
}

// TestUnguardedWrites writes the same rows of several shards from many clients, each the shards in another order: they wait for
// each other's locks, in no circle, and each transaction's rows are the last together or not.
func TestUnguardedWrites(t *testing.T) {
	n := openNode(t, t.TempDir())
	r := createTable(t, n, "t")
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for i := range 10 {
				value := fmt.Sprintf("%d.%d", c, i)
				var puts []put
				for p := range 4 {
					puts = append(puts, put{p: (p + c) % 4, key: "k", value: value})
				}
				if err := write(n, r, puts...); err != nil {
					t.Errorf("client %d: %v", c, err)
				}
			}
		})
	}
	clients.Wait()
	rows := tableRows(t, n, r)
	for _, row := range rows {
		if row[1:] != rows[0][1:] {
			t.Fatalf("rows of several transactions: %v", rows)
		}
	}
}

// TestLockedByStaged shows that a writer waits for a transaction that has staged a row, and that readers do not.
func TestLockedByStaged(t *testing.T) {
	n := openNode(t, t.TempDir())
	r := createTable(t, n, "t")
	open := n.Begin().(*tx)
	big := make([]byte, stageBytes)
	ws := writesOf(r, put{p: 0, key: "k", value: "staged"})
	ws[0].Rows = append(ws[0].Rows, exec.WriteRow{Key: []byte("z"), Value: big})
	must(t, open.Write(background, ws))
	must(t, open.settle(background))
	if txns := n.shards[0].Prepared(); len(txns) != 1 || txns[0].Prepared {
		t.Fatalf("staged transactions: %+v", txns)
	}
	wantRows(t, n, r)
	waiting := make(chan error, 1)
	go func() { waiting <- write(n, r, put{p: 0, key: "k", value: "later"}) }()
	must(t, write(n, r, put{p: 0, key: "other", value: "1"}))
	select {
	case err := <-waiting:
		t.Fatalf("did not wait: %v", err)
	default:
	}
	must(t, open.Commit(background))
	must(t, <-waiting)
	got := tableRows(t, n, r)
	if len(got) != 3 || got[0] != "0/k=later" || got[1] != "0/other=1" {
		t.Errorf("rows: %.60v", got)
	}
}

// TestMendedCut shows that a cut is mended when one shard has a transaction and another one has not yet: the second step of
// the commit is held back until the first reader has seen that.
func TestMendedCut(t *testing.T) {
	var n *Node
	hold, held := make(chan struct{}), make(chan struct{})
	var once sync.Once
	n = openWith(t, Config{DataDir: t.TempDir(), step: func(step string) error {
		if step == "finish" {
			once.Do(func() {
				close(held)
				<-hold
			})
		}
		return nil
	}})
	r := createTable(t, n, "t")
	written := make(chan error, 1)
	go func() { written <- write(n, r, put{p: 0, key: "k", value: "1"}, put{p: 1, key: "k", value: "1"}) }()
	<-held // decided, and applied on shard 0
	read := make(chan []string, 1)
	go func() { read <- tableRows(t, n, r) }()
	select {
	case rows := <-read:
		t.Errorf("a reader has not waited: %v", rows)
	case <-n.shards[1].Resolved(n.shards[1].Prepared()[0].Txn):
		t.Errorf("the transaction was resolved too early")
	default:
	}
	close(hold)
	must(t, <-written)
	if rows := <-read; len(rows) != 2 {
		t.Errorf("a reader sees half of a transaction: %v", rows)
	}
}
