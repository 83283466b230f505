package expr

import (
	"context"
	"time"

	"github.com/millracedb/millrace/sql/pgerr"
)

// AdvisoryLock says which advisory lock is meant and how ("PostgreSQL 15 docs 13.3.5"). Pair tells the locks of two integers,
// High and Low, from those of a bigint.
type AdvisoryLock struct {
	High, Low   uint32
	Pair        bool
	Shared      bool
	Transaction bool // until its end, else until it is unlocked or the session ends
}

// Backend is what functions that reach beyond the statement need: the session's settings and advisory locks, and other sessions.
type Backend interface {
	// LockAdvisory takes a lock; with try it answers false instead of waiting.
	LockAdvisory(ctx context.Context, l AdvisoryLock, try bool) (bool, error)
	// UnlockAdvisory gives back what the session has taken once; false, and a warning, if it has not.
	UnlockAdvisory(l AdvisoryLock) bool
	UnlockAdvisoryAll()
	// Signal cancels the statement of a session, or ends the session; false, and a warning, if there is none. Error: 42501.
	Signal(pid int32, terminate bool) (bool, error)
	// SetConfig sets a setting of the session, with local of its transaction, and returns the value as SHOW tells it.
	SetConfig(name, value string, local bool) (string, error)
}

func init() {
	for _, args := range []string{"int8", "int4,int4"} {
		for _, shared := range []string{"", "_shared"} {
			lock := AdvisoryLock{Pair: args != "int8", Shared: shared != ""}
			registerAdvisory("pg_advisory_lock"+shared+"("+args+")", lock, false)
			registerAdvisory("pg_try_advisory_lock"+shared+"("+args+")", lock, true)
			register("pg_advisory_unlock"+shared+"("+args+")", rows(func(k *call, i int) error {
				b, err := k.backend()
				if err == nil {
					k.setBool(i, b.UnlockAdvisory(k.advisory(lock, i)))
				}
				return err
			}))
			lock.Transaction = true
			registerAdvisory("pg_advisory_xact_lock"+shared+"("+args+")", lock, false)
			registerAdvisory("pg_try_advisory_xact_lock"+shared+"("+args+")", lock, true)
		}
	}
	register("pg_advisory_unlock_all()", rows(func(k *call, _ int) error {
		b, err := k.backend()
		if err == nil {
			b.UnlockAdvisoryAll()
		}
		return err
	}))
	register("pg_cancel_backend(int4)", rows(func(k *call, i int) error { return k.signal(i, false) }))
	register("pg_terminate_backend(int4)", rows(func(k *call, i int) error { return k.signal(i, true) }))
	register("pg_sleep(float8)", rows(sleep))
}

// backend returns what reaches beyond the statement. Error: there is none here.
func (k *call) backend() (Backend, error) {
	if k.Backend == nil {
		return nil, pgerr.Unsupported("functions that set, lock or signal here are")
	}
	return k.Backend, nil
}

func (k *call) setBool(i int, v bool) {
	k.out.Int[i] = 0
	if v {
		k.out.Int[i] = 1
	}
}

// advisory returns lock with the name that the arguments give.
func (k *call) advisory(lock AdvisoryLock, i int) AdvisoryLock {
	if lock.Pair {
		lock.High, lock.Low = uint32(k.int(0, i)), uint32(k.int(1, i))
	} else {
		lock.High, lock.Low = uint32(uint64(k.int(0, i))>>32), uint32(k.int(0, i))
	}
	return lock
}

func registerAdvisory(id string, lock AdvisoryLock, try bool) {
	register(id, rows(func(k *call, i int) error {
		b, err := k.backend()
		if err != nil {
			return err
		}
		ok, err := b.LockAdvisory(k.interrupt(), k.advisory(lock, i), try)
		if try && err == nil {
			k.setBool(i, ok)
		}
		return err
	}))
}

func (k *call) signal(i int, terminate bool) error {
	b, err := k.backend()
	if err != nil {
		return err
	}
	ok, err := b.Signal(int32(k.int(0, i)), terminate)
	k.setBool(i, ok)
	return err
}

// interrupt ends when the statement is to end.
func (k *call) interrupt() context.Context {
	if k.Interrupt == nil {
		return context.Background()
	}
	return k.Interrupt
}

// sleep is pg_sleep(seconds).
func sleep(k *call, i int) error {
	return sleepFor(k, k.float(0, i))
}

func sleepFor(k *call, seconds float64) error {
	if !(seconds > 0) {
		return nil
	}
	const longest = 1e9 // 30 years
	timer := time.NewTimer(time.Duration(min(seconds, longest) * float64(time.Second)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-k.interrupt().Done():
		return k.interrupt().Err()
	}
}
