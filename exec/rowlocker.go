package exec

import (
	"context"

	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// rowLocker locks rows of a relation, some at a time, and says in which snapshot they are as they stay:
//
//	lock, lock, … → settle → read → done
//
// A row may have changed between the statement's snapshot and its lock. If nobody was waited for that is left to the guards,
// which see it and have the statement evaluated again; in a block, which they would make fail, it is looked for.
type rowLocker struct {
	env    *Env
	rel    *catalog.Relation
	waited bool
	latest Reader
}

// needed reports whether rows are locked at all.
func (l *rowLocker) needed() bool { return l.env.Locking.Rows != nil }

// lock locks the row with the key. Errors: those of RowLocks.
func (l *rowLocker) lock(ctx context.Context, p uint32, key []byte, mode LockMode) (LockGrant, error) {
	if !l.needed() {
		return LockGrant{}, nil
	}
	g, err := l.env.Locking.Rows.Lock(ctx, l.rel, p, key, mode, LockWaits)
	l.waited = l.waited || g.Waited
	return g, err
}

// settle returns the snapshot in which the rows locked are as they stay until done, and whether it is another one than
// the statement's.
func (l *rowLocker) settle(ctx context.Context) (r Reader, newer bool, err error) {
	if !l.needed() || !l.waited && !l.env.Locking.Kept {
		return l.env.Reader, false, nil
	}
	l.waited = false
	if u, ok := l.env.Reader.(untaken); ok && u.Untaken() {
		return l.env.Reader, false, nil
	}
	l.latest, err = l.env.Locking.Latest(ctx, l.rel)
	return l.latest, true, err
}

// untaken is a Reader that takes its snapshot when it is first read, and can tell whether it has: if not, it is as new as any.
type untaken interface{ Untaken() bool }

// done frees the snapshot.
func (l *rowLocker) done() {
	if l.latest != nil {
		l.latest.Close()
		l.latest = nil
	}
}

// concurrentUpdate is 40001 for a row that somebody has changed since the transaction's snapshot.
func concurrentUpdate(what string) error {
	return pgerr.New(pgerr.SerializationFailure, "could not serialize access due to concurrent %s", what)
}

// unfrozen refuses a row that is not in the transaction's snapshot as it is now, if it is the transaction's.
func (l *rowLocker) unfrozen(key []byte, now storedRow) error {
	if !l.env.Locking.Frozen {
		return nil
	}
	seen, err := readRow(l.env.Reader, l.rel, key)
	switch {
	case err != nil:
		return err
	case seen.row == nil && now.row == nil, seen.row != nil && now.row != nil && seen.offset == now.offset:
		return nil
	case now.row == nil:
		return concurrentUpdate("delete")
	}
	return concurrentUpdate("update")
}

// pinnedRow is a row that a scan gives instead of all of its relation's: one that was locked and has changed.
type pinnedRow struct{ row []byte }

// reevaluate runs the plan as if of the marked scan's relation there was only the row, as it is now; everything else is as in
// the statement's snapshot. It returns the first row of the result, nil if there is none: what PostgreSQL calls EvalPlanQual.
func (e *Env) reevaluate(ctx context.Context, root plan.Node, rows map[int]pinnedRow) (*types.Batch, error) {
	env := *e
	env.pinned = rows
	op, err := Build(root, &env)
	if err != nil {
		return nil, err
	}
	defer op.Close()
	b, err := op.Next(ctx)
	if err != nil || b == nil {
		return nil, err
	}
	return b.Slice(0, 1), nil
}

// pinnedScan gives one row.
type pinnedScan struct {
	rows *rowReader
	row  []byte // nil: it was given
}

func (s *pinnedScan) Next(context.Context) (*types.Batch, error) {
	if s.row == nil {
		return nil, nil
	}
	b := s.rows.batch(1)
	if err := s.rows.add(b, s.row); err != nil {
		return nil, err
	}
	s.row = nil
	return s.rows.finish(b), nil
}

func (s *pinnedScan) Close() {}
