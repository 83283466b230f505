package session

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// takeWait takes the option wait of CREATE … AS out of options: it is about the statement, not about what it makes. Error: 22023.
func takeWait(options *[]ast.Option) (bool, error) {
	i := slices.IndexFunc(*options, func(o ast.Option) bool { return o.Name == "wait" })
	if i < 0 {
		return false, nil
	}
	o := (*options)[i]
	*options = slices.Delete(slices.Clone(*options), i, i+1)
	switch v := strings.ToLower(optionText(o)); {
	case slices.ContainsFunc(*options, func(other ast.Option) bool { return other.Name == "wait" }):
		return false, pgerr.New(pgerr.SyntaxError, "conflicting or redundant options").At(o.Pos)
	case v == "backfill":
		return true, nil
	case v == "none":
		return false, nil
	}
	return false, pgerr.New(pgerr.InvalidParameterValue, "invalid value for parameter %q: %q", "wait", optionText(o)).
		WithHint("Available values: none, backfill.").At(o.Pos)
}

// beforeWait refuses to wait for what begins at the end of the block, and commits what a block that the client has not begun did so far.
func (s *Session) beforeWait(ctx context.Context, tag string) error {
	if s.inBlock() {
		return pgerr.New(pgerr.ActiveSQLTransaction, "%s WITH (wait = 'backfill') cannot run inside a transaction block", tag)
	}
	return s.flushBlock(ctx)
}

// waitBackfill waits until a relation that the statement has made has taken in what was there. If the wait ends before that,
// the relation is there all the same.
func (s *Session) waitBackfill(ctx context.Context, r *catalog.Relation) error {
	if err := s.flushBlock(ctx); err != nil {
		return err
	}
	what := "The " + r.Word()
	if r.Replaces != 0 {
		what = "The new version of " + r.Word()
	}
	err := s.engine.WaitBackfill(ctx, r.ID)
	switch {
	case r.Replaces != 0 && pgerr.Code(err) == pgerr.ObjectNotInPrerequisiteState:
		e := *pgerr.From(err)
		return e.WithHint("The version before is still there.")
	case ctx.Err() == nil || !errors.Is(err, ctx.Err()):
		return err
	}
	e := *pgerr.From(canceled(ctx, err))
	return e.WithDetail("%s %q was created, and its backfill goes on.", what, r.Name).
		WithHint("SHOW QUERIES tells how far it is. A SELECT on it waits for the rest.")
}
