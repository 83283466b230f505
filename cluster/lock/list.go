package lock

import (
	"encoding/binary"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/sql/catalog"
)

// List says what is locked and waited for as pg_locks shows it: advisory locks, each transaction that has locked something, and
// of rows, as in PostgreSQL, only who waits for which transaction.
func (m *Manager) List() []catalog.Lock {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.advisory.list()
	for o := range m.owners {
		if txn := o.txn.Load(); txn != 0 {
			out = append(out, catalog.Lock{Type: "transactionid", PID: o.pid, Xid: uint32(txn), Mode: "ExclusiveLock", Granted: true})
		}
	}
	for o, w := range m.waiting {
		if w.table == m.advisory {
			continue
		}
		if blockers := w.blockers(); len(blockers) > 0 {
			out = append(out, catalog.Lock{Type: "transactionid", PID: o.pid, Xid: uint32(blockers[0].txn.Load()), Mode: "ShareLock"})
		}
	}
	return out
}

// list shows the locks of the table of advisory locks.
func (t *Table) list() (out []catalog.Lock) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.locks {
		b := []byte(l.id.key)
		shown := catalog.Lock{Type: "advisory", Class: binary.BigEndian.Uint32(b), Object: binary.BigEndian.Uint32(b[4:]), Sub: int(b[8])}
		for _, h := range l.holders {
			for _, mode := range []exec.LockMode{exec.LockShare, exec.LockUpdate} {
				if h.modes.has(mode) {
					shown.PID, shown.Mode, shown.Granted = h.owner.pid, advisoryMode(mode), true
					out = append(out, shown)
				}
			}
		}
		for _, w := range l.queue {
			shown.PID, shown.Mode, shown.Granted = w.owner.pid, advisoryMode(w.mode), false
			out = append(out, shown)
		}
	}
	return out
}
