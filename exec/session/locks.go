package session

import (
	"context"
	"errors"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// Locks are what one session locks. For one goroutine at a time.
type Locks interface {
	// Lock locks the row of rel with the key, in partition p, for the transaction. It waits while others have it; timeout
	// bounds the wait if it is not 0. Errors: exec.ErrLockNotAvailable; *pgerr.Error: 40P01, 53200, 55P03; that of ctx.
	Lock(ctx context.Context, rel *catalog.Relation, p uint32, key []byte, mode exec.LockMode, wait exec.LockWait, timeout time.Duration) (exec.LockGrant, error)
	// Unlock gives back what Lock has just granted as new.
	Unlock(rel *catalog.Relation, p uint32, key []byte, mode exec.LockMode)
	// Mark is a point in what the transaction has locked; ReleaseTo releases what came after. 0 is the beginning.
	Mark() int
	ReleaseTo(mark int)
	// LockAdvisory takes an advisory lock, for the session or its transaction. Errors: those of Lock.
	LockAdvisory(ctx context.Context, l expr.AdvisoryLock, wait exec.LockWait, timeout time.Duration) error
	// UnlockAdvisory gives back what the session has taken once; false if it has not. UnlockAdvisoryAll: all that it has.
	UnlockAdvisory(l expr.AdvisoryLock) bool
	UnlockAdvisoryAll()
	// Transaction is the number of the transaction, 0 if it has locked nothing. Waiting names what the session waits for, as
	// pg_stat_activity does; "" if it does not wait. Any goroutine may ask.
	Transaction() uint32
	Waiting() string
	// Close releases all.
	Close()
}

const (
	codeDeadlock = "40P01"
	// maxDeadlockRetries is how often a statement outside a block that would close a circle gives up its locks and begins anew.
	// If the circle is still there it goes through what the session has locked beyond the statement.
	maxDeadlockRetries = 8
)

// rowLocks lock rows for the statement at work.
type rowLocks struct {
	session *Session
	timeout time.Duration // of each wait
}

// Lock implements exec.RowLocks.
func (l rowLocks) Lock(ctx context.Context, rel *catalog.Relation, p uint32, key []byte, mode exec.LockMode, wait exec.LockWait) (exec.LockGrant, error) {
	return l.session.locks.Lock(ctx, rel, p, key, mode, wait, l.timeout)
}

// Unlock implements exec.RowLocks.
func (l rowLocks) Unlock(rel *catalog.Relation, p uint32, key []byte, mode exec.LockMode) {
	l.session.locks.Unlock(rel, p, key, mode)
}

// locking is how a statement that writes or locks rows takes part in the locking of rows.
func (s *Session) locking() exec.Locking {
	return exec.Locking{Rows: rowLocks{s, s.settings.lockTimeout()}, Latest: s.latest, Kept: s.block != nil, Frozen: s.frozen()}
}

// releaseStatement ends what a statement outside a block has locked.
func (s *Session) releaseStatement() {
	if s.block == nil {
		s.locks.ReleaseTo(0)
	}
}

func isDeadlock(err error) bool {
	var coded *pgerr.Error
	return errors.As(err, &coded) && coded.Code == codeDeadlock
}
