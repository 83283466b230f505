package cluster

import (
	"context"
	"time"

	"github.com/millracedb/millrace/cluster/lock"
	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/session"
	"github.com/millracedb/millrace/sql/catalog"
)

// sessionLocks sends what a session locks to the shards of the rows.
type sessionLocks struct {
	n *Node
	*lock.Owner
}

// NewLocks implements session.Engine.
func (n *Node) NewLocks(pid uint32) session.Locks { return sessionLocks{n, n.locks.NewOwner(pid)} }

// ListLocks implements session.Engine.
func (n *Node) ListLocks() []catalog.Lock { return n.locks.List() }

// Lock implements session.Locks.
func (l sessionLocks) Lock(ctx context.Context, rel *catalog.Relation, p uint32, key []byte, mode exec.LockMode, wait exec.LockWait, timeout time.Duration) (exec.LockGrant, error) {
	at := rel.Partition(int(p))
	id, err := place(rel, at, len(l.n.shards))
	if err != nil {
		return exec.LockGrant{}, err
	}
	return l.Owner.Lock(ctx, id, at, key, mode, wait, timeout)
}

// Unlock implements session.Locks.
func (l sessionLocks) Unlock(rel *catalog.Relation, p uint32, key []byte, mode exec.LockMode) {
	at := rel.Partition(int(p))
	if id, err := place(rel, at, len(l.n.shards)); err == nil {
		l.Owner.Unlock(id, at, key, mode)
	}
}
