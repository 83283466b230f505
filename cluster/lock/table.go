package lock

import (
	"sync"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

// Table is the locks of one shard. It is asked by owners; nothing else but the search for deadlocks looks into several.
type Table struct {
	manager *Manager

	mu    sync.Mutex
	locks map[id]*lock
	rows  map[catalog.PartitionID]int // held, by all owners, in the partition
	whole map[catalog.PartitionID]*lock
}

func newTable(m *Manager) *Table {
	return &Table{manager: m, locks: map[id]*lock{}, rows: map[catalog.PartitionID]int{}, whole: map[catalog.PartitionID]*lock{}}
}

// try gives o the lock if it is free. If not it returns o's place in the queue; nil under LockNoWait.
func (t *Table) try(o *Owner, p catalog.PartitionID, key []byte, mode exec.LockMode, wait exec.LockWait) (l *lock, fresh bool, w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	whole := t.whole[p]
	switch {
	case whole == nil:
	case whole.of(o) >= 0:
		return whole, false, nil
	case wait == exec.LockNoWait:
		return nil, false, nil
	default:
		return nil, false, t.queueUp(&waiter{owner: o, lock: whole, mode: mode, probe: true})
	}
	l = t.locks[id{p, string(key)}]
	if l == nil {
		l = newLock(id{p, string(key)})
		t.locks[l.id] = l
	}
	switch {
	case l.free(o, mode):
		if fresh = l.add(o, mode); fresh {
			t.rows[p]++
		}
		return l, fresh, nil
	case wait == exec.LockNoWait:
		return nil, false, nil
	}
	return nil, false, t.queueUp(&waiter{owner: o, lock: l, mode: mode})
}

func (t *Table) queueUp(w *waiter) *waiter {
	w.table, w.granted = t, make(chan struct{})
	w.lock.enqueue(w)
	return w
}

// giveUp takes w out of its queue; false: it was granted meanwhile.
func (t *Table) giveUp(w *waiter) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.done {
		return false
	}
	w.lock.leave(w)
	t.serve(w.lock)
	return true
}

// release takes modes of l from o.
func (t *Table) release(o *Owner, l *lock, modes modeSet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := l.id.partition
	l.drop(o, modes)
	if t.whole[p] != l {
		t.rows[p]--
	}
	t.serve(l)
	if t.rows[p] == 0 {
		delete(t.rows, p)
	}
}

// serve gives a lock to those who wait for it, and forgets one that nobody has or waits for.
func (t *Table) serve(l *lock) {
	p := l.id.partition
	if n := l.grant(); n > 0 {
		t.rows[p] += n
	}
	switch {
	case t.whole[p] == l && len(l.holders) == 0:
		delete(t.whole, p)
	case l.idle() && t.locks[l.id] == l:
		delete(t.locks, l.id)
	}
}

// escalate gives o, which holds n rows of p, all of p, if nobody else holds or waits for one. It never waits, so it cannot be
// part of a deadlock. It returns nil if others are there.
func (t *Table) escalate(o *Owner, p catalog.PartitionID, n int) *lock {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows[p] > n || t.whole[p] != nil {
		return nil
	}
	l := newLock(id{partition: p})
	l.add(o, exec.LockRemove)
	t.whole[p] = l
	return l
}

// releaseKey is release by name.
func (t *Table) releaseKey(o *Owner, at id, modes modeSet) {
	t.mu.Lock()
	l := t.locks[at]
	t.mu.Unlock()
	if l != nil { // o has it, so it stays
		t.release(o, l, modes)
	}
}
