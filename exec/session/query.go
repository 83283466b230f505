package session

import (
	"context"
	"errors"
	"slices"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/exec/expr"
	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// plannerEnv is what the planner is given; the parameters' types that it infers are written to c.params by note.
func (c *compiler) plannerEnv() *planner.Env {
	s := c.session
	return &planner.Env{Catalog: c.catalog, SearchPath: s.settings.searchPath(), ParamTypes: c.params,
		Location: s.Location(), Names: s.names(), Settings: s.settings.planning(), NowMicros: s.now().UnixMicro(), Records: s.engine.Records, Access: c.allow, SchemaAccess: c.allowSchema}
}

// note keeps the parameters' types that planning has found. One that nothing decides is text, as in PostgreSQL.
func (c *compiler) note(env *planner.Env) {
	c.params = env.ParamTypes
	for i, t := range c.params {
		if t.ID == types.IDInvalid || t.ID == types.IDUnknown {
			c.params[i] = types.Text
		}
	}
}

func (c *compiler) planQuery(sel *ast.Select) (*plan.Query, error) {
	env := c.plannerEnv()
	q, err := planner.PlanQuery(sel, env)
	if err != nil {
		return nil, err
	}
	c.note(env)
	return q, nil
}

// query is a SELECT.
func (c *compiler) query(sel *ast.Select) (*command, error) {
	q, err := c.planQuery(sel)
	if err != nil {
		return nil, err
	}
	s := c.session
	return &command{class: classRead, fields: nonNil(q.Fields), endless: q.Changes != nil,
		start: func(ctx context.Context, p *Portal) error {
			op, err := s.openQuery(ctx, q, p.params)
			if errors.Is(err, catalog.ErrStale) || err != nil && s.replaced(q.Reads) { // an index went, or a view has a new version
				again := &compiler{session: s, ctx: ctx, catalog: s.engine.Catalog(), parsed: c.parsed, params: slices.Clone(c.params)}
				if newer, planErr := again.planQuery(sel); planErr == nil && sameFields(newer.Fields, q.Fields) {
					op, err = s.openQuery(ctx, newer, p.params)
				}
			}
			if err != nil {
				return err
			}
			return p.deliver("SELECT", op)
		}}, nil
}

// replaced reports whether one of rels is not there any more: another one may have its name.
func (s *Session) replaced(rels []*catalog.Relation) bool {
	cat := s.catalog()
	return slices.ContainsFunc(rels, func(r *catalog.Relation) bool { return cat.ByID(r.ID) == nil })
}

func sameFields(a, b []plan.Field) bool {
	return slices.EqualFunc(a, b, func(x, y plan.Field) bool { return x.Name == y.Name && x.Type == y.Type })
}

// nonNil keeps a result without columns apart from no result.
func nonNil(fields []plan.Field) []plan.Field {
	if fields == nil {
		return []plan.Field{}
	}
	return fields
}

// openQuery returns the running query over a snapshot of its own, which is given back when the operator is closed.
func (s *Session) openQuery(ctx context.Context, q *plan.Query, params []types.Datum) (exec.Operator, error) {
	if q.Changes != nil {
		return s.openChanges(ctx, q, params)
	}
	if q.Locks != "" {
		if err := s.mayWrite("SELECT " + q.Locks); err != nil {
			return nil, err
		}
	}
	reader, err := s.snapshot(ctx, q.Reads, s.settings.consistency())
	if err != nil {
		return nil, err
	}
	env := s.env(reader, q.Params, params)
	env.Locking = s.locking()
	watch := s.watch(env)
	op, err := exec.Build(q.Root, env)
	if err != nil {
		closeReader(reader)
		return nil, err
	}
	return &watchedRows{Operator: &snapshotRows{Operator: op, reader: reader}, watch: watch}, nil
}

// snapshot returns a reader of rels with the block's own writes laid over them; nil if there is nothing to read.
func (s *Session) snapshot(ctx context.Context, rels []*catalog.Relation, level Consistency) (exec.Reader, error) {
	if len(rels) == 0 {
		return nil, nil
	}
	return s.snapshotOf(ctx, rels, func() (exec.Reader, error) { return s.committed(ctx, rels, level) })
}

// snapshotOf is snapshot with what is committed taken by take.
func (s *Session) snapshotOf(ctx context.Context, rels []*catalog.Relation, take func() (exec.Reader, error)) (exec.Reader, error) {
	if err := s.readable(ctx, rels); err != nil {
		return nil, err
	}
	reader, err := take()
	if err != nil {
		return nil, err
	}
	if err := s.indexesStay(rels); err != nil {
		reader.Close()
		return nil, err
	}
	return s.over(reader, nil)
}

// indexesStay checks that the indexes of rels, as they were planned, were there when a snapshot was taken: entries go after the
// catalog has said so, and a block's snapshot may be older than an index. Error: catalog.ErrStale.
func (s *Session) indexesStay(rels []*catalog.Relation) error {
	now, then := s.engine.Catalog(), s.engine.Catalog()
	if s.frozen() {
		then = s.block.snapshotCatalog
	}
	for _, r := range rels {
		for _, x := range r.Indexes {
			if s.made(x.ID) {
				continue
			}
			old := then.ByID(x.ID)
			if now.ByID(x.ID) == nil || old == nil || old.Index.Building && !x.Index.Building {
				return catalog.ErrStale
			}
		}
	}
	return nil
}

func closeReader(r exec.Reader) {
	if r != nil {
		r.Close()
	}
}

// snapshotRows is an operator that owns its snapshot.
type snapshotRows struct {
	exec.Operator
	reader exec.Reader
}

// Close implements exec.Operator.
func (r *snapshotRows) Close() {
	r.Operator.Close()
	closeReader(r.reader)
	r.reader = nil
}

// env is the executor's environment for one execution over reader.
func (s *Session) env(reader exec.Reader, paramTypes []types.Type, params []types.Datum) *exec.Env {
	cat := s.catalog()
	return &exec.Env{
		Reader:  reader,
		Catalog: cat,
		System:  func(schema, name string) ([][]types.Datum, error) { return s.systemRows(cat, schema, name) },
		Expr: expr.Context{Params: params, ParamTypes: paramTypes, Location: s.Location(), Names: s.names(), Now: s.transactionTime(),
			User: s.userName(cat), SessionUser: s.sessionUser(cat), Database: s.options.Database, BackendPID: int32(s.options.BackendPID), Catalog: cat, Settings: s.Setting, Sequences: &s.sequences, Backend: backend{s}},
		MemoryBytes: s.options.MemoryBytes, WorkMemBytes: s.settings.workMem(), Temp: s.engine.Temp(),
	}
}
