package exec

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/sql/catalog"
)

// LockMode is how a transaction locks a row ("PostgreSQL 15 docs 13.3.2"). Those that only lock and those that write are
// told apart, because an INSERT waits for whoever writes its key, not for whoever has locked the row that is there.
type LockMode uint8

// The modes of locks.
const (
	LockKeyShare    LockMode = iota // SELECT … FOR KEY SHARE
	LockShare                       // FOR SHARE
	LockNoKeyUpdate                 // FOR NO KEY UPDATE
	LockUpdate                      // FOR UPDATE
	LockInsert                      // a key that is inserted
	LockChange                      // UPDATE that leaves the key, ON CONFLICT DO UPDATE
	LockRemove                      // DELETE, UPDATE of the key
	LockModes       int      = iota
)

// LockWait says what is to be done when a lock cannot be had at once.
type LockWait uint8

// What to do about a lock that somebody else has.
const (
	LockWaits  LockWait = iota // wait until it is free
	LockNoWait                 // ErrLockNotAvailable: NOWAIT and SKIP LOCKED
)

// ErrLockNotAvailable is the answer under LockNoWait.
var ErrLockNotAvailable = errors.New("lock is not available")

// LockGrant tells how a lock was had.
type LockGrant struct {
	Waited bool // somebody else had it
	New    bool // the transaction did not have it in this mode
}

// RowLocks are the locks of one transaction. A lock keeps others from writing the row until the transaction ends; what makes a
// write correct are its guards. For one goroutine at a time.
type RowLocks interface {
	// Lock returns when the transaction has the row of rel with the key, in partition p. Errors: ErrLockNotAvailable;
	// *pgerr.Error: 40P01, 53200, 55P03; that of ctx.
	Lock(ctx context.Context, rel *catalog.Relation, p uint32, key []byte, mode LockMode, wait LockWait) (LockGrant, error)
	// Unlock gives back what Lock has just granted as New.
	Unlock(rel *catalog.Relation, p uint32, key []byte, mode LockMode)
}

// Locking is how a statement takes part in the locking of rows. The zero value: it does not, and its guards alone decide.
type Locking struct {
	Rows RowLocks
	// Latest returns a snapshot of now of a relation, with what the block wrote before the statement laid over it. What is
	// locked by the transaction does not change after it.
	Latest func(ctx context.Context, rel *catalog.Relation) (Reader, error)
	// Kept says that the writes are committed later, with others: they must be of the newest version of each row from the
	// beginning, as the statement will not be evaluated again.
	Kept bool
	// Frozen says that the snapshot is the transaction's, not the statement's: a row that has changed since is 40001.
	Frozen bool
}
