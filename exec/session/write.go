package session

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
	"github.com/millracedb/millrace/sql/types"
)

// A statement whose rows were changed by another is evaluated again, after a pause that doubles from the first to the
// longest and is cut at random: two that run into each other do not do so again.
const (
	firstRetryPause   = 200 * time.Microsecond
	longestRetryPause = 50 * time.Millisecond
	// maxUnavailable bounds how long a write waits for a shard that does not answer.
	maxUnavailable = 30 * time.Second
)

// dml is a planned INSERT, UPDATE or DELETE.
type dml struct {
	tag       string
	uncounted bool // the tag tells no number of rows
	// refers says that something may have to be done after it for foreign keys; only checked: nothing but that they hold.
	refers, checked bool
	relation        *catalog.Relation
	keysOnly        bool // only keys are looked up, in relation
	source          *plan.Query
	returning       []plan.Field
	run             runner
}

// write is INSERT, UPDATE and DELETE.
func (c *compiler) write(stmt ast.Statement) (*command, error) {
	return c.writer(func(c *compiler) (*dml, error) { return c.planWrite(stmt) })
}

// writer is a statement that plan plans, again if the catalog has changed when it runs.
func (c *compiler) writer(plan func(*compiler) (*dml, error)) (*command, error) {
	d, err := plan(c)
	if err != nil {
		return nil, err
	}
	s := c.session
	version := s.planVersion(c.catalog)
	return &command{class: classWrite, fields: d.returning, start: func(ctx context.Context, p *Portal) error {
		replan := func() (*dml, error) {
			if cat := s.catalog(); s.planVersion(cat) != version {
				again := &compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed, params: slices.Clone(c.params)}
				return plan(again)
			}
			return d, nil
		}
		count, rows, err := s.write(ctx, replan, p.params)
		if err != nil {
			return err
		}
		if p.tag = d.tag; !d.uncounted {
			p.tag = countTag(d.tag, count)
		}
		if rows == nil {
			return p.finish(p.tag)
		}
		p.op = &oneBatch{batch: rows}
		return nil
	}}, nil
}

func countTag(verb string, n int64) string { return verb + " " + strconv.FormatInt(n, 10) }

// planWrite plans a statement of DML.
func (c *compiler) planWrite(stmt ast.Statement) (*dml, error) {
	env := c.plannerEnv()
	d, err := planDML(stmt, env)
	if err != nil {
		return nil, err
	}
	c.note(env)
	return d, nil
}

func planDML(stmt ast.Statement, env *planner.Env) (*dml, error) {
	switch t := stmt.(type) {
	case *ast.Insert:
		p, err := planner.PlanInsert(t, env)
		if err != nil {
			return nil, err
		}
		refers := refersToItself(p.Relation) || p.OnConflictSet != nil && keyChanges(env.Catalog, p.Relation, nil)
		return &dml{tag: "INSERT 0", relation: p.Relation, refers: refers, keysOnly: p.KeysOnly, source: p.Source, returning: p.Fields,
			run: func(ctx context.Context, env *exec.Env, tx exec.Tx) (int64, *types.Batch, error) {
				return exec.RunInsert(ctx, p, env, tx)
			}}, nil
	case *ast.Update:
		p, err := planner.PlanUpdate(t, env)
		if err != nil {
			return nil, err
		}
		refers := refersToItself(p.Relation) || keyChanges(env.Catalog, p.Relation, p.Assigned)
		return &dml{tag: "UPDATE", relation: p.Relation, refers: refers, source: p.Input, returning: p.Fields, run: runUpdate(p)}, nil
	case *ast.Delete:
		p, err := planner.PlanDelete(t, env)
		if err != nil {
			return nil, err
		}
		refers := len(p.Relation.ReferencedBy) > 0
		return &dml{tag: "DELETE", relation: p.Relation, refers: refers, source: p.Input, returning: p.Fields, run: runDelete(p)}, nil
	}
	return nil, fmt.Errorf("BUG: %T is no DML", stmt)
}

// runner runs planned DML.
type runner func(ctx context.Context, env *exec.Env, tx exec.Tx) (int64, *types.Batch, error)

func runUpdate(p *plan.Update) runner {
	return func(ctx context.Context, env *exec.Env, tx exec.Tx) (int64, *types.Batch, error) {
		return exec.RunUpdate(ctx, p, env, tx)
	}
}

func runDelete(p *plan.Delete) runner {
	return func(ctx context.Context, env *exec.Env, tx exec.Tx) (int64, *types.Batch, error) {
		return exec.RunDelete(ctx, p, env, tx)
	}
}

