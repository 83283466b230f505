package session

import (
	"context"
	"errors"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
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
	stored   []types.Type  // of the relation's stored columns
	source   []int         // for each stored column the column of the data, or -1
	defaults []types.Datum // for the columns that the data lack
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
	w.tx = s.statementTx()
	if cp.target.Keyed() {
		reader, err := s.snapshot(ctx, []*catalog.Relation{cp.target}, Strong)
		if err != nil {
			w.tx.Abort()
			return nil, err
		}
		w.reader = reader
	}
	w.inserter = exec.NewInserter(cp.target, s.env(w.reader, nil, nil), w.tx)
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
		missing = missing || w.source[i] < 0 && col.Default != ""
	}
	w.defaults = make([]types.Datum, len(w.stored))
	for i := range w.defaults {
		w.defaults[i] = types.NullDatum
	}
	if !missing {
		return nil
	}
	return w.evaluateDefaults(ctx, cp)
}

// evaluateDefaults plans an INSERT of the given columns and takes what it gives the others.
func (w *CopyWriter) evaluateDefaults(ctx context.Context, cp *Copy) error {
	s := w.session
	insert := &ast.Insert{Table: ast.Name{Parts: []string{cp.target.Schema, cp.target.Name}}, Query: &ast.Select{}}
	row := make([]ast.Expr, len(cp.Columns))
	for i, f := range cp.Columns {
		insert.Columns = append(insert.Columns, ast.NamedPos{Word: f.Name})
		row[i] = &ast.Literal{Kind: ast.LitNull}
	}
	insert.Query.Values = [][]ast.Expr{row}
	c := &compiler{session: s, ctx: ctx, catalog: s.engine.Catalog()}
	p, err := planner.PlanInsert(insert, c.plannerEnv())
	if err != nil {
		return err
	}
	op, err := s.openQuery(ctx, p.Source, nil)
	if err != nil {
		return err
	}
	defer op.Close()
	b, err := op.Next(ctx)
	if err != nil {
		return err
	}
	w.defaults = b.Row(0)
	return nil
}

// Write inserts rows of the types that Copy.ColumnTypes gives. The batch may be used again after the call.
func (w *CopyWriter) Write(ctx context.Context, b *types.Batch) (err error) {
	defer w.session.recover(&err)
	out := &types.Batch{Len: b.Len, Cols: make([]*types.Vector, len(w.stored))}
	for i, from := range w.source {
		if from >= 0 {
			out.Cols[i] = b.Cols[from]
		} else {
			out.Cols[i] = types.ConstVector(w.stored[i], w.defaults[i], b.Len)
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
		err = commitTx(ctx, w.tx)
	}
	var conflict *exec.ConflictError
	if errors.As(err, &conflict) && conflict.Guard == exec.GuardAbsent {
		err = pgerr.New(pgerr.UniqueViolation, "duplicate key value violates unique constraint %q", w.portal.command.copy.target.PrimaryKeyName()).
			WithDetail("Another statement inserted the key while COPY ran.").WithCause(err)
	}
	if err != nil {
		return 0, userError(ctx, err)
	}
	return rows, w.portal.finish(countTag("COPY", rows))
}

// Abort gives up; nothing is written. It is harmless after Finish.
func (w *CopyWriter) Abort() {
	w.tx.Abort()
	closeReader(w.reader)
	w.reader = nil
}
