package lock

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

func partition(n uint32) catalog.PartitionID { return catalog.PartitionID{Partition: n} }

// lockRow locks a row of partition 0 and returns the SQLSTATE of the failure, "" for none.
func lockRow(t *testing.T, o *Owner, key string, mode exec.LockMode) string {
	t.Helper()
	_, err := o.Lock(t.Context(), 0, partition(0), []byte(key), mode, exec.LockWaits, 0)
	return pgerr.Code(err)
}

// try says whether a lock can be had at once; it keeps it.
func try(t *testing.T, o *Owner, key string, mode exec.LockMode) bool {
	t.Helper()
	_, err := o.Lock(t.Context(), 0, partition(0), []byte(key), mode, exec.LockNoWait, 0)
	if err != nil && !errors.Is(err, exec.ErrLockNotAvailable) {
		t.Fatal(err)
	}
	return err == nil
}

// checkEmpty checks that nothing is left of locks that were all released.
func checkEmpty(t *testing.T, m *Manager) {
	t.Helper()
	for _, table := range append(m.shards, m.advisory) {
		if len(table.locks) > 0 || len(table.whole) > 0 {
			t.Errorf("left: %d locks, %d partitions", len(table.locks), len(table.whole))
		}
		for p, n := range table.rows {
			if table != m.advisory && n != 0 {
				t.Errorf("partition %v counts %d rows", p, n)
			}
		}
	}
	if n := m.Held(); n != 0 || len(m.waiting) > 0 {
		t.Errorf("%d locks are counted, %d wait", n, len(m.waiting))
	}
}

// TestModes shows which modes are compatible: PostgreSQL's table 13.3, and inserts, which wait for writers only.
func TestModes(t *testing.T) {
	modes := []exec.LockMode{exec.LockKeyShare, exec.LockShare, exec.LockNoKeyUpdate, exec.LockUpdate, exec.LockInsert, exec.LockChange, exec.LockRemove}
	compatible := []string{ // by the mode held, the modes that can be had beside it
		"1110110", // key share; it does not keep inserts and changes away
		"1100100",
		"1000100",
		"0000100",
		"1111000",
		"1000000",
		"0000000",
	}
	for i, held := range modes {
		for j, wanted := range modes {
			m := NewManager(1)
			a, b := m.NewOwner(1), m.NewOwner(2)
			if !try(t, a, "k", held) {
				t.Fatal("a free lock is not free")
			}
			if got := try(t, b, "k", wanted); got != (compatible[i][j] == '1') {
				t.Errorf("mode %d beside %d: %v", wanted, held, got)
			}
			a.Close()
			b.Close()
			checkEmpty(t, m)
		}
	}
}

// TestQueue shows that locks are given in the order in which they were asked for, that one who shares does not overtake
// one who waits, and that a holder who wants more does not queue behind those who wait for it.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(1)
		first := m.NewOwner(0)
		lockRow(t, first, "k", exec.LockShare)
		var order []uint32
		for pid, mode := range []exec.LockMode{exec.LockUpdate, exec.LockShare, exec.LockUpdate} {
			o := m.NewOwner(uint32(pid + 1))
			go func() {
				lockRow(t, o, "k", mode)
				order = append(order, o.pid)
				o.Close()
			}()
			synctest.Wait()
		}
		if try(t, m.NewOwner(9), "k", exec.LockShare) {
			t.Error("it overtook one who waits")
		}
		if code := lockRow(t, first, "k", exec.LockRemove); code != "" {
			t.Errorf("a holder who wants more got %s", code)
		}
		first.Close()
		synctest.Wait()
		if len(order) != 3 || order[0] != 1 || order[1] != 2 || order[2] != 3 {
			t.Errorf("they were served in the order %v", order)
		}
		checkEmpty(t, m)
	})
}

// TestDeadlock shows that the one who closes a circle fails, whatever its length, with a detail that names all, and that the
// others go on when it has released its locks.
func TestDeadlock(t *testing.T) {
	for _, n := range []int{2, 3, 7} {
		synctest.Test(t, func(t *testing.T) {
			m := NewManager(2)
			owners := make([]*Owner, n)
			for i := range owners {
				owners[i] = m.NewOwner(uint32(i + 1))
				mustLock(t, owners[i], i)
			}
			for i := range n - 1 {
				go func() {
					mustLock(t, owners[i], i+1)
					owners[i].Close()
				}()
				synctest.Wait()
			}
			_, err := owners[n-1].Lock(t.Context(), 0, partition(0), []byte{0}, exec.LockUpdate, exec.LockWaits, 0)
			var e *pgerr.Error
			if !errors.As(err, &e) || e.Code != codeDeadlock || strings.Count(e.Detail, "waits for ShareLock on transaction") != n {
				t.Fatalf("got %v, %+v", err, e)
			}
			owners[n-1].Close()
			synctest.Wait()
			checkEmpty(t, m)
		})
	}
}