// write runs DML: in a block it adds to the block's writes; else it is an atomic write of its own, evaluated again as
// long as somebody else was quicker.
func (s *Session) write(ctx context.Context, planned func() (*dml, error), params []types.Datum) (int64, *types.Batch, error) {
	if s.block != nil {
		return s.writeOnce(ctx, planned, params)
	}
	defer s.releaseStatement()
	deadlocks := 0
	for began, attempt := time.Now(), 0; ; attempt++ {
		count, rows, err := s.writeOnce(ctx, planned, params)
		switch {
		case err == nil:
			return count, rows, nil
		case isDeadlock(err) && deadlocks < maxDeadlockRetries:
			deadlocks++
			s.releaseStatement() // whoever waits for this one goes on
		case !mayRetry(err, time.Since(began)):
			return count, rows, err
		}
		if err := pause(ctx, attempt); err != nil {
			return 0, nil, err
		}
	}
}

// mayRetry says whether a write that failed so, wrote nothing and may well succeed when it is evaluated anew.
func mayRetry(err error, waited time.Duration) bool {
	var conflict *exec.ConflictError
	if errors.As(err, &conflict) || errors.Is(err, exec.ErrDropped) || errors.Is(err, catalog.ErrStale) {
		return true
	}
	return waited < maxUnavailable && (errors.Is(err, exec.ErrUnavailable) || errors.Is(err, exec.ErrFenced))
}

// pause waits before the next attempt, or returns why ctx ended.
func pause(ctx context.Context, attempt int) error {
	limit := longestRetryPause
	if attempt < 8 {
		limit = min(limit, firstRetryPause<<attempt)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(rand.Int64N(int64(limit)))):
		return nil
	}
}

func (s *Session) writeOnce(ctx context.Context, planned func() (*dml, error), params []types.Datum) (int64, *types.Batch, error) {
	d, err := planned()
	if err != nil {
		return 0, nil, err
	}
	if d.refers && s.block == nil {
		var count int64
		var rows *types.Batch
		err := s.alone(ctx, func() (err error) {
			count, rows, err = s.writePlanned(ctx, d, params)
			return err
		})
		return count, rows, err
	}
	return s.writePlanned(ctx, d, params)
}

// alone runs a statement in a block of its own.
func (s *Session) alone(ctx context.Context, do func() error) error {
	s.block = s.newBlock()
	defer func() {
		s.block.thaw()
		s.block = nil
	}()
	if err := do(); err != nil {
		return err
	}
	return s.flushBlock(ctx)
}

func (s *Session) writePlanned(ctx context.Context, d *dml, params []types.Datum) (int64, *types.Batch, error) {
	tx := s.statementTx()
	defer tx.Abort()
	var refs *exec.References
	if d.refers {
		refs = new(exec.References)
	}
	count, rows, err := s.evaluate(ctx, d, params, tx, refs)
	if err != nil {
		return 0, nil, err
	}
	if err := commitTx(ctx, tx); err != nil || refs == nil {
		return count, rows, err
	}
	return count, rows, s.settleReferences(ctx, refs, d.checked)
}

// commitTx commits without heed to a cancellation: it takes moments, and an outcome cut off could not be known.
func commitTx(ctx context.Context, tx exec.Tx) error { return tx.Commit(context.WithoutCancel(ctx)) }

// evaluate runs DML against a new snapshot, with its writes going to tx.
func (s *Session) evaluate(ctx context.Context, d *dml, params []types.Datum, tx exec.Tx, refs *exec.References) (int64, *types.Batch, error) {
	if err := s.writable(d.tag); err != nil {
		return 0, nil, err
	}
	reader, err := s.writeSnapshot(ctx, d)
	if err != nil {
		return 0, nil, err
	}
	defer closeReader(reader)
	env := s.env(reader, d.source.Params, params)
	env.Locking, env.References = s.locking(), refs
	defer s.watch(env).tell()
	return d.run(ctx, env, tx)
}

// writeSnapshot is what DML reads.
func (s *Session) writeSnapshot(ctx context.Context, d *dml) (exec.Reader, error) {
	rels := slices.Clone(d.source.Reads)
	if d.relation.Keyed() && !slices.Contains(rels, d.relation) {
		rels = append(rels, d.relation)
	}
	rels = withReferenced(s.catalog(), rels, d.relation)
	if d.keysOnly && !d.refers && len(rels) == 1 && !s.frozen() {
		return s.snapshotOf(ctx, rels, func() (exec.Reader, error) { return s.engine.Rows(ctx, d.relation) })
	}
	return s.snapshot(ctx, rels, Strong)
}

// codeReadOnly is 25006, which nobody else needs.
const codeReadOnly = "25006"

func (s *Session) writable(what string) error { return s.mayWrite(firstWord(what)) }

// mayWrite refuses what a read-only transaction may not do.
func (s *Session) mayWrite(what string) error {
	readOnly := s.settings.value("default_transaction_read_only") == "on"
	if s.inBlock() {
		readOnly = s.block.readOnly
	}
	if readOnly {
		return pgerr.New(codeReadOnly, "cannot execute %s in a read-only transaction", what)
	}
	return nil
}
