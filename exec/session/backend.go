package session

import (
	"context"
	"errors"
	"strings"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/sql/pgerr"
)

// backend is what functions reach of the session and of others; it implements expr.Backend.
type backend struct{ *Session }

// LockAdvisory implements expr.Backend.
func (b backend) LockAdvisory(ctx context.Context, l expr.AdvisoryLock, try bool) (bool, error) {
	wait := exec.LockWaits
	if try {
		wait = exec.LockNoWait
	}
	err := b.locks.LockAdvisory(ctx, l, wait, b.settings.lockTimeout())
	if errors.Is(err, exec.ErrLockNotAvailable) {
		return false, nil
	}
	return err == nil, err
}

// UnlockAdvisory implements expr.Backend.
func (b backend) UnlockAdvisory(l expr.AdvisoryLock) bool {
	if b.locks.UnlockAdvisory(l) {
		return true
	}
	mode := "ExclusiveLock"
	if l.Shared {
		mode = "ShareLock"
	}
	b.warn(pgerr.Warning, "you don't own a lock of type %s", mode)
	return false
}

// UnlockAdvisoryAll implements expr.Backend.
func (b backend) UnlockAdvisoryAll() { b.locks.UnlockAdvisoryAll() }

// Signal implements expr.Backend. A session may be signalled by its own user and by a superuser.
func (b backend) Signal(pid int32, terminate bool) (bool, error) {
	cause, what := ErrCanceled, "query is being canceled"
	if terminate {
		cause, what = ErrShutdown, "process is being terminated"
	}
	for _, other := range b.peers() {
		if pid <= 0 || other.options.BackendPID != uint32(pid) {
			continue
		}
		if !b.sees(other) {
			return false, pgerr.New(pgerr.InsufficientPrivilege, "must be a member of the role whose %s or member of pg_signal_backend", what)
		}
		if b.options.Signal != nil && b.options.Signal(uint32(pid), cause) {
			return true, nil
		}
	}
	b.warn(pgerr.Warning, "PID %d is not a PostgreSQL backend process", pid)
	return false, nil
}

// SetConfig implements expr.Backend. Outside of a block a local value would end with the statement, and is only checked.
func (b backend) SetConfig(name, value string, local bool) (string, error) {
	values := []string{value}
	if value == "" && strings.EqualFold(name, "search_path") {
		values = []string{} // a list of none
	}
	switch isMode, err := b.setMode(name, values); {
	case err != nil:
		return "", err
	case isMode:
	case local && !b.inBlock():
		return b.settings.check(strings.ToLower(name), values)
	default:
		if err := b.settings.set(name, values, local); err != nil {
			return "", err
		}
	}
	got, _ := b.settings.get(name)
	return got, nil
}

var _ expr.Backend = backend{}

// Why an idle session's connection ends.
var (
	ErrIdleInTransaction = pgerr.New("25P03", "terminating connection due to idle-in-transaction timeout")
	ErrIdleSession       = pgerr.New("57P05", "terminating connection due to idle-session timeout")
)
