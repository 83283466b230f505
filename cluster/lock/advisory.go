package lock

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/sql/catalog"
)

// database is the OID of the only database, which PostgreSQL shows in the name of an advisory lock.
const database = 1

// advisoryKey is the name of a lock.
func advisoryKey(a expr.AdvisoryLock) string {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, a.High), a.Low)
	if a.Pair {
		return string(append(b, 2))
	}
	return string(append(b, 1))
}

// lockOf returns the lock with its mode.
func lockOf(a expr.AdvisoryLock) advisoryLock {
	l := advisoryLock{advisoryKey(a), exec.LockUpdate}
	if a.Shared {
		l.mode = exec.LockShare
	}
	return l
}

// advisoryLock is one that an owner has.
type advisoryLock struct {
	key  string
	mode exec.LockMode
}

// advisoryUse says how often an owner has one: the session, which must unlock it as often, and its transaction (0 or 1).
type advisoryUse struct{ session, transaction int }

// advisoryMode is PostgreSQL's name of the mode.
func advisoryMode(m exec.LockMode) string {
	if m == exec.LockShare {
		return "ShareLock"
	}
	return "ExclusiveLock"
}

func advisoryName(at id) string {
	b := []byte(at.key)
	return fmt.Sprintf("[%d,%d,%d,%d]", database, binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), b[8])
}

// LockAdvisory takes an advisory lock. Errors: those of Lock.
func (o *Owner) LockAdvisory(ctx context.Context, a expr.AdvisoryLock, wait exec.LockWait, timeout time.Duration) error {
	l := lockOf(a)
	use, have := o.advisory[l]
	if !have {
		if err := o.takeAdvisory(ctx, l, wait, timeout); err != nil {
			return err
		}
	}
	switch {
	case !a.Transaction:
		use.session++
	case use.transaction == 0:
		use.transaction = 1
		o.hold(held{o.m.advisory, newLock(id{key: l.key}), setOf(l.mode)})
	}
	if o.advisory == nil {
		o.advisory = map[advisoryLock]advisoryUse{}
	}
	o.advisory[l] = use
	return nil
}

// takeAdvisory takes a lock that the owner does not have in this mode.
func (o *Owner) takeAdvisory(ctx context.Context, l advisoryLock, wait exec.LockWait, timeout time.Duration) error {
	if o.m.held.Load() >= maxHeld {
		return errTooMany()
	}
	got, _, w := o.m.advisory.try(o, catalog.PartitionID{}, []byte(l.key), l.mode, wait)
	if w != nil {
		if err := o.await(ctx, w, timeout); err != nil {
			return err
		}
	} else if got == nil {
		return exec.ErrLockNotAvailable
	}
	o.m.held.Add(1)
	return nil
}

// UnlockAdvisory gives back what the session has taken once; false if it has not.
func (o *Owner) UnlockAdvisory(a expr.AdvisoryLock) bool {
	l := lockOf(a)
	if o.advisory[l].session == 0 {
		return false
	}
	o.dropAdvisory(l, advisoryUse{session: 1})
	return true
}

// UnlockAdvisoryAll gives back all that the session, not its transaction, has.
func (o *Owner) UnlockAdvisoryAll() {
	for l, use := range o.advisory {
		if use.session > 0 {
			o.dropAdvisory(l, advisoryUse{session: use.session})
		}
	}
}

// dropAdvisory takes n from what o has of l.
func (o *Owner) dropAdvisory(l advisoryLock, n advisoryUse) {
	use := o.advisory[l]
	use.session -= n.session
	use.transaction -= n.transaction
	if use != (advisoryUse{}) {
		o.advisory[l] = use
		return
	}
	delete(o.advisory, l)
	o.m.held.Add(-1)
	o.m.advisory.releaseKey(o, id{key: l.key}, setOf(l.mode))
}