// mustLock locks row i, on the shard i modulo 2.
func mustLock(t *testing.T, o *Owner, i int) {
	shard := catalog.ShardID(i % 2)
	if _, err := o.Lock(t.Context(), shard, partition(uint32(shard)), []byte{byte(i)}, exec.LockUpdate, exec.LockWaits, 0); err != nil {
		t.Error(err)
	}
}

// TestUpgradeDeadlock shows the circle of two who share a row and both want to write it.
func TestUpgradeDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(1)
		a, b := m.NewOwner(1), m.NewOwner(2)
		lockRow(t, a, "k", exec.LockShare)
		lockRow(t, b, "k", exec.LockShare)
		go func() { lockRow(t, a, "k", exec.LockUpdate) }()
		synctest.Wait()
		if code := lockRow(t, b, "k", exec.LockUpdate); code != codeDeadlock {
			t.Errorf("got %q", code)
		}
		b.Close()
		synctest.Wait()
		a.Close()
		checkEmpty(t, m)
	})
}

// TestAdvisoryDeadlock shows a circle through a row and an advisory lock.
func TestAdvisoryDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(1)
		a, b := m.NewOwner(1), m.NewOwner(2)
		lockRow(t, a, "k", exec.LockUpdate)
		advisory := expr.AdvisoryLock{Low: 7}
		if err := b.LockAdvisory(t.Context(), advisory, exec.LockWaits, 0); err != nil {
			t.Fatal(err)
		}
		go func() { lockRow(t, b, "k", exec.LockUpdate) }()
		synctest.Wait()
		err := a.LockAdvisory(t.Context(), advisory, exec.LockWaits, 0)
		var e *pgerr.Error
		if !errors.As(err, &e) || e.Code != codeDeadlock || !strings.Contains(e.Detail, "ExclusiveLock on advisory lock [1,0,7,1]") {
			t.Fatalf("got %v", err)
		}
		a.Close()
		synctest.Wait()
		b.Close()
		checkEmpty(t, m)
	})
}

// TestGiveUp shows that whoever does not wait any longer, for a cancellation or for lock_timeout, leaves the queue, and that
// those behind it are served.
func TestGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(1)
		holder, impatient, behind := m.NewOwner(1), m.NewOwner(2), m.NewOwner(3)
		lockRow(t, holder, "k", exec.LockShare)
		ctx, cancel := context.WithCancel(t.Context())
		var ended error
		go func() {
			_, ended = impatient.Lock(ctx, 0, partition(0), []byte("k"), exec.LockUpdate, exec.LockWaits, 0)
		}()
		synctest.Wait()
		served := false
		go func() { served = lockRow(t, behind, "k", exec.LockShare) == "" }()
		synctest.Wait()
		if impatient.Waiting() != "transactionid" || served {
			t.Errorf("waiting: %q, served: %v", impatient.Waiting(), served)
		}
		cancel()
		synctest.Wait()
		if !errors.Is(ended, context.Canceled) || !served {
			t.Errorf("ended with %v, served: %v", ended, served)
		}
		_, err := impatient.Lock(t.Context(), 0, partition(0), []byte("k"), exec.LockUpdate, exec.LockWaits, time.Second)
		if pgerr.Code(err) != codeNotAvailable {
			t.Errorf("lock_timeout: %v", err)
		}
		holder.Close()
		behind.Close()
		impatient.Close()
		checkEmpty(t, m)
	})
}

// TestReleaseTo shows what going back to a savepoint releases, and that a mode that was added since goes while the one from
// before stays.
func TestReleaseTo(t *testing.T) {
	m := NewManager(1)
	a, b := m.NewOwner(1), m.NewOwner(2)
	lockRow(t, a, "before", exec.LockShare)
	mark := a.Mark()
	lockRow(t, a, "before", exec.LockRemove)
	lockRow(t, a, "since", exec.LockRemove)
	a.ReleaseTo(mark)
	if !try(t, b, "since", exec.LockRemove) || !try(t, b, "before", exec.LockShare) || try(t, b, "before", exec.LockRemove) {
		t.Error("what is locked is not what was locked at the mark")
	}
	a.Close()
	b.Close()
	checkEmpty(t, m)
}

