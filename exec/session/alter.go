package session

import (
	"context"
	"strings"

	"github.com/millracedb/millrace/planner"
	"github.com/millracedb/millrace/sql/ast"
	"github.com/millracedb/millrace/sql/catalog"
	"github.com/millracedb/millrace/sql/pgerr"
)

// alterOptions is ALTER TOPIC, STREAM, TABLE and MATERIALIZED VIEW … SET (…) and RESET (…).
func (c *compiler) alterOptions(t *ast.AlterOptions) (*command, error) {
	s, tag := c.session, "ALTER "+upper(t.Kind)
	return &command{class: classDDL, start: func(ctx context.Context, p *Portal) error {
		if err := s.beforeDDL(tag); err != nil {
			return err
		}
		err := s.retryCatalog(ctx, func(cat *catalog.Catalog) error {
			again := &compiler{session: s, ctx: ctx, catalog: cat, parsed: c.parsed}
			return again.alterOnce(t)
		})
		if err != nil {
			return err
		}
		return p.finish(tag)
	}}, nil
}

func (c *compiler) alterOnce(t *ast.AlterOptions) error {
	r := c.resolve(t.Name)
	switch {
	case r == nil && t.IfExists:
		c.session.notef("%s %q does not exist, skipping", t.Kind, t.Name.Last())
		return nil
	case r == nil:
		return pgerr.New(pgerr.UndefinedTable, "%s %q does not exist", t.Kind, strings.Join(t.Name.Parts, ".")).At(t.Name.Pos)
	case !isKind(r, t.Kind):
		return wrongKind(r, t.Kind, "ALTER", "change").At(t.Name.Pos)
	}
	if err := c.allowOwner(r); err != nil {
		return err
	}
	a, err := planner.PlanAlterOptions(t, r, c.catalog.ByID(r.Over))
	if err != nil {
		return err
	}
	if err := c.session.apply(c.ctx, catalog.Command{Alter: &a}); err != nil {
		return err
	}
	if !t.Reset {
		c.session.noticeReplication(t.Options)
	}
	return nil
}
