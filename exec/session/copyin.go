package session

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// CopyWriter takes the rows of one COPY FROM: one atomic statement, or a part of the block's. It must be finished or
// aborted.
type CopyWriter struct {
	session  *Session
	portal   *Portal
	tx       exec.Tx
	reader   exec.Reader
	inserter *exec.Inserter
	stored   []types.Type // of the relation's stored columns
	source   []int        // for each stored column the column of the data, or -1
	defaults []*plan.Expr // of the columns that the data lack, by stored column; evaluated for each row
	env      *exec.Env    // in which they are
	own      bool         // the block is of this statement
	refs     *exec.References
}

// StartCopy begins the portal's COPY FROM.
func (p *Portal) StartCopy(ctx context.Context) (_ *CopyWriter, err error) {
	s := p.session
	defer s.recover(&err)
	if s.failed() {
		return nil, errFailedBlock()
	}
	if err := s.writable("COPY FROM"); err != nil {
		return nil, err
	}
	p.started = true
	w, err := s.openCopy(ctx, p)
	return w, userError(ctx, err)
}

func (s *Session) openCopy(ctx context.Context, p *Portal) (*CopyWriter, error) {
	cp := p.command.copy
	w := &CopyWriter{session: s, portal: p, stored: cp.target.Types()}
	if err := w.columns(ctx, cp); err != nil {
		return nil, err
	}
	if refersToItself(cp.target) {
		w.refs = new(exec.References)
		if w.own = s.block == nil; w.own {
			s.block = s.newBlock()
		}
	}
	w.tx = s.statementTx()
	if cp.target.Keyed() {
		reader, err := s.snapshot(ctx, withReferenced(s.catalog(), []*catalog.Relation{cp.target}, cp.target), Strong)
		if err != nil {
			w.Abort()
			return nil, err
		}
		w.reader = reader
	}
	w.env = s.env(w.reader, nil, nil)
	w.env.References = w.refs
	w.env.Locking = s.locking()
	w.inserter = exec.NewInserter(cp.target, w.env, w.tx)
	return w, nil
}

// columns finds where each stored column comes from: the data, or its default.
func (w *CopyWriter) columns(ctx context.Context, cp *Copy) error {
	w.source = make([]int, len(w.stored))
	missing := false
	for i, col := range cp.target.Columns {
		w.source[i] = -1
		for j, f := range cp.Columns {
			if f.Name == col.Name && !col.Hidden {
				w.source[i] = j
			}
		}
		missing = missing || w.source[i] < 0 && (col.Default != "" || col.Sequence != 0)
	}
	w.defaults = make([]*plan.Expr, len(w.stored))
	if !missing {
		return nil
	}
	return w.planDefaults(ctx, cp)
}

// planDefaults takes the defaults of the columns that the data lack.
func (w *CopyWriter) planDefaults(ctx context.Context, cp *Copy) error {
	c := &compiler{session: w.session, ctx: ctx, catalog: w.session.catalog()}
	all, err := planner.PlanDefaults(cp.target, c.plannerEnv())
	for i, x := range all {
		if w.source[i] < 0 {
			w.defaults[i] = x
		}
	}
	return err
}

// Write inserts rows of the types that Copy.ColumnTypes gives. The batch may be used again after the call.
func (w *CopyWriter) Write(ctx context.Context, b *types.Batch) (err error) {
	defer w.session.recover(&err)
	out := &types.Batch{Len: b.Len, Cols: make([]*types.Vector, len(w.stored))}
	for i, from := range w.source {
		switch {
		case from >= 0:
			out.Cols[i] = b.Cols[from]
		case w.defaults[i] == nil:
			out.Cols[i] = types.ConstVector(w.stored[i], types.NullDatum, b.Len)
		default:
			if out.Cols[i], err = w.env.Evaluate(ctx, w.defaults[i], b.Len); err != nil {
				return userError(ctx, err)
			}
		}
	}
	return userError(ctx, w.inserter.Add(ctx, out))
}

// Finish commits, and returns the number of rows. The data are gone by now, so that a conflict cannot be evaluated again:
// of a key that another statement has inserted meanwhile it is told as the violation that it is.
func (w *CopyWriter) Finish(ctx context.Context) (rows int64, err error) {
	defer w.session.recover(&err)
	defer w.Abort()
	if rows, err = w.inserter.Close(ctx); err == nil {
		err = w.commit(ctx)
	}
	var conflict *exec.ConflictError
	if errors.As(err, &conflict) && conflict.Guard == exec.GuardAbsent {
		err = pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint %q", w.constraintOf(conflict)).
			WithDetail("Another statement inserted the key while COPY ran.").WithCause(err)
	}
	if err != nil {
		return 0, userError(ctx, err)
	}
	return rows, w.portal.finish(countTag("COPY", rows))
}

func (w *CopyWriter) commit(ctx context.Context) error {
	err := commitTx(ctx, w.tx)
	if err == nil && w.refs != nil {
		err = w.session.settleReferences(ctx, w.refs, false)
	}
	if err == nil && w.own {
		err = w.session.flushBlock(ctx)
	}
	return err
}

// constraintOf names the key at which a row met another one.
func (w *CopyWriter) constraintOf(c *exec.ConflictError) string {
	target := w.portal.command.copy.target
	for _, x := range target.Indexes {
		if x.ID == c.Partition.Topic.Relation() {
			return x.Name
		}
	}
	return target.PrimaryKeyName()
}

// Abort gives up; nothing is written. It is harmless after Finish.
func (w *CopyWriter) Abort() {
	w.tx.Abort()
	closeReader(w.reader)
	w.reader = nil
	if w.own {
		w.session.block.thaw()
		w.session.block, w.own = nil, false
	}
	w.session.releaseStatement()
}
