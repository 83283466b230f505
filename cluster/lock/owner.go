package lock

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// codeNotAvailable is 55P03, which nobody else needs.
const codeNotAvailable = "55P03"

// Owner is a session as it locks: its transaction, and what it locks beyond that. For one goroutine at a time; others look at
// it as holder and waiter.
type Owner struct {
	m   *Manager
	pid uint32
	txn atomic.Uint64 // a number of the transaction, from its first lock on; 0: it has none

	held     []held // by the transaction, in order
	advisory map[advisoryLock]advisoryUse
}

// held is what one call of Lock added.
type held struct {
	table *Table
	lock  *lock
	modes modeSet
}

// NewOwner returns the owner for a session, with the number that clients know it by. It must be closed.
func (m *Manager) NewOwner(pid uint32) *Owner {
	o := &Owner{m: m, pid: pid}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owners[o] = struct{}{}
	return o
}

// Lock locks the row of p, on its shard, with the key. It waits while others have it; timeout bounds the wait if it is not 0.
// Errors: exec.ErrLockNotAvailable; 40P01, 53200, 55P03; that of ctx.
func (o *Owner) Lock(ctx context.Context, shard catalog.ShardID, p catalog.PartitionID, key []byte, mode exec.LockMode, wait exec.LockWait, timeout time.Duration) (exec.LockGrant, error) {
	return o.lock(ctx, o.m.table(shard), p, key, mode, wait, timeout)
}

func (o *Owner) lock(ctx context.Context, t *Table, p catalog.PartitionID, key []byte, mode exec.LockMode, wait exec.LockWait, timeout time.Duration) (g exec.LockGrant, err error) {
	if o.m.held.Load() >= maxHeld {
		return g, errTooMany()
	}
	if o.txn.Load() == 0 {
		o.txn.Store(o.m.lastTxn.Add(1))
	}
	for {
		l, fresh, w := t.try(o, p, key, mode, wait)
		if w != nil {
			g.Waited = true
			if err := o.await(ctx, w, timeout); err != nil {
				return g, err
			}
			if w.probe {
				continue
			}
			l, fresh = w.lock, w.fresh
		}
		if l == nil {
			return g, exec.ErrLockNotAvailable
		}
		if fresh {
			g.New = true
			o.hold(held{t, l, setOf(mode)})
		}
		return g, nil
	}
}

// hold notes a lock as held, and takes whole partitions instead of ever more rows.
func (o *Owner) hold(h held) {
	o.held = append(o.held, h)
	o.m.held.Add(1)
	if len(o.held)%escalateRows == 0 {
		o.escalate()
	}
}

func (o *Owner) escalate() {
	type place struct {
		t *Table
		p catalog.PartitionID
	}
	rows := map[place]int{}
	for _, h := range o.held {
		if h.table != o.m.advisory {
			rows[place{h.table, h.lock.id.partition}]++
		}
	}
	for at, n := range rows {
		if n < escalateRows/8 {
			continue // few of those many are here
		}
		if l := at.t.escalate(o, at.p, n); l != nil {
			o.held = append(o.held, held{at.t, l, setOf(exec.LockRemove)})
			o.m.held.Add(1)
		}
	}
}

// await waits until w is granted.
func (o *Owner) await(ctx context.Context, w *waiter, timeout time.Duration) error {
	defer o.m.waited(o)
	err := o.m.wait(w)
	if err == nil {
		err = w.await(ctx, timeout)
	}
	if err != nil && !w.table.giveUp(w) {
		return nil // granted at the last moment
	}
	return err
}

func (w *waiter) await(ctx context.Context, timeout time.Duration) error {
	var late <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-late:
		return pgerr.New(codeNotAvailable, "canceling statement due to lock timeout")
	}
}

// Unlock gives back a lock that Lock has just granted as new.
func (o *Owner) Unlock(shard catalog.ShardID, p catalog.PartitionID, key []byte, mode exec.LockMode) {
	t := o.m.table(shard)
	for i := len(o.held) - 1; i >= 0; i-- {
		h := o.held[i]
		if h.table == t && h.modes.has(mode) && h.lock.id.partition == p && h.lock.id.key == string(key) {
			o.held = append(o.held[:i], o.held[i+1:]...)
			o.release(h)
			return
		}
	}
}

// Mark is a point in what the transaction has locked, for ReleaseTo.
func (o *Owner) Mark() int { return len(o.held) }

// ReleaseTo releases what the transaction has locked since Mark; 0 is its beginning, and so its end.
func (o *Owner) ReleaseTo(mark int) {
	for i := len(o.held) - 1; i >= mark; i-- {
		o.release(o.held[i])
	}
	clear(o.held[mark:])
	o.held = o.held[:mark]
	if mark == 0 {
		if cap(o.held) > escalateRows {
			o.held = nil
		}
		o.txn.Store(0)
	}
}

func (o *Owner) release(h held) {
	o.m.held.Add(-1)
	if h.table == o.m.advisory {
		o.dropAdvisory(advisoryLock{h.lock.id.key, h.modes.strongest()}, advisoryUse{transaction: 1})
		return
	}
	h.table.release(o, h.lock, h.modes)
}

// Close releases everything.
func (o *Owner) Close() {
	o.ReleaseTo(0)
	o.UnlockAdvisoryAll()
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	delete(o.m.owners, o)
}

// Transaction is the number of the transaction, 0 if it has locked nothing. Any goroutine may ask.
func (o *Owner) Transaction() uint32 { return uint32(o.txn.Load()) }

// Waiting names the kind of lock that the owner waits for, in PostgreSQL's words; "" if it does not wait. Any goroutine may ask.
func (o *Owner) Waiting() string {
	o.m.mu.Lock()
	defer o.m.mu.Unlock()
	w := o.m.waiting[o]
	switch {
	case w == nil || w.isDone():
		return ""
	case w.table == o.m.advisory:
		return "advisory"
	}
	return "transactionid"
}
