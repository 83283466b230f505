package session

import (
	"context"

	"github.com/millracedb/millrace/exec"
	"github.com/millracedb/millrace/log"
	"github.com/millracedb/millrace/planner/plan"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/types"
)

// openChanges returns the running SELECT … EMIT CHANGES. It never ends by itself.
func (s *Session) openChanges(_ context.Context, q *plan.Query, params []types.Datum) (exec.Operator, error) {
	tail := &tail{session: s, relation: q.Changes.Relation, level: s.settings.consistency()}
	env := s.env(nil, q.Params, params)
	watch := s.watch(env)
	rows, err := exec.NewChanges(q.Changes, env, tail)
	if err != nil {
		return nil, err
	}
	return &watchedRows{Operator: rows, watch: watch, endless: true}, nil
}

// tail gives one snapshot after the other of a relation. The first is as fresh as the session asks for; the next ones
// come when something has changed, and need no more than that.
type tail struct {
	session  *Session
	relation *catalog.Relation
	level    Consistency
}

// Snapshot implements exec.Tail.
func (t *tail) Snapshot(ctx context.Context) (exec.Reader, error) {
	r, err := t.session.engine.Snapshot(ctx, []*catalog.Relation{t.relation}, t.level, func(m string) { t.session.notef("%s", m) })
	if err == nil {
		t.level = Eventual
	}
	return r, err
}

// WaitAny implements exec.Tail.
func (t *tail) WaitAny(ctx context.Context, ends map[catalog.PartitionID]log.Offset) error {
	return t.session.engine.WaitAny(ctx, ends)
}
