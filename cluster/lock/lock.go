// Package lock keeps the locks of transactions in memory: of rows, where their shard is led, and advisory ones. Locks make
// transactions wait for each other instead of failing. They are not what makes a write correct: that are the guards in its
// entry, and locks vanish with the leader. DESIGN.md has the rules.
package lock

import (
	"math/bits"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

// modeSet is a set of modes.
type modeSet uint8

func setOf(modes ...exec.LockMode) (s modeSet) {
	for _, m := range modes {
		s |= 1 << m
	}
	return s
}

func (s modeSet) has(m exec.LockMode) bool { return s&(1<<m) != 0 }

// strongest is the mode that is the last in the order of modes.
func (s modeSet) strongest() exec.LockMode { return exec.LockMode(bits.Len8(uint8(s)) - 1) }

// conflicts says for each mode which modes of others it has to wait for ("PostgreSQL 15 docs, table 13.3"); an insert waits
// for whoever writes.
var conflicts = [exec.LockModes]modeSet{
	exec.LockKeyShare:    setOf(exec.LockUpdate, exec.LockRemove),
	exec.LockShare:       setOf(exec.LockNoKeyUpdate, exec.LockUpdate, exec.LockChange, exec.LockRemove),
	exec.LockNoKeyUpdate: setOf(exec.LockShare, exec.LockNoKeyUpdate, exec.LockUpdate, exec.LockChange, exec.LockRemove),
	exec.LockUpdate:      setOf(exec.LockKeyShare, exec.LockShare, exec.LockNoKeyUpdate, exec.LockUpdate, exec.LockChange, exec.LockRemove),
	exec.LockInsert:      setOf(exec.LockInsert, exec.LockChange, exec.LockRemove),
	exec.LockChange:      setOf(exec.LockShare, exec.LockNoKeyUpdate, exec.LockUpdate, exec.LockInsert, exec.LockChange, exec.LockRemove),
	exec.LockRemove:      setOf(exec.LockKeyShare, exec.LockShare, exec.LockNoKeyUpdate, exec.LockUpdate, exec.LockInsert, exec.LockChange, exec.LockRemove),
}

// id names what is locked: a row, or an advisory lock.
type id struct {
	partition catalog.PartitionID
	key       string
}

// lock is one thing that is locked or waited for. It belongs to its table's mutex.
type lock struct {
	id      id
	holders []holder
	queue   []*waiter // in the order in which they are served
	first   [1]holder // memory of holders: mostly there is one
}

type holder struct {
	owner *Owner
	modes modeSet
}

// waiter is an owner that waits for a lock.
type waiter struct {
	owner *Owner
	table *Table
	lock  *lock
	mode  exec.LockMode
	probe bool // it wants to know when it would be granted, not to have it
	// granted is closed under the table's mutex, done and fresh (it did not have it) set before.
	granted     chan struct{}
	done, fresh bool
}

func newLock(at id) *lock {
	l := &lock{id: at}
	l.holders = l.first[:0]
	return l
}

func (l *lock) idle() bool { return len(l.holders) == 0 && len(l.queue) == 0 }

// of returns the place of an owner among the holders, -1 if it is none.
func (l *lock) of(o *Owner) int {
	return slices.IndexFunc(l.holders, func(h holder) bool { return h.owner == o })
}

// heldAgainst reports whether another holder stands in the way of o.
func (l *lock) heldAgainst(o *Owner, mode exec.LockMode) bool {
	for _, h := range l.holders {
		if h.owner != o && h.modes&conflicts[mode] != 0 {
			return true
		}
	}
	return false
}

// queuedAgainst reports whether one of queue, of another owner, is to be served before.
func queuedAgainst(queue []*waiter, o *Owner, mode exec.LockMode) bool {
	for _, w := range queue {
		if w.owner != o && conflicts[mode].has(w.mode) {
			return true
		}
	}
	return false
}

// free reports whether o can have the lock at once. Whoever has it already does not queue: those in the queue may wait for
// it.
func (l *lock) free(o *Owner, mode exec.LockMode) bool {
	return !l.heldAgainst(o, mode) && (l.of(o) >= 0 || !queuedAgainst(l.queue, o, mode))
}

// add gives o the lock and reports whether it did not have it in this mode.
func (l *lock) add(o *Owner, mode exec.LockMode) bool {
	i := l.of(o)
	if i < 0 {
		l.holders = append(l.holders, holder{owner: o, modes: setOf(mode)})
		return true
	}
	fresh := !l.holders[i].modes.has(mode)
	l.holders[i].modes |= setOf(mode)
	return fresh
}

// drop takes modes from o.
func (l *lock) drop(o *Owner, modes modeSet) {
	i := l.of(o)
	if i < 0 {
		return
	}
	if l.holders[i].modes &^= modes; l.holders[i].modes == 0 {
		l.holders = slices.Delete(l.holders, i, i+1)
	}
}

// enqueue adds w: at the end, or in front if it holds the lock already in another mode.
func (l *lock) enqueue(w *waiter) {
	if l.of(w.owner) >= 0 {
		l.queue = slices.Insert(l.queue, 0, w)
		return
	}
	l.queue = append(l.queue, w)
}

// leave takes w out of the queue.
func (l *lock) leave(w *waiter) {
	if i := slices.Index(l.queue, w); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	}
}

// grant serves those in the queue that nothing stands in the way of, and returns how many have it now that had it not.
func (l *lock) grant() (fresh int) {
	for i := 0; i < len(l.queue); {
		w := l.queue[i]
		if l.heldAgainst(w.owner, w.mode) || queuedAgainst(l.queue[:i], w.owner, w.mode) {
			i++
			continue
		}
		l.queue = slices.Delete(l.queue, i, i+1)
		if !w.probe && l.add(w.owner, w.mode) {
			w.fresh = true
			fresh++
		}
		w.done = true
		close(w.granted)
	}
	return fresh
}

// blockers returns those that w waits for: holders, then who is before it in the queue.
func (w *waiter) blockers() (owners []*Owner) {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	if w.done {
		return nil
	}
	for _, h := range w.lock.holders {
		if h.owner != w.owner && h.modes&conflicts[w.mode] != 0 {
			owners = append(owners, h.owner)
		}
	}
	for _, before := range w.lock.queue {
		if before == w {
			break
		}
		if before.owner != w.owner && conflicts[w.mode].has(before.mode) {
			owners = append(owners, before.owner)
		}
	}
	return owners
}

// isDone reports whether w has been granted.
func (w *waiter) isDone() bool {
	w.table.mu.Lock()
	defer w.table.mu.Unlock()
	return w.done
}
