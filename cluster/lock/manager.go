package lock

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Bounds of what is kept.
const (
	// maxHeld bounds the locks of all transactions of a node together: about 200 bytes each.
	maxHeld = 4 << 20
	// escalateRows is how many rows of one partition a transaction locks one by one; beyond, it takes the whole partition if it
	// is alone there, and looks again after as many more.
	escalateRows = 16 << 10
)

// codeDeadlock is 40P01, which nobody else needs.
const codeDeadlock = "40P01"

// Manager holds the tables of a node's shards, and that of advisory locks, and finds deadlocks across them. Safe for
// concurrent use.
type Manager struct {
	shards   []*Table
	advisory *Table
	held     atomic.Int64
	lastTxn  atomic.Uint64

	mu      sync.Mutex // orders waits: of two that close a circle, one sees the other
	waiting map[*Owner]*waiter
	owners  map[*Owner]struct{} // that are not closed
}

// NewManager returns the locks of a node that leads so many shards; nothing is locked.
func NewManager(shards int) *Manager {
	m := &Manager{waiting: map[*Owner]*waiter{}, owners: map[*Owner]struct{}{}, shards: make([]*Table, shards)}
	for i := range m.shards {
		m.shards[i] = newTable(m)
	}
	m.advisory = newTable(m)
	return m
}

func errTooMany() error {
	return pgerr.New(pgerr.OutOfMemory, "out of shared memory").
		WithDetail("All transactions together can hold %d locks.", maxHeld).
		WithHint("Write fewer rows in a transaction, or end transactions that are open.")
}

// wait notes that w waits. Error: 40P01 if it would wait for itself; it is noted as waiting nevertheless until waited.
func (m *Manager) wait(w *waiter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting[w.owner] = w
	if circle := m.circle(w); circle != nil {
		return deadlock(circle)
	}
	return nil
}

// waited notes that an owner does not wait any more.
func (m *Manager) waited(o *Owner) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.waiting, o)
}

// circle returns those that w waits for, one for the next, and the last one for w's owner; nil if there is no such circle.
//
// What it sees does not stand still: locks are granted meanwhile. But nobody begins to wait while it looks, and who waits
// releases nothing. So if each in a circle waits when it is looked at, all waited from the beginning to the end of the look.
func (m *Manager) circle(w *waiter) []*waiter {
	seen := map[*Owner]bool{}
	var path []*waiter
	var search func(at *waiter) bool
	search = func(at *waiter) bool {
		path = append(path, at)
		for _, o := range at.blockers() {
			if o == w.owner {
				return true
			}
			next := m.waiting[o]
			if next == nil || seen[o] {
				continue
			}
			seen[o] = true
			if search(next) {
				return true
			}
		}
		path = path[:len(path)-1]
		return false
	}
	if !search(w) {
		return nil
	}
	return path
}

// deadlock tells of a circle in PostgreSQL's words.
func deadlock(circle []*waiter) error {
	lines := make([]string, len(circle))
	for i, w := range circle {
		next := circle[(i+1)%len(circle)].owner
		lines[i] = fmt.Sprintf("Process %d waits for %s; blocked by process %d.", w.owner.pid, w.describe(next), next.pid)
	}
	return pgerr.New(codeDeadlock, "deadlock detected").WithDetail("%s", strings.Join(lines, "\n")).
		WithHint("See server log for query details.")
}

// describe names what w waits for, of which next has it.
func (w *waiter) describe(next *Owner) string {
	if w.table == w.table.manager.advisory {
		return fmt.Sprintf("%s on advisory lock %s", advisoryMode(w.mode), advisoryName(w.lock.id))
	}
	return fmt.Sprintf("ShareLock on transaction %d", next.txn.Load())
}

// table returns the table of a shard.
func (m *Manager) table(id catalog.ShardID) *Table { return m.shards[id] }

// Held returns how many locks are held.
func (m *Manager) Held() int64 { return m.held.Load() }