// TestEscalation shows that a transaction with many rows of a partition takes all of it, unless somebody else is there, and
// that others then wait for its end.
func TestEscalation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewManager(1)
		big, other := m.NewOwner(1), m.NewOwner(2)
		many := func(from int) {
			for i := from; i < from+escalateRows; i++ {
				key := []byte{byte(i >> 16), byte(i >> 8), byte(i), 'k'}
				if _, err := big.Lock(t.Context(), 0, partition(0), key, exec.LockInsert, exec.LockWaits, 0); err != nil {
					t.Fatal(err)
				}
			}
		}
		lockRow(t, other, "x", exec.LockUpdate)
		many(0)
		if !try(t, other, "y", exec.LockUpdate) {
			t.Error("it took the partition although another one was there")
		}
		other.ReleaseTo(0)
		many(escalateRows)
		if try(t, other, "y", exec.LockUpdate) {
			t.Error("it did not take the partition")
		}
		before := m.Held()
		many(2 * escalateRows)
		if m.Held() != before {
			t.Error("it locks rows of a partition that it has")
		}
		got := ""
		go func() { got = lockRow(t, other, "y", exec.LockKeyShare) + "ok" }()
		synctest.Wait()
		if got != "" || other.Waiting() == "" {
			t.Errorf("the other one does not wait: %q", got)
		}
		big.Close()
		synctest.Wait()
		if got != "ok" {
			t.Errorf("the other one got %q", got)
		}
		other.Close()
		checkEmpty(t, m)
	})
}

// TestAdvisory shows how often, by whom and for how long advisory locks are held.
func TestAdvisory(t *testing.T) {
	m := NewManager(1)
	a, b := m.NewOwner(1), m.NewOwner(2)
	free := func(l expr.AdvisoryLock) bool {
		err := b.LockAdvisory(t.Context(), l, exec.LockNoWait, 0)
		if err == nil && !b.UnlockAdvisory(l) {
			t.Error("it does not have what it has taken")
		}
		return err == nil
	}
	take := func(l expr.AdvisoryLock) {
		if err := a.LockAdvisory(t.Context(), l, exec.LockWaits, 0); err != nil {
			t.Fatal(err)
		}
	}
	one, shared, pair := expr.AdvisoryLock{Low: 1}, expr.AdvisoryLock{Low: 1, Shared: true}, expr.AdvisoryLock{Low: 1, Pair: true}
	one2 := one
	one2.Transaction = true
	take(one)
	take(one)
	take(one2)
	if free(one) || free(shared) || !free(pair) {
		t.Error("after taking it three times")
	}
	if !a.UnlockAdvisory(one) || !a.UnlockAdvisory(one) || a.UnlockAdvisory(one) || free(one) {
		t.Error("two of the three were the session's")
	}
	a.ReleaseTo(0)
	if !free(one) {
		t.Error("the transaction has ended")
	}
	take(shared)
	take(one)
	if !free(pair) || free(shared) || !a.UnlockAdvisory(one) || !free(shared) || free(one) {
		t.Error("shared, and not")
	}
	a.UnlockAdvisoryAll()
	if !free(one) {
		t.Error("all were unlocked")
	}
	a.Close()
	b.Close()
	checkEmpty(t, m)
}

// TestMany has many owners lock rows of two shards in any order: two never have one at the same time, every circle ends, and
// in the end nothing is left.
func TestMany(t *testing.T) {
	const owners, rounds, rows = 16, 300, 6
	m := NewManager(2)
	var inside [rows]atomic.Int32
	var deadlocks atomic.Int64
	var wg sync.WaitGroup
	for pid := range owners {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(pid), 1))
			o := m.NewOwner(uint32(pid))
			for range rounds {
				transaction(t, o, r, &inside, &deadlocks)
			}
			o.Close()
		})
	}
	wg.Wait()
	checkEmpty(t, m)
	t.Logf("%d deadlocks", deadlocks.Load())
}

func transaction(t *testing.T, o *Owner, r *rand.Rand, inside *[6]atomic.Int32, deadlocks *atomic.Int64) {
	var mine []int
	have := map[int]bool{}
	for range 3 {
		i := r.IntN(len(inside))
		shard := catalog.ShardID(i % 2)
		_, err := o.Lock(t.Context(), shard, partition(uint32(shard)), []byte{byte(i)}, exec.LockUpdate, exec.LockWaits, 0)
		if err != nil {
			if pgerr.Code(err) != codeDeadlock {
				t.Error(err)
			}
			deadlocks.Add(1)
			break
		}
		if !have[i] {
			have[i] = true
			mine = append(mine, i)
			if inside[i].Add(1) != 1 {
				t.Errorf("row %d is locked by two", i)
			}
		}
	}
	for _, i := range mine {
		inside[i].Add(-1)
	}
	o.ReleaseTo(0)
}

// BenchmarkUncontended is what a row costs that nobody else wants: its lock, and its release at the end.
func BenchmarkUncontended(b *testing.B) {
	m := NewManager(1)
	o := m.NewOwner(1)
	defer o.Close()
	ctx, key := context.Background(), []byte("a key of some bytes")
	for b.Loop() {
		if _, err := o.Lock(ctx, 0, partition(0), key, exec.LockInsert, exec.LockWaits, 0); err != nil {
			b.Fatal(err)
		}
		o.ReleaseTo(0)
	}
}
